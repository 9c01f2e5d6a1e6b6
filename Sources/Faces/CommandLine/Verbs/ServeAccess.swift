import ArgumentParser
import Foundation

/// How browsers and programs reach the server unseen, and who says who they are.
struct ServeAccess: ParsableArguments {
    @Option(help: ArgumentHelp("Certificate chain (PEM) for https; read anew when it changes.", valueName: "file"))
    var tlsCertificate: String?
    @Option(help: ArgumentHelp("Its private key (PEM).", valueName: "file"))
    var tlsKey: String?
    @Flag(help: "A proxy in front does https, and nobody else reaches this address.")
    var behindProxy = false
    @Option(
        help: ArgumentHelp("Where browsers reach the server (default: where it listens).", valueName: "url"))
    var publicUrl: String?
    @Option(help: ArgumentHelp("Sign in by this OpenID Connect provider too.", valueName: "url"))
    var oidcIssuer: String?
    @Option(help: ArgumentHelp("What the provider calls this server.", valueName: "id"))
    var oidcClientId: String?
    @Option(
        help: ArgumentHelp(
            "Holds the client's secret (or: SLIPWAY_OIDC_CLIENT_SECRET); none for a public client.", valueName: "file"))
    var oidcClientSecretFile: String?
    @Option(help: ArgumentHelp("The claim that is the person's name here, or `email`.", valueName: "name"))
    var oidcPersonClaim = "preferred_username"
    @Option(help: ArgumentHelp("The claim that lists groups.", valueName: "name"))
    var oidcGroupsClaim = "groups"

    mutating func validate() throws {
        guard (self.tlsCertificate == nil) == (self.tlsKey == nil) else {
            throw ValidationError("--tls-certificate and --tls-key belong together.")
        }
        guard self.tlsCertificate == nil || !self.behindProxy else {
            throw ValidationError("Either the proxy has the certificate (--behind-proxy) or we (--tls-certificate).")
        }
        guard (self.oidcIssuer == nil) == (self.oidcClientId == nil) else {
            throw ValidationError("--oidc-issuer and --oidc-client-id belong together.")
        }
        guard self.oidcClientSecretFile == nil || self.oidcIssuer != nil else {
            throw ValidationError("--oidc-client-secret-file is that of an --oidc-issuer.")
        }
    }

    /// - Parameter listen: browsers come back from the provider to a fixed address.
    func provider(in shell: Shell, listen: Listen) throws -> ServeOptions.Provider? {
        guard let oidcIssuer, let oidcClientId else { return nil }
        guard self.publicUrl != nil || listen.port != 0 else {
            throw VerbError(
                .wrongUsage,
                "The provider sends browsers back to one address, and the system chooses this port: name the address by "
                    + "--public-url, or a port by --listen.")
        }
        return ServeOptions.Provider(
            issuer: oidcIssuer, clientID: oidcClientId, clientSecret: try self.secret(in: shell),
            personClaim: self.oidcPersonClaim, groupsClaim: self.oidcGroupsClaim)
    }

    private func secret(in shell: Shell) throws -> String? {
        guard let oidcClientSecretFile else {
            let given = shell.environment["SLIPWAY_OIDC_CLIENT_SECRET"] ?? ""
            return given.isEmpty ? nil : given
        }
        let path = shell.absolute(oidcClientSecretFile)
        guard let text = try? String(contentsOfFile: path, encoding: .utf8), text.utf8.count <= 4_096 else {
            throw VerbError(.refused, "\(path) can't be read as the client's secret.")
        }
        let secret = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !secret.isEmpty else {
            throw VerbError(.refused, "\(path) is empty; it should hold the client's secret.")
        }
        return secret
    }

    func transport(in shell: Shell) -> ServeOptions.Transport {
        if let tlsCertificate, let tlsKey {
            return .tls(certificate: shell.absolute(tlsCertificate), key: shell.absolute(tlsKey))
        }
        return self.behindProxy ? .behindProxy : .loopback
    }

    var publicAddress: String? {
        self.publicUrl.map { url in url.hasSuffix("/") ? String(url.dropLast()) : url }
    }
}
