import Core
import Foundation
import Glibc
import Kits
import LocalTarget
import Ports
import Synchronization
import Testing

/// Users that ask without a pause, on connections kept alive and on new ones, until they are told to stop. Every
/// request is counted.
private final class Load: Sendable {
    struct Count {
        var requests = 0
        var failures: [String] = []
        /// Answers by a version other than the one that had all traffic from before the request until after its answer.
        var stale = 0
    }

    private struct State {
        var count = Count()
        /// Who has all traffic; nil while it changes.
        var serving: String?
        var epoch = 0
        var isOver = false
    }

    private let address: ListenAddress
    private let state = Mutex(State())
    private let users = DispatchGroup()

    init(_ address: ListenAddress, keptAlive: Int, new: Int) {
        self.address = address
        for index in 0..<(keptAlive + new) {
            self.users.enter()
            Thread.detachNewThread { [self] in
                index < keptAlive ? self.keepAlive() : self.connectAnew()
                self.users.leave()
            }
        }
    }

    var requests: Int { self.state.withLock { $0.count.requests } }

    func serving(_ version: String?) {
        self.state.withLock { state in
            state.serving = version
            state.epoch += 1
        }
    }

    func finish() async throws -> Count {
        self.state.withLock { $0.isOver = true }
        try await blocking { [self] in self.users.wait() }
        return self.state.withLock { $0.count }
    }

    private func keepAlive() {
        while !self.isOver {
            do {
                var client = try TinyClient(self.address)
                while !self.isOver { try self.ask(&client) }
            } catch {
                self.note("kept alive: \(error)")
            }
        }
    }

    private func connectAnew() {
        while !self.isOver {
            do {
                var client = try TinyClient(self.address)
                try self.ask(&client)
            } catch {
                self.note("new: \(error)")
            }
        }
    }

    private func ask(_ client: inout TinyClient) throws {
        let (serving, epoch) = self.state.withLock { ($0.serving, $0.epoch) }
        let answer = try client.get()
        guard answer.status == 200 else { throw Problem(answer.head + answer.body) }
        guard answer.head.contains("slipway-version: \(answer.body)") else { throw Problem("wrong: \(answer)") }
        self.state.withLock { state in
            state.count.requests += 1
            if let serving, state.epoch == epoch, answer.body != serving { state.count.stale += 1 }
        }
    }

    private var isOver: Bool { self.state.withLock { $0.isOver } }

    private func note(_ failure: String) {
        self.state.withLock { state in
            state.count.requests += 1
            state.count.failures.append(failure)
        }
    }
}

/// Users with keys of their own, each on kept connections; every answer with its version and time.
private final class StickyLoad: Sendable {
    struct Count {
        var requests = 0
        var failures: [(at: ContinuousClock.Instant, what: String)] = []
        var answers: [String: Int] = [:]
        /// The first answer by another version than the one before, the last time that happened.
        var returned: ContinuousClock.Instant?
        var last = ""
        var slowest = Duration.zero
    }

    private let address: ListenAddress
    private let state = Mutex((count: Count(), isOver: false))
    private let users = DispatchGroup()

    init(_ address: ListenAddress, users: [String]) {
        self.address = address
        for user in users {
            self.users.enter()
            Thread.detachNewThread { [self] in
                while !self.isOver { self.ask(user) }
                self.users.leave()
            }
        }
    }

    func answers(by version: String) -> Int { self.state.withLock { $0.count.answers[version] ?? 0 } }

    func finish() async throws -> Count {
        self.state.withLock { $0.isOver = true }
        try await blocking { [self] in self.users.wait() }
        return self.state.withLock { $0.count }
    }

    private var isOver: Bool { self.state.withLock { $0.isOver } }

    private func ask(_ user: String) {
        do {
            var client = try TinyClient(self.address)
            while !self.isOver {
                let start = ContinuousClock.now
                let answer = try client.get(headers: "Cookie: Slipway-User=\(user)\r\n")
                let end = ContinuousClock.now
                self.state.withLock { state in
                    state.count.requests += 1
                    state.count.slowest = max(state.count.slowest, end - start)
                    guard answer.status == 200 else {
                        state.count.failures.append((start, "\(answer.status)"))
                        return
                    }
                    state.count.answers[answer.body, default: 0] += 1
                    if answer.body != state.count.last { state.count.returned = end }
                    state.count.last = answer.body
                }
            }
        } catch {
            self.state.withLock { state in
                state.count.requests += 1
                state.count.failures.append((ContinuousClock.now, "\(error)"))
            }
        }
    }
}

/// Alone, one after the other: they measure.
@Suite(.serialized) struct HAProxyLoadTests {
    private static let isNightly = ProcessInfo.processInfo.environment["SLIPWAY_NIGHTLY"] != nil

