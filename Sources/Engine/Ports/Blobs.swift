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
    /// Content that is stored again at the same moment stays.
    func remove(_ digest: Digest, storedBefore time: Instant) async throws -> Int64
    /// All that is there and was stored before `time`.
    func stored(before time: Instant) async throws -> [Blob]
}

extension Digest {
    /// Every `sha256:` with 64 hexadecimal digits in an event's body: whatever kind of event names it.
    package static func collect(_ body: UnsafeRawBufferPointer, into digests: inout Set<Digest>) {
        let prefix = Array("sha256:".utf8)
        var start = 0
        while start + 71 <= body.count {
            guard body[start] == prefix[0], body[start..<start + 7].elementsEqual(prefix) else {
                start += 1
                continue
            }
            if let digest = Digest(String(decoding: body[start..<start + 71], as: UTF8.self)) { digests.insert(digest) }
            start += 7
        }
    }
}
