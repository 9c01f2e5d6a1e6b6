package import Core

/// Files by their SHA-256: logs, JUnit results, artifacts, notes. Deleting one never breaks the chain of events.
package protocol BlobStore: Sendable {
    /// Stores a file's bytes (moved or copied in, flushed to disk before it returns) and says its address.
    func store(file path: String) async throws -> Blob
    func store(_ bytes: [UInt8]) async throws -> Blob
    /// The whole content; refuses one larger than `limit`, a missing one (nil), and one whose bytes don't match the digest.
    func read(_ digest: Digest, limit: Int) async throws -> [UInt8]?
    /// A path to read the bytes from, or nil if there is no such blob. The caller must not write there.
    func path(_ digest: Digest) async throws -> String?
    /// Removes the bytes, if they are there and were stored before `time` (somebody may just have stored the same content and not yet
    /// written it down); how many went.
    func remove(_ digest: Digest, storedBefore time: Instant) async throws -> Int64
}
