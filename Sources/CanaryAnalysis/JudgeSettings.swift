extension CanaryJudge {
    /// How a deployment is judged; fixed before its first request.
    public struct Settings: Sendable, Equatable {
        /// Probability of failing a version that does no harm, over the whole rollout.
        public var alpha = 0.01
        /// Probability of passing a step with a version at or above the ratio or the objective that is certified.
        public var beta = 0.05
        /// So many intervals in which both versions were counted are left out: cold caches look like regressions.
        public var warmUp = 0
        /// No pass before the canary answered so many requests.
        public var minimumRequests = 30
        /// After so many interval numbers without requests on both sides there is no data.
        public var silence = 60
        /// The error rate that a version may be certified to stay below by itself; nil: only the comparison certifies.
        public var objective: Double? = 0.01
        public var errors = Weighing(weight: 2)
        public var latency: Latency?
        /// Which ratio is to be certified up to which weight: the first step that is not below the weight counts, else
        /// the last.
        public var ramp = [
            Ramp(weight: 100, ratio: 10), Ramp(weight: 500, ratio: 4), Ramp(weight: 2_500, ratio: 3),
            Ramp(weight: 5_000, ratio: 2),
        ]
        public var split: SplitCheck.Settings?

        public init() {}

        public struct Weighing: Sendable, Equatable {
            /// Among the metrics, for the decision to fail.
            public var weight: Double
            /// The greatest ratio that is no harm: 1, or 1.1 to 1.25 for noisy services.
            public var tolerated: Double
            /// Mean size of the clusters by which events come; `Dispersion.ofSplit` measures it. 1: they come one by
            /// one.
            public var dispersion: Double

            public init(weight: Double = 1, tolerated: Double = 1, dispersion: Double = 1) {
                self.weight = weight
                self.tolerated = tolerated
                self.dispersion = dispersion
            }
        }

        public struct Latency: Sendable, Equatable {
            public var bounds: LatencyBounds
            public var weighing: Weighing
            /// Whether a pass waits for latency to be certified as well.
            public var gates: Bool

            public init(bounds: LatencyBounds, weighing: Weighing = Weighing(), gates: Bool = false) {
                self.bounds = bounds
                self.weighing = weighing
                self.gates = gates
            }
        }

        public struct Ramp: Sendable, Equatable {
            /// In basis points.
            public var weight: Int
            public var ratio: Double

            public init(weight: Int, ratio: Double) {
                self.weight = weight
                self.ratio = ratio
            }
        }

        /// The place of the certificate that counts at `weight`.
        func certificate(at weight: Int) -> Int {
            self.ramp.firstIndex { weight <= $0.weight } ?? self.ramp.count - 1
        }

        /// Checks everything; throws `badSetting`.
        func rule() throws(AnalysisProblem) -> RolloutRule {
            try Level.check(self.alpha, "alpha")
            guard (0...1_000_000).contains(self.minimumRequests), (1...1_000_000).contains(self.silence),
                (1...4).contains(self.ramp.count), self.ramp.allSatisfy({ (1...10_000).contains($0.weight) }),
                zip(self.ramp, self.ramp.dropFirst()).allSatisfy({ $0.weight < $1.weight })
            else {
                throw AnalysisProblem(
                    .badSetting,
                    "A minimum of \(self.minimumRequests) requests, a silence of \(self.silence) intervals, "
                        + "\(self.ramp.count) "
                        + "ratios to certify: at most 1,000,000 each, and 1 to 4 ratios at ascending weights.")
            }
            var metrics = [
                try RolloutRule.Metric(
                    name: "errors", weight: self.errors.weight, settings: try self.evidence(self.errors))
            ]
            if let latency = self.latency {
                metrics.append(
                    try RolloutRule.Metric(
                        name: "latency", weight: latency.weighing.weight, gates: latency.gates,
                        streams: latency.bounds.places.count, settings: try self.evidence(latency.weighing)))
            }
            return try RolloutRule(alpha: self.alpha, beta: self.beta, warmUp: self.warmUp, metrics: metrics)
        }

        /// Half of what is needed at most from one interval: no single one can convict.
        private func evidence(_ weighing: Weighing) throws(AnalysisProblem) -> OddsEvidence.Settings {
            try OddsEvidence.Settings(
                tolerated: weighing.tolerated, certificates: self.ramp.map(\.ratio), dispersion: weighing.dispersion,
                cap: Arithmetic.ln(1 / self.alpha) / 2)
        }
    }
}

