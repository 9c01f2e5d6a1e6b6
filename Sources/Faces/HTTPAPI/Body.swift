import APIClient
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// The body of a request, read once and within bounds.
final class Body: Sendable {
    private let request: Request
    private let limits: Limits
    private let isRead = Mutex(false)

    /// What an unread body may have and still be skipped, so that the connection can go on.
    private static let skippedBytesMax = 64 * 1024

    init(_ request: Request, limits: Limits) {
        self.request = request
        self.limits = limits
    }

    private var announced: Int? { self.request.headers[.contentLength].flatMap { Int($0) } }

    /// True if there is more to come than we want to skip.
    var isLeftUnread: Bool {
        if self.isRead.withLock({ $0 }) { return false }
        if let announced { return announced > Self.skippedBytesMax }
        return self.request.headers.contains(.transferEncoding)
    }

    /// The whole body. A long one is refused on its announced length, before a byte of it is read.
    func read() async throws -> Data {
        let limits = self.limits
        if let announced, announced > limits.bodyBytesMax { throw Wire.Problem.tooLarge(limits.bodyBytesMax) }
        let body = self.request.body
        let buffer = try await withThrowingTaskGroup(of: ByteBuffer?.self) { group in
            group.addTask {
                do {
                    return try await body.collect(upTo: limits.bodyBytesMax)
                } catch is NIOTooManyBytesError {
                    throw Wire.Problem.tooLarge(limits.bodyBytesMax)
                }
            }
            group.addTask {
                try await Task.sleep(for: limits.bodyTime)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        guard let buffer else { throw Wire.Problem.tooSlow(Int(limits.bodyTime.components.seconds)) }
        self.isRead.withLock { $0 = true }
        return Data(buffer.readableBytesView)
    }
}

/// An answer to a request whose body stays unread. Closing at once would reset the connection under the client before
/// it has read the answer; so the answer goes out whole, then the sending side is closed, and the rest a moment later.
struct Refusal {
    private static let pause = Duration.milliseconds(300)
    private let original: Response
    private let channel: any Channel

    init(_ original: Response, channel: any Channel) {
        self.original = original
        self.channel = channel
    }

    var response: Response {
        let content = self.original.body
        let channel = self.channel
        var response = self.original
        response.headers[.connection] = "close"
        response.body = ResponseBody(contentLength: content.contentLength) { writer in
            try await content.write(Unfinished(writer: writer))
            try? await Task.sleep(for: Self.pause)
            channel.close(mode: .all, promise: nil)
        }
        return response
    }

    /// Passes everything on but the end, after which the server would go on to read the body.
    private struct Unfinished: ResponseBodyWriter {
        var writer: any ResponseBodyWriter

        mutating func write(_ buffer: ByteBuffer) async throws {
            try await self.writer.write(buffer)
        }

        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }
}
