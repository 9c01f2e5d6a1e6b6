/// Whether traffic arrives in the configured split (sample ratio mismatch): if it does not, routing is broken or the
/// balancer took the canary out, and nothing else that is measured can be trusted.
///
/// While a weight stays the same, `CountEvidence.share` is an e-process on the arrivals. Each weight begins a new one,
/// the s-th with the part `α / (s(s+1))` of α; these parts sum to α, so any false alarm has a probability of α at most,
/// and no weight inherits the evidence debt of the one before. An alarm further needs the observed odds to differ from
/// the configured ones by more than `tolerance`, since millions of requests prove differences that mean nothing (a hash
/// is not perfectly even).
///
/// The form assumes that each arrival draws its version by itself. Where a user keeps his version, hand in users at
/// their first request, not requests.
public struct SplitCheck: Sendable, Equatable {
    public struct Settings: Sendable, Equatable {
        public let alpha: Double
        /// Prior strength κ, in arrivals.
        public let strength: Double
        /// Odds ratio, observed to configured, up to which a difference is none; above 1.
        public let tolerance: Double

        /// Throws `badSetting`.
        public init(
            alpha: Double = 0.001, strength: Double = 100, tolerance: Double = 1.25
        ) throws(AnalysisProblem) {
            try Level.check(alpha, "alpha of the split")
            guard strength > 0, strength <= 1e9, tolerance >= 1, tolerance <= 1e6 else {
                throw AnalysisProblem(
                    .badSetting,
                    "A prior strength of \(strength) and a tolerance of \(tolerance): above 0, and 1 or more.")
            }
            self.alpha = alpha
            self.strength = strength
            self.tolerance = tolerance
        }
    }

    public let settings: Settings
    /// How many weights there were.
    public private(set) var stage = 0
    /// The configured share of the canary, in basis points.
    public private(set) var weight = 0
    /// Arrivals since this weight began.
    public private(set) var canary = 0
    public private(set) var baseline = 0
    /// Once raised it stays, until `acknowledge`.
    public private(set) var isAlarm = false

    public init(_ settings: Settings) { self.settings = settings }

    /// Adds one interval at `weight` basis points. Weights of 0 and of 10,000 and above are no split, and are left out.
    /// Throws `negative`, `tooLarge`.
    public mutating func update(weight: Int, canary: Int, baseline: Int) throws(AnalysisProblem) {
        let canary = try ArmCounts(requests: canary, events: 0).requests
        let baseline = try ArmCounts(requests: baseline, events: 0).requests
        guard (1..<10_000).contains(weight) else { return }
        if weight != self.weight { self.begin(weight) }
        // Beyond 10^15 arrivals at one weight nothing is added; the proof is not lost.
        guard self.canary + self.baseline <= ArmCounts.greatest else { return }
        self.canary += canary
        self.baseline += baseline
        if self.evidence >= self.needed, self.isOutside { self.isAlarm = true }
    }

    /// A person has looked: the alarm ends, and the count at this weight begins anew.
    public mutating func acknowledge() {
        self.isAlarm = false
        if self.weight > 0 { self.begin(self.weight) }
    }

    /// `ln E` at the present weight.
    public var evidence: Double {
        guard self.weight > 0 else { return 0 }
        return CountEvidence.ofShare(
            Double(self.canary), Double(self.baseline), share: Double(self.weight) / 10_000,
            strength: self.settings.strength)
    }

    /// What `evidence` must reach: `ln(s(s+1)/α)` at the s-th weight.
    public var needed: Double {
        let stage = Double(max(self.stage, 1))
        return Arithmetic.ln(stage * (stage + 1) / self.settings.alpha)
    }

    private mutating func begin(_ weight: Int) {
        self.stage += 1
        self.weight = weight
        self.canary = 0
        self.baseline = 0
    }

    /// Half an arrival on each side keeps the odds a number.
    private var isOutside: Bool {
        let share = Double(self.weight) / 10_000
        let odds = (Double(self.canary) + 0.5) / (Double(self.baseline) + 0.5) * (1 - share) / share
        return odds > self.settings.tolerance || odds < 1 / self.settings.tolerance
    }
}

extension SplitCheck: Codable {
    private enum Key: String, CodingKey { case settings, counts, isAlarm }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let counts = try container.decode([Int].self, forKey: .counts)
        guard counts.count == 4, counts.allSatisfy({ $0 >= 0 }), counts[0] <= 1 << 40, counts[1] < 10_000,
            counts[2] <= 2 * ArmCounts.greatest, counts[3] <= 2 * ArmCounts.greatest
        else { throw AnalysisProblem(.badState, "A saved split check holds \(counts).") }
        self.settings = try container.decode(Settings.self, forKey: .settings)
        (self.stage, self.weight, self.canary, self.baseline) = (counts[0], counts[1], counts[2], counts[3])
        self.isAlarm = try container.decode(Bool.self, forKey: .isAlarm)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(self.settings, forKey: .settings)
        try container.encode([self.stage, self.weight, self.canary, self.baseline], forKey: .counts)
        try container.encode(self.isAlarm, forKey: .isAlarm)
    }
}

extension SplitCheck.Settings: Codable {
    public init(from decoder: any Decoder) throws {
        let numbers = try ExactDoubles(from: decoder).checked(count: 3)
        try self.init(alpha: numbers[0], strength: numbers[1], tolerance: numbers[2])
    }

    public func encode(to encoder: any Encoder) throws {
        try ExactDoubles([self.alpha, self.strength, self.tolerance]).encode(to: encoder)
    }
}

/// Probabilities of error that may be asked for.
enum Level {
    /// An alpha of 0 could never decide, one of 0.5 and more says nothing.
    static func check(_ level: Double, _ name: String) throws(AnalysisProblem) {
        guard level >= 1e-12, level < 0.5 else {
            throw AnalysisProblem(
                .badSetting,
                "\(name) is \(level): 10^-12 to below 0.5 is allowed; 0.01 is usual. At 0 nothing is decided.")
        }
    }
}
