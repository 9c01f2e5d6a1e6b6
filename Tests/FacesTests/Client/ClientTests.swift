import APIClient
import Foundation
import HTTPAPI
import Testing

/// The client against the server.
@Suite(.timeLimit(.minutes(1))) struct ClientTests {
    @Test func `every method gets what its operation answers`() async throws {
        try await LiveServer.with { server in
            server.world.append(2)
            try await APIClient.with(server.connection) { client async throws -> Void in
                #expect(try await client.status() == Samples.status)
                #expect(try await client.service("shop") == Samples.status.services[0])
                #expect(try await client.releases(service: "shop", limit: 5) == [Samples.release()])
                #expect(try await client.release("shop@1.4.0").id == "shop@1.4.0")
                #expect(try await client.releaseLog("rel-1.4.0", offset: 3) == Samples.output)
                #expect(try await client.promotion("shop/production/3") == Samples.promotion())
                #expect(try await client.traffic("shop/production/3", points: 60) == Samples.traffic)
                #expect(try await client.queue() == [Samples.promotion(4, state: .waiting)])
                #expect(try await client.lane(service: "shop", environment: "production") == Samples.lane())
                #expect(try await client.changes() == [Samples.change()])
                #expect(try await client.change("chg-7") == Samples.change())
                #expect(try await client.events(after: 1) == [Samples.event(2)])
                #expect(try await client.why("shop/production/3") == Samples.why)
                #expect(try await client.why("rel-1.4.0") == Samples.why)
                #expect(try await client.verifyAudit() == Samples.audit)
                #expect(try await client.tokens() == [Samples.token(secret: nil)])
            }
        }
    }

    @Test func `every method that acts reaches its operation with its words`() async throws {
        let act = Wire.Act(reason: "because", subject: "1.3.1")
        try await LiveServer.with { server in
            try await APIClient.with(server.connection) { client in
                _ = try await client.apply(Wire.Apply(file: "service: shop", repository: "/src/shop", plan: true))
                _ = try await client.createRelease(
                    Wire.CreateRelease(repository: "/src/shop", ref: "main", version: nil, artifact: nil))
                #expect(try await client.prune(Wire.Prune(dryRun: true)) == Samples.pruned)
                _ = try await client.promote(Wire.Promote(release: "shop@1.4.0", environment: "production"))
                for verb in Wire.PromotionVerb.allCases {
                    _ = try await client.act(promotion: "shop/production/3", verb, act)
                }
                _ = try await client.rollback(service: "shop", environment: "production", act)
                for verb in Wire.LaneVerb.allCases where verb != .rollback {
                    _ = try await client.act(service: "shop", environment: "production", verb, act)
                }
                _ = try await client.logs(service: "shop", environment: "production", lines: 5)
                _ = try await client.act(change: "chg-7", .approve, act)
                #expect(try await client.addToken(Wire.AddToken(name: "ci", owner: "bot")).secret == "s3")
                _ = try await client.revokeToken("a b/c")
            }
            let promotions = Wire.PromotionVerb.allCases.map { "\($0.rawValue) shop/production/3 because ana" }
            let lanes = Wire.LaneVerb.allCases.filter { $0 != .rollback }.map {
                "\($0.rawValue) shop/production because"
            }
            #expect(
                server.world.asked
                    == ["apply /src/shop true", "createRelease main", "prune true", "promote shop@1.4.0 production"]
                    + promotions
                    + ["rollback shop/production 1.3.1 because"] + lanes
                    + ["logs shop/production 5 ", "approve chg-7 because ana", "addToken ci bot", "revokeToken a b/c"])
        }
    }

    @Test func `what the server refuses is thrown as its problem`() async throws {
        try await LiveServer.with { server in
            let error = await #expect(throws: Wire.Problem.self) {
                try await APIClient.with(server.connection) { try await $0.service("cart") }
            }
            #expect(error?.status == 404)
            #expect(error?.detail == "There is no service `cart`. Known: shop.")
        }
    }

    @Test func `no server is an error that names the address and what to do, at once`() async throws {
        var port = 0
        try await LiveServer.with { port = $0.port }
        let start = ContinuousClock.now
        let error = await #expect(throws: ClientError.self) {
            try await APIClient.with(Connection(address: "http://127.0.0.1:\(port)", token: nil)) {
                try await $0.status()
            }
        }
        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("http://127.0.0.1:\(port)") == true)
        #expect(error?.message.contains("slipway serve") == true)
        #expect(ContinuousClock.now - start < .seconds(3))
    }

    @Test func `an event stream goes on over a restart of the server, without a gap or a repeat`() async throws {
        let world = World()
        world.append(3)
        var port = 0
        try await LiveServer.with(world) { port = $0.port }
        let connection = Connection(address: "http://127.0.0.1:\(port)", token: World.token)
        try await withThrowingTaskGroup(of: [Int].self) { group in
            group.addTask {
                try await APIClient.with(connection) { client in
                    var seen: [Int] = []
                    for try await event in client.events(after: 0) {
                        seen.append(event.position)
                        if event.position == 8 { break }
                    }
                    return seen
                }
            }
            try await LiveServer.with(world, port: port) { _ async throws -> Void in
                #expect(await eventually { world.listening == 1 })
                world.append(2)
            }
            world.append(1)
            try await LiveServer.with(world, port: port) { _ async throws -> Void in
                #expect(await eventually { world.listening == 1 })
                world.append(2)
                #expect(try await group.next() == Array(1...8))
            }
        }
    }

    @Test func `an event stream gives up when the server stays away`() async throws {
        var limits = APIClient.Limits()
        limits.patience = .milliseconds(300)
        var port = 0
        try await LiveServer.with { port = $0.port }
        let connection = Connection(address: "http://127.0.0.1:\(port)", token: World.token)
        let error = await #expect(throws: ClientError.self) {
            try await APIClient.with(connection, limits: limits) { client in
                for try await _ in client.events(after: 0) {}
            }
        }
        #expect(error?.code == .unreachable)
    }

    @Test func `a wrong token ends an event stream at once`() async throws {
        try await LiveServer.with { server in
            let error = await #expect(throws: Wire.Problem.self) {
                try await APIClient.with(Connection(address: server.address, token: "wrong")) { client in
                    for try await _ in client.events(after: 0) {}
                }
            }
            #expect(error?.status == 401)
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct EventParserTests {
    @Test(arguments: [1, 2, 3, 7, 1000])
    func `records are the same whatever the pieces`(size: Int) throws {
        let text =
            ": beat\r\n\r\nid: 5\r\ndata: {\"a\":1}\r\n\r\nid: 6\ndata:x\ndata: y\nevent: e\n\nretry: 5\n\nid: 7\ndata: \u{1F680}\n\n"
        let bytes = Array(text.utf8)
        var parser = EventParser(lineBytesMax: 1000)
        var records: [EventParser.Record] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            records += try parser.feed(bytes[start..<min(start + size, bytes.count)])
        }
        #expect(records.map(\.id) == ["5", "6", "7"])
        #expect(records.map(\.data) == ["{\"a\":1}", "x\ny", "\u{1F680}"])
    }

    @Test(arguments: [
        "data: " + String(repeating: "x", count: 200), String(repeating: "data: 0123456789\n", count: 20),
    ])
    func `a record longer than the limit is refused`(text: String) {
        var parser = EventParser(lineBytesMax: 100)
        #expect(throws: ClientError.self) { try parser.feed(text.utf8) }
    }
}

