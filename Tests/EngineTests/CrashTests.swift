import Core
import Engine
import Lab
import Ports
import Synchronization
import Testing

/// For every strategy, the whole history of two releases and a rollback is cut after each append (the events of one append are stored
/// together or not at all: the ledger's kit shows it); a new control plane goes on from there, in the world as it then was or after a
/// reboot. The end must be the same.
@Suite(.timeLimit(.minutes(8))) struct CrashTests {
    /// Faster than the machine's clock, so that holds and bakes are short and deadlines still are long.
    private static let rate: Int64 = 10

    /// The world after each append, by the ledger's position.
    private final class Film: Sendable {
        private let frames = Mutex<[(position: Int, world: SimulatedWorld)]>([])
        func add(_ position: Int, _ world: SimulatedWorld) { self.frames.withLock { $0.append((position, world)) } }
        /// Positions that the ledger stood at after an append.
        var positions: [Int] { self.frames.withLock { $0.map(\.position) } }
        /// The world when the ledger had come to this position.
        func world(at position: Int) -> SimulatedWorld {
            self.frames.withLock { $0.last { $0.position <= position }?.world ?? SimulatedWorld() }
        }
    }

    /// What people see at the end.
    private struct End: Equatable, CustomStringConvertible {
        var serving: [String]
        var really: [Int]
        var outcomes: [String]
        var isHeld: Bool
        var alarm: Alarm.Kind?
        var description: String {
            "serving \(self.serving), really \(self.really), \(self.outcomes), held \(self.isHeld), \(String(describing: self.alarm))"
        }
    }

    private static func file(_ strategy: Strategy) -> String {
        let text =
            switch strategy {
            case .bigBang: "bigBang"
            case .blueGreen(let hold): "{ blueGreen: { hold: \(hold.count)ms } }"
            case .canary:
                "{ canary: { steps: [10, 50, 100], each: { atLeast: 1s, atMost: 60s }, observe: 1s } }"
            case .rolling: "{ rolling: { batch: 1, each: { atLeast: 1s, atMost: 60s }, observe: 1s } }"
            }
        return Shop.file(
            Shop.line(
                "prod", "promote: automatically", "strategy: \(text)", "bake: 300ms", "keepWarm: 1h", "drain: 1s",
                "replicas: 2",
                "verify: [ { run: 'true' } ]"))
    }

    @Test(arguments: Strategy.examples)
    func `cut after any event and resumed, the end is the same`(_ strategy: Strategy) async throws {
        let repository = FakeRepository()
        let commits = ["feat: one", "feat: two"].map { repository.commit($0, file: Self.file(strategy)) }
        let world = World(clock: PacedClock(rate: Self.rate), repository: repository)
        let film = Film()
        let ledger = WatchedLedger(
            ledger: try world.open(),
            after: { envelopes in
                if let last = envelopes.last { film.add(last.position, world.target.with { $0 }) }
            })
        let expected = try await world.running(over: ledger, traffic: Visitors()) { plane in
            try await Self.play(plane, strategy, commits, world)
        }
        #expect(expected.serving == ["0.1.0"])
        #expect(expected.outcomes.count == 3)
        let history = try await world.open().events(after: 0, limit: 10_000)
        #expect(history.count > 30)
        print("\(strategy.name): \(history.count) events, \(film.positions.count) places to cut, each twice")
        try await withThrowingTaskGroup(of: Void.self) { group in
            var started = 0
            for position in film.positions {
                for isRebooted in [false, true] {
                    started += 1
                    if started > Self.atOnce { try await group.next() }
                    group.addTask {
                        let last = history[position - 1]
                        let place =
                            "cut after \(position) (\(last.stream), \(last.kind))\(isRebooted ? ", rebooted" : "")"
                        do {
                            let end = try await Self.resume(
                                Array(history[..<position]), isRebooted ? SimulatedWorld() : film.world(at: position),
                                strategy, commits, repository)
                            #expect(end == expected, "\(place)")
                        } catch {
                            Issue.record("\(place): \(error)")
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private static let atOnce = 16

    /// A new control plane over these events and this world.
    private static func resume(
        _ history: [Envelope], _ there: SimulatedWorld, _ strategy: Strategy, _ commits: [String],
        _ repository: FakeRepository
    ) async throws -> End {
        let start = history.last?.at ?? Instant(milliseconds: 0)
        let world = World(clock: PacedClock(start, rate: Self.rate), repository: repository)
        world.target.with { $0 = there }
        let ledger = try world.open()
        for envelope in history where envelope.stream != .ledger {
            let batch = StreamBatch(
                stream: envelope.stream, expected: envelope.number - 1,
                events: [NewEvent(kind: envelope.kind, body: envelope.body)])
            _ = try await ledger.append(
                AppendRequest([batch], actor: envelope.actor, cause: envelope.cause, at: envelope.at))
        }
        try await world.plane(over: ledger).rebuildProjections(by: .ada)
        return try await world.running(over: ledger, traffic: Visitors()) { plane in
            try await Self.play(plane, strategy, commits, world)
        }
    }

    /// What the people do: each wish is told again until it is on record, as a person would after a crash.
    private static func play(
        _ plane: ControlPlane, _ strategy: Strategy, _ commits: [String], _ world: World
    ) async throws -> End {
        try await plane.define(Self.file(strategy))
        let id = try Shop.lane("prod")
        for (commit, version) in zip(commits, ["0.1.0", "0.2.0"]) {
            _ = try await plane.create(commit)
            _ = try await eventually("\(version) to be verified") {
                try await plane.machine("prod").history.contains { $0.candidate.version == version } ? true : nil
            }
        }
        let before = try await plane.machine("prod")
        if before.hold == nil, before.nextRollback == nil, before.deployment?.kind != .rollback {
            _ = try await eventually("the way to be free") {
                try await plane.machine("prod").deployment == nil ? true : nil
            }
            _ = try await plane.rollBack(id, to: nil, reason: "slow", by: .ada)
        }
        let lane = try await eventually("the end") {
            let lane = try await plane.machine("prod")
            let isAtRest =
                lane.deployment == nil && lane.nextRollback == nil && lane.alarm == nil
                && lane.routing.generation == lane.confirmedGeneration
                && lane.capacities.values.allSatisfy { $0.state == .ready }
            return isAtRest && lane.recent.last?.kind == .rollback ? lane : nil
        }
        let really = try await eventually("the router to do so") {
            let truth = world.target.with { $0.truth(of: id) }
            let serving = lane.serving.map(\.capacity.number)
            return serving.allSatisfy { truth.serves($0) } && truth.unreadyWithTraffic == nil ? serving : nil
        }
        return End(
            serving: lane.versions, really: really,
            outcomes: lane.recent.map { "\($0.number) \($0.candidate.version) \($0.end)" },
            isHeld: lane.hold != nil, alarm: lane.alarm?.kind)
    }
}
