import Crypto
import Foundation
import Glibc
import Ports

/// The keys that secrets are encrypted with: the first encrypts, all of them decrypt.
package struct SecretKeys: Sendable {
    /// Where they come from.
    package enum Place: Sendable, Equatable {
        /// A file of ours, made on first use, readable by this user alone.
        case file(String)
        /// A file that somebody else looks after.
        case foreignFile(String)
        /// The environment variable.
        case text(String)

        /// `SLIPWAY_SECRET_KEY` before `SLIPWAY_SECRET_KEY_FILE` before the data folder's own file.
        /// - Parameter file: the data folder's own one, by what it encrypts.
        package static func of(
            _ environment: [String: String], data: String, file: String = Self.fileName
        ) -> Place {
            if let text = environment["SLIPWAY_SECRET_KEY"], !text.isEmpty { return .text(text) }
            if let path = environment["SLIPWAY_SECRET_KEY_FILE"], !path.isEmpty { return .foreignFile(path) }
            return .file("\(data)/\(file)")
        }

        package static let fileName = "secret.key"

        var words: String {
            switch self {
            case .file(let path), .foreignFile(let path): path
            case .text: "SLIPWAY_SECRET_KEY"
            }
        }
    }

    struct Key: Sendable, Equatable {
        let key: SymmetricKey
        /// Names the key, tells nothing about it: 64 bits of a SHA-256 over 256 random bits.
        let id: String

        init(_ bytes: [UInt8]) {
            self.key = SymmetricKey(data: bytes)
            let digest = SHA256.hash(data: Array("slipway key id".utf8) + bytes)
            self.id = digest.prefix(8).map(Self.hexadecimal).joined()
        }

        static func random() -> Key { Key(SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }) }

        var text: String { self.key.withUnsafeBytes { $0.map(Self.hexadecimal).joined() } }

        private static func hexadecimal(_ byte: UInt8) -> String {
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
    }

    let place: Place
    let keys: [Key]

    func key(_ id: String) -> Key? { self.keys.first { $0.id == id } }

    /// The keys to write with; the first use makes the file, unless there is something that a lost key encrypted: a new key beside it
    /// would hide that.
    /// - Parameter folder: where what they encrypt is kept.
    static func toWrite(_ place: Place, folder: String, isEmpty: () throws -> Bool) throws -> SecretKeys {
        if let keys = try Self.read(place) { return keys }
        guard case .file(let path) = place else {
            throw SecretError(.wrongKey, "There is no key in \(place.words).")
        }
        guard try isEmpty() else {
            throw SecretError(
                .wrongKey,
                "The key file \(path) is not there, and \(folder) holds values that were encrypted with it. Put it "
                    + "back, or move \(folder) away and set every value again.")
        }
        let keys = SecretKeys(place: place, keys: [Key.random()])
        try keys.write(to: path)
        return keys
    }

    /// Encrypts all anew, by `write` under the key that it is given. Under a key of ours: a new one, which stands before the old one until
    /// all is done. Under a key from elsewhere: its first, which whoever gives it has put before the old one.
    func rotate(_ write: (Key) throws -> Int) throws -> Int {
        guard case .file(let path) = self.place else { return try write(self.keys[0]) }
        var keys = self
        // Two keys: a rotation that was cut off is ended with the key that it made.
        if keys.keys.count == 1 {
            keys = SecretKeys(place: self.place, keys: [Key.random()] + self.keys)
            try keys.write(to: path)
        }
        let count = try write(keys.keys[0])
        try SecretKeys(place: self.place, keys: [keys.keys[0]]).write(to: path)
        return count
    }

    /// nil: there is no key file yet.
    static func read(_ place: Place) throws(SecretError) -> SecretKeys? {
        let text: String
        switch place {
        case .text(let given): text = given
        case .file(let path), .foreignFile(let path):
            guard let read = try Self.content(path) else {
                if case .file = place { return nil }
                throw SecretError(
                    .wrongKey, "The key file \(path) of SLIPWAY_SECRET_KEY_FILE is not there: put it back, or name it.")
            }
            text = read
        }
        let words = text.split { $0 == "," || $0.isWhitespace || $0.isNewline }
        var keys: [Key] = []
        for word in words {
            guard let bytes = Self.bytes(word) else {
                throw SecretError(
                    .damaged,
                    "\(place.words) holds no key: a key is 64 hexadecimal digits (`openssl rand -hex 32` makes one); "
                        + "an older one may follow after a comma.")
            }
            keys.append(Key(bytes))
        }
        guard !keys.isEmpty else {
            throw SecretError(.damaged, "\(place.words) is empty: a key is 64 hexadecimal digits.")
        }
        return SecretKeys(place: place, keys: keys)
    }

    private static func content(_ path: String) throws(SecretError) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        guard status.st_mode & 0o077 == 0 else {
            throw SecretError(
                .wrongKey, "The key file \(path) can be read by others: `chmod 600 \(path)`, and rotate the key.")
        }
        do {
            return try DurableFile(path: path).read(limit: 4_096).map { String(decoding: $0, as: UTF8.self) }
        } catch {
            throw SecretError(.failed, "The key file \(path) can't be read: \(error)")
        }
    }

    private static func bytes(_ word: Substring) -> [UInt8]? {
        let digits = word.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard word.utf8.count == 64, digits.count == 64 else { return nil }
        return stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
    }

    /// One line a key, the newest first.
    func write(to path: String) throws(SecretError) {
        do {
            try DurableFile(path: path).write(Array((self.keys.map(\.text).joined(separator: "\n") + "\n").utf8))
        } catch {
            throw SecretError(.failed, "The key file \(path) can't be written: \(error)")
        }
    }
}
