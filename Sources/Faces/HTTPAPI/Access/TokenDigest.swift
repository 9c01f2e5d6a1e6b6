import Crypto
import Foundation

/// SHA-256 of a token: what is stored and compared instead of the token. Comparing takes the same time for every value.
package struct TokenDigest: Sendable, Hashable {
    /// 32 bytes.
    package let bytes: [UInt8]

    package init(of token: String) {
        self.bytes = Array(SHA256.hash(data: Data(token.utf8)))
    }

    package var hexadecimal: String {
        self.bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    package static func == (left: TokenDigest, right: TokenDigest) -> Bool {
        var difference: UInt8 = 0
        for (one, other) in zip(left.bytes, right.bytes) { difference |= one ^ other }
        return difference == 0
    }
}

extension TokenDigest {
    /// 32 random bytes of the system's generator, as 64 hexadecimal digits: for session ids and form tokens.
    static func randomSecret() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            let digits = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
