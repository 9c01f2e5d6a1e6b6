import Core
import Engine
import Lab
import Ports
import Synchronization
import Testing

/// What people are shown of a deployment's traffic.
struct TrafficTests {
    private static let start = Instant(milliseconds: 1_800_000_000_000)

    /// Looks of one version every five seconds, from counters that only rise.
    private struct Counter {
        private var counts: ArmCounts
        private var now = TrafficTests.start
        private let arm: Look.Arm
        private(set) var looks: [Traffic.Seen] = []

        init(_ arm: Look.Arm = .new, share: Int = 500) {
            self.arm = arm
            self.counts = Self.counts("a", share)
            self.look(0)
        }

        private static func counts(_ epoch: String, _ share: Int) -> ArmCounts {
            ArmCounts(
                epoch: epoch, weight: BasisPoints(share) ?? .zero, requests: 0, errors: 0,
                times: Array(repeating: 0, count: LatencyBounds.milliseconds.count + 1))
        }

        mutating func look(
            _ requests: Int, errors: Int = 0, slow: Int = 0, lost: Int = 0, capacity: Int = 2, epoch: String? = nil,
            isSeen: Bool = true
        ) {
            if let epoch { self.counts = Self.counts(epoch, self.counts.weight.count) }
            self.counts.requests += requests
            self.counts.errors += errors
            self.counts.timed += requests - lost
            // At most 12 ms, and above all bounds.
            self.counts.times[9] += requests - lost - slow
            self.counts.times[LatencyBounds.milliseconds.count] += slow
            let look = Look(
                deployment: 1, arm: self.arm, capacity: capacity, counts: isSeen ? self.counts : nil,
                acknowledges: false, restarts: 0, memory: nil)
            let to = self.now + .seconds(5)
            self.looks.append(
                Traffic.Seen(version: self.arm == .new ? "2.0.0" : "1.0.0", from: self.now, to: to, look: look))
            self.now = to
        }
    }

    @Test func `an interval is the difference of two looks, with percentiles from its own buckets`() throws {
        var new = Counter()
        new.look(100, errors: 3, slow: 2)
        new.look(50)
        new.look(0)
        var old = Counter(.old, share: 9_500)
        old.look(1_900, errors: 1)
        let traffic = Traffic(old.looks + new.looks)
        #expect(traffic.arms.map(\.version) == ["2.0.0", "1.0.0"])
        #expect(traffic.arms.map(\.isNew) == [true, false])
        let points = try #require(traffic.arms.first?.points)
        #expect(points.map(\.requests) == [100, 50, 0])
        #expect(points.map(\.errors) == [3, 0, 0])
        #expect(points.map(\.p50) == [12, 12, nil])
        // Slower than every bound: the highest.
        #expect(points.map(\.p99) == [10_240, 12, nil])
        #expect(points.allSatisfy { $0.gap == nil && $0.share == BasisPoints(500) })
        #expect(points[0].from == Self.start + .seconds(5) && points[0].to == Self.start + .seconds(10))
        #expect(traffic.arms[1].points.map(\.requests) == [1_900])
    }

    @Test func `what was not seen, began anew, was lost or can't be is a gap, and never a number`() throws {
        var new = Counter()
        new.look(10)
        new.look(10, isSeen: false)
        new.look(10)
        new.look(10)
        new.look(3, epoch: "b")
        new.look(10, lost: 4)
        new.look(10, capacity: 3)
        new.look(2, errors: 5, capacity: 3)
        new.look(-4, capacity: 3)
        new.look(7, capacity: 3)
        let points = try #require(Traffic(new.looks).arms.first?.points)
        #expect(
            points.map(\.gap) == [nil, .missing, .missing, nil, .reset, .loss, .missing, .impossible, .impossible, nil])
        #expect(points.map(\.requests) == [10, nil, nil, 10, nil, 10, nil, nil, nil, 7])
        #expect(points.map(\.p99) == [12, nil, nil, 12, nil, nil, nil, nil, nil, 12])
        #expect(points[1].share == nil && points[5].errors == 0)
    }

    @Test func `what was not there yet is no gap, what never came is one`() throws {
        let seen = [false, false, true, true].map { isSeen in
            var new = Counter()
            new.look(1, isSeen: isSeen)
            return new.looks[1]
        }
        #expect(Traffic(seen).arms.first?.points.map(\.gap) == [nil])
        #expect(Traffic(Array(seen.prefix(2))).arms.first?.points.map(\.gap) == [.missing])
    }

    @Test func `one look, and none, are nothing to draw`() {
        #expect(Traffic([]).arms == [])
        #expect(Traffic(Counter().looks).arms.map(\.points) == [[]])
    }

    @Test(arguments: [1, 2, 239, 240, 241, 480, 481, 1_000])
    func `intervals are merged to at most 240 a version, and no request is lost by it`(count: Int) throws {
        var new = Counter()
        for index in 0..<count { new.look(index, errors: index % 2, isSeen: count < 241 || index % 7 != 3) }
        new.look(1)
        let points = try #require(Traffic(new.looks).arms.first?.points)
        #expect(points.count <= 240 && points.count >= min(count + 1, 120))
        #expect(points.last?.to == new.looks.last?.to)
        #expect(zip(points, points.dropFirst()).allSatisfy { $0.to == $1.from })
        #expect(points.reduce(0) { $0 + ($1.requests ?? 0) } == (0..<count).reduce(1, +))
        #expect(points.reduce(0) { $0 + ($1.errors ?? 0) } == count / 2)
    }
}

