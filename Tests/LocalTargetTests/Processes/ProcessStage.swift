import AsyncHTTPClient
import Core
import FoundationEssentials
import Glibc
import LocalTarget
import Logging
import NIOCore
import Ports
import Testing

/// A folder with a small compiled web server as the artifact, and process runtimes on it. Everything is ended and
/// removed at the end.
struct ProcessStage: Sendable {
    let folder: String
    let client: HTTPClient
    let probe: HTTPProbe
    let lane: LaneID

    static func run(_ body: @Sendable (ProcessStage) async throws -> Void) async throws {
        var template = Array("/tmp/slipway-processes-XXXXXX".utf8CString)
        let made = try #require(mkdtemp(&template))
        let folder = String(cString: made)
        let client = HTTPClient()
        let probe = HTTPProbe()
        let stage = ProcessStage(
            folder: folder, client: client, probe: probe,
            lane: LaneID(
                service: try #require(ServiceName("shop")), environment: try #require(EnvironmentName("production"))))
        var failure: (any Error)?
        do {
            try await stage.compile()
            try await body(stage)
        } catch { failure = error }
        do { try await stage.takeDown() } catch { failure = failure ?? error }
        try await client.shutdown()
        try await probe.close()
        if let failure { throw failure }
    }

    private func takeDown() async throws {
        let table = try ProcessTable()
        let lane = "\(self.folder)/data/lanes/\(self.lane)"
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: lane))?.compactMap { Int($0) } ?? []
        let marks = numbers.flatMap { number in
            (1...4).map { "SLIPWAY_INSTANCE=\(self.capacity(number))/instance-\($0)" }
        }
        for mark in marks + ["MARK=\(self.folder)"] { try table.kill(carriersOf: mark) }
        try FileManager.default.removeItem(atPath: self.folder)
    }

    func capacity(_ number: Int) -> String { "\(self.folder)/data/lanes/\(self.lane)/\(number)" }
    func key(_ number: Int) -> CapacityKey { CapacityKey(lane: self.lane, number: number) }

    func order(
        _ number: Int = 1, command: String = "exec ./app", replicas: Int = 1, within: Milliseconds = .seconds(20)
    )
        throws -> CapacityOrder
    {
        var health = HealthCheck()
        health.path = "/healthz"
        health.within = within
        return CapacityOrder(
            key: self.key(number), release: try #require(ReleaseID("r-0123456789ab")), version: "1.2.3",
            artifact: try #require(Digest("sha256:" + String(repeating: "0", count: 64))), command: command,
            replicas: replicas, health: health, variables: [:])
    }

    /// A runtime on the folder, as a run of the server makes one.
    func runtime(
        boot: String = "/proc/sys/kernel/random/boot_id",
        secrets: (any SecretStore)? = nil,
        requests: @escaping @Sendable (CapacityKey) async throws -> Int = { _ in 0 },
        change: (inout ProcessRuntime.Settings) -> Void = { _ in }
    ) throws -> ProcessRuntime {
        var settings = ProcessRuntime.Settings()
        settings.supervision = .milliseconds(50)
        settings.health = .milliseconds(200)
        settings.grace = .milliseconds(500)
        change(&settings)
        return try ProcessRuntime(
            data: "\(self.folder)/data", blobs: OneArtifact(file: "\(self.folder)/app"), probe: self.probe,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, settings: settings, secrets: secrets,
            bootIdentityFile: boot,
            unpack: { archive, folder in
                try FileManager.default.copyItem(atPath: archive, toPath: "\(folder)/app")
            }, requestsUnderWay: requests)
    }

