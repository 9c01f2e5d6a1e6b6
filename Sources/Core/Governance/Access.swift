/// Named tokens with owners, and the record of what was refused for lack of right. Hashes only; secrets are shown once and never kept.
package struct Access: Machine, Codable {
    package private(set) var tokens: [Token] = []
    /// Of the last minute: the same is not written down again and again.
    private var refusals: [Refused] = []

    /// In use at a time.
    package static let tokenLimit = 1_000
    /// Revoked or expired ones that are still listed; the oldest go.
    package static let endedLimit = 1_000
    /// Refusals of one actor that are written down within a minute.
    package static let refusalLimit = 60

    package init() {}

    package struct Token: Sendable, Equatable, Codable {
        package let name: String
        package let owner: Actor
        /// SHA-256 of the secret.
        package let hash: Digest
        package let mayAdminister: Bool
        package let createdAt: Instant
        package fileprivate(set) var revokedAt: Instant?
        /// What it is good for; nil: all that its owner may do. Absent in what was stored before there were scopes.
        package let scope: Scope?
        /// All that it is good for, of what its owner may do; nil in tokens of versions 1 and 2.
        package let rights: [TokenRight]?
        /// From then on it is no token any more; nil: it is one until it is revoked.
        package let expiresAt: Instant?

        package static let rightLimit = 50

        package init(
            name: String, owner: Actor, hash: Digest, mayAdminister: Bool, createdAt: Instant, scope: Scope? = nil,
            rights: [TokenRight]? = nil, expiresAt: Instant? = nil
        ) {
            self.name = name
            self.owner = owner
            self.hash = hash
            self.mayAdminister = mayAdminister
            self.createdAt = createdAt
            self.scope = scope
            self.rights = rights
            self.expiresAt = expiresAt
        }

        package func isInUse(at now: Instant) -> Bool {
            self.revokedAt == nil && (self.expiresAt.map { now < $0 } ?? true)
        }

        fileprivate var version: Int {
            if self.rights != nil || self.expiresAt != nil { return 3 }
            return self.scope == nil ? 1 : 2
        }
    }

    package struct TokenRight: Sendable, Hashable, Codable {
        package let right: Right
        package let scope: AccessScope

        package init(right: Right, scope: AccessScope) {
            self.right = right
            self.scope = scope
        }
    }

    /// The little that a token is good for, whoever owns it: a program that is broken into can do no more.
    package enum Scope: Sendable, Equatable, Codable {
        /// Make releases of these services, and look at them.
        case release(of: [ServiceName])

        package static let serviceLimit = 50
    }

    package enum Input: Sendable, Equatable {
        case add(Token)
        case revoke(name: String, by: Actor, at: Instant)
        case refuse(Refused)
        case note(Credential)
    }

    package enum Event: Sendable, Equatable {
        case tokenAdded(Token)
        case tokenRevoked(Revoked)
        case refused(Refused)
        case credentialChanged(Credential)
    }

    /// That how a person signs in was changed, by whom. What it was changed to is never in the ledger.
    package struct Credential: Sendable, Equatable, Codable {
        package enum Deed: String, Sendable, Codable, CaseIterable {
            case passwordSet, passwordRemoved, linkMade, sessionsEnded
        }

        package let person: String
        package let deed: Deed
        package let by: Actor
        package let at: Instant

        package init(person: String, deed: Deed, by: Actor, at: Instant) {
            self.person = person
            self.deed = deed
            self.by = by
            self.at = at
        }
    }

    package struct Revoked: Sendable, Equatable, Codable {
        package let name: String
        package let by: Actor
        package let at: Instant
    }

    package struct Refused: Sendable, Equatable, Codable {
        package let actor: Actor
        package let intent: String
        package let scope: String
        package let at: Instant

        package init(actor: Actor, intent: String, scope: String, at: Instant) {
            self.actor = actor
            self.intent = intent
            self.scope = scope
            self.at = at
        }
    }

    /// Access needs nothing done in the world.
    package enum Effect: Sendable, Hashable {}
    package var pending: [Effect] { [] }

    package func decide(_ input: Input) throws(Refusal) -> [Event] {
        switch input {
        case .add(let token):
            let inUse = self.tokens.filter { $0.isInUse(at: token.createdAt) }
            guard !inUse.contains(where: { $0.name == token.name }) else {
                throw Refusal(
                    .alreadyExists, "A token `\(token.name)` exists. Revoke it first, or choose another name.")
            }
            guard inUse.count < Self.tokenLimit else {
                throw Refusal(
                    .notAllowed,
                    "\(inUse.count) tokens are in use, \(Self.tokenLimit) are allowed. `slipway token revoke NAME` ends one."
                )
            }
            return [.tokenAdded(token)]
        case .revoke(let name, let actor, let now):
            guard self.tokens.contains(where: { $0.name == name && $0.revokedAt == nil }) else {
                throw Refusal(.notFound, "There is no token `\(name)` in use. `slipway token list` shows them.")
            }
            return [.tokenRevoked(Revoked(name: name, by: actor, at: now))]
        case .refuse(let refused): return self.isFlood(refused) ? [] : [.refused(refused)]
        case .note(let credential): return [.credentialChanged(credential)]
        }
    }

    /// The same was written down within the last minute, or much else of this actor.
    private func isFlood(_ refused: Refused) -> Bool {
        let recent = self.refusals.filter { $0.actor == refused.actor && refused.at - $0.at < .minutes(1) }
        return recent.count >= Self.refusalLimit
            || recent.contains { $0.intent == refused.intent && $0.scope == refused.scope }
    }

    package mutating func apply(_ event: Event) throws(IllegalEvent) {
        switch event {
        case .tokenAdded(let token):
            let ended = self.tokens.indices.filter { !self.tokens[$0].isInUse(at: token.createdAt) }
            if ended.count >= Self.endedLimit { self.tokens.remove(at: ended[0]) }
            self.tokens.append(token)
        case .tokenRevoked(let body):
            for index in self.tokens.indices where self.tokens[index].name == body.name {
                self.tokens[index].revokedAt = self.tokens[index].revokedAt ?? body.at
            }
        case .refused(let body):
            self.refusals.removeAll { body.at - $0.at >= .minutes(1) }
            self.refusals = self.refusals.suffix(1_000) + [body]
        case .credentialChanged: break
        }
    }
}

extension Access.Event: LedgerEvent {
    package var kind: EventKind {
        switch self {
        case .tokenAdded(let token): EventKind("access.tokenAdded", version: token.version)
        case .tokenRevoked: EventKind("access.tokenRevoked")
        case .refused: EventKind("access.refused")
        case .credentialChanged: EventKind("access.credentialChanged")
        }
    }

    package var payload: any Encodable & Sendable {
        switch self {
        case .tokenAdded(let body): body
        case .tokenRevoked(let body): body
        case .refused(let body): body
        case .credentialChanged(let body): body
        }
    }

    package static func decode<D: PayloadDecoder>(_ kind: EventKind, from decoder: D) throws -> Access.Event? {
        // Who knows no scopes or rights must not take such a token for one that is good for everything.
        let newest = kind.name == "access.tokenAdded" ? 3 : 1
        guard (1...newest).contains(kind.version) else { return nil }
        switch kind.name {
        case "access.tokenAdded": return .tokenAdded(try decoder.decode(Access.Token.self))
        case "access.tokenRevoked": return .tokenRevoked(try decoder.decode(Access.Revoked.self))
        case "access.refused": return .refused(try decoder.decode(Access.Refused.self))
        case "access.credentialChanged":
            return .credentialChanged(try decoder.decode(Access.Credential.self))
        default: return nil
        }
    }
}
