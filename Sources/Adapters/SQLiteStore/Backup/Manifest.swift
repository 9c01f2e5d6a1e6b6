import Core

import struct Crypto.SHA256

/// What a backup holds, its last file: one line a file, and its own digest on the last line.
///
///     slipway backup 1
///     at 1770000000000
///     position 1234
///     file <sha256> <bytes> ledger.sqlite
///     end <sha256 of all lines before>
struct Manifest: Equatable {
    static let name = "MANIFEST"
    static let ledger = "ledger.sqlite"
    /// Folder of the encrypted values of secrets, each in a file of 64 hexadecimal digits.
    static let secrets = "secrets"
    /// What they are encrypted with; only there if it was asked for.
    static let key = "secret.key"
    /// Folder of what people sign in with, and its key: both only with the keys, because without one nobody could set a password.
    static let credentials = "credentials"
    static let credentialKey = "credential.key"
    static let mostBytes: Int64 = 256 << 20
    private static let title = "slipway backup 1"

    let at: Instant
    /// Of the ledger's newest event.
    let position: Int
    let files: [Packed]

    init(at: Instant, position: Int, files: [Packed]) {
        self.at = at
        self.position = position
        self.files = files
    }

    var encoded: [UInt8] {
        var lines = [Self.title, "at \(self.at.milliseconds)", "position \(self.position)"]
        lines += self.files.map { "file \($0.sha256) \($0.bytes) \($0.name)" }
        let text = lines.map { $0 + "\n" }.joined()
        return Array((text + "end \(hexadecimal(SHA256.hash(data: Array(text.utf8))))\n").utf8)
    }

    /// nil: nothing that `encoded` makes.
    init?(_ bytes: [UInt8]) {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard lines.count >= 4, lines[0] == Self.title,
            let at = Self.number(lines[1], "at"), let position = Self.number(lines[2], "position")
        else { return nil }
        var files: [Packed] = []
        for line in lines[3..<lines.count - 1] {
            let parts = line.split(separator: " ")
            guard parts.count == 4, parts[0] == "file", let bytes = Int64(parts[2]) else { return nil }
            files.append(Packed(name: String(parts[3]), bytes: bytes, sha256: String(parts[1])))
        }
        self.init(at: Instant(milliseconds: Int64(at)), position: position, files: files)
        guard self.encoded == bytes else { return nil }
    }

    static func isSecret(_ name: String) -> Bool {
        let file = name.dropFirst(Self.secrets.count + 1)
        return name.hasPrefix(Self.secrets + "/") && file.utf8.count == 64
            && file.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// Passwords, and who people are at a provider. Sessions and links do not come back with a backup: they may have ended since.
    static func isCredential(_ name: String) -> Bool {
        let kinds = ["password-", "identity-"].map { "\(Self.credentials)/\($0)" }
        return kinds.contains { kind in
            name.hasPrefix(kind) && Self.isSecret("\(Self.secrets)/\(name.dropFirst(kind.count))")
        }
    }

    private static func number(_ line: Substring, _ key: String) -> Int? {
        line.hasPrefix(key + " ") ? Int(line.dropFirst(key.count + 1)) : nil
    }
}
