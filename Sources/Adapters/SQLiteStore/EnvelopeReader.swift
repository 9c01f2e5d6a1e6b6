import Core
import GRDB
import Ports

/// Reads events, and refuses a damaged one before anybody acts on it: the hash must fit, and nothing may be missing between two.
struct EnvelopeReader {
    static let columns = """
        SELECT position, stream, number, kind, kindVersion, at, actor, cause, body, previousHash, hash FROM events
        """

    /// What counts up in the rows that are read, and where it begins.
    enum Order {
        case number(Int)
        case position(Int)
    }

    private var streams: [Int: StreamID]
    private var last: Envelope?

    init(streams: [Int: StreamID]) { self.streams = streams }

    /// Looks up the stream of a row that is not known yet.
    mutating func learn(_ row: Query, in database: Database) throws {
        let id = row.int(1)
        guard self.streams[id] == nil else { return }
        let name = try database.first("SELECT name FROM streams WHERE id = ?", id) { $0.text(0) }
        guard let name else {
            throw LedgerError(.damaged, "The event at position \(row.int(0)) is damaged: its stream \(id) is not there.")
        }
        self.streams[id] = try streamID(name)
    }

    mutating func read(_ row: Query, following order: Order) throws -> Envelope {
        let position = row.int(0)
        let number = row.int(2)
        guard let stream = self.streams[row.int(1)], let actor = Actor(row.text(6)),
            let previousHash = ChainHash(row.bytes(9)), let hash = ChainHash(row.bytes(10))
        else { throw Self.damaged(position, number, self.streams[row.int(1)], "a field can't be read") }
        let cause = row.text(7)
        let envelope = Envelope(
            position: position, stream: stream, number: number,
            kind: EventKind(row.text(3), version: row.int(4)), at: Instant(milliseconds: Int64(row.int(5))), actor: actor,
            cause: cause.isEmpty ? nil : Cause(text: cause), body: row.bytes(8), previousHash: previousHash, hash: hash)
        guard envelope.hasRightHash else { throw Self.damaged(position, number, stream, "its hash does not fit") }
        switch order {
        case .number(let first):
            guard number == (self.last?.number ?? first) + 1 else {
                throw Self.damaged(position, number, stream, "an event before it is missing")
            }
            if let last = self.last, last.hash != previousHash {
                throw Self.damaged(position, number, stream, "it does not follow number \(last.number)")
            }
        case .position(let first):
            guard position == (self.last?.position ?? first) + 1 else {
                throw Self.damaged(position, number, stream, "the position before it is missing")
            }
        }
        self.last = envelope
        return envelope
    }

    static func damaged(_ position: Int, _ number: Int, _ stream: StreamID?, _ why: String) -> LedgerError {
        LedgerError(
            .damaged,
            "The ledger is damaged at position \(position) (number \(number) of \(stream?.description ?? "an unknown stream")): \(why). Restore a backup; nothing was changed.")
    }
}
