package import Core
import Ports

extension ControlPlane {
    // MARK: In

    package func signIn(_ person: String, password: String, from origin: SignInOrigin) async throws -> SignedIn {
        let parts = try self.signInParts()
        let isActive = try await parts.people.find(person)?.isActive ?? false
        let time = self.journal.time
        try await parts.desk.check(
            password, of: person, isActive: isActive, from: origin.address, now: { time.now() })
        return try self.open(.person(person), by: .password, from: origin)
    }

    /// A session for whoever holds a token: it ends with the token. nil: the token is wrong or revoked.
    package func signIn(token secret: String, from origin: SignInOrigin) async throws -> SignedIn? {
        guard let (name, caller) = try await self.authenticate(secret) else { return nil }
        return try self.open(caller.actor, by: .token(name), from: origin)
    }

    package func beginProviderSignIn() async throws -> (target: String, cookie: String) {
        guard let provider = try self.signInParts().provider else { throw Self.noProvider }
        return try await provider.begin(at: self.journal.time.now())
    }

    /// What came back from the provider in the address's query, and the cookie that it belongs to.
    package func finishProviderSignIn(
        _ query: [String: String], cookie: String?, from origin: SignInOrigin
    ) async throws -> SignedIn {
        let parts = try self.signInParts()
        guard let provider = parts.provider else { throw Self.noProvider }
        let token = try await provider.finish(
            code: query["code"], state: query["state"], issuer: query["iss"], error: query["error"], cookie: cookie,
            at: self.journal.time.now())
        let claim = provider.settings.personClaim
        guard let name = token.person, !name.isEmpty else {
            throw SignInRefusal(
                .unknown, "The provider signed you in and sent no (verified) `\(claim)`, which names you here.")
        }
        let found = claim == "email" ? try await parts.people.findByMail(name) : try await parts.people.find(name)
        guard let person = found, person.isActive else {
            throw SignInRefusal(
                .unknown,
                "The provider knows you as `\(name.prefix(80))`, and nobody of that name may sign in here. An "
                    + "administrator adds people.")
        }
        guard try parts.desk.isSubject(token.subject, of: provider.settings.issuer, person.id) else {
            throw SignInRefusal(
                .unknown,
                "Somebody else has signed in as `\(person.id)` by a provider before. If the account at the provider is "
                    + "a new one, an administrator resets the person: `slipway person invite NAME`.")
        }
        try await parts.people.noteGroups(person.id, token.groups)
        return try self.open(.person(person.id), by: .provider(provider.settings.issuer), from: origin)
    }

    // MARK: Who it is

    /// Who the session is of; nil: there is none, it is over, its person may not sign in any more, or its token was revoked.
    package func caller(session hash: String) async throws -> (session: SignedInSession, caller: Caller)? {
        guard let parts = self.signIn, let session = try parts.desk.session(hash: hash, at: self.now)
        else { return nil }
        if case .token(let name) = session.means {
            guard let caller = try await self.caller(holding: name), caller.actor == session.actor else {
                return try self.end(session)
            }
            return (session, caller)
        }
        guard let id = session.actor.personID, let person = try await parts.people.find(id), person.isActive else {
            return try self.end(session)
        }
        // What the person may do is what the directory grants: a session adds nothing.
        return (session, Caller(actor: session.actor))
    }

    /// The hash of a browser's id.
    package func sessionHash(_ id: String) throws -> String? {
        try self.signIn?.desk.session(id, at: self.now)?.hash
    }

    package func signOut(session hash: String) throws {
        try self.signInParts().desk.end { $0.hash == hash }
    }

    package func sessions(of caller: Caller) throws -> [SignedInSession] {
        try self.signInParts().desk.sessions(of: caller.actor, at: self.now)
    }

    /// Ends the caller's own sessions: the one of this name, or all.
    package func endSessions(of caller: Caller, named name: String?) async throws -> Int {
        let count = try self.signInParts().desk.end {
            $0.actor == caller.actor && (name == nil || $0.name == name)
        }
        if let name, count == 0 { throw Refusal(.notFound, "You have no session `\(name.prefix(80))`.") }
        if name == nil, let person = caller.actor.personID {
            try await self.note(person, .sessionsEnded, by: caller.actor)
        }
        return count
    }

    /// Of somebody who may not sign in any more, or shall anew: sessions, links, and with `forgetting` the password and the provider's
    /// account.
    package func endAccess(of person: String, forgetting: Bool, by actor: Actor) async throws {
        guard let desk = self.signIn?.desk else { return }
        try await self.note(person, forgetting ? .passwordRemoved : .sessionsEnded, by: actor)
        if forgetting { try desk.removePassword(of: person) }
        try desk.endLinks(of: person)
        try desk.end { $0.actor == .person(person) }
    }

    // MARK: Passwords and links

