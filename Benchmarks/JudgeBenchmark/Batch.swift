import CanaryAnalysis

/// SplitMix64: the same numbers in every run.
struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var word = self.state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

/// One interval at a share that differs from the last one's: arrivals are never twice the same.
struct Batch {
    static let cap = 2.302585092994046

    let canaryRequests: Int
    let baselineRequests: Int
    /// Events of the canary and of both, by stream.
    let events: [(canary: Double, all: Double)]

    var share: Double { Double(self.canaryRequests) / Double(self.canaryRequests + self.baselineRequests) }
    var cap: Double { Self.cap }

    init(streams: Int, _ generator: inout Generator) {
        self.canaryRequests = .random(in: 50...150, using: &generator)
        self.baselineRequests = .random(in: 1_800...2_200, using: &generator)
        self.events = (0..<streams).map { _ in
            let canary = Int.random(in: 0...2, using: &generator)
            return (Double(canary), Double(canary + .random(in: 1...20, using: &generator)))
        }
    }

    func pairs() throws -> [PairedCounts] {
        try self.events.map { counts in
            PairedCounts(
                canary: try ArmCounts(requests: self.canaryRequests, events: Int(counts.canary)),
                baseline: try ArmCounts(requests: self.baselineRequests, events: Int(counts.all - counts.canary)))
        }
    }

    /// The same with ten buckets of times, as a judge takes it.
    func interval(number: Int) -> Interval {
        Interval(
            number: number, weight: 500,
            canary: .counts(self.counts(self.canaryRequests, Int(self.events[0].canary))),
            baseline: .counts(self.counts(self.baselineRequests, Int(self.events[0].all - self.events[0].canary))),
            arrivals: .init(canary: self.canaryRequests, baseline: self.baselineRequests))
    }

    private func counts(_ requests: Int, _ errors: Int) -> Interval.Counts {
        let buckets = (0..<10).map { requests / (1 << ($0 + 1)) }
        return Interval.Counts(requests: requests, errors: errors, times: .buckets(buckets))
    }
}
