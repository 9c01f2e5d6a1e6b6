import Core
import GRDB
import Ports

/// Reads events, and refuses a damaged one before anybody acts on it: the hash must fit, and nothing may be missing between two.
struct EnvelopeReader {
    static let columns = """
        SELECT position, stream, number, kind, kindVersion, at, actor, cause, body, previousHash, hash, previous FROM events
        """

    private var streams: [Int: StreamID] = [:]
    private var last: Envelope?

    /// Events of the whole ledger after a position, oldest first.
    static func events(after position: Int, limit: Int, in database: Database) throws -> [Envelope] {
        var reader = EnvelopeReader()
        return try database.all(
            Self.columns + " WHERE position > ? ORDER BY position LIMIT ?", position, limit
        ) { row in
            let envelope = try Self.read(row, of: try reader.stream(of: row, in: database))
            guard envelope.position == (reader.last?.position ?? position) + 1 else {
                throw Self.damaged(envelope.position, envelope.number, envelope.stream, "the position before it is missing")
            }
            reader.last = envelope
            return envelope
        }
    }

    /// Events of one stream after a number, oldest first: found from the newest one wanted back to the oldest.
    static func events(
        of stream: StreamID, after number: Int, limit: Int, in database: Database
    ) throws -> [Envelope] {
        let place = try Appending.place(of: stream, in: database)
        guard let id = place.id, number < place.number, limit > 0 else { return [] }
        let last = limit < place.number - number ? number + limit : place.number
        var next = (number: place.number, position: place.position)
        if last < place.number {
            let mark = try database.first(
                "SELECT number, position FROM marks WHERE stream = ? AND number >= ? ORDER BY number LIMIT 1", id, last
            ) { (number: $0.int(0), position: $0.int(1)) }
            next = mark ?? next
        }
        var events: [Envelope] = []
        events.reserveCapacity(last - number)
        while next.number > number {
            let found = try database.first(Self.columns + " WHERE position = ?", next.position) { row in
                guard row.int(1) == id, row.int(2) == next.number else {
                    throw Self.damaged(next.position, row.int(2), nil, "\(stream) should have its number \(next.number) here")
                }
                let event = next.number <= last ? try Self.read(row, of: stream) : nil
                return (event: event, previous: row.int(11))
            }
            guard let found else { throw Self.damaged(next.position, next.number, stream, "it is missing") }
            if let event = found.event {
                if let newer = events.last, newer.previousHash != event.hash {
                    throw Self.damaged(newer.position, newer.number, stream, "it does not follow number \(event.number)")
                }
                events.append(event)
            }
            next = (next.number - 1, found.previous)
        }
        return events.reversed()
    }

    private mutating func stream(of row: Query, in database: Database) throws -> StreamID {
        let id = row.int(1)
        if let known = self.streams[id] { return known }
        let name = try database.first("SELECT name FROM streams WHERE id = ?", id) { $0.text(0) }
        guard let name else {
            throw Self.damaged(row.int(0), row.int(2), nil, "its stream \(id) is not there")
        }
        let found = try streamID(name)
        self.streams[id] = found
        return found
    }

    private static func read(_ row: Query, of stream: StreamID) throws -> Envelope {
        let position = row.int(0)
        let number = row.int(2)
        guard let actor = Actor(row.text(6)), let previousHash = ChainHash(row.bytes(9)),
            let hash = ChainHash(row.bytes(10))
        else { throw Self.damaged(position, number, stream, "a field can't be read") }
        let cause = row.text(7)
        let envelope = Envelope(
            position: position, stream: stream, number: number,
            kind: EventKind(row.text(3), version: row.int(4)), at: Instant(milliseconds: Int64(row.int(5))), actor: actor,
            cause: cause.isEmpty ? nil : Cause(text: cause), body: row.bytes(8), previousHash: previousHash, hash: hash)
        guard envelope.hasRightHash else { throw Self.damaged(position, number, stream, "its hash does not fit") }
        return envelope
    }

    static func damaged(_ position: Int, _ number: Int, _ stream: StreamID?, _ why: String) -> LedgerError {
        LedgerError(
            .damaged,
            "The ledger is damaged at position \(position) (number \(number) of \(stream?.description ?? "an unknown stream")): \(why). Restore a backup; nothing was changed.")
    }
}
