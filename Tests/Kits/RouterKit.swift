package import Core
package import Ports
import Testing

/// What a `Router` under test stands in: instances that answer and users that ask.
package protocol RouterWorld: Sendable {
    var router: any Router { get }
    /// A lane that the router has not seen yet, and where its traffic comes in.
    var lane: LaneID { get }
    var listen: ListenAddress { get }
    /// Addresses of new instances that answer every request with this version.
    func instances(of version: String, count: Int) async throws -> [ListenAddress]
    /// The version that answers one request of this user (always the same text: the same user), nil if the router
    /// refuses it because no version is ready. `header`: the name of a header to send.
    func ask(at address: ListenAddress, user: String, header: String?) async throws -> String?
    /// One request of this user, which its instance answers with a status of 500.
    func fail(at address: ListenAddress, user: String) async throws
    /// The instances at these addresses are gone, at once, until they are started again there.
    func end(_ addresses: [ListenAddress]) async throws
    func startAgain(_ version: String, at addresses: [ListenAddress]) async throws
    /// The router's own process ends; the next `apply` gives the lane another.
    func endProcess() async throws
    /// Runs `body` while one request, begun at `listen`, is under way at the instance that got it.
    func whileUnderWay(at address: ListenAddress, _ body: @Sendable () async throws -> Void) async throws
}

/// The conformance tests of the door `Router`. Each check runs in a world of its own: `@Test(arguments:
/// RouterKit.checks) func conforms(_ check: RouterKit.Check) async throws { try await check.run(MyWorld()) }`.
package enum RouterKit {
    package struct Check: Sendable, CustomTestStringConvertible {
        package let name: String
        package let run: @Sendable (any RouterWorld) async throws -> Void
        package var testDescription: String { self.name }
    }

    package static let checks: [Check] = [
        Check(name: "a lane that was never routed reads as nil, and removing it is done", run: Self.unknownLane),
        Check(name: "all weights 0: users are refused, and it reads back so", run: Self.nothingServes),
        Check(name: "all traffic to one, then to the other", run: Self.everything),
        Check(name: "37 %: a user stays, and raising the share takes no user back", run: Self.share),
        Check(name: "applying the same again changes nothing", run: Self.idempotent),
        Check(name: "an older generation is refused and the newer stays", run: Self.olderGeneration),
        Check(name: "an older term is refused, for removing too", run: Self.olderTerm),
        Check(name: "no arms, wrong sums, doubled and foreign capacities are refused", run: Self.refused),
        Check(name: "the preview is reached by header and private listener only", run: Self.preview),
        Check(name: "a version that left gets nothing and is not in the report", run: Self.left),
        Check(name: "an arm whose instances changed sends to the new ones", run: Self.newInstances),
        Check(name: "requests under way are counted, also after the version left", run: Self.underWay),
        Check(name: "requests and errors are counted by arm, and another process counts anew", run: Self.counts),
        Check(
            name: "an arm without any instance has its users answered by the other, counted, and gets them back",
            run: Self.fallback),
        Check(name: "a removed lane reads as nil and can be routed again", run: Self.removed),
    ]
}

/// Short words for the checks.
extension RouterWorld {
    package func key(_ number: Int) -> CapacityKey { CapacityKey(lane: self.lane, number: number) }

    /// An arm of version `NUMBER.0.0`.
    package func arm(_ number: Int, _ weight: Int, _ addresses: [ListenAddress]) throws -> Routing.Arm {
        Routing.Arm(
            capacity: self.key(number), version: "\(number).0.0", weight: try #require(BasisPoints(weight)),
            addresses: addresses)
    }

    package func routing(_ generation: Int, _ arms: [Routing.Arm], preview: Int? = nil) -> Routing {
        Routing(
            lane: self.lane, listen: self.listen, generation: generation, arms: arms, preview: preview.map(self.key),
            previewHeader: "Slipway-Preview")
    }

