import APIClient
import AsyncHTTPClient
import Demo
import Foundation
import NIOCore
import NIOHTTP1
import Subprocess
import SystemPackage
import Testing

/// Sign-in at the real `slipway serve`: by the link of the first start, by a password, and by a real OpenID Connect provider.
@Suite(.serialized, .timeLimit(.minutes(5))) struct SignInTests {
    private static let password = "correct horse battery staple"

    @Test func `the first start prints a link; the password it sets, and the session, outlive a restart`() async throws
    {
        try await PlainServer.withFolder { data in
            let first = try await PlainServer.run(on: data) { server in
                let browser = Browser(server.connection.address)
                let link = try await Self.link(in: data + ".log")
                #expect(try await browser.get(link).text.contains("admin"))
                let form = [("secret", link.split(separator: "/").last.map(String.init) ?? "")]
                let words = [("password", Self.password), ("again", Self.password)]
                let done = try await browser.post("/link", form + words)
                #expect(done.status == 303 && browser.cookies["slipway_session"] != nil, "\(done.text.prefix(500))")
                #expect(try await browser.post("/link", form + words).status == 410)
                #expect(try await browser.get("/me").text.contains("person:admin"))
                return browser.cookies
            }
            #expect(first.output.contains("/link/") && !first.output.contains(Self.password))
            let second = try await PlainServer.run(on: data) { server in
                let browser = Browser(server.connection.address, cookies: first.result)
                #expect(try await browser.get("/me").text.contains("person:admin"))
                let other = Browser(server.connection.address)
                let wrong = try await other.post("/sign-in", [("person", "admin"), ("password", "wrong")])
                #expect(wrong.status == 401 && other.cookies.isEmpty)
                let right = try await other.post("/sign-in", [("person", "admin"), ("password", Self.password)])
                #expect(right.status == 303 && other.cookies["slipway_session"] != nil)
                let invited = try await PlainServer.slipway(["person", "invite", "admin", "--data", data, "--json"])
                #expect(invited.code.isSuccess && invited.out.contains("\(server.connection.address)/link/"))
                let unknown = try await PlainServer.slipway(["person", "invite", "nobody", "--data", data])
                #expect(unknown.code == .exited(1) && unknown.err.contains("no person `nobody`"))
            }
            #expect(!second.output.contains("/link/"))
            try Self.findsNothing(of: [Self.password] + first.result.values, in: data)
        }
    }

    @Test func `by a real provider, whose other keys are not believed at once, and no answer is good twice`()
        async throws
    {
        try await PlainServer.withFolder { data in
            let port = try await Provider.freePort()
            let issuer = "http://127.0.0.1:\(port)"
            let secret = data + ".secret"
            try Data("a secret of the client\n".utf8).write(to: URL(filePath: secret))
            _ = try await PlainServer.run(
                on: data, "--oidc-issuer", issuer, "--oidc-client-id", "slipway", "--oidc-client-secret-file", secret,
                "--public-url", "http://127.0.0.1:1"
            ) { server in
                let browser = Browser(server.connection.address)
                #expect(try await browser.get("/sign-in").text.contains("Sign in with "))
                let dead = try await browser.get("/sign-in/provider")
                #expect(dead.status == 403 && dead.text.contains("does not answer"))
                let replay = try await Provider.running(on: port) {
                    let back = try await browser.signIn(at: issuer, as: "s-admin")
                    #expect(try await browser.get("/me").text.contains("person:admin"))
                    #expect(try await browser.get("/me").text.contains(issuer))
                    // Nobody here is called like that; and somebody else is not `admin` by saying so.
                    for (person, words) in [
                        ("s-stranger", "nobody of that name"), ("s-thief", "Somebody else has signed in"),
                    ] {
                        let other = Browser(server.connection.address)
                        let refused = try await other.outcome(at: issuer, as: person)
                        #expect(refused.status == 403 && other.cookies["slipway_session"] == nil, "\(person)")
                        #expect(refused.text.contains(words), "\(person)")
                    }
                    return back
                }
                // Started again, it has other keys, which are asked for twice a minute at most (the engine's tests wait).
                try await Provider.running(on: port) {
                    let second = Browser(server.connection.address)
                    let outcome = try await second.outcome(at: issuer, as: "s-admin")
                    #expect(outcome.status == 403 && outcome.text.contains("not signed by a key of the provider"))
                }
                #expect(try await browser.get(replay).status == 403)
                #expect(try await Browser(server.connection.address).get(replay).status == 403)
            }
        }
    }

    @Test func `by TLS the command line on the data folder trusts the server's own certificate`() async throws {
        try await PlainServer.withFolder { data in
            let (certificate, key) = (data + ".certificate.pem", data + ".key.pem")
            let made = try await Subprocess.run(
                .name("openssl"),
                arguments: [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=own", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
                ], output: .discarded, error: .string(limit: 65_536))
            try #require(
                made.terminationStatus.isSuccess, "apt-get install openssl: it makes certificates for this test")
            let stopped = try await PlainServer.run(
                on: data, "--tls-certificate", certificate, "--tls-key", key
            ) { server in
                #expect(server.connection.address.hasPrefix("https://127.0.0.1:"))
                let tokens = try await PlainServer.slipway(["token", "list", "--data", data, "--json"])
                #expect(tokens.code.isSuccess && tokens.out.contains("local"), "\(tokens.err)")
                // Named by hand, without the folder, nobody says that this certificate is to be trusted.
                let other = try await PlainServer.slipway(
                    ["token", "list", "--data", data + "-other", "--server", server.connection.address])
                #expect(other.code == .exited(3))
            }
            #expect(stopped.status.isSuccess && stopped.output.contains("slipway serves https://127.0.0.1:"))
        }
    }

    @Test func `what others could read is not served`() async throws {
        try await PlainServer.withFolder { data in
            let refused = try await PlainServer.slipway(["serve", "--data", data, "--listen", "0.0.0.0:0"])
            #expect(refused.code == .exited(1) && refused.err.contains("--tls-certificate"))
            #expect(!FileManager.default.fileExists(atPath: data))
            for words in [
                ["--tls-certificate", "c.pem"], ["--tls-key", "k.pem"], ["--oidc-issuer", "https://id.example"],
                ["--tls-certificate", "c", "--tls-key", "k", "--behind-proxy"], ["--oidc-client-secret-file", "f"],
                ["--listen", "127.0.0.1:0", "--oidc-issuer", "https://id.example", "--oidc-client-id", "slipway"],
            ] {
                let wrong = try await PlainServer.slipway(["serve", "--data", data] + words)
                #expect(wrong.code == .exited(2), "\(words): \(wrong.err)")
            }
        }
    }

    /// The link that the server said, once it has.
    private static func link(in log: String) async throws -> String {
        let end = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < end {
            let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            if let line = text.split(separator: "\n").first(where: { $0.contains("/link/") }),
                let place = line.range(of: "/link/")
            {
                return String(line[place.lowerBound...])
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw PlainServer.NoServer(output: "no link in \(log)")
    }

    /// No file of the folder holds one of these texts.
    private static func findsNothing(of secrets: [String], in folder: String) throws {
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder)
        #expect(names.contains { $0.hasPrefix("credentials/password-") })
        for name in names {
            guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)") else { continue }
            for secret in secrets { #expect(data.range(of: Data(secret.utf8)) == nil, "\(name)") }
        }
    }
}

