import Core
import Engine
import Foundation
import Lab
import Logging
import Ports
import SQLiteStore
import Synchronization

// 1,000 deployments in flight: a control plane dies, the next one takes the folder. Printed is the time from opening the ledger until
// every deployment's outstanding effect has reached the target again. Fails above its bound (in a release build).

let count = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 1_000
let bound = Duration.seconds(1)

/// A runtime that counts who asks, and never has anything ready.
final class SilentRuntime: Runtime {
    private let asked = Mutex<Set<CapacityKey>>([])

    var count: Int { self.asked.withLock { $0.count } }

    func ensure(_ order: CapacityOrder, term: Term) async throws -> CapacityReport {
        self.asked.withLock { _ = $0.insert(order.key) }
        try await Task.sleep(for: .seconds(3_600))
        return CapacityReport(key: order.key, ready: 0, wanted: 1, restarts: 0, lastLines: [])
    }
    func stop(_ key: CapacityKey, drain: Milliseconds, term: Term) async throws {}
    func observe(_ lane: LaneID) async throws -> [CapacityReport] { [] }
    func addresses(_ key: CapacityKey) async throws -> [ListenAddress] { [] }
    func output(_ key: CapacityKey, lines: Int) async throws -> [String] { [] }
}

/// No repository, builder, command or check is needed: the deployments stand at their capacity.
struct Nothing: SourceRepository, Builder, CommandRunner, Probe {
    private func refused() -> SourceError { SourceError(.invalid, "nothing is built or run here") }
    func resolve(_ ref: String, in repository: String) async throws -> Commit { throw self.refused() }
    func head(of branch: String, in repository: String) async throws -> String { throw self.refused() }
    func versionTags(reaching commit: String, in repository: String) async throws -> [VersionTag] { [] }
    func allVersions(in repository: String) async throws -> Set<String> { [] }
    func commits(since tag: String?, upTo commit: String, limit: Int, in repository: String) async throws -> [Commit] {
        []
    }
    func file(_ path: String, at commit: String, in repository: String) async throws -> [UInt8]? { nil }
    func checkOut(_ commit: String, of repository: String, to folder: String) async throws { throw self.refused() }
    func tag(_ name: String, commit: String, message: String, in repository: String) async throws {}
    func pushTag(_ name: String, in repository: String) async throws {}
    func build(_ order: BuildOrder) async throws -> BuildReport { throw self.refused() }
    func take(file: String) async throws -> Artifact { throw self.refused() }
    func output(of release: ReleaseID, from offset: Int) async throws -> [UInt8]? { nil }
    func run(_ order: CommandOrder) async throws -> CommandReport { throw self.refused() }
    func get(_ path: String, at address: ListenAddress, within: Milliseconds) async -> ProbeAnswer { .unreachable("") }
}

struct SystemTime: TimeSource {
    func now() -> Instant { Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) }
    func wait(until instant: Instant) async { try? await Task.sleep(for: (instant - self.now()).duration) }
}

struct Failed: Error, CustomStringConvertible {
    let description: String
}

func plane(over ledger: SQLiteLedger, _ runtime: SilentRuntime) -> ControlPlane {
    let router = SimulatedTarget(clock: SystemTime()).router
    let doors = Doors(
        blobs: MemoryBlobs(), source: Nothing(), builder: Nothing(), commands: Nothing(), probe: Nothing(),
        runtime: runtime, router: router, messenger: RecordingMessenger())
    return ControlPlane(
        journal: Journal(ledger: ledger, time: SystemTime(), news: News()), doors: doors, zones: FixedZones(),
        logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
}

/// One service with a built release, asked for in its one environment.
func ask(_ number: Int, _ journal: Journal) async throws {
    let digits = String(repeating: "0", count: 8 - String(number).count) + String(number)
    guard let name = ServiceName("service-\(number)"), let id = ReleaseID("r-\(digits)"),
        let environment = EnvironmentName("prod"), let listen = ListenAddress("127.0.0.1:\(1_000 + number)"),
        let digest = Digest("sha256:" + String(repeating: "0", count: 56) + digits)
    else { throw Failed(description: "no names for \(number)") }
    var production = EnvironmentDefinition(name: environment)
    production.listen = listen
    let definition = Definition(service: name, owner: "team", environments: [production])
    var configuration = RunConfiguration()
    configuration.run = RunCommand(command: "./service")
    configuration.run?.health.within = .minutes(30)
    let now = journal.time.now()
    let origin = Release.Origin(
        id: id, service: name, version: "1.0.0", repository: "/r", commit: digits, author: "a", subject: "s",
        committedAt: now, configuration: configuration, file: "/f", by: .person("ada"), at: now)
    let artifact = Artifact(name: "a", blob: Blob(digest: digest, bytes: 1))
    try await journal.decide(Service.self, .service(name), by: .person("ada")) { now in
        .define(definition, repository: "/r", watch: nil, by: .person("ada"), at: now)
    }
    try await journal.decide(Release.self, .release(id), by: .person("ada")) { _ in .request(origin) }
    try await journal.decide(Release.self, .release(id), by: .system) { .built(artifact, tests: nil, log: nil, at: $0) }
    _ = try await Promoting(journal: journal).request(
        Candidate(release: id, version: "1.0.0"), into: LaneID(service: name, environment: environment), production,
        by: .person("ada"))
}

/// Runs the conductor until the target was asked for every capacity; the time it took.
func run(in folder: String, preparing: Bool) async throws -> Duration {
    let begin = ContinuousClock.now
    let ledger = try await SQLiteLedger.open(folder: folder, owner: "the benchmark", time: { SystemTime().now() })
    let runtime = SilentRuntime()
    let plane = plane(over: ledger, runtime)
    if preparing {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...count { group.addTask { try await ask(number, plane.journal) } }
            try await group.waitForAll()
        }
    }
    let taken = try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await plane.conductor.run() }
        defer { group.cancelAll() }
        while runtime.count < count {
            guard ContinuousClock.now - begin < .seconds(300) else {
                throw Failed(description: "only \(runtime.count) of \(count) came back")
            }
            try await Task.sleep(for: .milliseconds(2))
        }
        return ContinuousClock.now - begin
    }
    try await ledger.close()
    return taken
}

let folder = FileManager.default.temporaryDirectory.appendingPathComponent("slipway-resume-\(UUID().uuidString)")
try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
let outcome: Result<Duration, any Error>
do {
    let prepared = try await run(in: folder.path, preparing: true)
    print("\(count) deployments prepared in \(prepared)")
    outcome = .success(try await run(in: folder.path, preparing: false))
} catch {
    outcome = .failure(error)
}
try FileManager.default.removeItem(at: folder)
let resumed = try outcome.get()
print("\(count) deployments in flight resumed in \(resumed) (bound \(bound))")
exit(resumed < bound ? 0 : 1)
