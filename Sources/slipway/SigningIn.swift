import APIClient
import CommandLine
import Engine
import Foundation
import HTTPAPI
import LocalTarget
import Logging
import Synchronization

/// Where browsers reach the server, once that is known: a port that the system chooses is known when it listens.
final class ServedAddress: Sendable {
    private let state: Mutex<String>

    init(_ address: String) { self.state = Mutex(address) }

    var text: String { self.state.withLock { $0 } }
    func set(_ address: String) { self.state.withLock { $0 = address } }
}

extension ServeOptions {
    var security: Security {
        let transport: Security.Transport =
            switch self.transport {
            case .loopback: .loopback
            case .behindProxy: .behindProxy
            case .tls(let certificate, let key): .tls(certificate: certificate, key: key)
            }
        return Security(transport: transport, publicAddress: self.publicAddress)
    }

    /// Where it listens, as browsers write it, unless another address was named.
    var address: String {
        if let publicAddress { return publicAddress }
        let isSecure = if case .tls = self.transport { true } else { false }
        let host = self.host.contains(":") ? "[\(self.host)]" : self.host
        return "\(isSecure ? "https" : "http")://\(host):\(self.port)"
    }

    /// What the command line of this user finds. By https it goes to the name that the certificate is for, and trusts that certificate.
    func serverFile(listeningAt address: String) -> Connection.ServerFile {
        guard case .tls(let certificate, _) = self.transport else {
            return Connection.ServerFile(address: address, pid: Int(getpid()))
        }
        return Connection.ServerFile(
            address: self.publicAddress ?? address, pid: Int(getpid()), certificate: certificate)
    }

    func identityProvider(_ client: WebClient) throws -> IdentityProvider? {
        guard let provider = self.provider else { return nil }
        let settings = IdentityProvider.Settings(
            issuer: provider.issuer, clientID: provider.clientID, clientSecret: provider.clientSecret,
            address: self.address, personClaim: provider.personClaim, groupsClaim: provider.groupsClaim)
        return try IdentityProvider(settings) { request in
            let answer = try await client.fetch(
                request.url, form: request.form, authorization: request.authorization)
            return WebAnswer(status: answer.status, body: answer.body)
        }
    }
}
