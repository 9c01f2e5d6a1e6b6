import NIOCore
import NIOPosix
import Ports

/// The runtime socket of one HAProxy. One connection per line: HAProxy answers and closes (management guide 2.6,
/// section 9.3).
package struct HAProxySocket: Sendable {
    package let path: String
    /// From connecting to the last byte of the answer.
    package let timeLimit: Duration
    /// Bytes of one answer.
    package let sizeLimit: Int

    /// Longest path that still leaves room for the temporary name HAProxy binds first (`.PID.tmp`) in the 107 bytes of
    /// unix(7).
    package static let longestPath = 107 - 12

    package init(path: String, timeLimit: Duration = .seconds(2), sizeLimit: Int = 1 << 20) {
        self.path = path
        self.timeLimit = timeLimit
        self.sizeLimit = sizeLimit
    }

    /// Sends one line and gives the whole answer. Throws `unreachable` when nobody listens, when the answer does not
    /// end in time, and when it is too long.
    package func ask(_ line: String) async throws -> String {
        let path = self.path
        let (limit, size) = (TimeAmount(self.timeLimit), self.sizeLimit)
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let answer = loop.makePromise(of: String.self)
        ClientBootstrap(group: loop)
            .connectTimeout(limit)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let reader = AnswerReader(
                        path: path, question: line, answer: answer, timeLimit: limit, sizeLimit: size)
                    try channel.pipeline.syncOperations.addHandler(reader)
                }
            }
            .connect(unixDomainSocketPath: path)
            .whenFailure { error in
                answer.fail(AnswerReader.failure(path, "can't be reached: \(error)"))
            }
        return try await answer.futureResult.get()
    }
}

/// Sends the line and collects what comes until the other side closes. The promise is kept in every case, once
/// connected by the channel's end and before that by the failure to connect; a second word on it is ignored by NIO.
private final class AnswerReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let path: String
    private let question: String
    private let answer: EventLoopPromise<String>
    private let timeLimit: TimeAmount
    private let sizeLimit: Int
    private var collected = ByteBuffer()
    private var deadline: Scheduled<Void>?

    init(
        path: String, question: String, answer: EventLoopPromise<String>, timeLimit: TimeAmount, sizeLimit: Int
    ) {
        self.path = path
        self.question = question
        self.answer = answer
        self.timeLimit = timeLimit
        self.sizeLimit = sizeLimit
    }

    func channelActive(context: ChannelHandlerContext) {
        let (path, limit, answer, channel) = (self.path, self.timeLimit, self.answer, context.channel)
        self.deadline = context.eventLoop.scheduleTask(in: limit) {
            answer.fail(Self.failure(path, "gave no whole answer within \(limit.nanoseconds / 1_000_000) ms"))
            channel.close(promise: nil)
        }
        context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(string: self.question + "\n")), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var part = Self.unwrapInboundIn(data)
        guard self.collected.readableBytes + part.readableBytes <= self.sizeLimit else {
            self.answer.fail(Self.failure(self.path, "answered more than \(self.sizeLimit) bytes"))
            context.close(promise: nil)
            return
        }
        self.collected.writeBuffer(&part)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.deadline?.cancel()
        self.answer.succeed(String(buffer: self.collected))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.answer.fail(Self.failure(self.path, "broke off: \(error)"))
        context.close(promise: nil)
    }

    static func failure(_ path: String, _ what: String) -> TargetError {
        TargetError(.unreachable, "HAProxy's runtime socket \(path) \(what).", retryable: true)
    }
}
