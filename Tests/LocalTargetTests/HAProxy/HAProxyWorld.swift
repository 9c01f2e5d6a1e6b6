import Core
import Foundation
import Glibc
import Kits
import LocalTarget
import Logging
import Ports
import Synchronization

/// A data folder with a real HAProxy in front of instances in this process. `close` ends everything it started.
final class HAProxyWorld: RouterWorld {
    let folder: String
    let lane: LaneID
    let listen: ListenAddress
    let table: ProcessTable
    let haproxy: HAProxyRouter
    var router: any Router { self.haproxy }
    private let servers = Mutex<[TinyServer]>([])

    init(
        folder: String? = nil, atStep: @escaping @Sendable (HAProxyRouter.Step) async throws -> Void = { _ in },
        change: (inout HAProxyRouter.Settings) -> Void = { _ in }
    ) throws {
        self.folder = try folder ?? makeTemporaryFolder()
        let name = "e" + String(UInt32.random(in: 0...UInt32.max), radix: 36)
        guard let service = ServiceName("storefront"), let environment = EnvironmentName(name) else {
            throw Problem("no lane name")
        }
        self.lane = LaneID(service: service, environment: environment)
        self.listen = try freeAddress()
        self.table = try ProcessTable()
        var settings = Self.settings(self.folder)
        change(&settings)
        self.haproxy = HAProxyRouter(
            settings: settings, table: self.table, logger: quietLogger, atStep: atStep)
    }

    /// Patient: the whole test run may have one processor for a hundred processes.
    private static func settings(_ folder: String) -> HAProxyRouter.Settings {
        var settings = HAProxyRouter.Settings(data: folder, socketFolder: folder + "/s")
        settings.answerLimit = .seconds(30)
        settings.startLimit = .seconds(60)
        return settings
    }

    /// Another router on the same folder, as after a restart of Slipway.
    func secondRouter(
        table: ProcessTable? = nil, atStep: @escaping @Sendable (HAProxyRouter.Step) async throws -> Void = { _ in }
    ) -> HAProxyRouter {
        HAProxyRouter(
            settings: Self.settings(self.folder), table: table ?? self.table, logger: quietLogger, atStep: atStep)
    }

    func instances(of version: String, count: Int) async throws -> [ListenAddress] {
        try self.start(version, count).map(\.address)
    }

    func start(_ version: String, _ count: Int) throws -> [TinyServer] {
        let started = try (0..<count).map { _ in try TinyServer(version) }
        self.servers.withLock { $0 += started }
        return started
    }

    func startBusy(_ version: String) throws -> TinyServer {
        let started = try TinyServer(version, isBusy: true)
        self.servers.withLock { $0.append(started) }
        return started
    }

    /// One more, at an address where another was.
    func start(_ version: String, at address: ListenAddress) throws -> TinyServer {
        let started = try TinyServer(version, port: UInt16(address.port))
        self.servers.withLock { $0.append(started) }
        return started
    }

    func ask(at address: ListenAddress, user: String, header: String?) async throws -> String? {
        let answer = try await self.get(
            at: address, headers: "Cookie: a=b; Slipway-User=\(user)\r\n" + (header.map { "\($0): 1\r\n" } ?? ""))
        return answer.status == 503 ? nil : answer.body
    }

    func get(at address: ListenAddress, headers: String = "") async throws -> TinyClient.Answer {
        try await blocking {
            var client = try TinyClient(address)
            return try client.get(headers: headers)
        }
    }

    func fail(at address: ListenAddress, user: String) async throws {
        let answer = try await blocking {
            var client = try TinyClient(address)
            return try client.get("/fail", headers: "Cookie: Slipway-User=\(user)\r\n")
        }
        guard answer.status == 500 else { throw Problem("\(answer)") }
    }

    func end(_ addresses: [ListenAddress]) async throws {
        for server in self.servers.withLock({ $0 }) where addresses.contains(server.address) { server.stop() }
        for address in addresses {
            try await eventually("nobody listens at \(address)") {
                try await blocking { (try? TinyClient(address)) == nil }
            }
        }
    }

