package import Crypto

/// A SHA-256, as a value of the chain: 32 bytes.
package struct ChainHash: Sendable, Hashable, CustomStringConvertible {
    package let bytes: [UInt8]

    /// What stands before the first event of a stream: 32 zero bytes.
    package static let origin = ChainHash(unchecked: [UInt8](repeating: 0, count: 32))

    private init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    /// nil unless there are exactly 32 bytes.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    package init(_ digest: SHA256.Digest) { self.bytes = Array(digest) }

    package var description: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: self.bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

/// What an event came from: another event (by position), or a request of the API (by its id).
package struct Cause: Sendable, Hashable, CustomStringConvertible {
    package let text: String
    package static func position(_ position: Int) -> Cause { Cause(text: "position:\(position)") }
    package static func request(_ id: String) -> Cause { Cause(text: "request:\(id)") }
    package init(text: String) { self.text = text }
    package var description: String { self.text }
}

/// One record of the ledger.
package struct Envelope: Sendable, Equatable {
    /// Place in the whole ledger, from 1, without gaps.
    package let position: Int
    package let stream: StreamID
    /// Place in its stream, from 1, without gaps.
    package let number: Int
    package let kind: EventKind
    /// Never before the ledger's previous event.
    package let at: Instant
    package let actor: Actor
    package let cause: Cause?
    /// JSON as stored: sorted keys, integers and strings only.
    package let body: [UInt8]
    /// Hash of the stream's previous event; `ChainHash.origin` for the first.
    package let previousHash: ChainHash
    package let hash: ChainHash

    package init(
        position: Int, stream: StreamID, number: Int, kind: EventKind, at: Instant, actor: Actor, cause: Cause?,
        body: [UInt8], previousHash: ChainHash, hash: ChainHash
    ) {
        self.position = position
        self.stream = stream
        self.number = number
        self.kind = kind
        self.at = at
        self.actor = actor
        self.cause = cause
        self.body = body
        self.previousHash = previousHash
        self.hash = hash
    }

    /// The hash that these fields should have: SHA-256 over each field, preceded by its length as 8 bytes, big-endian.
    /// The position is left out: it is held by the seals.
    package static func hash(
        previous: ChainHash, stream: StreamID, number: Int, kind: EventKind, at: Instant, actor: Actor, cause: Cause?,
        body: [UInt8]
    ) -> ChainHash {
        var hasher = FieldHasher(capacity: body.count + 320)
        hasher.add(previous.bytes)
        hasher.add(stream.description)
        hasher.add(number)
        hasher.add(kind.name)
        hasher.add(kind.version)
        hasher.add(at.milliseconds)
        hasher.add(actor.description)
        hasher.add(cause?.text ?? "")
        hasher.add(body)
        return hasher.finish()
    }

    package var hasRightHash: Bool {
        self.hash
            == Envelope.hash(
                previous: self.previousHash, stream: self.stream, number: self.number, kind: self.kind, at: self.at,
                actor: self.actor, cause: self.cause, body: self.body)
    }
}

/// The newest event of a stream.
package struct StreamHead: Sendable, Equatable {
    package let stream: StreamID
    package let number: Int
    package let hash: ChainHash

    package init(stream: StreamID, number: Int, hash: ChainHash) {
        self.stream = stream
        self.number = number
        self.hash = hash
    }
}

/// A statement over all stream heads at a position, so that a cut tail or a lost stream is seen.
package struct Seal: Sendable, Equatable {
    /// The newest position that it covers.
    package let position: Int
    package let at: Instant
    /// Hash of the seal before; `ChainHash.origin` for the first.
    package let previousHash: ChainHash
    package let hash: ChainHash

    package init(position: Int, at: Instant, previousHash: ChainHash, hash: ChainHash) {
        self.position = position
        self.at = at
        self.previousHash = previousHash
        self.hash = hash
    }

    /// SHA-256 over the length-prefixed fields: previous seal, position, time, and of every head, in the order of the
    /// stream's UTF-8 bytes, its stream, number and hash.
    package static func hash(previous: ChainHash, position: Int, at: Instant, heads: [StreamHead]) -> ChainHash {
        var hasher = FieldHasher(capacity: heads.count * 96 + 128)
        hasher.add(previous.bytes)
        hasher.add(position)
        hasher.add(at.milliseconds)
        let named = heads.map { (name: $0.stream.description, head: $0) }
        for (name, head) in named.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
            hasher.add(name)
            hasher.add(head.number)
            hasher.add(head.hash.bytes)
        }
        return hasher.finish()
    }
}
