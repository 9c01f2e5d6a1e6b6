import Core
import Ports
import Synchronization

/// A repository in memory: commits in a row, each with its files, and tags.
final class FakeRepository: SourceRepository {
    fileprivate struct State {
        var commits: [Commit] = []
        var files: [String: String] = [:]
        var tags: [VersionTag] = []
        var tagProblem: String?
        var tries = 0
        var pushed: [String] = []
        var pushProblem: String?
        var head: String?
        var trouble: SourceError?
        var heads = 0
        var reads = 0
    }

    fileprivate let state = Mutex(State())

    /// Adds a commit with this slipway.yaml and gives its name.
    @discardableResult
    func commit(_ message: String, file: String) -> String {
        self.state.withLock { state in
            let digits = String(state.commits.count + 1)
            let id = String(repeating: "0", count: 40 - digits.count) + digits
            state.commits.append(
                Commit(
                    id: id, authorName: "Ada", authorEmail: "ada@shop.example",
                    at: Instant(milliseconds: 1_700_000_000_000), message: message))
            state.files[id] = file
            return id
        }
    }

    /// No tag can be made, for this reason; nil: they can again.
    func refuseTags(_ reason: String?) { self.state.withLock { $0.tagProblem = reason } }
    /// How often a tag was to be made.
    var tagTries: Int { self.state.withLock { $0.tries } }
    /// No tag can be pushed, for this reason; nil: they can again.
    func refusePushes(_ reason: String?) { self.state.withLock { $0.pushProblem = reason } }
    /// Tags that were pushed.
    var pushed: [String] { self.state.withLock { $0.pushed } }
    var tags: [String] { self.state.withLock { $0.tags.map(\.name) } }

    func addTag(_ name: String, on commit: String) {
        self.state.withLock {
            $0.tags.append(VersionTag(name: name, version: String(name.dropFirst()), commit: commit))
        }
    }

    /// The branch is moved to a commit that was there before; nil: to the newest.
    func move(to commit: String?) { self.state.withLock { $0.head = commit } }
    /// The repository is not there, for this reason; nil: it is again.
    func vanish(_ trouble: SourceError?) { self.state.withLock { $0.trouble = trouble } }
    /// How often the branch was looked at.
    var looks: Int { self.state.withLock { $0.heads } }
    /// How often a file of a commit was read.
    var reads: Int { self.state.withLock { $0.reads } }

    func head(of branch: String, in repository: String) async throws -> String {
        let head = try self.state.withLock { state in
            state.heads += 1
            if let trouble = state.trouble { throw trouble }
            return state.head ?? state.commits.last?.id
        }
        guard let head else { throw SourceError(.empty, "There is no commit.") }
        return head
    }

    func resolve(_ ref: String, in repository: String) async throws -> Commit {
        let found = self.state.withLock { state in
            ref == "HEAD" ? state.commits.last : state.commits.first { $0.id == ref }
        }
        guard let found else { throw SourceError(.refNotFound, "There is no `\(ref)`.") }
        return found
    }

    func versionTags(reaching commit: String, in repository: String) async throws -> [VersionTag] {
        self.state.withLock { $0.tags.filter { $0.commit <= commit }.reversed() }
    }

    func allVersions(in repository: String) async throws -> Set<String> {
        self.state.withLock { Set($0.tags.map(\.version)) }
    }

    func commits(since tag: String?, upTo commit: String, limit: Int, in repository: String) async throws -> [Commit] {
        // As long as a real repository takes, so that what is asked for at once does meet.
        try await Task.sleep(for: .milliseconds(5))
        return self.state.withLock { state in
            let from = state.tags.first { $0.name == tag }?.commit ?? ""
            return state.commits.filter { $0.id > from && $0.id <= commit }.reversed()
        }
    }

    func file(_ path: String, at commit: String, in repository: String) async throws -> [UInt8]? {
        self.state.withLock {
            $0.reads += 1
            return $0.files[commit].map { Array($0.utf8) }
        }
    }

    func checkOut(_ commit: String, of repository: String, to folder: String) async throws {}

