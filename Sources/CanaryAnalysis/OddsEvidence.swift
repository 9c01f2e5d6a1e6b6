/// Evidence on the odds ratio of an event, canary to baseline, from counts of both in the same intervals: the odds-grid
/// e-process.
///
/// An interval with `n_c`, `n_b` requests and `k_c`, `k_b` events has `w = n_c / (n_c + n_b)` and `K = k_c + k_b`. At
/// an odds ratio `e^d` each event falls on the canary with probability `θ(d) = w e^d / (1 - w + w e^d)`, and
///
///     ℓ(d) = (k_c d - K ln(1 + w(e^d - 1))) / φ           L(d) = Σ ℓ(d)          over the grid of `OddsGrid`
///     harm     E = mean over d_j > ln ρ0 of exp Σ min(cap, ℓ(d_j) - ℓ(ln ρ0))
///     safe     E = mean over d_j < ln ρ1 of exp(L(d_j) - L(ln ρ1))
///     interval { d : ln mean_j exp L(d_j) - L(d) < ln(1/α) }, rounded outwards to the grid
///
/// The hypothesis of harm is "the odds ratio is ρ0 or less in every interval", that of safety "it is ρ1 or more". Under
/// its hypothesis each E is an e-process: the probability that it ever reaches 1/α is at most α, whenever one looks and
/// however weights change (Ville). Given the arrivals and K, `k_c` is hypergeometric, which the binomial dominates in
/// convex order (Hoeffding 1963); so only equality within an interval is assumed, and the rate may drift between them.
/// The form generalises Lindon and Malek, "Anytime-Valid Inference for Multinomial Count Data" (arXiv 2011.03567). `φ`
/// and `cap` only lower evidence of harm under its hypothesis. Keep event probabilities below 10 % for the safe side.
///
/// All evidence is in nats (natural logarithms). An interval without requests on both sides, or without an event, adds
/// nothing. An update takes constant time and allocates nothing; the state is under 3 KB.
public struct OddsEvidence: Sendable, Equatable {
    public struct Settings: Sendable, Equatable {
        /// The greatest odds ratio that is no harm: 1 to 15.
        public let tolerated: Double
        /// Odds ratios that can be certified not to be reached; each from 1/15 to 15, at most four.
        public let certificates: [Double]
        /// Dispersion of the events, 1 or more: the mean size of clusters by which they come.
        public let dispersion: Double
        /// The most that one interval can add to a hypothesis, in nats; nil: no limit. Half of ln(1/α) needs two to
        /// convict.
        public let cap: Double?
        /// For how many intervals a break that begins late is looked for as well; nil: evidence counts from the start
        /// alone.
        public let horizon: Int?

        /// Throws `badSetting`.
        public init(
            tolerated: Double = 1, certificates: [Double] = [2], dispersion: Double = 1, cap: Double? = nil,
            horizon: Int? = nil
        ) throws(AnalysisProblem) {
            guard (1...15).contains(tolerated) else {
                throw AnalysisProblem(.badSetting, "A tolerated ratio of \(tolerated): 1 to 15 is allowed.")
            }
            guard certificates.count <= Self.mostCertificates,
                certificates.allSatisfy({ (1 / 15...15).contains($0) })
            else {
                throw AnalysisProblem(
                    .badSetting,
                    "Ratios to certify \(certificates): at most \(Self.mostCertificates), each from 1/15 to 15.")
            }
            guard dispersion >= 1, dispersion <= 1e6 else {
                throw AnalysisProblem(.badSetting, "A dispersion of \(dispersion): 1 to 1,000,000 is allowed.")
            }
            guard cap.map({ $0 > 0 && $0 <= 1e6 }) ?? true else {
                throw AnalysisProblem(.badSetting, "A cap of \(cap ?? 0) nats: more than 0, at most 1,000,000.")
            }
            guard horizon.map({ (1...1_000_000).contains($0) }) ?? true else {
                throw AnalysisProblem(.badSetting, "A horizon of \(horizon ?? 0) intervals: 1 to 1,000,000.")
            }
            self.tolerated = tolerated
            self.certificates = certificates
            self.dispersion = dispersion
            self.cap = cap
            self.horizon = horizon
        }

