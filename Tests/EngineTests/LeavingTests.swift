import Core
import Engine
import Ports
import Testing

/// An environment that leaves the file of its service.
@Suite(.timeLimit(.minutes(2))) struct LeavingTests {
    private let both = Shop.file([Shop.line("dev"), Shop.line("prod")].joined(separator: "\n"))
    private let devAlone = Shop.file(Shop.line("dev"))

    /// What the refusal says; nil: it was not refused.
    private func refusal(of file: String, isPlan: Bool = false, by plane: ControlPlane) async throws -> String? {
        do {
            _ = try await plane.apply(file, repository: Shop.folder, isPlan: isPlan, by: .ada)
            return nil
        } catch let refusal as Refusal {
            #expect(refusal.code == .wrongState)
            return refusal.message
        }
    }

    @Test
    func `an environment leaves when nothing of it is there, and until then it is told what serves and what to do`()
        async throws
    {
        let world = World()
        world.repository.commit("feat: open", file: self.both)
        try await world.running { plane in
            try await plane.define(self.both)
            _ = try await plane.build()
            try await plane.end(try await plane.promote("0.1.0", to: "prod"), in: "prod")
            for isPlan in [true, false] {
                let said = try await self.refusal(of: self.devAlone, isPlan: isPlan, by: plane)
                #expect(
                    said == "prod can't leave shop: 0.1.0 serves there. First `slipway down shop --env prod`, "
                        + "then apply again.")
            }
            let id = try Shop.lane("prod")
            #expect(try await plane.journal.service(id.service).machine.number == 1)
            try await plane.intend(.down(reason: "moves"), in: id, by: .ada)
            _ = try await eventually("prod to be down") { try await plane.machine("prod").isVacant ? true : nil }
            #expect(try await plane.define(self.devAlone).number == 2)
        }
    }

    @Test func `an environment whose first release failed has a router, and leaves after down alone`() async throws {
        let world = World()
        let file = Shop.file(
            [Shop.line("dev"), Shop.line("prod", "strategy: blueGreen", "verify: [ { run: \"false\" } ]")]
                .joined(separator: "\n"))
        world.repository.commit("feat: open", file: file)
        try await world.running { plane in
            try await plane.define(file)
            _ = try await plane.build()
            let ended = try await plane.end(try await plane.promote("0.1.0", to: "prod"), in: "prod")
            #expect(ended.end == .deployment(.failed))
            _ = try await eventually("its instances to be gone") {
                try await plane.machine("prod").capacities.isEmpty ? true : nil
            }
            let lane = try await plane.machine("prod")
            #expect(lane.hasRouter && !lane.isVacant)
            let said = try await self.refusal(of: self.devAlone, by: plane)
            #expect(said?.contains("something of it is still there. First `slipway down shop --env prod`") == true)
            try await plane.intend(.down(reason: "moves"), in: try Shop.lane("prod"), by: .ada)
            _ = try await eventually("prod to be down") { try await plane.machine("prod").isVacant ? true : nil }
            #expect(try await plane.define(self.devAlone).number == 2)
        }
    }

    @Test func `an address that is changed is told as it is until the next deployment moves it`() async throws {
        let world = World()
        let moved = self.devAlone.replacing(/127\.0\.0\.1:[0-9]+/, with: "127.0.0.1:6999")
        let old = try #require(self.devAlone.firstMatch(of: /127\.0\.0\.1:[0-9]+/)).output
        world.repository.commit("feat: open", file: self.devAlone)
        try await world.running { plane in
            try await plane.define(self.devAlone)
            _ = try await plane.build()
            try await plane.end(try await plane.promote("0.1.0", to: "dev"), in: "dev")
            for isPlan in [true, false] {
                let told = try await plane.apply(moved, repository: Shop.folder, isPlan: isPlan, by: .ada).warnings
                #expect(
                    told == [
                        "dev: it listens at \(old) until the next deployment there, or a cold rollback, takes it to 127.0.0.1:6999."
                    ])
            }
            #expect(try await plane.lane(try Shop.lane("dev"), by: .ada).listen?.description == String(old))
            world.repository.commit("fix: close", file: moved)
            _ = try await plane.build()
            try await plane.end(try await plane.promote("0.1.1", to: "dev"), in: "dev")
            #expect(try await plane.lane(try Shop.lane("dev"), by: .ada).listen?.description == "127.0.0.1:6999")
            #expect(try await plane.define(moved).warnings.isEmpty)
        }
    }

    @Test func `what waits there is cancelled first, and nothing enters while it leaves`() async throws {
        let world = World()
        world.repository.commit("feat: open", file: self.both)
        let ledger = try world.open()
        try await world.running(over: ledger) { plane in
            try await plane.define(self.both)
            _ = try await plane.build()
            try await plane.intend(.hold(reason: "wait", until: nil), in: try Shop.lane("prod"), by: .ada)
            // Asked for between the look at the lane and the append.
            let isFirst = Once()
            let watched = WatchedLedger(
                ledger: ledger,
                before: { if isFirst.take() { _ = try await plane.promote("0.1.0", to: "prod") } })
            let said = try await self.refusal(of: self.devAlone, by: world.plane(over: watched))
            #expect(said?.hasSuffix("First `slipway cancel shop/prod/1`, then apply again.") == true, "\(said ?? "-")")
            try await plane.intend(.cancel(number: 1, reason: "leaves"), in: try Shop.lane("prod"), by: .ada)
            #expect(try await plane.define(self.devAlone).number == 2)
        }
    }
}
