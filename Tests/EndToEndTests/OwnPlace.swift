import APIClient
import AsyncHTTPClient
import Demo
import Foundation
import NIOCore
import NIOHTTP1
import Subprocess
import SystemPackage

/// A repository with a service of one's own, a data folder, and free ports. `with` stops and removes everything.
struct OwnPlace: Sendable {
    let root: String
    /// Of the three environments, then of the server.
    let ports: [Int]

    var repository: String { self.root + "/Own Shop" }
    var data: String { self.root + "/data" }

    struct Ended: Sendable {
        let code: Int
        let out: String
        let err: String
    }

    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    static func with(portsFrom first: UInt16, _ body: @Sendable (OwnPlace) async throws -> Void) async throws {
        guard let ports = FreePorts.find(4, from: first) else { throw Missing(description: "no four free ports") }
        // Short, because sockets live in it: their paths may have 107 bytes (unix(7)).
        let root = "/tmp/slipway-own-\(UInt32.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: root + "/Own Shop", withIntermediateDirectories: true)
        let place = OwnPlace(root: root, ports: ports)
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await body(place))
        } catch {
            let log = (try? String(contentsOfFile: root + "/server.log", encoding: .utf8)) ?? ""
            outcome = .failure(Missing(description: "\(error)\nthe server's last words:\n\(log.suffix(3_000))"))
        }
        let down = try await place.slipway("down", "--yes")
        try FileManager.default.removeItem(atPath: root)
        guard down.code == 0 else { throw Missing(description: "slipway down ended with \(down.code): \(down.err)") }
        try outcome.get()
    }

    // MARK: The repository

    /// A web server that says one word.
    static func program(_ word: String) -> String {
        """
        import http.server, sys

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"\(word)")

        http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()

        """
    }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(self.repository)/\(name)"))
    }

    /// A commit with what `init` wrote, changed to these ports, a short bake and a gate.
    func begin() async throws {
        try self.write(Self.program("one"), to: "app.py")
        try await self.git("init", "-q", "-b", "main")
        let wrote = try await self.slipway("init")
        guard wrote.code == 0 else { throw Missing(description: "init: \(wrote.err)") }
        var text = try String(contentsOfFile: self.repository + "/slipway.yaml", encoding: .utf8)
        for (index, port) in self.ports.prefix(3).enumerated() {
            text = text.replacing("127.0.0.1:\(7_001 + index)", with: "127.0.0.1:\(port)")
        }
        text = text.replacing("bake: 1m", with: "bake: 200ms")
            .replacing(
                "    strategy: blueGreen", with: "    gates: [ approval: { from: [ada] } ]\n    strategy: blueGreen")
        try self.write(text, to: "slipway.yaml")
        try await self.git("add", ".")
        try await self.git("commit", "-qm", "feat: a shop")
    }

    @discardableResult
    func git(_ words: String...) async throws -> String {
        let who = ["-c", "user.name=Ada", "-c", "user.email=ada@shop.example"]
        let ended = try await self.run("/usr/bin/git", who + words, [:])
        guard ended.code == 0 else { throw Missing(description: "git \(words): \(ended.err)") }
        return ended.out
    }

    // MARK: The command line

    func slipway(_ words: String..., token: String? = nil) async throws -> Ended {
        try await self.slipway(words, token: token)
    }

    func slipway(_ words: [String], token: String? = nil) async throws -> Ended {
        var more = ["SLIPWAY_DATA": self.data]
        if let token { more["SLIPWAY_TOKEN"] = token }
        return try await self.run(Binary.slipway, words, more)
    }

    private func run(_ program: String, _ words: [String], _ more: [String: String]) async throws -> Ended {
        let values = more.map { (Environment.Key(rawValue: $0), Optional($1)) }.compactMap { key, value in
            key.map { ($0, value) }
        }
        let result = try await Subprocess.run(
            .path(FilePath(program)), arguments: Arguments(words),
            environment: .inherit.updating(Dictionary(uniqueKeysWithValues: values)),
            workingDirectory: FilePath(self.repository), output: .string(limit: 1 << 20), error: .string(limit: 1 << 20)
        )
        let code: Int =
            switch result.terminationStatus {
            case .exited(let code): Int(code)
            case .signaled(let signal): 128 + Int(signal)
            }
        return Ended(code: code, out: result.standardOutput, err: result.standardError)
    }

    // MARK: The server

    func serving(_ body: @Sendable (OwnPlace) async throws -> Void) async throws {
        try FileManager.default.createDirectory(atPath: self.data, withIntermediateDirectories: true)
        let server = ServerProcess(
            executable: Binary.slipway, dataFolder: self.data, port: self.ports[3], logFile: self.root + "/server.log")
        try await server.run { _ in try await body(self) }
    }

    /// Rights of something in the data folder.
    func rights(of name: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: self.data + name)[.posixPermissions] as? Int
    }

    /// What users see.
    func page() async throws -> String {
        let request = HTTPClientRequest(url: "http://127.0.0.1:\(self.ports[2])/")
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
        return String(buffer: try await response.body.collect(upTo: 1 << 16))
    }

    /// Asks the API with the data folder's token.
    func ask(_ method: String, _ path: String, body: String? = nil, firstPieceOnly: Bool = false) async throws -> Answer
    {
        let token = try String(contentsOfFile: self.data + "/token", encoding: .utf8)
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(self.ports[3])\(path)")
        request.method = .init(rawValue: method)
        request.headers.add(
            name: "Authorization", value: "Bearer \(token.trimmingCharacters(in: .whitespacesAndNewlines))")
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: body))
        }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        var text = ""
        if firstPieceOnly {
            for try await piece in response.body {
                text += String(buffer: piece)
                if text.contains("id: ") { break }
            }
        } else {
            text = String(buffer: try await response.body.collect(upTo: 8 << 20))
        }
        return Answer(
            status: Int(response.status.code), type: response.headers.first(name: "Content-Type") ?? "", text: text)
    }

    func releaseID() async throws -> String {
        let shown = try await self.slipway("release", "show", "own-shop@0.1.0", "--json")
        return try JSONDecoder().decode(Wire.Release.self, from: Data(shown.out.utf8)).id
    }

    func change(ofPromotion id: String) async throws -> String? {
        let answer = try await self.ask("GET", "/api/v1/promotions/\(id)")
        return try JSONDecoder().decode(Wire.Promotion.self, from: Data(answer.text.utf8)).change
    }

    /// Makes a token for another person, who keeps it in a file of their own.
    func invite(_ person: String) async throws {
        let made = try await self.slipway("token", "add", person, "--json")
        let token = try JSONDecoder().decode(Wire.Token.self, from: Data(made.out.utf8))
        try Data((token.secret ?? "").utf8).write(to: URL(fileURLWithPath: "\(self.root)/\(person)"))
    }

    func secret(_ person: String) throws -> String? {
        try String(contentsOfFile: "\(self.root)/\(person)", encoding: .utf8)
    }
}
