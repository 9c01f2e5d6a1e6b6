import Core
import Engine
import Lab
import Ports
import Testing

/// Continuous deployment through three environments, with nobody's hand on it.
@Suite(.timeLimit(.minutes(3))) struct StreamOfCommitsTests {
    private static let environments = ["dev", "stage", "prod"]
    private static let commits = 8

    @Test(arguments: ["finish", "latest", "every"])
    func `of a stream of commits the newest ends in production, and what was skipped ends superseded`(_ policy: String)
        async throws
    {
        var world = World(clock: PacedClock(rate: 5))
        world.pollEvery = .milliseconds(20)
        let keys = ["promote: automatically", "bake: 2s", "queue: \(policy)"]
        let file =
            "watch: main\n"
            + Shop.file(
                [
                    Shop.line("dev", keys[0], keys[1], keys[2]),
                    Shop.line("stage", "after: dev", keys[0], keys[1], keys[2]),
                    Shop.line("prod", "after: stage", keys[0], keys[1], keys[2]),
                ].joined(separator: "\n"))
        try await world.running { [world] plane in
            try await plane.define(file)
            for number in 1...Self.commits {
                let commit = world.repository.commit("feat: \(number)", file: file)
                _ = try await eventually("a release of commit \(number), and dev to have heard of it") {
                    let release = try await Self.releases(plane).last { $0.commit == commit && $0.phase == .built }
                    return try await plane.machine("dev").seen.contains { $0 == release?.id } ? () : nil
                }
            }
            let newest = try #require(try await Self.releases(plane).last)
            #expect(newest.version == "0.\(Self.commits).0")
            for environment in Self.environments { try await plane.verified(newest.version, in: environment) }
            for environment in Self.environments {
                let lane = try await plane.machine(environment)
                #expect(lane.queue.isEmpty && lane.versions == [newest.version])
                let ends = lane.recent.map(\.end)
                let skipped = ends.count { $0 == .removed(.superseded) || $0 == .deployment(.superseded) }
                let completed = ends.count { $0 == .deployment(.completed) }
                #expect(skipped + completed == ends.count, "\(environment): \(ends)")
                #expect(ends.last == .deployment(.completed) && lane.recent.last?.candidate.version == newest.version)
                #expect(lane.recent.allSatisfy { $0.by == .schedule })
                if policy == "every" { #expect(skipped == 0, "\(environment): \(ends)") }
            }
            let dev = try await plane.machine("dev").recent
            #expect(dev.count == Self.commits)
            if policy == "latest" { #expect(dev.contains { $0.end == .deployment(.superseded) }) }
            if policy == "finish" { #expect(dev.contains { $0.end == .removed(.superseded) }) }
        }
    }

    private static func releases(_ plane: ControlPlane) async throws -> [ReleaseRow] {
        try await plane.journal.releases(of: try Shop.lane("dev").service)
    }
}
