import APIClient
import Demo
import Foundation
import Testing

/// What was seen of a canary outlives the process that saw it.
@Suite(.serialized, .timeLimit(.minutes(20))) struct CanaryKillTests {
    private static var rounds: Int { ProcessInfo.processInfo.environment["SLIPWAY_NIGHTLY"] == nil ? 3 : 25 }

    /// A second after it was asked for, the canary of `Canary.production` is about to get traffic; with its bake it is
    /// over about here.
    private static let canary = 1_000...6_000

    @Test func `killed at random moments of a canary, the end is the same and neither evidence nor a request is lost`()
        async throws
    {
        let seed = Steps.chosenSeed
        print("SIGKILL at \(Self.rounds) random moments of canaries, seed \(seed)")
        var random = Steps(state: seed)
        let moments = (0..<Self.rounds).map { _ in Int.random(in: Self.canary, using: &random) }
        try await Site.with(portsFrom: 7_501) { site in
            let release = try await site.server.run { running in
                let stage = Stage(client: running.client, repository: site.repository)
                let release = try await site.open(stage)
                try await Canary.define(site, running.client)
                return release
            }
            let (seen, log) = try await site.underLoad { log in
                var seen: [Round] = []
                for moment in moments {
                    let round = try await Self.round(site, release, killedAfter: moment, log)
                    seen.append(round)
                    print("  killed after \(moment) ms: \(round)")
                    #expect(log.counts().failed == 0, "\(moment) ms, seed \(seed): \(log.failures(limit: 3))")
                }
                return seen
            }
            let counts = log.counts()
            #expect(counts.failed == 0, "seed \(seed): \(log.failures(limit: 5))")
            let inside = seen.filter { $0.before > 0 }.count
            print(
                "figure: \(moments.count) kills of canaries, \(inside) of them after the first evidence: "
                    + "\(counts.requests) requests, \(counts.failed) failed; "
                    + "\(seen.reduce(0) { $0 + $1.observed }) observed, \(seen.reduce(0) { $0 + $1.sent }) sent meanwhile"
            )
        }
    }

    private struct Round: CustomStringConvertible {
        /// Requests that were observed of both versions: right before the kill, by the end, and sent in that time.
        let before: Int
        let observed: Int
        let sent: Int

        var description: String { "\(self.before) observed before, \(self.observed) by the end, \(self.sent) sent" }
    }

    /// From 1.0.0 to 1.1.0 by a canary with a SIGKILL on the way, and back.
    private static func round(
        _ site: Site, _ release: Wire.Release, killedAfter moment: Int, _ log: LoadLog
    ) async throws -> Round {
        let (promotion, before) = try await site.server.run { running in
            let promotion = try await Stage(client: running.client, repository: site.repository).promote(release)
            try await Task.sleep(for: .milliseconds(moment))
            let before = try await Evidence(running.client, promotion.id)
            try running.kill()
            return (promotion, before)
        }
        let after = try await site.server.run { running in
            let stage = Stage(client: running.client, repository: site.repository)
            // Until its first look it shows what is on record; from then on all that was seen counts.
            let resumed = try await Stage.wait(
                for: "what was judged before the kill at \(moment) ms: \(before)", within: .seconds(10)
            ) {
                let evidence = try await Evidence(running.client, promotion.id)
                return evidence.holds(before) ? evidence : nil
            }
            let ended = try await stage.end(of: promotion, as: .completed)
            #expect(ended.version == "1.1.0")
            #expect(try await stage.lane().serving.map(\.version) == ["1.1.0"])
            let after = try await Evidence(running.client, promotion.id)
            #expect(after.judged > 0 && after.judged == after.toBeJudged, "\(moment) ms: \(after)")
            #expect(after.holds(resumed), "\(moment) ms: \(resumed) after the kill, \(after) at the end")
            try await Self.back(stage, running.client)
            return after
        }
        return Round(
            before: before.observed, observed: after.compared, sent: try Self.compare(after, with: log, moment))
    }

    private static func back(_ stage: Stage, _ client: APIClient) async throws {
        let act = Wire.Act(reason: "the next round")
        let back = try await client.rollback(service: Stage.service, environment: Stage.production, act)
        _ = try await stage.end(of: back, as: .rolledBack)
        #expect(try await stage.lane().serving.map(\.version) == ["1.0.0"])
        _ = try await client.act(service: Stage.service, environment: Stage.production, .unhold, act)
        #expect(try await client.verifyAudit().verified)
    }

    /// What was observed between the first look and the last is what was sent between them, over the kill too.
    private static func compare(_ evidence: Evidence, with log: LoadLog, _ moment: Int) throws -> Int {
        #expect(evidence.gaps.isEmpty, "killed after \(moment) ms: \(evidence.gaps)")
        let (first, last) = (try #require(evidence.from), try #require(evidence.to))
        let sent = log.counts(from: first, to: last).requests
        // A request is sent before it is counted, by the time it takes at most; and a look notes its time after it has
        // read the counters, when it has also asked for the instances' health. So each end may be off by what comes in
        // that time: much less than what came while the server was dead.
        let slack = Int64(log.percentile(1) ?? 0) + Self.lookTakes
        let atTheEnds =
            log.counts(from: first - slack, to: first + slack).requests
            + log.counts(from: last - slack, to: last + slack).requests
        #expect(
            abs(evidence.compared - sent) <= atTheEnds,
            "killed after \(moment) ms: \(evidence.compared) observed, \(sent) sent, \(atTheEnds) around the ends")
        return sent
    }

    /// In milliseconds: a health check and a query of the ledger, on a busy machine.
    private static let lookTakes: Int64 = 100
}

