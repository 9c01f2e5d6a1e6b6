import Core
import Engine
import Lab
import Ports
import Testing

/// `slipway token add NAME --scope release`: what a build server is trusted with.
@Suite(.timeLimit(.minutes(1))) struct ScopeTests {
    private let file = "watch: main\n" + Shop.file(Shop.line("prod"))

    private func other() -> String {
        self.file.replacing("service: shop", with: "service: blog").replacing(/127.0.0.1:\d+/, with: "127.0.0.1:6999")
    }

    @Test
    func `a token for releases of a service makes and sees those and nothing else, and each refusal is on record`()
        async throws
    {
        let world = World()
        let (file, other) = (self.file, self.other())
        try await world.running { plane in
            try await plane.define(other)
            world.repository.commit("feat: blog", file: other)
            let blog = try #require(try await plane.build().origin)
            // Not watched yet, or the watch would make the release before bob does.
            try await plane.define(Shop.file(Shop.line("prod")))
            world.repository.commit("feat: open", file: file)
            let lane = try Shop.lane("prod")
            let secret = try await plane.addToken(
                "ci", owner: .person("bob"), mayAdminister: false, scope: .release(of: [lane.service]), by: .ada
            ).secret
            let caller = try #require(try await plane.authenticate(secret)).caller
            #expect(caller.scope == .release(of: [lane.service]) && caller.actor == .person("bob"))
            #expect(try await plane.caller(holding: "ci") == caller)

            let release = try await plane.build(by: caller)
            let id = try #require(release.origin?.id)
            try await plane.define(file)
            #expect(release.phase == .built && release.origin?.by == .person("bob"))
            #expect(try await plane.release(named: "shop@\(release.origin?.version ?? "")", by: caller) == release)
            #expect(try await plane.release(named: id.text, by: caller) == release)
            #expect(try await plane.releases(of: lane.service, limit: 5, by: caller).count == 1)
            _ = try await plane.buildLog(of: id, from: 0, by: caller)
            _ = try await plane.poll(lane.service, by: caller)
            #expect(try await plane.journal.ledger.events(of: .access, after: 0, limit: 50).count == 1)

            let forbidden: [@Sendable () async throws -> Void] = [
                { _ = try await plane.promote(release.origin?.version ?? "", to: "prod", by: caller) },
                { _ = try await plane.define(file.replacing("web-team", with: "me"), by: caller) },
                { _ = try await plane.create(blog.commit, by: caller) },
                { _ = try await plane.release(named: blog.id.text, by: caller) },
                { _ = try await plane.release(named: "blog@0.1.0", by: caller) },
                { _ = try await plane.releases(of: blog.service, limit: 5, by: caller) },
                { _ = try await plane.buildLog(of: blog.id, from: 0, by: caller) },
                { _ = try await plane.poll(blog.service, by: caller) },
                { _ = try await plane.lane(lane, by: caller) },
                { _ = try await plane.status(of: lane.service, by: caller) },
                { _ = try await plane.events(of: nil, after: 0, limit: 5, by: caller) },
                { try await plane.intend(.hold(reason: "mine", until: nil), in: lane, by: caller) },
                { try await plane.intend(.down(reason: "mine"), in: lane, by: caller) },
                { _ = try await plane.rollBack(lane, to: nil, reason: "mine", by: caller) },
                { _ = try await plane.tokens(by: caller) },
                { try await plane.revokeToken("ci", by: caller) },
            ]
            for (number, act) in forbidden.enumerated() {
                await #expect("act \(number)") { try await act() } throws: { ($0 as? Refusal)?.code == .notAllowed }
            }
            let records = try await plane.journal.ledger.events(of: .access, after: 1, limit: 50)
            // The same right in the same place is written down once a minute.
            #expect(records.count > 8 && records.allSatisfy { $0.kind.name == "access.refused" })
            #expect(Set(records.map { String(decoding: $0.body, as: UTF8.self) }).count == records.count)
            #expect(records.allSatisfy { $0.actor == .person("bob") })
            #expect(try await plane.machine("prod").lastNumber == 0)
        }
    }

    @Test func `the services of a scope are there, each once`() async throws {
        let world = World()
        let plane = world.plane(over: try world.open())
        try await plane.define(self.file)
        let shop = try Shop.lane("prod").service
        let unknown = try #require(ServiceName("shpo"))
        for services in [[], [shop, shop], [unknown]] {
            await #expect(throws: Refusal.self) {
                try await plane.addToken(
                    "ci", owner: .person("bob"), mayAdminister: false, scope: .release(of: services), by: .ada)
            }
        }
        #expect(try await plane.tokens(by: .ada).isEmpty)
    }
}
