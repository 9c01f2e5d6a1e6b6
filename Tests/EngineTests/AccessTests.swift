import Core
import Engine
import Lab
import Ports
import Testing

@Suite(.timeLimit(.minutes(2))) struct AccessTests {
    // MARK: Who may weaken a definition

    private let open = Shop.file(Shop.line("prod"))
    private let gated = Shop.file(Shop.line("prod", "gates: [ { approval: { from: [bob, cleo], count: 1 } } ]"))
    private let stricter = Shop.file(
        Shop.line("prod", "bake: 1m", "gates: [ { approval: { from: [bob, cleo], count: 2 } } ]"))

    @Test
    func `everybody may strengthen a definition, an administrator alone may weaken it, and a refusal is on record`()
        async throws
    {
        let world = World()
        let plane = world.plane(over: try world.open())
        #expect(try await plane.define(self.gated, by: .ada).number == 1)
        #expect(try await plane.define(self.stricter, by: .bob).number == 2)
        for weaker in [self.gated, self.open] {
            await #expect { try await plane.define(weaker, by: .bob) } throws: { error in
                (error as? Refusal)?.code == .notAllowed
            }
        }
        #expect(try await plane.journal.service(try Shop.lane("prod").service).machine.number == 2)
        let records = try await plane.journal.ledger.events(of: .access, after: 0, limit: 10)
        #expect(records.map(\.kind.name) == ["access.refused"], "the same is written down once a minute")
        #expect(records.allSatisfy { $0.actor == Caller.bob.actor })
        #expect(
            records.allSatisfy { String(decoding: $0.body, as: UTF8.self).contains("service:shop (shop, weakened)") })
        // What would change may be asked by everybody.
        let plan = try await plane.apply(self.open, repository: Shop.folder, isPlan: true, by: .bob)
        #expect(plan.differences.contains { $0.hasSuffix("(weakens)") })
        #expect(try await plane.define(self.open, by: .ada).number == 3)
    }

    @Test func `a gate that came meanwhile is not taken away by a definition that was compared with the one before`()
        async throws
    {
        let world = World()
        let ledger = try world.open()
        let other = world.plane(over: ledger)
        try await other.define(self.open, by: .ada)
        let isFirst = Once()
        let watched = WatchedLedger(
            ledger: ledger,
            before: {
                guard isFirst.take() else { return }
                try await other.define(self.gated, by: .ada)
            })
        let baked = Shop.file(Shop.line("prod", "bake: 1m"))
        await #expect { try await world.plane(over: watched).define(baked, by: .bob) } throws: { error in
            (error as? Refusal)?.code == .notAllowed
        }
        let service = try await world.plane(over: ledger).journal.service(try Shop.lane("prod").service).machine
        #expect(service.number == 2)
        #expect(service.current?.environments.first?.gates.count == 1)
    }

    @Test func `another repository is a change that a plan names`() async throws {
        let world = World()
        let plane = world.plane(over: try world.open())
        try await plane.define(self.open)
        let plan = try await plane.apply(self.open, repository: "/elsewhere", isPlan: true, by: .ada)
        #expect(plan.isChanged)
        #expect(plan.differences == ["service: repository \(Shop.folder) -> /elsewhere"])
        #expect(try await plane.apply(self.open, repository: "/elsewhere", isPlan: false, by: .ada).number == 2)
    }

    @Test func `services that are applied at once never share an address`() async throws {
        let world = World()
        let plane = world.plane(over: try world.open())
        let files = ["a", "b", "c", "d"].map { self.open.replacing("service: shop", with: "service: shop-\($0)") }
        let outcomes = await withTaskGroup(of: Refusal.Code?.self) { group in
            for file in files {
                group.addTask {
                    do {
                        try await plane.define(file)
                        return nil
                    } catch {
                        return (error as? Refusal)?.code ?? .invalid
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.filter { $0 == nil }.count == 1)
        #expect(outcomes.filter { $0 == .alreadyExists }.count == files.count - 1)
    }

    // MARK: Tokens

    @Test func `the ledger holds a token's hash and nowhere its secret`() async throws {
        let world = World()
        let ledger = try world.open()
        let plane = world.plane(over: ledger)
        let (token, secret) = try await plane.addToken("ci", owner: .person("bob"), mayAdminister: false, by: .ada)
        // 256 bits, with a mark in front that scanners of secrets can know.
        #expect(secret.wholeMatch(of: /slipway_[0-9a-f]{64}/) != nil)
        let (_, second) = try await plane.addToken("ci-2", owner: .person("bob"), mayAdminister: false, by: .ada)
        #expect(second != secret)
        let bodies = try await ledger.events(after: 0, limit: 100).map { String(decoding: $0.body, as: UTF8.self) }
        #expect(bodies.contains { $0.contains(token.hash.text) })
        #expect(!bodies.contains { $0.contains(secret.dropFirst("slipway_".count)) })
        #expect(token.hash == Digest.of(secret))
        for table in ProjectionTable.allCases {
            #expect(try await ledger.rows(table, scope: nil, after: nil, limit: 100).isEmpty)
        }
    }

    @Test func `a token is its owner's until it is revoked, and nothing else is a token`() async throws {
        let world = World()
        let plane = world.plane(over: try world.open())
        let (token, secret) = try await plane.addToken("ci", owner: .person("bob"), mayAdminister: false, by: .ada)
        let known = try await plane.authenticate(secret)
        #expect(known?.token == "ci" && known?.caller == .bob)
        let wrong = [
            "", " ", String(secret.dropLast()), secret + "0", secret.uppercased(), token.hash.text,
            token.hash.hexadecimal, String(repeating: "x", count: 257),
        ]
        for text in wrong { #expect(try await plane.authenticate(text) == nil, "\(text)") }
        await #expect(throws: Refusal.self) {
            try await plane.addToken("ci", owner: .person("cleo"), mayAdminister: false, by: .ada)
        }
        try await plane.revokeToken("ci", by: .ada)
        #expect(try await plane.authenticate(secret) == nil)
        #expect(try await plane.caller(holding: "ci") == nil)
        // The name is free again, and the old secret stays dead.
        let (_, next) = try await plane.addToken("ci", owner: .person("cleo"), mayAdminister: false, by: .ada)
        #expect(try await plane.authenticate(next)?.caller == .cleo)
        #expect(try await plane.authenticate(secret) == nil)
    }

    @Test func `who may not administer makes and revokes no token`() async throws {
        let world = World()
        let plane = world.plane(over: try world.open())
        _ = try await plane.addToken("ci", owner: .person("bob"), mayAdminister: false, by: .ada)
        for caller in [Caller.bob, .robot] {
            await #expect { try await plane.revokeToken("ci", by: caller) } throws: { error in
                (error as? Refusal)?.code == .notAllowed
            }
            await #expect {
                try await plane.addToken("mine", owner: caller.actor, mayAdminister: true, by: caller)
            } throws: { error in
                (error as? Refusal)?.code == .notAllowed
            }
        }
        #expect(try await plane.tokens(by: .ada).map(\.name) == ["ci"])
    }

    @Test func `the token of who runs serve is kept over a start, and made anew where its secret was lost`()
        async throws
    {
        let world = World()
        let plane = world.plane(over: try world.open())
        let first = try await plane.localToken(owner: .person("ada"), keeping: nil)
        #expect(try await plane.localToken(owner: .person("ada"), keeping: first) == first)
        #expect(try await plane.authenticate(first)?.caller == .ada)
        for lost in [nil, "slipway_00"] {
            let before = try await plane.localToken(owner: .person("ada"), keeping: first)
            let next = try await plane.localToken(owner: .person("ada"), keeping: lost)
            #expect(next != before)
            #expect(try await plane.authenticate(before) == nil)
            #expect(try await plane.authenticate(next)?.caller == .ada)
        }
    }
}
