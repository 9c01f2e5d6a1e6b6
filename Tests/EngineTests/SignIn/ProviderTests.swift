import Core
import Crypto
import CryptoExtras
import Engine
import Foundation
import Synchronization
import Testing

/// A provider made of values, whose answers a test forges.
private final class ForgedProvider: Sendable {
    struct State: Sendable {
        var rsa: _RSA.Signing.PrivateKey
        var ec = P256.Signing.PrivateKey()
        var keyID = "k1"
        var asked: [String] = []
        var forms: [String] = []
        var claims: [String: ClaimValue] = [:]
        var header: [String: String] = [:]
        /// Makes the token out of its first two parts.
        var sign: @Sendable (State, Data) throws -> Data = { state, data in
            try state.rsa.signature(for: SHA256.hash(data: data), padding: .insecurePKCS1v1_5).rawRepresentation
        }
        var issuer = ForgedProvider.issuer
        var status = 200
    }

    enum ClaimValue: Sendable, Encodable {
        case text(String), number(Double), list([String]), flag(Bool)

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .number(let number): try container.encode(number)
            case .list(let list): try container.encode(list)
            case .flag(let flag): try container.encode(flag)
            }
        }
    }

    static let issuer = "https://id.example"
    static let client = "slipway"
    static let now = Instant(milliseconds: 1_800_000_000_000)

    let state: Mutex<State>

    init() throws {
        var state = State(rsa: try _RSA.Signing.PrivateKey(keySize: .bits2048))
        state.header = ["alg": "RS256", "kid": "k1"]
        let seconds = Double(Self.now.milliseconds) / 1_000
        state.claims = [
            "iss": .text(Self.issuer), "aud": .text(Self.client), "sub": .text("s-1"), "exp": .number(seconds + 300),
            "iat": .number(seconds), "preferred_username": .text("ana"), "groups": .list(["leads", "ops"]),
        ]
        self.state = Mutex(state)
    }

    func provider(claim: String = "preferred_username", secret: String? = "s&cret:1") throws -> IdentityProvider {
        try IdentityProvider(
            IdentityProvider.Settings(
                issuer: Self.issuer, clientID: Self.client, clientSecret: secret, address: "https://slipway.example",
                personClaim: claim),
            fetch: { try self.answer($0) })
    }

    private func answer(_ request: WebRequest) throws -> WebAnswer {
        try self.state.withLock { state in
            state.asked.append(request.url)
            let object: any Encodable
            switch request.url {
            case "\(Self.issuer)/.well-known/openid-configuration":
                object = [
                    "issuer": state.issuer, "authorization_endpoint": "\(Self.issuer)/authorize",
                    "token_endpoint": "\(Self.issuer)/token", "jwks_uri": "\(Self.issuer)/keys",
                ]
            case "\(Self.issuer)/keys":
                let primitives = try state.rsa.publicKey.getKeyPrimitives()
                let point = state.ec.publicKey.x963Representation
                object = [
                    "keys": [
                        [
                            "kty": "RSA", "kid": state.keyID, "use": "sig", "alg": "RS256",
                            "n": Self.encode(primitives.modulus), "e": Self.encode(primitives.publicExponent),
                        ],
                        [
                            "kty": "EC", "kid": "ec1", "crv": "P-256", "x": Self.encode(point[1..<33]),
                            "y": Self.encode(point[33..<65]),
                        ],
                        ["kty": "oct", "kid": "hmac", "k": "c2VjcmV0"],
                    ]
                ]
            case "\(Self.issuer)/token":
                state.forms.append("\(request.form ?? "") \(request.authorization ?? "-")")
                let head = Self.encode(try JSONEncoder().encode(state.header))
                let body = Self.encode(try JSONEncoder().encode(state.claims))
                let signature = try state.sign(state, Data("\(head).\(body)".utf8))
                object = ["id_token": "\(head).\(body).\(Self.encode(signature))", "access_token": "a"]
            default: return WebAnswer(status: 404, body: [])
            }
            return WebAnswer(status: state.status, body: Array(try JSONEncoder().encode(object)))
        }
    }

    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }

    struct Begun {
        let target: String
        let cookie: String
        let query: [String: String]
    }

    func begin(_ provider: IdentityProvider) async throws -> Begun {
        let (target, cookie) = try await provider.begin(at: Self.now)
        let items = URLComponents(string: target)?.queryItems ?? []
        let query = Dictionary(uniqueKeysWithValues: items.map { ($0.name, $0.value ?? "") })
        // As a provider does: the nonce of the request goes into the token.
        self.state.withLock { $0.claims["nonce"] = $0.claims["nonce"] ?? .text(query["nonce"] ?? "") }
        return Begun(target: target, cookie: cookie, query: query)
    }

    /// One whole sign-in, `state` and all as they should be.
    func signIn(_ provider: IdentityProvider) async throws -> IDToken {
        let begun = try await self.begin(provider)
        return try await provider.finish(
            code: "c-1", state: begun.query["state"], issuer: nil, error: nil, cookie: begun.cookie, at: Self.now)
    }
}

