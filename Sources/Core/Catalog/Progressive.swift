// What an environment says about progressive delivery: how the share rises, what is watched, and what silence means.

/// A release is shown to a growing share of the traffic, and judged at each share against what served before.
package struct CanarySettings: Sendable, Equatable, Codable {
    /// Rising, the last one all of the traffic.
    package var steps: [BasisPoints]
    package var each: StepTimes
    /// Time between two looks at the counts.
    package var observe: Milliseconds
    package var whenTimeIsUp: WhenTimeIsUp

    package init(
        steps: [BasisPoints], each: StepTimes, observe: Milliseconds = .seconds(5),
        whenTimeIsUp: WhenTimeIsUp = .advanceUnlessDoubt
    ) {
        self.steps = steps
        self.each = each
        self.observe = observe
        self.whenTimeIsUp = whenTimeIsUp
    }

    /// 5, 25 and 50 % for one to ten minutes each, then everybody.
    package static let standard = CanarySettings(
        steps: [500, 2_500, 5_000, 10_000].compactMap { BasisPoints($0) },
        each: StepTimes(atLeast: .minutes(1), atMost: .minutes(10)))
}

/// Instances of the new version come in batches; each batch brings its share of the traffic and is judged as a canary.
/// What served before keeps its instances until the end, so that the way back is one switch.
package struct RollingSettings: Sendable, Equatable, Codable {
    /// Instances of one step, at least 1.
    package var batch: Int
    package var each: StepTimes
    package var observe: Milliseconds
    package var whenTimeIsUp: WhenTimeIsUp

    package init(
        batch: Int, each: StepTimes, observe: Milliseconds = .seconds(5),
        whenTimeIsUp: WhenTimeIsUp = .advanceUnlessDoubt
    ) {
        self.batch = batch
        self.each = each
        self.observe = observe
        self.whenTimeIsUp = whenTimeIsUp
    }

    package static let standard = RollingSettings(
        batch: 1, each: StepTimes(atLeast: .seconds(30), atMost: .minutes(5)))
}

/// How long one share is watched: it ends early, after `atLeast`, as soon as the version is certified.
package struct StepTimes: Sendable, Equatable, Codable {
    package var atLeast: Milliseconds
    package var atMost: Milliseconds

    package init(atLeast: Milliseconds, atMost: Milliseconds) {
        self.atLeast = atLeast
        self.atMost = atMost
    }
}

/// What follows when a share was watched for its longest time without a verdict.
package enum WhenTimeIsUp: String, Sendable, Codable, CaseIterable {
    /// Goes on if the ratio's upper bound is below the limit or the version's own error rate is certified below the
    /// objective; else a person decides.
    case advanceUnlessDoubt = "advance-unless-doubt"
    /// A person decides.
    case pause
}

/// What too few requests mean: never good, never bad, by a rule of its own (DESIGN invariant 11).
package enum NoDataPolicy: Sendable, Equatable, Codable {
    /// Waits this much longer, then pauses for a person.
    case wait(Milliseconds)
    case pass
    case fail

    package static let standard = NoDataPolicy.wait(.minutes(5))
}

/// What the split is made by, so that a user stays with a version.
package enum UserKey: Sendable, Equatable, Codable {
    case cookie(String)
    case header(String)
}

/// Failed requests in a million that the service may have.
package struct ErrorRate: Sendable, Hashable, Comparable, Codable {
    package let perMillion: Int

    /// 1 to 1,000,000.
    package init?(perMillion: Int) {
        guard (1...1_000_000).contains(perMillion) else { return nil }
        self.perMillion = perMillion
    }

    private init(unchecked perMillion: Int) { self.perMillion = perMillion }

    /// One in a hundred.
    package static let standard = ErrorRate(unchecked: 10_000)

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let count = try container.decode(Int.self)
        guard let value = ErrorRate(perMillion: count) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(count) is outside 1 to 1000000")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.perMillion)
    }

    package static func < (left: ErrorRate, right: ErrorRate) -> Bool { left.perMillion < right.perMillion }
}
