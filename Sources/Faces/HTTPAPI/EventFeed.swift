import APIClient
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// Events as `text/event-stream` (WHATWG HTML, section 9.2), with ledger positions as ids.
struct EventFeed: Sendable {
    enum Content: Sendable {
        /// Whole events.
        case events
        /// The position alone: for the page, which then asks for its fragment.
        case positions
    }

    /// Events after a position, at most so many.
    let source: @Sendable (_ after: Int, _ limit: Int) async throws -> [Wire.Event]
    let positions: @Sendable (_ after: Int) -> AsyncStream<Int>
    /// Asked at every beat, so that a revoked token ends its streams.
    let isAllowed: @Sendable () async throws -> Bool
    let after: Int
    let content: Content

    static let batch = 200

    func text(_ event: Wire.Event) throws -> String {
        switch self.content {
        case .events:
            // JSONEncoder escapes line breaks in strings and writes no others: the data is one line.
            "id: \(event.position)\ndata: \(String(decoding: try Route.encoded(event), as: UTF8.self))\n\n"
        case .positions:
            "id: \(event.position)\ndata: \(event.position)\n\n"
        }
    }
}

/// Serves event feeds: bounds their number, beats, and ends them at the graceful shutdown.
final class EventFeeds: Sendable {
    private let limits: Limits
    private let open = Mutex(0)

    init(limits: Limits) {
        self.limits = limits
    }

    func response(_ feed: EventFeed, _ context: Context) throws -> Response {
        guard self.open.withLock({ $0 }) < self.limits.streamsMax else {
            throw Wire.Problem.tooManyStreams(self.limits.streamsMax)
        }
        let logger = context.logger
        let channel = context.channel
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                self.open.withLock { $0 += 1 }
                defer { self.open.withLock { $0 -= 1 } }
                do {
                    try await self.write(feed, to: &writer, channel)
                } catch is CancellationError {
                } catch {
                    logger.debug("event stream ended", metadata: ["error": "\(error)"])
                }
                try await writer.finish(nil)
            })
    }

    /// Bytes as they come. What throws on the way cuts the connection: the answer is then seen to be incomplete.
    func response(_ next: @escaping AuditOperations.Bytes, type: String, _ context: Context) throws -> Response {
        guard self.open.withLock({ $0 }) < self.limits.streamsMax else {
            throw Wire.Problem.tooManyStreams(self.limits.streamsMax)
        }
        let channel = context.channel
        return Response(
            status: .ok, headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody { writer in
                self.open.withLock { $0 += 1 }
                defer { self.open.withLock { $0 -= 1 } }
                try await self.write(next, to: &writer, channel)
                try await writer.finish(nil)
            })
    }

    private func write(
        _ next: AuditOperations.Bytes, to writer: inout any ResponseBodyWriter, _ channel: any Channel
    ) async throws {
        let watch = WriteWatch(stall: self.limits.stall)
        let heartbeat = self.limits.heartbeat
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while true {
                    try await Task.sleep(for: heartbeat)
                    if watch.isStalled { channel.close(mode: .all, promise: nil) }
                }
            }
            defer { group.cancelAll() }
            while let bytes = try await next() {
                guard !Task.isShuttingDownGracefully else { throw CancellationError() }
                try await watch.write(ByteBuffer(bytes: bytes), to: &writer)
            }
        }
    }

    /// Writes until the client goes, the token is revoked, or the server shuts down.
    private func write(
        _ feed: EventFeed, to writer: inout any ResponseBodyWriter, _ channel: any Channel
    ) async throws {
        let (ticks, ticker) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let positions = feed.positions(feed.after)
        let heartbeat = self.limits.heartbeat
        let watch = WriteWatch(stall: self.limits.stall)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in positions { ticker.yield() } }
            group.addTask {
                while true {
                    try await Task.sleep(for: heartbeat)
                    if watch.isStalled { channel.close(mode: .all, promise: nil) }
                    ticker.yield()
                }
            }
            defer { group.cancelAll() }
            var position = feed.after
            var beat = ContinuousClock.now
            try await watch.write(": slipway\nretry: 1000\n\n", to: &writer)
            try await self.pump(feed, &position, &writer, watch)
            for await _ in ticks.cancelOnGracefulShutdown() {
                let before = position
                try await self.pump(feed, &position, &writer, watch)
                guard ContinuousClock.now - beat >= heartbeat else { continue }
                beat = .now
                guard try await feed.isAllowed() else { return }
                if position == before { try await watch.write(": beat\n\n", to: &writer) }
            }
        }
    }

    private func pump(
        _ feed: EventFeed, _ position: inout Int, _ writer: inout any ResponseBodyWriter, _ watch: WriteWatch
    ) async throws {
        while !Task.isShuttingDownGracefully {
            let events = try await feed.source(position, EventFeed.batch)
            guard let last = events.last, last.position > position else { return }
            switch feed.content {
            case .events:
                for event in events { try await watch.write(try feed.text(event), to: &writer) }
            case .positions:
                try await watch.write(try feed.text(last), to: &writer)
            }
            position = last.position
            if events.count < EventFeed.batch { return }
        }
    }
}

/// Notes since when a write has been waiting for the client.
private final class WriteWatch: Sendable {
    private let stall: Duration
    private let since = Mutex<ContinuousClock.Instant?>(nil)

    init(stall: Duration) {
        self.stall = stall
    }

    var isStalled: Bool {
        self.since.withLock { since in since.map { ContinuousClock.now - $0 > self.stall } ?? false }
    }

    func write(_ text: String, to writer: inout any ResponseBodyWriter) async throws {
        try await self.write(ByteBuffer(string: text), to: &writer)
    }

    func write(_ bytes: ByteBuffer, to writer: inout any ResponseBodyWriter) async throws {
        self.since.withLock { $0 = .now }
        try await writer.write(bytes)
        self.since.withLock { $0 = nil }
    }
}
