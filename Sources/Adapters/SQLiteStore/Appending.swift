import Core
import GRDB
import Ports

/// The end of the ledger inside one write transaction: what the next event follows. A value, so that an append that is refused
/// leaves it as it was.
struct Appending {
    private(set) var position: Int
    private(set) var at: Instant?
    private var sealed: Int

    init(_ database: Database) throws {
        let last = try database.first("SELECT position, at FROM events ORDER BY position DESC LIMIT 1") {
            (position: $0.int(0), at: Instant(milliseconds: Int64($0.int(1))))
        }
        self.position = last?.position ?? 0
        self.at = last?.at
        self.sealed = try database.first("SELECT max(position) FROM seals") { $0.int(0) } ?? 0
    }

    /// Refuses an owner whose term is over. Asked inside the transaction that writes.
    static func check(_ term: Term, in database: Database) throws {
        let newest = try Self.newestTerm(in: database)
        guard newest == term else { throw LedgerError.stale(term, newest: newest.number) }
    }

    static func newestTerm(in database: Database) throws -> Term {
        Term(try Self.head(of: .ledger, in: database)?.head.number ?? 0)
    }

    /// Starts the next term: the one event that `append` does not write.
    mutating func startTerm(owner: String, at: Instant, in database: Database) throws -> Term {
        let found = try Self.head(of: .ledger, in: database)
        let term = (found?.head.number ?? 0) + 1
        let batch = StreamBatch(
            stream: .ledger, expected: term - 1, events: [.termStarted(owner: owner, term: term)])
        _ = try self.store(AppendRequest([batch], actor: .system, at: at), in: database)
        return Term(term)
    }

    /// Writes a checked request, or throws `conflict` before it wrote anything.
    mutating func store(_ request: AppendRequest, in database: Database) throws -> [Envelope] {
        for reading in request.readings {
            let actual = try Self.head(of: reading.stream, in: database)?.head.number ?? 0
            guard actual == reading.number else {
                throw LedgerError.movedOn(reading.stream, expected: reading.number, actual: actual)
            }
        }
        var places: [(id: Int, head: StreamHead)?] = []
        for batch in request.batches {
            let place = try Self.head(of: batch.stream, in: database)
            let actual = place?.head.number ?? 0
            guard actual == batch.expected else {
                throw LedgerError.movedOn(batch.stream, expected: batch.expected, actual: actual)
            }
            places.append(place)
        }
        let at = max(request.at, self.at ?? request.at)
        var stored: [Envelope] = []
        for (batch, place) in zip(request.batches, places) {
            stored += try self.store(batch, at: place, time: at, request, in: database)
        }
        try Self.write(request.rows, in: database)
        for snapshot in request.snapshots { try Self.write(snapshot, in: database) }
        return stored
    }

    private mutating func store(
        _ batch: StreamBatch, at place: (id: Int, head: StreamHead)?, time: Instant, _ request: AppendRequest,
        in database: Database
    ) throws -> [Envelope] {
        var head = place?.head
        let id: Int
        if let place {
            id = place.id
        } else {
            try database.run(
                "INSERT INTO streams (name, number, hash) VALUES (?, 0, ?)", batch.stream.description,
                ChainHash.origin.bytes)
            id = Int(database.lastInsertedRowID)
        }
        var stored: [Envelope] = []
        for (index, event) in batch.events.enumerated() {
            let envelope = Envelope(
                event, of: batch.stream, after: head, position: self.position + 1, at: time, actor: request.actor,
                cause: request.cause)
            try Self.write(envelope, stream: id, in: database)
            stored.append(envelope)
            head = StreamHead(stream: batch.stream, number: envelope.number, hash: envelope.hash)
            self.position = envelope.position
            self.at = time
            let sealed = self.position.isMultiple(of: LedgerLimits.sealEvery)
            if sealed || index == batch.events.count - 1 {
                try database.run(
                    "UPDATE streams SET number = ?, hash = ? WHERE id = ?", envelope.number, envelope.hash.bytes, id)
            }
            if sealed { try self.seal(at: time, in: database) }
        }
        return stored
    }

    /// Writes a seal over all heads, unless the newest event is sealed already.
    mutating func seal(at: Instant, in database: Database) throws {
        guard self.position > self.sealed else { return }
        let previous = try database.first("SELECT hash FROM seals ORDER BY position DESC LIMIT 1") { $0.bytes(0) }
        let previousHash = try previous.map { try chainHash($0, "the seal at position \(self.sealed)") } ?? .origin
        let heads = try Self.heads(in: database)
        let at = max(at, self.at ?? at)
        let sealHash = Seal.hash(previous: previousHash, position: self.position, at: at, heads: heads)
        try database.run(
            "INSERT INTO seals (position, at, previousHash, hash) VALUES (?, ?, ?, ?)", self.position,
            Int(at.milliseconds), previousHash.bytes, sealHash.bytes)
        self.sealed = self.position
    }

    static func heads(in database: Database) throws -> [StreamHead] {
        try database.all("SELECT name, number, hash FROM streams WHERE number > 0 ORDER BY name") { row in
            let name = row.text(0)
            return StreamHead(
                stream: try streamID(name), number: row.int(1), hash: try chainHash(row.bytes(2), "the head of \(name)"))
        }
    }

    static func head(of stream: StreamID, in database: Database) throws -> (id: Int, head: StreamHead)? {
        try database.first("SELECT id, number, hash FROM streams WHERE name = ?", stream.description) { row in
            let head = StreamHead(
                stream: stream, number: row.int(1), hash: try chainHash(row.bytes(2), "the head of \(stream)"))
            return (row.int(0), head)
        }
    }

    private static func write(_ event: Envelope, stream: Int, in database: Database) throws {
        try database.run(
            """
            INSERT INTO events (position, stream, number, kind, kindVersion, at, actor, cause, body, previousHash, hash) \
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            event.position, stream, event.number, event.kind.name, event.kind.version, Int(event.at.milliseconds),
            event.actor.description, event.cause?.text ?? "", event.body, event.previousHash.bytes, event.hash.bytes)
    }

    static func write(_ rows: [ProjectionRow], in database: Database) throws {
        for row in rows {
            if let body = row.body {
                try database.run(
                    "INSERT OR REPLACE INTO projections (name, key, scope, body) VALUES (?, ?, ?, ?)",
                    row.table.rawValue, row.key, row.scope, body)
            } else {
                try database.run(
                    "DELETE FROM projections WHERE name = ? AND key = ?", row.table.rawValue, row.key)
            }
        }
    }

    private static func write(_ snapshot: Snapshot, in database: Database) throws {
        let place = try Self.head(of: snapshot.stream, in: database)
        guard let place, snapshot.number <= place.head.number else {
            throw LedgerError.snapshotAhead(snapshot, newest: place?.head.number ?? 0)
        }
        try database.run(
            "INSERT OR REPLACE INTO snapshots (stream, number, version, body, digest) VALUES (?, ?, ?, ?, ?)", place.id,
            snapshot.number, snapshot.version, snapshot.body, snapshot.digest.bytes)
    }
}

/// 32 bytes of a row, or `damaged` with the row's name.
func chainHash(_ bytes: [UInt8], _ what: @autoclosure () -> String) throws -> ChainHash {
    guard let hash = ChainHash(bytes) else {
        throw LedgerError(.damaged, "The ledger is damaged: \(what()) has a hash of \(bytes.count) bytes.")
    }
    return hash
}

func streamID(_ name: String) throws -> StreamID {
    guard let stream = StreamID(name) else {
        throw LedgerError(.damaged, "The ledger is damaged: `\(name)` names no stream.")
    }
    return stream
}