    /// Runs `body` while the runtime supervises.
    func supervised<Result: Sendable>(
        _ runtime: ProcessRuntime, _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await runtime.run() }
            defer { group.cancelAll() }
            return try await body()
        }
    }

    /// The body of a GET, or nil if there is no answer.
    func get(_ address: ListenAddress, _ path: String = "/") async -> String? {
        guard
            let response = try? await self.client.execute(
                HTTPClientRequest(url: "http://\(address)\(path)"), timeout: .seconds(2)),
            let body = try? await response.body.collect(upTo: 65_536)
        else { return nil }
        return String(buffer: body)
    }

    /// Identity of an instance by the record on disk.
    func process(_ number: Int, instance: Int = 1) throws -> DetachedProcess {
        struct Record: Decodable { var instances: [Instance] }
        struct Instance: Decodable {
            var number: Int
            var process: DetachedProcess?
        }
        let data = try Data(contentsOf: URL(filePath: "\(self.capacity(number))/instances.json"))
        let record = try JSONDecoder().decode(Record.self, from: data)
        guard let process = record.instances.first(where: { $0.number == instance })?.process else {
            throw NotStarted()
        }
        return process
    }

    struct NotStarted: Error {}

    private func compile() async throws {
        try Self.source.write(toFile: "\(self.folder)/app.c", atomically: false, encoding: .utf8)
        let launch = DetachedProcess.Launch(
            program: "/usr/bin/cc", arguments: ["-O1", "-o", "app", "app.c"],
            environment: ["PATH": "/usr/bin:/bin", "MARK": self.folder], folder: self.folder,
            output: "\(self.folder)/cc.log")
        let table = try ProcessTable()
        let process = try table.start(launch)
        let deadline = ContinuousClock().now + .seconds(60)
        var ending: DetachedProcess.Ending?
        while ending == nil, ContinuousClock().now < deadline {
            ending = try table.ending(of: process)
            // Not a blocking wait: all tests share the few threads of Swift's tasks.
            try await Task.sleep(for: .milliseconds(10))
        }
        try #require(ending == .exited(0), "cc is needed: apt-get install gcc libc6-dev")
    }

    /// Answers every request with its pid and PORT; status by STATUS; says so when it begins.
    private static let source = """
        #include <arpa/inet.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <unistd.h>
        int main(void) {
            const char *port = getenv("PORT"), *status = getenv("STATUS");
            int s = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
            setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
            struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
            a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            if (bind(s, (struct sockaddr *)&a, sizeof a) || listen(s, 64)) { perror("bind"); return 9; }
            printf("listening on %s\\n", port);
            fflush(stdout);
            for (;;) {
                int c = accept(s, 0, 0);
                char in[4096], body[64], out[512];
                if (c < 0) continue;
                read(c, in, sizeof in);
                int n = snprintf(body, sizeof body, "%d %s", getpid(), port);
                int m = snprintf(out, sizeof out,
                    "HTTP/1.1 %s X\\r\\nLocation: http://127.0.0.1:1/\\r\\nContent-Length: %d\\r\\n"
                    "Connection: close\\r\\n\\r\\n%s",
                    status ? status : "200", n, body);
                write(c, out, m);
                shutdown(c, SHUT_WR);
                while (read(c, in, sizeof in) > 0) {}
                close(c);
            }
        }
        """
}

/// Waits for a condition, at most `limit`.
func eventually(
    within limit: Duration = .seconds(20), _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock().now + limit
    while try await !condition() {
        try #require(ContinuousClock().now < deadline, what, sourceLocation: sourceLocation)
        try await Task.sleep(for: .milliseconds(20))
    }
}

/// A blob store with one file for every digest.
struct OneArtifact: BlobStore {
    let file: String

    func store(file path: String) async throws -> Blob { throw Unasked() }
    func store(_ bytes: [UInt8]) async throws -> Blob { throw Unasked() }
    func read(_ digest: Digest, limit: Int) async throws -> [UInt8]? { throw Unasked() }
    func path(_ digest: Digest) async throws -> String? { self.file }
    func remove(_ digest: Digest, storedBefore time: Instant) async throws -> Int64 { throw Unasked() }
    func stored(before time: Instant) async throws -> [Blob] { throw Unasked() }

    struct Unasked: Error {}
}
