import APIClient
import Foundation
import HTTPAPI
import Testing

/// What others could read is not served, and what is served by TLS is.
@Suite(.timeLimit(.minutes(2))) struct TransportTests {
    @Test(arguments: ["0.0.0.0", "::", "10.0.0.1", "slipway.example", "127.0.0.1.example", "128.0.0.1", ""])
    func `in clear nothing is served but to this machine, and the refusal says the way`(host: String) throws {
        #expect {
            try Security().check(host: host)
        } throws: {
            guard let error = $0 as? ServerError else { return false }
            return error.code == .notSafe && error.message.contains("--tls-certificate")
                && error.message.contains("--behind-proxy")
        }
        try Security(transport: .behindProxy).check(host: host)
        try Security(transport: .tls(certificate: "c", key: "k")).check(host: host)
    }

    @Test(arguments: ["127.0.0.1", "127.9.9.9", "localhost", "::1"])
    func `this machine needs none`(host: String) throws { try Security().check(host: host) }

    @Test(arguments: [
        "slipway.example", "https://slipway.example/path", "ftp://x", "https://me@x", "https://", "https://x?y",
    ])
    func `an address for browsers that is none is refused`(address: String) {
        #expect(throws: ServerError.self) {
            try Security(publicAddress: address).check(host: "127.0.0.1")
        }
    }

    private static func answers(_ server: LiveServer, trusting certificate: String?) async -> Bool {
        var connection = server.connection
        connection.certificate = certificate
        do {
            return try await APIClient.with(connection) { try await $0.tokens() }.count == 1
        } catch {
            return false
        }
    }

    @Test func `by TLS cookies are secure, browsers come back by https, and a renewed certificate needs no restart`()
        async throws
    {
        try await OwnCertificate.with { own in
            let security = Security(transport: .tls(certificate: own.certificate, key: own.key))
            try await LiveServer.with(security: security, certificate: own.certificate) { server in
                #expect(server.address.hasPrefix("https://127.0.0.1:"))
                let answer = try await server.send(
                    "POST", "/sign-in", body: "token=\(World.token)", type: "application/x-www-form-urlencoded",
                    token: nil)
                #expect(answer.status == 303)
                #expect(answer.headers["strict-transport-security"] == "max-age=31536000")
                let cookie = try #require(answer.headers["set-cookie"])
                #expect(cookie.hasPrefix("__Host-slipway_session=") && cookie.hasSuffix("; Secure"))
                let mine = cookie.split(separator: ";").first.map(String.init) ?? ""
                #expect(try await server.send("GET", "/me", token: nil, headers: [("Cookie", mine)]).status == 200)
                // The typed client trusts the certificate that `server.json` names, and no other.
                #expect(!(await Self.answers(server, trusting: nil)))
                #expect(await Self.answers(server, trusting: own.certificate))
                try await own.make(named: "second")
                let isNew = await eventually { await Self.answers(server, trusting: own.certificate) }
                #expect(isNew, "the second certificate is served")
                // Half a renewal leaves the one in use.
                try Data("nonsense".utf8).write(to: URL(filePath: own.key))
                try await Task.sleep(for: .milliseconds(1_100))
                #expect(await Self.answers(server, trusting: own.certificate), "the one of before is served")
            }
        }
    }

    @Test func `a certificate that can't be used is named at the start`() async throws {
        await #expect {
            try await LiveServer.with(
                security: Security(transport: .tls(certificate: "/nowhere/c.pem", key: "/nowhere/k.pem"))
            ) { _ in }
        } throws: {
            ($0 as? ServerError)?.code == .certificate
        }
        try await OwnCertificate.with { one in
            try await OwnCertificate.with { other in
                await #expect {
                    try await LiveServer.with(
                        security: Security(transport: .tls(certificate: one.certificate, key: other.key))
                    ) { _ in }
                } throws: {
                    ($0 as? ServerError)?.code == .certificate
                }
            }
        }
    }

    @Test func `behind a proxy the last address that it added is the client's, and else the header is nobody's word`()
        async throws
    {
        func origin(_ security: Security, _ header: String) async throws -> String {
            let world = World()
            try await LiveServer.with(world, security: security) { server in
                _ = try await server.send(
                    "POST", "/sign-in", body: "person=ana&password=wrong", type: "application/x-www-form-urlencoded",
                    token: nil, headers: [("X-Forwarded-For", header)])
            }
            return world.asked.last ?? ""
        }
        #expect(try await origin(Security(transport: .behindProxy), "1.2.3.4, 10.0.0.9") == "signIn ana 10.0.0.9")
        #expect(try await origin(Security(transport: .behindProxy), "nonsense") == "signIn ana 127.0.0.1")
        #expect(try await origin(Security(), "1.2.3.4") == "signIn ana 127.0.0.1")
    }
}