/// What the server knows of a canary, by its API.
private struct Evidence: CustomStringConvertible {
    /// Requests of each version over all intervals, the new one first.
    let requests: [String: Int]
    /// Of the newest judgement on record, old and new.
    let judged: Int
    /// Requests of all looks that it rests on.
    let toBeJudged: Int
    /// Intervals in which something is missing, as sentences.
    let gaps: [String]
    /// Requests of both versions from the first look at the new one to the last: before it, only one was looked at.
    let compared: Int
    /// These two looks, in milliseconds of UTC since 1970.
    let from: Int64?
    let to: Int64?

    var observed: Int { self.requests.values.reduce(0, +) }
    var description: String { "\(self.requests), \(self.judged) of \(self.toBeJudged) judged" }

    init(_ client: APIClient, _ promotion: String) async throws {
        let judgement = try await client.promotion(promotion).judgement
        self.judged = judgement.map { $0.new.requests + ($0.old?.requests ?? 0) } ?? 0
        let traffic = try await client.traffic(promotion)
        self.requests = Dictionary(
            uniqueKeysWithValues: traffic.arms.map { ($0.arm, $0.points.compactMap(\.requests).reduce(0, +)) })
        self.gaps = traffic.arms.flatMap { Self.gaps($0) }
        let new = traffic.arms.first?.points ?? []
        let both = traffic.arms.flatMap(\.points).filter { $0.from >= new.first?.from ?? "" }
        // Written down right after its last look.
        self.toBeJudged = both.filter { $0.at <= judgement?.at ?? "" }.compactMap(\.requests).reduce(0, +)
        self.compared = both.compactMap(\.requests).reduce(0, +)
        self.from = new.first.flatMap { Times.milliseconds($0.from) }
        self.to = new.last.flatMap { Times.milliseconds($0.at) }
    }

    /// Lines of the log that came while nobody listened are a loss of times; the counts are known all the same.
    private static func gaps(_ arm: Wire.TrafficArm) -> [String] {
        let holes = zip(arm.points, arm.points.dropFirst()).filter { $0.at != $1.from }
        return holes.map { "\(arm.arm): nothing from \($0.at) to \($1.from)" }
            + arm.points.filter { $0.gap != nil && $0.gap != "loss" || $0.requests == nil }
            .map { "\(arm.arm) at \($0.at): \($0.gap ?? "no count")" }
    }

    /// Whether nothing of what was known earlier is missing here.
    func holds(_ earlier: Evidence) -> Bool {
        self.judged >= earlier.judged && earlier.requests.allSatisfy { self.requests[$0] ?? 0 >= $1 }
    }
}
