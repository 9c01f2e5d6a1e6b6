import APIClient
import Foundation

/// What the story noted on its way, and how the report follows from it and from the records.
struct Findings: Sendable {
    /// A SIGKILL in the middle of a deployment, and how it went on.
    struct Interruption: Sendable {
        var promotion: Wire.Promotion
        var killedAt: Int64
        /// The newest event of the lane before it.
        var lastPosition: Int
        var restartedAt: Int64?
        /// When the interrupted lane moved again.
        var movedAt: Int64?
    }

    var interruptions: [Interruption] = []
    /// The canary that was stopped by the judge.
    var stopped: Wire.Promotion?
    var rollback: Wire.Promotion?
    /// The version that the rollback left.
    var leftVersion: String?
    var audit: Wire.Audit?
    var lanes: [Wire.Lane] = []
    /// Of production's lane.
    var events: [Wire.Event] = []

    func report(_ load: LoadLog) -> DemoReport {
        var report = DemoReport()
        report.releases = self.entries(load)
        report.crash = self.crash(load)
        report.rollback = self.rollback(load)
        report.audit = self.audit.map { DemoReport.Audit(records: $0.records, verified: $0.verified) }
        report.reason = self.fault(report, load)
        report.ok = report.reason == nil
        return report
    }

    /// One for each deployment, in the order of their starts.
    private func entries(_ load: LoadLog) -> [DemoReport.Entry] {
        let deployments = self.lanes.flatMap(\.recent).filter { $0.startedAt != nil && $0.state.isEnd }
        return deployments.sorted { ($0.startedAt ?? "") < ($1.startedAt ?? "") }.map { self.entry($0, load) }
    }

    private func entry(_ deployment: Wire.Promotion, _ load: LoadLog) -> DemoReport.Entry {
        let (start, end) = (Self.time(deployment.startedAt), Self.time(deployment.endedAt))
        let hasLoad = deployment.environment == Stage.production
        let counts = hasLoad ? load.counts(from: start, to: end) : LoadCounts()
        var seconds: Double?
        if let start, let end { seconds = Self.rounded(end - start) }
        return DemoReport.Entry(
            version: deployment.version, environment: deployment.environment, strategy: deployment.strategy,
            outcome: deployment.state.rawValue, seconds: seconds, requests: counts.requests, failed: counts.failed,
            failedByNewVersion: counts.failedByVersion[deployment.version] ?? 0,
            detectSeconds: self.detection(deployment), rollbackMilliseconds: self.returning(deployment, load))
    }

    /// From the start of its last step to the record of the failure.
    private func detection(_ deployment: Wire.Promotion) -> Double? {
        guard deployment.state == .failed || deployment.state == .aborted, let failure = self.failure(deployment),
            let position = self.events.firstIndex(of: failure),
            let step = self.events[..<position].last(where: { $0.kind == "lane.stepStarted" }),
            let from = Self.time(step.at), let to = Self.time(failure.at)
        else { return nil }
        return Self.rounded(to - from)
    }

    /// From the word that the traffic goes back to the last request of what it leaves: the new version of a deployment that
    /// was stopped, or what a rollback replaced. nil where that got no request at all.
    private func returning(_ deployment: Wire.Promotion, _ load: LoadLog) -> Int? {
        let isRollback = deployment.kind == "rollback"
        let word = isRollback ? self.order(of: deployment) : self.failure(deployment)
        guard let at = Self.time(word?.at), let end = Self.time(deployment.endedAt),
            let left = isRollback ? self.replaced(by: deployment) : deployment.version,
            let last = load.lastSent(to: left, before: end)
        else { return nil }
        return Int(max(0, last - at))
    }

    /// What served before it: the newest that had arrived.
    private func replaced(by deployment: Wire.Promotion) -> String? {
        let arrived = self.lanes.filter { $0.environment == deployment.environment }.flatMap(\.recent).filter {
            ($0.state == .completed || $0.state == .rolledBack) && $0.number < deployment.number
        }
        return arrived.max { $0.number < $1.number }?.version
    }

