import APIClient
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Subprocess
import Synchronization
import SystemPackage
import Testing

/// The real `slipway serve`: how it begins, and how it ends.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ServeTests {
    @Test func `SIGTERM ends it in under 2 s, with 50 event streams open and receiving`() async throws {
        try await PlainServer.withFolder { data in
            let seen = Seen()
            // By default a client opens 8 connections at once.
            var settings = HTTPClient.Configuration()
            settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 60
            let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
            let stopped = try await PlainServer.run(on: data) { server in
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    for stream in 0..<50 {
                        group.addTask { try await Self.follow(server.connection, http) { seen.note($0, on: stream) } }
                    }
                    try await Self.wait("50 streams have what was there") { seen.streams(upTo: 1) == 50 }
                    let newest = try await APIClient.with(server.connection) { client in
                        _ = try await client.addToken(Wire.AddToken(name: "new", owner: "person:ada"))
                        return try await client.status().position
                    }
                    try await Self.wait("50 streams have what is new") { seen.streams(upTo: newest) == 50 }
                    let asked = ContinuousClock.now
                    try server.terminate()
                    var whole = 0
                    for try await isWhole in group where isWhole { whole += 1 }
                    return (whole: whole, asked: asked)
                }
            }
            let took = ContinuousClock.now - stopped.result.asked
            try await http.shutdown()
            #expect(stopped.result.whole == 50)
            #expect(stopped.status == .exited(0), "\(stopped.output)")
            #expect(took < .seconds(2), "took \(took)")
            print("figure: 50 event streams open, SIGTERM to exit: \(took)")
        }
    }

    /// The newest position that each stream has shown.
    private final class Seen: Sendable {
        private let positions = Mutex<[Int: Int]>([:])

        func note(_ position: Int, on stream: Int) {
            self.positions.withLock { $0[stream] = max($0[stream] ?? 0, position) }
        }

        func streams(upTo position: Int) -> Int { self.positions.withLock { $0.values.count { $0 >= position } } }
    }

    /// Reads one event stream to its end; true if that was a proper one.
    private static func follow(_ connection: Connection, _ http: HTTPClient, _ note: @Sendable (Int) -> Void)
        async throws -> Bool
    {
        var request = HTTPClientRequest(url: connection.address + "/api/v1/events/stream?after=0")
        request.headers.add(name: "Authorization", value: "Bearer \(connection.token ?? "")")
        let response = try await http.execute(request, timeout: .seconds(20))
        guard response.status == .ok else { return false }
        do {
            for try await piece in response.body {
                for line in String(buffer: piece).split(separator: "\n") where line.hasPrefix("id: ") {
                    if let position = Int(line.dropFirst(4)) { note(position) }
                }
            }
            return true
        } catch {
            return false
        }
    }

    private static func wait(_ what: String, _ isThere: () -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(20)
        while !isThere() {
            try #require(ContinuousClock.now < end, "waited in vain until \(what)")
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    @Test func `an address in use is refused, and no data folder is left behind`() async throws {
        try await PlainServer.withFolder { data in
            let other = data + "-of-another"
            try await PlainServer.run(on: data) { server in
                let port = server.connection.address.split(separator: ":").last ?? ""
                let ended = try await PlainServer.slipway(["serve", "--data", other, "--listen", "127.0.0.1:\(port)"])
                #expect(ended.code == .exited(1))
                #expect(ended.err.contains("127.0.0.1:\(port) is in use by slipway (pid"))
            }.expectsSuccess()
            #expect(!FileManager.default.fileExists(atPath: other))
            let nowhere = try await PlainServer.slipway([
                "serve", "--data", other, "--listen", "192.0.2.1:0", "--behind-proxy",
            ])
            #expect(nowhere.code == .exited(1))
            #expect(nowhere.err.contains("Can't listen on 192.0.2.1:0"))
            #expect(!FileManager.default.fileExists(atPath: other))
        }
    }

    @Test func `serve --rebuild makes the rows of lists anew`() async throws {
        try await PlainServer.withFolder { data in
            try await PlainServer.run(on: data) { try await Self.define($0) }.expectsSuccess()
            try await Self.change(data, "DELETE FROM projections")
            let stopped = try await PlainServer.run(on: data, "--rebuild") { server in
                try await APIClient.with(server.connection) { try await $0.status() }
            }
            #expect(stopped.output.contains("the rows of all lists were made anew from the events: 1"))
            #expect(stopped.result.services.map(\.name) == ["shop"])
        }
    }

    @Test func `a ledger with a changed event is told by place, with what is right before it`() async throws {
        try await PlainServer.withFolder { data in
            try await PlainServer.run(on: data) { try await Self.define($0) }.expectsSuccess()
            let whole = try await PlainServer.slipway(["audit", "verify", "--data", data, "--json"])
            #expect(whole.code == .exited(0), "\(whole.err)")
            let good = try JSONDecoder().decode(Wire.Audit.self, from: Data(whole.out.utf8))
            try await Self.change(data, "UPDATE events SET actor = 'person:eve' WHERE position = \(good.records)")
            let broken = try await PlainServer.slipway(["audit", "verify", "--data", data, "--json"])
            #expect(broken.code == .exited(1))
            let audit = try JSONDecoder().decode(Wire.Audit.self, from: Data(broken.out.utf8))
            #expect(!audit.verified)
            #expect(audit.records == good.records - 1)
            #expect(audit.problem?.contains("at position \(good.records) (number 1 of service/shop)") == true)
            let words = try await PlainServer.slipway(["audit", "verify", "--data", data])
            #expect(words.code == .exited(1))
            #expect(
                words.out.contains("The record is NOT whole. The ledger is damaged at position \(good.records)"))
            #expect(words.out.contains("Right before the damage: \(audit.records) records"))
        }
    }

    /// What only somebody with the file in hand can do.
    private static func change(_ data: String, _ sql: String) async throws {
        let script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()"
        let changed = try await Subprocess.run(
            .path("/usr/bin/python3"), arguments: ["-c", script, data + "/ledger.sqlite", sql], output: .discarded,
            error: .string(limit: 65_536))
        #expect(changed.terminationStatus == .exited(0), "\(changed.standardError)")
    }

    static func define(_ server: PlainServer) async throws {
        let file = """
            service: shop
            owner: web-team-of-the-test
            build: { command: make, artifact: dist/ }
            run: { command: ./shop }
            environments: { production: { } }

            """
        try await APIClient.with(server.connection) {
            _ = try await $0.apply(Wire.Apply(file: file, repository: "/src/shop", plan: false))
        }
    }
}

extension PlainServer.Stopped {
    func expectsSuccess() {
        #expect(self.status == .exited(0), "\(self.output)")
    }
}
