import Core
import Engine
import Foundation
import Lab
import Ports
import SQLiteStore
import Testing

/// The same thing asked for twice, one after the other and at once, on both ledgers.
@Suite(.timeLimit(.minutes(2))) struct TwiceTests {
    enum Store: String, CaseIterable, Sendable {
        case memory, sqlite

        func withLedger(_ world: World, _ body: (any Ledger) async throws -> Void) async throws {
            switch self {
            case .memory: try await body(try world.open())
            case .sqlite:
                let folder = FileManager.default.temporaryDirectory
                    .appendingPathComponent("slipway-twice-\(UUID().uuidString)").path
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                defer { try? FileManager.default.removeItem(atPath: folder) }
                let ledger = try await SQLiteLedger.open(folder: folder, owner: "the test") { world.clock.now() }
                try await body(ledger)
                try await ledger.close()
            }
        }
    }

    /// The number that a client got, or the code of its refusal.
    enum Answer: Equatable, Sendable {
        case number(Int)
        case refused(Refusal.Code)
    }

    /// Asks from many clients at once: half of them at one control plane, half at another one over the same ledger, whose memory of the
    /// streams is its own.
    private static func atOnce(
        _ clients: [(plane: ControlPlane, caller: Caller)],
        _ ask: @escaping @Sendable (ControlPlane, Caller) async throws -> Int
    ) async throws -> [Answer] {
        try await withThrowingTaskGroup(of: Answer.self) { group in
            for client in clients {
                group.addTask {
                    do { return .number(try await ask(client.plane, client.caller)) } catch let refusal as Refusal {
                        return .refused(refusal.code)
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    private static func kinds(_ ledger: any Ledger, _ stream: StreamID) async throws -> [String] {
        try await ledger.events(of: stream, after: 0, limit: 10_000).map(\.kind.name)
    }

    @Test(arguments: Store.allCases)
    func `one promotion asked for by many clients at once is one promotion with one change`(_ store: Store) async throws
    {
        let world = World()
        let file = Shop.file(Shop.line("prod", "gates: [ { approval: { from: [bob, cleo], count: 1 } } ]"))
        world.repository.commit("feat: open", file: file)
        try await store.withLedger(world) { ledger in
            try await world.running(over: ledger) { plane in
                try await plane.define(file)
                _ = try await plane.build()
                let other = world.plane(over: ledger)
                let clients = (0..<16).map { index in
                    (plane: index % 2 == 0 ? plane : other, caller: [Caller.ada, .bob, .cleo, .robot][index % 4])
                }
                let answers = try await Self.atOnce(clients) { try await $0.promote("0.1.0", to: "prod", by: $1) }
                #expect(answers.filter { $0 == .number(1) }.count == 1)
                #expect(answers.filter { $0 == .refused(.alreadyExists) }.count == 15)
                let id = try Shop.lane("prod")
                let lane = try await Self.kinds(ledger, .lane(id))
                #expect(lane.filter { $0 == "lane.requested" }.count == 1)
                #expect(try await Self.kinds(ledger, .change(ChangeID(id, 1))) == ["change.requested"])
                #expect(try await ledger.number(of: .change(ChangeID(id, 2))) == 0)
                // One more, later: it is told which one waits.
                let refusal = await #expect(throws: Refusal.self) { try await other.promote("0.1.0", to: "prod") }
                #expect(refusal?.message == "0.1.0 waits here already, as promotion 1.")
                #expect(try await ledger.verify().records > 5)
            }
        }
    }

    @Test(arguments: Store.allCases)
    func `what many say yes to at once is deployed once, and asked for again it serves already`(_ store: Store)
        async throws
    {
        let world = World()
        let file = Shop.file(Shop.line("prod", "gates: [ { approval: { from: [bob, cleo], count: 1 } } ]"))
        world.repository.commit("feat: open", file: file)
        try await store.withLedger(world) { ledger in
            try await world.running(over: ledger) { plane in
                try await plane.define(file)
                _ = try await plane.build()
                let id = try Shop.lane("prod")
                let number = try await plane.promote("0.1.0", to: "prod")
                let other = world.plane(over: ledger)
                let yes = try await Self.atOnce([(plane, .bob), (other, .bob), (plane, .bob), (other, .cleo)]) {
                    _ = try await $0.decide(ChangeID(id, number), yes: true, reason: "yes", by: $1)
                    return number
                }
                #expect(yes.contains(.number(number)))
                try await plane.end(number, in: "prod")
                let change = try await Self.kinds(ledger, .change(ChangeID(id, number)))
                #expect(change.filter { $0 == "change.approved" }.count == 1)
                let lane = try await Self.kinds(ledger, .lane(id))
                #expect(lane.filter { $0 == "lane.admitted" }.count == 1)
                #expect(lane.filter { $0 == "lane.verified" }.count == 1)
                let again = try await Self.atOnce([(plane, .ada), (other, .bob), (plane, .cleo)]) {
                    try await $0.promote("0.1.0", to: "prod", by: $1)
                }
                #expect(again == Array(repeating: .refused(.nothingToDo), count: 3))
                #expect(try await Self.kinds(ledger, .lane(id)).filter { $0 == "lane.requested" }.count == 1)
            }
        }
    }

    @Test(arguments: Store.allCases)
    func `a person and the schedule that ask at once get one deployment`(_ store: Store) async throws {
        let world = World()
        let file = Shop.file(Shop.line("dev", "promote: automatically"))
        world.repository.commit("feat: open", file: file)
        try await store.withLedger(world) { ledger in
            try await world.running(over: ledger) { plane in
                try await plane.define(file)
                _ = try await plane.create()
                let other = world.plane(over: ledger)
                // While it is built, and while the schedule sees that it is.
                let answers = try await Self.atOnce([(plane, .ada), (other, .bob), (plane, .robot)]) {
                    try await $0.promote("0.1.0", to: "dev", by: $1)
                }
                #expect(answers.filter { if case .number = $0 { true } else { false } }.count <= 1)
                let lane = try await plane.verified("0.1.0", in: "dev")
                #expect(lane.recent.map(\.candidate.version) == ["0.1.0"])
                let kinds = try await Self.kinds(ledger, .lane(try Shop.lane("dev")))
                #expect(kinds.filter { $0 == "lane.requested" }.count == 1)
                #expect(kinds.filter { $0 == "lane.admitted" }.count == 1)
            }
        }
    }

    @Test(arguments: Store.allCases)
    func `abort, rollback, retry and pause sent twice each at once add up to one of each`(_ store: Store) async throws {
        let world = World()
        let file = Shop.file(Shop.line("prod", "bake: 5m"))
        try await store.withLedger(world) { ledger in
            try await world.running(over: ledger) { plane in
                try await plane.define(file)
                world.repository.commit("feat: one", file: file)
                _ = try await plane.build()
                let number = try await plane.promote("0.1.0", to: "prod")
                _ = try await eventually("its bake") { try await plane.machine("prod").deployment?.stepUntil }
                let id = try Shop.lane("prod")
                let other = world.plane(over: ledger)
                let clients = [(plane, Caller.ada), (other, .bob), (plane, .cleo), (other, .robot)]
                let intents: [(Lane.Intent, String, Int)] = [
                    (.pause(number: number, reason: "look"), "lane.paused", 1),
                    (.resume(number: number, reason: "go"), "lane.resumed", 1),
                    (.handOver(number: number, reason: "next"), "lane.handedOver", 1),
                    (.abort(number: number, reason: "no"), "lane.aborted", 1),
                ]
                for (intent, kind, count) in intents {
                    let answers = try await Self.atOnce(clients) {
                        try await $0.intend(intent, in: id, by: $1)
                        return number
                    }
                    #expect(answers.contains(.number(number)), "\(kind)")
                    #expect(try await Self.kinds(ledger, .lane(id)).filter { $0 == kind }.count == count, "\(kind)")
                }
                try await plane.end(number, in: "prod")
                let again = try await Self.atOnce(clients) { try await $0.retry(id, number, reason: "again", by: $1) }
                #expect(again.filter { $0 == .number(number + 1) }.count == 1)
                #expect(again.filter { $0 == .number(number + 1) || $0.isRefusal }.count == clients.count)
                #expect(try await Self.kinds(ledger, .lane(id)).filter { $0 == "lane.requested" }.count == 2)
            }
        }
    }

    @Test func `a promotion whose answer was lost is there when it is asked for again`() async throws {
        let world = World()
        let file = Shop.file(Shop.line("prod"))
        world.repository.commit("feat: open", file: file)
        try await world.running { plane in
            try await plane.define(file)
            _ = try await plane.build()
            try await plane.intend(.hold(reason: "wait", until: nil), in: try Shop.lane("prod"), by: .ada)
            world.store.fail(.afterStored)
            await #expect(throws: LedgerError.self) { try await plane.promote("0.1.0", to: "prod") }
            let refusal = await #expect(throws: Refusal.self) { try await plane.promote("0.1.0", to: "prod") }
            #expect(refusal?.message == "0.1.0 waits here already, as promotion 1.")
        }
    }
}

extension TwiceTests.Answer {
    fileprivate var isRefusal: Bool {
        if case .refused = self { return true }
        return false
    }
}
