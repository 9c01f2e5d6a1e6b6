/// The bounds above which slow answers are counted, and how: latency becomes counts, and counts are judged like errors.
///
/// For each bound x_m, k is the number of requests slower than x_m; `OddsEvidence` on each, and the mean over the
/// bounds, against "the canary's times are stochastically not above the baseline's". Exact and safe under weights and
/// drift, because only counts of the same interval are compared. The bounds come from the baseline before the canary
/// starts: bounds chosen after looking prove nothing.
public struct LatencyBounds: Sendable, Equatable {
    /// Upper bounds of the buckets in milliseconds, ascending; there is one bucket more, for all above the last.
    public let ladder: [Int]
    /// Places in the ladder, ascending: each counts the requests in the buckets after it.
    public let places: [Int]
    /// The canary is counted above the bound so many places higher: with buckets by a factor γ, slower by γ^shift is no
    /// harm.
    public let shift: Int

    public static let longestLadder = 256
    public static let most = 12

    /// Throws `badSetting`.
    public init(ladder: [Int], places: [Int], shift: Int = 0) throws(AnalysisProblem) {
        guard (1...Self.longestLadder).contains(ladder.count), ladder[0] > 0,
            zip(ladder, ladder.dropFirst()).allSatisfy(<),
            (1...Self.most).contains(places.count),
            zip(places, places.dropFirst()).allSatisfy(<), places.allSatisfy({ ladder.indices.contains($0) }),
            ladder.indices.contains(shift)
        else {
            throw AnalysisProblem(
                .badSetting,
                "Latency bounds at places \(places) of \(ladder.count), shifted by \(shift): 1 to \(Self.most) "
                    + "ascending places of 1 to \(Self.longestLadder) ascending bounds above 0 are allowed.")
        }
        self.ladder = ladder
        self.places = places
        self.shift = shift
    }

    /// The bounds nearest to the baseline's p50, p75, p90, p95, p98, p99, p99.5 and p99.9. `bounds` ascends; `baseline`
    /// are the counts of its buckets, one more than there are bounds. nil with fewer than 100 requests, and where all
    /// are slower than any bound: then there is nothing to fix them by. Times that are measured in whole ticks of
    /// `resolution` (milliseconds; 0: exactly) say at a low bound only on which side of a tick they fell: a tenth of a
    /// millisecond, the difference between two processes that are equally good, would count as harm. A bound below the
    /// lowest one from which on every step of the ladder is more than a tick is raised to it.
    /// Throws `badSetting`, `negative`, `tooLarge`.
    public static func nearest(
        bounds: [Int], baseline: [Int], resolution: Int = 0, shift: Int = 0
    ) throws(AnalysisProblem) -> LatencyBounds? {
        guard baseline.count == bounds.count + 1, (1...Self.longestLadder).contains(bounds.count),
            zip(bounds, bounds.dropFirst()).allSatisfy(<), bounds[0] > 0
        else {
            throw AnalysisProblem(
                .badSetting,
                "\(bounds.count) ascending bounds above 0, at most \(Self.longestLadder), have one bucket more than "
                    + "bounds; these have \(baseline.count).")
        }
        var all = 0
        for count in baseline { all += try ArmCounts(requests: count, events: 0).requests }
        guard all >= Self.leastRequests else { return nil }
        let least = Self.least(bounds, resolution)
        var places: [Int] = []
        for quantile in [0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999] {
            guard let found = Self.place(of: quantile * Double(all), bounds, baseline) else { break }
            let place = max(found, least)
            if places.last.map({ $0 < place }) ?? true { places.append(place) }
        }
        return places.isEmpty ? nil : try LatencyBounds(ladder: bounds, places: places, shift: shift)
    }

    /// The bound nearest to where `rank` requests are faster, by a straight line inside the bucket; nil above the last
    /// bound.
    private static func place(of rank: Double, _ bounds: [Int], _ counts: [Int]) -> Int? {
        var below = 0.0
        for (index, bound) in bounds.enumerated() {
            let count = Double(counts[index])
            if count > 0, below + count >= rank {
                let lower = index == 0 ? 0 : Double(bounds[index - 1])
                let time = lower + (Double(bound) - lower) * (rank - below) / count
                return index > 0 && time - lower < Double(bound) - time ? index - 1 : index
            }
            below += count
        }
        return nil
    }

    /// The lowest bound from which on every step of the ladder is more than one tick.
    private static func least(_ bounds: [Int], _ resolution: Int) -> Int {
        guard resolution > 0 else { return 0 }
        return bounds.indices.dropFirst().last { bounds[$0] - bounds[$0 - 1] <= resolution } ?? 0
    }

    private static let leastRequests = 100

    /// Whether `buckets` can be the counts of this ladder.
    func accepts(_ buckets: [Int]) -> Bool {
        guard buckets.count == self.ladder.count + 1 else { return false }
        var sum = 0
        for count in buckets {
            guard count >= 0, count <= ArmCounts.greatest else { return false }
            sum += count
        }
        return sum <= ArmCounts.greatest
    }

    /// Requests and those slower than the m-th bound, of buckets that were accepted.
    func counts(_ m: Int, canary: [Int], baseline: [Int]) -> PairedCounts {
        PairedCounts(canary: self.arm(m, canary, shift: self.shift), baseline: self.arm(m, baseline, shift: 0))
    }

    private func arm(_ m: Int, _ buckets: [Int], shift: Int) -> ArmCounts {
        let place = min(self.places[m] + shift, self.ladder.count - 1)
        var (all, slower) = (0, 0)
        for (index, count) in buckets.enumerated() {
            all += count
            if index > place { slower += count }
        }
        return ArmCounts(accepted: all, slower)
    }
}

extension LatencyBounds: Codable {
    private enum Key: String, CodingKey { case ladder, places, shift }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        try self.init(
            ladder: try container.decode([Int].self, forKey: .ladder),
            places: try container.decode([Int].self, forKey: .places),
            shift: try container.decode(Int.self, forKey: .shift))
    }
}

/// Bands around empirical distributions, for showing beside a verdict; they decide nothing, because they need times
/// that do not drift.
public enum LatencyBand {
    /// `r_t = 0.85 √((ln ln(e t) + 0.8 ln(1612/α)) / t)`: the whole distribution lies within ±r_t of the empirical one
    /// after t requests, at every t at once, with probability 1 - α (Howard and Ramdas, Bernoulli 28(3), 2022). ∞
    /// without requests.
    public static func radius(requests: Int, alpha: Double) -> Double {
        guard requests > 0 else { return .infinity }
        let t = Double(requests)
        let iterated = Arithmetic.ln(1 + Arithmetic.ln(t))
        return 0.85 * Arithmetic.root((iterated + 0.8 * Arithmetic.ln(1_612 / alpha)) / t)
    }

    /// `sup (F_b - F_c)` over the bounds of the buckets, 0 or more: how far the canary lags. 0 without requests on
    /// either side.
    public static func lag(canary: [Int], baseline: [Int]) -> Double {
        let (canaryAll, baselineAll) = (canary.reduce(0, +), baseline.reduce(0, +))
        guard canaryAll > 0, baselineAll > 0 else { return 0 }
        var (canarySum, baselineSum, lag) = (0, 0, 0.0)
        for (canaryCount, baselineCount) in zip(canary, baseline) {
            canarySum += canaryCount
            baselineSum += baselineCount
            lag = max(
                lag, Double(baselineSum) / Double(baselineAll) - Double(canarySum) / Double(canaryAll))
        }
        return lag
    }
}
