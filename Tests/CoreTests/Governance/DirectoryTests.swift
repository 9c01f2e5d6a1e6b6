import Core
import Testing

/// Who is who, who may do what, and who stands in for whom.
struct DirectoryTests {
    private static let now = Instant(milliseconds: 1_800_000_000_000)
    private static let later = Instant(milliseconds: 1_800_086_400_000)
    private static let ada = Actor.person("ada")

    private static func name(_ text: String) throws -> DirectoryName { try #require(DirectoryName(text)) }

    private static func scope(_ text: String) throws -> AccessScope { try #require(AccessScope(text)) }

    private static func grant(_ subject: String, _ right: Right, _ scope: String) throws -> Directory.Grant {
        Directory.Grant(
            subject: try #require(Directory.Subject(subject)), right: right, scope: try Self.scope(scope))
    }

    @discardableResult
    private static func take(_ input: Directory.Input, _ directory: inout Directory) throws -> [String] {
        let events = try directory.decide(input)
        for event in events { try directory.apply(event) }
        return events.map { String($0.kind.name.dropFirst("directory.".count)) }
    }

    private static func add(_ people: [String], to directory: inout Directory) throws {
        for person in people {
            try Self.take(
                .describe(
                    try Self.name(person), displayName: person, emails: ["\(person)@example.org"], by: Self.ada,
                    at: Self.now), &directory)
        }
    }

    /// ada administers; bob and cleo are leads; dora is in no team.
    private static func directory() throws -> Directory {
        var directory = Directory()
        try Self.add(["ada", "bob", "cleo", "dora"], to: &directory)
        try Self.take(.grant(try Self.grant("person:ada", .administer, "organisation"), by: ada, at: now), &directory)
        try Self.take(.team(try Self.name("leads"), groups: [], by: ada, at: now), &directory)
        for person in ["bob", "cleo"] {
            try Self.take(
                .addMember(try Self.name(person), to: try Self.name("leads"), by: ada, at: now), &directory)
        }
        return directory
    }

    private static func code(_ input: Directory.Input, _ directory: Directory) -> Refusal.Code? {
        do throws(Refusal) {
            _ = try directory.decide(input)
            return nil
        } catch { return error.code }
    }

    // MARK: Every fact

    @Test func `each input gives its fact`() throws {
        var directory = Directory()
        let (ada, now) = (Self.ada, Self.now)
        let (bob, cleo, web, ci) = (
            try Self.name("bob"), try Self.name("cleo"), try Self.name("web"), try Self.name("ci")
        )
        let grant = try Self.grant("team:web", .promote, "lane:shop/prod")
        func facts(_ input: Directory.Input) throws -> [String] { try Self.take(input, &directory) }
        #expect(
            try facts(.describe(bob, displayName: "Bob", emails: ["B@x.org"], by: ada, at: now)) == ["personAdded"])
        #expect(directory.people["bob"]?.emails == ["b@x.org"])
        #expect(directory.person(withEmail: "B@X.org")?.id == bob)
        #expect(try facts(.describe(bob, displayName: "Bobby", emails: [], by: ada, at: now)) == ["personChanged"])
        #expect(directory.people["bob"]?.displayName == "Bobby" && directory.person(withEmail: "b@x.org") == nil)
        #expect(try facts(.describe(cleo, displayName: "Cleo", emails: [], by: ada, at: now)) == ["personAdded"])
        #expect(try facts(.team(web, groups: [], by: ada, at: now)) == ["teamAdded"])
        #expect(try facts(.team(web, groups: ["/web"], by: ada, at: now)) == ["teamMapped"])
        #expect(directory.teams["web"]?.groups == ["/web"])
        #expect(try facts(.addMember(bob, to: web, by: ada, at: now)) == ["memberAdded"])
        #expect(directory.teams["web"]?.members == ["bob"] && directory.people["bob"]?.teams == ["web"])
        #expect(try facts(.grant(grant, by: ada, at: now)) == ["granted"])
        #expect(directory.rights(of: .person("bob"), on: grant.scope, at: now) == [.view, .promote])
        #expect(try facts(.removeGrant(grant, by: ada, at: now)) == ["grantRemoved"])
        #expect(directory.rights(of: .person("bob"), on: grant.scope, at: now) == [])
        #expect(try facts(.removeMember(bob, from: web, by: ada, at: now)) == ["memberRemoved"])
        #expect(directory.teams["web"]?.members == [] && directory.people["bob"]?.teams == [])
        #expect(try facts(.signedIn(bob, groups: ["/web"], by: .system, at: now)) == ["memberAdded"])
        #expect(try facts(.signedIn(bob, groups: ["/ops"], by: .system, at: now)) == ["memberRemoved"])
        #expect(try facts(.addAccount(ci, team: web, by: ada, at: now)) == ["accountAdded"])
        let robots = try Self.grant("service-account:ci", .propose, "service:shop")
        #expect(try facts(.grant(robots, by: ada, at: now)) == ["granted"])
        #expect(directory.rights(of: .serviceAccount("ci"), on: robots.scope, at: now) == [.view, .propose])
        #expect(try facts(.removeAccount(ci, by: ada, at: now)) == ["grantRemoved", "accountRemoved"])
        #expect(directory.rights(of: .serviceAccount("ci"), on: robots.scope, at: now) == nil)
        let delegation = Directory.Input.delegate(
            from: bob, to: cleo, until: Self.later, reason: "leave", by: ada, at: now)
        #expect(try facts(delegation) == ["delegated"])
        #expect(try facts(.endDelegation(from: bob, by: ada, at: now)) == ["delegationEnded"])
        #expect(try facts(.deactivate(bob, reason: "left", by: ada, at: now)) == ["personDeactivated"])
        #expect(try facts(.describe(bob, displayName: "Bob", emails: [], by: ada, at: now)) == ["personChanged"])
        #expect(directory.people["bob"]?.isActive == true)
    }

    @Test func `what makes no sense is refused, and says so`() throws {
        let directory = try Self.directory()
        let (ada, now) = (Self.ada, Self.now)
        let (bob, zoe, leads, none) = (
            try Self.name("bob"), try Self.name("zoe"), try Self.name("leads"), try Self.name("none")
        )
        let twice = try Self.grant("person:ada", .administer, "organisation")
        let wrong: [(Directory.Input, Refusal.Code)] = [
            (.describe(bob, displayName: "bob", emails: ["bob@example.org"], by: ada, at: now), .nothingToDo),
            (.describe(zoe, displayName: "Zoe", emails: ["BOB@example.org"], by: ada, at: now), .alreadyExists),
            (.describe(zoe, displayName: "Zoe", emails: ["zoe"], by: ada, at: now), .invalid),
            (.describe(zoe, displayName: "", emails: [], by: ada, at: now), .invalid),
            (.describe(leads, displayName: "Leads", emails: [], by: ada, at: now), .alreadyExists),
            (.deactivate(zoe, reason: "-", by: ada, at: now), .notFound),
            (.team(bob, groups: [], by: ada, at: now), .alreadyExists),
            (.team(leads, groups: [], by: ada, at: now), .alreadyExists),
            (.addMember(bob, to: leads, by: ada, at: now), .nothingToDo),
            (.addMember(bob, to: none, by: ada, at: now), .notFound),
            (.addMember(zoe, to: leads, by: ada, at: now), .notFound),
            (.removeMember(zoe, from: leads, by: ada, at: now), .nothingToDo),
            (.signedIn(zoe, groups: [], by: ada, at: now), .notFound),
            (.addAccount(zoe, team: none, by: ada, at: now), .notFound),
            (.removeAccount(zoe, by: ada, at: now), .notFound),
            (.grant(twice, by: ada, at: now), .nothingToDo),
            (.grant(try Self.grant("person:zoe", .view, "organisation"), by: ada, at: now), .notFound),
            (.removeGrant(try Self.grant("person:bob", .view, "organisation"), by: ada, at: now), .notFound),
            (.delegate(from: bob, to: bob, until: Self.later, reason: "-", by: ada, at: now), .invalid),
            (.delegate(from: bob, to: zoe, until: Self.later, reason: "-", by: ada, at: now), .notFound),
            (.delegate(from: bob, to: try Self.name("ada"), until: now, reason: "-", by: ada, at: now), .invalid),
            (.endDelegation(from: bob, by: ada, at: now), .nothingToDo),
        ]
        for (input, code) in wrong { #expect(Self.code(input, directory) == code, "\(input)") }
    }

    @Test func `a service account approves nothing`() throws {
        var directory = try Self.directory()
        try Self.take(
            .addAccount(try Self.name("ci"), team: try Self.name("leads"), by: Self.ada, at: Self.now), &directory)
        let grant = try Self.grant("service-account:ci", .approve, "organisation")
        #expect(Self.code(.grant(grant, by: Self.ada, at: Self.now), directory) == .notAllowed)
    }

    // MARK: The last administrator

    @Test func `the last administrator stays, by a grant of their own or of a team`() throws {
        var directory = try Self.directory()
        let (ada, now) = (Self.ada, Self.now)
        let own = try Self.grant("person:ada", .administer, "organisation")
        #expect(Self.code(.removeGrant(own, by: ada, at: now), directory) == .notAllowed)
        #expect(Self.code(.deactivate(try Self.name("ada"), reason: "-", by: ada, at: now), directory) == .notAllowed)
        let team = try Self.grant("team:leads", .administer, "organisation")
        try Self.take(.grant(team, by: ada, at: now), &directory)
        #expect(directory.administrators == ["ada", "bob", "cleo"])
        try Self.take(.removeGrant(own, by: ada, at: now), &directory)
        try Self.take(.removeMember(try Self.name("bob"), from: try Self.name("leads"), by: ada, at: now), &directory)
        #expect(
            Self.code(.removeMember(try Self.name("cleo"), from: try Self.name("leads"), by: ada, at: now), directory)
                == .notAllowed)
        // Administering one service lets nobody in again.
        let service = try Self.grant("person:dora", .administer, "service:shop")
        try Self.take(.grant(service, by: ada, at: now), &directory)
        #expect(Self.code(.removeGrant(team, by: ada, at: now), directory) == .notAllowed)
    }

    // MARK: Scopes

    @Test func `a right reaches as far as its scope, and a part of a service shows the service`() throws {
        let scopes = ["organisation", "environment:prod", "service:shop", "lane:shop/prod"]
        let reach: [String: [String]] = [
            "organisation": scopes + ["environment:qa", "service:blog", "lane:shop/qa", "lane:blog/prod"],
            "environment:prod": ["environment:prod", "lane:shop/prod", "lane:blog/prod"],
            "service:shop": ["service:shop", "lane:shop/prod", "lane:shop/qa"],
            "lane:shop/prod": ["lane:shop/prod"],
        ]
        let all = try #require(reach["organisation"])
        for given in scopes {
            for wanted in all {
                let (own, there) = (try Self.scope(given), try Self.scope(wanted))
                #expect(own.covers(there) == reach[given]?.contains(wanted), "\(given) \(wanted)")
                #expect(own.lets(.promote, .promote, on: there) == own.covers(there))
                #expect(!own.lets(.promote, .operate, on: there))
                #expect(own.description == given && AccessScope(given) == own)
            }
        }
        let lane = try Self.scope("lane:shop/prod")
        #expect(lane.lets(.promote, .view, on: try Self.scope("service:shop")))
        #expect(try Self.scope("environment:prod").lets(.approve, .view, on: try Self.scope("service:shop")))
        #expect(!lane.lets(.promote, .view, on: try Self.scope("service:blog")))
        #expect(!lane.lets(.promote, .view, on: .organisation))
        for text in ["", "organisation:x", "lane:shop", "service:", "service:a/b", "lane:a/b/c", "team:web"] {
            #expect(AccessScope(text) == nil, "\(text)")
        }
    }

    @Test func `who administers may do all there, but does not approve`() {
        #expect(Right.administer.included == Set(Right.allCases).subtracting([.approve]))
        for right in Right.allCases { #expect(right.included.contains(.view) && right.included.contains(right)) }
    }

    @Test func `who is not active has no right, and who is unknown is not judged`() throws {
        var directory = try Self.directory()
        let grant = try Self.grant("person:dora", .operate, "service:shop")
        try Self.take(.grant(grant, by: Self.ada, at: Self.now), &directory)
        #expect(directory.rights(of: .person("dora"), on: grant.scope, at: Self.now) == [.operate, .view])
        try Self.take(.deactivate(try Self.name("dora"), reason: "left", by: Self.ada, at: Self.now), &directory)
        #expect(directory.rights(of: .person("dora"), on: grant.scope, at: Self.now) == [])
        #expect(directory.rights(of: .person("zoe"), on: grant.scope, at: Self.now) == nil)
        #expect(directory.rights(of: .serviceAccount("dora"), on: grant.scope, at: Self.now) == nil)
        #expect(directory.rights(of: .system, on: grant.scope, at: Self.now) == nil)
    }

    // MARK: Whose word counts

    @Test func `a name in from is a team's people or a person, and only who is active`() throws {
        var directory = try Self.directory()
        func people(_ name: String) -> Set<String> { directory.people(for: name, at: Self.now, except: []) }
        #expect(people("leads") == ["bob", "cleo"])
        #expect(people("dora") == ["dora"] && people("zoe") == ["zoe"])
        try Self.take(.deactivate(try Self.name("bob"), reason: "left", by: Self.ada, at: Self.now), &directory)
        #expect(people("leads") == ["cleo"] && people("bob") == [])
    }

    @Test func `who stands in for somebody counts until then, not beside that one, and not for an author`() throws {
        var directory = try Self.directory()
        let (bob, dora) = (try Self.name("bob"), try Self.name("dora"))
        let scope = try Self.scope("lane:shop/prod")
        let grant = try Self.grant("team:leads", .approve, "service:shop")
        try Self.take(.grant(grant, by: Self.ada, at: Self.now), &directory)
        #expect(directory.rights(of: .person("dora"), on: scope, at: Self.now) == [])
        let delegation = Directory.Input.delegate(
            from: bob, to: dora, until: Self.later, reason: "leave", by: Self.ada, at: Self.now)
        try Self.take(delegation, &directory)
        #expect(Self.code(delegation, directory) == .alreadyExists)
        #expect(directory.people(for: "leads", at: Self.now, except: []) == ["bob", "cleo", "dora"])
        #expect(directory.people(for: "leads", at: Self.now, except: ["bob"]) == ["bob", "cleo"])
        #expect(directory.people(for: "leads", at: Self.later, except: []) == ["bob", "cleo"])
        #expect(directory.rights(of: .person("dora"), on: scope, at: Self.now) == [.approve, .view])
        #expect(directory.rights(of: .person("dora"), on: scope, at: Self.later) == [])
        #expect(directory.rights(of: .person("dora"), on: try Self.scope("service:blog"), at: Self.now) == [])
    }

    // MARK: Bounds

    @Test func `names are plain`() {
        for text in ["ada", "Ada.Lovelace", "a@x.org", "7", String(repeating: "a", count: 64)] {
            #expect(DirectoryName(text)?.text == text)
        }
        for text in ["", "-a", ".", "a b", "a/b", "a:b", "ä", "a\n", String(repeating: "a", count: 65)] {
            #expect(DirectoryName(text) == nil, "\(text)")
        }
    }

    @Test func `there are 10,000 people and no more`() throws {
        var directory = Directory()
        for number in 0..<Directory.personLimit {
            let id = try Self.name("p\(number)")
            try directory.apply(
                .personAdded(
                    Directory.Described(id: id, displayName: "P", emails: [], by: Self.ada, at: Self.now)))
        }
        let more = Directory.Input.describe(
            try Self.name("q"), displayName: "Q", emails: [], by: Self.ada, at: Self.now)
        #expect(Self.code(more, directory) == .notAllowed)
    }
}