    func tag(_ name: String, commit: String, message: String, in repository: String) async throws {
        try self.state.withLock { state in
            state.tries += 1
            if let problem = state.tagProblem { throw SourceError(.failed, problem) }
            guard !state.tags.contains(where: { $0.name == name }) else { return }
            state.tags.append(VersionTag(name: name, version: String(name.dropFirst()), commit: commit))
        }
    }
}

extension FakeRepository {
    func pushTag(_ name: String, in repository: String) async throws {
        try self.state.withLock { state in
            if let problem = state.pushProblem { throw SourceError(.failed, problem) }
            state.pushed.append(name)
        }
    }
}

/// A disk that has the room that it is told; plenty at first.
final class FakeDisk: Sendable {
    private let state = Mutex<(room: DiskRoom?, looks: Int)>((nil, 0))

    var room: DiskRoom? {
        self.state.withLock { state in
            state.looks += 1
            return state.room
        }
    }
    /// How often somebody has looked.
    var looks: Int { self.state.withLock { $0.looks } }
    func leave(_ free: Int64, of total: Int64) { self.state.withLock { $0.room = DiskRoom(free: free, total: total) } }
}

/// Builds in no time, or fails as often as it is told to.
final class FakeBuilder: Builder {
    private struct State {
        var failures: [String: Int] = [:]
        var tests: TestSummary?
        var orders: [BuildOrder] = []
        var files: [String: Character] = [:]
        var isHeld = false
    }

    private let state = Mutex(State())

    /// Puts a file there whose content is this hexadecimal digit.
    func put(_ file: String, _ content: Character) { self.state.withLock { $0.files[file] = content } }
    /// No build ends until this is taken back.
    func hold(_ isHeld: Bool) { self.state.withLock { $0.isHeld = isHeld } }
    func fail(_ commit: String, times: Int) { self.state.withLock { $0.failures[commit] = times } }
    func report(_ tests: TestSummary?) { self.state.withLock { $0.tests = tests } }
    var orders: [BuildOrder] { self.state.withLock { $0.orders } }

    func build(_ order: BuildOrder) async throws -> BuildReport {
        while self.state.withLock({ $0.isHeld }) { try await Task.sleep(for: .milliseconds(2)) }
        return try self.state.withLock { state in
            state.orders.append(order)
            let left = state.failures[order.commit] ?? 0
            state.failures[order.commit] = max(0, left - 1)
            guard left == 0 else {
                return BuildReport(outcome: .failed("the compiler says no"), log: nil, tests: state.tests)
            }
            return BuildReport(outcome: .built(try Self.artifact(order.commit)), log: nil, tests: state.tests)
        }
    }

    func take(file: String) async throws -> Artifact {
        guard let content = self.state.withLock({ $0.files[file] }) else {
            throw SourceError(.invalid, "there is nothing at `\(file)`")
        }
        return try Self.artifact(String(repeating: content, count: 40))
    }
    func output(of release: ReleaseID, from offset: Int) async throws -> [UInt8]? { nil }

    private static func artifact(_ commit: String) throws -> Artifact {
        guard let digest = Digest("sha256:" + String(repeating: "a", count: 24) + commit) else {
            throw SourceError(.invalid, "`\(commit)` makes no digest.")
        }
        return Artifact(name: "dist", blob: Blob(digest: digest, bytes: 1))
    }
}

/// Runs no command: `true` passes, `false` fails. A command that ended under its key is not run again.
final class FakeCommands: CommandRunner {
    private let state = Mutex<(reports: [String: CommandReport], orders: [CommandOrder])>(([:], []))

    var orders: [CommandOrder] { self.state.withLock { $0.orders } }

    func run(_ order: CommandOrder) async throws -> CommandReport {
        self.state.withLock { state in
            if let report = state.reports[order.key] { return report }
            state.orders.append(order)
            let report = CommandReport(
                verdict: order.command == "false" ? .fail : .pass, summary: "`\(order.command)` ended",
                lastLines: ["a last line"])
            state.reports[order.key] = report
            return report
        }
    }
}

