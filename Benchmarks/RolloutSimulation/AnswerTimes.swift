import Foundation

/// How long answers take: a body and a tail, as parts of the requests in each bucket of the ladder.
package struct AnswerTimes: Sendable, Equatable {
    package enum Tail: Sendable, Equatable {
        /// Median in milliseconds and the spread of the logarithm.
        case logNormal(median: Double, spread: Double)
        /// P(X > x) = (least / x)^index; with an index below 1 there is no mean.
        case pareto(least: Double, index: Double)
    }

    package var bodyMedian = 80.0
    package var bodySpread = 0.5
    package var tail = Tail.logNormal(median: 300, spread: 0.4)
    package var tailPart = 0.05

    package init() {}

    /// 95 % around 80 ms and 5 % around 300 ms: one in a hundred is slower than 425 ms.
    package static let usual = AnswerTimes()

    /// All answers slower by a factor.
    package func slower(by factor: Double) -> AnswerTimes {
        var times = self.slowerTail(by: factor)
        times.bodyMedian *= factor
        return times
    }

    package func slowerTail(by factor: Double) -> AnswerTimes {
        var times = self
        switch self.tail {
        case .logNormal(let median, let spread): times.tail = .logNormal(median: median * factor, spread: spread)
        case .pareto(let least, let index): times.tail = .pareto(least: least * factor, index: index)
        }
        return times
    }

    /// P(X > x).
    func partAbove(_ x: Double) -> Double {
        let body = Self.above(x, median: self.bodyMedian, spread: self.bodySpread)
        let tail =
            switch self.tail {
            case .logNormal(let median, let spread): Self.above(x, median: median, spread: spread)
            case .pareto(let least, let index): x <= least ? 1 : pow(least / x, index)
            }
        return (1 - self.tailPart) * body + self.tailPart * tail
    }

    private static func above(_ x: Double, median: Double, spread: Double) -> Double {
        erfc(log(x / median) / spread / 2.0.squareRoot()) / 2
    }

    /// Upper bounds of the buckets in milliseconds, by a factor of 2^(1/4): the ladder that Slipway observes with, from
    /// 20 ms on.
    package static let ladder = [
        20, 24, 28, 34, 40, 48, 57, 67, 80, 95, 113, 135, 160, 190, 226, 269, 320, 381, 453, 538, 640, 761, 905, 1_076,
        1_280, 1_522, 1_810, 2_153, 2_560, 3_044, 3_620, 4_305, 5_120, 6_089, 7_241, 8_611, 10_240,
    ]

    /// Draws the buckets of so many requests, each by itself.
    func buckets(_ requests: Int, _ draws: inout Draws) -> [Int] {
        var counts = [Int](repeating: 0, count: Self.ladder.count + 1)
        var (left, above) = (requests, 1.0)
        for (place, bound) in Self.ladder.enumerated() where left > 0 {
            let next = self.partAbove(Double(bound))
            // The likelier of the two sides is what the rest is.
            let part = above > 0 ? min(1, max(0, 1 - next / above)) : 1
            let here = part <= 0.5 ? draws.binomial(left, part) : left - draws.binomial(left, 1 - part)
            counts[place] = here
            (left, above) = (left - here, next)
        }
        counts[Self.ladder.count] = left
        return counts
    }
}
