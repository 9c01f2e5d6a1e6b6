import APIClient
import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// The HTTP server: API and pages over the given operations. As a service it serves until the graceful shutdown, which
/// ends event streams at once and every connection within `Limits.shutdown`.
package struct APIServer: Service {
    private let operations: Operations
    private let host: String
    private let port: Int
    private let limits: Limits
    private let security: Security
    private let logger: Logger
    private let onListening: @Sendable (String) async -> Void

    /// - Parameters:
    ///   - host, port: where to listen; port 0 lets the system choose.
    ///   - security: refused, before anything is served, where it does not go with `host`.
    ///   - onListening: called once with the real address, as `http://127.0.0.1:8080`.
    package init(
        operations: Operations, host: String, port: Int, limits: Limits = Limits(), security: Security = Security(),
        logger: Logger, onListening: @escaping @Sendable (String) async -> Void = { _ in }
    ) {
        self.operations = operations
        self.host = host
        self.port = port
        self.limits = limits
        self.security = security
        self.logger = logger
        self.onListening = onListening
    }

    /// Listens for a moment, and throws `ServerError` where that is not to be had: asked before anything is made.
    package static func checkAddress(host: String, port: Int) async throws {
        do {
            let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: host, port: port).get()
            try await channel.close()
        } catch {
            throw ServerError.of(error, host, port)
        }
    }

    package func run() async throws {
        let certificates = try self.certificates()
        let application = try self.application(certificates)
        // Is cancelled when this returns.
        async let _: Void? = certificates?.watch()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await application.run()
                } catch let error as IOError {
                    throw ServerError.of(error, self.host, self.port)
                }
            }
            group.addTask {
                try? await gracefulShutdown()
                try? await Task.sleep(for: self.limits.shutdown)
            }
            // Either all ended by themselves, or the time is over: then what still hangs is cancelled.
            try await group.next()
            group.cancelAll()
            do {
                try await group.waitForAll()
            } catch is CancellationError {
            }
        }
    }

    private func application(_ certificates: Certificates?) throws -> some ApplicationProtocol {
        let limits = self.limits
        let host = self.host
        let onListening = self.onListening
        let decoder = HTTP1Channel.Configuration.DecoderConfiguration(
            maxHeaderFieldSize: limits.headerFieldBytesMax, maxHeaderListSize: limits.headerBytesMax,
            maxHeaderFieldCount: limits.headerCountMax)
        let plain = HTTPServerBuilder.http1(
            configuration: .init(idleTimeout: TimeAmount(limits.idleTime), httpDecoderConfiguration: decoder))
        let scheme = self.security.scheme
        return Application(
            responder: try self.front(),
            server: try certificates.map { try .tls(plain, tlsConfiguration: $0.configuration()) } ?? plain,
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: self.port), serverName: "slipway",
                availableConnectionsDelegate: .maximum(limits.connectionsMax, logger: self.logger)),
            onServerRunning: { channel in
                let shown = host.contains(":") ? "[\(host)]" : host
                await onListening("\(scheme)://\(shown):\(channel.localAddress?.port ?? 0)")
            },
            logger: self.logger)
    }

    private func certificates() throws -> Certificates? {
        try self.security.check(host: self.host)
        switch self.security.transport {
        case .loopback, .behindProxy: return nil
        case .tls(let certificate, let key):
            let logger = self.logger
            return try Certificates(certificate: certificate, key: key) { logger.error("\($0)") }
        }
    }

    private func front() throws -> Front {
        let api = try API(
            self.operations, wrongTokens: WrongTokens(), feeds: EventFeeds(limits: self.limits),
            security: self.security)
        return Front(api: api, pages: Pages(api: api), limits: self.limits, security: self.security)
    }
}
