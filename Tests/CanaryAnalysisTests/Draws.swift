import Foundation

/// SplitMix64 (Steele, Lea, Flood 2014): the same draws from the same seed everywhere.
struct Draws: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var word = self.state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    mutating func uniform() -> Double { Double(self.next() >> 11) / 9_007_199_254_740_992 }

    /// Successes of `count` trials, by waiting times: as many steps as there are successes.
    mutating func binomial(_ count: Int, _ probability: Double) -> Int {
        guard probability > 0 else { return 0 }
        guard probability < 1 else { return count }
        var (position, successes) = (0, 0)
        while true {
            let wait = (log(1 - self.uniform()) / log1p(-probability)).rounded(.down)
            guard wait < Double(count - position) else { return successes }
            position += Int(wait) + 1
            successes += 1
        }
    }

    /// Events of a Poisson variable, by waiting times.
    mutating func poisson(_ mean: Double) -> Int {
        var (sum, events) = (-log(1 - self.uniform()), 0)
        while sum < mean {
            sum -= log(1 - self.uniform())
            events += 1
        }
        return events
    }
}
