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
    func `a server that died on a full disk says so when it is started, and with room brings the canary to its end`()
        async throws
    {
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
                    try await Stage.wait(for: "the alarm", within: .seconds(20)) {
                        try await running.client.status().alarm
                    }
                    try running.kill()
                    return (promotion, ballast)
                }
                let more = try Ballast(site.folders.data, "more")
                let refused = try await site.serveAgain()
                print("  a start on a full disk: \(refused.err.split(separator: "\n").last ?? "")")
                #expect(refused.code == 1 && refused.err.contains("room"), "\(refused)")
                let sent = log.count
                try await Stage.wait(for: "100 requests", within: .seconds(30)) { log.count >= sent + 100 ? () : nil }
                ballast.remove()
                more.remove()
                try await site.server.run { running in
                    let stage = Stage(client: running.client, repository: site.repository)
                    _ = try await stage.end(of: promotion, as: .completed)
                    #expect(try await running.client.verifyAudit().verified)
                }
            }
            #expect(log.counts().failed == 0, "\(log.failures(limit: 5))")
        }
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
