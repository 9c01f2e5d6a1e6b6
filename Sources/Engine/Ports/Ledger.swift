package import Core

/// Events for one stream, and the number that its newest event must have (0: the stream does not exist yet).
package struct StreamBatch: Sendable, Equatable {
    package var stream: StreamID
    package var expected: Int
    package var events: [NewEvent]

    package init(stream: StreamID, expected: Int, events: [NewEvent]) {
        self.stream = stream
        self.expected = expected
        self.events = events
    }
}

package struct NewEvent: Sendable, Equatable {
    package var kind: EventKind
    /// JSON, sorted keys, integers and strings only; at most 1 MiB.
    package var body: [UInt8]

    package init(kind: EventKind, body: [UInt8]) {
        self.kind = kind
        self.body = body
    }
}

/// A stream that a decision has read: the append is refused if it moved on since.
package struct StreamReading: Sendable, Equatable {
    package var stream: StreamID
    package var number: Int

    package init(stream: StreamID, number: Int) {
        self.stream = stream
        self.number = number
    }
}

/// One row of a projection, for lists and look-ups. Written in the append's transaction; can be dropped and rebuilt from the events.
package struct ProjectionRow: Sendable, Equatable {
    package var table: ProjectionTable
    package var key: String
    /// What lists filter by, for example the service; empty: nothing.
    package var scope: String
    /// nil: the row is gone.
    package var body: [UInt8]?

    package init(table: ProjectionTable, key: String, scope: String, body: [UInt8]?) {
        self.table = table
        self.key = key
        self.scope = scope
        self.body = body
    }
}

package enum ProjectionTable: String, Sendable, Codable, CaseIterable {
    case services, lanes, releases, changes
}

/// The state of a stream's machine after an event, so that not the whole stream has to be folded.
package struct Snapshot: Sendable, Equatable {
    package var stream: StreamID
    package var number: Int
    /// Version of the machine's state; another build's snapshot is ignored, never read.
    package var version: Int
    package var body: [UInt8]
    /// SHA-256 of stream, number, version and body; a damaged one is an error that names it.
    package init(stream: StreamID, number: Int, version: Int, body: [UInt8]) {
        self.stream = stream
        self.number = number
        self.version = version
        self.body = body
    }
}

package struct AppendRequest: Sendable, Equatable {
    package var batches: [StreamBatch]
    package var readings: [StreamReading]
    package var rows: [ProjectionRow]
    package var snapshots: [Snapshot]
    /// What the events rest on and could not be kept before.
    package var observations: [Observation] = []
    /// Traffic is being taken back: on a full disk it is written into the ledger's reserve, without its snapshots.
    package var isUrgent = false
    package var actor: Actor
    package var cause: Cause?
    package var at: Instant

    package init(
        _ batches: [StreamBatch], readings: [StreamReading] = [], rows: [ProjectionRow] = [],
        snapshots: [Snapshot] = [],
        actor: Actor, cause: Cause? = nil, at: Instant
    ) {
        self.batches = batches
        self.readings = readings
        self.rows = rows
        self.snapshots = snapshots
        self.actor = actor
        self.cause = cause
        self.at = at
    }
}

/// Counts of one version in one interval, outside the streams; append-only.
package struct Observation: Sendable, Equatable {
    package var lane: LaneID
    package var version: String
    package var from: Instant
    package var to: Instant
    /// JSON of counts.
    package var body: [UInt8]

    package init(lane: LaneID, version: String, from: Instant, to: Instant, body: [UInt8]) {
        self.lane = lane
        self.version = version
        self.from = from
        self.to = to
        self.body = body
    }
}

/// The truth: append-only streams of events. Opening one for writing takes a term; with another owner alive it is refused.
package protocol Ledger: Sendable {
    /// The term of this owner; every append is made under it and refused (`staleTerm`) once a newer one exists.
    var term: Term { get }

    /// Appends to several streams at once, or to none: rows, snapshots and events in one durable transaction. Returns the envelopes in the
    /// order of the request. An event's `at` is never before the ledger's previous one. On a full disk only urgent requests are taken, while
    /// the reserve lasts, and nothing else until there is room for a whole reserve again. Throws `LedgerError`.
    func append(_ request: AppendRequest) async throws -> [Envelope]

    /// Events of a stream after a number, oldest first, at most `limit`.
    func events(of stream: StreamID, after number: Int, limit: Int) async throws -> [Envelope]
    /// Events of the whole ledger after a position, oldest first, at most `limit`.
    func events(after position: Int, limit: Int) async throws -> [Envelope]
    /// The number of the stream's newest event; 0 if there is none.
    func number(of stream: StreamID) async throws -> Int
    /// All streams with their heads.
    func heads() async throws -> [StreamHead]
    /// The newest position; 0 in an empty ledger.
    func position() async throws -> Int

    func snapshot(of stream: StreamID) async throws -> Snapshot?

    /// Rows of a table, by key; `scope` nil: all. At most `limit`, after the key `after`.
    func rows(_ table: ProjectionTable, scope: String?, after: String?, limit: Int) async throws -> [ProjectionRow]
    func row(_ table: ProjectionTable, key: String) async throws -> ProjectionRow?
    /// Replaces all rows, in one transaction (rebuild).
    func replaceRows(_ rows: [ProjectionRow]) async throws

    /// How far a reader of the whole ledger has come (an outbox, for example); 0 at first. No projection: a rebuild leaves it alone.
    func place(of reader: String) async throws -> Int
    func setPlace(_ position: Int, of reader: String) async throws

    func record(_ observations: [Observation]) async throws
    func observations(of lane: LaneID, from: Instant, to: Instant, limit: Int) async throws -> [Observation]

    /// Seals, oldest first. One is written every `LedgerLimits.sealEvery` positions, and by `close`.
    func seals() async throws -> [Seal]
    /// Recomputes every hash and every seal. Throws `LedgerError(.damaged)` naming the first wrong event, seal or snapshot.
    func verify() async throws -> AuditReport
    /// Seals and gives the ownership back. Afterwards every call is refused.
    func close() async throws
}

package enum LedgerLimits {
    /// Positions between two seals.
    package static let sealEvery = 1_000
    /// Events of a stream between two snapshots.
    package static let snapshotEvery = 200
    package static let bodyBytes = 1 << 20
    package static let snapshotBytes = 16 << 20
    package static let eventsPerAppend = 1_000
}

package struct AuditReport: Sendable, Equatable {
    package var records: Int
    package var streams: Int
    package var seals: Int
    package var snapshots: Int

    package init(records: Int, streams: Int, seals: Int, snapshots: Int) {
        self.records = records
        self.streams = streams
        self.seals = seals
        self.snapshots = snapshots
    }
}

package struct LedgerError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        /// A stream moved on: read again and decide again.
        case conflict
        /// Another owner has taken a newer term.
        case staleTerm
        /// Another process owns this ledger now.
        case inUse
        case damaged
        /// Written by a newer Slipway.
        case newer
        /// The disk is full or can't be written.
        case cannotWrite
        case invalid
        case closed
    }

    package let code: Code
    package let message: String
    /// Of a damaged ledger: what was found right before the damage. nil: nobody looked.
    package let verified: AuditReport?

    package init(_ code: Code, _ message: String, verified: AuditReport? = nil) {
        self.code = code
        self.message = message
        self.verified = verified
    }

    package var description: String { self.message }
}

/// Where the time comes from: the machine's clock, or the Lab's.
package protocol TimeSource: Sendable {
    func now() -> Instant
    /// Returns at or after `instant`, or when the task is cancelled.
    func wait(until instant: Instant) async
}