/// How much events cluster.
public enum Dispersion {
    /// `φ = Σ (k_1 - K w)² / Σ K w (1-w)`, 1 or more, over intervals of the old version split in two before the
    /// release: nothing differs between its halves, so what exceeds 1 is clustering (for Poisson clusters of size s: E
    /// s² / E s).
    public static func ofSplit(_ intervals: some Sequence<PairedCounts>) -> Double {
        var (squares, expected) = (0.0, 0.0)
        for counts in intervals where counts.isInformative {
            let events = Double(counts.events)
            let difference = Double(counts.canaryEvents) - events * counts.share
            squares += difference * difference
            expected += events * counts.share * (1 - counts.share)
        }
        return expected > 0 ? min(max(1, squares / expected), 1e6) : 1
    }
}

extension CanaryJudge.Settings: Codable {
    private enum Key: String, CodingKey {
        case levels, warmUp, minimumRequests, silence, objective, errors, latency, ramp, split
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let levels = try container.decode(ExactDoubles.self, forKey: .levels).checked(count: 2)
        (self.alpha, self.beta) = (levels[0], levels[1])
        self.warmUp = try container.decode(Int.self, forKey: .warmUp)
        self.minimumRequests = try container.decode(Int.self, forKey: .minimumRequests)
        self.silence = try container.decode(Int.self, forKey: .silence)
        self.objective = try container.decodeIfPresent(ExactDoubles.self, forKey: .objective)?.checked(count: 1)[0]
        self.errors = try container.decode(Weighing.self, forKey: .errors)
        self.latency = try container.decodeIfPresent(Latency.self, forKey: .latency)
        self.ramp = try container.decode([Ramp].self, forKey: .ramp)
        self.split = try container.decodeIfPresent(SplitCheck.Settings.self, forKey: .split)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(ExactDoubles([self.alpha, self.beta]), forKey: .levels)
        try container.encode(self.warmUp, forKey: .warmUp)
        try container.encode(self.minimumRequests, forKey: .minimumRequests)
        try container.encode(self.silence, forKey: .silence)
        try container.encodeIfPresent(self.objective.map { ExactDoubles([$0]) }, forKey: .objective)
        try container.encode(self.errors, forKey: .errors)
        try container.encodeIfPresent(self.latency, forKey: .latency)
        try container.encode(self.ramp, forKey: .ramp)
        try container.encodeIfPresent(self.split, forKey: .split)
    }
}

extension CanaryJudge.Settings.Weighing: Codable {
    public init(from decoder: any Decoder) throws {
        let numbers = try ExactDoubles(from: decoder).checked(count: 3)
        self.init(weight: numbers[0], tolerated: numbers[1], dispersion: numbers[2])
    }

    public func encode(to encoder: any Encoder) throws {
        try ExactDoubles([self.weight, self.tolerated, self.dispersion]).encode(to: encoder)
    }
}

extension CanaryJudge.Settings.Latency: Codable {}

extension CanaryJudge.Settings.Ramp: Codable {
    private enum Key: String, CodingKey { case weight, ratio }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            weight: try container.decode(Int.self, forKey: .weight),
            ratio: try container.decode(ExactDoubles.self, forKey: .ratio).checked(count: 1)[0])
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(self.weight, forKey: .weight)
        try container.encode(ExactDoubles([self.ratio]), forKey: .ratio)
    }
}
