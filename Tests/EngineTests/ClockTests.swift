import Core
import Engine
import Lab
import Ports
import Testing

/// The machine's clock is set back or ahead while something runs.
@Suite(.timeLimit(.minutes(2))) struct ClockTests {
    @Test(arguments: TwiceTests.Store.allCases)
    func `a clock that is set back in a bake makes it longer, and no record is older than the one before`(
        _ store: TwiceTests.Store
    ) async throws {
        let world = World()
        let file = Shop.file(Shop.line("prod", "bake: 5m"))
        world.repository.commit("feat: open", file: file)
        try await store.withLedger(world) { ledger in
            try await world.running(over: ledger) { plane in
                try await plane.define(file)
                _ = try await plane.build()
                let number = try await plane.promote("0.1.0", to: "prod")
                let until = try await eventually("its bake") { try await plane.machine("prod").deployment?.stepUntil }
                world.clock.move(.hours(-2))
                let id = try Shop.lane("prod")
                try await plane.intend(.hold(reason: "in the past", until: nil), in: id, by: .ada)
                try await plane.intend(.pause(number: number, reason: "look"), in: id, by: .ada)
                try await plane.intend(.resume(number: number, reason: "go"), in: id, by: .ada)
                // Nothing is shortened by the jump: the bake ends when the clock has come to its end.
                let end = try #require(try await plane.machine("prod").deployment?.stepUntil)
                #expect(end >= until)
                world.clock.move(.hours(2))
                #expect(try await plane.machine("prod").deployment?.number == number)
                world.clock.move(.minutes(6))
                #expect(try await plane.end(number, in: "prod").end == .deployment(.completed))
                let times = try await ledger.events(after: 0, limit: 1_000).map(\.at)
                #expect(times == times.sorted())
                #expect(try await ledger.verify().records == times.count)
            }
        }
    }

    @Test func `a clock that jumps ahead past a deadline takes the deployment back, and nobody is left unserved`()
        async throws
    {
        let world = World()
        let file = Shop.file(Shop.line("prod", "strategy: { blueGreen: { hold: 5m } }"))
        try await world.running { plane in
            try await plane.define(file)
            for message in ["feat: one", "feat: two"] {
                world.repository.commit(message, file: file)
                _ = try await plane.build()
            }
            try await plane.end(try await plane.promote("0.1.0", to: "prod"), in: "prod")
            world.target.with { $0.plan([.hangs], for: .apply) }
            let number = try await plane.promote("0.2.0", to: "prod")
            _ = try await eventually("its preview") { try await plane.machine("prod").routing.preview }
            world.clock.move(.hours(24))
            #expect(try await plane.end(number, in: "prod").end == .deployment(.failed))
            let lane = try await plane.machine("prod")
            #expect(lane.versions == ["0.1.0"])
            #expect(lane.block(of: try #require(lane.recent.last).candidate.release) != nil)
        }
    }
}
