import Core
import Dispatch
import GRDB
import Ports
import Synchronization

/// Gathers appends that come at the same time and commits them in one transaction, so that they share its wait for the
/// disk. Each is checked whole before anything of it is written, so one that is refused leaves the others alone. An
/// append returns when it is durable.
final class CommitQueue: Sendable {
    private final class Waiting: Sendable {
        let request: AppendRequest
        let continuation: CheckedContinuation<[Envelope], any Error>

        init(_ request: AppendRequest, _ continuation: CheckedContinuation<[Envelope], any Error>) {
            self.request = request
            self.continuation = continuation
        }
    }

    private struct State {
        var waiting: [Waiting] = []
        /// A run over the queue is under way or scheduled on the writer.
        var running = false
        /// How many have to wait before the run goes on; it stands still until then.
        var awaited: Int?
        /// Why no append is taken any more.
        var refusal: LedgerError?
    }

    /// A transaction's largest content, so that one group can't hold up the others for long.
    private static let groupBytes = 8 << 20
    /// With fewer writers at once there is nothing to gain from waiting for them; and so many are worth going on with.
    private static let crowd = 8

    private let state = Mutex(State())
    private let arrived = DispatchSemaphore(value: 0)
    /// The ledger's end after the last commit; nil: read it anew. Used on the writer's queue alone.
    private let end = Mutex<Appending?>(nil)
    private let pool: DatabasePool
    private let term: Term
    private let acknowledged: Acknowledged
    private let reserve: Reserve

    init(pool: DatabasePool, term: Term, acknowledged: Acknowledged, reserve: Reserve) {
        self.pool = pool
        self.term = term
        self.acknowledged = acknowledged
        self.reserve = reserve
    }

    func append(_ request: AppendRequest) async throws -> [Envelope] {
        try await withCheckedThrowingContinuation { continuation in
            let waiting = Waiting(request, continuation)
            enum Next {
                case refused(LedgerError)
                case start, signal, nothing
            }
            let next = self.state.withLock { state -> Next in
                if let refusal = state.refusal { return .refused(refusal) }
                state.waiting.append(waiting)
                if state.waiting.count == state.awaited { return .signal }
                defer { state.running = true }
                return state.running ? .nothing : .start
            }
            switch next {
            case .refused(let refusal): continuation.resume(throwing: refusal)
            case .start: self.pool.asyncWriteWithoutTransaction { self.run($0) }
            case .signal: self.arrived.signal()
            case .nothing: break
            }
        }
    }

    /// From now on every append is refused with this. Those that wait already are still written.
    func refuse(with error: LedgerError) {
        self.state.withLock { $0.refusal = $0.refusal ?? error }
    }

    private func run(_ database: Database) {
        let clock = ContinuousClock()
        var crowd = Crowd(count: 0, until: clock.now)
        while let first = self.begin(crowd) {
            let start = clock.now
            let (group, outcomes) = self.commit(first, joinedBy: crowd, in: database)
            let took = clock.now - start
            let count = self.state.withLock { $0.waiting.count } + group.count
            for (waiting, outcome) in zip(group, outcomes) { waiting.continuation.resume(with: outcome) }
            crowd = Crowd(count: count, until: clock.now + took / 2)
        }
    }

    /// Those that were just answered tend to come back at once: with them, and those that came meanwhile, the next
    /// commit is one commit and not two. Worth at most half of what the last one took.
    private struct Crowd {
        let count: Int
        let until: ContinuousClock.Instant
    }

    /// What the next transaction begins with; nil: nothing waits, and the run is over.
    private func begin(_ crowd: Crowd) -> [Waiting]? {
        let early = self.more(of: crowd, after: 0)
        return early.isEmpty ? self.take(orEnd: true) : early
    }

    /// More of a crowd of which `count` have come: waits for a few of them, so that they are stored while the others
    /// are still on their way. Empty: the crowd is complete, or its time is over.
    private func more(of crowd: Crowd, after count: Int) -> [Waiting] {
        let left = ContinuousClock.now.duration(to: crowd.until)
        guard crowd.count >= Self.crowd, (count < crowd.count), left > .zero else { return [] }
        let wanted = min(crowd.count - count, Self.crowd)
        let waits = self.state.withLock { state in
            guard state.waiting.count < wanted, state.refusal == nil else { return false }
            state.awaited = wanted
            return true
        }
        if waits {
            _ = self.arrived.wait(timeout: .now() + .nanoseconds(Int(left.components.attoseconds / 1_000_000_000)))
            self.state.withLock { $0.awaited = nil }
        }
        return self.take(orEnd: false) ?? []
    }

