import Crypto
import Foundation
import Glibc
package import Ports
import Synchronization

/// What people sign in with, in a data folder: one file in `credentials` for each record, named by its kind and the SHA-256 of its id. It
/// holds the id of its key and AES-GCM (NIST SP 800-38D) over id and record; kind and file name are authenticated with it, so that two
/// files can't change places.
package final class FileCredentials: CredentialStore {
    package static let keyFileName = "credential.key"

    private let folder: String
    private let place: SecretKeys.Place
    /// Writers wait for each other: two at once would make two first keys.
    private let writing = Mutex<Void>(())

    private static let title = "slipway credential 1"
    private static let mostBytes = 65_536

    package init(data: String, key: SecretKeys.Place) {
        self.folder = "\(data)/credentials"
        self.place = key
    }

    package func put(_ bytes: [UInt8], as key: CredentialKey) throws {
        try CredentialRecord.check(bytes, as: key)
        try self.writing.withLock { _ in
            let keys = try SecretKeys.toWrite(self.place, folder: self.folder) { try self.names().isEmpty }
            try self.write(bytes, as: key, under: keys.keys[0])
        }
    }

    package func read(_ key: CredentialKey) throws -> [UInt8]? {
        guard let (id, bytes) = try self.content(Self.name(key)) else { return nil }
        guard id == key.id else { throw self.damaged(Self.name(key)) }
        return bytes
    }

    package func remove(_ key: CredentialKey) throws {
        let path = "\(self.folder)/\(Self.name(key))"
        guard unlink(path) == 0 || errno == ENOENT else {
            throw SecretError(.failed, "\(path) can't be removed: \(String(cString: strerror(errno))).")
        }
    }

    /// A file that can't be read is left out: whose it was must sign in again.
    package func ids(of kind: CredentialKey.Kind) throws -> [String] {
        try self.names().filter { $0.hasPrefix("\(kind.rawValue)-") }.compactMap { name in
            do { return try self.content(name)?.id } catch let error as SecretError where error.code == .damaged {
                return nil
            }
        }
    }

    package func rotateKey() throws -> Int {
        try self.writing.withLock { _ in
            let names = try self.names()
            guard !names.isEmpty else { return 0 }
            let keys = try SecretKeys.toWrite(self.place, folder: self.folder) { false }
            return try keys.rotate { key in
                for name in names {
                    guard let kind = Self.kind(name), let (id, bytes) = try self.content(name) else { continue }
                    try self.write(bytes, as: CredentialKey(kind, id), under: key)
                }
                return names.count
            }
        }
    }

    private func write(_ bytes: [UInt8], as key: CredentialKey, under sealing: SecretKeys.Key) throws {
        let name = Self.name(key)
        // The id is sealed too: it is at most 256 bytes long, which two digits of 16 bits say.
        let length = key.id.utf8.count
        let plain = [UInt8(length >> 8), UInt8(length & 255)] + Array(key.id.utf8) + bytes
        let sealed = try AES.GCM.seal(plain, using: sealing.key, authenticating: Self.bound(name, sealing.id))
        // Always there with a nonce of the standard 12 bytes.
        guard let combined = sealed.combined else { throw SecretError(.failed, "AES-GCM gave no whole box.") }
        try FolderTree.make(self.folder)
        let lines = [Self.title, sealing.id, combined.base64EncodedString()]
        try DurableFile(path: "\(self.folder)/\(name)").write(Array((lines.joined(separator: "\n") + "\n").utf8))
    }

    private func content(_ name: String) throws -> (id: String, bytes: [UInt8])? {
        guard let file = try DurableFile(path: "\(self.folder)/\(name)").read(limit: Self.mostBytes) else {
            return nil
        }
        let lines = String(decoding: file, as: UTF8.self).split(separator: "\n")
        guard lines.count == 3, lines[0] == Self.title, let sealed = Data(base64Encoded: String(lines[2])),
            let box = try? AES.GCM.SealedBox(combined: sealed)
        else { throw self.damaged(name) }
        guard let keys = try SecretKeys.read(self.place), let key = keys.key(String(lines[1])) else {
            throw SecretError(
                .wrongKey,
                "\(self.folder)/\(name) was encrypted with key \(lines[1].prefix(16)), which \(self.place.words) does not "
                    + "hold. Put that key back, or move \(self.folder) away: then everybody sets a password again.")
        }
        guard let plain = try? AES.GCM.open(box, using: key.key, authenticating: Self.bound(name, key.id)),
            plain.count > 2
        else { throw self.damaged(name) }
        let bytes = Array(plain)
        let length = Int(bytes[0]) << 8 | Int(bytes[1])
        guard bytes.count >= 2 + length else { throw self.damaged(name) }
        return (String(decoding: bytes[2..<(2 + length)], as: UTF8.self), Array(bytes[(2 + length)...]))
    }

    private func names() throws -> [String] {
        try FolderTree.names(in: self.folder).filter { Self.kind($0) != nil && !$0.hasSuffix(".new") }
    }

    private static func kind(_ name: String) -> CredentialKey.Kind? {
        name.split(separator: "-").first.flatMap { CredentialKey.Kind(rawValue: String($0)) }
    }

    private static func name(_ key: CredentialKey) -> String {
        let digest = SHA256.hash(data: Array("\(key.kind.rawValue)\n\(key.id)".utf8))
        let digits = digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        return "\(key.kind.rawValue)-\(digits)"
    }

    private static func bound(_ name: String, _ key: String) -> [UInt8] {
        Array([Self.title, key, name].joined(separator: "\n").utf8)
    }

    private func damaged(_ name: String) -> SecretError {
        SecretError(
            .damaged,
            "\(self.folder)/\(name) was changed or is not what its name says. Remove it; whose it is signs in anew.")
    }
}
