import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// How what is said reaches the server unseen.
package struct Security: Sendable, Equatable {
    package enum Transport: Sendable, Equatable {
        /// This machine alone, in clear.
        case loopback
        /// Certificate chain and key as PEM files. Read anew when one of them changes.
        case tls(certificate: String, key: String)
        /// A proxy in front does it, and is the only one that reaches us.
        case behindProxy
    }

    package let transport: Transport
    /// Where browsers reach the server, without trailing slash; nil: where it listens.
    package let publicAddress: String?

    package init(transport: Transport = .loopback, publicAddress: String? = nil) {
        self.transport = transport
        self.publicAddress = publicAddress
    }

    /// What is sent back goes by https alone.
    var isSecure: Bool {
        switch self.transport {
        case .tls: true
        case .behindProxy: self.publicAddress.map { $0.hasPrefix("https://") } ?? true
        case .loopback: false
        }
    }

    /// The client's address without port. A proxy's word is taken where there is one, and only what that proxy itself added: the last.
    func address(of request: Request, _ context: Context) -> String {
        switch self.transport {
        case .loopback, .tls: return context.peerAddress
        case .behindProxy:
            let named = request.headers[.forwardedFor]?.split(separator: ",").last?
                .trimmingCharacters(in: .whitespaces)
            guard let named, (try? SocketAddress(ipAddress: named, port: 0)) != nil else { return context.peerAddress }
            return named
        }
    }

    var scheme: String {
        switch self.transport {
        case .tls: "https"
        case .loopback, .behindProxy: "http"
        }
    }

    /// Refuses to listen where others could read passwords and tokens on their way.
    package func check(host: String) throws(ServerError) {
        if let publicAddress { try Self.check(publicAddress) }
        switch self.transport {
        case .tls, .behindProxy: return
        case .loopback: break
        }
        guard !Self.isLoopback(host) else { return }
        throw ServerError(
            code: .notSafe,
            message: "\(host) can be reached from other machines, and without TLS everybody on the way reads passwords "
                + "and tokens. Give a certificate: `slipway serve --tls-certificate FILE --tls-key FILE`; or, where a "
                + "proxy in front has one and nobody else reaches this address, say so: `slipway serve --behind-proxy`."
        )
    }

    /// 127.0.0.0/8, ::1 and localhost.
    static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil } && parts[0] == "127"
    }

    private static func check(_ address: String) throws(ServerError) {
        let parts = URLComponents(string: address)
        guard let parts, ["http", "https"].contains(parts.scheme), let host = parts.host, !host.isEmpty,
            parts.path.isEmpty, parts.query == nil, parts.fragment == nil, parts.user == nil
        else {
            throw ServerError(
                code: .notSafe,
                message: "\(address.debugDescription.prefix(200)) is no address for browsers: it has the form "
                    + "https://HOST or https://HOST:PORT.")
        }
    }
}
