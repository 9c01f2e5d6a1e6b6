import APIClient
import Demo
import Foundation
import Testing

/// What people are served does not depend on Slipway running.
@Suite(.serialized, .timeLimit(.minutes(15))) struct KillTests {
    private static var rounds: Int { ProcessInfo.processInfo.environment["SLIPWAY_NIGHTLY"] == nil ? 5 : 25 }

    /// A blueGreen deployment of the sample takes about this long, its bake included.
    private static let deployment = 0...3_000

    @Test func `killed at random moments of a deployment, the end is the same and no request is lost`() async throws {
        let seed = Steps.chosenSeed
        print("SIGKILL at \(Self.rounds) random moments, seed \(seed)")
        var random = Steps(state: seed)
        let moments = (0..<Self.rounds).map { _ in Int.random(in: Self.deployment, using: &random) }
        try await Site.with(portsFrom: 7_101) { site in
            let release = try await site.server.run { running in
                try await site.open(Stage(client: running.client, repository: site.repository))
            }
            let (_, log) = try await site.underLoad { log in
                for moment in moments {
                    try await Self.round(site, release, killedAfter: moment)
                    #expect(
                        log.counts().failed == 0, "killed after \(moment) ms, seed \(seed): \(log.failures(limit: 3))")
                }
            }
            let counts = log.counts()
            #expect(counts.failed == 0, "seed \(seed): \(log.failures(limit: 5))")
            #expect(counts.byVersion["1.0.0"] ?? 0 > 0)
            #expect(counts.byVersion["1.1.0"] ?? 0 > 0)
            print("\(moments.count) kills, \(counts.requests) requests, \(counts.failed) failed, moments \(moments) ms")
        }
    }

    /// From 1.0.0 to 1.1.0 with a SIGKILL on the way, and back.
    private static func round(_ site: Site, _ release: Wire.Release, killedAfter moment: Int) async throws {
        let promotion = try await site.server.run { running in
            let promotion = try await Stage(client: running.client, repository: site.repository).promote(release)
            try await Task.sleep(for: .milliseconds(moment))
            try running.kill()
            return promotion
        }
        try await site.server.run { running in
            let stage = Stage(client: running.client, repository: site.repository)
            let ended = try await stage.end(of: promotion, as: .completed)
            #expect(ended.version == "1.1.0")
            #expect(try await stage.lane().serving.map(\.version) == ["1.1.0"])
            let act = Wire.Act(reason: "the next round")
            let back = try await running.client.rollback(service: Stage.service, environment: Stage.production, act)
            _ = try await stage.end(of: back, as: .rolledBack)
            #expect(try await stage.lane().serving.map(\.version) == ["1.0.0"])
            _ = try await running.client.act(service: Stage.service, environment: Stage.production, .unhold, act)
            #expect(try await running.client.verifyAudit().verified)
        }
    }
}