        static let mostCertificates = 4
    }

    public let settings: Settings
    /// All counted so far.
    public private(set) var canary = Totals()
    public private(set) var baseline = Totals()

    /// Rows one after the other: L(d_j); harm of each d_j above ρ0; L(ln ρ1) of each certificate; restarted harm, with
    /// a horizon.
    private var state: ContiguousArray<Double>
    /// The first place of the grid above ln ρ0.
    private let firstHarm: Int
    /// How many places of the grid are below each certificate.
    private let placesBelow: [Int]

    public init(_ settings: Settings) {
        self.settings = settings
        self.firstHarm = OddsGrid.firstAbove(Arithmetic.ln(settings.tolerated))
        self.placesBelow = settings.certificates.map { OddsGrid.countBelow(Arithmetic.ln($0)) }
        self.state = ContiguousArray(repeating: 0, count: Self.size(settings, self.firstHarm))
        if settings.horizon != nil {
            for index in self.restarted { self.state[index] = -.infinity }
        }
    }

    private static func size(_ settings: Settings, _ firstHarm: Int) -> Int {
        let harms = OddsGrid.count - firstHarm
        return OddsGrid.count + harms * (settings.horizon == nil ? 1 : 2) + settings.certificates.count
    }

    private var harms: Range<Int> { OddsGrid.count..<2 * OddsGrid.count - self.firstHarm }
    private var certified: Range<Int> {
        self.harms.upperBound..<self.harms.upperBound + self.settings.certificates.count
    }
    private var restarted: Range<Int> { self.certified.upperBound..<self.certified.upperBound + self.harms.count }

    // MARK: Learning

    /// Adds one interval. `terms` is scratch room: hand in the same value for all streams.
    public mutating func update(_ counts: PairedCounts, terms: inout ShareTerms) {
        self.canary.add(counts.canaryRequests, counts.canaryEvents)
        self.baseline.add(counts.baselineRequests, counts.events - counts.canaryEvents)
        if self.settings.horizon != nil { self.restart() }
        guard counts.isInformative else { return }
        terms.prepare(counts.share)
        self.addCertificates(counts)
        self.addGrid(counts, terms)
    }

    /// `ℓ(d)` for one ratio that need not be on the grid.
    private func gain(_ counts: PairedCounts, ratio: Double) -> Double {
        let logTerm = Arithmetic.lnOnePlus(counts.share * (ratio - 1))
        return (Double(counts.canaryEvents) * Arithmetic.ln(ratio) - Double(counts.events) * logTerm)
            / self.settings.dispersion
    }

    private mutating func addCertificates(_ counts: PairedCounts) {
        for (offset, ratio) in self.settings.certificates.enumerated() {
            self.state[self.certified.lowerBound + offset] += self.gain(counts, ratio: ratio)
        }
    }

    private mutating func addGrid(_ counts: PairedCounts, _ terms: borrowing ShareTerms) {
        let canaryEvents = Double(counts.canaryEvents)
        let events = Double(counts.events)
        let dispersion = self.settings.dispersion
        let cap = self.settings.cap ?? .infinity
        let tolerated = self.settings.tolerated == 1 ? 0 : self.gain(counts, ratio: self.settings.tolerated)
        let (first, shift) = (self.firstHarm, OddsGrid.count - self.firstHarm)
        let restartedShift = self.settings.horizon == nil ? nil : self.restarted.lowerBound - first
        self.state.withUnsafeMutableBufferPointer { state in
            terms.rows.withUnsafeBufferPointer { rows in
                for index in 0..<first {
                    state[index] +=
                        (canaryEvents * rows[index] - events * rows[2 * OddsGrid.count + index]) / dispersion
                }
                for index in first..<OddsGrid.count {
                    let gain = (canaryEvents * rows[index] - events * rows[2 * OddsGrid.count + index]) / dispersion
                    state[index] += gain
                    state[index + shift] += min(cap, gain - tolerated)
                }
                guard let restartedShift else { return }
                for index in first..<OddsGrid.count {
                    let gain = (canaryEvents * rows[index] - events * rows[2 * OddsGrid.count + index]) / dispersion
                    state[index + restartedShift] += min(cap, gain - tolerated)
                }
            }
        }
    }

