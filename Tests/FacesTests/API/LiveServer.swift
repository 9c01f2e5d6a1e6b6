import APIClient
import AsyncHTTPClient
import Foundation
import HTTPAPI
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import ServiceLifecycle
import Synchronization
import Testing

/// A real server on a free port of loopback, over the world's operations.
struct LiveServer: Sendable {
    let world: World
    let address: String
    let group: ServiceGroup
    let http: HTTPClient

    var port: Int { Int(self.address.split(separator: ":").last ?? "") ?? 0 }
    var connection: Connection { Connection(address: self.address, token: World.token) }

    /// Starts a server, runs `body`, and stops it; fails if it does not end.
    static func with(
        _ world: World = World(), operations: Operations? = nil, port: Int = 0, limits: Limits = Limits(),
        security: Security = Security(), certificate: String? = nil, _ body: (LiveServer) async throws -> Void
    ) async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let (addresses, found) = AsyncStream.makeStream(of: String.self)
        let server = APIServer(
            operations: operations ?? world.operations, host: "127.0.0.1", port: port, limits: limits,
            security: security,
            logger: logger, onListening: { found.yield($0) })
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: server, successTerminationBehavior: .gracefullyShutdownGroup)], logger: logger
            ))
        var settings = HTTPClient.Configuration()
        settings.redirectConfiguration = .disallow
        if let certificate {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .file(certificate)
            settings.tlsConfiguration = tls
        }
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
        // Without an address the server ended before it listened: then its error is the one to throw.
        async let running: Void = {
            defer { found.finish() }
            try await group.run()
        }()
        do {
            var iterator = addresses.makeAsyncIterator()
            guard let address = await iterator.next() else {
                try await running
                throw CancellationError()
            }
            try await body(LiveServer(world: world, address: address, group: group, http: http))
        } catch {
            try await http.shutdown()
            await group.triggerGracefulShutdown()
            try await running
            throw error
        }
        try await http.shutdown()
        await group.triggerGracefulShutdown()
        try await running
    }

    struct Answer: Sendable {
        var status: Int
        var type: String
        var headers: [String: String]
        var text: String

        var problem: Wire.Problem? { try? JSONDecoder().decode(Wire.Problem.self, from: Data(self.text.utf8)) }
    }

    func send(
        _ method: String, _ path: String, body: String? = nil, type: String = "application/json",
        token: String? = World.token, headers: [(String, String)] = []
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: self.address + path)
        request.method = .init(rawValue: method)
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if let body {
            request.headers.add(name: "Content-Type", value: type)
            request.body = .bytes(ByteBuffer(string: body))
        }
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        let response = try await self.http.execute(request, timeout: .seconds(20))
        let text = String(buffer: try await response.body.collect(upTo: 8 * 1024 * 1024))
        var all: [String: String] = [:]
        for header in response.headers {
            let name = header.name.lowercased()
            // Several cookies, one a line.
            all[name] = name == "set-cookie" ? (all[name].map { $0 + "\n" } ?? "") + header.value : header.value
        }
        return Answer(
            status: Int(response.status.code), type: all["content-type"] ?? "", headers: all, text: text)
    }
}

/// Waits until `condition` holds; false when the time is over.
func eventually(
    within limit: Duration = .seconds(60), polling pause: Duration = .milliseconds(10), _ condition: () async -> Bool
) async -> Bool {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if await condition() { return true }
        try? await Task.sleep(for: pause)
    }
    return await condition()
}
