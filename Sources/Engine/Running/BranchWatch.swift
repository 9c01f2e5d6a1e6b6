import Core
import Logging
import Ports
import ServiceFile
import Synchronization

/// Makes a release of the newest commit of the branch that a service watches. Level-triggered: what is released already stands in the
/// ledger, so a crash neither loses a commit nor releases one twice, and commits that came and went while something was built are skipped.
struct BranchWatch: Sendable {
    let plane: ControlPlane
    let service: ServiceName

    private var logger: Logger { self.plane.logger }

    /// Waits by the continuous clock: a machine's clock that is set back stops no looking.
    func run(_ pokes: AsyncStream<Void>, again: AsyncStream<Void>.Continuation) async {
        await withDiscardingTaskGroup { group in
            group.addTask { [every = self.plane.pollEvery] in
                while !Task.isCancelled {
                    try? await Task.sleep(for: every)
                    again.yield()
                }
            }
            var memory = Memory()
            for await _ in pokes { await self.look(&memory) }
            group.cancelAll()
        }
    }

    private struct Seen: Equatable {
        var repository: String
        var branch: String
        var commit: String
        /// Number of the service's definition: under another one, what was refused is tried again.
        var definition: Int
    }

    /// Spares looks, and says things once. Nothing is lost with it.
    private struct Memory {
        /// Released already, or refused: the same commit gives the same answer.
        var settled: Seen?
        /// What it was refused for.
        var refusal: String?
        var trouble: String?
        var failures = 0
        var notBefore: ContinuousClock.Instant?
        var lastRelease: ContinuousClock.Instant?
    }

    private func look(_ memory: inout Memory) async {
        let now = ContinuousClock.now
        if let due = memory.notBefore, now < due { return }
        do {
            try await self.release(at: now, &memory)
            if memory.trouble != nil { self.logger.notice("branch of \(self.service): it can be looked at again") }
            (memory.trouble, memory.failures, memory.notBefore) = (nil, 0, nil)
            self.plane.branchTroubles.tell(memory.refusal, of: self.service)
        } catch is CancellationError {
            return
        } catch {
            let trouble = "\(error)"
            if memory.trouble != trouble {
                self.logger.warning("branch of \(self.service): \(trouble). It is tried again and again.")
            }
            memory.trouble = trouble
            self.plane.branchTroubles.tell("\(trouble). It is tried again and again.", of: self.service)
            memory.failures += 1
            memory.notBefore = .now + self.plane.pollEvery * (1 << min(memory.failures, 4))
        }
    }

    private func release(at now: ContinuousClock.Instant, _ memory: inout Memory) async throws {
        let journal = self.plane.journal
        let service = try await journal.service(self.service).machine
        guard let branch = service.watch else { return }
        let head = try await self.plane.doors.source.head(of: branch, in: service.repository)
        let seen = Seen(repository: service.repository, branch: branch, commit: head, definition: service.number)
        // A hook pokes at every commit: that makes no more releases than looking at the usual pace does.
        if let last = memory.lastRelease, now < last + self.plane.pollEvery * 3 / 4 { return }
        // On record, so that a start does not try it again; a definition that is applied later makes it worth a try.
        if let refused = service.refused, refused.commit == head {
            (memory.settled, memory.refusal) = (seen, refused.trouble)
        }
        guard seen != memory.settled else { return }
        let rows = try await journal.releases(of: self.service)
        guard !rows.contains(where: { $0.phase == .building }) else { return }
        // One that failed is there too: it is built again when a person asks for it.
        if rows.contains(where: { $0.commit == head }) {
            memory.refusal = nil
        } else {
            memory.refusal = try await self.create(seen)
            memory.lastRelease = now
        }
        memory.settled = seen
    }

    /// Throws what may be over at the next look; what the commit itself is refused for is on record, and given back
    /// unless there was nothing to release.
    private func create(_ seen: Seen) async throws -> String? {
        do {
            let release = try await self.plane.createRelease(
                ControlPlane.ReleaseRequest(
                    repository: seen.repository, ref: seen.commit, version: nil, file: nil, service: self.service),
                by: Caller(actor: .schedule, mayAdminister: false))
            self.logger.info(
                "branch of \(self.service): \(seen.commit.prefix(12)) becomes \(release.origin?.version ?? "a release")"
            )
            return nil
        } catch let refusal as Refusal where refusal.code != .wrongState {
            return try await self.refuse(seen, refusal.message, isEmpty: refusal.code == .nothingToDo)
        } catch let error as ServiceFileError {
            return try await self.refuse(seen, "\(error)", isEmpty: false)
        } catch let error as SourceError where !error.isPassing {
            return try await self.refuse(seen, "\(error)", isEmpty: false)
        }
    }

    private func refuse(_ seen: Seen, _ reason: String, isEmpty: Bool) async throws -> String? {
        let refused = Service.CommitRefused(
            commit: seen.commit, branch: seen.branch, reason: String(reason.prefix(2_000)), isEmpty: isEmpty,
            by: .schedule, at: self.plane.journal.time.now())
        self.logger.log(level: isEmpty ? .debug : .warning, "branch of \(self.service): \(refused.sentence)")
        try await self.plane.journal.decide(Service.self, .service(self.service), by: .schedule) { _ in .refuse(refused)
        }
        return refused.trouble
    }
}

extension Service.CommitRefused {
    fileprivate var sentence: String { "no release of \(self.commit.prefix(12)): \(self.reason)" }
    /// nil: nothing that somebody has to look at.
    fileprivate var trouble: String? { self.isEmpty ? nil : self.sentence }
}

extension SourceError {
    /// The repository, not the commit, is what is wrong: it may be right again at the next look.
    fileprivate var isPassing: Bool {
        switch self.code {
        case .refNotFound, .notARepository, .shallow, .empty, .programMissing, .failed: true
        case .tagExists, .invalid, .tooLarge: false
        }
    }
}

/// How a use case reaches the watch over a branch.
final class BranchPokes: Sendable {
    private let sinks = Mutex<[ServiceName: AsyncStream<Void>.Continuation]>([:])

    func reach(_ service: ServiceName, by sink: AsyncStream<Void>.Continuation) {
        self.sinks.withLock { $0[service] = sink }
    }

    /// Many at once are one.
    func poke(_ service: ServiceName) { self.sinks.withLock { _ = $0[service]?.yield() } }
}

/// Why the branch of a service gives no release just now. Lives as long as the process: the next look tells it anew.
final class BranchTroubles: Sendable {
    private let words = Mutex<[ServiceName: String]>([:])

    /// nil: it is over.
    func tell(_ trouble: String?, of service: ServiceName) { self.words.withLock { $0[service] = trouble } }

    func trouble(of service: ServiceName) -> String? { self.words.withLock { $0[service] } }
}