    /// Every interval a new copy of the harm process begins: `R <- R + 1`, before this interval's gain.
    private mutating func restart() {
        for index in self.restarted { self.state[index] = Arithmetic.logAdd(self.state[index], 0) }
    }

    // MARK: Reading

    /// Evidence of harm, `ln E`: that the odds ratio was not always `tolerated` or less.
    public var harm: Double { self.mean(self.harms) }

    /// The same where half of the stake is on breaks that begin later: `ln(E/2 + (1/2T) Σ E restarted at every
    /// interval)`, after Shiryaev and Roberts; an e-process up to the horizon T. Without a horizon: `harm`.
    public var harmFromAnyStart: Double {
        guard let horizon = self.settings.horizon else { return self.harm }
        let late = self.mean(self.restarted) - Arithmetic.ln(Double(horizon))
        return Arithmetic.logAdd(self.harm, late) - Arithmetic.ln(2)
    }

    /// Evidence of safety, `ln E`: that the odds ratio was not always `certificates[index]` or more.
    public func safety(certificate index: Int) -> Double {
        self.mean(0..<self.placesBelow[index]) - self.state[self.certified.lowerBound + index]
    }

    /// Where the odds ratio lies with confidence `1 - alpha` at every look, if it is one ratio; `alpha` within 0..<1.
    public func interval(alpha: Double) -> RatioInterval {
        let rows = 0..<OddsGrid.count
        // The mean over the grid is at most its maximum, so that the maximum itself always remains.
        let least = self.mean(rows) + Arithmetic.ln(alpha)
        let first = rows.first { self.state[$0] > least } ?? 0
        let last = rows.last { self.state[$0] > least } ?? OddsGrid.count - 1
        return RatioInterval(
            lower: first == 0 ? 0 : Arithmetic.e(OddsGrid.logRatio(first - 1)),
            upper: last == OddsGrid.count - 1 ? .infinity : Arithmetic.e(OddsGrid.logRatio(last + 1)))
    }

    private func mean(_ row: Range<Int>) -> Double {
        self.state.withUnsafeBufferPointer { Arithmetic.logMeanExp($0[row]) }
    }
}

/// Bounds of an odds ratio, canary to baseline. Outside of 1/16...16 nothing is told apart: 0 and ∞ stand for that.
public struct RatioInterval: Sendable, Equatable {
    public let lower: Double
    public let upper: Double
}

extension OddsEvidence: Codable {
    private enum Key: String, CodingKey { case settings, canary, baseline, state }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let settings = try container.decode(Settings.self, forKey: .settings)
        self.init(settings)
        self.canary = try container.decode(Totals.self, forKey: .canary)
        self.baseline = try container.decode(Totals.self, forKey: .baseline)
        self.state = try container.decode(ExactDoubles.self, forKey: .state).checked(count: self.state.count)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(self.settings, forKey: .settings)
        try container.encode(self.canary, forKey: .canary)
        try container.encode(self.baseline, forKey: .baseline)
        try container.encode(ExactDoubles(self.state), forKey: .state)
    }
}

extension OddsEvidence.Settings: Codable {
    private enum Key: String, CodingKey { case numbers, horizon }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let numbers = try container.decode(ExactDoubles.self, forKey: .numbers).numbers
        guard numbers.count >= 3 else {
            throw AnalysisProblem(.badState, "Saved settings have \(numbers.count) numbers; 3 or more were expected.")
        }
        try self.init(
            tolerated: numbers[0], certificates: Array(numbers[3...]), dispersion: numbers[1],
            cap: numbers[2] == -.infinity ? nil : numbers[2],
            horizon: try container.decodeIfPresent(Int.self, forKey: .horizon))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        let numbers = [self.tolerated, self.dispersion, self.cap ?? -.infinity] + self.certificates
        try container.encode(ExactDoubles(ContiguousArray(numbers)), forKey: .numbers)
        try container.encodeIfPresent(self.horizon, forKey: .horizon)
    }
}