    @Test func `100 switches under load lose no request, and no request gets a version that had no traffic`()
        async throws
    {
        try await withWorld { world in
            let wanted = Self.isNightly ? 1_000_000 : 100_000
            let one = try await world.instances(of: "1.0.0", count: 2)
            let two = try await world.instances(of: "2.0.0", count: 2)
            // As deployments do it: each puts up a capacity of its own, and the one before stays warm.
            func arm(_ number: Int, _ weight: BasisPoints) -> Routing.Arm {
                let isNew = number % 2 == 0
                return Routing.Arm(
                    capacity: world.key(number), version: isNew ? "2.0.0" : "1.0.0", weight: weight,
                    addresses: isNew ? two : one)
            }
            func turn(_ number: Int) async throws {
                let arms = number == 1 ? [arm(1, .all)] : [arm(number - 1, .zero), arm(number, .all)]
                _ = try await world.router.apply(world.routing(number, arms), term: Term(1))
            }
            try await turn(1)
            let pid = try world.process().pid
            let load = Load(world.listen, keptAlive: 6, new: 2)
            let clock = ContinuousClock()
            let start = clock.now
            for switches in 1...100 {
                load.serving(nil)
                try await turn(switches + 1)
                load.serving(switches % 2 == 1 ? "2.0.0" : "1.0.0")
                try await eventually("the load goes on", within: .seconds(60)) {
                    load.requests >= switches * wanted / 100
                }
            }
            let time = clock.now - start
            let count = try await load.finish()
            print(
                "100 switches, \(time): \(count.requests) requests, \(count.failures.count) lost, \(count.stale) stale"
            )
            #expect(count.requests >= wanted)
            #expect(count.failures.isEmpty, "\(count.failures.prefix(5))")
            #expect(count.stale == 0)
            #expect(try world.process().pid == pid, "traffic changes without a reload")
        }
    }

    @Test func `an instance that is killed under load loses no request, and its place is taken`() async throws {
        try await withWorld { world in
            let servers = try world.start("1.0.0", 2)
            let arms = [try world.arm(1, 10_000, servers.map(\.address))]
            _ = try await world.router.apply(world.routing(1, arms), term: Term(1))
            let load = Load(world.listen, keptAlive: 6, new: 2)
            try await eventually("load") { load.requests > 2_000 }
            servers[0].stop()
            try await eventually("load after the death") { load.requests > 6_000 }
            let next = try world.start("1.0.0", 1)[0]
            let healed = [try world.arm(1, 10_000, [servers[1].address, next.address])]
            _ = try await world.router.apply(world.routing(2, healed), term: Term(1))
            try await eventually("the new instance gets requests") { next.requests > 1_000 }
            let count = try await load.finish()
            print("1 of 2 instances killed: \(count.requests) requests, \(count.failures.count) lost")
            #expect(count.failures.isEmpty, "\(count.failures.prefix(5))")
        }
    }

    /// Users of the canary, each on a connection of its own, while all its instances are killed and come back.
    @Test func `when all of the canary's instances die, its users are answered by the other version, and return`()
        async throws
    {
        try await withWorld { world in
            let old = try await world.instances(of: "1.0.0", count: 2)
            let canary = try world.start("2.0.0", 2)
            let arms = [try world.arm(1, 5_000, old), try world.arm(2, 5_000, canary.map(\.address))]
            _ = try await world.router.apply(world.routing(1, arms), term: Term(1))
            var users: [String] = []
            for user in 1...40
            where try await world.ask(at: world.listen, user: "\(user)", header: nil) == "2.0.0" {
                users.append("\(user)")
            }
            let load = StickyLoad(world.listen, users: Array(users.prefix(6)))
            try await eventually("load") { load.answers(by: "2.0.0") > 500 }
            let death = ContinuousClock.now
            for server in canary { server.stop() }
            try await eventually("the other version answers") { load.answers(by: "1.0.0") > 2_000 }
            for server in canary { _ = try world.start("2.0.0", at: server.address) }
            let back = ContinuousClock.now
            let before = load.answers(by: "2.0.0")
            try await eventually("the canary has its users back") { load.answers(by: "2.0.0") > before + 500 }
            let count = try await load.finish()
            let window = (count.failures.map(\.at).max() ?? death) - death
            let firstBack = count.returned.map { $0 - back } ?? .zero
            let fallback = try #require(try await world.router.counts(world.lane)).arms[world.key(2)]?.fallback ?? 0
            print(
                "figure: all instances of the canary killed: \(count.requests) requests, \(count.failures.count) failed, "
                    + "the last of them begun \(window) after the death, 0 after that; \(fallback) fallback; "
                    + "users back \(firstBack) after its return; slowest answer \(count.slowest)")
            #expect(window < .seconds(1))
            #expect(count.slowest < .seconds(2))
            #expect(fallback >= 2_000)
            #expect(count.failures.count < 200)
        }
    }

    @Test func `when the traffic goes back, the canary's last request is not later than 250 ms, worst of 20`()
        async throws
    {
        try await withWorld { world in
            let old = try await world.instances(of: "1.0.0", count: 2)
            let canary = try world.start("2.0.0", 2)
            func arms(_ share: Int) throws -> [Routing.Arm] {
                [try world.arm(1, 10_000 - share, old), try world.arm(2, share, canary.map(\.address))]
            }
            _ = try await world.router.apply(world.routing(1, arms(0)), term: Term(1))
            let load = Load(world.listen, keptAlive: 6, new: 2)
            var times: [Duration] = []
            for round in 1...20 {
                _ = try await world.router.apply(world.routing(2 * round, arms(2_500)), term: Term(1))
                let before = canary.reduce(0) { $0 + $1.requests }
                try await eventually("the canary has traffic") {
                    canary.reduce(0) { $0 + $1.requests } > before + 20
                }
                let start = ContinuousClock.now
                _ = try await world.router.apply(world.routing(2 * round + 1, arms(0)), term: Term(1))
                let after = load.requests
                try await eventually("the load goes on") { load.requests > after + 100 }
                #expect(try await world.router.requestsUnderWay(world.key(2)) == 0)
                let last = try #require(canary.compactMap(\.lastRequest).max())
                times.append(last - start)
            }
            let count = try await load.finish()
            let worst = try #require(times.max())
            let median = times.sorted()[times.count / 2]
            print("figure: traffic taken back, last request of the canary: median \(median), worst of 20 \(worst)")
            #expect(worst <= .milliseconds(250))
            #expect(count.failures.isEmpty, "\(count.failures.prefix(5))")
        }
    }
}
