import Core
import Engine
import Lab
import Ports
import Testing

@Suite(.timeLimit(.minutes(2))) struct DependencyTests {
    private static func file(_ service: String, _ port: Int, _ more: String...) -> String {
        """
        service: \(service)
        build: { command: make, artifact: dist/ }
        run: { command: ./\(service) }
        \(more.joined(separator: "\n"))
        environments:
          dev: { listen: 127.0.0.1:\(port) }
          prod: { listen: 127.0.0.1:\(port + 1), after: dev }

        """
    }

    private static let stock = file("stock", 7_101)
    private static let shop = file("shop", 7_103, "dependsOn: [stock]")

    private static func lane(_ service: String, _ environment: String) throws -> LaneID {
        LaneID(
            service: try #require(ServiceName(service)), environment: try #require(EnvironmentName(environment)))
    }

    /// Builds a version and brings it into these environments, one after the other.
    private static func bring(
        _ service: String, _ version: String, _ file: String, to environments: [String], _ world: World,
        _ plane: ControlPlane
    ) async throws {
        world.repository.commit("feat: \(service) \(version)", file: file)
        _ = try await plane.build(version: version)
        for environment in environments {
            let lane = try Self.lane(service, environment)
            _ = try await plane.promote("\(service)@\(version)", into: lane.environment, by: .ada)
            _ = try await eventually("\(version) in \(lane)") {
                let machine = try await plane.journal.lane(lane).machine
                return machine.stable?.candidate.version == version && machine.deployment == nil ? true : nil
            }
        }
    }

    private static func gate(_ name: String, _ lane: LaneID, _ number: Int, _ plane: ControlPlane) async throws
        -> GateResult
    {
        try await eventually("the word of the gate \(name)") {
            try await plane.journal.lane(lane).machine.queue.first { $0.number == number }?.waitsFor
                .first { $0.gate == name && $0.verdict == nil }
        }
    }

    @Test func `a circle of dependencies is refused and named, and so is a service that nobody knows`() async throws {
        let world = World()
        try await world.running { plane in
            await #expect {
                try await plane.define(Self.shop)
            } throws: {
                ($0 as? Refusal)?.message.hasPrefix("shop depends on `stock`, which was never applied here.") == true
            }
            try await plane.define(Self.stock)
            try await plane.define(Self.shop)
            await #expect {
                try await plane.define(Self.file("stock", 7_101, "dependsOn: { shop: \">=2\" }"))
            } throws: {
                ($0 as? Refusal)?.message.hasPrefix("stock depends on shop depends on stock: a circle") == true
            }
        }
    }

    @Test func `a combination that was never verified together waits, until a person overrides it for this one`()
        async throws
    {
        let world = World()
        try await world.running { plane in
            try await plane.define(Self.stock)
            try await plane.define(Self.shop)
            try await Self.bring("stock", "1.0.0", Self.stock, to: ["dev", "prod"], world, plane)
            try await Self.bring("shop", "2.0.0", Self.shop, to: ["dev", "prod"], world, plane)
            try await Self.bring("stock", "1.1.0", Self.stock, to: ["dev"], world, plane)
            try await Self.bring("shop", "2.1.0", Self.shop, to: ["dev"], world, plane)
            let lane = try Self.lane("shop", "prod")
            let (_, number) = try await plane.promote("shop@2.1.0", into: lane.environment, by: .ada)
            let gate = try await Self.gate("combination", lane, number, plane)
            #expect(gate.reason.hasPrefix("2.1.0 was never verified together with stock@1.0.0 in dev"))
            #expect(gate.reason.contains("`slipway combination override shop/prod/\(number) --reason …`"))
            await #expect {
                _ = try await plane.overrideCombination(of: number, in: lane, reason: "", by: .ada)
            } throws: {
                ($0 as? Refusal)?.code == .invalid
            }
            let override = try await plane.overrideCombination(of: number, in: lane, reason: "tried by hand", by: .ada)
            #expect(override.with == ["stock@1.0.0"])
            _ = try await eventually("2.1.0 in prod") {
                try await plane.journal.lane(lane).machine.stable?.candidate.version == "2.1.0" ? true : nil
            }
            // Together they were verified in dev, from either side.
            try await Self.bring("stock", "1.2.0", Self.stock, to: ["dev", "prod"], world, plane)
        }
    }

    @Test func `a version that is asked for is waited for`() async throws {
        let world = World()
        try await world.running { plane in
            let shop = Self.file("shop", 7_103, "dependsOn: { stock: \">=1.1\" }")
            try await plane.define(Self.stock)
            try await plane.define(shop)
            try await Self.bring("stock", "1.0.0", Self.stock, to: ["dev"], world, plane)
            world.repository.commit("feat: shop", file: shop)
            _ = try await plane.build(version: "2.0.0")
            let lane = try Self.lane("shop", "dev")
            let (_, number) = try await plane.promote("shop@2.0.0", into: lane.environment, by: .ada)
            let gate = try await Self.gate("needs stock", lane, number, plane)
            #expect(gate.reason.hasPrefix(">=1.1 of stock must be verified in stock/dev; 1.0.0 is"))
            try await Self.bring("stock", "1.1.0", Self.stock, to: ["dev"], world, plane)
            // Whatever wakes the lane next finds it.
            try await plane.define(shop.replacing("./shop", with: "./shop2").replacing("7103", with: "7105"))
            _ = try await eventually("2.0.0 in dev") {
                try await plane.journal.lane(lane).machine.stable?.candidate.version == "2.0.0" ? true : nil
            }
        }
    }

    @Test func `what activates waits until what prepared has baked, and says so`() async throws {
        let world = World()
        let plain = Shop.file(Shop.line("prod"))
        let activate = "needs: { release: 0.1.0, bakedFor: 1h }\ndata: migrate\n" + plain
        try await world.running { plane in
            try await plane.define(plain)
            world.repository.commit("feat: prepare", file: plain)
            _ = try await plane.build()
            _ = try await plane.promote("0.1.0", to: "prod")
            try await plane.verified("0.1.0", in: "prod")
            world.repository.commit("feat: activate", file: activate)
            _ = try await plane.build()
            let number = try await plane.promote("0.2.0", to: "prod")
            let gate = try await Self.gate("prepared", try Shop.lane("prod"), number, plane)
            #expect(gate.reason == "0.1.0 is verified here, and bakes for 1 h")
            #expect(gate.passesAt != nil)
            world.clock.move(.hours(2))
            let lane = try await plane.verified("0.2.0", in: "prod")
            #expect(lane.noReturnBefore == 1)
            #expect(lane.noReturn?.version == "0.2.0")
        }
    }

    @Test func `an environment that is to be like another lets nothing in while it differs`() async throws {
        let world = World()
        @Sendable func file(_ replicas: Int) -> String {
            Shop.file(
                Shop.line("stage", "like: prod", "gates: [like]", "replicas: \(replicas)") + "\n"
                    + Shop.line("prod", "after: stage", "replicas: 2"))
        }
        try await world.running { plane in
            try await plane.define(file(1))
            world.repository.commit("feat: one", file: file(1))
            _ = try await plane.build()
            let number = try await plane.promote("0.1.0", to: "stage")
            let gate = try await Self.gate("like", try Shop.lane("stage"), number, plane)
            #expect(gate.reason.hasPrefix("stage differs from prod in replicas (1, there 2):"))
            try await plane.define(file(2))
            try await plane.verified("0.1.0", in: "stage")
        }
    }

    @Test func `going back past a point of no return is a person's word with a reason, on record`() async throws {
        let world = World()
        let plain = Shop.file(Shop.line("prod"))
        let forward = "reversibility: { forwardOnly: it drops a column }\n" + plain
        try await world.running { plane in
            try await plane.define(plain)
            for (version, file) in [("0.1.0", plain), ("0.2.0", forward)] {
                world.repository.commit("feat: \(version)", file: file)
                _ = try await plane.build()
                _ = try await plane.promote(version, to: "prod")
                try await plane.verified(version, in: "prod")
            }
            let lane = try Shop.lane("prod")
            await #expect {
                _ = try await plane.rollBack(lane, to: nil, reason: "slow", by: .ada)
            } throws: {
                ($0 as? Refusal)?.message.contains("0.2.0 has passed its point of no return: it drops a column.")
                    == true
            }
            await #expect {
                _ = try await plane.rollBack(lane, to: nil, reason: "slow", isForced: true, by: .robot)
            } throws: {
                ($0 as? Refusal)?.code == .notAllowed
            }
            _ = try await plane.rollBack(lane, to: nil, reason: "the column is still there", isForced: true, by: .ada)
            try await plane.verified("0.1.0", in: "prod")
            let events = try await plane.journal.ledger.events(of: .lane(lane), after: 0, limit: 1_000)
            #expect(events.contains { $0.kind.name == "lane.noReturnOverridden" && $0.actor == .person("ada") })
            let admitted = try events.compactMap { envelope -> Lane.Admitted? in
                guard case .admitted(let body) = try EventJSON.event(Lane.Event.self, of: envelope) else { return nil }
                return body
            }
            #expect(admitted.last?.facts.reversibility == .forwardOnly(because: "it drops a column"))
        }
    }
}