    /// A link that sets the password of a person once. The older ones of the person end; what the person signs in with now goes on.
    package func invite(_ person: String, by caller: Caller) async throws -> (secret: String, link: OneTimeLink) {
        try await self.authorize(caller, .administer, on: .organisation, "people and rights")
        let parts = try self.signInParts()
        guard let found = try await parts.people.find(person), found.isActive else {
            throw Refusal(.notFound, "There is no person `\(person.prefix(80))` who may sign in. Add the person first.")
        }
        try await self.note(person, .linkMade, by: caller.actor)
        return try parts.desk.makeLink(for: person, by: caller.actor, at: self.now)
    }

    /// Whose link it is, without using it up.
    package func link(_ secret: String) throws -> OneTimeLink {
        guard let link = try self.signInParts().desk.link(secret, at: self.now) else { throw SignInRefusal.link }
        return link
    }

    /// Uses the link up: sets the password, ends what was signed in, and signs in.
    package func follow(link secret: String, password: String, from origin: SignInOrigin) async throws -> SignedIn {
        let parts = try self.signInParts()
        let person = try self.link(secret).person
        try PasswordRule.check(password, of: person)
        guard let found = try await parts.people.find(person), found.isActive else { throw SignInRefusal.link }
        _ = try parts.desk.takeLink(secret, at: self.now)
        try await self.setPassword(password, of: person, by: .person(person))
        return try self.open(.person(person), by: .link, from: origin)
    }

    /// The caller's own, who knows the old one. All sessions end; the answer is a new one.
    package func changePassword(
        of caller: Caller, from old: String, to new: String, at origin: SignInOrigin
    ) async throws -> SignedIn {
        let parts = try self.signInParts()
        guard let person = caller.actor.personID, let found = try await parts.people.find(person) else {
            throw Refusal(.notAllowed, "\(caller.actor) is no person of the directory, and has no password.")
        }
        try PasswordRule.check(new, of: person)
        let time = self.journal.time
        try await parts.desk.check(
            old, of: person, isActive: found.isActive, from: origin.address, now: { time.now() })
        try await self.setPassword(new, of: person, by: caller.actor)
        return try self.open(caller.actor, by: .password, from: origin)
    }

    /// At a start: who administers the organisation. Where nobody does, a person of this name is made who may.
    package func firstAdministrator(named name: DirectoryName) async throws -> String {
        let directory = try await self.journal.directory().machine
        if let known = directory.administrators.min() { return known }
        if directory.people[name.text]?.isActive != true {
            try await self.journal.decide(Directory.self, .directory, by: .system) { now in
                .describe(name, displayName: "Administrator", emails: [], by: .system, at: now)
            }
        }
        let grant = Directory.Grant(subject: .person(name), right: .administer, scope: .organisation)
        try await self.journal.decide(Directory.self, .directory, by: .system) { now in
            .grant(grant, by: .system, at: now)
        }
        return name.text
    }

    /// At a start, as long as nobody has ever set a password: a link for the administrator. The one of an earlier start ends.
    package func firstLink() async throws -> (secret: String, link: OneTimeLink)? {
        guard let desk = self.signIn?.desk, let name = DirectoryName("admin") else { return nil }
        let administrator = try await self.firstAdministrator(named: name)
        guard try !desk.hasPasswords() else { return nil }
        try await self.note(administrator, .linkMade, by: .system)
        return try desk.makeLink(for: administrator, by: .system, at: self.now)
    }

    private func setPassword(_ password: String, of person: String, by actor: Actor) async throws {
        let desk = try self.signInParts().desk
        try await self.note(person, .passwordSet, by: actor)
        try await desk.setPassword(password, of: person)
        try desk.endLinks(of: person)
        try desk.end { $0.actor == .person(person) }
    }

    // MARK: Parts

    private var now: Instant { self.journal.time.now() }

    private func open(_ actor: Actor, by means: SignedInSession.Means, from origin: SignInOrigin) throws -> SignedIn {
        let (id, session) = try self.signInParts().desk.open(
            actor, by: means, from: origin.address, agent: origin.agent, at: self.now)
        return SignedIn(id: id, session: session)
    }

    private func end(_ session: SignedInSession) throws -> (session: SignedInSession, caller: Caller)? {
        try self.signOut(session: session.hash)
        return nil
    }

    private func note(_ person: String, _ deed: Access.Credential.Deed, by actor: Actor) async throws {
        try await self.journal.decide(Access.self, .access, by: actor) { now in
            .note(Access.Credential(person: person, deed: deed, by: actor, at: now))
        }
    }

    private func signInParts() throws -> SignInParts {
        guard let parts = self.signIn else {
            throw Refusal(.wrongState, "Nobody signs in here: this is a data folder without a server.")
        }
        return parts
    }

    private static var noProvider: SignInRefusal {
        SignInRefusal(
            .provider, "No identity provider is set up here: `slipway serve --oidc-issuer URL --oidc-client-id ID`.")
    }
}
