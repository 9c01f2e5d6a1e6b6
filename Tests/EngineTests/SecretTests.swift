import Core
import Engine
import Lab
import Ports
import Testing

@Suite(.timeLimit(.minutes(2))) struct SecretTests {
    private static let shop = Shop.file(Shop.line("prod"))
        .replacing("run: { command: ./shop }", with: "run: { command: ./shop, secrets: [DB_PASSWORD] }")

    private static func name() throws -> SecretName { try #require(SecretName("DB_PASSWORD")) }
    private static func service() throws -> ServiceName { try #require(ServiceName("shop")) }

    @discardableResult
    private static func set(_ value: String, env: String? = nil, _ plane: ControlPlane, by caller: Caller = .ada)
        async throws -> SecretVersion
    {
        try await plane.setSecret(
            self.name(), of: self.service(), in: env.map { try #require(EnvironmentName($0)) }, value: value, by: caller
        )
    }

    private static func versions(_ lane: Lane) -> [Int]? {
        lane.serving.first?.capacity.secrets?.map(\.version)
    }

    @Test func `a promotion waits for a secret, names it and the command, and goes on once it is set`() async throws {
        let world = World()
        world.repository.commit("feat: open", file: Self.shop)
        try await world.running { plane in
            try await plane.define(Self.shop)
            _ = try await plane.build()
            let number = try await plane.promote("0.1.0", to: "prod")
            let gate = try await eventually("the gate's word") {
                try await plane.machine("prod").queue.first { $0.number == number }?.waitsFor.first {
                    $0.gate == "secrets"
                }
            }
            #expect(gate.verdict == nil)
            #expect(gate.reason.contains("DB_PASSWORD has no value for shop/prod yet"))
            #expect(gate.reason.contains("`slipway secret set DB_PASSWORD --service shop --env prod`"))
            try await Self.set("correct horse", plane)
            #expect(try await Self.versions(plane.verified("0.1.0", in: "prod")) == [1])
        }
        // Nothing that was written down holds the value.
        for envelope in try await world.open().events(after: 0, limit: 10_000) {
            #expect(!String(decoding: envelope.body, as: UTF8.self).contains("correct horse"))
        }
    }

    @Test func `a new value comes with the next deployment, and what is gone back to has its own again`() async throws {
        let world = World()
        world.repository.commit("feat: open", file: Self.shop)
        try await world.running { plane in
            try await plane.define(Self.shop)
            try await Self.set("the first value", plane)
            _ = try await plane.build()
            _ = try await plane.promote("0.1.0", to: "prod")
            try await plane.verified("0.1.0", in: "prod")
            // The environment's own value comes before that of all.
            let own = try await Self.set("prod's own value", env: "prod", plane)
            #expect(own.version == 1)
            #expect(try await Self.set("its second value", env: "prod", plane).version == 2)
            #expect(try await plane.machine("prod").serving.first?.capacity.secrets?.first?.environment == nil)
            world.repository.commit("feat: grow", file: Self.shop)
            _ = try await plane.build()
            _ = try await plane.promote("0.2.0", to: "prod")
            #expect(try await Self.versions(plane.verified("0.2.0", in: "prod")) == [2])
            // Nothing uses what was set in between; what can be rolled back to keeps its own.
            #expect(throws: SecretError.self) { _ = try world.secrets.value(own) }
            let first = SecretVersion(service: try Self.service(), environment: nil, name: try Self.name(), version: 1)
            #expect(try world.secrets.value(first) == "the first value")
            #expect(try await plane.machine("prod").history.first?.secrets == [first])
        }
    }

    @Test func `one that is removed stays with what runs, and no number is given twice`() async throws {
        let world = World()
        world.repository.commit("feat: open", file: Self.shop)
        try await world.running { plane in
            try await plane.define(Self.shop)
            try await Self.set("the first value", plane)
            _ = try await plane.build()
            _ = try await plane.promote("0.1.0", to: "prod")
            try await plane.verified("0.1.0", in: "prod")
            let first = SecretVersion(service: try Self.service(), environment: nil, name: try Self.name(), version: 1)
            try await plane.removeSecret(
                Self.name(), of: Self.service(), in: nil, reason: "it leaked", by: .ada)
            #expect(try await plane.secrets(of: Self.service(), by: .bob).isEmpty)
            #expect(try world.secrets.value(first) == "the first value")
            await #expect(throws: Refusal.self) {
                try await plane.removeSecret(Self.name(), of: Self.service(), in: nil, reason: "again", by: .ada)
            }
            #expect(try await Self.set("the second value", plane).version == 2)
            let listed = try await plane.secrets(of: Self.service(), by: .bob)
            #expect(listed.map(\.version) == [2] && listed.map(\.by) == [.person("ada")])
        }
    }

    @Test func `who may not administer sets none, and a value that could not be hidden is refused`() async throws {
        let world = World()
        try await world.running { plane in
            try await plane.define(Self.shop)
            await #expect(throws: Refusal.self) { try await Self.set("correct horse", plane, by: .bob) }
            await #expect(throws: Refusal.self) { try await Self.set("abc", plane) }
            await #expect(throws: Refusal.self) { try await Self.set("correct horse", env: "moon", plane) }
            #expect(try await plane.secrets(of: Self.service(), by: .ada).isEmpty)
        }
    }
}