    /// What waits, up to a transaction's largest content.
    private func take(orEnd ends: Bool) -> [Waiting]? {
        self.state.withLock { state in
            var bytes = 0
            let count =
                state.waiting.firstIndex { waiting in
                    defer { bytes += waiting.request.bytes }
                    return bytes > Self.groupBytes
                } ?? state.waiting.count
            guard count > 0 else {
                if ends { state.running = false }
                return nil
            }
            defer { state.waiting.removeFirst(count) }
            return Array(state.waiting[..<count])
        }
    }

    private typealias Committed = (group: [Waiting], outcomes: [Result<[Envelope], any Error>])

    private func commit(_ first: [Waiting], joinedBy crowd: Crowd, in database: Database) -> Committed {
        do {
            try self.reserve.keep(for: self.pool.path)
        } catch {
            return self.commitUrgent(of: first, othersFailWith: error, in: database)
        }
        var group: [Waiting] = []
        var outcomes: [Result<[Envelope], any Error>] = []
        do {
            var next: Appending?
            try database.inTransaction(.immediate) {
                var arrived = first
                group = first
                try Appending.check(self.term, in: database)
                var end = try self.end.withLock { $0.take() } ?? Appending(database)
                while !arrived.isEmpty {
                    for waiting in arrived { outcomes.append(try self.store(waiting.request, at: &end, in: database)) }
                    arrived = self.more(of: crowd, after: group.count)
                    group += arrived
                }
                next = end
                return .commit
            }
            self.ended(next)
            return (group, outcomes)
        } catch let error where self.isFull(error) {
            let failed = group.isEmpty ? first : group
            return self.commitUrgent(
                of: failed, othersFailWith: LedgerError.from(error, path: self.pool.path), in: database)
        } catch {
            // Also when the transaction could not even begin, those that it was to begin with are answered.
            let failure = self.failed(error)
            return (group.isEmpty ? first : group, (group.isEmpty ? first : group).map { _ in .failure(failure) })
        }
    }

    private func ended(_ end: Appending?) {
        if let end { self.acknowledged.write(end.position) }
        self.end.withLock { $0 = end }
    }

    private func isFull(_ error: any Error) -> Bool { (error as? DatabaseError)?.isOfFullDisk == true }

    /// On a full disk: what takes traffic back is written into the reserve, one by one; the rest is refused.
    private func commitUrgent(
        of group: [Waiting], othersFailWith refusal: any Error, in database: Database
    ) -> Committed {
        let outcomes = group.map { waiting -> Result<[Envelope], any Error> in
            guard waiting.request.isUrgent else { return .failure(refusal) }
            var request = waiting.request
            // They only save reading, and may be large: the next ones do as well.
            request.snapshots = []
            while true {
                do {
                    return try self.commit(request, in: database)
                } catch let error where self.isFull(error) && self.reserve.giveUp() {
                    continue
                } catch {
                    return .failure(self.failed(error))
                }
            }
        }
        return (group, outcomes)
    }

    private func commit(_ request: AppendRequest, in database: Database) throws -> Result<[Envelope], any Error> {
        var outcome: Result<[Envelope], any Error> = .success([])
        var next: Appending?
        try database.inTransaction(.immediate) {
            try Appending.check(self.term, in: database)
            var end = try self.end.withLock { $0.take() } ?? Appending(database)
            outcome = try self.store(request, at: &end, in: database)
            next = end
            return .commit
        }
        self.ended(next)
        return outcome
    }

    /// What a transaction that failed means.
    private func failed(_ error: any Error) -> LedgerError {
        let failure = LedgerError.from(error, path: self.pool.path)
        if (error as? DatabaseError)?.extendedResultCode == .SQLITE_IOERR_FSYNC {
            // Nobody knows what of the failed flush is on the disk; a second one would wrongly report success.
            self.refuse(
                with: LedgerError(
                    .cannotWrite,
                    "The disk failed to flush \(self.pool.path): nothing more is written. Look at the disk, "
                        + "then start again."))
        }
        return failure
    }

    /// One append of a group. Throws what ends the whole transaction.
    private func store(
        _ request: AppendRequest, at end: inout Appending, in database: Database
    ) throws -> Result<[Envelope], any Error> {
        let places: [Appending.Place]
        do {
            places = try end.check(request, in: database)
        } catch let error as LedgerError {
            return .failure(error)
        }
        return .success(try end.write(request, at: places, in: database))
    }
}

extension AppendRequest {
    fileprivate var bytes: Int {
        self.batches.reduce(0) { $1.events.reduce($0) { $0 + $1.body.count } }
            + self.rows.reduce(0) { $0 + ($1.body?.count ?? 0) } + self.snapshots.reduce(0) { $0 + $1.body.count }
            + self.observations.reduce(0) { $0 + $1.body.count }
    }
}
