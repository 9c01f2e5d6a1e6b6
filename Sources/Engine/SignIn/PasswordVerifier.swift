import Crypto
import CryptoExtras
import Foundation

/// What a password is checked against: scrypt (RFC 7914) with a salt of its own. The parameters stand beside the hash, so that they can
/// grow without a password being set anew.
package struct PasswordVerifier: Sendable, Codable, Equatable {
    /// The cost of one check: 128 * `rounds` * `blockSize` bytes of memory.
    package struct Cost: Sendable, Codable, Equatable {
        /// N of RFC 7914, a power of two.
        package let rounds: Int
        /// r of RFC 7914.
        package let blockSize: Int
        /// p of RFC 7914.
        package let parallelism: Int

        package init(rounds: Int, blockSize: Int = 8, parallelism: Int = 1) {
            self.rounds = rounds
            self.blockSize = blockSize
            self.parallelism = parallelism
        }

        /// N = 2^17, r = 8, p = 1: 128 MiB (OWASP Password Storage Cheat Sheet, scrypt).
        package static let owasp = Cost(rounds: 1 << 17)

        package var bytes: Int { 128 * self.rounds * self.blockSize }
    }

    package let cost: Cost
    /// 16 random bytes.
    let salt: [UInt8]
    /// 32 bytes.
    let hash: [UInt8]

    /// Takes `cost` of time and memory.
    package init(of password: String, cost: Cost) throws {
        var generator = SystemRandomNumberGenerator()
        let salt = (0..<16).map { _ in generator.next() as UInt8 }
        self.cost = cost
        self.salt = salt
        self.hash = try Self.derive(password, salt, cost).withUnsafeBytes { Array($0) }
    }

    /// Takes the same time for every password of any person with this cost.
    package func matches(_ password: String) throws -> Bool {
        // Keys are compared in a time that does not depend on where they differ.
        try Self.derive(password, self.salt, self.cost) == SymmetricKey(data: self.hash)
    }

    /// Different ways to write the same letters give the same password (NIST SP 800-63B, 5.1.1.2: NFKC).
    private static func derive(_ password: String, _ salt: [UInt8], _ cost: Cost) throws -> SymmetricKey {
        try KDF.Scrypt.deriveKey(
            from: Array(password.precomposedStringWithCompatibilityMapping.utf8), salt: salt, outputByteCount: 32,
            rounds: cost.rounds, blockSize: cost.blockSize, parallelism: cost.parallelism)
    }
}

/// Which new passwords are taken. No rule about kinds of characters (NIST SP 800-63B, 5.1.1.2): length is what counts.
package enum PasswordRule {
    package static let least = 12
    package static let bytesMost = 1_024

    static func check(_ password: String, of person: String) throws(SignInRefusal) {
        guard password.count >= Self.least, password.utf8.count <= Self.bytesMost else {
            throw SignInRefusal(
                .password,
                "A password has at least \(Self.least) characters and at most \(Self.bytesMost) bytes. Four words that "
                    + "have nothing to do with each other are good and easy to remember.")
        }
        let folded = password.lowercased()
        guard Set(folded).count >= 5, folded.replacingOccurrences(of: person.lowercased(), with: "").count >= 8,
            !folded.contains("password"), !folded.contains("123456")
        else {
            throw SignInRefusal(
                .password,
                "This password is easy to guess: it is little more than the name, a row, or the word itself. Choose "
                    + "another one.")
        }
    }
}
