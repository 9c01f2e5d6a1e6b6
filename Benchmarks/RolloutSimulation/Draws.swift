import Foundation

/// SplitMix64 (Steele, Lea, Flood 2014): the same draws from the same seed everywhere.
package struct Draws: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { self.state = seed }

    /// The draws of one of many: two neighbours share nothing.
    package init(seed: UInt64, scenario: Int, run: Int) {
        var mixer = Draws(seed: seed &+ UInt64(scenario) &* 0xD1B5_4A32_D192_ED03 &+ UInt64(run) << 20)
        self.state = mixer.next()
    }

    package mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var word = self.state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// In 0..<1.
    package mutating func uniform() -> Double { Double(self.next() >> 11) / 9_007_199_254_740_992 }

    package mutating func exponential() -> Double { -log(1 - self.uniform()) }

    /// Box and Muller.
    package mutating func normal() -> Double {
        (2 * self.exponential()).squareRoot() * cos(2 * .pi * self.uniform())
    }

    /// Successes of `count` trials, by waiting times: as many steps as there are successes.
    package mutating func binomial(_ count: Int, _ probability: Double) -> Int {
        guard count > 0, probability > 0 else { return 0 }
        guard probability < 1 else { return count }
        let scale = 1 / log1p(-probability)
        var (position, successes) = (0, 0)
        while true {
            let wait = (log(1 - self.uniform()) * scale).rounded(.down)
            guard wait < Double(count - position) else { return successes }
            position += Int(wait) + 1
            successes += 1
        }
    }

    /// Events of a Poisson variable, by waiting times.
    package mutating func poisson(_ mean: Double) -> Int {
        var (sum, events) = (self.exponential(), 0)
        while sum < mean {
            sum += self.exponential()
            events += 1
        }
        return events
    }

    /// Requests that arrive where `mean` are expected: Poisson, from 200 on its normal limit. (How many arrive tells the
    /// judge nothing: it compares what became of them.)
    package mutating func arrivals(_ mean: Double) -> Int {
        mean < 200 ? self.poisson(mean) : max(0, Int((mean + mean.squareRoot() * self.normal()).rounded()))
    }

    /// Trials up to the first success, 1 or more.
    package mutating func geometric(mean: Double) -> Int {
        1 + Int((log(1 - self.uniform()) / log1p(-1 / mean)).rounded(.down))
    }
}