    func startAgain(_ version: String, at addresses: [ListenAddress]) async throws {
        for address in addresses { _ = try self.start(version, at: address) }
    }

    func endProcess() async throws { try await self.killProxy() }

    func whileUnderWay(at address: ListenAddress, _ body: @Sendable () async throws -> Void) async throws {
        async let answer = blocking {
            var client = try TinyClient(address)
            return try client.get("/hold").status
        }
        let servers = self.servers.withLock { $0 }
        try await eventually("the request is under way") { servers.contains { $0.held > 0 } }
        do {
            try await body()
        } catch {
            for server in servers { server.letGo() }
            throw error
        }
        for server in servers { server.letGo() }
        guard try await answer == 200 else { throw Problem("the request under way was lost") }
    }

    var routerFolder: String { "\(self.folder)/lanes/\(self.lane)/router" }

    /// The HAProxy of the lane, from its file.
    func process() throws -> DetachedProcess {
        struct Handle: Decodable { var process: DetachedProcess }
        let bytes = try Data(contentsOf: URL(fileURLWithPath: self.routerFolder + "/process.json"))
        return try JSONDecoder().decode(Handle.self, from: bytes).process
    }

    func socketPath() throws -> String {
        struct Handle: Decodable { var socket: String }
        let bytes = try Data(contentsOf: URL(fileURLWithPath: self.routerFolder + "/process.json"))
        return try JSONDecoder().decode(Handle.self, from: bytes).socket
    }

    /// SIGKILL, and waits until it is gone.
    func killProxy() async throws {
        let process = try self.process()
        guard try self.table.isRunning(process) else { throw Problem("HAProxy did not run") }
        kill(process.pid, SIGKILL)
        try await eventually("HAProxy is dead") { try !self.table.isRunning(process) }
    }

    func close() async throws {
        for server in self.servers.withLock({ $0 }) { server.stop() }
        do {
            try await self.secondRouter().remove(self.lane, term: Term(Int.max))
        } catch {
            // A damaged or stuck one, as some tests make: by the number in its file.
            if let process = try? self.process(), try self.table.isRunning(process) { kill(process.pid, SIGKILL) }
        }
        try FileManager.default.removeItem(atPath: self.folder)
    }
}

/// Runs `body` in a world and closes it in every case.
func withWorld(
    folder: String? = nil, atStep: @escaping @Sendable (HAProxyRouter.Step) async throws -> Void = { _ in },
    change: (inout HAProxyRouter.Settings) -> Void = { _ in }, _ body: (HAProxyWorld) async throws -> Void
) async throws {
    let world = try HAProxyWorld(folder: folder, atStep: atStep, change: change)
    do {
        try await body(world)
    } catch {
        try? await world.close()
        throw error
    }
    try await world.close()
}

/// Waits for a condition, at most `limit`.
func eventually(
    _ what: String, within limit: Duration = .seconds(60), _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + limit
    while try await !condition() {
        guard clock.now < deadline else { throw Problem("not within \(limit): \(what)") }
        try await clock.sleep(for: .milliseconds(2))
    }
}

func makeTemporaryFolder() throws -> String {
    var template = Array((NSTemporaryDirectory() + "slipway-router-XXXXXX").utf8CString)
    guard let path = mkdtemp(&template) else { throw Problem("no temporary folder") }
    return String(cString: path)
}

/// A free address below the kernel's ephemeral range.
func freeAddress() throws -> ListenAddress {
    for _ in 0..<100 {
        let port = UInt16.random(in: 20_000...25_999)
        let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { Glibc.close(probe) }
        var name = loopback(port: port)
        let isFree = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(probe, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        if isFree, let address = ListenAddress("127.0.0.1:\(port)") { return address }
    }
    throw Problem("no free port")
}

var quietLogger: Logger { Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }) }