/// What a browser keeps between two pages: cookies. It follows no redirect by itself.
final class Browser: @unchecked Sendable {
    private let address: String
    // Safe because each is used by one task only.
    private(set) var cookies: [String: String]

    init(_ address: String, cookies: [String: String] = [:]) {
        self.address = address
        self.cookies = cookies
    }

    struct Answer: Sendable {
        let status: Int
        let location: String
        let text: String
    }

    func get(_ path: String) async throws -> Answer { try await self.send(self.address + path, form: nil) }

    func post(_ path: String, _ form: [(String, String)]) async throws -> Answer {
        try await self.send(self.address + path, form: form)
    }

    /// Goes to the provider, says there who it is, and comes back; returns the path that it came back to.
    func signIn(at issuer: String, as subject: String) async throws -> String {
        let (path, answer) = try await self.journey(at: issuer, as: subject)
        #expect(answer.status == 303 && self.cookies["slipway_session"] != nil, "\(answer.text.suffix(900))")
        return path
    }

    func outcome(at issuer: String, as subject: String) async throws -> Answer {
        try await self.journey(at: issuer, as: subject).1
    }

    private func journey(at issuer: String, as subject: String) async throws -> (String, Answer) {
        let begun = try await self.get("/sign-in/provider")
        try #require(begun.status == 303 && begun.location.hasPrefix(issuer), "\(begun.text.suffix(900))")
        let said = try await self.send(begun.location, form: [("sub", subject)])
        let place = try #require(said.location.range(of: "/sign-in/provider/return"), "\(said.status)")
        let path = String(said.location[place.lowerBound...])
        return (path, try await self.get(path))
    }