@Suite struct ProviderTests {
    private static func refused(
        _ body: () async throws -> Void, saying words: String, line: SourceLocation = #_sourceLocation
    ) async {
        do {
            try await body()
            Issue.record("was not refused", sourceLocation: line)
        } catch let refusal as SignInRefusal {
            #expect(refusal.code == .provider && refusal.message.contains(words), "\(refusal)", sourceLocation: line)
        } catch {
            Issue.record("\(error)", sourceLocation: line)
        }
    }

    @Test func `a sign-in by RS256 asks with PKCE, state and nonce, and says who it is`() async throws {
        let forged = try ForgedProvider()
        let provider = try forged.provider()
        let begun = try await forged.begin(provider)
        #expect(begun.target.hasPrefix("https://id.example/authorize?"))
        #expect(begun.query["response_type"] == "code" && begun.query["code_challenge_method"] == "S256")
        #expect(begun.query["redirect_uri"] == "https://slipway.example/sign-in/provider/return")
        #expect(begun.query["scope"]?.contains("openid") == true && begun.query["nonce"]?.utf8.count == 64)
        let token = try await provider.finish(
            code: "c-1", state: begun.query["state"], issuer: ForgedProvider.issuer, error: nil, cookie: begun.cookie,
            at: ForgedProvider.now)
        #expect(token == IDTokenText(subject: "s-1", person: "ana", groups: ["leads", "ops"]))
        let form = try #require(forged.state.withLock { $0.forms.first })
        let verifier = try #require(
            form.split(separator: " ")[0].split(separator: "&").first { $0.hasPrefix("code_verifier=") }?.dropFirst(14))
        #expect(
            ForgedProvider.encode(SHA256.hash(data: Array(verifier.utf8))) == begun.query["code_challenge"])
        // RFC 6749, 2.3.1.
        #expect(form.hasSuffix("Basic \(Data("slipway:s%26cret%3A1".utf8).base64EncodedString())"))
    }

    /// Compared by what a token says.
    private struct IDTokenText {
        let subject: String, person: String?, groups: [String]
        static func == (token: IDToken, text: IDTokenText) -> Bool {
            token.subject == text.subject && token.person == text.person && token.groups == text.groups
        }
    }

    @Test func `ES256 and a public client are taken too`() async throws {
        let forged = try ForgedProvider()
        forged.state.withLock {
            $0.header = ["alg": "ES256", "kid": "ec1"]
            $0.sign = { state, data in try state.ec.signature(for: data).rawRepresentation }
        }
        #expect(try await forged.signIn(try forged.provider(secret: nil)).person == "ana")
        let form = try #require(forged.state.withLock { $0.forms.first })
        #expect(form.contains("client_id=slipway") && form.hasSuffix(" -"))
    }

    @Test func `a token by no algorithm, by HMAC with the public key, or by another algorithm's key is refused`()
        async throws
    {
        for name in ["none", "None", "HS256", "RS384", "PS256", ""] {
            let forged = try ForgedProvider()
            forged.state.withLock {
                $0.header = ["alg": name, "kid": "k1"]
                $0.sign = { state, data in
                    guard name == "HS256" else { return Data() }
                    let key = SymmetricKey(data: Data(state.rsa.publicKey.pemRepresentation.utf8))
                    return Data(HMAC<SHA256>.authenticationCode(for: data, using: key))
                }
            }
            await Self.refused({ _ = try await forged.signIn(try forged.provider()) }, saying: "only RS256 and ES256")
        }
        // The header says ES256 and names the RSA key; the key set has a symmetric one.
        for (algorithm, key) in [("ES256", "k1"), ("RS256", "ec1"), ("RS256", "hmac"), ("RS256", "k9")] {
            let forged = try ForgedProvider()
            forged.state.withLock { $0.header = ["alg": algorithm, "kid": key] }
            await Self.refused({ _ = try await forged.signIn(try forged.provider()) }, saying: "not signed by a key")
        }
    }

    @Test func `a signature that is not the provider's is refused, and one of a changed token`() async throws {
        let forged = try ForgedProvider()
        let other = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        forged.state.withLock {
            $0.sign = { _, data in
                try other.signature(for: SHA256.hash(data: data), padding: .insecurePKCS1v1_5).rawRepresentation
            }
        }
        await Self.refused({ _ = try await forged.signIn(try forged.provider()) }, saying: "not signed by a key")
        forged.state.withLock {
            $0.sign = { state, data in
                try state.rsa.signature(
                    for: SHA256.hash(data: data + Data("x".utf8)), padding: .insecurePKCS1v1_5
                ).rawRepresentation
            }
        }
        await Self.refused({ _ = try await forged.signIn(try forged.provider()) }, saying: "not signed by a key")
        forged.state.withLock {
            $0.header["crit"] = "exp"
        }
        await Self.refused({ _ = try await forged.signIn(try forged.provider()) }, saying: "extensions")
    }

    @Test func `a wrong nonce, issuer, audience, time or nobody is refused`() async throws {
        let seconds = Double(ForgedProvider.now.milliseconds) / 1_000
        let wrong: [(String, ForgedProvider.ClaimValue?, String)] = [
            ("nonce", .text("another"), "nonce"), ("iss", .text("https://evil.example"), "issuer"),
            ("iss", nil, "issuer"), ("aud", .text("another"), "another program"), ("aud", nil, "another program"),
            ("aud", .list(["slipway", "another"]), "another program"), ("azp", .text("another"), "another program"),
            ("exp", .number(seconds - 61), "is over"), ("exp", nil, "is over"), ("exp", .text("tomorrow"), "is over"),
            ("iat", .number(seconds + 120), "another time"), ("iat", .number(seconds - 700), "another time"),
            ("iat", nil, "another time"), ("nbf", .number(seconds + 120), "not good yet"), ("sub", nil, "nobody"),
            ("sub", .text(""), "nobody"), ("exp", .number(1e300), "is over"),
        ]
        for (name, value, words) in wrong {
            let forged = try ForgedProvider()
            forged.state.withLock { $0.claims[name] = value }
            await Self.refused({ _ = try await forged.signIn(try forged.provider()) }, saying: words)
        }
    }

    @Test func `an answer is good once, to the browser that asked, for ten minutes`() async throws {
        let forged = try ForgedProvider()
        let provider = try forged.provider()
        let begun = try await forged.begin(provider)
        let state = begun.query["state"]
        func finish(
            _ state: String?, _ cookie: String?, code: String? = "c-1", issuer: String? = nil, error: String? = nil,
            at now: Instant = ForgedProvider.now
        ) async throws {
            _ = try await provider.finish(
                code: code, state: state, issuer: issuer, error: error, cookie: cookie, at: now)
        }
        for (given, cookie) in [
            (state, nil), (nil, begun.cookie), ("another", begun.cookie), (state, "nonsense"),
            (state, String(begun.cookie.reversed())), (state, String(repeating: "A", count: 4_000)),
        ] as [(String?, String?)] {
            await Self.refused({ try await finish(given, cookie) }, saying: "no sign-in that this browser began")
        }
        await Self.refused(
            { try await finish(state, begun.cookie, at: ForgedProvider.now + .minutes(11)) }, saying: "ten minutes")
        try await finish(state, begun.cookie)
        await Self.refused({ try await finish(state, begun.cookie) }, saying: "used already")
        forged.state.withLock { $0.claims["nonce"] = nil }
        let second = try await forged.begin(provider)
        await Self.refused(
            { try await finish(second.query["state"], second.cookie, issuer: "https://evil.example") },
            saying: "no code"
        )
        let third = try await forged.begin(provider)
        await Self.refused(
            { try await finish(third.query["state"], third.cookie, code: nil, error: "access_denied") },
            saying: "access_denied")
        // The cookie of another process opens nothing here.
        let elsewhere = try forged.provider()
        let fourth = try await forged.begin(provider)
        await Self.refused(
            {
                _ = try await elsewhere.finish(
                    code: "c", state: fourth.query["state"], issuer: nil, error: nil, cookie: fourth.cookie,
                    at: ForgedProvider.now)
            }, saying: "no sign-in that this browser began")
    }

    @Test func `a rotated key is fetched once, and unknown ones do not hammer the provider`() async throws {
        let forged = try ForgedProvider()
        let provider = try forged.provider()
        func signIn(at now: Instant) async throws {
            forged.state.withLock { $0.claims["nonce"] = nil }
            let begun = try await forged.begin(provider)
            _ = try await provider.finish(
                code: "c", state: begun.query["state"], issuer: nil, error: nil, cookie: begun.cookie, at: now)
        }
        var fetched: Int { forged.state.withLock { $0.asked.filter { $0.hasSuffix("/keys") }.count } }
        try await signIn(at: ForgedProvider.now)
        try await signIn(at: ForgedProvider.now)
        #expect(fetched == 1)
        let fresh = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        forged.state.withLock {
            $0.rsa = fresh
            $0.keyID = "k2"
            $0.header["kid"] = "k2"
        }
        try await signIn(at: ForgedProvider.now + .seconds(40))
        #expect(fetched == 2)
        forged.state.withLock { $0.header["kid"] = "k3" }
        for _ in 0..<20 {
            await Self.refused(
                { try await signIn(at: ForgedProvider.now + .seconds(41)) }, saying: "not signed by a key")
        }
        #expect(fetched == 2)
        // The old key is not believed any more, though its signature was good once.
        forged.state.withLock { $0.header["kid"] = "k1" }
        await Self.refused({ try await signIn(at: ForgedProvider.now + .seconds(80)) }, saying: "not signed by a key")
    }

    @Test func `a token that names no key is tried by all of its kind, also after they were renewed`() async throws {
        let forged = try ForgedProvider()
        let provider = try forged.provider()
        forged.state.withLock { $0.header = ["alg": "RS256"] }
        #expect(try await forged.signIn(provider).person == "ana")
        let fresh = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        forged.state.withLock {
            $0.rsa = fresh
            $0.claims["nonce"] = nil
        }
        let begun = try await forged.begin(provider)
        let token = try await provider.finish(
            code: "c", state: begun.query["state"], issuer: nil, error: nil, cookie: begun.cookie,
            at: ForgedProvider.now + .seconds(40))
        #expect(token.person == "ana")
    }

    @Test func `an address counts only where the provider has verified it`() async throws {
        for (flag, expected) in [
            (.flag(true), "ana@shop.example"), (.flag(false), nil), (.text("true"), nil), (nil, nil),
        ] as [(ForgedProvider.ClaimValue?, String?)] {
            let forged = try ForgedProvider()
            forged.state.withLock {
                $0.claims["email"] = .text("ana@shop.example")
                $0.claims["email_verified"] = flag
            }
            #expect(try await forged.signIn(try forged.provider(claim: "email")).person == expected)
        }
    }

    @Test func `a provider that is another, without https, or ill is named`() async throws {
        let forged = try ForgedProvider()
        forged.state.withLock { $0.issuer = "https://other.example" }
        await Self.refused({ _ = try await forged.signIn(try forged.provider()) }, saying: "calls itself")
        let ill = try ForgedProvider()
        ill.state.withLock { $0.status = 500 }
        await Self.refused({ _ = try await ill.signIn(try ill.provider()) }, saying: "answers 500")
        for issuer in ["http://id.example", "ftp://id.example", "id.example", "", "https://me@id.example"] {
            #expect(throws: SignInRefusal.self) {
                _ = try IdentityProvider(
                    IdentityProvider.Settings(issuer: issuer, clientID: "c", clientSecret: nil, address: "https://x"),
                    fetch: { _ in WebAnswer(status: 200, body: []) })
            }
        }
    }
}
