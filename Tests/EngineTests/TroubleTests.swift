import Core
import Engine
import Lab
import Ports
import Testing

/// What the world does wrong, and what people do twice.
@Suite(.timeLimit(.minutes(2))) struct TroubleTests {
    private let file = Shop.file(Shop.line("prod", "strategy: blueGreen"))

    @Test func `a health check that never passes leaves all traffic where it is and shows the last lines`() async throws {
        let world = World()
        world.repository.commit("feat: open", file: self.file)
        try await world.running { plane in
            try await plane.define(self.file)
            _ = try await plane.build()
            try await plane.end(try await plane.promote("0.1.0", to: "prod"), in: "prod")
            world.repository.commit("feat: sick", file: self.file)
            let sick = try #require(try await plane.build().origin?.id)
            world.target.with { _ = $0.sick.insert(sick) }
            let ended = try await plane.end(try await plane.promote("0.2.0", to: "prod"), in: "prod")
            #expect(ended.end == .deployment(.failed))
            #expect(ended.lastLines.contains("0.2.0 can't open its data"))
            #expect(ended.reason.contains("0 of 1 instances of 0.2.0"))
            let lane = try await plane.machine("prod")
            #expect(lane.versions == ["0.1.0"])
            #expect(lane.alarm == nil)
        }
    }

    @Test func `a release is promoted once: what waits, runs or serves is named`() async throws {
        let world = World()
        world.repository.commit("feat: open", file: self.file)
        try await world.running { plane in
            try await plane.define(self.file)
            _ = try await plane.build()
            let number = try await plane.promote("0.1.0", to: "prod")
            await #expect { try await plane.promote("0.1.0", to: "prod") } throws: { error in
                let code = (error as? Refusal)?.code
                return code == .alreadyExists || code == .alreadyRunning || code == .nothingToDo
            }
            try await plane.end(number, in: "prod")
            await #expect { try await plane.promote("0.1.0", to: "prod") } throws: { error in
                (error as? Refusal)?.code == .nothingToDo
            }
        }
    }

    @Test(arguments: [Fault.failsForNow, .liesFailed, .answersTwice, .hangsAfterItDid])
    func `a router that misbehaves once does not keep a release from its users`(_ fault: Fault) async throws {
        let world = World()
        world.repository.commit("feat: open", file: self.file)
        try await world.running { plane in
            try await plane.define(self.file)
            _ = try await plane.build()
            world.target.with { $0.plan([fault], for: .apply) }
            let number = try await plane.promote("0.1.0", to: "prod")
            if fault == .hangsAfterItDid {
                // Its deadline takes it back; a person asks again.
                _ = try await eventually("the preview") { try await plane.machine("prod").routing.preview }
                world.clock.move(.minutes(2))
            }
            let ended = try await plane.end(number, in: "prod")
            guard ended.end != .deployment(.completed) else { return }
            #expect(fault == .hangsAfterItDid || fault == .liesFailed)
            let again = try await plane.retry(try Shop.lane("prod"), number, reason: "the router is well", by: .ada)
            #expect(try await plane.end(again, in: "prod").end == .deployment(.completed))
        }
    }

    @Test func `an approval that the definition made stricter is asked for anew`() async throws {
        let world = World()
        let one = Shop.file(Shop.line("prod", "gates: [ { approval: { from: [bob, cleo], count: 1 } } ]"))
        let two = Shop.file(Shop.line("prod", "gates: [ { approval: { from: [bob, cleo], count: 2 } } ]"))
        world.repository.commit("feat: open", file: one)
        try await world.running { plane in
            try await plane.define(one)
            _ = try await plane.build()
            let id = try Shop.lane("prod")
            try await plane.intend(.hold(reason: "wait", until: nil), in: id, by: .ada)
            let number = try await plane.promote("0.1.0", to: "prod")
            _ = try await plane.decide(ChangeID(id, number), yes: true, reason: "yes", by: .bob)
            try await plane.define(two)
            try await plane.intend(.releaseHold(reason: "go"), in: id, by: .ada)
            let queued = try await eventually("the reason") {
                try await plane.machine("prod").queue.first { $0.waitsFor.contains { $0.reason.contains("earlier definition") } }
            }
            #expect(queued.number == number)
            #expect(try await plane.machine("prod").deployment == nil)
        }
    }
}
