import APIClient
import Demo
import Foundation
import Testing

/// How soon users are safe: from the record of an abort to the last request that reached the canary.
@Suite(.serialized, .timeLimit(.minutes(10))) struct AbortTests {
    private static var rounds: Int { ProcessInfo.processInfo.environment["SLIPWAY_NIGHTLY"] == nil ? 3 : 20 }

    /// Milliseconds.
    private static let bound: Int64 = 250

    @Test func `from an abort's record to the last request of the canary it is at most 250 ms, the worst of all`()
        async throws
    {
        try await Site.with(portsFrom: 7_701) { site in
            try await site.server.run { running in
                let stage = Stage(client: running.client, repository: site.repository)
                let release = try await site.open(stage)
                try await Canary.define(site, running.client, steps: "[50, 100]", atLeast: "60s")
                let (times, log) = try await site.underLoad(perSecond: 200) { log in
                    var times: [Int64] = []
                    for _ in 0..<Self.rounds { times.append(try await Self.round(stage, running.client, release, log)) }
                    return times
                }
                #expect(log.counts().failed == 0, "\(log.failures(limit: 5))")
                let sorted = times.sorted()
                let worst = try #require(sorted.last)
                print(
                    "figure: from an abort's record to the last answer of the canary: median "
                        + "\(sorted[sorted.count / 2]) ms, worst of \(sorted.count) \(worst) ms")
                #expect(worst <= Self.bound, "\(times)")
            }
        }
    }

    /// A canary with half of the traffic, taken back. The abort's time is that of its event, read before the append; the
    /// canary's last request counts by its answer, at the client: what lies between is longer than what is promised.
    private static func round(
        _ stage: Stage, _ client: APIClient, _ release: Wire.Release, _ log: LoadLog
    ) async throws -> Int64 {
        let promotion = try await stage.promote(release)
        let before = log.counts().byVersion[release.version] ?? 0
        try await Stage.wait(for: "requests of the canary", within: .seconds(30)) {
            log.counts().byVersion[release.version] ?? 0 >= before + 20 ? () : nil
        }
        let act = Wire.Act(reason: "a measurement", subject: release.id)
        _ = try await client.act(promotion: promotion.id, .abort, act)
        _ = try await stage.end(of: promotion, as: .aborted)
        // Whatever was still on its way would be answered before so many later ones are.
        let sent = log.count
        try await Stage.wait(for: "50 requests more", within: .seconds(30)) { log.count >= sent + 50 ? () : nil }
        let aborted = try #require(
            try await client.events(stream: "lane/\(promotion.service)/\(promotion.environment)", limit: 1_000)
                .last { $0.kind == "lane.aborted" })
        let at = try #require(Times.milliseconds(aborted.at))
        let last = try #require(log.lastAnswer(of: release.version))
        _ = try await client.act(service: Stage.service, environment: Stage.production, .unblock, act)
        return last - at
    }
}
