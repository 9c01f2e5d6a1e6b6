import Core
import GRDB
import Ports

/// What can be checked quickly, however long the ledger is: the last seal against the heads, and the events after it.
enum EndCheck {
    static func run(_ database: Database) throws {
        let seal = try database.first("SELECT position, at, previousHash, hash FROM seals ORDER BY position DESC LIMIT 1") {
            row in
            let name = "the seal at position \(row.int(0))"
            return Seal(
                position: row.int(0), at: Instant(milliseconds: Int64(row.int(1))),
                previousHash: try chainHash(row.bytes(2), name), hash: try chainHash(row.bytes(3), name))
        }
        let heads = try Appending.heads(in: database)
        var tail: [StreamID: (first: Envelope, last: Envelope)] = [:]
        var reader = EnvelopeReader(streams: [:])
        let start = seal?.position ?? 0
        try database.each(EnvelopeReader.columns + " WHERE position > ? ORDER BY position", start) { row in
            try reader.learn(row, in: database)
            let event = try reader.read(row, following: .position(start))
            if let last = tail[event.stream]?.last {
                guard event.number == last.number + 1, event.previousHash == last.hash else {
                    throw EnvelopeReader.damaged(
                        event.position, event.number, event.stream, "it does not follow number \(last.number)")
                }
            }
            tail[event.stream] = (tail[event.stream]?.first ?? event, event)
        }
        try Self.check(heads, tail: tail)
        guard let seal else { return }
        let sealed = heads.compactMap { head in
            guard let first = tail[head.stream]?.first else { return head }
            return first.number == 1
                ? nil : StreamHead(stream: head.stream, number: first.number - 1, hash: first.previousHash)
        }
        let hash = Seal.hash(previous: seal.previousHash, position: seal.position, at: seal.at, heads: sealed)
        guard hash == seal.hash else {
            throw Verification.damaged(
                "the seal at position \(seal.position) does not fit: the seal, or a stream's head before it, were changed")
        }
    }

    private static func check(_ heads: [StreamHead], tail: [StreamID: (first: Envelope, last: Envelope)]) throws {
        var missing = Set(tail.keys)
        for head in heads {
            missing.remove(head.stream)
            guard let last = tail[head.stream]?.last else { continue }
            guard head.number == last.number, head.hash == last.hash else {
                throw Verification.damaged(
                    "the head of \(head.stream) says number \(head.number), its newest event is number \(last.number) at position \(last.position), and their hashes must be equal")
            }
        }
        if let stream = missing.first { throw Verification.damaged("the head of \(stream) is missing") }
    }
}
