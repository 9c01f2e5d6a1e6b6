package import Core
import Crypto
import Ports

extension ControlPlane {
    /// Name of the token and who holds it; nil: nobody. What is compared are hashes of 256 random bits, so time tells nothing of the secret.
    package func authenticate(_ secret: String) async throws -> (token: String, caller: Caller)? {
        guard secret.utf8.count <= 256 else { return nil }
        let hash = Core.Digest.of(secret)
        let tokens = try await self.journal.access().machine.tokens
        guard let token = tokens.last(where: { $0.hash == hash && $0.isInUse(at: self.journal.time.now()) }) else {
            return nil
        }
        return (token.name, Caller(token))
    }

    /// Who holds the token of this name; nil if it is not in use.
    package func caller(holding name: String) async throws -> Caller? {
        let tokens = try await self.journal.access().machine.tokens
        return tokens.last { $0.name == name && $0.isInUse(at: self.journal.time.now()) }
            .map { Caller($0) }
    }

    /// Makes a token; the secret is in the answer and nowhere else.
    package func addToken(
        _ name: String, owner: Actor, mayAdminister: Bool, scope: Access.Scope? = nil,
        rights: [Access.TokenRight]? = nil, lasting: Milliseconds? = nil, by caller: Caller
    ) async throws -> (Access.Token, secret: String) {
        try await self.authorize(caller, .administer, on: .organisation, "tokens")
        let isName =
            !["", ".", ".."].contains(name) && name.utf8.count <= 64
            && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x2F }
        guard isName else {
            throw Refusal(
                .invalid, "`\(name)` is no token name: 1 to 64 printable ASCII characters without space and slash.")
        }
        if case .release(let services) = scope { try await self.check(services) }
        try Self.check(rights, lasting, scope)
        let (secret, now) = (Self.newSecret(), self.journal.time.now())
        let token = Access.Token(
            name: name, owner: owner, hash: Core.Digest.of(secret), mayAdminister: mayAdminister,
            createdAt: now, scope: scope, rights: rights.map(Self.sorted), expiresAt: lasting.map { now + $0 })
        try await self.journal.decide(Access.self, .access, by: caller.actor) { _ in .add(token) }
        return (token, secret)
    }

    /// The same rights are written down in the same order.
    private static func sorted(_ rights: [Access.TokenRight]) -> [Access.TokenRight] {
        Set(rights).sorted { ($0.right, $0.scope.description) < ($1.right, $1.scope.description) }
    }

    private static let longest = Milliseconds.hours(24 * 366)

    private static func check(
        _ rights: [Access.TokenRight]?, _ lasting: Milliseconds?, _ scope: Access.Scope?
    ) throws(Refusal) {
        if let rights, !(1...Access.Token.rightLimit).contains(rights.count) || scope != nil {
            throw Refusal(
                .invalid,
                "A token has 1 to \(Access.Token.rightLimit) rights, not \(rights.count), or else the scope `release`.")
        }
        if let lasting, !(Milliseconds.seconds(1)...Self.longest).contains(lasting) {
            throw Refusal(.invalid, "A token expires after a second to 366 days, not after \(lasting.words).")
        }
    }

    /// A service that is not there yet is most likely a mistyped one.
    private func check(_ services: [ServiceName]) async throws {
        guard (1...Access.Scope.serviceLimit).contains(services.count), Set(services).count == services.count else {
            throw Refusal(
                .invalid,
                "A token for releases names 1 to \(Access.Scope.serviceLimit) services, each once, not \(services.count)."
            )
        }
        for service in services { _ = try await self.known(service) }
    }

    package func revokeToken(_ name: String, by caller: Caller) async throws {
        try await self.authorize(caller, .administer, on: .organisation, "tokens")
        try await self.journal.decide(Access.self, .access, by: caller.actor) { now in
            .revoke(name: name, by: caller.actor, at: now)
        }
    }

    package func tokens(by caller: Caller) async throws -> [Access.Token] {
        try await self.authorize(caller, .administer, on: .organisation, "tokens")
        return try await self.journal.access().machine.tokens
    }

    /// The token of the person who runs `serve`: made at the first start, and made anew if its secret was lost.
    package func localToken(owner: Actor, keeping secret: String?) async throws -> String {
        let access = try await self.journal.access().machine
        let local = "local"
        if let secret,
            access.tokens.contains(where: {
                $0.name == local && $0.isInUse(at: self.journal.time.now()) && $0.hash == Core.Digest.of(secret)
            })
        {
            return secret
        }
        let system = Caller(actor: .system, mayAdminister: true)
        if access.tokens.contains(where: { $0.name == local && $0.revokedAt == nil }) {
            try await self.revokeToken(local, by: system)
        }
        return try await self.addToken(local, owner: owner, mayAdminister: true, by: system).secret
    }

    /// 256 random bits as hexadecimal digits, with a prefix that secret scanners can know.
    private static func newSecret() -> String {
        let key = SymmetricKey(size: .bits256)
        let digits = key.withUnsafeBytes { bytes in ChainHash(Array(bytes))?.description ?? "" }
        return "slipway_\(digits)"
    }
}

extension Core.Digest {
    /// The SHA-256 of a text.
    package static func of(_ text: String) -> Core.Digest {
        let digits = ChainHash(SHA256.hash(data: Array(text.utf8))).description
        guard let digest = Core.Digest("sha256:\(digits)") else {
            preconditionFailure("a SHA-256 has 64 hexadecimal digits")
        }
        return digest
    }
}
