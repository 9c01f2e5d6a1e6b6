import Core
import Engine
import Lab
import Ports
import Testing

/// People, teams, rights and approvals by team, through the use cases.
@Suite(.timeLimit(.minutes(2))) struct PeopleTests {
    private let file = Shop.file(
        Shop.line("qa") + "\n" + Shop.line("prod", "gates: [ { approval: { from: [leads], count: 2 } } ]"))

    private static func name(_ text: String) throws -> DirectoryName { try #require(DirectoryName(text)) }

    private static func add(_ people: [String], teams: [String: [String]] = [:], to plane: ControlPlane) async throws {
        let ada = Caller.ada.actor
        for person in people {
            let id = try Self.name(person)
            _ = try await plane.changeDirectory(by: .ada) { now in
                .describe(id, displayName: person, emails: ["\(person)@shop.example"], by: ada, at: now)
            }
        }
        for (team, members) in teams {
            let name = try Self.name(team)
            _ = try await plane.changeDirectory(by: .ada) { now in .team(name, groups: [], by: ada, at: now) }
            for member in members {
                let id = try Self.name(member)
                _ = try await plane.changeDirectory(by: .ada) { now in .addMember(id, to: name, by: ada, at: now) }
            }
        }
    }

    private static func give(_ right: Right, _ scope: String, to subject: String, _ plane: ControlPlane) async throws {
        let grant = Directory.Grant(
            subject: try #require(Directory.Subject(subject)), right: right, scope: try #require(AccessScope(scope)))
        _ = try await plane.change(grant, isGiven: true, by: .ada)
    }

    private static func code(_ body: () async throws -> Void) async -> Refusal.Code? {
        do {
            try await body()
            return nil
        } catch { return (error as? Refusal)?.code }
    }

    // MARK: Rights

    @Test func `a person in the directory has exactly what was granted, all others what they had`() async throws {
        let world = World()
        let plane = world.plane(over: try world.open())
        try await plane.define(self.file)
        let (qa, prod) = (try Shop.lane("qa"), try Shop.lane("prod"))
        try await plane.intend(.hold(reason: "as before", until: nil), in: qa, by: .bob)
        try await Self.add(["bob"], to: plane)
        let hold = Lane.Intent.hold(reason: "mine", until: nil)
        #expect(await Self.code { try await plane.intend(hold, in: prod, by: .bob) } == .notAllowed)
        #expect(await Self.code { _ = try await plane.status(of: nil, by: .bob) } == .notAllowed)
        try await Self.give(.operate, "lane:shop/prod", to: "person:bob", plane)
        try await plane.intend(hold, in: prod, by: .bob)
        #expect(await Self.code { try await plane.intend(hold, in: qa, by: .bob) } == .notAllowed)
        // Lists show what may be seen.
        let seen = try await plane.status(of: nil, by: .bob).services
        #expect(seen.flatMap(\.lanes).map(\.id) == [prod])
        #expect(try await plane.status(of: nil, by: .cleo).services.flatMap(\.lanes).count == 2)
        // The token of who runs the server administers, whatever the directory says.
        try await Self.add(["ada"], to: plane)
        try await plane.intend(.releaseHold(reason: "over"), in: qa, by: .ada)
    }

    @Test func `a refusal names who can grant it, and how`() async throws {
        let world = World()
        let plane = world.plane(over: try world.open())
        try await plane.define(self.file)
        try await Self.add(["bob", "dora"], to: plane)
        try await Self.give(.administer, "service:shop", to: "person:dora", plane)
        await #expect {
            try await plane.intend(.hold(reason: "x", until: nil), in: try Shop.lane("prod"), by: .bob)
        } throws: { error in
            "\(error)" == "person:bob has no right to operate shop/prod. dora can grant it: "
                + "`slipway grant add operate:shop/prod --to person:bob`."
        }
        // And dora can.
        let dora = Caller(actor: .person("dora"))
        let grant = Directory.Grant(
            subject: try #require(Directory.Subject("person:bob")), right: .operate,
            scope: .lane(try Shop.lane("prod")))
        _ = try await plane.change(grant, isGiven: true, by: dora)
        try await plane.intend(.hold(reason: "x", until: nil), in: try Shop.lane("prod"), by: .bob)
        let wide = Directory.Grant(subject: grant.subject, right: .operate, scope: .organisation)
        #expect(await Self.code { _ = try await plane.change(wide, isGiven: true, by: dora) } == .notAllowed)
        #expect(await Self.code { _ = try await plane.directory(by: dora) } == .notAllowed)
    }

    @Test func `a flood of refusals leaves few records, and none in what an admission reads`() async throws {
        let world = World()
        let ledger = try world.open()
        let plane = world.plane(over: ledger)
        try await plane.define(self.file)
        try await Self.add(["bob"], to: plane)
        let before = try await ledger.position()
        for number in 0..<200 {
            let lane = LaneID(
                service: try #require(ServiceName("s\(number)")), environment: try #require(EnvironmentName("prod")))
            #expect(await Self.code { _ = try await plane.lane(lane, by: .bob) } == .notAllowed)
            #expect(await Self.code { _ = try await plane.tokens(by: .bob) } == .notAllowed)
        }
        let events = try await ledger.events(after: before, limit: 1_000)
        #expect(events.count == Access.refusalLimit)
        #expect(Set(events.map(\.stream)) == [.access])
        world.clock.move(.minutes(1))
        #expect(await Self.code { _ = try await plane.tokens(by: .bob) } == .notAllowed)
        #expect(try await ledger.position() == before + Access.refusalLimit + 1)
    }

    // MARK: Tokens

    @Test func `a token of version 3 is good for its rights alone, until it expires, cut by its owner's grants`()
        async throws
    {
        let world = World()
        let plane = world.plane(over: try world.open())
        try await plane.define(self.file)
        let prod = try Shop.lane("prod")
        let rights = [
            Access.TokenRight(right: .operate, scope: .lane(prod)),
            Access.TokenRight(right: .view, scope: .service(prod.service)),
        ]
        let (_, secret) = try await plane.addToken(
            "ci", owner: .serviceAccount("ci"), mayAdminister: false, rights: rights, lasting: .hours(24), by: .ada)
        let caller = try #require(try await plane.authenticate(secret)).caller
        try await plane.intend(.hold(reason: "x", until: nil), in: prod, by: caller)
        let qa = try Shop.lane("qa")
        let hold = Lane.Intent.hold(reason: "x", until: nil)
        #expect(await Self.code { try await plane.intend(hold, in: qa, by: caller) } == .notAllowed)
        #expect(await Self.code { _ = try await plane.tokens(by: caller) } == .notAllowed)
        let again = await Self.code {
            _ = try await plane.addToken("ci", owner: .person("x"), mayAdminister: false, by: .ada)
        }
        #expect(again == .alreadyExists)
        // The owner's grants cut it.
        try await Self.add(["eve"], teams: ["bots": ["eve"]], to: plane)
        let (ci, bots) = (try Self.name("ci"), try Self.name("bots"))
        _ = try await plane.changeDirectory(by: .ada) { .addAccount(ci, team: bots, by: .system, at: $0) }
        let release = Lane.Intent.releaseHold(reason: "x")
        #expect(await Self.code { try await plane.intend(release, in: prod, by: caller) } == .notAllowed)
        try await Self.give(.operate, "service:shop", to: "service-account:ci", plane)
        try await plane.intend(release, in: prod, by: caller)
        #expect(await Self.code { try await plane.intend(release, in: qa, by: caller) } == .notAllowed)
        // It ends by itself, and its name is free again.
        world.clock.move(.hours(24))
        #expect(try await plane.authenticate(secret) == nil)
        _ = try await plane.addToken("ci", owner: .serviceAccount("ci"), mayAdminister: false, by: .ada)
        let wrongOnes: [([Access.TokenRight], Milliseconds?)] = [
            ([], nil), (rights, .zero), (rights, .hours(24 * 400)),
        ]
        for (wrong, lasting) in wrongOnes {
            #expect(
                await Self.code {
                    _ = try await plane.addToken(
                        "bad", owner: .person("x"), mayAdminister: false, rights: wrong, lasting: lasting, by: .ada)
                } == .invalid)
        }
    }

    @Test func `only tokens in use count against the limit`() throws {
        var access = Access()
        let hash = try #require(Digest("sha256:" + String(repeating: "a", count: 64)))
        func token(_ number: Int) -> Access.Token {
            Access.Token(
                name: "t\(number)", owner: .person("bob"), hash: hash, mayAdminister: false,
                createdAt: Instant(milliseconds: 1_800_000_000_000))
        }
        for number in 0..<Access.tokenLimit { try access.apply(.tokenAdded(token(number))) }
        #expect(throws: Refusal.self) { try access.decide(.add(token(-1))) }
        for event in try access.decide(.revoke(name: "t0", by: .system, at: token(0).createdAt)) {
            try access.apply(event)
        }
        for event in try access.decide(.add(token(-1))) { try access.apply(event) }
        #expect(access.tokens.count == Access.tokenLimit + 1)
    }

    // MARK: Approvals by team

    @Test func `a team approves, who left it meanwhile counts no more, and others may then be asked`() async throws {
        let world = World()
        world.repository.commit("feat: open", file: self.file)
        let file = self.file
        try await world.running { plane in
            try await Self.add(["bob", "cleo", "dora"], teams: ["leads": ["bob", "cleo", "dora"]], to: plane)
            try await Self.give(.approve, "environment:prod", to: "team:leads", plane)
            try await plane.define(file)
            _ = try await plane.build(by: .robot)
            let prod = try Shop.lane("prod")
            // Held, so that what was approved still waits.
            try await plane.intend(.hold(reason: "not yet", until: nil), in: prod, by: .ada)
            let number = try await plane.promote("0.1.0", to: "prod", by: .ada)
            let change = ChangeID(prod, number)
            let zoe = Caller(actor: .person("zoe"))
            let stranger = await Self.code { _ = try await plane.decide(change, yes: true, reason: "-", by: zoe) }
            #expect(stranger == .notAllowed)
            _ = try await plane.decide(change, yes: true, reason: "fine", by: .bob)
            let approved = try await plane.decide(change, yes: true, reason: "fine", by: .cleo)
            #expect(approved.state == .approved)
            #expect(try await plane.missing(of: approved).isEmpty)
            let (bob, leads) = (try Self.name("bob"), try Self.name("leads"))
            _ = try await plane.changeDirectory(by: .ada) { .removeMember(bob, from: leads, by: .system, at: $0) }
            try await plane.intend(.releaseHold(reason: "go"), in: prod, by: .ada)
            let queued = try await eventually("its reason") {
                try await plane.machine("prod").queue.first {
                    $0.waitsFor.contains { $0.gate == "approval" && $0.reason.contains("not all who said yes") }
                }
            }
            #expect(queued.waitsFor.contains { $0.reason.contains("waits for 1 of leads") })
            let left = await Self.code { _ = try await plane.decide(change, yes: true, reason: "-", by: .bob) }
            #expect(left == .notAllowed)
            let dora = Caller(actor: .person("dora"))
            _ = try await plane.decide(change, yes: true, reason: "fine", by: dora)
            #expect(try await plane.end(number, in: "prod").end == .deployment(.completed))
            let report = try await plane.replay(nil, by: .ada)
            #expect(report.admissions == 1 && report.differing == 0, "\(report.differences)")
        }
    }

    @Test func `an author under another name is known by the address of the commit`() async throws {
        let world = World()
        world.repository.commit("feat: open", file: self.file)
        let file = self.file
        try await world.running { plane in
            try await plane.define(file)
            let release = try await plane.build(by: .robot)
            let author = try #require(release.origin?.author)
            let address = String(try #require(author.split(separator: "<").last?.dropLast()))
            try await Self.add(["cleo", "dora"], teams: ["leads": ["cleo", "dora"]], to: plane)
            let (bob, leads) = (try Self.name("bob"), try Self.name("leads"))
            _ = try await plane.changeDirectory(by: .ada) {
                .describe(bob, displayName: "B", emails: [address.uppercased()], by: .system, at: $0)
            }
            _ = try await plane.changeDirectory(by: .ada) { .addMember(bob, to: leads, by: .system, at: $0) }
            try await Self.give(.approve, "organisation", to: "team:leads", plane)
            let number = try await plane.promote("0.1.0", to: "prod", by: .ada)
            let change = ChangeID(try Shop.lane("prod"), number)
            #expect(
                await Self.code { _ = try await plane.decide(change, yes: true, reason: "mine", by: .bob) }
                    == .authorIsApprover)
            _ = try await plane.decide(change, yes: true, reason: "fine", by: .cleo)
            _ = try await plane.decide(change, yes: true, reason: "fine", by: Caller(actor: .person("dora")))
            #expect(try await plane.end(number, in: "prod").end == .deployment(.completed))
        }
    }

    @Test func `one member of two groups fills one seat`() async throws {
        let world = World()
        let file = Shop.file(
            Shop.line(
                "prod",
                "gates: [ { approval: { from: [leads], count: 1 } }, { approval: { from: [ops], count: 1 } } ]"))
        world.repository.commit("feat: open", file: file)
        try await world.running { plane in
            try await plane.define(file)
            _ = try await plane.build(by: .robot)
            try await Self.add(
                ["bob", "cleo"], teams: ["leads": ["bob"], "ops": ["bob", "cleo"]], to: plane)
            try await Self.give(.approve, "lane:shop/prod", to: "team:ops", plane)
            let number = try await plane.promote("0.1.0", to: "prod", by: .ada)
            let change = ChangeID(try Shop.lane("prod"), number)
            let first = try await plane.decide(change, yes: true, reason: "fine", by: .bob)
            #expect(first.state == .requested)
            #expect(try await plane.missing(of: first).map(\.count) == [1])
            let second = try await plane.decide(change, yes: true, reason: "fine", by: .cleo)
            #expect(second.state == .approved || second.state == .closed)
            #expect(try await plane.end(number, in: "prod").end == .deployment(.completed))
        }
    }
}
