package import Core
import Crypto
import Foundation
import Glibc
import Ports
import Synchronization

/// The store of secrets in a data folder: one file in `secrets` for each version, named by the SHA-256 of what it belongs to. It holds the
/// id of its key, what it belongs to, and AES-GCM (NIST SP 800-38D) over the value; what it belongs to is authenticated with it, so that
/// two files can't change places.
package final class FileSecrets: SecretStore {
    private let folder: String
    private let place: SecretKeys.Place
    /// Writers wait for each other: two at once would make two first keys.
    private let writing = Mutex<Void>(())

    private static let title = "slipway secret 1"
    private static let mostBytes = 65_536

    package init(data: String, key: SecretKeys.Place) {
        self.folder = "\(data)/secrets"
        self.place = key
    }

    package func put(_ value: String, as version: SecretVersion) throws {
        try SecretValue.check(value)
        try self.writing.withLock { _ in
            let keys = try self.writableKeys()
            try self.write(value, as: version, under: keys.keys[0])
        }
    }

    package func value(_ version: SecretVersion) throws -> String {
        let path = self.path(version)
        guard let bytes = try self.file(path).read(limit: Self.mostBytes) else {
            throw SecretError(
                .missing,
                "There is no value of \(version) in \(self.folder). Set it again: `slipway secret set \(version.name) "
                    + "--service \(version.service)`, and deploy.")
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard lines.count == 7, lines[0] == Self.title, lines[2..<6].map(String.init) == Self.parts(version),
            let sealed = Data(base64Encoded: String(lines[6])),
            let box = try? AES.GCM.SealedBox(combined: sealed)
        else { throw self.damaged(path) }
        guard let keys = try SecretKeys.read(self.place), let key = keys.key(String(lines[1])) else {
            throw SecretError(
                .wrongKey,
                "\(version) was encrypted with key \(lines[1].prefix(16)), which \(self.place.words) does not hold. Put "
                    + "that key back (a backup has it only if it was made with --with-key), or set the secret again.")
        }
        guard let value = try? AES.GCM.open(box, using: key.key, authenticating: Self.bound(version, key.id)) else {
            throw self.damaged(path)
        }
        return String(decoding: value, as: UTF8.self)
    }

    package func remove(_ version: SecretVersion) throws {
        guard unlink(self.path(version)) == 0 || errno == ENOENT else {
            throw SecretError(.failed, "\(self.path(version)) can't be removed: \(String(cString: strerror(errno))).")
        }
    }

    package func rotateKey() throws -> Int {
        try self.writing.withLock { _ in
            try self.writableKeys().rotate { key in
                let versions = try self.versions()
                for version in versions { try self.write(try self.value(version), as: version, under: key) }
                return versions.count
            }
        }
    }

    private func writableKeys() throws -> SecretKeys {
        try SecretKeys.toWrite(self.place, folder: self.folder) { try self.versions().isEmpty }
    }

    private func write(_ value: String, as version: SecretVersion, under key: SecretKeys.Key) throws {
        let sealed = try AES.GCM.seal(
            Array(value.utf8), using: key.key, authenticating: Self.bound(version, key.id))
        // Always there with a nonce of the standard 12 bytes.
        guard let combined = sealed.combined else { throw SecretError(.failed, "AES-GCM gave no whole box.") }
        let path = self.path(version)
        try FolderTree.make(self.folder)
        let lines = [Self.title, key.id] + Self.parts(version) + [combined.base64EncodedString()]
        try self.file(path).write(Array((lines.joined(separator: "\n") + "\n").utf8))
    }

    /// None of the parts can hold a line's end.
    private static func bound(_ version: SecretVersion, _ key: String) -> [UInt8] {
        Array(([Self.title, key] + Self.parts(version)).joined(separator: "\n").utf8)
    }

    /// `_` stands for all environments: no environment has that name.
    private static func parts(_ version: SecretVersion) -> [String] {
        [version.service.text, version.environment?.text ?? "_", version.name.text, String(version.version)]
    }

    private func path(_ version: SecretVersion) -> String {
        let digest = SHA256.hash(data: Array(Self.parts(version).joined(separator: "\n").utf8))
        return "\(self.folder)/\(digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())"
    }

    private func file(_ path: String) -> DurableFile { DurableFile(path: path) }

    private func damaged(_ path: String) -> SecretError {
        SecretError(
            .damaged, "\(path) was changed or is not what its name says. Restore a backup, or set the secret again.")
    }

    /// What each file says that it belongs to.
    private func versions() throws -> [SecretVersion] {
        try FolderTree.names(in: self.folder).filter { $0.utf8.count == 64 }.map { name in
            let path = "\(self.folder)/\(name)"
            let text = String(decoding: try self.file(path).read(limit: Self.mostBytes) ?? [], as: UTF8.self)
            let lines = text.split(separator: "\n").map(String.init)
            guard lines.count == 7, let service = ServiceName(lines[2]), let secret = SecretName(lines[4]),
                let number = Int(lines[5]), lines[3] == "_" || EnvironmentName(lines[3]) != nil
            else { throw self.damaged(path) }
            return SecretVersion(
                service: service, environment: EnvironmentName(lines[3]), name: secret, version: number)
        }
    }
}