    /// The append that ordered a rollback.
    private func order(of deployment: Wire.Promotion) -> Wire.Event? {
        struct Numbered: Decodable { var number: Int? }
        guard deployment.environment == Stage.production else { return nil }
        let kinds: Set = ["lane.rollbackOrdered", "lane.rollbackStarted"]
        return self.events.first { event in
            kinds.contains(event.kind)
                && (try? JSONDecoder().decode(Numbered.self, from: Data(event.body.utf8)))?.number == deployment.number
        }
    }

    private func failure(_ deployment: Wire.Promotion) -> Wire.Event? {
        guard deployment.environment == Stage.production, let start = Self.time(deployment.startedAt) else {
            return nil
        }
        return self.events.first { event in
            (event.kind == "lane.failed" || event.kind == "lane.aborted") && Self.time(event.at) ?? 0 >= start
                && event.at <= deployment.endedAt ?? ""
        }
    }

    /// All of them together; the slowest resume.
    private func crash(_ load: LoadLog) -> DemoReport.Crash? {
        var crash: DemoReport.Crash?
        for one in self.interruptions {
            guard let restartedAt = one.restartedAt, let movedAt = one.movedAt else { return nil }
            let counts = load.counts(from: one.killedAt, to: Self.time(one.promotion.endedAt))
            crash = DemoReport.Crash(
                requests: (crash?.requests ?? 0) + counts.requests, failed: (crash?.failed ?? 0) + counts.failed,
                resumeSeconds: max(crash?.resumeSeconds ?? 0, Self.rounded(movedAt - restartedAt)))
        }
        return crash
    }

    private func rollback(_ load: LoadLog) -> DemoReport.Rollback? {
        guard let rollback, let leftVersion, let at = Self.time(self.order(of: rollback)?.at) else { return nil }
        // To the end of the load: a request that came late to the old version would show.
        let last = load.lastSent(to: leftVersion) ?? at
        let counts = load.counts(from: at, to: Self.time(rollback.endedAt))
        return DemoReport.Rollback(milliseconds: Int(max(0, last - at)), failed: counts.failed)
    }

    /// What a canary that fails one request in twenty-five may cost its users.
    static let mostWrongAnswers = 20
    /// From its first wrong answer to the record that it is taken back.
    static let mostSecondsToFind = 15.0

    /// nil: no canary was stopped, or none of its answers was wrong.
    func secondsToFind(_ load: LoadLog) -> Double? {
        guard let stopped, let first = load.firstFailure(of: stopped.version),
            let found = Self.time(self.failure(stopped)?.at)
        else { return nil }
        return Self.rounded(found - first)
    }

    /// nil if everything is as it should be.
    private func fault(_ report: DemoReport, _ load: LoadLog) -> String? {
        let counts = load.counts()
        if counts.requests == 0 { return "There was no load." }
        let stopped = self.stopped.map { counts.failedByVersion[$0.version] ?? 0 } ?? 0
        if stopped > Self.mostWrongAnswers {
            return "The bad canary answered \(stopped) requests wrongly, at most \(Self.mostWrongAnswers) are allowed."
        }
        if let seconds = self.secondsToFind(load), seconds > Self.mostSecondsToFind {
            return "The bad canary was taken back \(seconds) s after its first wrong answer, at most "
                + "\(Self.mostSecondsToFind) s are allowed."
        }
        if counts.failed > stopped {
            return "\(counts.failed) of \(counts.requests) requests failed. "
                + load.failures(limit: 3).joined(separator: "; ")
        }
        if let count = counts.byVersion["1.2.0"] { return "1.2.0 failed its verify and still got \(count) requests." }
        guard report.crash != nil else { return "The crash has no figures." }
        guard report.rollback != nil else { return "The rollback has no figures." }
        guard let audit = self.audit else { return "The record was not checked." }
        return audit.verified ? nil : "The record is not whole: \(audit.problem ?? "no reason given")"
    }

    /// Milliseconds of UTC since 1970 for a time of the wire.
    static func time(_ text: String?) -> Int64? {
        guard let text else { return nil }
        let whole = try? Date(text, strategy: .iso8601)
        let parts = try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        return (parts ?? whole).map { Int64(($0.timeIntervalSince1970 * 1_000).rounded()) }
    }

    /// Seconds with three digits.
    private static func rounded(_ milliseconds: Int64) -> Double { Double(milliseconds) / 1_000 }
}