@Suite(.timeLimit(.minutes(1))) struct ConnectionTests {
    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("slipway-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    private func write(_ folder: URL) throws {
        let file = Connection.ServerFile(address: "http://127.0.0.1:8080", pid: 1)
        try JSONEncoder().encode(file).write(to: folder.appendingPathComponent(Connection.ServerFile.name))
        try Data("tok\n".utf8).write(to: folder.appendingPathComponent(Connection.ServerFile.tokenName))
    }

    @Test func `the data folder's server and token are found`() throws {
        try self.withFolder { folder in
            try self.write(folder)
            #expect(
                try Connection.find(dataFolder: folder, server: nil, token: nil)
                    == Connection(address: "http://127.0.0.1:8080", token: "tok"))
            #expect(try Connection.find(dataFolder: folder, server: nil, token: "mine").token == "mine")
        }
    }

    @Test func `the data folder's token is not sent to another server`() throws {
        try self.withFolder { folder in
            try self.write(folder)
            #expect(try Connection.find(dataFolder: folder, server: "http://evil:1", token: nil).token == nil)
            #expect(
                try Connection.find(dataFolder: folder, server: "http://127.0.0.1:8080/", token: nil).token == "tok")
        }
    }

    @Test func `a folder without a server says how to start one`() throws {
        try self.withFolder { folder in
            let error = #expect(throws: ClientError.self) {
                try Connection.find(dataFolder: folder, server: nil, token: nil)
            }
            #expect(error?.code == .noServer)
            #expect(error?.message.contains("slipway serve") == true)
        }
    }

    @Test(arguments: [
        "", "localhost:8080", "ftp://a", "http://", "http://a/path", "http://u:p@a", "http://a b", "javascript:1",
    ])
    func `what is no address is refused`(text: String) throws {
        try self.withFolder { folder in
            #expect(throws: ClientError.self) { try Connection.find(dataFolder: folder, server: text, token: nil) }
        }
    }
}
