package import Core
import Crypto
import Foundation
import Synchronization

/// Sign-in by an identity provider: OpenID Connect, authorization code flow with PKCE (RFC 7636, S256). What one sign-in needs travels in
/// an encrypted cookie, so that who begins many takes no memory; who ended one is remembered, so that no answer is good twice.
package final class IdentityProvider: Sendable {
    package struct Settings: Sendable, Equatable {
        /// As the provider writes it, `https://…`; `http` on loopback alone.
        package let issuer: String
        package let clientID: String
        package let clientSecret: String?
        /// Where Slipway is for browsers, without trailing slash.
        package let address: String
        /// The claim that is the person's name in the directory; by `email`, one of the person's addresses.
        package let personClaim: String
        package let groupsClaim: String

        package init(
            issuer: String, clientID: String, clientSecret: String?, address: String,
            personClaim: String = "preferred_username", groupsClaim: String = "groups"
        ) {
            self.issuer = issuer
            self.clientID = clientID
            self.clientSecret = clientSecret
            self.address = address
            self.personClaim = personClaim
            self.groupsClaim = groupsClaim
        }

        package var returnAddress: String { "\(self.address)/sign-in/provider/return" }
    }

    /// What discovery says (OpenID Connect Discovery, section 3).
    private struct Discovered: Sendable {
        let authorize: String
        let token: String
        let keys: String
        let at: Instant
    }

    private struct Flow: Codable {
        let state: String
        let nonce: String
        let verifier: String
        let begun: Instant
    }

    private struct State {
        var discovered: Discovered?
        var keys: (JSONWebKeys, at: Instant)?
        var keysAskedAt: Instant?
        var ended: [String: Instant] = [:]
    }

    package let settings: Settings
    private let fetch: WebFetch
    private let cookieKey = SymmetricKey(size: .bits256)
    private let state = Mutex(State())

    private static let life = Milliseconds.minutes(10)
    /// A token that no known key has signed makes us ask again, and so often at most: a forged token must not make us hammer the provider.
    private static let keysAgain = Milliseconds.seconds(30)
    private static let remembered = Milliseconds.hours(1)
    private static let endedMost = 10_000

    package init(_ settings: Settings, fetch: @escaping WebFetch) throws(SignInRefusal) {
        guard Self.isSafe(settings.issuer) else {
            throw SignInRefusal(
                .provider,
                "The issuer `\(settings.issuer.prefix(200))` is no https address (http is for this machine alone).")
        }
        self.settings = settings
        self.fetch = fetch
    }

    /// Where the browser goes, and the cookie that it comes back with.
    package func begin(at now: Instant) async throws -> (target: String, cookie: String) {
        let found = try await self.discover(now)
        let flow = Flow(
            state: SignInDesk.secret(), nonce: SignInDesk.secret(), verifier: SignInDesk.secret(), begun: now)
        let challenge = Base64URL.encode(SHA256.hash(data: Array(flow.verifier.utf8)))
        let query = Self.form([
            ("response_type", "code"), ("client_id", self.settings.clientID),
            ("redirect_uri", self.settings.returnAddress), ("scope", "openid profile email"),
            ("state", flow.state), ("nonce", flow.nonce), ("code_challenge", challenge),
            ("code_challenge_method", "S256"),
        ])
        let sealed = try AES.GCM.seal(try JSONEncoder().encode(flow), using: self.cookieKey)
        return (
            found.authorize + (found.authorize.contains("?") ? "&" : "?") + query,
            Base64URL.encode(sealed.combined ?? Data())
        )
    }

    /// Who came back. Throws `SignInRefusal` for every answer that is not to this browser's own request, or not the provider's.
    package func finish(
        code: String?, state given: String?, issuer: String?, error: String?, cookie: String?, at now: Instant
    ) async throws -> IDToken {
        guard let flow = self.flow(cookie), let given, SignInDesk.hash(given) == SignInDesk.hash(flow.state) else {
            throw SignInRefusal(
                .provider, "This answer belongs to no sign-in that this browser began. Sign in again.")
        }
        guard now - flow.begun < Self.life else {
            throw SignInRefusal(.provider, "This sign-in began more than ten minutes ago. Sign in again.")
        }
        let isFirst = self.state.withLock { state in
            if state.ended.count >= Self.endedMost {
                state.ended = state.ended.filter { now - $0.value < Self.life }
            }
            return state.ended.updateValue(now, forKey: flow.state) == nil
        }
        guard isFirst else { throw SignInRefusal(.provider, "This answer was used already. Sign in again.") }
        if let error {
            throw SignInRefusal(.provider, "The provider says no: \(Self.plain(error)).")
        }
        // RFC 9207: an answer of another provider is not taken to this one.
        guard issuer.map({ $0 == self.settings.issuer }) ?? true, let code, (1...4_096).contains(code.utf8.count) else {
            throw SignInRefusal(.provider, "The answer has no code of this provider. Sign in again.")
        }
        let token = try await self.exchange(code, flow.verifier, now)
        let parts = try IDToken.Parts(token)
        return try IDToken(
            try await self.verified(parts, now),
            IDToken.Expected(
                issuer: self.settings.issuer, clientID: self.settings.clientID, nonce: flow.nonce, now: now,
                personClaim: self.settings.personClaim, groupsClaim: self.settings.groupsClaim))
    }

    private func flow(_ cookie: String?) -> Flow? {
        guard let cookie, cookie.utf8.count <= 2_048, let bytes = Base64URL.decode(cookie),
            let box = try? AES.GCM.SealedBox(combined: bytes),
            let plain = try? AES.GCM.open(box, using: self.cookieKey)
        else { return nil }
        return try? JSONDecoder().decode(Flow.self, from: plain)
    }

    // MARK: Asking the provider

    private func discover(_ now: Instant) async throws -> Discovered {
        if let known = self.state.withLock({ $0.discovered }), now - known.at < Self.remembered { return known }
        let base = self.settings.issuer.hasSuffix("/") ? String(self.settings.issuer.dropLast()) : self.settings.issuer
        let object = try await self.object(WebRequest(url: "\(base)/.well-known/openid-configuration"), "discovery")
        guard object["issuer"] as? String == self.settings.issuer else {
            let named = Self.plain(object["issuer"] as? String ?? "nobody")
            throw SignInRefusal(
                .provider, "The provider calls itself \(named), and the settings say \(self.settings.issuer).")
        }
        let places = try ["authorization_endpoint", "token_endpoint", "jwks_uri"].map { name in
            guard let place = object[name] as? String, Self.isSafe(place) else {
                throw SignInRefusal(.provider, "The provider's `\(name)` is no https address.")
            }
            return place
        }
        let found = Discovered(authorize: places[0], token: places[1], keys: places[2], at: now)
        self.state.withLock { $0.discovered = found }
        return found
    }

    private func exchange(_ code: String, _ verifier: String, _ now: Instant) async throws -> String {
        let found = try await self.discover(now)
        var fields = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", self.settings.returnAddress),
            ("code_verifier", verifier),
        ]
        var authorization: String?
        if let secret = self.settings.clientSecret {
            // RFC 6749, 2.3.1: both are encoded as in a form first.
            let pair = "\(Self.encoded(self.settings.clientID)):\(Self.encoded(secret))"
            authorization = "Basic \(Data(pair.utf8).base64EncodedString())"
        } else {
            fields.append(("client_id", self.settings.clientID))
        }
        let object = try await self.object(
            WebRequest(url: found.token, form: Self.form(fields), authorization: authorization), "token")
        guard let token = object["id_token"] as? String else {
            throw SignInRefusal(.provider, "The provider's answer has no `id_token`.")
        }
        return token
    }

    /// By the keys that we know, else by those that the provider has now: it may have others since.
    private func verified(_ parts: IDToken.Parts, _ now: Instant) async throws -> IDToken.Verified {
        let known = self.state.withLock { $0.keys }
        if let (keys, at) = known, now - at < Self.remembered, let good = parts.verified(by: keys) { return good }
        let mayAsk = self.state.withLock { state in
            if let asked = state.keysAskedAt, now - asked < Self.keysAgain { return false }
            state.keysAskedAt = now
            return true
        }
        if mayAsk {
            let answer = try await self.answer(WebRequest(url: try await self.discover(now).keys), "keys")
            let keys = try JSONWebKeys(answer.body)
            self.state.withLock { $0.keys = (keys, now) }
            if let good = parts.verified(by: keys) { return good }
        }
        throw IDToken.refused("is not signed by a key of the provider")
    }

    private func object(_ request: WebRequest, _ what: String) async throws -> [String: Any] {
        let answer = try await self.answer(request, what)
        guard let object = try? JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any] else {
            throw SignInRefusal(.provider, "The provider's answer (\(what)) is no JSON object.")
        }
        return object
    }

    private func answer(_ request: WebRequest, _ what: String) async throws -> WebAnswer {
        let answer: WebAnswer
        do {
            answer = try await self.fetch(request)
        } catch {
            throw SignInRefusal(
                .provider, "The provider \(self.settings.issuer) does not answer (\(what)). Try again later.")
        }
        guard answer.status == 200 else {
            throw SignInRefusal(.provider, "The provider answers \(answer.status) (\(what)). Sign in again.")
        }
        return answer
    }

    // MARK: Texts

    /// https, or http to this machine.
    private static func isSafe(_ url: String) -> Bool {
        guard url.utf8.count <= 1_000, let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty,
            parts.user == nil, parts.fragment == nil
        else { return false }
        return parts.scheme == "https"
            || parts.scheme == "http" && ["127.0.0.1", "localhost", "[::1]", "::1"].contains(host)
    }

    private static func form(_ fields: [(String, String)]) -> String {
        fields.map { "\(Self.encoded($0.0))=\(Self.encoded($0.1))" }.joined(separator: "&")
    }

    /// Unreserved characters of RFC 3986 stay.
    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: String(Unicode.Scalar(byte))
            default:
                "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }

    private static func plain(_ text: String) -> String {
        String(text.unicodeScalars.filter { $0.isASCII && $0.value >= 0x20 }.prefix(100).map(Character.init))
    }
}
