package import CanaryAnalysis

/// What a rule decided on a recorded rollout, by scrape, counted from 0.
package struct Decided: Sendable, Equatable {
    package fileprivate(set) var rolledBack: Int?
    /// The first certified scrape of each step; nil where there is none, or none before the roll-back.
    package fileprivate(set) var certified = [Int?](repeating: nil, count: Trajectory.weights.count)

    fileprivate mutating func certify(_ scrape: Int) {
        let step = scrape / Trajectory.perStep
        if self.certified[step] == nil { self.certified[step] = scrape }
    }
}

/// One simulated rollout, decided by the judge and by the reference rule on the same counts.
package struct Rollout: Sendable {
    package let judge: Decided
    package let reference: Decided
    /// The judge where nobody measured how errors cluster.
    package let unmeasured: Decided
    /// The canary's requests up to the roll-back, as a part of all requests of both versions in 40 minutes.
    package let exposed: Double

    package init(_ scenario: Scenario, seed: UInt64, number: Int, run: Int) throws(AnalysisProblem) {
        var draws = Draws(seed: seed, scenario: number, run: run)
        let trajectory = Trajectory(scenario, &draws)
        self.judge = try Self.judge(trajectory, phi: Self.dispersion(trajectory))
        self.unmeasured = try Self.judge(trajectory, phi: 1)
        self.reference = Self.reference(trajectory)
        let last = self.judge.rolledBack ?? trajectory.scrapes.count - 1
        let canary = trajectory.scrapes[...last].reduce(0) { $0 + $1.canary.requests }
        let all = trajectory.scrapes.reduce(0) { $0 + $1.canary.requests + $1.baseline.requests }
        self.exposed = Double(canary) / Double(max(1, all))
    }

    private static func dispersion(_ trajectory: Trajectory) throws(AnalysisProblem) -> Double {
        var pairs: [PairedCounts] = []
        for half in trajectory.halves {
            pairs.append(
                PairedCounts(
                    canary: try ArmCounts(requests: half.one.requests, events: half.one.errors),
                    baseline: try ArmCounts(requests: half.other.requests, events: half.other.errors)))
        }
        return Dispersion.ofSplit(pairs)
    }

    /// The same decision rule as the reference's: no certificate of the version's own rate, no minimum of requests, no
    /// word on silence.
    private static func judge(_ trajectory: Trajectory, phi: Double) throws(AnalysisProblem) -> Decided {
        var settings = CanaryJudge.Settings()
        settings.objective = nil
        settings.minimumRequests = 0
        settings.silence = 1_000_000
        settings.errors.dispersion = phi
        let bounds = try LatencyBounds.nearest(bounds: AnswerTimes.ladder, baseline: trajectory.timesBefore)
        settings.latency = bounds.map { .init(bounds: $0) }
        var judge = try CanaryJudge(settings)
        var decided = Decided()
        for (number, scrape) in trajectory.scrapes.enumerated() {
            judge.update(
                Interval(
                    number: number, weight: scrape.weight, canary: .counts(scrape.canary),
                    baseline: .counts(scrape.baseline)))
            switch judge.decision {
            case .fail:
                decided.rolledBack = number
                return decided
            case .pass: decided.certify(number)
            case .pending, .pause, .noData: break
            }
        }
        return decided
    }

    private static func reference(_ trajectory: Trajectory) -> Decided {
        var rule = ReferenceRule(trajectory)
        var decided = Decided()
        for (number, scrape) in trajectory.scrapes.enumerated() {
            rule.take(scrape)
            switch rule.state {
            case .rollback:
                decided.rolledBack = number
                return decided
            case .certified: decided.certify(number)
            case .proceeding: break
            }
        }
        return decided
    }
}
