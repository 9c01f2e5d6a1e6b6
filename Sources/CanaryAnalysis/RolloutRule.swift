/// The decision on a rollout from several metrics, each with one or more streams of counts:
///
/// 1. the first `warmUp` intervals are left out; how many is fixed in advance
/// 2. each metric's evidence of harm is the mean over its streams; together `ln Σ w_m E_m`
/// 3. fail as soon as that reaches ln(1/α), and for good
/// 4. else pass while every gating metric is certified: each of its streams has evidence of safety of ln(1/β) or more
/// 5. else pending
///
/// α is the probability of failing a version that does no harm, over the whole rollout. Evidence carries over steps,
/// pauses and weights: beginning anew would spend α again. A pass needs no correction for several metrics
/// (intersection-union).
public struct RolloutRule: Sendable, Equatable {
    public struct Metric: Sendable, Equatable {
        public let name: String
        /// Relative to the other metrics' weights.
        public let weight: Double
        /// Whether a pass needs this metric to be certified.
        public let gates: Bool
        public internal(set) var streams: [OddsEvidence]

        /// Throws `badSetting`.
        public init(
            name: String, weight: Double = 1, gates: Bool = true, streams: Int = 1, settings: OddsEvidence.Settings
        ) throws(AnalysisProblem) {
            guard !name.isEmpty, name.utf8.count <= 100, weight > 0, weight <= 1e6, (1...64).contains(streams) else {
                throw AnalysisProblem(
                    .badSetting,
                    "Metric `\(name.prefix(100))` with weight \(weight) and \(streams) streams: a name of 1 to 100 "
                        + "bytes, a weight above 0, 1 to 64 streams.")
            }
            self.name = name
            self.weight = weight
            self.gates = gates
            self.streams = (0..<streams).map { _ in OddsEvidence(settings) }
        }

        /// `ln E` of harm: the mean over the streams.
        public var harm: Double {
            var sum = -Double.infinity
            for stream in self.streams { sum = Arithmetic.logAdd(sum, stream.harm) }
            return sum - Arithmetic.ln(Double(self.streams.count))
        }

        /// `ln E` of safety of the stream that is proved least.
        public func safety(certificate: Int) -> Double {
            var least = Double.infinity
            for stream in self.streams { least = min(least, stream.safety(certificate: certificate)) }
            return least
        }
    }

    public enum State: String, Sendable, Equatable {
        case pending
        case pass
        case fail
    }

    public let alpha: Double
    public let beta: Double
    public let warmUp: Int
    public private(set) var metrics: [Metric]
    /// Intervals that were closed, those of the warm-up included.
    public private(set) var intervals = 0
    /// The interval in which harm was proved, counted from 1.
    public private(set) var failedAt: Int?

    private let logWeights: [Double]
    private var terms = ShareTerms()

    /// Throws `badSetting`.
    public init(
        alpha: Double = 0.01, beta: Double = 0.05, warmUp: Int = 0, metrics: [Metric]
    ) throws(AnalysisProblem) {
        try Level.check(alpha, "alpha")
        try Level.check(beta, "beta")
        guard (0...1_000_000).contains(warmUp), (1...64).contains(metrics.count),
            Set(metrics.map(\.name)).count == metrics.count
        else {
            throw AnalysisProblem(
                .badSetting,
                "\(metrics.count) metrics with a warm-up of \(warmUp) intervals: 1 to 64 metrics with different "
                    + "names, 0 to 1,000,000 intervals.")
        }
        self.alpha = alpha
        self.beta = beta
        self.warmUp = warmUp
        self.metrics = metrics
        let all = metrics.reduce(0) { $0 + $1.weight }
        self.logWeights = metrics.map { Arithmetic.ln($0.weight / all) }
    }

    /// Whether the interval that is open now is one of the warm-up.
    public var isWarmingUp: Bool { self.intervals < self.warmUp }

