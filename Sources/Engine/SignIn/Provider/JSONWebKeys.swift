import Crypto
import CryptoExtras
import Foundation

/// The public keys of a provider (RFC 7517), as far as they verify RS256 and ES256. Others are left out.
package struct JSONWebKeys: Sendable {
    enum Key: Sendable {
        case rsa(_RSA.Signing.PublicKey)
        case p256(P256.Signing.PublicKey)
    }

    private let keys: [(id: String?, key: Key)]

    static let most = 50

    package init(_ body: [UInt8]) throws(SignInRefusal) {
        guard let object = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any],
            let given = object["keys"] as? [[String: Any]], given.count <= Self.most
        else { throw SignInRefusal(.provider, "The provider's keys can't be read: they are no JSON Web Key Set.") }
        self.keys = given.compactMap { fields in
            guard (fields["use"] as? String ?? "sig") == "sig", let key = Self.key(fields) else { return nil }
            return (fields["kid"] as? String, key)
        }
    }

    private static func key(_ fields: [String: Any]) -> Key? {
        func bytes(_ name: String) -> Data? { (fields[name] as? String).flatMap(Base64URL.decode) }
        switch (fields["kty"] as? String, fields["alg"] as? String) {
        case ("RSA", nil), ("RSA", "RS256"):
            // Below 2,048 bits a signature proves little (RFC 7518, 3.3).
            guard let n = bytes("n"), let e = bytes("e"),
                let key = try? _RSA.Signing.PublicKey(n: n, e: e), key.keySizeInBits >= 2_048
            else { return nil }
            return .rsa(key)
        case ("EC", nil), ("EC", "ES256"):
            guard fields["crv"] as? String == "P-256", let x = bytes("x"), let y = bytes("y"),
                x.count == 32, y.count == 32,
                let key = try? P256.Signing.PublicKey(x963Representation: [4] + x + y)
            else { return nil }
            return .p256(key)
        default: return nil
        }
    }

    /// Those of this id and kind; without an id, all of the kind.
    func keys(_ id: String?, for algorithm: IDToken.Algorithm) -> [Key] {
        self.keys.filter { entry in
            switch (entry.key, algorithm) {
            case (.rsa, .rs256), (.p256, .es256): id == nil || entry.id == id
            case (.rsa, .es256), (.p256, .rs256): false
            }
        }.map(\.key)
    }
}

/// RFC 4648, section 5, without padding.
enum Base64URL {
    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }

    static func decode(_ text: String) -> Data? {
        guard text.utf8.allSatisfy({ $0 != 0x2B && $0 != 0x2F && $0 != 0x3D }) else { return nil }
        let plain = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        return Data(base64Encoded: plain + String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4))
    }
}
