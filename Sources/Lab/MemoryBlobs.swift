package import Core
import Ports
import Synchronization

import struct Crypto.SHA256

/// Blobs in memory. `path` gives no file of the machine's, but a name that stands for the content.
package final class MemoryBlobs: BlobStore {
    private struct Content {
        var blobs: [Digest: [UInt8]] = [:]
        var files: [String: [UInt8]] = [:]
    }

    private let content = Mutex(Content())
    private let mostBytes: Int

    package init(mostBytes: Int = 1 << 30) { self.mostBytes = mostBytes }

    /// Puts a file into the world that this store's `store(file:)` reads.
    package func put(_ bytes: [UInt8], at path: String) {
        self.content.withLock { $0.files[path] = bytes }
    }

    /// Damages what is stored, as a failing disk does; false if there is no such blob.
    package func damage(_ digest: Digest) -> Bool {
        self.content.withLock { content in
            guard content.blobs[digest] != nil else { return false }
            content.blobs[digest]?.append(0)
            return true
        }
    }

    package func store(file path: String) async throws -> Blob {
        guard let bytes = self.content.withLock({ $0.files[path] }) else {
            throw LedgerError(.invalid, "\(path) can't be opened: there is no such file.")
        }
        return try await self.store(bytes)
    }

    package func store(_ bytes: [UInt8]) async throws -> Blob {
        guard bytes.count <= self.mostBytes else {
            throw LedgerError(.invalid, "The content has \(bytes.count) bytes; a blob may have \(self.mostBytes).")
        }
        let digest = try Self.digest(of: bytes)
        self.content.withLock { $0.blobs[digest] = bytes }
        return Blob(digest: digest, bytes: Int64(bytes.count))
    }

    package func read(_ digest: Digest, limit: Int) async throws -> [UInt8]? {
        guard let bytes = try self.checked(digest) else { return nil }
        guard bytes.count <= limit else {
            throw LedgerError(.invalid, "\(digest) has \(bytes.count) bytes; at most \(limit) are read here.")
        }
        return bytes
    }

    package func path(_ digest: Digest) async throws -> String? {
        try self.checked(digest) == nil ? nil : "memory:\(digest.hexadecimal)"
    }

    /// What is stored here counts as old.
    package func remove(_ digest: Digest, storedBefore time: Instant) async throws -> Int64 {
        self.content.withLock { Int64($0.blobs.removeValue(forKey: digest)?.count ?? 0) }
    }

    package func stored(before time: Instant) async throws -> [Blob] {
        self.content.withLock { $0.blobs.map { Blob(digest: $0.key, bytes: Int64($0.value.count)) } }
    }

    private func checked(_ digest: Digest) throws -> [UInt8]? {
        guard let bytes = self.content.withLock({ $0.blobs[digest] }) else { return nil }
        guard try Self.digest(of: bytes) == digest else {
            throw LedgerError(
                .damaged,
                "The blob \(digest) is damaged: its content has another digest. Store it again.")
        }
        return bytes
    }

    private static func digest(of bytes: [UInt8]) throws -> Digest {
        guard let hash = ChainHash(Array(SHA256.hash(data: bytes))), let digest = Digest("sha256:\(hash)") else {
            throw LedgerError(.invalid, "No digest of \(bytes.count) bytes.")
        }
        return digest
    }
}
