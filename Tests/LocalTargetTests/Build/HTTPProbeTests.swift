import Core
import LocalTarget
import NIOCore
import NIOPosix
import Ports
import Testing

@Suite struct HTTPProbeTests {
    /// A server on a port of the kernel's choice that gives one fixed answer to whatever comes, or none.
    private func withServer(
        answering answer: String?, _ body: (ListenAddress, HTTPProbe) async throws -> Void
    ) async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(FixedAnswer(answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let probe = HTTPProbe()
        do {
            let port = try #require(server.localAddress?.port)
            try await body(try #require(ListenAddress("127.0.0.1:\(port)")), probe)
        } catch {
            try await probe.close()
            try await server.close()
            throw error
        }
        try await probe.close()
        try? await server.close()
    }

    @Test(arguments: [200, 204, 302, 404, 500, 503]) func `the status is the answer, redirects too`(status: Int)
        async throws
    {
        let answer = "HTTP/1.1 \(status) x\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
        try await self.withServer(answering: answer) { address, probe in
            #expect(await probe.get("/healthz?a=b", at: address, within: .seconds(10)) == .status(status))
        }
    }

    @Test func `no answer in time, nobody there and a bad path are said`() async throws {
        try await self.withServer(answering: nil) { address, probe in
            #expect(
                await probe.get("/", at: address, within: Milliseconds(200))
                    == .unreachable("http://\(address)/ did not answer within 200 ms"))
            for path in ["", "healthz", "/a b", "/a\r\nX: y", "/\u{1F680}", "/" + String(repeating: "a", count: 2_048)]
            {
                guard case .unreachable(let sentence) = await probe.get(path, at: address, within: .seconds(1)) else {
                    Issue.record("\(path) was asked for")
                    continue
                }
                #expect(sentence.contains("is no path"))
            }
        }
        var closed: ListenAddress?
        try await self.withServer(answering: nil) { address, _ in closed = address }
        let probe = HTTPProbe()
        let answer = await probe.get("/", at: try #require(closed), within: .seconds(10))
        try await probe.close()
        guard case .unreachable(let sentence) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(sentence.hasSuffix("can't be reached: connection refused"), "\(sentence)")
    }
}

private final class FixedAnswer: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let answer: String?

    init(answer: String?) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let answer = self.answer else { return }
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
    }
}
