import Core
import Engine
import Lab
import Logging
import Ports
import Synchronization
import Testing

/// Passwords, sessions and links, through the use cases.
@Suite(.timeLimit(.minutes(2))) struct SignInTests {
    private static let good = "correct horse battery staple"
    private static let home = SignInOrigin(address: "10.0.0.1", agent: "Browser 1")
    private static let away = SignInOrigin(address: "10.9.9.9", agent: "Other")

    /// Who there is, and the world around.
    private final class Place: Sendable {
        let world = World()
        let credentials = MemoryCredentials()
        let active = Mutex<Set<String>>(["ana", "bob"])
        /// A moment that a test moves.
        var clock: PacedClock { self.world.clock }

        func plane(_ ledger: any Ledger, cost: PasswordVerifier.Cost = PasswordVerifier.Cost(rounds: 16))
            -> ControlPlane
        {
            let people = People(find: { id in
                self.active.withLock { active in
                    ["ana", "bob", "root"].contains(id)
                        ? People.Person(id: id, isActive: active.contains(id)) : nil
                }
            })
            let doors = Doors(
                blobs: MemoryBlobs(), source: self.world.repository, builder: self.world.builder,
                commands: self.world.commands, probe: FakeProbe(), runtime: self.world.target.runtime,
                router: self.world.router, messenger: self.world.messenger)
            return ControlPlane(
                journal: Journal(ledger: ledger, time: self.world.clock, news: News()), doors: doors,
                zones: FixedZones(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                signIn: SignInParts(desk: SignInDesk(store: self.credentials, cost: cost), people: people))
        }
    }

    private static func refused(
        _ code: SignInRefusal.Code, _ body: () async throws -> Void, line: SourceLocation = #_sourceLocation
    ) async {
        do {
            try await body()
            Issue.record("was not refused", sourceLocation: line)
        } catch {
            #expect((error as? SignInRefusal)?.code == code, "\(error)", sourceLocation: line)
        }
    }

    /// Sets a person's password by a link.
    @discardableResult
    private static func welcome(_ person: String, _ plane: ControlPlane, _ password: String = good) async throws
        -> SignedIn
    {
        let link = try await plane.invite(person, by: .ada)
        return try await plane.follow(link: link.secret, password: password, from: Self.home)
    }

    @Test func `a link sets a password, signs in, and is used up by the one click that won`() async throws {
        let place = Place()
        let plane = place.plane(try place.world.open())
        let (secret, link) = try await plane.invite("ana", by: .ada)
        #expect(link.person == "ana")
        // Looked at by whatever previews links: still good.
        for _ in 0..<3 { #expect(try plane.link(secret).person == "ana") }
        await Self.refused(.password) { _ = try await plane.follow(link: secret, password: "short", from: Self.home) }
        #expect(try plane.link(secret).person == "ana")
        let ends = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    do {
                        _ = try await plane.follow(link: secret, password: Self.good, from: Self.home)
                        return true
                    } catch { return false }
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(ends == 1)
        await Self.refused(.link) { _ = try await plane.follow(link: secret, password: Self.good, from: Self.home) }
        let signedIn = try await plane.signIn("ana", password: Self.good, from: Self.home)
        let known = try #require(try await plane.caller(session: signedIn.session.hash))
        #expect(known.caller == Caller(actor: .person("ana")))
    }

    @Test func `a link ends after a day, and when a newer one is made`() async throws {
        let place = Place()
        let plane = place.plane(try place.world.open())
        let (first, _) = try await plane.invite("ana", by: .ada)
        let (second, _) = try await plane.invite("ana", by: .ada)
        #expect(throws: SignInRefusal.self) { _ = try plane.link(first) }
        #expect(try plane.link(second).person == "ana")
        #expect(try plane.signIn?.desk.link(second, at: place.clock.now() + .hours(24)) == nil)
        await #expect(throws: Refusal.self) { _ = try await plane.invite("nobody", by: .ada) }
        await #expect(throws: Refusal.self) { _ = try await plane.invite("ana", by: .bob) }
    }

    @Test func `nobody, a wrong password and somebody who left are told the same`() async throws {
        let place = Place()
        let plane = place.plane(try place.world.open())
        try await Self.welcome("ana", plane)
        try await Self.welcome("bob", plane, "another four good words")
        place.active.withLock { _ = $0.remove("bob") }
        var words: Set<String> = []
        for (name, password) in [
            ("ana", "wrong wrong wrong"), ("nobody", Self.good), ("bob", "another four good words"), ("", Self.good),
            ("ana", ""), (String(repeating: "x", count: 500), "x"), ("ana", String(repeating: "x", count: 5_000)),
        ] {
            do {
                _ = try await plane.signIn(name, password: password, from: Self.away)
                Issue.record("\(name.prefix(20)) got in")
            } catch let refusal as SignInRefusal {
                #expect(refusal.code == .wrong)
                words.insert(refusal.message)
            }
        }
        #expect(words.count == 1)
    }

    @Test func `a check takes the same time whether there is such a person or not`() async throws {
        let place = Place()
        let plane = place.plane(try place.world.open(), cost: PasswordVerifier.Cost(rounds: 1 << 14))
        try await Self.welcome("ana", plane)
        func time(_ name: String) async -> Duration {
            await ContinuousClock().measure {
                await Self.refused(.wrong) {
                    _ = try await plane.signIn(name, password: "wrong wrong wrong", from: Self.away)
                }
            }
        }
        _ = await time("warm")
        var (known, unknown) = ([Duration](), [Duration]())
        for round in 0..<4 {
            known.append(await time("ana"))
            unknown.append(await time("nobody-\(round)"))
        }
        let (one, other) = (known.sorted()[1], unknown.sorted()[1])
        #expect(one > .milliseconds(5) && other > one * 0.4 && other < one * 2.5, "\(one) and \(other)")
    }

    @Test func `ten thousand tries leave the ledger as it is, memory bounded, and the right person in`() async throws {
        let place = Place()
        let ledger = try place.world.open()
        let plane = place.plane(ledger)
        try await Self.welcome("ana", plane)
        _ = try await plane.signIn("ana", password: Self.good, from: Self.home)
        let before = try await ledger.heads().map(\.number).reduce(0, +)
        for number in 0..<10_000 {
            let origin = SignInOrigin(address: "10.1.\(number / 250).\(number % 250)", agent: "")
            let name = number % 2 == 0 ? "ana" : "name-\(number)"
            _ = try? await plane.signIn(name, password: "wrong wrong wrong", from: origin)
        }
        #expect(try await ledger.heads().map(\.number).reduce(0, +) == before)
        #expect((plane.signIn?.desk.tries ?? .max) <= 2 * SignInThrottle.most)
        await Self.refused(.slow) { _ = try await plane.signIn("ana", password: Self.good, from: Self.away) }
        let signedIn = try await plane.signIn("ana", password: Self.good, from: Self.home)
        #expect(try await plane.caller(session: signedIn.session.hash) != nil)
    }

    @Test func `sessions outlive a restart, and no secret is kept`() async throws {
        let place = Place()
        let first = place.plane(try place.world.open())
        let signedIn = try await Self.welcome("ana", first)
        let (secret, _) = try await first.invite("bob", by: .ada)
        let token = try await first.addToken("laptop", owner: .person("cleo"), mayAdminister: false, by: .ada)
        let byToken = try #require(try await first.signIn(token: token.secret, from: Self.home))
        place.world.store.abandon()
        let second = place.plane(try place.world.open())
        let hash = try #require(try second.sessionHash(signedIn.id))
        #expect(try await second.caller(session: hash)?.caller.actor == .person("ana"))
        #expect(try second.link(secret).person == "bob")
        #expect(try await second.caller(session: byToken.session.hash)?.caller.actor == .person("cleo"))
        for kind in CredentialKey.Kind.allCases {
            for id in try place.credentials.ids(of: kind) {
                let text = String(decoding: try place.credentials.read(CredentialKey(kind, id)) ?? [], as: UTF8.self)
                for hidden in [signedIn.id, secret, token.secret, byToken.id, Self.good] {
                    #expect(!text.contains(hidden) && !id.contains(hidden))
                }
            }
        }
        try await second.revokeToken("laptop", by: .ada)
        #expect(try await second.caller(session: byToken.session.hash) == nil)
        #expect(try second.sessionHash(byToken.id) == nil)
    }

    @Test func `a session ends when the person leaves, signs out everywhere, or gets another password`() async throws {
        let place = Place()
        let plane = place.plane(try place.world.open())
        let first = try await Self.welcome("bob", plane)
        let second = try await plane.signIn("bob", password: Self.good, from: Self.away)
        let bob = try #require(try await plane.caller(session: second.session.hash)).caller
        #expect(try plane.sessions(of: bob).count == 2)
        #expect(try await plane.endSessions(of: bob, named: first.session.name) == 1)
        #expect(try await plane.caller(session: first.session.hash) == nil)
        await #expect(throws: Refusal.self) { _ = try await plane.endSessions(of: bob, named: "000000000000") }
        await Self.refused(.wrong) {
            _ = try await plane.changePassword(
                of: bob, from: "not the old one", to: "a new long phrase of words", at: Self.home)
        }
        let third = try await plane.changePassword(
            of: bob, from: Self.good, to: "a new long phrase of words", at: Self.home)
        #expect(try await plane.caller(session: second.session.hash) == nil)
        #expect(try await plane.caller(session: third.session.hash) != nil)
        await Self.refused(.wrong) { _ = try await plane.signIn("bob", password: Self.good, from: Self.home) }
        place.active.withLock { _ = $0.remove("bob") }
        #expect(try await plane.caller(session: third.session.hash) == nil)
        place.active.withLock { _ = $0.insert("bob") }
        // It does not come back with the person.
        #expect(try await plane.caller(session: third.session.hash) == nil)
        let fourth = try await plane.signIn("bob", password: "a new long phrase of words", from: Self.home)
        #expect(try await plane.endSessions(of: bob, named: nil) == 1)
        #expect(try await plane.caller(session: fourth.session.hash) == nil)
        try await plane.endAccess(of: "bob", forgetting: true, by: .person("ana"))
        await Self.refused(.wrong) {
            _ = try await plane.signIn("bob", password: "a new long phrase of words", from: Self.home)
        }
    }

    @Test func `the ledger says who set whose password and nothing more`() async throws {
        let place = Place()
        let ledger = try place.world.open()
        let plane = place.plane(ledger)
        let signedIn = try await Self.welcome("ana", plane)
        let events = try await ledger.events(of: .access, after: 0, limit: 100)
        #expect(events.map(\.kind.name) == ["access.credentialChanged", "access.credentialChanged"])
        let text = events.map { String(decoding: $0.body, as: UTF8.self) }.joined()
        #expect(text.contains("passwordSet") && text.contains("linkMade"))
        #expect(!text.contains("salt") && !text.contains("hash") && !text.contains(signedIn.session.hash))
    }

    @Test func `the first start makes an administrator, and a link until somebody has a password`() async throws {
        let world = World()
        let ledger = try world.open()
        func plane(_ credentials: MemoryCredentials) -> ControlPlane {
            let journal = Journal(ledger: ledger, time: world.clock, news: News())
            let desk = SignInDesk(store: credentials, cost: PasswordVerifier.Cost(rounds: 16))
            let doors = world.plane(over: ledger).doors
            return ControlPlane(
                journal: journal, doors: doors, zones: FixedZones(),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                signIn: SignInParts(desk: desk, people: .directory(journal)))
        }
        let credentials = MemoryCredentials()
        let first = plane(credentials)
        let one = try #require(try await first.firstLink())
        #expect(one.link.person == "admin")
        let two = try #require(try await plane(credentials).firstLink())
        #expect(throws: SignInRefusal.self) { _ = try plane(credentials).link(one.secret) }
        let second = plane(credentials)
        let signedIn = try await second.follow(link: two.secret, password: Self.good, from: Self.home)
        #expect(try await second.firstLink() == nil)
        let admin = try #require(try await second.caller(session: signedIn.session.hash)).caller
        #expect(try await second.standing(of: admin).allows(.administer, on: .organisation))
        #expect(try await !second.standing(of: admin).allows(.approve, on: .organisation))
        let people = try await second.journal.directory().machine
        #expect(people.administrators == ["admin"] && people.people.count == 1)
    }

    @Test func `who signs in by a provider is a person of the directory, in the teams of its groups`() async throws {
        let world = World()
        let ledger = try world.open()
        let journal = Journal(ledger: ledger, time: world.clock, news: News())
        let people = People.directory(journal)
        #expect(try await people.find("ana") == nil)
        let (ana, leads) = (try #require(DirectoryName("ana")), try #require(DirectoryName("leads")))
        try await journal.decide(Directory.self, .directory, by: .person("ada")) { now in
            .describe(ana, displayName: "Ana", emails: ["Ana@shop.example"], by: .person("ada"), at: now)
        }
        try await journal.decide(Directory.self, .directory, by: .person("ada")) { now in
            .team(leads, groups: ["eng-leads"], by: .person("ada"), at: now)
        }
        let known = People.Person(id: "ana", isActive: true)
        #expect(try await people.find("ana") == known)
        #expect(try await people.findByMail("ana@SHOP.example") == known)
        try await people.noteGroups("ana", ["eng-leads", "unknown"])
        #expect(try await journal.directory().machine.teams["leads"]?.members == ["ana"])
        let number = try await ledger.number(of: .directory)
        try await people.noteGroups("ana", ["eng-leads"])
        // The same groups again are no news.
        #expect(try await ledger.number(of: .directory) == number)
        try await people.noteGroups("ana", [])
        #expect(try await journal.directory().machine.teams["leads"]?.members == [])
    }

    @Test func `passwords that are easy to guess are not taken`() async throws {
        let place = Place()
        let plane = place.plane(try place.world.open())
        let (secret, _) = try await plane.invite("ana", by: .ada)
        for bad in [
            "", "short", "aaaaaaaaaaaaaaaa", "anaanaanaana1", "MyPassword2026!", "x123456789abc",
            String(repeating: "long", count: 500),
        ] {
            await Self.refused(.password) { _ = try await plane.follow(link: secret, password: bad, from: Self.home) }
        }
    }

    /// How many at once.
    private final class Running: Sendable {
        private let state = Mutex((now: 0, most: 0))
        var most: Int { self.state.withLock { $0.most } }
        func begin() {
            self.state.withLock { state in
                state.now += 1
                state.most = max(state.most, state.now)
            }
        }
        func end() { self.state.withLock { $0.now -= 1 } }
    }

    @Test func `no more passwords are checked at once than there is room for`() async throws {
        let workers = ScryptWorkers(atOnce: 2, waiting: 3)
        let running = Running()
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    do {
                        try await workers.run {
                            running.begin()
                            _ = try PasswordVerifier(of: "x", cost: PasswordVerifier.Cost(rounds: 1 << 12))
                            running.end()
                        }
                        return true
                    } catch { return (error as? SignInRefusal)?.code != .busy }
                }
            }
            return await group.reduce(into: [Bool]()) { $0.append($1) }
        }
        #expect((1...2).contains(running.most))
        #expect(outcomes.contains(true))
    }

    @Test func `a verifier keeps its cost, has a salt of its own, and knows letters however they are written`() throws {
        let cost = PasswordVerifier.Cost(rounds: 32, blockSize: 8, parallelism: 1)
        let (one, other) = (
            try PasswordVerifier(of: "Zürich ist schön", cost: cost),
            try PasswordVerifier(of: "Zürich ist schön", cost: cost)
        )
        #expect(one != other && one.cost == cost)
        #expect(try one.matches("Zu\u{308}rich ist scho\u{308}n"))
        #expect(try !one.matches("Zurich ist schon"))
        #expect(PasswordVerifier.Cost.owasp.bytes == 128 * 1024 * 1024)
    }

    @Test func `a browser's book of sessions is bounded by person and ends by itself`() {
        var book = SessionBook()
        let start = Instant(milliseconds: 1_800_000_000_000)
        func session(_ number: Int, _ person: String, at time: Instant) -> SignedInSession {
            SignedInSession(
                hash: "\(person)-\(number)", actor: .person(person), means: .password, createdAt: time,
                lastUsedAt: time, address: "", agent: "")
        }
        for number in 0..<30 {
            let time = start + .seconds(Int64(number))
            let ended = book.open(session(number, "ana", at: time), at: time)
            #expect(ended == (number < SessionBook.mostOfOne ? [] : ["ana-\(number - SessionBook.mostOfOne)"]))
        }
        #expect(book.count == SessionBook.mostOfOne)
        #expect(book.find("ana-29", at: start + SessionBook.idle) != nil)
        #expect(book.find("ana-29", at: start + SessionBook.idle + .minutes(1)) == nil)
        var time = start
        while time - start < SessionBook.absolute {
            book.use("ana-29", at: time)
            time = time + .hours(6)
        }
        #expect(book.find("ana-29", at: time + .minutes(1)) == nil)
    }
}
