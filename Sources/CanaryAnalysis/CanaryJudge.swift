/// The judge of one deployment: takes the counts of each interval and says whether the rollout may go on.
///
///     var judge = try CanaryJudge(settings)
///     judge.update(interval)            // for each interval, in order
///     judge.decision                    // pending, pass, fail, pause, noData
///     judge.verdict().sentence          // the same for a person
///
/// The value is the whole state: saved and restored it goes on with the same bits. An update takes constant time and
/// allocates nothing. Errors and latency are judged by `RolloutRule`, a version's own error rate by
/// `ObjectiveCertificate`, the split by `SplitCheck`.
public struct CanaryJudge: Sendable, Equatable {
    public let settings: Settings
    public private(set) var rule: RolloutRule
    public private(set) var objective: ObjectiveCertificate?
    public private(set) var split: SplitCheck?
    /// The canary's share of the last interval, in basis points.
    public private(set) var weight = 0
    /// How often errors were set aside, by `Reception.Reason` in the order of its cases.
    private var asideCounts = ContiguousArray(repeating: 0, count: Reception.Reason.allCases.count)
    private var lastNumber: Int?
    /// The last interval in which both versions answered requests; the one before the first, as long as there is none.
    private var lastSeen: Int?

    /// Throws `badSetting`.
    public init(_ settings: Settings) throws(AnalysisProblem) {
        self.settings = settings
        self.rule = try settings.rule()
        if let objective = settings.objective {
            self.objective = try ObjectiveCertificate(objective: objective, dispersion: settings.errors.dispersion)
        }
        self.split = settings.split.map(SplitCheck.init)
    }

    /// A person has looked at the split and says that the rollout goes on.
    public mutating func acknowledgeSplit() { self.split?.acknowledge() }

    /// How many intervals gave no evidence on errors, and why.
    public func setAside(_ reason: Reception.Reason) -> Int { self.asideCounts[reason.place] }

    // MARK: Learning

    /// Adds one interval, and says what it was used for.
    @discardableResult
    public mutating func update(_ interval: Interval) -> Reception {
        let reception = self.receive(interval)
        if case .neutral(let reason) = reception.errors { self.asideCounts[reason.place] += 1 }
        return reception
    }

    private mutating func receive(_ interval: Interval) -> Reception {
        guard (0..<1 << 50).contains(interval.number), (0...10_000).contains(interval.weight) else {
            return .all(.impossible)
        }
        if let last = self.lastNumber, interval.number <= last { return .all(.late) }
        self.lastNumber = interval.number
        self.lastSeen = self.lastSeen ?? interval.number - 1
        self.weight = interval.weight
        switch (interval.canary, interval.baseline) {
        case (.counts(let canary), .counts(let baseline)):
            return self.compare(canary, baseline, in: interval)
        case (.reset, _), (_, .reset):
            return .all(.reset)
        case (.counts(let canary), .missing):
            // The version's own rate needs no baseline.
            if let counts = canary.checked, !self.rule.isWarmingUp { self.objective?.update(counts) }
            return .all(.missingBaseline)
        case (.missing, .counts):
            return .all(.missingCanary)
        case (.missing, .missing):
            return .all(.missingBoth)
        }
    }

    private mutating func compare(
        _ canary: Interval.Counts, _ baseline: Interval.Counts, in interval: Interval
    ) -> Reception {
        guard let canaryCounts = canary.checked, let baselineCounts = baseline.checked else {
            return .all(.impossible)
        }
        var reception = Reception()
        reception.split = self.checkSplit(interval)
        if canaryCounts.requests > 0, baselineCounts.requests > 0 { self.lastSeen = interval.number }
        if self.rule.isWarmingUp {
            reception.errors = .neutral(.warmUp)
            reception.latency = .neutral(.warmUp)
        } else {
            self.objective?.update(canaryCounts)
            self.rule.observe(metric: 0, PairedCounts(canary: canaryCounts, baseline: baselineCounts))
            reception.latency = self.compareTimes(canary.times, baseline.times)
        }
        self.rule.closeInterval()
        return reception
    }

    private mutating func compareTimes(_ canary: Interval.Times, _ baseline: Interval.Times) -> Reception.Use {
        guard let bounds = self.settings.latency?.bounds else { return .neutral(.notGiven) }
        switch (canary, baseline) {
        case (.buckets(let canary), .buckets(let baseline)):
            guard bounds.accepts(canary), bounds.accepts(baseline) else { return .neutral(.impossible) }
            for place in bounds.places.indices {
                self.rule.observe(metric: 1, stream: place, bounds.counts(place, canary: canary, baseline: baseline))
            }
            return .counted
        case (.lost, _), (_, .lost):
            return .neutral(.loss)
        case (.none, _), (_, .none):
            return .neutral(.notGiven)
        }
    }

    private mutating func checkSplit(_ interval: Interval) -> Reception.Use {
        guard let arrivals = interval.arrivals, self.split != nil, (1..<10_000).contains(interval.weight) else {
            return .neutral(.notGiven)
        }
        do {
            try self.split?.update(weight: interval.weight, canary: arrivals.canary, baseline: arrivals.baseline)
            return .counted
        } catch {
            return .neutral(.impossible)
        }
    }

    // MARK: Deciding

    public enum Decision: Sendable, Equatable {
        /// Neither harm nor safety is proved.
        case pending
        /// The rollout may go on.
        case pass(Grounds)
        /// Harm is proved, for good: roll back.
        case fail
        /// Traffic does not arrive in the configured split: ask a person, trust nothing else.
        case pause
        /// Nothing was seen of one version, or of both, for longer than `silence`: neither good nor bad.
        case noData
    }

