import AsyncHTTPClient
import Core
import Foundation
import LocalTarget
import NIOCore
import NIOPosix
import Ports
import Synchronization
import Testing

/// Notices, by the command or to the address that a definition names.
@Suite struct LocalMessengerTests {
    /// What a person may have written, or a commit.
    private static let hostile = "it's $(touch broken) `id` \"now\"; \u{1F680}\nnext"

    private func notice(key: String = "42", text: String = hostile) throws -> Notice {
        let lane = LaneID(
            service: try #require(ServiceName("shop")), environment: try #require(EnvironmentName("production")))
        return Notice(
            key: key, occasion: .rolledBack, lane: lane, version: "1.2.0", text: text, at: Instant(milliseconds: 5))
    }

    private func with(
        _ fixture: BuildFixture, _ body: (LocalMessenger) async throws -> Void
    ) async throws {
        var settings = HTTPClient.Configuration()
        settings.redirectConfiguration = .disallow
        settings.timeout.connect = .milliseconds(500)
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
        do {
            try await body(LocalMessenger(commands: fixture.runner(), client: client))
        } catch {
            try await client.shutdown()
            throw error
        }
        try await client.shutdown()
    }

    // MARK: Commands

    @Test func `a command gets the notice in its environment, and runs none of it`() async throws {
        let fixture = try BuildFixture()
        let file = fixture.scratch.path + "/said"
        let words = ["OCCASION", "SERVICE", "ENVIRONMENT", "VERSION", "TEXT", "KEY"].map { "\"$\($0)\"" }
        try await self.with(fixture) { messenger in
            let command = "printf '%s|' \(words.joined(separator: " ")) > \(file); ls -A >> \(file)"
            try await messenger.send(try self.notice(), by: .run(command), attempt: 1)
        }
        #expect(try fixture.scratch.text("said") == "rolledBack|shop|production|1.2.0|\(Self.hostile)|42|")
    }

    @Test func `a command that passed is not run again for the same notice, one that failed is`() async throws {
        let fixture = try BuildFixture()
        let count = fixture.scratch.path + "/count"
        let fails = "echo told >> \(count); [ \"$(wc -l < \(count))\" -ge 2 ] || { echo no network; exit 7; }"
        try await self.with(fixture) { messenger in
            let error = await #expect(throws: MessageError.self) {
                try await messenger.send(try self.notice(), by: .run(fails), attempt: 1)
            }
            #expect(error?.description.contains("ended with 7") == true, "\(String(describing: error))")
            try await messenger.send(try self.notice(), by: .run(fails), attempt: 2)
            #expect(try fixture.scratch.text("count") == "told\ntold\n")
            // As after a crash before the place in the ledger was kept: all tries are made again, none of them runs.
            await #expect(throws: MessageError.self) {
                try await messenger.send(try self.notice(), by: .run(fails), attempt: 1)
            }
            try await messenger.send(try self.notice(), by: .run(fails), attempt: 2)
            #expect(try fixture.scratch.text("count") == "told\ntold\n")
            try await messenger.send(try self.notice(key: "43"), by: .run(fails), attempt: 1)
            #expect(try fixture.scratch.text("count") == "told\ntold\ntold\n")
        }
    }

    // MARK: Webhooks

    @Test func `a webhook gets the notice as JSON, with its key`() async throws {
        try await Hook.with(answering: "204 No Content") { hook in
            try await self.with(try BuildFixture()) { messenger in
                try await messenger.send(try self.notice(), by: .webhook(hook.address + "/hooks/a?b=c"), attempt: 1)
            }
            let request = try #require(hook.requests.first)
            #expect(hook.requests.count == 1)
            let head = request.head.lowercased()
            #expect(request.head.hasPrefix("POST /hooks/a?b=c HTTP/1.1\r\n"))
            #expect(head.contains("content-type: application/json\r\n"))
            #expect(head.contains("idempotency-key: 42\r\n"))
            let json = try JSONSerialization.jsonObject(with: Data(request.body.utf8)) as? [String: String]
            #expect(
                json == [
                    "occasion": "rolledBack", "service": "shop", "environment": "production", "version": "1.2.0",
                    "text": Self.hostile, "key": "42",
                ])
        }
    }

    @Test(arguments: ["301 Moved Permanently", "400 Bad Request", "429 Too Many Requests", "500 Oh"])
    func `an answer that is no success is a notice that was not delivered`(status: String) async throws {
        try await Hook.with(answering: status) { hook in
            try await self.with(try BuildFixture()) { messenger in
                for attempt in 1...2 {
                    let error = await #expect(throws: MessageError.self) {
                        try await messenger.send(try self.notice(), by: .webhook(hook.address), attempt: attempt)
                    }
                    #expect(error?.description == "\(hook.address) answered \(status.prefix(3))")
                }
            }
            // Asked twice, each time once: a redirect is not followed to where nobody chose to send it.
            #expect(hook.requests.count == 2)
        }
    }

    @Test func `nobody at the address is a notice that was not delivered`() async throws {
        var address = ""
        try await Hook.with(answering: "200 OK") { address = $0.address }
        try await self.with(try BuildFixture()) { messenger in
            await #expect(throws: (any Error).self) {
                try await messenger.send(try self.notice(), by: .webhook(address), attempt: 1)
            }
        }
    }
}

/// A server on a port of the kernel's choice that keeps what it is sent and answers with one status.
private final class Hook: Sendable {
    struct Request: Sendable {
        var head: String
        var body: String
    }

    let address: String
    private let kept: Kept

    var requests: [Request] { self.kept.requests.withLock { $0 } }

    private final class Kept: Sendable {
        let requests = Mutex<[Request]>([])
    }

    private init(address: String, kept: Kept) {
        self.address = address
        self.kept = kept
    }

    static func with(answering status: String, _ body: (Hook) async throws -> Void) async throws {
        let kept = Kept()
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Receiver(status: status, kept: kept))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            let port = try #require(server.localAddress?.port)
            try await body(Hook(address: "http://127.0.0.1:\(port)", kept: kept))
        } catch {
            try await server.close()
            throw error
        }
        try await server.close()
    }

    /// One request a connection: the answer closes it.
    private final class Receiver: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let status: String
        private let kept: Kept
        private var text = ""

        init(status: String, kept: Kept) {
            self.status = status
            self.kept = kept
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            self.text += String(buffer: self.unwrapInboundIn(data))
            guard let end = self.text.firstRange(of: "\r\n\r\n") else { return }
            let head = String(self.text[..<end.lowerBound]) + "\r\n"
            let body = String(self.text[end.upperBound...])
            let length = head.lowercased().firstMatch(of: /content-length: ([0-9]+)\r\n/).flatMap { Int($0.1) } ?? 0
            guard body.utf8.count >= length else { return }
            self.kept.requests.withLock { $0.append(Request(head: head, body: body)) }
            let answer =
                "HTTP/1.1 \(self.status)\r\nLocation: /elsewhere\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            let channel = context.channel
            channel.writeAndFlush(ByteBuffer(string: answer)).whenComplete { _ in channel.close(promise: nil) }
        }
    }
}
