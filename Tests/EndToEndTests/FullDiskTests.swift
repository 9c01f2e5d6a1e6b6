import APIClient
import Demo
import Foundation
import Glibc
import Testing

/// A disk that is full while a canary has part of the traffic: a real one, of its own.
@Suite(.serialized, .timeLimit(.minutes(5))) struct FullDiskTests {
    @Test(.enabled(if: geteuid() == 0, "mounting a small disk needs root"))
    func `a full disk holds a canary where it is and touches no traffic, and with room it goes on to its end`()
        async throws
    {
        try await Site.with(portsFrom: 7_601, diskOf: "64m") { site in
            let release = try await site.server.run { running in
                let release = try await site.open(Stage(client: running.client, repository: site.repository))
                try await Canary.define(site, running.client)
                return release
            }
            // A new process begins a new write-ahead log: each append needs room.
            try await site.server.run { running in
                let stage = Stage(client: running.client, repository: site.repository)
                let (_, log) = try await site.underLoad { log in
                    let promotion = try await stage.promote(release)
                    try await Self.firstShare(stage)
                    let ballast = try Ballast(site.folders.data)
                    try await Self.whileFull(site, stage, running.client, promotion, log)
                    ballast.remove()
                    let ended = try await stage.end(of: promotion, as: .completed)
                    #expect(try await stage.lane().serving.map(\.version) == [ended.version])
                }
                let counts = log.counts()
                #expect(counts.failed == 0, "\(log.failures(limit: 5))")
                #expect(try await running.client.status().alarm == nil)
                #expect(try await running.client.verifyAudit().verified)
            }
        }
    }

    @Test(.enabled(if: geteuid() == 0, "mounting a small disk needs root"))
    func `a server that died on a full disk is started on it, and an abort takes the traffic back`() async throws {
        try await Site.with(portsFrom: 7_621, diskOf: "64m") { site in
            let release = try await site.server.run { running in
                let release = try await site.open(Stage(client: running.client, repository: site.repository))
                try await Canary.define(site, running.client)
                return release
            }
            let (_, log) = try await site.underLoad { log in
                let (promotion, ballast) = try await site.server.run { running in
                    let stage = Stage(client: running.client, repository: site.repository)
                    let promotion = try await stage.promote(release)
                    try await Self.firstShare(stage)
                    let ballast = try Ballast(site.folders.data)
                    try await Self.alarm(running.client)
                    try running.kill()
                    return (promotion, ballast)
                }
                let more = try Ballast(site.folders.data, "more")
                let sent = log.count
                try await Stage.wait(for: "100 requests", within: .seconds(30)) { log.count >= sent + 100 ? () : nil }
                try await site.server.run { running in
                    let stage = Stage(client: running.client, repository: site.repository)
                    try await Self.abort(promotion, site, stage)
                    try await Self.alarm(running.client)
                    ballast.remove()
                    more.remove()
                    try await Self.goesOn(stage, release, running.client)
                }
            }
            #expect(log.counts().failed == 0, "\(log.failures(limit: 5))")
        }
    }

    @Test(.enabled(if: geteuid() == 0, "mounting a small disk needs root"))
    func `an abort takes the traffic of a canary back while the disk is full`() async throws {
        try await Site.with(portsFrom: 7_641, diskOf: "64m") { site in
            try await site.server.run { running in
                let stage = Stage(client: running.client, repository: site.repository)
                let release = try await site.open(stage)
                try await Canary.define(site, running.client, atLeast: "60s")
                let (_, log) = try await site.underLoad { log in
                    let promotion = try await stage.promote(release)
                    try await Self.firstShare(stage)
                    let ballast = try Ballast(site.folders.data)
                    try await Self.alarm(running.client)
                    try await Self.abort(promotion, site, stage)
                    let before = log.counts().byVersion[release.version] ?? 0
                    let sent = log.count
                    try await Stage.wait(for: "200 requests", within: .seconds(30)) {
                        log.count >= sent + 200 ? () : nil
                    }
                    let after = log.counts().byVersion[release.version] ?? 0
                    #expect(after - before <= 5, "what was on its way, and no more")
                    try await Self.alarm(running.client)
                    ballast.remove()
                    try await Self.goesOn(stage, release, running.client)
                }
                #expect(log.counts().failed == 0, "\(log.failures(limit: 5))")
            }
        }
    }

    @Test(.enabled(if: geteuid() == 0, "mounting a small disk needs root"))
    func `the judge takes the traffic of a bad canary back while the disk is full`() async throws {
        try await Site.with(portsFrom: 7_661, diskOf: "64m") { site in
            try await site.server.run { running in
                let stage = Stage(client: running.client, repository: site.repository)
                _ = try await site.open(stage)
                // 5 fails one request in twenty-five.
                for number in 2...5 { try await site.repository.commit(number) }
                let release = try await stage.release(version: nil)
                try await Stage.wait(for: "\(release.version) in staging", within: .seconds(60)) {
                    try await stage.lane("staging").recent.contains {
                        $0.version == release.version && $0.state == .completed
                    } ? () : nil
                }
                try await Canary.define(site, running.client, atLeast: "60s")
                _ = try await site.underLoad(perSecond: 200) { log in
                    let promotion = try await stage.promote(release)
                    try await Self.firstShare(stage)
                    let ballast = try Ballast(site.folders.data)
                    try await Self.alarm(running.client)
                    let alarm = try #require(try await running.client.status().alarm)
                    let full = try #require(Times.milliseconds(alarm.since))
                    try await Self.isBack(stage, within: .seconds(100))
                    let ended = try await stage.end(of: promotion, as: .aborted)
                    let stopped = try await running.client.events(stream: Self.stream, limit: 1_000)
                        .last { $0.kind == "lane.aborted" }
                    #expect(try #require(stopped.flatMap { Times.milliseconds($0.at) }) >= full)
                    print("figure: the judge's stop on a full disk: \(ended.reason ?? "")")
                    try await Self.alarm(running.client)
                    ballast.remove()
                    try await Self.goesOn(stage, release, running.client)
                }
            }
        }
    }

    private static var stream: String { "lane/\(Stage.service)/\(Stage.production)" }

    @discardableResult
    private static func alarm(_ client: APIClient) async throws -> String {
        try await Stage.wait(for: "the alarm", within: .seconds(20)) { try await client.status().alarm?.reason }
    }

    private static func abort(_ promotion: Wire.Promotion, _ site: Site, _ stage: Stage) async throws {
        let said = try await site.slipway(
            "abort", promotion.id, "--reason", "it is bad", "--data", site.folders.data)
        #expect(said.code == 0, "\(said)")
        try await Self.isBack(stage, within: .seconds(20))
        _ = try await stage.end(of: promotion, as: .aborted)
        let status = try await site.slipway("status", "--data", site.folders.data)
        #expect(status.code == 0 && status.out.contains("ALARM") && status.out.contains("disk"), "\(status)")
    }

    private static func isBack(_ stage: Stage, within limit: Duration) async throws {
        try await Stage.wait(for: "the traffic to be back", within: limit) {
            try await stage.lane().serving.map(\.weight) == [10_000] ? () : nil
        }
    }

    /// With room the alarm ends, and what is not urgent is recorded again.
    private static func goesOn(_ stage: Stage, _ release: Wire.Release, _ client: APIClient) async throws {
        let act = Wire.Act(reason: "there is room", subject: release.id)
        _ = try await client.act(service: Stage.service, environment: Stage.production, .unblock, act)
        #expect(try await client.status().alarm == nil)
        #expect(try await client.verifyAudit().verified)
    }

    private static func firstShare(_ stage: Stage) async throws {
        try await Stage.wait(for: "the first share", within: .seconds(30)) {
            try await stage.lane().serving.map(\.weight).sorted() == [2_500, 7_500] ? () : nil
        }
    }

    private static func whileFull(
        _ site: Site, _ stage: Stage, _ client: APIClient, _ promotion: Wire.Promotion, _ log: LoadLog
    ) async throws {
        let alarm = try await Stage.wait(for: "the alarm", within: .seconds(20)) { try await client.status().alarm }
        #expect(alarm.kind == "ledgerNotWritable" && alarm.nextAction.contains("make room on the disk"), "\(alarm)")
        let said = try await site.slipway("status", "--data", site.folders.data)
        #expect(said.code == 0 && said.out.contains("ALARM") && said.out.contains("disk"), "\(said)")
        let (before, position) = (try await stage.lane(), try await client.status().position)
        let (start, sent) = (LoadGenerator.now, log.count)
        // Far longer than the step would last.
        try await Stage.wait(for: "600 requests", within: .seconds(60)) { log.count >= sent + 600 ? () : nil }
        await #expect {
            try await client.act(promotion: promotion.id, .pause, Wire.Act(reason: "who knows"))
        } throws: { error in
            let problem = error as? Wire.Problem
            return problem?.status == 503 && problem?.detail.contains("room on the disk") == true
        }
        let after = try await stage.lane()
        #expect(after.serving == before.serving && after.deployment?.step == before.deployment?.step)
        #expect(try await client.status().position == position)
        let counts = log.counts(from: start)
        #expect(counts.failed == 0, "\(log.failures(limit: 5))")
        let share = Double(counts.byVersion[promotion.version] ?? 0) / Double(counts.requests)
        // Five standard errors of a quarter of 600.
        #expect(abs(share - 0.25) < 0.09, "\(counts)")
        print("figure: full disk: \(counts.requests) requests, \(counts.failed) failed, share \(share) of 0.25")
    }
}

/// Fills a disk to the last byte.
private struct Ballast {
    let path: String

    init(_ folder: String, _ name: String = "ballast") throws {
        self.path = "\(folder)/\(name)"
        let file = open(self.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Site.Missing(description: "no ballast: \(String(cString: strerror(errno)))") }
        defer { close(file) }
        let page = [UInt8](repeating: 0, count: 4_096)
        while write(file, page, page.count) > 0 {}
        guard errno == ENOSPC else {
            throw Site.Missing(description: "the disk was not filled: \(String(cString: strerror(errno)))")
        }
    }

    func remove() { unlink(self.path) }
}
