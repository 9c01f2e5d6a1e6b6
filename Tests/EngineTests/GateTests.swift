import Core
import Engine
import Lab
import Ports
import Testing

@Suite(.timeLimit(.minutes(2))) struct GateTests {
    private static func tests(passed: Int, failed: Int) -> TestSummary {
        TestSummary(passed: passed, failed: failed, errors: 0, skipped: 0, failures: [], results: nil)
    }

    @Test func `the tests gate lets nothing in whose tests failed, and waits without results`() async throws {
        let world = World()
        let file = Shop.file(Shop.line("prod", "gates: [ tests ]"), tests: true)
        try await world.running { plane in
            try await plane.define(file)
            world.builder.report(Self.tests(passed: 3, failed: 1))
            world.repository.commit("feat: red", file: file)
            _ = try await plane.build()
            let red = try await plane.end(try await plane.promote("0.1.0", to: "prod"), in: "prod")
            #expect(red.end == .removed(.rejected))
            #expect(red.reason.contains("3 passed, 1 failed"))
            world.builder.report(nil)
            world.repository.commit("feat: none", file: file)
            _ = try await plane.build()
            let none = try await plane.promote("0.2.0", to: "prod")
            let queued = try await eventually("its reason") {
                try await plane.machine("prod").queue.first { $0.number == none && !$0.waitsFor.isEmpty }
            }
            #expect(queued.waitsFor.contains { $0.gate == "tests" && $0.verdict == .noData })
            world.builder.report(Self.tests(passed: 3, failed: 0))
            world.repository.commit("feat: green", file: file)
            _ = try await plane.build()
            let green = try await plane.promote("0.3.0", to: "prod")
            #expect(try await plane.end(green, in: "prod").end == .deployment(.completed))
        }
    }

    @Test func `a soak passes by itself when its time is over`() async throws {
        let world = World()
        let file = Shop.file(
            [
                Shop.line("dev", "promote: automatically"),
                Shop.line("prod", "after: dev", "promote: automatically", "gates: [ { soak: 10m } ]"),
            ].joined(separator: "\n"))
        world.repository.commit("feat: open", file: file)
        try await world.running { plane in
            try await plane.define(file)
            _ = try await plane.build()
            let queued = try await eventually("the soak") {
                try await plane.machine("prod").queue.first { $0.waitsFor.contains { $0.passesAt != nil } }
            }
            #expect(queued.waitsFor.contains { $0.reason.contains("10 min") })
            world.clock.move(.minutes(11))
            try await plane.verified("0.1.0", in: "prod")
        }
    }

    private let controlled = Shop.file(
        Shop.line("prod", "gates: [ { approval: { from: [ada, bob, cleo], count: 2 } } ]"))

    @Test func `an approval needs two people who are not the author, and names who is missing`() async throws {
        let world = World()
        world.repository.commit("feat: open", file: self.controlled)
        try await world.running { plane in
            try await plane.define(self.controlled)
            _ = try await plane.build(by: .robot)
            let number = try await plane.promote("0.1.0", to: "prod", by: .ada)
            let change = ChangeID(try Shop.lane("prod"), number)
            let queued = try await eventually("its reason") {
                try await plane.machine("prod").queue.first { !$0.waitsFor.isEmpty }
            }
            #expect(queued.waitsFor.contains { $0.gate == "approval" && $0.reason.contains("2 of ada, bob, cleo") })
            await #expect { try await plane.decide(change, yes: true, reason: "mine", by: .ada) } throws: { error in
                (error as? Refusal)?.code == .authorIsApprover
            }
            _ = try await plane.decide(change, yes: true, reason: "looks right", by: .bob)
            await #expect { try await plane.decide(change, yes: true, reason: "again", by: .bob) } throws: { error in
                (error as? Refusal)?.code == .nothingToDo
            }
            #expect(try await plane.changes(in: .requested, limit: 10, by: .ada).count == 1)
            #expect(try await plane.machine("prod").deployment == nil)
            _ = try await plane.decide(change, yes: true, reason: "looks right", by: .cleo)
            #expect(try await plane.end(number, in: "prod").end == .deployment(.completed))
            #expect(try await plane.change(change, by: .ada).state == .closed)
        }
    }

    @Test func `applying warns of an approval that too few people with a token can give`() async throws {
        let world = World()
        let file = Shop.file(
            Shop.line("prod", "gates: [ { approval: { from: [bob, cleo, release-managers], count: 2 } } ]"))
        try await world.running { plane in
            _ = try await plane.addToken("bob", owner: .person("bob"), mayAdminister: false, by: .ada)
            // The account of a program is no person, and a token that was taken away is none.
            _ = try await plane.addToken("cleo", owner: .serviceAccount("cleo"), mayAdminister: false, by: .ada)
            _ = try await plane.addToken("old", owner: .person("cleo"), mayAdminister: false, by: .ada)
            try await plane.revokeToken("old", by: .ada)
            for isPlan in [true, false] {
                let applied = try await plane.apply(file, repository: Shop.folder, isPlan: isPlan, by: .ada)
                #expect(applied.warnings.count == 1)
                #expect(applied.warnings.first?.contains("2 of bob, cleo, release-managers") == true)
                #expect(applied.warnings.first?.contains("cleo, release-managers own no token") == true)
            }
            _ = try await plane.addToken("cleo-2", owner: .person("cleo"), mayAdminister: false, by: .ada)
            #expect(try await plane.define(file).warnings.isEmpty)
        }
    }

    @Test func `a rejection ends the promotion`() async throws {
        let world = World()
        world.repository.commit("feat: open", file: self.controlled)
        try await world.running { plane in
            try await plane.define(self.controlled)
            _ = try await plane.build()
            let number = try await plane.promote("0.1.0", to: "prod")
            _ = try await plane.decide(
                ChangeID(try Shop.lane("prod"), number), yes: false, reason: "not on a Friday", by: .bob)
            let ended = try await plane.end(number, in: "prod")
            #expect(ended.end == .removed(.rejected))
            #expect(ended.reason.contains("not on a Friday"))
        }
    }

    @Test func `an approval that the definition got later binds what waits already`() async throws {
        let world = World()
        let open = Shop.file(Shop.line("prod"))
        world.repository.commit("feat: open", file: open)
        try await world.running { plane in
            try await plane.define(open)
            _ = try await plane.build()
            try await plane.intend(.hold(reason: "wait", until: nil), in: try Shop.lane("prod"), by: .ada)
            let number = try await plane.promote("0.1.0", to: "prod")
            try await plane.define(self.controlled)
            try await plane.intend(.releaseHold(reason: "go"), in: try Shop.lane("prod"), by: .ada)
            let change = ChangeID(try Shop.lane("prod"), number)
            _ = try await eventually("the change") { try? await plane.change(change, by: .ada) }
            for person in [Caller.bob, .cleo] {
                _ = try await plane.decide(change, yes: true, reason: "yes", by: person)
            }
            #expect(try await plane.end(number, in: "prod").end == .deployment(.completed))
        }
    }

    @Test func `a service account approves nothing, and the refusal is on record`() async throws {
        let world = World()
        world.repository.commit("feat: open", file: self.controlled)
        try await world.running { plane in
            try await plane.define(self.controlled)
            _ = try await plane.build()
            let number = try await plane.promote("0.1.0", to: "prod")
            let change = ChangeID(try Shop.lane("prod"), number)
            await #expect { try await plane.decide(change, yes: true, reason: "beep", by: .robot) } throws: { error in
                (error as? Refusal)?.code == .notAllowed
            }
            await #expect { _ = try await plane.tokens(by: .bob) } throws: { error in
                (error as? Refusal)?.code == .notAllowed
            }
            let events = try await plane.journal.ledger.events(of: .access, after: 0, limit: 10)
            #expect(events.map(\.kind.name) == ["access.refused", "access.refused"])
            #expect(events.map(\.actor) == [Caller.robot.actor, Caller.bob.actor])
            let text = events.map { String(decoding: $0.body, as: UTF8.self) }
            #expect(text[0].contains("\"approve\"") && text[0].contains("lane:shop/prod"))
            #expect(text[1].contains("\"administer\""))
        }
    }
}
