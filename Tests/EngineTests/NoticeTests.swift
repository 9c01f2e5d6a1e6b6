import Core
import Engine
import Lab
import Ports
import Testing

@Suite(.timeLimit(.minutes(2))) struct NoticeTests {
    @Test func `each occasion is told once, however often gates change meanwhile`() async throws {
        let world = World()
        let file = Shop.file(
            [
                Shop.line("dev"),
                Shop.line(
                    "prod", "after: dev", "gates: [ { approval: { from: [bob], count: 1 } } ]",
                    "notify: { run: ./tell.sh, on: [failed, aborted, waiting] }", "verify: [ { run: 'false' } ]"),
            ].joined(separator: "\n"))
        world.repository.commit("feat: open", file: file)
        try await world.running { plane in
            try await plane.define(file)
            _ = try await plane.create()
            _ = try await plane.build()
            let number = try await plane.promote("0.1.0", to: "prod")
            _ = try await eventually("the first notice") { world.messenger.sent.isEmpty ? nil : true }
            try await plane.end(try await plane.promote("0.1.0", to: "dev"), in: "dev")
            _ = try await eventually("the gate to change") {
                try await plane.machine("prod").queue.first?.waitsFor.first {
                    $0.gate == "after dev" && $0.verdict == .pass
                }
            }
            _ = try await plane.decide(ChangeID(try Shop.lane("prod"), number), yes: true, reason: "yes", by: .bob)
            try await plane.end(number, in: "prod")
            _ = try await eventually("the second notice") { world.messenger.sent.count >= 2 ? true : nil }
            let place = try await plane.journal.ledger.position()
            _ = try await eventually("all to be read") {
                try await plane.journal.ledger.place(of: "notices") >= place ? true : nil
            }
        }
        #expect(world.messenger.sent.map(\.occasion) == [.waiting, .failed])
        #expect(world.messenger.sent.first?.text.contains("bob") == true)
        #expect(world.messenger.sent.last?.version == "0.1.0")
        // A new control plane tells nothing of it again.
        try await world.running { plane in
            let place = try await plane.journal.ledger.position()
            _ = try await eventually("all to be read") {
                try await plane.journal.ledger.place(of: "notices") >= place ? true : nil
            }
        }
        #expect(world.messenger.sent.count == 2)
    }

    @Test func `an abort, a failure, a rollback and an alert period are told by default, and a completion is not`()
        async throws
    {
        let world = World()
        let file = Shop.file(
            [
                Shop.line("prod", "notify: ./tell.sh"), Shop.line("slow", "bake: 1h", "notify: ./tell.sh"),
                Shop.line("red", "verify: [ { run: 'false' } ]", "notify: ./tell.sh"),
            ].joined(separator: "\n"))
        try await world.running { plane in
            try await plane.define(file)
            for version in ["0.1.0", "0.2.0"] {
                world.repository.commit("feat: \(version)", file: file)
                _ = try await plane.build()
                try await plane.end(try await plane.promote(version, to: "prod"), in: "prod")
            }
            let back = try await plane.rollBack(try Shop.lane("prod"), to: nil, reason: "users complain", by: .ada)
            try await plane.end(back, in: "prod")
            let slow = try await plane.promote("0.1.0", to: "slow")
            _ = try await eventually("the bake") {
                try await plane.machine("slow").deployment?.bakes == true ? true : nil
            }
            try await plane.intend(.abort(number: slow, reason: "too slow"), in: try Shop.lane("slow"), by: .ada)
            try await plane.end(slow, in: "slow")
            try await plane.end(try await plane.promote("0.1.0", to: "red"), in: "red")
            let place = try await plane.journal.ledger.position()
            _ = try await eventually("all to be read") {
                try await plane.journal.ledger.place(of: "notices") >= place ? true : nil
            }
        }
        let sent = world.messenger.sent
        #expect(sent.map(\.occasion) == [.rolledBack, .alert, .alert, .aborted, .failed])
        #expect(sent.map(\.lane.environment.text) == ["prod", "slow", "slow", "slow", "red"])
        let began = try #require(sent.dropFirst().first?.text)
        #expect(began.contains("the release team is on alert for 0.1.0 until ") && began.contains(" UTC (1 h)"))
        #expect(began.contains("It is for web-team"), "\(began)")
        let ended = try #require(sent.dropFirst(2).first?.text)
        #expect(ended.contains("is on alert for 0.1.0 no longer: it is taken back: too slow"), "\(ended)")
        #expect(sent.first?.text.contains("users complain") == true, "\(sent)")
        #expect(sent.dropFirst(3).first?.text.contains("too slow") == true, "\(sent)")
    }

    @Test func `a notice that could not be sent is sent again with the same key`() async throws {
        let world = World(messenger: RecordingMessenger(failures: 2))
        let file = Shop.file(Shop.line("prod", "notify: { run: ./tell.sh, on: [completed] }"))
        world.repository.commit("feat: open", file: file)
        try await world.running { plane in
            try await plane.define(file)
            _ = try await plane.build()
            try await plane.end(try await plane.promote("0.1.0", to: "prod"), in: "prod")
            let sent = try await eventually("the notice") { world.messenger.sent.first }
            let ended = try await plane.journal.ledger.events(of: .lane(sent.lane), after: 0, limit: 1_000)
                .first { $0.kind.name == "lane.ended" }
            #expect(sent.key == ended.map { "\($0.position)" })
        }
    }

    @Test func `a control plane that dies before the place is kept tells it again, with the same key`() async throws {
        let world = World()
        let file = Shop.file(Shop.line("prod", "notify: { run: ./tell.sh, on: [completed] }"))
        world.repository.commit("feat: open", file: file)
        try await world.running { plane in
            try await plane.define(file)
            _ = try await plane.build()
            try await plane.end(try await plane.promote("0.1.0", to: "prod"), in: "prod")
            _ = try await eventually("the notice") { world.messenger.sent.first }
        }
        let ledger = try world.open()
        try await ledger.setPlace(0, of: "notices")
        try await world.running(over: ledger) { _ in
            _ = try await eventually("the notice again") { world.messenger.sent.count == 2 ? true : nil }
        }
        #expect(Set(world.messenger.sent.map(\.key)).count == 1)
    }
}