    public enum Grounds: Sendable, Equatable {
        /// The errors' odds ratio to the baseline is certified below this.
        case ratioBelow(Double)
        /// The version's own error rate is certified below the objective.
        case errorsBelow(Double)
    }

    public var decision: Decision {
        if self.rule.failedAt != nil { return .fail }
        if self.split?.isAlarm == true { return .pause }
        if self.isSilent { return .noData }
        return self.grounds.map(Decision.pass) ?? .pending
    }

    /// The decision when a step's time is up: `advance-unless-doubt`. A step with fewer than `minimumRequests` requests
    /// of the canary has no data; else it passes if it passes, or if the upper bound of the errors' ratio is below what
    /// would be certified. pending then means doubt: ask a person.
    public func decisionWhenTimeIsUp(requestsInStep: Int) -> Decision {
        let decision = self.decision
        switch decision {
        case .fail, .pause, .noData: return decision
        case .pass, .pending: break
        }
        if requestsInStep < self.settings.minimumRequests { return .noData }
        if case .pass = decision { return decision }
        let limit = self.settings.ramp[self.settings.certificate(at: self.weight)].ratio
        let upper = self.errors.interval(alpha: self.settings.alpha).upper
        return upper < limit ? .pass(.ratioBelow(limit)) : .pending
    }

    /// What a pass would rest on now.
    private var grounds: Grounds? {
        guard self.errors.canary.requests >= self.settings.minimumRequests else { return nil }
        let certificate = self.settings.certificate(at: self.weight)
        let needed = self.rule.safetyNeeded
        for metric in self.rule.metrics.dropFirst() where metric.gates {
            if metric.safety(certificate: certificate) < needed { return nil }
        }
        if self.errors.safety(certificate: certificate) >= needed {
            return .ratioBelow(self.settings.ramp[certificate].ratio)
        }
        guard let objective = self.objective, objective.evidence >= needed else { return nil }
        return .errorsBelow(objective.objective)
    }

    private var isSilent: Bool {
        guard let last = self.lastNumber, let seen = self.lastSeen else { return false }
        return last - seen >= self.settings.silence
    }

    /// Evidence on errors.
    public var errors: OddsEvidence { self.rule.metrics[0].streams[0] }
}

extension Interval.Counts {
    fileprivate var checked: ArmCounts? { try? ArmCounts(requests: self.requests, events: self.errors) }
}

extension Reception.Reason {
    fileprivate var place: Int {
        switch self {
        case .notGiven: 0
        case .missingCanary: 1
        case .missingBaseline: 2
        case .missingBoth: 3
        case .reset: 4
        case .impossible: 5
        case .late: 6
        case .warmUp: 7
        case .loss: 8
        }
    }
}

extension CanaryJudge: Codable {
    private enum Key: String, CodingKey { case settings, rule, objective, split, weight, aside, lastNumber, lastSeen }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        try self.init(try container.decode(Settings.self, forKey: .settings))
        let fresh = self
        self.rule = try container.decode(RolloutRule.self, forKey: .rule)
        self.objective = try container.decodeIfPresent(ObjectiveCertificate.self, forKey: .objective)
        self.split = try container.decodeIfPresent(SplitCheck.self, forKey: .split)
        self.weight = try container.decode(Int.self, forKey: .weight)
        self.asideCounts = try container.decode(ContiguousArray<Int>.self, forKey: .aside)
        self.lastNumber = try container.decodeIfPresent(Int.self, forKey: .lastNumber)
        self.lastSeen = try container.decodeIfPresent(Int.self, forKey: .lastSeen)
        guard self.hasShape(of: fresh) else {
            throw AnalysisProblem(.badState, "A saved judge does not fit its own settings.")
        }
    }

    private func hasShape(of fresh: CanaryJudge) -> Bool {
        let shape = fresh.rule.metrics.map { [$0.streams[0].settings] + $0.streams.map(\.settings) }
        let numbers = [self.lastNumber ?? 0, (self.lastSeen ?? 0) + 1]
        return self.rule.alpha == fresh.rule.alpha && self.rule.beta == fresh.rule.beta
            && self.rule.warmUp == fresh.rule.warmUp && self.rule.metrics.map(\.name) == fresh.rule.metrics.map(\.name)
            && self.rule.metrics.map { [$0.streams[0].settings] + $0.streams.map(\.settings) } == shape
            && self.objective?.objective == fresh.objective?.objective
            && self.objective?.dispersion == fresh.objective?.dispersion
            && self.split?.settings == fresh.split?.settings && (0...10_000).contains(self.weight)
            && self.asideCounts.count == fresh.asideCounts.count && self.asideCounts.allSatisfy { $0 >= 0 }
            && numbers.allSatisfy { (0...1 << 50).contains($0) }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(self.settings, forKey: .settings)
        try container.encode(self.rule, forKey: .rule)
        try container.encodeIfPresent(self.objective, forKey: .objective)
        try container.encodeIfPresent(self.split, forKey: .split)
        try container.encode(self.weight, forKey: .weight)
        try container.encode(self.asideCounts, forKey: .aside)
        try container.encodeIfPresent(self.lastNumber, forKey: .lastNumber)
        try container.encodeIfPresent(self.lastSeen, forKey: .lastSeen)
    }
}
