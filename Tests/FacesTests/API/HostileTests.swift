import APIClient
import Foundation
import HTTPAPI
import Testing

/// What a client may send that it should not.
@Suite(.timeLimit(.minutes(1))) struct HostileTests {
    @Test(arguments: [
        "/api/v1/services/%F0%9F%9A%80", "/api/v1/services/%22%3Cscript%3E", "/api/v1/services/a%2Fb",
        "/api/v1/lanes/nobody/production",
    ])
    func `a strange name in a path reaches the operation decoded and is answered as a problem`(path: String)
        async throws
    {
        try await LiveServer.with { server in
            let answer = try await server.send("GET", path)
            #expect(answer.status == 404)
            #expect(answer.type == "application/problem+json")
            #expect(answer.problem?.code == "not-found")
        }
    }

    @Test(arguments: [
        "/api/v1/services/..", "/api/v1/services/%2e%2e", "/api/v1/services/.", "/api/v1/services/a%0Ab",
        "/api/v1/services/%00", "/api/v1/services/%FF", "/api/v1/services/%", "/api/v1//status", "/api/v1/services/",
        "/api/v1/releases/%1b%5b31m",
    ])
    func `dots, control characters and broken encodings in a path are refused before any operation`(
        path: String
    ) async throws {
        try await LiveServer.with { server in
            let socket = try RawSocket(port: server.port)
            socket.send(
                "GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer \(World.token)\r\n\r\n")
            let text = await socket.readAll()
            #expect(text.hasPrefix("HTTP/1.1 400"))
            #expect(text.contains("application/problem+json"))
            #expect(server.world.asked == [])
        }
    }

    @Test(arguments: [
        ("", "no JSON object"), ("{", "no JSON object"), ("[]", "no JSON object"), ("null", "no JSON object"),
        ("\u{FEFF}nonsense", "no JSON object"), (#"{"release":"r"}"#, "`environment` is missing"),
        (#"{"release":"r","environment":null}"#, "`environment` is missing"),
        (#"{"release":1,"environment":"e"}"#, "`release` is a number"),
        (#"{"release":true,"environment":"e"}"#, "`release` is true or false"),
        (#"{"release":{"a":[1]},"environment":"e"}"#, "`release` is neither"),
        (#"{"release":"r","environment":"e","force":true}"#, "Unknown field `force`"),
        (String(repeating: "[", count: 400_000), "no JSON object"),
    ])
    func `a body that does not fit is refused with the field's name`(body: String, words: String) async throws {
        try await LiveServer.with { server in
            let answer = try await server.send("POST", "/api/v1/promotions", body: body)
            #expect(answer.status == 400)
            #expect(answer.problem?.detail.contains(words) == true, "\(answer.text)")
            #expect(server.world.asked == [])
        }
    }

    @Test func `text in fields arrives as it was sent`() async throws {
        let reason = "a \u{1F680} \"quote\" \\ ../ <b>\n\u{0} end"
        try await LiveServer.with { server in
            try await APIClient.with(server.connection) { client in
                _ = try await client.act(promotion: "shop/production/3", .pause, Wire.Act(reason: reason))
            }
            #expect(server.world.asked == ["pause shop/production/3 \(reason) ana"])
        }
    }

    @Test(arguments: ["limit=0", "limit=1001", "limit=x", "limt=3", "limit=1&limit=2", "limit=%FF", "after=-1"])
    func `a query that the route does not take is refused`(query: String) async throws {
        try await LiveServer.with { server in
            let answer = try await server.send("GET", "/api/v1/events?\(query)")
            #expect(answer.status == 400)
            #expect(answer.problem?.code == "invalid")
        }
    }

    @Test func `a method that the path does not take is answered with those it takes`() async throws {
        try await LiveServer.with { server in
            let answer = try await server.send("DELETE", "/api/v1/status")
            #expect(answer.status == 405)
            #expect(answer.problem?.detail.contains("GET") == true)
        }
    }

    @Test func `a body of another type than JSON is refused`() async throws {
        try await LiveServer.with { server in
            let answer = try await server.send("POST", "/api/v1/promotions", body: "a=b", type: "text/plain")
            #expect(answer.status == 415)
        }
    }

    // MARK: Sizes and times

    @Test(arguments: ["Content-Length: 10485760", "Transfer-Encoding: chunked"])
    func `a body of 10 MB is refused without being read whole`(framing: String) async throws {
        try await LiveServer.with { server in
            let socket = try RawSocket(port: server.port)
            socket.send(
                "POST /api/v1/promotions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(World.token)\r\n"
                    + "Content-Type: application/json\r\n\(framing)\r\n\r\n")
            // More than the limit and less than the body: the rest is never sent, so that an answer proves that it was not
            // waited for, however fast or slow the machine is.
            let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 65_536)
            let frame = framing.hasPrefix("T") ? Array("10000\r\n".utf8) + piece + Array("\r\n".utf8) : piece
            for _ in 0...Limits().bodyBytesMax / piece.count {
                // The server may have answered and closed already.
                guard await socket.sendAll(frame) == frame.count else { break }
            }
            let text = await socket.readAll()
            #expect(text.hasPrefix("HTTP/1.1 413"))
            #expect(text.contains("application/problem+json"))
        }
    }

    @Test func `a header of 100 kB is refused`() async throws {
        try await LiveServer.with { server in
            let socket = try RawSocket(port: server.port)
            socket.send(
                "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: \(String(repeating: "a", count: 100_000))\r\n\r\n")
            #expect(await !socket.readAll().hasPrefix("HTTP/1.1 200"))
            #expect(try await server.send("GET", "/healthz").status == 200)
        }
    }

    @Test func `a path of 10 kB is refused`() async throws {
        try await LiveServer.with { server in
            let answer = try await server.send("GET", "/api/v1/services/" + String(repeating: "a", count: 10_000))
            #expect(answer.status == 414)
        }
    }

    @Test func `a client that never ends its head loses its connection`() async throws {
        var limits = Limits()
        limits.idleTime = .milliseconds(300)
        try await LiveServer.with(limits: limits) { server in
            let socket = try RawSocket(port: server.port)
            socket.send("GET /healthz HTTP/1.1\r\nHost:")
            let start = ContinuousClock.now
            #expect(await socket.readAll().isEmpty)
            // By the limit given here: by the usual one it would be 30 s, by the socket's own 60 s.
            #expect(ContinuousClock.now - start < .seconds(25))
        }
    }

    @Test func `a client that never ends its body is told so`() async throws {
        var limits = Limits()
        limits.bodyTime = .milliseconds(300)
        try await LiveServer.with(limits: limits) { server in
            let socket = try RawSocket(port: server.port)
            socket.send(
                "POST /api/v1/promotions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(World.token)\r\n"
                    + "Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{\"rel")
            let text = await socket.readAll()
            #expect(text.hasPrefix("HTTP/1.1 408"))
        }
    }

    @Test func `nonsense instead of HTTP ends that connection alone`() async throws {
        try await LiveServer.with { server in
            let socket = try RawSocket(port: server.port)
            socket.send("\u{16}\u{3}\u{1} hello\r\n\r\n")
            #expect(await !socket.readAll().hasPrefix("HTTP/1.1 200"))
            #expect(try await server.send("GET", "/healthz").status == 200)
        }
    }

    // MARK: Access

    @Test(arguments: [nil, "", "wrong", "sekret-of-ana x", String(repeating: "x", count: 5000)])
    func `without the right token there is no answer`(token: String?) async throws {
        try await LiveServer.with { server in
            let answer = try await server.send("GET", "/api/v1/status", token: token)
            #expect(answer.status == 401)
            #expect(answer.headers["www-authenticate"] == "Bearer")
            #expect(answer.problem?.code == "unauthenticated")
            #expect(server.world.asked == [])
        }
    }

    @Test func `many wrong tokens are slowed down while a token known as right goes on`() async throws {
        try await LiveServer.with { server async throws -> Void in
            #expect(try await server.send("GET", "/api/v1/queue").status == 200)
            var statuses: [Int] = []
            for index in 0..<25 {
                statuses.append(try await server.send("GET", "/api/v1/queue", token: "guess-\(index)").status)
            }
            #expect(statuses.first == 401)
            #expect(statuses.last == 429)
            #expect(try await server.send("GET", "/api/v1/queue").status == 200)
        }
    }

    @Test func `a revoked token is refused at once`() async throws {
        try await LiveServer.with { server async throws -> Void in
            #expect(try await server.send("GET", "/api/v1/queue").status == 200)
            server.world.change { $0.tokens = [:] }
            #expect(try await server.send("GET", "/api/v1/queue").status == 401)
        }
    }

    @Test func `an error inside shows an id and nothing else`() async throws {
        struct Secret: Error { let text = "password=hunter2 /home/ana" }
        try await LiveServer.with { server in
            server.world.change { $0.failure = Secret() }
            let answer = try await server.send("GET", "/api/v1/status")
            #expect(answer.status == 500)
            #expect(answer.problem?.code == "internal")
            #expect(!answer.text.contains("hunter2") && !answer.text.contains("Secret"))
        }
    }

    @Test(arguments: [403, 409, 429, 503])
    func `a problem of the rules is shown as it is`(status: Int) async throws {
        let problem = Wire.Problem(title: "Refused", status: status, detail: "it is held by ben", code: "held")
        try await LiveServer.with { server in
            server.world.change { $0.failure = problem }
            let answer = try await server.send("GET", "/api/v1/status")
            #expect(answer.status == status)
            #expect(answer.problem == problem)
        }
    }

    @Test func `an address in use is named, with the process that holds it`() async throws {
        try await LiveServer.with { first in
            let error = await #expect(throws: ServerError.self) {
                try await LiveServer.with(port: first.port) { _ in }
            }
            #expect(error?.code == .addressInUse)
            #expect(error?.message.contains("127.0.0.1:\(first.port)") == true)
            #expect(
                error?.message.contains("pid \(ProcessInfo.processInfo.processIdentifier)") == true,
                "\(String(describing: error))")
        }
    }
}
