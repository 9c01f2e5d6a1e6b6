import CanaryAnalysis
import Foundation

/// The decision rule written once more from its formulas, to compare with: plain and slow, in running sums, with nothing
/// of `CanaryAnalysis` but the recorded counts.
struct ReferenceRule {
    /// L(d) on the grid, capped sums of harm for each d above 0, L(ln ρ1) for each ratio to certify.
    private struct Stream {
        let phi: Double
        var onGrid = [Double](repeating: 0, count: 129)
        var harms = [Double](repeating: 0, count: 64)
        var atCertificates = [0.0, 0.0, 0.0, 0.0]

        mutating func add(canary: (n: Int, k: Int), baseline: (n: Int, k: Int), cap: Double) {
            let (all, events) = (canary.n + baseline.n, canary.k + baseline.k)
            guard canary.n > 0, baseline.n > 0, events > 0 else { return }
            let w = Double(canary.n) / Double(all)
            func gain(_ d: Double) -> Double {
                (Double(canary.k) * d - Double(events) * log(1 + w * (exp(d) - 1))) / self.phi
            }
            for j in -64...64 { self.onGrid[j + 64] += gain(ReferenceRule.d(j)) }
            for j in 1...64 { self.harms[j - 1] += min(cap, gain(ReferenceRule.d(j)) - gain(0)) }
            for (place, ratio) in ReferenceRule.ratios.enumerated() { self.atCertificates[place] += gain(log(ratio)) }
        }

        var harm: Double { ReferenceRule.logMean(self.harms) }

        func safety(_ place: Int) -> Double {
            let below = (-64...64).filter { ReferenceRule.d($0) < log(ReferenceRule.ratios[place]) - 1e-9 }
            return ReferenceRule.logMean(below.map { self.onGrid[$0 + 64] }) - self.atCertificates[place]
        }
    }

    enum State { case proceeding, certified, rollback }

    private static let alpha = 0.01
    private static let beta = 0.05
    /// Certified at 1, 5, 25 and 50 %.
    private static let ratios = [10.0, 4, 3, 2]
    private static let errorsWeight = 2.0
    private static let latencyWeight = 1.0

    private var errors: Stream
    private var latency: [Stream]
    private let bounds: [Int]
    private(set) var state = State.proceeding

    init(_ trajectory: Trajectory) {
        self.errors = Stream(phi: Self.phi(trajectory.halves))
        self.bounds = Self.bounds(trajectory.timesBefore)
        self.latency = self.bounds.map { _ in Stream(phi: 1) }
    }

    mutating func take(_ scrape: Trajectory.Scrape) {
        guard self.state != .rollback else { return }
        let cap = log(1 / Self.alpha) / 2
        let (canary, baseline) = (scrape.canary, scrape.baseline)
        self.errors.add(
            canary: (canary.requests, canary.errors), baseline: (baseline.requests, baseline.errors), cap: cap)
        for (place, bound) in self.bounds.enumerated() {
            self.latency[place].add(
                canary: (canary.requests, Self.slower(canary, than: bound)),
                baseline: (baseline.requests, Self.slower(baseline, than: bound)), cap: cap)
        }
        let certificate = [100, 500, 2_500, 5_000].firstIndex { $0 >= scrape.weight } ?? 3
        if self.harm >= log(1 / Self.alpha) {
            self.state = .rollback
        } else {
            // Errors are what a step waits for; undecided latency does not hold it.
            self.state = self.errors.safety(certificate) >= log(1 / Self.beta) ? .certified : .proceeding
        }
    }

    /// ln Σ w_m E_m with the mean over bounds as latency's E.
    private var harm: Double {
        guard !self.latency.isEmpty else { return self.errors.harm }
        let weights = Self.errorsWeight + Self.latencyWeight
        let slow = Self.logMean(self.latency.map(\.harm))
        let greater = max(self.errors.harm, slow)
        return greater
            + log(
                (Self.errorsWeight * exp(self.errors.harm - greater) + Self.latencyWeight * exp(slow - greater))
                    / weights)
    }

    private static func d(_ j: Int) -> Double { Double(j) * log(16) / 64 }

    private static func logMean(_ terms: [Double]) -> Double {
        let greatest = terms.max() ?? 0
        return greatest + log(terms.reduce(0) { $0 + exp($1 - greatest) } / Double(terms.count))
    }

    /// φ = Σ (k_1 - K w)² / Σ K w (1-w), at least 1.
    private static func phi(_ halves: [(one: Interval.Counts, other: Interval.Counts)]) -> Double {
        var (above, below) = (0.0, 0.0)
        for (one, other) in halves where one.requests > 0 && other.requests > 0 {
            let w = Double(one.requests) / Double(one.requests + other.requests)
            let events = Double(one.errors + other.errors)
            above += pow(Double(one.errors) - events * w, 2)
            below += events * w * (1 - w)
        }
        return below > 0 ? max(1, above / below) : 1
    }

    /// The bounds nearest to the quantiles before the rollout, each once.
    private static func bounds(_ buckets: [Int]) -> [Int] {
        let all = buckets.reduce(0, +)
        guard all >= 100 else { return [] }
        let edges = [0] + AnswerTimes.ladder
        let below = (0...AnswerTimes.ladder.count).map { buckets.prefix($0).reduce(0, +) }
        var chosen: Set<Int> = []
        for quantile in [0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999] {
            let rank = quantile * Double(all)
            guard let upper = below.firstIndex(where: { Double($0) >= rank }), upper > 0 else { continue }
            let inside = (rank - Double(below[upper - 1])) / Double(below[upper] - below[upper - 1])
            let time = Double(edges[upper - 1]) + inside * Double(edges[upper] - edges[upper - 1])
            let nearest = AnswerTimes.ladder.min { abs(Double($0) - time) < abs(Double($1) - time) }
            if let nearest { chosen.insert(nearest) }
        }
        return chosen.sorted()
    }

    private static func slower(_ counts: Interval.Counts, than bound: Int) -> Int {
        guard case .buckets(let buckets) = counts.times else { return 0 }
        return zip(AnswerTimes.ladder + [Int.max], buckets).reduce(0) { $1.0 > bound ? $0 + $1.1 : $0 }
    }
}
