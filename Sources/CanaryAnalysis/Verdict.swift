/// What the judge thinks, in the numbers that it rests on: the same in events, pages and texts. Whole numbers only:
/// evidence in micro-nats, ratios in thousandths.
public struct Verdict: Sendable, Equatable, Codable {
    /// A name of DESIGN's verdicts: pass, fail, noData, pending; a pause of the split is inconclusive.
    public enum Word: String, Sendable, Codable {
        case pass
        case fail
        case inconclusive
        case noData
        case pending
    }

    public struct Finding: Sendable, Equatable, Codable {
        public let metric: String
        /// The bound that most speaks of harm, in milliseconds; nil for what has no bounds.
        public let slowerThan: Int?
        public let canary: Totals
        public let baseline: Totals
        /// Odds ratio, canary to baseline, at confidence 1 - alpha.
        public let ratioAtLeast: Int
        /// nil: no upper bound within sixteen times.
        public let ratioAtMost: Int?
        public let harm: Int
        public let safety: Int
    }

    public let word: Word
    public let findings: [Finding]
    /// The finding that the sentence is about.
    public let leading: Int
    /// Evidence of harm of all metrics together, and what it must reach.
    public let harm: Int
    public let harmNeeded: Int
    public let safetyNeeded: Int
    /// Evidence that the version's own error rate is below the objective; nil without one.
    public let objective: Int?
    /// One or two sentences for a person: metric, both counts, the ratio's interval, evidence, what was decided.
    public let sentence: String
}

extension CanaryJudge {
    /// The present verdict; `decision` is the judge's own unless a step's time was up.
    public func verdict(_ decision: Decision? = nil) -> Verdict {
        let decision = decision ?? self.decision
        let findings = self.rule.metrics.map(self.finding)
        let leading = self.leading(decision)
        return Verdict(
            word: decision.word, findings: findings, leading: leading, harm: Micro.nats(self.rule.harm),
            harmNeeded: Micro.nats(self.rule.harmNeeded), safetyNeeded: Micro.nats(self.rule.safetyNeeded),
            objective: self.objective.map { Micro.nats($0.evidence) },
            sentence: self.sentence(decision, findings[leading]))
    }

    private func leading(_ decision: Decision) -> Int {
        switch decision {
        case .pass, .noData, .pause: 0
        case .fail, .pending: self.rule.worst
        }
    }

    private func finding(_ metric: RolloutRule.Metric) -> Verdict.Finding {
        let place = metric.streams.indices.max { metric.streams[$0].harm < metric.streams[$1].harm } ?? 0
        let stream = metric.streams[place]
        let interval = stream.interval(alpha: self.rule.alpha)
        let bounds = metric.name == "latency" ? self.settings.latency?.bounds : nil
        return Verdict.Finding(
            metric: metric.name, slowerThan: bounds.map { $0.ladder[$0.places[place]] }, canary: stream.canary,
            baseline: stream.baseline, ratioAtLeast: Micro.thousandths(interval.lower),
            ratioAtMost: interval.upper.isFinite ? Micro.thousandths(interval.upper) : nil,
            harm: Micro.nats(metric.harm),
            safety: Micro.nats(metric.safety(certificate: self.settings.certificate(at: self.weight))))
    }

    private func sentence(_ decision: Decision, _ finding: Verdict.Finding) -> String {
        let counts = finding.words(confidence: 1 - self.rule.alpha)
        let harm = "evidence of harm \(Words.odds(self.rule.harm)), decided at \(Words.odds(self.rule.harmNeeded))"
        switch decision {
        case .pending:
            return "\(counts). Neither harm nor safety is shown: \(harm)."
        case .fail:
            guard let failedAt = self.rule.failedAt, self.rule.harm < self.rule.harmNeeded else {
                return "\(counts). Harm is shown: \(harm)."
            }
            return "\(counts). Harm was shown in interval \(failedAt), for good; now \(harm)."
        case .pass(.ratioBelow(let ratio)):
            let safety = self.errors.safety(certificate: self.settings.certificate(at: self.weight))
            let isCertified = safety >= self.rule.safetyNeeded
            return "\(counts). Certified: the ratio is below \(Words.number(ratio, 2))"
                + (isCertified
                    ? ", evidence \(Words.odds(safety)), decided at \(Words.odds(self.rule.safetyNeeded))." : ".")
        case .pass(.errorsBelow(let objective)):
            let evidence = Words.odds(self.objective?.evidence ?? 0)
            return "\(counts). Certified: its own error rate is below the objective of \(Words.percent(objective)), "
                + "evidence \(evidence), decided at \(Words.odds(self.rule.safetyNeeded))."
        case .pause:
            return self.splitSentence
        case .noData:
            return "\(counts). Too little was seen of one version or of both to say anything, good or bad."
        }
    }

    private var splitSentence: String {
        guard let split = self.split else { return "" }
        let arrivals = "\(Words.count(split.canary)) of \(Words.count(split.canary + split.baseline)) arrivals"
        let evidence = "evidence \(Words.odds(split.evidence)), decided at \(Words.odds(split.needed))"
        return "Traffic does not arrive as configured: \(arrivals) went to the canary, "
            + "\(Words.percent(Double(split.weight) / 10_000)) was asked for (\(evidence)). Likely causes: the balancer "
            + "took instances of one version out, clients that keep an old cookie or connection, retries that land on "
            + "the other version, weights that were changed by hand."
    }
}

extension CanaryJudge.Decision {
    public var word: Verdict.Word {
        switch self {
        case .pending: .pending
        case .pass: .pass
        case .fail: .fail
        case .pause: .inconclusive
        case .noData: .noData
        }
    }
}

extension Verdict.Finding {
    /// `errors: canary 23 of 512 requests (4.49 %), baseline 6 of 9,488 (0.063 %), ratio 12.3 or more at 99 %
    /// confidence`
    func words(confidence: Double) -> String {
        let what = self.slowerThan.map { "slower than \(Words.count($0)) ms" } ?? self.metric
        let lower = Double(self.ratioAtLeast) / 1_000
        let ratio =
            switch (self.ratioAtLeast, self.ratioAtMost) {
            case (0, nil): "ratio not bounded yet"
            case (_, nil): "ratio \(Words.number(lower, 2)) or more"
            case (0, let upper?): "ratio \(Words.number(Double(upper) / 1_000, 2)) or less"
            case (_, let upper?): "ratio \(Words.number(lower, 2)) to \(Words.number(Double(upper) / 1_000, 2))"
            }
        return "\(what): canary \(Words.part(self.canary)), baseline \(Words.part(self.baseline)), \(ratio) at "
            + "\(Words.percent(confidence)) confidence"
    }
}

/// Numbers as whole ones.
enum Micro {
    /// Micro-nats; evidence beyond ±10^9 nats is shown as that.
    static func nats(_ nats: Double) -> Int { Int((max(-1e9, min(1e9, nats)) * 1_000_000).rounded()) }

    static func thousandths(_ ratio: Double) -> Int { Int((ratio * 1_000).rounded()) }
}
