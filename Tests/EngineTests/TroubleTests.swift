import Core
import Engine
import Lab
import Ports
import Testing

/// What the world does wrong, and what people do twice.
@Suite(.timeLimit(.minutes(2))) struct TroubleTests {
    private let file = Shop.file(Shop.line("prod", "strategy: blueGreen"))

    @Test func `a health check that never passes leaves all traffic where it is and shows the last lines`() async throws
    {
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
            let output = try await plane.output(of: Shop.lane("prod"), lines: 20, by: .ada)
            #expect(
                output.contains { $0.hasPrefix("slipway: 0.2.0 (shop/prod/\(ended.number)) failed: ") }, "\(output)")
            #expect(output.contains { $0.hasSuffix("0.2.0 can't open its data") })
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
                try await plane.machine("prod").queue.first {
                    $0.waitsFor.contains { $0.reason.contains("waits for 2 of bob, cleo") }
                }
            }
            #expect(queued.number == number)
            let words = try await plane.why(ChangeID(id, number), by: .ada).map(\.text)
            #expect(words.contains { $0.contains("void") && $0.contains("definition 2") }, "\(words)")
            #expect(try await plane.machine("prod").deployment == nil)
        }
    }

    @Test func `instances that died and came back are shown to the router again`() async throws {
        let world = World()
        world.repository.commit("feat: open", file: self.file)
        try await world.running { plane in
            try await plane.define(self.file)
            _ = try await plane.build()
            try await plane.end(try await plane.promote("0.1.0", to: "prod"), in: "prod")
            let before = world.router.generations
            let key = CapacityKey(lane: try Shop.lane("prod"), number: 1)
            world.target.with { $0.kill(key) }
            let id = StreamID.lane(key.lane)
            _ = try await eventually("the loss and the return to be on record") { () -> Bool? in
                let kinds = try await plane.journal.ledger.events(of: id, after: 0, limit: 1_000).map(\.kind.name)
                guard let lost = kinds.lastIndex(of: "lane.capacityLost") else { return nil }
                return kinds[lost...].contains("lane.capacityReady") ? true : nil
            }
            #expect(world.router.generations.count > before.count)
            #expect(world.router.generations.last == before.last)
            #expect(try await plane.machine("prod").alarm == nil)
        }
    }

    @Test func `what died and came back by itself is on record, once, and told by why`() async throws {
        let world = World()
        world.repository.commit("feat: open", file: self.file)
        try await world.running { plane in
            try await plane.define(self.file)
            _ = try await plane.build()
            let number = try await plane.promote("0.1.0", to: "prod")
            try await plane.end(number, in: "prod")
            let id = try Shop.lane("prod")
            world.target.with {
                $0.kill(CapacityKey(lane: id, number: number))
                $0.supervise(id)
                $0.restartRouter(id)
            }
            func deaths(_ kind: String) async throws -> [String] {
                try await plane.journal.ledger.events(of: .lane(id), after: 0, limit: 1_000)
                    .filter { $0.kind.name == kind }.map { String(decoding: $0.body, as: UTF8.self) }
            }
            _ = try await eventually("both deaths") { () -> Bool? in
                let (instances, router) = (try await deaths("lane.instancesDied"), try await deaths("lane.routerDied"))
                return instances.isEmpty || router.isEmpty ? nil : true
            }
            let words = try await plane.why(id, number, by: .ada).map(\.text)
            #expect(words.contains("all instances were killed; started again (restarts so far: 1)"), "\(words)")
            // A crash loop is told together.
            world.target.with {
                $0.restartRouter(id)
                $0.restartRouter(id)
            }
            world.clock.move(Deaths.firstQuiet)
            _ = try await eventually("the next ones") { try await deaths("lane.routerDied").count == 2 ? true : nil }
            #expect(try await deaths("lane.routerDied").last?.contains(#""count":3"#) == true)
            #expect(try await deaths("lane.instancesDied").count == 1)
        }
    }

    @Test func `a router that can't be started is an alarm with its reason, told once, that ends by itself`()
        async throws
    {
        let world = World()
        let file = Shop.file(Shop.line("prod", "notify: { run: tell, on: [failed] }"))
        world.repository.commit("feat: open", file: file)
        try await world.running { plane in
            try await plane.define(file)
            _ = try await plane.build()
            try await plane.end(try await plane.promote("0.1.0", to: "prod"), in: "prod")
            let id = try Shop.lane("prod")
            let reason = "127.0.0.1:7003 is in use by process 12 (nginx)"
            world.target.with { $0.keepRouterDown(id, reason) }
            let alarm = try await eventually("the alarm") { try await plane.machine("prod").alarm }
            #expect(alarm.kind == .routerDown)
            #expect(alarm.reason == "the router ended and can't be started again: \(reason)")
            _ = try await eventually("the notice") {
                world.messenger.sent.contains { $0.text.contains(reason) } ? true : nil
            }
            // A person who clears it is told again, as long as it is so.
            try await plane.intend(.clearAlarm(reason: "seen"), in: id, by: .ada)
            let again = try await eventually("the alarm again") { try await plane.machine("prod").alarm }
            #expect(again.kind == .routerDown)
            world.target.with { $0.keepRouterDown(id, nil) }
            _ = try await eventually("its end") { try await plane.machine("prod").alarm == nil ? true : nil }
            let kinds = try await plane.journal.ledger.events(of: .lane(id), after: 0, limit: 1_000).map(\.kind.name)
            #expect(kinds.count { $0 == "lane.alarmRaised" } == 2)
            #expect(kinds.count { $0 == "lane.alarmCleared" } == 2)
        }
    }

    @Test func `a control plane that starts brings back what last served, with the same routing`() async throws {
        let world = World()
        world.repository.commit("feat: open", file: self.file)
        try await world.running { plane in
            try await plane.define(self.file)
            _ = try await plane.build()
            try await plane.end(try await plane.promote("0.1.0", to: "prod"), in: "prod")
        }
        // The machine was started again: nothing runs.
        world.target.with { $0 = SimulatedWorld() }
        let id = try Shop.lane("prod")
        try await world.running { plane in
            let number = try await plane.machine("prod").serving.first?.capacity.number
            _ = try await eventually("what last served") {
                number.map { number in world.target.with { $0.truth(of: id).serves(number) } } == true ? true : nil
            }
            #expect(world.target.with { $0.truth(of: id).unreadyWithTraffic } == nil)
            #expect(try await plane.machine("prod").alarm == nil)
        }
    }
}