    private func send(_ url: String, form: [(String, String)]?) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        if url.hasPrefix(self.address), !self.cookies.isEmpty {
            let pairs = self.cookies.map { "\($0.key)=\($0.value)" }.joined(separator: "; ")
            request.headers.add(name: "Cookie", value: pairs)
        }
        if let form {
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
            let text = form.map { pair in
                "\(pair.0)=\(pair.1.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
            }.joined(separator: "&")
            request.body = .bytes(ByteBuffer(string: text))
        }
        var settings = HTTPClient.Configuration()
        settings.redirectConfiguration = .disallow
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
        do {
            let response = try await http.execute(request, timeout: .seconds(60))
            let text = String(buffer: try await response.body.collect(upTo: 4 << 20))
            try await http.shutdown()
            if url.hasPrefix(self.address) { self.keep(response.headers["Set-Cookie"]) }
            return Answer(
                status: Int(response.status.code), location: response.headers.first(name: "Location") ?? "", text: text)
        } catch {
            try? await http.shutdown()
            throw error
        }
    }

    private func keep(_ set: [String]) {
        for cookie in set {
            let pair = (cookie.split(separator: ";").first ?? "").split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else { continue }
            self.cookies[String(pair[0])] = pair[1].isEmpty ? nil : String(pair[1])
        }
    }
}

/// `oidc-provider-mock` from PyPI.
enum Provider {
    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    private static let program = ".build/oidc-provider/bin/oidc-provider-mock"

    static func freePort() async throws -> Int {
        try #require(FreePorts.find(1, from: 21_300)?.first)
    }

    /// `body` beside a provider that answers.
    static func running<Result: Sendable>(
        on port: Int, _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        guard FileManager.default.isExecutableFile(atPath: Self.program) else {
            throw Missing(description: "\(Self.program) is missing: `Scripts/need.sh provider` installs it")
        }
        let people = [
            #"{"sub":"s-admin","preferred_username":"admin","groups":["leads"]}"#,
            #"{"sub":"s-stranger","preferred_username":"stranger"}"#,
            #"{"sub":"s-thief","preferred_username":"admin"}"#,
        ]
        let words = ["--port", "\(port)"] + people.flatMap { ["--user-claims", $0] }
        let ended = try await Subprocess.run(
            .path(FilePath(Self.program)), arguments: Arguments(words), input: .none, output: .discarded,
            error: .discarded
        ) { execution in
            do {
                try await Self.wait(for: port)
                let result = try await body()
                try? execution.send(signal: .kill)
                return result
            } catch {
                try? execution.send(signal: .kill)
                throw error
            }
        }
        return ended.closureResult
    }

    private static func wait(for port: Int) async throws {
        let end = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < end {
            let answer = try? await HTTPClient.shared.execute(
                HTTPClientRequest(url: "http://127.0.0.1:\(port)/.well-known/openid-configuration"),
                timeout: .seconds(2))
            if answer?.status == .ok { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Missing(description: "the provider does not answer on port \(port)")
    }
}
