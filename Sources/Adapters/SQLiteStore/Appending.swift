import Core
import GRDB
import Ports

/// The end of the ledger: what the next event follows. Read from the file once; it stays true for an owner as long as
/// its term is the newest (checked in each transaction) and each of its transactions was committed.
struct Appending {
    /// Streams whose heads are kept at hand.
    private static let mostPlaces = 10_000

    private(set) var position: Int
    private(set) var at: Instant?
    private var sealed: Int
    private var places: [StreamID: Place] = [:]

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
        Term(try Self.place(of: .ledger, in: database).number)
    }

    /// Starts the next term: the one event that nobody may append.
    mutating func startTerm(owner: String, at: Instant, in database: Database) throws -> Term {
        let place = try Self.place(of: .ledger, in: database)
        let term = place.number + 1
        let batch = StreamBatch(
            stream: .ledger, expected: place.number, events: [.termStarted(owner: owner, term: term)])
        _ = try self.write(AppendRequest([batch], actor: .system, at: at), at: [place], in: database)
        return Term(term)
    }

    /// Where a stream stands; one that does not exist yet has no id and number 0.
    struct Place {
        var id: Int?
        var head: StreamHead?
        /// Of its newest event.
        var position = 0
        var number: Int { self.head?.number ?? 0 }
    }

    /// Says where the request's streams stand, or throws why it can't be stored. Writes nothing: whatever fails here
    /// leaves the transaction, and the other appends in it, as they were.
    mutating func check(_ request: AppendRequest, in database: Database) throws -> [Place] {
        for reading in request.readings { _ = try self.expect(reading.number, of: reading.stream, in: database) }
        let places = try request.batches.map { try self.expect($0.expected, of: $0.stream, in: database) }
        for snapshot in request.snapshots {
            let batch = request.batches.first { $0.stream == snapshot.stream }
            let newest =
                try batch.map { $0.expected + $0.events.count } ?? Self.place(of: snapshot.stream, in: database).number
            guard snapshot.number <= newest else { throw LedgerError.snapshotAhead(snapshot, newest: newest) }
        }
        return places
    }

    private mutating func expect(_ number: Int, of stream: StreamID, in database: Database) throws -> Place {
        let place = try self.places[stream] ?? Self.place(of: stream, in: database)
        guard place.number == number else {
            throw LedgerError.movedOn(stream, expected: number, actual: place.number)
        }
        return place
    }

    /// Writes a request that `check` has let pass. Whatever fails here has to end the transaction.
    mutating func write(_ request: AppendRequest, at places: [Place], in database: Database) throws -> [Envelope] {
        let at = max(request.at, self.at ?? request.at)
        var stored: [Envelope] = []
        for (batch, place) in zip(request.batches, places) {
            stored += try self.write(batch, at: place, time: at, request, in: database)
        }
        try Self.write(request.rows, in: database)
        for snapshot in request.snapshots { try Self.write(snapshot, in: database) }
        try Self.write(request.observations, in: database)
        return stored
    }

    private mutating func write(
        _ batch: StreamBatch, at place: Place, time: Instant, _ request: AppendRequest, in database: Database
    ) throws -> [Envelope] {
        var place = place
        let id = try place.id ?? Self.add(batch.stream, in: database)
        place.id = id
        var stored: [Envelope] = []
        stored.reserveCapacity(batch.events.count)
        for (index, event) in batch.events.enumerated() {
            let envelope = Envelope(
                event, of: batch.stream, after: place.head, position: self.position + 1, at: time, actor: request.actor,
                cause: request.cause)
            try Self.write(envelope, stream: id, after: place.position, in: database)
            stored.append(envelope)
            place.head = StreamHead(stream: batch.stream, number: envelope.number, hash: envelope.hash)
            place.position = envelope.position
            self.position = envelope.position
            self.at = time
            let sealed = self.position.isMultiple(of: LedgerLimits.sealEvery)
            if sealed || index == batch.events.count - 1 { try Self.writeHead(envelope, stream: id, in: database) }
            if sealed { try self.seal(at: time, in: database) }
        }
        if self.places.count >= Self.mostPlaces { self.places.removeAll(keepingCapacity: true) }
        self.places[batch.stream] = place
        return stored
    }

    private static func add(_ stream: StreamID, in database: Database) throws -> Int {
        try database.run(
            "INSERT INTO streams (name, number, position, hash) VALUES (?, 0, 0, ?)", stream.description,
            ChainHash.origin.bytes)
        return Int(database.lastInsertedRowID)
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
                stream: try streamID(name), number: row.int(1), hash: try chainHash(row.bytes(2), "the head of \(name)")
            )
        }
    }

    static func place(of stream: StreamID, in database: Database) throws -> Place {
        let found = try database.first(
            "SELECT id, number, hash, position FROM streams WHERE name = ?", stream.description
        ) { row in
            let head = StreamHead(
                stream: stream, number: row.int(1), hash: try chainHash(row.bytes(2), "the head of \(stream)"))
            return Place(id: row.int(0), head: head, position: row.int(3))
        }
        return found ?? Place(id: nil, head: nil)
    }

    private static func write(
        _ event: Envelope, stream: Int, after previous: Int, in database: Database
    ) throws {
        let insert = try Query(
            database,
            """
            INSERT INTO events \
            (position, stream, number, kind, kindVersion, at, actor, cause, body, previousHash, hash, previous) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        try insert.bind(1, event.position)
        try insert.bind(2, stream)
        try insert.bind(3, event.number)
        try insert.bind(4, event.kind.name)
        try insert.bind(5, event.kind.version)
        try insert.bind(6, Int(event.at.milliseconds))
        try insert.bind(7, event.actor.description)
        try insert.bind(8, event.cause?.text ?? "")
        try insert.bind(9, event.body)
        try insert.bind(10, event.previousHash.bytes)
        try insert.bind(11, event.hash.bytes)
        try insert.bind(12, previous)
        try insert.run()
        guard event.number.isMultiple(of: Schema.markEvery) else { return }
        try database.run(
            "INSERT INTO marks (stream, number, position) VALUES (?, ?, ?)", stream, event.number, event.position)
    }

    private static func writeHead(_ event: Envelope, stream: Int, in database: Database) throws {
        let update = try Query(database, "UPDATE streams SET number = ?, position = ?, hash = ? WHERE id = ?")
        try update.bind(1, event.number)
        try update.bind(2, event.position)
        try update.bind(3, event.hash.bytes)
        try update.bind(4, stream)
        try update.run()
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

    static func write(_ observations: [Observation], in database: Database) throws {
        for observation in observations {
            try database.run(
                "INSERT INTO observations (lane, version, start, finish, body) VALUES (?, ?, ?, ?, ?)",
                observation.lane.description, observation.version, Int(observation.from.milliseconds),
                Int(observation.to.milliseconds), observation.body)
        }
    }

    private static func write(_ snapshot: Snapshot, in database: Database) throws {
        guard let id = try Self.place(of: snapshot.stream, in: database).id else {
            throw LedgerError.snapshotAhead(snapshot, newest: 0)
        }
        try database.run(
            "INSERT OR REPLACE INTO snapshots (stream, number, version, body, digest) VALUES (?, ?, ?, ?, ?)", id,
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
