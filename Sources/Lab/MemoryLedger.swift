package import Core
package import Ports
import Synchronization

/// A ledger in memory, with the rules of the real one. It outlives its owners, as a disk does: `open` gives the next
/// term.
package final class MemoryStore: Sendable {
    /// When an armed append fails: before it is stored, or after (the answer is lost).
    package enum Fault: Sendable, Equatable {
        case beforeStored, afterStored
    }

    private let state = Mutex(MemoryState())

    package init() {}

    /// Takes the store for a new owner; refused (`inUse`) while another one holds it.
    package func open(owner: String, time: @escaping @Sendable () -> Instant) throws -> MemoryLedger {
        let term = try self.state.withLock { state in
            try state.take(owner: owner, at: time())
        }
        return MemoryLedger(store: self, term: term, time: time)
    }

    /// The owner is gone as after SIGKILL: nothing is sealed, the next `open` succeeds. Its ledger still answers, as
    /// that of a process would that was only thought dead; with the next term its appends are refused.
    package func abandon() {
        self.state.withLock { $0.holder = nil }
    }

    /// Makes one append fail: the next, or the one after `after` more.
    package func fail(_ fault: Fault, after count: Int = 0) {
        self.state.withLock { $0.fault = (fault, count) }
    }

    /// The disk is full: only so many urgent appends are taken, and nothing else, until `makeRoom`.
    package func fillDisk(reserve: Int = 200) {
        self.state.withLock { $0.reserve = reserve }
    }

    package func makeRoom() {
        self.state.withLock { $0.reserve = nil }
    }

    fileprivate func use<T: Sendable>(_ term: Term, _ body: (inout MemoryState) throws -> T) throws -> T {
        try self.state.withLock { state in
            guard !state.closed.contains(term) else { throw LedgerError.closed }
            return try body(&state)
        }
    }
}

/// One owner's view of a `MemoryStore`.
package struct MemoryLedger: Ledger {
    package let term: Term
    private let store: MemoryStore
    private let time: @Sendable () -> Instant

    fileprivate init(store: MemoryStore, term: Term, time: @escaping @Sendable () -> Instant) {
        self.store = store
        self.term = term
        self.time = time
    }

    package func append(_ request: AppendRequest) async throws -> [Envelope] {
        try request.check()
        return try self.store.use(self.term) { try $0.append(request, under: self.term) }
    }

    package func events(of stream: StreamID, after number: Int, limit: Int) async throws -> [Envelope] {
        try self.store.use(self.term) { state in
            guard let positions = state.streams[stream] else { return [] }
            return positions.dropFirst(max(0, number)).prefix(max(0, limit)).map { state.events[$0 - 1] }
        }
    }

    package func events(after position: Int, limit: Int) async throws -> [Envelope] {
        try self.store.use(self.term) { Array($0.events.dropFirst(max(0, position)).prefix(max(0, limit))) }
    }

    package func number(of stream: StreamID) async throws -> Int {
        try self.store.use(self.term) { $0.streams[stream]?.count ?? 0 }
    }

    package func heads() async throws -> [StreamHead] {
        try self.store.use(self.term) { $0.heads }
    }

    package func position() async throws -> Int {
        try self.store.use(self.term) { $0.events.count }
    }

    package func snapshot(of stream: StreamID) async throws -> Snapshot? {
        try self.store.use(self.term) { $0.snapshots[stream] }
    }

    package func rows(
        _ table: ProjectionTable, scope: String?, after: String?, limit: Int
    ) async throws -> [ProjectionRow] {
        let found = try self.store.use(self.term) { state in
            (state.rows[table] ?? [:]).values.filter { row in
                (scope == nil || row.scope == scope) && after.map { utf8Precedes($0, row.key) } ?? true
            }
        }
        return Array(found.sorted { utf8Precedes($0.key, $1.key) }.prefix(max(0, limit)))
    }

    package func row(_ table: ProjectionTable, key: String) async throws -> ProjectionRow? {
        try self.store.use(self.term) { $0.rows[table]?[key] }
    }

    package func replaceRows(_ rows: [ProjectionRow]) async throws {
        try checkRows(rows)
        try self.store.use(self.term) { state in
            try state.checkTerm(self.term)
            try state.checkRoom()
            state.rows = [:]
            state.write(rows)
        }
    }

    package func place(of reader: String) async throws -> Int {
        try self.store.use(self.term) { state in state.places[reader] ?? 0 }
    }

    package func setPlace(_ position: Int, of reader: String) async throws {
        try self.store.use(self.term) { state in
            try state.checkTerm(self.term)
            try state.checkRoom()
            state.places[reader] = position
        }
    }

    package func record(_ observations: [Observation]) async throws {
        try checkObservations(observations)
        try self.store.use(self.term) { state in
            try state.checkTerm(self.term)
            try state.checkRoom()
            state.observations += observations
        }
    }

    package func observations(
        of lane: LaneID, from: Instant, to: Instant, limit: Int
    ) async throws -> [Observation] {
        let found = try self.store.use(self.term) { state in
            state.observations.filter { $0.lane == lane && $0.from >= from && $0.from < to }
        }
        let inOrder = found.enumerated().sorted { ($0.element.from, $0.offset) < ($1.element.from, $1.offset) }
        return inOrder.prefix(max(0, limit)).map(\.element)
    }

    package func seals() async throws -> [Seal] {
        try self.store.use(self.term) { $0.seals }
    }

    package func verify() async throws -> AuditReport {
        try self.store.use(self.term) { try $0.verify() }
    }

    package func close() async throws {
        try self.store.use(self.term) { state in
            if state.term == self.term {
                state.sealIfNeeded(at: self.time())
                state.holder = nil
            }
            state.closed.insert(self.term)
        }
    }
}

/// The order of SQLite's BINARY collation, so that both stores list alike.
private func utf8Precedes(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
}
