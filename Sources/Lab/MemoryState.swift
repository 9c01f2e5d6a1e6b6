import Core
import Ports

/// What a `MemoryStore` holds. A value: an append that is refused leaves it as it was.
struct MemoryState {
    var events: [Envelope] = []
    /// Positions of each stream's events, oldest first.
    var streams: [StreamID: [Int]] = [:]
    var seals: [Seal] = []
    var snapshots: [StreamID: Snapshot] = [:]
    var rows: [ProjectionTable: [String: ProjectionRow]] = [:]
    var observations: [Observation] = []
    /// How far readers of the whole ledger have come.
    var places: [String: Int] = [:]
    /// The text of the owner that holds the store.
    var holder: String?
    var closed: Set<Term> = []
    /// Urgent appends that a full disk still takes; nil: there is room.
    var reserve: Int?
    var fault: (MemoryStore.Fault, after: Int)?

    var term: Term { Term(self.streams[.ledger]?.count ?? 0) }

    var heads: [StreamHead] {
        self.streams.keys.compactMap { self.head(of: $0) }
    }

    func head(of stream: StreamID) -> StreamHead? {
        guard let positions = self.streams[stream], let last = positions.last else { return nil }
        return StreamHead(stream: stream, number: positions.count, hash: self.events[last - 1].hash)
    }

    mutating func take(owner: String, at: Instant) throws -> Term {
        if let holder = self.holder {
            throw LedgerError(.inUse, "The ledger is owned by \(holder): stop that one first.")
        }
        let term = Term(self.term.number + 1)
        self.holder = owner
        self.add(
            .termStarted(owner: owner, term: term.number), to: .ledger, at: self.clamped(at), actor: .system, cause: nil
        )
        return term
    }

    func checkTerm(_ term: Term) throws {
        guard term == self.term else { throw LedgerError.stale(term, newest: self.term.number) }
    }

    /// Refuses what is not urgent on a full disk.
    func checkRoom() throws {
        guard self.reserve == nil else {
            throw LedgerError(
                .cannotWrite, "The disk is full (a planted fault). Make room on the disk, then try again.")
        }
    }

    mutating func append(_ request: AppendRequest, under term: Term) throws -> [Envelope] {
        let fault = self.takeFault()
        if fault == .beforeStored {
            throw LedgerError(.cannotWrite, "The append failed before it was stored (a planted fault).")
        }
        let isReserved = self.reserve.map { $0 > 0 && request.isUrgent } ?? false
        if !isReserved { try self.checkRoom() }
        try self.checkTerm(term)
        for reading in request.readings { try self.expect(reading.stream, reading.number) }
        for batch in request.batches { try self.expect(batch.stream, batch.expected) }
        for snapshot in request.snapshots {
            let added = request.batches.first { $0.stream == snapshot.stream }?.events.count ?? 0
            let newest = (self.streams[snapshot.stream]?.count ?? 0) + added
            guard snapshot.number <= newest else {
                throw LedgerError.snapshotAhead(snapshot, newest: newest)
            }
        }
        let at = self.clamped(request.at)
        var stored: [Envelope] = []
        for batch in request.batches {
            for event in batch.events {
                stored.append(self.add(event, to: batch.stream, at: at, actor: request.actor, cause: request.cause))
            }
        }
        self.write(request.rows)
        self.observations += request.observations
        if isReserved {
            self.reserve = self.reserve.map { $0 - 1 }
        } else {
            for snapshot in request.snapshots { self.snapshots[snapshot.stream] = snapshot }
        }
        if fault == .afterStored {
            throw LedgerError(.cannotWrite, "The append was stored, but its answer got lost (a planted fault).")
        }
        return stored
    }

    mutating func write(_ rows: [ProjectionRow]) {
        for row in rows { self.rows[row.table, default: [:]][row.key] = row.body == nil ? nil : row }
    }

    mutating func sealIfNeeded(at: Instant) {
        guard let last = self.events.last, last.position > self.seals.last?.position ?? 0 else { return }
        let previous = self.seals.last?.hash ?? .origin
        let at = max(at, last.at)
        let hash = Seal.hash(previous: previous, position: last.position, at: at, heads: self.heads)
        self.seals.append(Seal(position: last.position, at: at, previousHash: previous, hash: hash))
    }

    private func clamped(_ at: Instant) -> Instant { max(at, self.events.last?.at ?? at) }

    private func expect(_ stream: StreamID, _ number: Int) throws {
        let actual = self.streams[stream]?.count ?? 0
        guard actual == number else { throw LedgerError.movedOn(stream, expected: number, actual: actual) }
    }

    private mutating func takeFault() -> MemoryStore.Fault? {
        guard let (fault, count) = self.fault else { return nil }
        self.fault = count == 0 ? nil : (fault, count - 1)
        return count == 0 ? fault : nil
    }

    @discardableResult
    private mutating func add(
        _ event: NewEvent, to stream: StreamID, at: Instant, actor: Actor, cause: Cause?
    ) -> Envelope {
        let envelope = Envelope(
            event, of: stream, after: self.head(of: stream), position: self.events.count + 1, at: at, actor: actor,
            cause: cause)
        self.events.append(envelope)
        self.streams[stream, default: []].append(envelope.position)
        if envelope.position.isMultiple(of: LedgerLimits.sealEvery) { self.sealIfNeeded(at: at) }
        return envelope
    }

    /// Folds the events anew and compares: the same walk that the real store does over its rows.
    func verify() throws -> AuditReport {
        var heads: [StreamID: StreamHead] = [:]
        var seals = self.seals[...]
        var previousSeal = ChainHash.origin
        var records = 0
        func damaged(_ message: String) -> LedgerError {
            LedgerError(
                .damaged, message,
                verified: AuditReport(
                    records: records, streams: heads.count, seals: self.seals.count - seals.count, snapshots: 0))
        }
        for event in self.events {
            let head = heads[event.stream]
            guard event.hasRightHash, event.number == (head?.number ?? 0) + 1,
                event.previousHash == head?.hash ?? .origin
            else {
                throw damaged("Event \(event.number) of \(event.stream) (position \(event.position)) is damaged.")
            }
            records += 1
            heads[event.stream] = StreamHead(stream: event.stream, number: event.number, hash: event.hash)
            guard let seal = seals.first, seal.position == event.position else { continue }
            let hash = Seal.hash(
                previous: previousSeal, position: seal.position, at: seal.at, heads: Array(heads.values))
            guard seal.previousHash == previousSeal, seal.hash == hash else {
                throw damaged("The seal at position \(seal.position) is damaged.")
            }
            previousSeal = seal.hash
            seals.removeFirst()
        }
        if let seal = seals.first {
            throw damaged("The seal at position \(seal.position) covers events that are not there.")
        }
        return AuditReport(
            records: self.events.count, streams: heads.count, seals: self.seals.count, snapshots: self.snapshots.count)
    }
}
