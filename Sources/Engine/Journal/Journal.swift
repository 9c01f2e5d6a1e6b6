package import Core
package import Ports
import Synchronization

/// A machine as its stream stands, and the number of its newest event.
package struct Loaded<M: StreamMachine>: Sendable {
    package let stream: StreamID
    package var machine: M
    package var number: Int
}

/// Facts for one stream, ready to be appended together with others.
package struct Draft: Sendable {
    let batch: StreamBatch
    let row: ProjectionRow?
    let snapshot: Snapshot?
    let remembered: any StreamMachine
}

/// Reads machines from the ledger and appends what they decided. Keeps the newest state of each stream in memory: this process is the
/// ledger's only writer while its term lasts, and a conflict drops what is remembered.
package final class Journal: Sendable {
    package let ledger: any Ledger
    package let time: any TimeSource
    package let news: News
    private let unwritable = Mutex<RecordAlarm?>(nil)
    private let reserved = Mutex<Set<String>>([])
    private let judged = Mutex<[LaneID: [Int: Judgement]]>([:])
    private let remembered = Mutex<[StreamID: (machine: any StreamMachine, number: Int)]>([:])

    package init(ledger: any Ledger, time: any TimeSource, news: News) {
        self.ledger = ledger
        self.time = time
        self.news = news
    }

    /// Tries of one decision when other decisions on the same streams come in between.
    private static let tries = 20
    private static let page = 1_000

    // MARK: What is seen now

    /// The newest judgements of deployments, of which the record holds only what is news: by the looks of this process.
    /// One that ended keeps its last for as long as the process lives.
    func judgements(of lane: LaneID) -> [Int: Judgement] { self.judged.withLock { $0[lane] ?? [:] } }

    func nowJudged(_ lane: LaneID, _ number: Int, _ judgement: Judgement) {
        self.judged.withLock { all in
            all[lane, default: [:]][number] = judgement
            // As many as a lane's list of what ended shows.
            all[lane] = all[lane]?.filter { $0.key > number - 20 }
        }
    }

    // MARK: Reading

    package func load<M: StreamMachine>(_ type: M.Type, _ stream: StreamID) async throws -> Loaded<M> {
        if let (machine, number) = self.remembered.withLock({ $0[stream] }), let machine = machine as? M {
            return Loaded(stream: stream, machine: machine, number: number)
        }
        var loaded = Loaded(stream: stream, machine: M(), number: 0)
        if let snapshot = try await self.ledger.snapshot(of: stream), snapshot.version == M.snapshotVersion {
            loaded.machine = try EventJSON.decode(M.self, from: snapshot.body)
            loaded.number = snapshot.number
        }
        loaded.machine.stands(in: stream)
        while true {
            let events = try await self.ledger.events(of: stream, after: loaded.number, limit: Self.page)
            for envelope in events {
                try loaded.machine.apply(try EventJSON.event(M.Event.self, of: envelope))
                loaded.number = envelope.number
            }
            if events.count < Self.page { break }
        }
        let (machine, number) = (loaded.machine, loaded.number)
        self.remembered.withLock { kept in
            if (kept[stream]?.number ?? -1) < number { kept[stream] = (machine, number) }
        }
        return loaded
    }

    package func service(_ name: ServiceName) async throws -> Loaded<Service> {
        try await self.load(Service.self, .service(name))
    }
    package func release(_ id: ReleaseID) async throws -> Loaded<Release> {
        try await self.load(Release.self, .release(id))
    }
    package func lane(_ id: LaneID) async throws -> Loaded<Lane> { try await self.load(Lane.self, .lane(id)) }
    package func change(_ id: ChangeID) async throws -> Loaded<ChangeRequest> {
        try await self.load(ChangeRequest.self, .change(id))
    }
    package func calendar() async throws -> Loaded<FreezeCalendar> {
        try await self.load(FreezeCalendar.self, .calendar)
    }
    package func directory() async throws -> Loaded<Directory> {
        try await self.load(Directory.self, .directory)
    }
    package func access() async throws -> Loaded<Access> { try await self.load(Access.self, .access) }

    // MARK: Writing

    /// What the events make of the loaded machine, ready to be appended; nil if there are none.
    package func draft<M: StreamMachine>(_ loaded: Loaded<M>, _ events: [M.Event]) throws -> Draft? {
        guard !events.isEmpty else { return nil }
        var machine = loaded.machine
        for event in events { try machine.apply(event) }
        let number = loaded.number + events.count
        var snapshot: Snapshot?
        if number / LedgerLimits.snapshotEvery > loaded.number / LedgerLimits.snapshotEvery {
            snapshot = Snapshot(
                stream: loaded.stream, number: number, version: M.snapshotVersion, body: try EventJSON.encode(machine))
        }
        return Draft(
            batch: StreamBatch(
                stream: loaded.stream, expected: loaded.number, events: try events.map { try EventJSON.newEvent($0) }),
            row: try machine.row(of: loaded.stream), snapshot: snapshot, remembered: machine)
    }

    /// Appends all drafts or none, and tells the news. `isUrgent`: traffic is being taken back, which a full disk must not stop.
    @discardableResult
    package func append(
        _ drafts: [Draft], reading: [StreamReading] = [], restingOn observations: [Observation] = [],
        isUrgent: Bool = false, by actor: Actor, cause: Cause? = nil, at now: Instant
    ) async throws -> [Envelope] {
        guard !drafts.isEmpty else { return [] }
        let written: [Envelope]
        do {
            var request = AppendRequest(
                drafts.map(\.batch), readings: reading, rows: drafts.compactMap(\.row),
                snapshots: drafts.compactMap(\.snapshot), actor: actor, cause: cause, at: now)
            request.observations = observations
            request.isUrgent = isUrgent
            written = try await self.writing(isUrgent: isUrgent) { [request] in try await self.ledger.append(request) }
        } catch {
            let streams = drafts.map(\.batch.stream) + reading.map(\.stream)
            self.remembered.withLock { kept in for stream in streams { kept[stream] = nil } }
            await self.tellWhatIsStored(of: drafts)
            throw error
        }
        self.remembered.withLock { kept in
            for draft in drafts {
                let number = draft.batch.expected + draft.batch.events.count
                if (kept[draft.batch.stream]?.number ?? -1) < number {
                    kept[draft.batch.stream] = (draft.remembered, number)
                }
            }
        }
        self.news.publish(written)
        return written
    }

    /// Keeps what was seen beside the events.
    func record(_ observations: [Observation]) async throws {
        try await self.writing { try await self.ledger.record(observations) }
    }

    /// Since when, and why, nothing can be written; nil: what was written last was taken.
    package var alarm: RecordAlarm? { self.unwritable.withLock { $0 } }

    private func writing<T: Sendable>(isUrgent: Bool = false, _ body: () async throws -> T) async throws -> T {
        do {
            let result = try await body()
            // What is urgent may have been taken by a disk that is full all the same.
            if !isUrgent { self.unwritable.withLock { $0 = nil } }
            return result
        } catch let error as LedgerError where error.code == .cannotWrite {
            let alarm = RecordAlarm.notWritable(error.message, since: self.time.now())
            self.unwritable.withLock { $0 = $0 ?? alarm }
            throw error
        }
    }

    /// An append that failed may be stored all the same (its answer was lost): then who waits for it has to hear of it, as nobody else will
    /// tell. After a conflict it finds what others appended and told: hearing twice does no harm.
    private func tellWhatIsStored(of drafts: [Draft]) async {
        for batch in drafts.map(\.batch) {
            let stored = try? await self.ledger.events(
                of: batch.stream, after: batch.expected, limit: batch.events.count)
            self.news.publish(stored ?? [])
        }
    }

    /// Decides and appends, again and again while other decisions come in between.
    package func retrying<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        for tries in 1..<Self.tries {
            do {
                return try await body()
            } catch let error as LedgerError where error.code == .conflict {
                // At once at first; then what is in the way gets time to end.
                try await Task.sleep(for: .milliseconds(tries - 1))
            }
        }
        return try await body()
    }

    /// Keeps a name from all others while `body` runs; a conflict if somebody has it. For what no stream of its own guards: this process is
    /// the ledger's only writer.
    package func reserving<T: Sendable>(_ name: String, _ body: () async throws -> T) async throws -> T {
        guard self.reserved.withLock({ $0.insert(name).inserted }) else {
            throw LedgerError(.conflict, "\(name) is being given away right now: read again and decide again.")
        }
        defer { self.reserved.withLock { _ = $0.remove(name) } }
        return try await body()
    }

    /// One decision of one machine.
    @discardableResult
    package func decide<M: StreamMachine>(
        _ type: M.Type, _ stream: StreamID, by actor: Actor, cause: Cause? = nil, _ input: (Instant) -> M.Input
    ) async throws -> [M.Event] {
        try await self.retrying {
            let loaded = try await self.load(type, stream)
            let now = self.time.now()
            let events = try loaded.machine.decide(input(now))
            guard let draft = try self.draft(loaded, events) else { return [] }
            try await self.append([draft], by: actor, cause: cause, at: now)
            return events
        }
    }
}
