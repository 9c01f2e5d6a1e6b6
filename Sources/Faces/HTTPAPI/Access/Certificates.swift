import Foundation
import HummingbirdTLS
import NIOCore
import NIOSSL
import Synchronization

/// The certificate chain and key of two PEM files, read anew when one of them changes: a renewed certificate needs no restart. What can't
/// be read leaves the one that is in use.
///
/// A class with a lock and not an actor: a handshake asks it on an event loop.
final class Certificates: Sendable {
    private struct State {
        var chain: [NIOSSLCertificateSource]
        var key: NIOSSLPrivateKeySource
        var mark: [String]
    }

    private let files: (certificate: String, key: String)
    private let state: Mutex<State>
    private let onTrouble: @Sendable (String) -> Void

    /// Between two looks at the files.
    private static let pause = Duration.seconds(1)

    init(certificate: String, key: String, onTrouble: @escaping @Sendable (String) -> Void) throws(ServerError) {
        self.files = (certificate, key)
        self.onTrouble = onTrouble
        let (chain, secret) = try Self.read(certificate, key)
        self.state = Mutex(
            State(
                chain: chain, key: secret, mark: Self.mark([certificate, key])))
    }

    /// TLS 1.2 and newer; each handshake gets what the files hold then.
    func configuration() -> TLSConfiguration {
        let (chain, key) = self.state.withLock { ($0.chain, $0.key) }
        var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: key)
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        configuration.sslContextCallback = { [self] _, promise in
            var change = NIOSSLContextConfigurationOverride()
            (change.certificateChain, change.privateKey) = self.state.withLock { ($0.chain, $0.key) }
            promise.succeed(change)
        }
        return configuration
    }

    /// Looks at the files until it is cancelled. Beside the handshakes and not in one: what BoringSSL can't read leaves an error behind on
    /// its thread, by which the handshake would fail too.
    func watch() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.pause)
            let mark = Self.mark([self.files.certificate, self.files.key])
            guard mark != self.state.withLock({ $0.mark }) else { continue }
            do {
                let (chain, key) = try Self.read(self.files.certificate, self.files.key)
                self.state.withLock { $0 = State(chain: chain, key: key, mark: mark) }
            } catch {
                self.state.withLock { $0.mark = mark }
                self.onTrouble("\(error) The certificate of before is used on.")
            }
        }
    }

    /// Changes when a file does.
    private static func mark(_ files: [String]) -> [String] {
        files.map { file in
            let found = try? FileManager.default.attributesOfItem(atPath: file)
            let time = (found?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
            return "\(time) \(found?[.size] ?? 0) \(found?[.systemFileNumber] ?? 0)"
        }
    }

    private static func read(
        _ certificate: String, _ key: String
    ) throws(ServerError) -> ([NIOSSLCertificateSource], NIOSSLPrivateKeySource) {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(certificate)
            guard let own = chain.first else { throw NIOSSLError.failedToLoadCertificate }
            let secret = try NIOSSLPrivateKey(file: key, format: .pem)
            // Whether they belong together is seen when a context is made of them.
            _ = try NIOSSLContext(
                configuration: .makeServerConfiguration(
                    certificateChain: [.certificate(own)], privateKey: .privateKey(secret)))
            return (chain.map { .certificate($0) }, .privateKey(secret))
        } catch {
            throw ServerError(
                code: .certificate,
                message: "The certificate \(certificate) and the key \(key) can't be used (\(error)). Both are PEM "
                    + "files; the key has no passphrase and is that of the first certificate.")
        }
    }
}
