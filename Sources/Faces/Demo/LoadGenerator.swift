import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization

/// Steady load on one address: an open loop, which sends when a request is due and never waits for the one before.
/// Connections are kept alive and used again; no request is tried twice, so what was lost is counted as lost.
package struct LoadGenerator: Sendable {
    package var url: String
    package var perSecond: Int
    /// For how long a request may take, counted from when it was due.
    package var within: Duration = .seconds(5)
    /// So many requests may be under way at once; beyond, one that is due is a failure without being sent. Keeps the
    /// generator from drowning in what nobody answers.
    package var underWay = 3_000
    /// The header that names the version that answers.
    package var versionHeader = "Storefront-Version"

    package init(url: String, perSecond: Int) {
        self.url = url
        self.perSecond = perSecond
    }

    /// Sends until `stop`, then lets what is under way end (each within its limit): whatever was sent is counted.
    package func run(into log: LoadLog, until stop: StopSign) async {
        let client = self.client()
        let clock = ContinuousClock()
        let start = clock.now
        let underWay = Counter()
        await withDiscardingTaskGroup { group in
            var sent = 0
            while !stop.isSet && sent < LoadLog.limit && !Task.isCancelled {
                let due = start + .seconds(1) * sent / self.perSecond
                if due > clock.now { try? await clock.sleep(until: due, tolerance: .milliseconds(1)) }
                if stop.isSet { break }
                sent += 1
                guard underWay.count < self.underWay else {
                    log.add(
                        Sample(sentAt: Self.now, milliseconds: 0, version: nil, failure: "not sent: too many under way")
                    )
                    continue
                }
                underWay.add(1)
                group.addTask {
                    log.add(await self.request(due: due, client))
                    underWay.add(-1)
                }
            }
        }
        try? await client.shutdown()
    }

    /// One request that nobody counts: whether the proper answer comes.
    package func answers() async -> Bool {
        let client = self.client()
        let sample = await self.request(due: .now, client)
        try? await client.shutdown()
        return sample.failure == nil
    }

    private func client() -> HTTPClient {
        var settings = HTTPClient.Configuration()
        settings.redirectConfiguration = .disallow
        settings.connectionPool.retryConnectionEstablishment = false
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        // Shorter than the router's own limit, so that the two never close a connection at the same moment.
        settings.connectionPool.idleTimeout = .seconds(20)
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
    }

    private func request(due: ContinuousClock.Instant, _ client: HTTPClient) async -> Sample {
        let clock = ContinuousClock()
        var sample = Sample(sentAt: Self.now, milliseconds: 0, version: nil, failure: nil)
        do {
            let left = self.within - (clock.now - due)
            let response = try await client.execute(
                HTTPClientRequest(url: self.url), timeout: .milliseconds(max(1, left.milliseconds)))
            sample.version = response.headers.first(name: self.versionHeader)
            let body = try await response.body.collect(upTo: 64 * 1024)
            sample.answeredAt = Self.now
            sample.failure = self.fault(response, body, version: sample.version)
        } catch {
            sample.failure = "\(error)"
        }
        let taken = clock.now - due
        if sample.failure == nil && taken > self.within { sample.failure = "its answer came late" }
        sample.milliseconds = Int32(clamping: taken.milliseconds)
        return sample
    }

    /// The proper answer: status 200, from a version that names itself in header and body.
    private func fault(_ response: HTTPClientResponse, _ body: ByteBuffer, version: String?) -> String? {
        guard response.status == .ok else { return "status \(response.status.code)" }
        guard let version, !version.isEmpty else { return "no version in the answer" }
        guard String(buffer: body).contains(version) else { return "the body is not that of \(version)" }
        return nil
    }

    /// Milliseconds of UTC since 1970.
    package static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }
}

/// Counts what is under way; requests end on any thread.
private final class Counter: Sendable {
    private let value = Atomic(0)

    var count: Int { self.value.load(ordering: .relaxed) }
    func add(_ change: Int) { self.value.add(change, ordering: .relaxed) }
}

/// Tells a loop to end after what it has begun.
package final class StopSign: Sendable {
    private let flag = Atomic(false)

    package init() {}
    package var isSet: Bool { self.flag.load(ordering: .acquiring) }
    package func set() { self.flag.store(true, ordering: .releasing) }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var milliseconds: Int64 {
        self.components.seconds * 1_000 + self.components.attoseconds / 1_000_000_000_000_000
    }
}