    /// Adds counts of the open interval to one stream. During the warm-up they are left out.
    public mutating func observe(metric: Int, stream: Int = 0, _ counts: PairedCounts) {
        guard !self.isWarmingUp else { return }
        self.metrics[metric].streams[stream].update(counts, terms: &self.terms)
    }

    /// Closes the interval: harm that is proved now is proved for good.
    public mutating func closeInterval() {
        self.intervals += 1
        if self.failedAt == nil, self.harm >= self.harmNeeded { self.failedAt = self.intervals }
    }

    /// `ln Σ w_m E_m`
    public var harm: Double {
        var sum = -Double.infinity
        for index in self.metrics.indices {
            sum = Arithmetic.logAdd(sum, self.logWeights[index] + self.metrics[index].harm)
        }
        return sum
    }

    public var harmNeeded: Double { Arithmetic.ln(1 / self.alpha) }
    public var safetyNeeded: Double { Arithmetic.ln(1 / self.beta) }

    /// The state of the rule, passing on the certificate at place `certificate` of the metrics' settings.
    public func state(certificate: Int = 0) -> State {
        if self.failedAt != nil { return .fail }
        var gates = false
        for metric in self.metrics where metric.gates {
            gates = true
            if metric.safety(certificate: certificate) < self.safetyNeeded { return .pending }
        }
        return gates ? .pass : .pending
    }

    /// The metric that speaks loudest for harm.
    public var worst: Int {
        self.metrics.indices.max { one, other in
            self.logWeights[one] + self.metrics[one].harm < self.logWeights[other] + self.metrics[other].harm
        } ?? 0
    }

    public static func == (one: RolloutRule, other: RolloutRule) -> Bool {
        one.alpha == other.alpha && one.beta == other.beta && one.warmUp == other.warmUp
            && one.metrics == other.metrics && one.intervals == other.intervals && one.failedAt == other.failedAt
    }
}

extension RolloutRule.Metric: Codable {
    private enum Key: String, CodingKey { case name, weight, gates, streams }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let streams = try container.decode([OddsEvidence].self, forKey: .streams)
        guard let settings = streams.first?.settings, streams.allSatisfy({ $0.settings == settings }) else {
            throw AnalysisProblem(.badState, "A saved metric has no streams, or ones with different settings.")
        }
        try self.init(
            name: try container.decode(String.self, forKey: .name),
            weight: try container.decode(ExactDoubles.self, forKey: .weight).checked(count: 1)[0],
            gates: try container.decode(Bool.self, forKey: .gates), streams: streams.count, settings: settings)
        self.streams = streams
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(self.name, forKey: .name)
        try container.encode(ExactDoubles([self.weight]), forKey: .weight)
        try container.encode(self.gates, forKey: .gates)
        try container.encode(self.streams, forKey: .streams)
    }
}

extension RolloutRule: Codable {
    private enum Key: String, CodingKey { case levels, warmUp, metrics, intervals, failedAt }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let levels = try container.decode(ExactDoubles.self, forKey: .levels).checked(count: 2)
        try self.init(
            alpha: levels[0], beta: levels[1], warmUp: try container.decode(Int.self, forKey: .warmUp),
            metrics: try container.decode([Metric].self, forKey: .metrics))
        self.intervals = try container.decode(Int.self, forKey: .intervals)
        self.failedAt = try container.decodeIfPresent(Int.self, forKey: .failedAt)
        guard self.intervals >= 0, self.intervals < 1 << 50 else {
            throw AnalysisProblem(.badState, "A saved rule has closed \(self.intervals) intervals.")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(ExactDoubles([self.alpha, self.beta]), forKey: .levels)
        try container.encode(self.warmUp, forKey: .warmUp)
        try container.encode(self.metrics, forKey: .metrics)
        try container.encode(self.intervals, forKey: .intervals)
        try container.encodeIfPresent(self.failedAt, forKey: .failedAt)
    }
}
