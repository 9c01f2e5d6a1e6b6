import Core
import Engine
import Lab
import Ports
import Testing

@Suite(.timeLimit(.minutes(2))) struct PromotionTests {
    private let chain = Shop.file(
        [
            Shop.line("dev", "promote: automatically"),
            Shop.line("staging", "after: dev", "promote: automatically"),
            Shop.line("prod", "after: staging", "promote: automatically"),
        ].joined(separator: "\n"))

    @Test func `a release goes by itself through dev and staging to prod`() async throws {
        let world = World()
        world.repository.commit("feat: open", file: self.chain)
        try await world.running { plane in
            try await plane.define(self.chain)
            _ = try await plane.build()
            let lane = try await plane.verified("0.1.0", in: "prod")
            #expect(lane.versions == ["0.1.0"])
            let id = try Shop.lane("prod")
            #expect(world.target.with { $0.truth(of: id).serves(1) })
            #expect(lane.recent.map(\.by) == [.schedule])
            let release = try await plane.release(named: "shop@0.1.0", by: .ada)
            #expect(Set(release.verifiedIn.map(\.text)) == ["dev", "staging", "prod"])
        }
    }

    @Test func `a promotion asked for early waits for what it comes after`() async throws {
        let world = World()
        let file = Shop.file([Shop.line("dev"), Shop.line("prod", "after: dev")].joined(separator: "\n"))
        world.repository.commit("feat: open", file: file)
        try await world.running { plane in
            try await plane.define(file)
            _ = try await plane.build()
            let early = try await plane.promote("0.1.0", to: "prod")
            let queued = try await eventually("its reason") {
                try await plane.machine("prod").queue.first { !$0.waitsFor.isEmpty }
            }
            #expect(queued.waitsFor.contains { $0.gate == "after dev" && $0.verdict == nil })
            _ = try await plane.promote("0.1.0", to: "dev")
            #expect(try await plane.end(early, in: "prod").end == .deployment(.completed))
        }
    }

    @Test func `a verify that fails leaves the traffic, blocks the release, and a retry lifts the block`() async throws
    {
        let world = World()
        let good = Shop.file(Shop.line("prod", "strategy: blueGreen", "verify: [ { run: 'true' } ]"))
        let bad = Shop.file(Shop.line("prod", "strategy: blueGreen", "verify: [ { run: 'false' } ]"))
        world.repository.commit("feat: open", file: good)
        try await world.running { plane in
            try await plane.define(good)
            _ = try await plane.build()
            try await plane.end(try await plane.promote("0.1.0", to: "prod"), in: "prod")
            world.repository.commit("feat: more", file: good)
            _ = try await plane.build()
            try await plane.define(bad)
            let failed = try await plane.promote("0.2.0", to: "prod")
            #expect(try await plane.end(failed, in: "prod").end == .deployment(.failed))
            #expect(try await plane.machine("prod").versions == ["0.1.0"])
            await #expect { try await plane.promote("0.2.0", to: "prod") } throws: { error in
                (error as? Refusal)?.code == .blocked
            }
            let blocked = try await plane.release(named: "shop@0.2.0", by: .ada)
            #expect(blocked.blockedIn.map(\.text) == ["prod"])
            try await plane.define(good)
            let again = try await plane.retry(try Shop.lane("prod"), failed, reason: "the check was wrong", by: .bob)
            #expect(try await plane.end(again, in: "prod").end == .deployment(.completed))
            #expect(try await plane.release(named: "shop@0.2.0", by: .ada).blockedIn.isEmpty)
        }
    }

    @Test func `hold and pin keep a promotion in the queue with the reason`() async throws {
        let world = World()
        let file = Shop.file(Shop.line("prod"))
        world.repository.commit("feat: open", file: file)
        try await world.running { plane in
            try await plane.define(file)
            _ = try await plane.build()
            world.repository.commit("feat: more", file: file)
            _ = try await plane.build()
            let id = try Shop.lane("prod")
            try await plane.intend(.hold(reason: "inventory", until: nil), in: id, by: .ada)
            try await plane.pin(id, to: "0.2.0", reason: "contract", by: .ada)
            let number = try await plane.promote("0.1.0", to: "prod")
            let queued = try await eventually("both reasons") {
                try await plane.machine("prod").queue.first { $0.waitsFor.count >= 2 }
            }
            #expect(queued.waitsFor.contains { $0.gate == "hold" && $0.reason.contains("inventory") })
            // The command to copy, whole.
            let command = "`slipway hold remove shop --env \(id.environment) --reason …`"
            #expect(queued.waitsFor.contains { $0.reason.contains(command) }, "\(queued.waitsFor)")
            #expect(queued.waitsFor.contains { $0.gate == "pin" && $0.reason.contains("contract") })
            try await plane.intend(.releaseHold(reason: "done"), in: id, by: .ada)
            try await plane.intend(.unpin(reason: "done"), in: id, by: .ada)
            #expect(try await plane.end(number, in: "prod").end == .deployment(.completed))
        }
    }

    @Test func `an alarm keeps automation out and lets a person in`() async throws {
        let world = World()
        let file = Shop.file(Shop.line("dev", "promote: automatically"))
        world.repository.commit("feat: open", file: file)
        try await world.running { plane in
            try await plane.define(file)
            _ = try await plane.build()
            try await plane.verified("0.1.0", in: "dev")
            // Its instances die and stay dead: the watch raises the alarm.
            let release = try await plane.release(named: "shop@0.1.0", by: .ada)
            let id = try #require(release.origin?.id)
            let key = CapacityKey(lane: try Shop.lane("dev"), number: 1)
            world.target.with { world in
                world.sick.insert(id)
                world.kill(key)
            }
            _ = try await eventually("the alarm") { try await plane.machine("dev").alarm }
            world.repository.commit("feat: more", file: file)
            _ = try await plane.build()
            let queued = try await eventually("the alarm as reason") {
                try await plane.machine("dev").queue.first { $0.waitsFor.contains { $0.gate == "alarm" } }
            }
            try await plane.intend(.cancel(number: queued.number, reason: "by hand"), in: key.lane, by: .ada)
            let number = try await plane.promote("0.2.0", to: "dev")
            #expect(try await plane.end(number, in: "dev").end == .deployment(.completed))
            #expect(try await plane.machine("dev").alarm == nil)
        }
    }

    @Test func `a rollback goes back, is held, and is not undone by automation`() async throws {
        let world = World()
        let file = Shop.file(Shop.line("dev", "promote: automatically"))
        world.repository.commit("feat: open", file: file)
        try await world.running { plane in
            try await plane.define(file)
            _ = try await plane.build()
            try await plane.verified("0.1.0", in: "dev")
            world.repository.commit("feat: more", file: file)
            _ = try await plane.build()
            try await plane.verified("0.2.0", in: "dev")
            let number = try await plane.rollBack(try Shop.lane("dev"), to: nil, reason: "slow", by: .ada)
            #expect(try await plane.end(number, in: "dev").end == .deployment(.rolledBack))
            let lane = try await plane.verified("0.1.0", in: "dev")
            #expect(lane.versions == ["0.1.0"])
            #expect(lane.hold?.by == Caller.ada.actor)
            #expect(lane.queue.isEmpty)
            #expect(try await plane.why(try Shop.lane("dev"), number, by: .ada).contains { $0.text.contains("slow") })
        }
    }

    @Test func `a rollback to an older version while another is on its way names the rollback, not the deployment`()
        async throws
    {
        let world = World()
        let file = Shop.file(Shop.line("prod", "strategy: { blueGreen: { hold: 5m } }"))
        world.repository.commit("feat: one", file: file)
        try await world.running { plane in
            try await plane.define(file)
            for version in ["0.1.0", "0.2.0"] {
                _ = try await plane.build()
                let number = try await plane.promote(version, to: "prod")
                if version != "0.1.0" { try await Self.skipHold(plane) }
                try await plane.end(number, in: "prod")
                world.repository.commit("feat: next", file: file)
            }
            _ = try await plane.build()
            let running = try await plane.promote("0.3.0", to: "prod")
            _ = try await eventually("its hold") { try await plane.machine("prod").deployment?.stepUntil }
            let number = try await plane.rollBack(try Shop.lane("prod"), to: "0.1.0", reason: "both are bad", by: .ada)
            #expect(number == running + 1)
            #expect(try await plane.end(running, in: "prod").end == .deployment(.aborted))
            #expect(try await plane.end(number, in: "prod").end == .deployment(.rolledBack))
            #expect(try await plane.machine("prod").versions == ["0.1.0"])
        }
    }

    private static func skipHold(_ plane: ControlPlane) async throws {
        _ = try await eventually("its hold") { try await plane.machine("prod").deployment?.stepUntil }
        try await plane.intend(.skip(number: nil, reason: "the test"), in: try Shop.lane("prod"), by: .ada)
    }

    @Test func `abort, rollback, retry and promote sent at once end in one served version, whatever comes first`()
        async throws
    {
        for round in 0..<8 {
            let world = World()
            let file = Shop.file(Shop.line("prod", "strategy: { blueGreen: { hold: 5m } }"))
            world.repository.commit("feat: one", file: file)
            try await world.running { plane in
                try await plane.define(file)
                _ = try await plane.build()
                try await plane.end(try await plane.promote("0.1.0", to: "prod"), in: "prod")
                world.repository.commit("feat: two", file: file)
                _ = try await plane.build()
                let number = try await plane.promote("0.2.0", to: "prod")
                _ = try await eventually("its hold") { try await plane.machine("prod").deployment?.stepUntil }
                try await Self.storm(round, number, plane)
                let lane = try await eventually("rest, in round \(round)") {
                    let lane = try await plane.machine("prod")
                    let isAtRest = lane.routing.generation == lane.confirmedGeneration && lane.nextRollback == nil
                    return isAtRest && lane.deployment?.phase != .returning(.aborted) ? lane : nil
                }
                #expect(lane.versions == ["0.1.0"])
                #expect(lane.recent.contains { $0.number == number && $0.end == .deployment(.aborted) })
            }
        }
    }

    private static func storm(_ round: Int, _ number: Int, _ plane: ControlPlane) async throws {
        let id = try Shop.lane("prod")
        var acts: [@Sendable () async throws -> Void] = [
            { try await plane.intend(.abort(number: number, reason: "storm"), in: id, by: .ada) },
            { _ = try await plane.rollBack(id, to: nil, reason: "storm", by: .bob) },
            { _ = try await plane.retry(id, number, reason: "storm", by: .cleo) },
            { _ = try await plane.promote("0.2.0", to: "prod", by: .robot) },
        ]
        acts.rotate(by: round % acts.count)
        if round >= acts.count { acts.reverse() }
        await withTaskGroup(of: Void.self) { group in
            for act in acts { group.addTask { try? await act() } }
        }
    }
}

extension Array {
    fileprivate mutating func rotate(by count: Int) { self = Array(self[count...] + self[..<count]) }
}