/// The same through the control plane, over what the ledger keeps.
@Suite(.timeLimit(.minutes(1))) struct TrafficOfLaneTests {
    private static let start: Int64 = 1_800_000_000_000

    @Test func `of a long watch a bounded part is read, and every request is in the sums`() async throws {
        let read = Mutex(0)
        let world = World(clock: PacedClock())
        let ledger = try world.open()
        let watched = WatchedLedger(ledger: ledger, looking: { count in read.withLock { $0 += count } })
        let plane = world.plane(over: watched)
        try await Self.deploy(world, ledger)
        let looks = 4_000
        try await Self.record(looks, ledger)
        let traffic = try await plane.traffic(try Shop.lane("prod"), 1, by: .ada)
        #expect(traffic.arms.map(\.version) == ["2.0.0", "1.0.0"])
        for arm in traffic.arms {
            #expect((200...240).contains(arm.points.count))
            #expect(arm.points.reduce(0) { $0 + ($1.requests ?? 0) } == 10 * (looks - 1))
            #expect(arm.points.allSatisfy { $0.gap == nil })
        }
        #expect(read.withLock { $0 } < looks)
        let few = try await plane.traffic(try Shop.lane("prod"), 1, most: 60, by: .ada)
        #expect(few.arms.allSatisfy { $0.points.count <= 60 })
        #expect(few.arms.allSatisfy { $0.points.reduce(0) { $0 + ($1.requests ?? 0) } == 10 * (looks - 1) })
    }

    @Test func `looks of other deployments are not this one's, and what is not there is refused`() async throws {
        let world = World(clock: PacedClock())
        let ledger = try world.open()
        let plane = world.plane(over: ledger)
        try await Self.deploy(world, ledger)
        try await Self.record(5, ledger, deployment: 7)
        try await Self.record(3, ledger)
        let lane = try Shop.lane("prod")
        #expect(try await plane.traffic(lane, 1, by: .ada).arms.map(\.points.count) == [2, 2])
        await #expect(throws: Refusal.self) { try await plane.traffic(lane, 2, by: .ada) }
        await #expect(throws: Refusal.self) { try await plane.traffic(lane, 0, by: .ada) }
    }

    /// Both versions, ten requests each between two looks, which are a second apart.
    private static func record(_ looks: Int, _ ledger: any Ledger, deployment: Int = 1) async throws {
        let id = try Shop.lane("prod")
        for number in 0..<looks {
            let from = Instant(milliseconds: Self.start + Int64(number) * 1_000)
            let counts = ArmCounts(
                epoch: "a", weight: BasisPoints(500) ?? .zero, requests: 10 * number, errors: 0)
            try await ledger.record(
                [Look.Arm.new, .old].map { arm in
                    let look = Look(
                        deployment: deployment, arm: arm, capacity: arm == .new ? 1 : 0, counts: counts,
                        acknowledges: false, restarts: 0, memory: nil)
                    return Observation(
                        lane: id, version: arm == .new ? "2.0.0" : "1.0.0", from: from, to: from + .seconds(1),
                        body: try EventJSON.encode(look))
                })
        }
    }

    /// A canary that was admitted at the start and ended 4,000 s later.
    private static func deploy(_ world: World, _ ledger: any Ledger) async throws {
        // One of its own, which is gone then: what follows is appended behind its back.
        try await world.plane(over: ledger).define(Shop.file(Shop.line("prod", "strategy: canary")))
        let stream = StreamID.lane(try Shop.lane("prod"))
        let events = [
            (
                "lane.requested",
                #"{"at":1800000000000,"by":"person:ada","candidate":{"release":"r-b","version":"2.0.0"},"expiresAt":1800604800000,"number":1}"#
            ),
            (
                "lane.admitted",
                #"{"at":1800000000000,"facts":{"definition":1,"gates":[],"readings":[]},"number":1,"plan":{"drain":30000,"judging":{"every":5000,"noData":{"wait":{"_0":300000}},"objective":10000,"whenTimeIsUp":"pause"},"keepWarm":3600000,"policy":"finish","reversible":true,"steps":[{"shift":{"_0":10000}}],"strategy":"canary"}}"#
            ),
            (
                "lane.ended",
                #"{"at":1800004000000,"candidate":{"release":"r-b","version":"2.0.0"},"number":1,"outcome":"failed","reason":"no"}"#
            ),
        ]
        let batch = StreamBatch(
            stream: stream, expected: try await ledger.number(of: stream),
            events: events.map { kind, body in
                NewEvent(kind: EventKind(kind, version: kind == "lane.admitted" ? 2 : 1), body: Array(body.utf8))
            })
        _ = try await ledger.append(
            AppendRequest([batch], actor: .person("ada"), at: Instant(milliseconds: Self.start)))
    }
}
