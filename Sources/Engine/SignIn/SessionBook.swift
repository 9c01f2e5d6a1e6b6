package import Core

/// Somebody who is signed in at a browser. The id itself is the browser's alone.
package struct SignedInSession: Sendable, Codable, Equatable {
    package enum Means: Sendable, Codable, Equatable {
        case password
        /// By its issuer.
        case provider(String)
        /// By its name: the session ends with it.
        case token(String)
        case link
    }

    /// SHA-256 of the id, hexadecimal.
    package let hash: String
    package let actor: Actor
    package let means: Means
    package let createdAt: Instant
    package var lastUsedAt: Instant
    package let address: String
    /// What the browser calls itself.
    package let agent: String

    package init(
        hash: String, actor: Actor, means: Means, createdAt: Instant, lastUsedAt: Instant, address: String,
        agent: String
    ) {
        self.hash = hash
        self.actor = actor
        self.means = means
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
        self.address = address
        self.agent = agent
    }

    /// What names it in lists: it opens nothing.
    package var name: String { String(self.hash.prefix(12)) }
}

/// Who is signed in. Bounded: by person, and in all; what was used last longest ago ends.
package struct SessionBook: Sendable {
    package static let idle = Milliseconds.hours(12)
    package static let absolute = Milliseconds.hours(7 * 24)
    package static let mostOfOne = 20
    package static let most = 10_000

    private var sessions: [String: SignedInSession] = [:]

    package init() {}

    package var count: Int { self.sessions.count }

    /// Returns the hashes of those that end for it.
    package mutating func open(_ session: SignedInSession, at now: Instant) -> [String] {
        var ended = self.sessions.values.filter { !Self.isAlive($0, now) }.map(\.hash)
        for hash in ended { self.sessions[hash] = nil }
        let own = self.sessions.values.filter { $0.actor == session.actor }
        if own.count >= Self.mostOfOne, let oldest = own.min(by: { $0.lastUsedAt < $1.lastUsedAt }) {
            self.sessions[oldest.hash] = nil
            ended.append(oldest.hash)
        }
        if self.sessions.count >= Self.most,
            let oldest = self.sessions.values.min(by: { $0.lastUsedAt < $1.lastUsedAt })
        {
            self.sessions[oldest.hash] = nil
            ended.append(oldest.hash)
        }
        self.sessions[session.hash] = session
        return ended
    }

    /// nil: there is none, or it is over.
    package func find(_ hash: String, at now: Instant) -> SignedInSession? {
        self.sessions[hash].flatMap { Self.isAlive($0, now) ? $0 : nil }
    }

    package mutating func use(_ hash: String, at now: Instant) { self.sessions[hash]?.lastUsedAt = now }

    package mutating func end(where isMeant: (SignedInSession) -> Bool) -> [String] {
        let ended = self.sessions.values.filter(isMeant).map(\.hash)
        for hash in ended { self.sessions[hash] = nil }
        return ended
    }

    /// The newest use first.
    package func of(_ actor: Actor, at now: Instant) -> [SignedInSession] {
        self.sessions.values.filter { $0.actor == actor && Self.isAlive($0, now) }
            .sorted { ($0.lastUsedAt, $0.hash) > ($1.lastUsedAt, $1.hash) }
    }

    private static func isAlive(_ session: SignedInSession, _ now: Instant) -> Bool {
        now - session.lastUsedAt < Self.idle && now - session.createdAt < Self.absolute
    }
}

/// A link that sets a password once. Its secret is in the link alone.
package struct OneTimeLink: Sendable, Codable, Equatable {
    package static let life = Milliseconds.hours(24)

    /// SHA-256 of the secret, hexadecimal.
    package let hash: String
    package let person: String
    package let by: Actor
    package let createdAt: Instant
    package let expiresAt: Instant
}
