import Core
import Engine
import Lab
import Ports
import Testing

/// What keeps a release out, and what a person is told about it.
@Suite(.timeLimit(.minutes(2))) struct GuardTests {
    private let chain = Shop.file([Shop.line("dev"), Shop.line("prod", "after: dev")].joined(separator: "\n"))

    @Test func `a pin names a release of the service that was built and not gone back from`() async throws {
        let world = World()
        let file = Shop.file(Shop.line("prod"))
        let id = try Shop.lane("prod")
        try await world.running { plane in
            try await plane.define(file)
            for message in ["feat: one", "feat: two"] {
                world.repository.commit(message, file: file)
                let version = try #require(try await plane.build().origin?.version)
                try await plane.end(try await plane.promote(version, to: "prod"), in: "prod")
            }
            world.builder.fail(world.repository.commit("feat: three", file: file), times: 1)
            #expect(try await plane.build().phase == .failed)
            try await plane.end(try await plane.rollBack(id, to: nil, reason: "slow", by: .ada), in: "prod")
            let refused: [(version: String, code: Refusal.Code)] = [
                ("9.9.9", .notFound), ("1.2", .notFound), ("", .notFound), ("0.1.0\n", .notFound),
                ("0.3.0", .wrongState), ("0.2.0", .wrongState),
            ]
            for (version, code) in refused {
                let refusal = await #expect(throws: Refusal.self, "\(version)") {
                    try await plane.pin(id, to: version, reason: "fair", by: .ada)
                }
                #expect(refusal?.code == code, "\(version)")
                #expect(refusal?.message.contains(version) == true, "\(version)")
                #expect(refusal?.message.contains("`slipway release list") == true, "\(version)")
            }
            #expect(try await plane.machine("prod").pin == nil)
            try await plane.pin(id, to: "0.1.0", reason: "fair", by: .ada)
            #expect(try await plane.machine("prod").pin?.version == "0.1.0")
        }
    }

    @Test func `a person lets the next take over in a bake, and nothing further on takes that for verified`()
        async throws
    {
        let world = World()
        let file = Shop.file(
            [Shop.line("prod", "bake: 5m"), Shop.line("late", "after: prod", "promote: automatically")]
                .joined(separator: "\n"))
        let id = try Shop.lane("prod")
        try await world.running { plane in
            try await plane.define(file)
            for message in ["feat: one", "feat: two", "feat: three"] {
                world.repository.commit(message, file: file)
                _ = try await plane.build()
            }
            _ = try await plane.promote("0.1.0", to: "prod")
            try await Self.bakes("0.1.0", plane)
            try await plane.intend(.skip(number: nil, reason: "seen enough"), in: id, by: .cleo)
            try await plane.verified("0.1.0", in: "late")
            let admitted = try #require(
                try await plane.why(try Shop.lane("late"), 1, by: .ada).first { $0.text.hasPrefix("admitted") })
            #expect(admitted.text.contains("verified in prod; person:cleo did not wait for its time: seen enough"))
            let second = try await plane.promote("0.2.0", to: "prod")
            try await Self.bakes("0.2.0", plane)
            let third = try await plane.promote("0.3.0", to: "prod")
            try await plane.intend(.handOver(number: second, reason: "the fix is next"), in: id, by: .bob)
            let ended = try await plane.end(second, in: "prod")
            #expect(ended.end == .deployment(.superseded))
            #expect(ended.reason == "0.3.0 takes over, as person:bob allowed: the fix is next")
            let told = try await plane.why(id, second, by: .ada).map(\.text)
            #expect(told.contains("person:bob lets the next take over during the bake: the fix is next"))
            try await Self.bakes("0.3.0", plane)
            #expect(try await plane.release(named: "shop@0.2.0", by: .ada).verifiedIn.isEmpty)
            world.clock.move(.minutes(6))
            #expect(try await plane.end(third, in: "prod").end == .deployment(.completed))
            try await plane.verified("0.3.0", in: "late")
            #expect(try await plane.machine("late").recent.map(\.candidate.version) == ["0.1.0", "0.3.0"])
        }
    }

    private static func bakes(_ version: String, _ plane: ControlPlane) async throws {
        _ = try await eventually("the bake of \(version)") {
            let running = try await plane.machine("prod").deployment
            return running?.candidate.version == version && running?.bakes == true ? true : nil
        }
    }

    /// The reason for which the promotion waits on `dev`, once it says this.
    private static func reason(_ number: Int, saying part: String, _ plane: ControlPlane) async throws -> String {
        try await eventually("a reason that says `\(part)`") {
            try await plane.machine("prod").queue.first { $0.number == number }?
                .waitsFor.first { $0.gate == "after dev" && $0.reason.contains(part) }?.reason
        }
    }

    @Test func `what waits for a release that is blocked upstream says where, by whom, why, and what lifts it`()
        async throws
    {
        let world = World()
        world.repository.commit("feat: open", file: self.chain)
        try await world.running { plane in
            try await plane.define(self.chain)
            let release = try #require(try await plane.build().origin?.id)
            let dev = try Shop.lane("dev")
            let early = try await plane.promote("0.1.0", to: "prod")
            _ = try await Self.reason(early, saying: "0.1.0 is not verified in dev yet", plane)
            try await plane.intend(.block(release, reason: "a leak"), in: dev, by: .bob)
            let byHand = try await Self.reason(early, saying: "blocked", plane)
            #expect(
                byHand == "0.1.0 is not verified in dev yet: it is blocked there by person:bob, because: a leak. "
                    + "`slipway block remove shop@0.1.0 --env dev --reason …` lifts that, or roll forward with a fix")
            try await plane.intend(.unblock(release, reason: "no leak"), in: dev, by: .bob)
            // It fails there: the block is the failure's, and its number is what a person says retry to.
            world.target.with { _ = $0.sick.insert(release) }
            let failed = try await plane.promote("0.1.0", to: "dev")
            #expect(try await plane.end(failed, in: "dev").end == .deployment(.failed))
            let byFailure = try await Self.reason(early, saying: "slipway retry shop/dev/\(failed) --reason", plane)
            #expect(byFailure.contains("blocked there by system, because: 0 of 1 instances of 0.1.0"))
            world.target.with { _ = $0.sick.remove(release) }
            _ = try await plane.retry(dev, failed, reason: "the machine was full", by: .ada)
            #expect(try await plane.end(early, in: "prod").end == .deployment(.completed))
        }
    }
}
