import Core
import GRDB
import Ports
import Synchronization

/// Gathers appends that come at the same time and commits them in one transaction, so that they share its wait for the disk.
/// Each is checked whole before anything of it is written, so one that is refused leaves the others alone. An append returns when
/// it is durable.
final class CommitQueue: Sendable {
    private struct Waiting {
        let request: AppendRequest
        let continuation: CheckedContinuation<[Envelope], any Error>
    }

    private struct State {
        var waiting: [Waiting] = []
        /// A run over the queue is under way or scheduled on the writer.
        var running = false
        /// Why no append is taken any more.
        var refusal: LedgerError?
    }

    /// A transaction's largest content, so that one group can't hold up the others for long.
    private static let groupBytes = 8 << 20

    private let state = Mutex(State())
    private let pool: DatabasePool
    private let term: Term
    private let acknowledged: Acknowledged

    init(pool: DatabasePool, term: Term, acknowledged: Acknowledged) {
        self.pool = pool
        self.term = term
        self.acknowledged = acknowledged
    }

    func append(_ request: AppendRequest) async throws -> [Envelope] {
        try await withCheckedThrowingContinuation { continuation in
            let next: LedgerError?
            let starts: Bool
            (next, starts) = self.state.withLock { state in
                if let refusal = state.refusal { return (refusal, false) }
                state.waiting.append(Waiting(request: request, continuation: continuation))
                defer { state.running = true }
                return (nil, !state.running)
            }
            if let next { return continuation.resume(throwing: next) }
            if starts { self.pool.asyncWriteWithoutTransaction { self.run($0) } }
        }
    }

    /// From now on every append is refused with this. Those that wait already are still written.
    func refuse(with error: LedgerError) {
        self.state.withLock { $0.refusal = $0.refusal ?? error }
    }

    private func run(_ database: Database) {
        while let group = self.take() {
            let outcomes = self.commit(group.map(\.request), in: database)
            for (waiting, outcome) in zip(group, outcomes) { waiting.continuation.resume(with: outcome) }
        }
    }

    private func take() -> [Waiting]? {
        self.state.withLock { state in
            var bytes = 0
            let count =
                state.waiting.firstIndex { waiting in
                    defer { bytes += waiting.request.bytes }
                    return bytes > Self.groupBytes
                } ?? state.waiting.count
            guard count > 0 else {
                state.running = false
                return nil
            }
            defer { state.waiting.removeFirst(count) }
            return Array(state.waiting[..<count])
        }
    }

    private func commit(_ group: [AppendRequest], in database: Database) -> [Result<[Envelope], any Error>] {
        var outcomes: [Result<[Envelope], any Error>] = []
        do {
            var position = 0
            try database.inTransaction(.immediate) {
                try Appending.check(self.term, in: database)
                var end = try Appending(database)
                for request in group { outcomes.append(try self.store(request, at: &end, in: database)) }
                position = end.position
                return .commit
            }
            self.acknowledged.write(position)
            return outcomes
        } catch {
            let failure = LedgerError.from(error, path: self.pool.path)
            if (error as? DatabaseError)?.extendedResultCode == .SQLITE_IOERR_FSYNC {
                // Nobody knows what of the failed flush is on the disk; a second one would wrongly report success.
                self.refuse(
                    with: LedgerError(
                        .cannotWrite,
                        "The disk failed to flush \(self.pool.path): nothing more is written. Look at the disk, then start again."))
            }
            return group.map { _ in .failure(failure) }
        }
    }

    /// One append of a group. Throws what ends the whole transaction.
    private func store(
        _ request: AppendRequest, at end: inout Appending, in database: Database
    ) throws -> Result<[Envelope], any Error> {
        let places: [Appending.Place]
        do {
            places = try Appending.check(request, in: database)
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
    }
}
