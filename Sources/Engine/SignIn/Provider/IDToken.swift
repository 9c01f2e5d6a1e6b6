import Core
import Crypto
import CryptoExtras
import Foundation

/// Who a provider says that somebody is (OpenID Connect Core, section 2), once its token has been found good (3.1.3.7).
package struct IDToken: Sendable, Equatable {
    package let subject: String
    /// What the settings name as the person's claim; nil: it is not there, or may not be relied on.
    package let person: String?
    package let groups: [String]

    /// What we believe: both need the provider's private key. `none`, and HMAC with a public key, are none of them.
    enum Algorithm: String, CaseIterable {
        case rs256 = "RS256"
        case es256 = "ES256"
    }

    static let bytesMost = 32_768
    /// Clocks may differ by this.
    private static let leeway = Milliseconds.minutes(1)
    /// A token is used at once, so an old one is another's.
    private static let oldest = Milliseconds.minutes(10)

    /// A token taken apart, not yet believed.
    struct Parts {
        let algorithm: Algorithm
        let keyID: String?
        let signed: Data
        let signature: Data
        let payload: Data

        init(_ text: String) throws(SignInRefusal) {
            let pieces = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard text.utf8.count <= IDToken.bytesMost, pieces.count == 3,
                let head = Base64URL.decode(pieces[0]), let payload = Base64URL.decode(pieces[1]),
                let signature = Base64URL.decode(pieces[2]),
                let header = try? JSONSerialization.jsonObject(with: head) as? [String: Any]
            else { throw IDToken.refused("is no signed token") }
            let named = header["alg"] as? String ?? "none"
            guard let algorithm = Algorithm(rawValue: named) else {
                throw IDToken.refused(
                    "is signed by `\(named.prefix(20))`, and only RS256 and ES256 are believed")
            }
            guard header["crit"] == nil else { throw IDToken.refused("asks for extensions that are not known here") }
            self.algorithm = algorithm
            self.keyID = header["kid"] as? String
            self.signed = Data("\(pieces[0]).\(pieces[1])".utf8)
            self.signature = signature
            self.payload = payload
        }

        /// nil: none of the keys has signed it.
        func verified(by keys: JSONWebKeys) -> Verified? {
            keys.keys(self.keyID, for: self.algorithm).contains { self.isSigned(by: $0) }
                ? Verified(payload: self.payload) : nil
        }

        private func isSigned(by key: JSONWebKeys.Key) -> Bool {
            switch key {
            case .rsa(let key):
                // PKCS 1 v1.5 is what RS256 is (RFC 7518, 3.3).
                key.isValidSignature(
                    _RSA.Signing.RSASignature(rawRepresentation: self.signature),
                    for: SHA256.hash(data: self.signed), padding: .insecurePKCS1v1_5)
            case .p256(let key):
                (try? P256.Signing.ECDSASignature(rawRepresentation: self.signature))
                    .map { key.isValidSignature($0, for: self.signed) } ?? false
            }
        }
    }

    /// What one of the provider's keys has signed.
    struct Verified {
        fileprivate let payload: Data
    }

    /// What a good token has to say.
    struct Expected {
        let issuer: String
        let clientID: String
        let nonce: String
        let now: Instant
        let personClaim: String
        let groupsClaim: String
    }

    init(_ verified: Verified, _ expected: Expected) throws(SignInRefusal) {
        guard let claims = try? JSONSerialization.jsonObject(with: verified.payload) as? [String: Any] else {
            throw Self.refused("holds no JSON object")
        }
        try Self.check(claims, expected)
        guard let subject = claims["sub"] as? String, (1...255).contains(subject.utf8.count) else {
            throw Self.refused("names nobody")
        }
        self.subject = subject
        let value = claims[expected.personClaim] as? String
        let isReliable = expected.personClaim != "email" || claims["email_verified"] as? Bool == true
        self.person = isReliable ? value : nil
        self.groups = Array((claims[expected.groupsClaim] as? [String] ?? []).prefix(1_000))
    }

    private static func check(_ claims: [String: Any], _ expected: Expected) throws(SignInRefusal) {
        guard claims["iss"] as? String == expected.issuer else { throw Self.refused("is of another issuer") }
        let audience = claims["aud"] as? [String] ?? [claims["aud"] as? String ?? ""]
        guard audience.contains(expected.clientID) else { throw Self.refused("is meant for another program") }
        let party = claims["azp"] as? String
        guard party.map({ $0 == expected.clientID }) ?? (audience.count == 1) else {
            throw Self.refused("was given to another program")
        }
        guard let nonce = claims["nonce"] as? String, SignInDesk.hash(nonce) == SignInDesk.hash(expected.nonce) else {
            throw Self.refused("answers another request (its nonce is another)")
        }
        guard let end = Self.time(claims["exp"]), end + Self.leeway > expected.now else {
            throw Self.refused("is over, or says no end")
        }
        guard let made = Self.time(claims["iat"]), made < expected.now + Self.leeway,
            expected.now < made + Self.oldest + Self.leeway
        else { throw Self.refused("was made at another time") }
        if claims["nbf"] != nil {
            guard let begin = Self.time(claims["nbf"]), begin < expected.now + Self.leeway else {
                throw Self.refused("is not good yet")
            }
        }
    }

    /// Seconds since 1970, within what can be counted in milliseconds.
    private static func time(_ value: Any?) -> Instant? {
        guard let seconds = value as? Double, seconds > 0, seconds < 1e11 else { return nil }
        return Instant(milliseconds: Int64(seconds * 1_000))
    }

    static func refused(_ what: String) -> SignInRefusal {
        SignInRefusal(.provider, "The provider's answer is not believed: its token \(what). Sign in again.")
    }
}