    /// Who answers 20 users.
    package func answers(at address: ListenAddress, header: String? = nil) async throws -> Set<String?> {
        var seen: Set<String?> = []
        for user in 1...20 {
            seen.insert(try await self.ask(at: address, user: "user-\(user)", header: header))
        }
        return seen
    }

    package func refusal(_ routing: Routing, term: Term) async -> TargetError.Code? {
        do {
            _ = try await self.router.apply(routing, term: term)
            return nil
        } catch {
            return (error as? TargetError)?.code
        }
    }
}

extension RouterKit {
    private static let term = Term(5)

    private static func unknownLane(_ world: any RouterWorld) async throws {
        #expect(try await world.router.read(world.lane) == nil)
        try await world.router.remove(world.lane, term: self.term)
        #expect(try await world.router.requestsUnderWay(world.key(1)) == 0)
    }

    private static func nothingServes(_ world: any RouterWorld) async throws {
        let one = try await world.instances(of: "1.0.0", count: 1)
        let report = try await world.router.apply(world.routing(1, [world.arm(1, 0, one)]), term: self.term)
        #expect(
            report
                == RoutingReport(
                    generation: 1, weights: [world.key(1): .zero], preview: nil, addresses: [world.key(1): Set(one)]))
        #expect(try await world.router.read(world.lane) == report)
        #expect(try await world.answers(at: world.listen) == [nil])
    }

    private static func everything(_ world: any RouterWorld) async throws {
        let one = try await world.instances(of: "1.0.0", count: 2)
        let two = try await world.instances(of: "2.0.0", count: 2)
        for (generation, weight) in [(1, 0), (2, 10_000), (3, 0)] {
            let arms = [try world.arm(1, 10_000 - weight, one), try world.arm(2, weight, two)]
            let report = try await world.router.apply(world.routing(generation, arms), term: self.term)
            let weights = [world.key(1): BasisPoints(10_000 - weight), world.key(2): BasisPoints(weight)]
            #expect(report.weights == weights.compactMapValues { $0 })
            #expect(report.generation == generation)
            #expect(try await world.router.read(world.lane) == report)
            #expect(try await world.answers(at: world.listen) == [weight == 0 ? "1.0.0" : "2.0.0"])
        }
    }

    private static func share(_ world: any RouterWorld) async throws {
        let one = try await world.instances(of: "1.0.0", count: 1)
        let two = try await world.instances(of: "2.0.0", count: 1)
        func newUsers(_ generation: Int, _ weight: Int) async throws -> Set<Int> {
            let arms = [try world.arm(1, 10_000 - weight, one), try world.arm(2, weight, two)]
            let report = try await world.router.apply(world.routing(generation, arms), term: self.term)
            #expect(report.weights[world.key(2)]?.count == weight)
            var users: Set<Int> = []
            for user in 0..<1_000 where try await world.ask(at: world.listen, user: "\(user)", header: nil) == "2.0.0" {
                users.insert(user)
            }
            return users
        }
        let at37 = try await newUsers(1, 3_700)
        // 1,000 users at 37 %: one standard deviation is 15.
        #expect((290...450).contains(at37.count), "\(at37.count) of 1000")
        #expect(try await newUsers(1, 3_700) == at37)
        let at60 = try await newUsers(2, 6_000)
        #expect((510...690).contains(at60.count), "\(at60.count) of 1000")
        #expect(at60.isSuperset(of: at37))
    }

    private static func idempotent(_ world: any RouterWorld) async throws {
        let one = try await world.instances(of: "1.0.0", count: 2)
        let routing = world.routing(7, [try world.arm(1, 10_000, one)], preview: 1)
        let first = try await world.router.apply(routing, term: self.term)
        #expect(first.preview != nil)
        #expect(try await world.router.apply(routing, term: self.term) == first)
        #expect(try await world.router.apply(routing, term: Term(6)) == first)
        #expect(await world.refusal(routing, term: self.term) == .staleTerm)
        #expect(try await world.router.read(world.lane) == first)
    }

    private static func olderGeneration(_ world: any RouterWorld) async throws {
        let one = try await world.instances(of: "1.0.0", count: 1)
        let two = try await world.instances(of: "2.0.0", count: 1)
        let old = world.routing(3, [try world.arm(1, 10_000, one)])
        let new = world.routing(4, [try world.arm(1, 0, one), try world.arm(2, 10_000, two)])
        _ = try await world.router.apply(old, term: self.term)
        let report = try await world.router.apply(new, term: self.term)
        #expect(await world.refusal(old, term: self.term) == .staleGeneration)
        #expect(await world.refusal(old, term: Term(9)) == .staleGeneration)
        #expect(try await world.router.read(world.lane) == report)
        #expect(try await world.answers(at: world.listen) == ["2.0.0"])
    }

    private static func olderTerm(_ world: any RouterWorld) async throws {
        let one = try await world.instances(of: "1.0.0", count: 1)
        let arms = [try world.arm(1, 10_000, one)]
        let report = try await world.router.apply(world.routing(1, arms), term: self.term)
        #expect(await world.refusal(world.routing(2, arms), term: Term(4)) == .staleTerm)
        await #expect(throws: TargetError.self) { try await world.router.remove(world.lane, term: Term(4)) }
        #expect(try await world.router.read(world.lane) == report)
        #expect(try await world.answers(at: world.listen) == ["1.0.0"])
    }

    private static func refused(_ world: any RouterWorld) async throws {
        let one = try await world.instances(of: "1.0.0", count: 1)
        let report = try await world.router.apply(world.routing(1, [world.arm(1, 10_000, one)]), term: self.term)
        #expect(await world.refusal(world.routing(2, []), term: self.term) == .emptyRouting)
        let half = [try world.arm(1, 5_000, one)]
        #expect(await world.refusal(world.routing(2, half), term: self.term) == .invalid)
        let doubled = [try world.arm(1, 5_000, one), try world.arm(1, 5_000, one)]
        #expect(await world.refusal(world.routing(2, doubled), term: self.term) == .invalid)
        let arms = [try world.arm(1, 10_000, one)]
        #expect(await world.refusal(world.routing(2, arms, preview: 3), term: self.term) == .unknownCapacity)
        #expect(try await world.router.read(world.lane) == report)
        #expect(try await world.answers(at: world.listen) == ["1.0.0"])
    }

    private static func preview(_ world: any RouterWorld) async throws {
        let one = try await world.instances(of: "1.0.0", count: 1)
        let two = try await world.instances(of: "2.0.0", count: 1)
        let arms = [try world.arm(1, 10_000, one), try world.arm(2, 0, two)]
        let report = try await world.router.apply(world.routing(1, arms, preview: 2), term: self.term)
        let address = try #require(report.preview)
        #expect(address != world.listen)
        #expect(try await world.router.read(world.lane) == report)
        #expect(try await world.answers(at: world.listen) == ["1.0.0"])
        #expect(try await world.answers(at: world.listen, header: "Slipway-Preview") == ["2.0.0"])
        #expect(try await world.answers(at: world.listen, header: "Something-Else") == ["1.0.0"])
        #expect(try await world.answers(at: address) == ["2.0.0"])
        let closed = try await world.router.apply(world.routing(2, arms), term: self.term)
        #expect(closed.preview == nil)
        #expect(try await world.answers(at: world.listen, header: "Slipway-Preview") == ["1.0.0"])
    }

    private static func left(_ world: any RouterWorld) async throws {
        let one = try await world.instances(of: "1.0.0", count: 1)
        for number in 2...12 {
            let next = try await world.instances(of: "\(number).0.0", count: 1)
            let arms = [try world.arm(1, 0, one), try world.arm(number, 10_000, next)]
            let report = try await world.router.apply(world.routing(number, arms), term: self.term)
            #expect(report.weights == [world.key(1): .zero, world.key(number): .all])
            #expect(try await world.answers(at: world.listen) == ["\(number).0.0"])
        }
    }

    private static func newInstances(_ world: any RouterWorld) async throws {
        for generation in 1...3 {
            // A version of its own per turn shows who really answers; the arm's name stays.
            let instances = try await world.instances(of: "turn-\(generation)", count: generation)
            _ = try await world.router.apply(
                world.routing(generation, [world.arm(1, 10_000, instances)]), term: self.term)
            #expect(try await world.answers(at: world.listen) == ["turn-\(generation)"])
        }
    }

    private static func underWay(_ world: any RouterWorld) async throws {
        let one = try await world.instances(of: "1.0.0", count: 1)
        let two = try await world.instances(of: "2.0.0", count: 1)
        _ = try await world.router.apply(
            world.routing(1, [world.arm(1, 10_000, one), world.arm(2, 0, two)]), term: self.term)
        #expect(try await world.router.requestsUnderWay(world.key(1)) == 0)
        try await world.whileUnderWay(at: world.listen) {
            #expect(try await world.router.requestsUnderWay(world.key(1)) == 1)
            _ = try await world.router.apply(world.routing(2, [world.arm(2, 10_000, two)]), term: self.term)
            #expect(try await world.router.requestsUnderWay(world.key(1)) == 1)
            #expect(try await world.router.requestsUnderWay(world.key(2)) == 0)
        }
        // The user has the answer a moment before the router has counted it.
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(2)
        while try await world.router.requestsUnderWay(world.key(1)) > 0, clock.now < deadline {
            try await clock.sleep(for: .milliseconds(5))
        }
        #expect(try await world.router.requestsUnderWay(world.key(1)) == 0)
    }

    private static func counts(_ world: any RouterWorld) async throws {
        #expect(try await world.router.counts(world.lane) == nil)
        let one = try await world.instances(of: "1.0.0", count: 2)
        let two = try await world.instances(of: "2.0.0", count: 1)
        let half = world.routing(1, [try world.arm(1, 5_000, one), try world.arm(2, 5_000, two)])
        _ = try await world.router.apply(half, term: self.term)
        var asked = [world.key(1): 0, world.key(2): 0]
        for user in 1...40 {
            let answer = try await world.ask(at: world.listen, user: "\(user)", header: nil)
            asked[world.key(answer == "1.0.0" ? 1 : 2), default: 0] += 1
        }
        let first = try await self.counted(world, requests: 40)
        #expect(first.mapValues(\.requests) == asked)
        #expect(first.values.allSatisfy { $0.errors == 0 && $0.weight.count == 5_000 })
        for user in 1...10 { try await world.fail(at: world.listen, user: "\(user)") }
        let second = try await self.counted(world, requests: 50)
        for key in [world.key(1), world.key(2)] {
            let (before, after) = (try #require(first[key]), try #require(second[key]))
            #expect(after.errors == after.requests - before.requests)
            #expect(after.epoch == before.epoch)
        }
        #expect(second.values.reduce(0) { $0 + $1.errors } == 10)

        let whole = world.routing(2, [try world.arm(1, 0, one), try world.arm(2, 10_000, two)])
        _ = try await world.router.apply(whole, term: self.term)
        let third = try #require(try await world.router.counts(world.lane)).arms
        #expect(third.mapValues(\.weight) == [world.key(1): .zero, world.key(2): .all])
        #expect(third.mapValues(\.requests) == second.mapValues(\.requests))
        #expect(third.mapValues(\.epoch) == second.mapValues(\.epoch))
        try await world.endProcess()
        _ = try await world.router.apply(whole, term: self.term)
        let fresh = try #require(try await world.router.counts(world.lane)).arms
        for (key, counts) in fresh {
            #expect(counts.requests == 0 && counts.errors == 0)
            #expect(counts.epoch != third[key]?.epoch)
        }
        #expect(fresh.count == 2)
    }

    /// The counts of the lane once they have come to that many requests; users have their answer a moment earlier.
    private static func counted(_ world: any RouterWorld, requests: Int) async throws -> [CapacityKey: ArmCounts] {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(10)
        while true {
            let arms = try #require(try await world.router.counts(world.lane)).arms
            let count = arms.values.reduce(0) { $0 + $1.requests }
            if count >= requests || clock.now >= deadline {
                #expect(count == requests)
                return arms
            }
            try await clock.sleep(for: .milliseconds(5))
        }
    }

    /// Both ways: the newer version away, then the older one; what was forced stays an honest refusal.
    private static func fallback(_ world: any RouterWorld) async throws {
        let one = try await world.instances(of: "1.0.0", count: 2)
        let two = try await world.instances(of: "2.0.0", count: 1)
        let half = world.routing(1, [try world.arm(1, 5_000, one), try world.arm(2, 5_000, two)], preview: 2)
        let preview = try #require(try await world.router.apply(half, term: self.term).preview)
        func owners() async throws -> [String?] {
            var owners: [String?] = []
            for user in 1...40 {
                owners.append(try await world.ask(at: world.listen, user: "\(user)", header: nil))
            }
            return owners
        }
        let before = try await owners()
        #expect(Set(before) == ["1.0.0", "2.0.0"])
        #expect(try await self.counted(world, requests: 40).values.allSatisfy { ($0.fallback ?? 0) == 0 })
        for (gone, version, there) in [(two, "2.0.0", "1.0.0"), (one, "1.0.0", "2.0.0")] {
            let key = world.key(version == "1.0.0" ? 1 : 2)
            try await world.end(gone)
            try await self.eventually { try await Set(owners()) == [there] }
            let start = try await self.settled(world)
            #expect(try await owners() == Array(repeating: there, count: 40), "nobody is refused")
            let end = try await self.settled(world)
            let users = before.count { $0 == version }
            for (other, counts) in end {
                let requests = counts.requests - (start[other]?.requests ?? 0)
                let fallback = (counts.fallback ?? 0) - (start[other]?.fallback ?? 0)
                #expect(requests == (other == key ? 0 : 40), "counted for the one that answered")
                #expect(fallback == (other == key ? users : 0), "and named for the one that did not")
            }
            if version == "2.0.0" {
                #expect(try await world.ask(at: world.listen, user: "1", header: "Slipway-Preview") == nil)
                #expect(try await world.ask(at: preview, user: "1", header: nil) == nil)
            }
            try await world.startAgain(version, at: gone)
            try await self.eventually { try await owners() == before }
        }
        try await world.end(one + two)
        try await self.eventually { try await Set(owners()) == [nil] }
    }

    private static func eventually(_ condition: () async throws -> Bool) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(20)
        while try await !condition() {
            guard clock.now < deadline else {
                Issue.record("not within 20 s")
                return
            }
            try await clock.sleep(for: .milliseconds(20))
        }
    }

    /// The counts once two looks in a row agree.
    private static func settled(_ world: any RouterWorld) async throws -> [CapacityKey: ArmCounts] {
        var last: [CapacityKey: ArmCounts]?
        for _ in 0..<200 {
            let now = try #require(try await world.router.counts(world.lane)).arms
            if now == last { return now }
            last = now
            try await Task.sleep(for: .milliseconds(30))
        }
        throw TargetError(.failed, "the counts do not come to rest", retryable: false)
    }

    private static func removed(_ world: any RouterWorld) async throws {
        let one = try await world.instances(of: "1.0.0", count: 1)
        let arms = [try world.arm(1, 10_000, one)]
        _ = try await world.router.apply(world.routing(1, arms), term: self.term)
        try await world.router.remove(world.lane, term: self.term)
        #expect(try await world.router.read(world.lane) == nil)
        try await world.router.remove(world.lane, term: self.term)
        _ = try await world.router.apply(world.routing(2, arms), term: self.term)
        #expect(try await world.answers(at: world.listen) == ["1.0.0"])
    }
}
