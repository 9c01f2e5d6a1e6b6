package import Core
import Crypto
import Foundation
package import Ports
import Synchronization

/// Passwords, sessions and one-time links: what is kept of them, and how often they may be tried. Knows nobody: who may sign in is asked
/// of the directory by the use cases (`UseCases/SigningIn.swift`).
///
/// A class with a lock and not an actor: each use is a few look-ups inside a request. Sessions and links are read from the store on first
/// use, and every change is durable before it counts.
package final class SignInDesk: Sendable {
    private struct State {
        var throttle = SignInThrottle()
        var book: SessionBook?
        var links: [String: OneTimeLink] = [:]
    }

    private let store: any CredentialStore
    private let workers: ScryptWorkers
    private let cost: PasswordVerifier.Cost
    private let state = Mutex(State())
    /// Of whatever was tried first for nobody: checked where there is no other, so that it takes the same time. Lets nobody in.
    private let nobody = Mutex<PasswordVerifier?>(nil)

    /// Between two times that a session's last use is written down.
    private static let noted = Milliseconds.minutes(5)
    private static let linksMost = 1_000

    package init(
        store: any CredentialStore, cost: PasswordVerifier.Cost = .owasp, workers: ScryptWorkers = ScryptWorkers()
    ) {
        self.store = store
        self.cost = cost
        self.workers = workers
    }

    // MARK: Passwords

    /// Throws `SignInRefusal` unless it is this person's password. Takes the same time and says the same whoever it is.
    func check(
        _ password: String, of person: String, isActive: Bool, from address: String, now: @Sendable () -> Instant
    ) async throws {
        guard (1...64).contains(person.utf8.count), (1...PasswordRule.bytesMost).contains(password.utf8.count) else {
            throw SignInRefusal.wrong
        }
        let wait = self.state.withLock { $0.throttle.begin(person, from: address, at: now()) }
        if let wait { throw SignInRefusal.slow(wait) }
        let known = isActive ? try self.verifier(of: person) : nil
        let (cost, nobody) = (self.cost, self.nobody.withLock { $0 })
        let (isRight, dummy) = try await self.workers.run { () -> (Bool, PasswordVerifier?) in
            if let known { return (try known.matches(password), nil) }
            // Making it is one check's work too.
            guard let nobody else { return (false, try PasswordVerifier(of: password, cost: cost)) }
            _ = try nobody.matches(password)
            return (false, nil)
        }
        if let dummy { self.nobody.withLock { $0 = dummy } }
        guard isRight, let known else { throw SignInRefusal.wrong }
        self.state.withLock { $0.throttle.succeeded(person, from: address, at: now()) }
        if known.cost != self.cost { try await self.setPassword(password, of: person) }
    }

    package func hasPassword(_ person: String) throws -> Bool { try self.verifier(of: person) != nil }

    package func hasPasswords() throws -> Bool { try !self.store.ids(of: .password).isEmpty }

    func setPassword(_ password: String, of person: String) async throws {
        let cost = self.cost
        let verifier = try await self.workers.run { try PasswordVerifier(of: password, cost: cost) }
        try self.put(verifier, as: CredentialKey(.password, person))
    }

    func removePassword(of person: String) throws {
        try self.store.remove(CredentialKey(.password, person))
        try self.store.remove(CredentialKey(.identity, person))
    }

    private func verifier(of person: String) throws -> PasswordVerifier? {
        try self.get(PasswordVerifier.self, CredentialKey(.password, person))
    }

    // MARK: Who somebody is at a provider

    /// True if the person is this subject there: the first who comes as that person is remembered (OpenID Connect Core, 5.7: nothing but
    /// issuer and subject together is a stable name of somebody).
    func isSubject(_ subject: String, of issuer: String, _ person: String) throws -> Bool {
        let key = CredentialKey(.identity, person)
        let given = [issuer, subject]
        guard let known = try self.get([String].self, key) else {
            try self.put(given, as: key)
            return true
        }
        return known == given
    }

    // MARK: Sessions

    /// The id goes to the browser; only its hash is kept.
    func open(
        _ actor: Actor, by means: SignedInSession.Means, from address: String, agent: String, at now: Instant
    ) throws -> (id: String, session: SignedInSession) {
        let id = Self.secret()
        let session = SignedInSession(
            hash: Self.hash(id), actor: actor, means: means, createdAt: now, lastUsedAt: now,
            address: String(address.prefix(64)), agent: String(agent.prefix(200)))
        try self.state.withLock { state in
            var book = try self.loaded(&state)
            let ended = book.open(session, at: now)
            try self.put(session, as: CredentialKey(.session, session.hash))
            for hash in ended { try self.store.remove(CredentialKey(.session, hash)) }
            state.book = book
        }
        return (id, session)
    }

    /// nil: there is none, or it is over.
    package func session(_ id: String, at now: Instant) throws -> SignedInSession? {
        guard id.utf8.count == 64 else { return nil }
        return try self.session(hash: Self.hash(id), at: now)
    }

    package func session(hash: String, at now: Instant) throws -> SignedInSession? {
        try self.state.withLock { state in
            var book = try self.loaded(&state)
            guard var session = book.find(hash, at: now) else { return nil }
            if now - session.lastUsedAt >= Self.noted {
                session.lastUsedAt = now
                book.use(hash, at: now)
                try self.put(session, as: CredentialKey(.session, hash))
                state.book = book
            }
            return session
        }
    }

    func sessions(of actor: Actor, at now: Instant) throws -> [SignedInSession] {
        try self.state.withLock { try self.loaded(&$0).of(actor, at: now) }
    }

    /// Returns how many ended.
    @discardableResult
    func end(where isMeant: (SignedInSession) -> Bool) throws -> Int {
        try self.state.withLock { state in
            var book = try self.loaded(&state)
            let ended = book.end(where: isMeant)
            state.book = book
            for hash in ended { try self.store.remove(CredentialKey(.session, hash)) }
            return ended.count
        }
    }

    // MARK: One-time links

    /// A newer link of a person ends the older ones.
    func makeLink(for person: String, by actor: Actor, at now: Instant) throws -> (secret: String, link: OneTimeLink) {
        let secret = Self.secret()
        let link = OneTimeLink(
            hash: Self.hash(secret), person: person, by: actor, createdAt: now, expiresAt: now + OneTimeLink.life)
        try self.state.withLock { state in
            _ = try self.loaded(&state)
            try self.endLinks(&state) { $0.person == person || $0.expiresAt <= now }
            guard state.links.count < Self.linksMost else {
                throw Refusal(.notAllowed, "\(Self.linksMost) links wait to be followed; wait until some are over.")
            }
            try self.put(link, as: CredentialKey(.link, link.hash))
            state.links[link.hash] = link
        }
        return (secret, link)
    }

    /// Looks without using it up: whatever previews links may follow it.
    package func link(_ secret: String, at now: Instant) throws -> OneTimeLink? {
        try self.state.withLock { state in
            _ = try self.loaded(&state)
            return state.links[Self.hash(secret)].flatMap { now < $0.expiresAt ? $0 : nil }
        }
    }

    /// Uses it up: of two at once, one gets it.
    func takeLink(_ secret: String, at now: Instant) throws -> OneTimeLink {
        let link = try self.state.withLock { state -> OneTimeLink? in
            _ = try self.loaded(&state)
            guard let link = state.links[Self.hash(secret)], now < link.expiresAt else { return nil }
            try self.endLinks(&state) { $0.hash == link.hash }
            return link
        }
        guard let link else { throw SignInRefusal.link }
        return link
    }

    func endLinks(of person: String) throws {
        try self.state.withLock { state in
            _ = try self.loaded(&state)
            try self.endLinks(&state) { $0.person == person }
        }
    }

    private func endLinks(_ state: inout State, where isMeant: (OneTimeLink) -> Bool) throws {
        for link in state.links.values where isMeant(link) {
            try self.store.remove(CredentialKey(.link, link.hash))
            state.links[link.hash] = nil
        }
    }

    /// Entries that the limits keep: bounded.
    package var tries: Int { self.state.withLock { $0.throttle.count } }

    package func rotateKey() throws -> Int { try self.store.rotateKey() }

    // MARK: The store

    private func loaded(_ state: inout State) throws -> SessionBook {
        if let book = state.book { return book }
        var book = SessionBook()
        for id in try self.store.ids(of: .session) {
            guard let session = try self.get(SignedInSession.self, CredentialKey(.session, id)) else { continue }
            for ended in book.open(session, at: session.lastUsedAt) {
                try self.store.remove(CredentialKey(.session, ended))
            }
        }
        for id in try self.store.ids(of: .link) {
            if let link = try self.get(OneTimeLink.self, CredentialKey(.link, id)) { state.links[id] = link }
        }
        state.book = book
        return book
    }

    private func put(_ value: some Encodable, as key: CredentialKey) throws {
        try self.store.put(Array(try JSONEncoder().encode(value)), as: key)
    }

    private func get<Value: Decodable>(_ type: Value.Type, _ key: CredentialKey) throws -> Value? {
        try self.store.read(key).map { try JSONDecoder().decode(type, from: Data($0)) }
    }

    /// 256 random bits as hexadecimal digits.
    static func secret() -> String {
        SymmetricKey(size: .bits256).withUnsafeBytes { ChainHash(Array($0))?.description ?? "" }
    }

    static func hash(_ secret: String) -> String { ChainHash(SHA256.hash(data: Array(secret.utf8))).description }
}