/// Everything answers 200.
struct FakeProbe: Probe {
    func get(_ path: String, at address: ListenAddress, within: Milliseconds) async -> ProbeAnswer { .status(200) }
}

/// A ledger that tells of each append, before it and after it is stored, and of each reading of a stream and of
/// observations.
struct WatchedLedger: Ledger {
    let ledger: any Ledger
    var before: @Sendable () async throws -> Void = {}
    var after: @Sendable ([Envelope]) -> Void = { _ in }
    var reading: @Sendable (_ after: Int) -> Void = { _ in }
    var verifying: @Sendable () async throws -> Void = {}
    /// So many observations were read.
    var looking: @Sendable (_ count: Int) -> Void = { _ in }

    var term: Term { self.ledger.term }

    func append(_ request: AppendRequest) async throws -> [Envelope] {
        try await self.before()
        let envelopes = try await self.ledger.append(request)
        self.after(envelopes)
        return envelopes
    }

    func events(of stream: StreamID, after number: Int, limit: Int) async throws -> [Envelope] {
        self.reading(number)
        return try await self.ledger.events(of: stream, after: number, limit: limit)
    }
    func events(after position: Int, limit: Int) async throws -> [Envelope] {
        try await self.ledger.events(after: position, limit: limit)
    }
    func number(of stream: StreamID) async throws -> Int { try await self.ledger.number(of: stream) }
    func heads() async throws -> [StreamHead] { try await self.ledger.heads() }
    func position() async throws -> Int { try await self.ledger.position() }
    func snapshot(of stream: StreamID) async throws -> Snapshot? { try await self.ledger.snapshot(of: stream) }
    func rows(_ table: ProjectionTable, scope: String?, after: String?, limit: Int) async throws -> [ProjectionRow] {
        try await self.ledger.rows(table, scope: scope, after: after, limit: limit)
    }
    func row(_ table: ProjectionTable, key: String) async throws -> ProjectionRow? {
        try await self.ledger.row(table, key: key)
    }
    func replaceRows(_ rows: [ProjectionRow]) async throws { try await self.ledger.replaceRows(rows) }
    func place(of reader: String) async throws -> Int { try await self.ledger.place(of: reader) }
    func setPlace(_ position: Int, of reader: String) async throws {
        try await self.ledger.setPlace(position, of: reader)
    }
    func record(_ observations: [Observation]) async throws { try await self.ledger.record(observations) }
    func observations(of lane: LaneID, from: Instant, to: Instant, limit: Int) async throws -> [Observation] {
        let found = try await self.ledger.observations(of: lane, from: from, to: to, limit: limit)
        self.looking(found.count)
        return found
    }
    func seals() async throws -> [Seal] { try await self.ledger.seals() }
    func verify() async throws -> AuditReport {
        try await self.verifying()
        return try await self.ledger.verify()
    }
    func close() async throws { try await self.ledger.close() }
}

/// Counts how often a routing was applied.
final class CountingRouter: Router {
    private let router: any Router
    private let counted = Mutex<[Int]>([])

    init(_ router: any Router) { self.router = router }

    /// Generations, in the order in which they were applied.
    var generations: [Int] { self.counted.withLock { $0 } }

    func apply(_ routing: Routing, term: Term) async throws -> RoutingReport {
        let report = try await self.router.apply(routing, term: term)
        self.counted.withLock { $0.append(routing.generation) }
        return report
    }
    func read(_ lane: LaneID) async throws -> RoutingReport? { try await self.router.read(lane) }
    func counts(_ lane: LaneID) async throws -> TrafficCounts? { try await self.router.counts(lane) }
    func requestsUnderWay(_ key: CapacityKey) async throws -> Int { try await self.router.requestsUnderWay(key) }
    func deaths(_ lane: LaneID) async throws -> RouterDeaths? { try await self.router.deaths(lane) }
    func trouble(_ lane: LaneID) async -> String? { await self.router.trouble(lane) }
    func remove(_ lane: LaneID, term: Term) async throws { try await self.router.remove(lane, term: term) }
}
