package import CanaryAnalysis

/// One rollout as recorded: 1, 5, 25 and 50 % for ten minutes each, counted every 15 seconds.
package struct Trajectory: Sendable {
    package static let weights = [100, 500, 2_500, 5_000]
    package static let secondsEach = 15.0
    package static let perStep = 40

    package struct Scrape: Sendable {
        package let weight: Int
        package let canary: Interval.Counts
        package let baseline: Interval.Counts
    }

    /// The hour before, with the old version's instances in two halves: what shows how errors cluster.
    package let halves: [(one: Interval.Counts, other: Interval.Counts)]
    /// Times of the old version in that hour, by bucket.
    package let timesBefore: [Int]
    package let scrapes: [Scrape]

    package init(_ scenario: Scenario, _ draws: inout Draws) {
        let before = (-4 * 60..<0).map { place -> (Interval.Counts, Interval.Counts) in
            Self.scrape(scenario, minute: Double(place) / 4, share: 0.5, isBurst: false, isBefore: true, &draws)
        }
        self.halves = before.map { (one: $0.0, other: $0.1) }
        var times = [Int](repeating: 0, count: AnswerTimes.ladder.count + 1)
        for case .buckets(let buckets) in before.flatMap({ [$0.0.times, $0.1.times] }) {
            for place in buckets.indices { times[place] += buckets[place] }
        }
        self.timesBefore = times
        var burst = 0
        self.scrapes = (0..<Self.weights.count * Self.perStep).map { place in
            let weight = Self.weights[place / Self.perStep]
            burst = max(0, burst - 1)
            // An outage every ten minutes or so, for a minute.
            if scenario.hasBursts, burst == 0, draws.uniform() < 0.025 { burst = 4 }
            let counts = Self.scrape(
                scenario, minute: Double(place) / 4, share: Double(weight) / 10_000, isBurst: burst > 0,
                isBefore: false, &draws)
            return Scrape(weight: weight, canary: counts.0, baseline: counts.1)
        }
    }

    private static func scrape(
        _ scenario: Scenario, minute: Double, share: Double, isBurst: Bool, isBefore: Bool, _ draws: inout Draws
    ) -> (Interval.Counts, Interval.Counts) {
        var moment = scenario.moment(minute)
        if isBefore { (moment.newRate, moment.newTimes) = (moment.oldRate, moment.oldTimes) }
        if isBurst {
            (moment.oldRate, moment.newRate) = (min(1, 30 * moment.oldRate), min(1, 30 * moment.newRate))
            (moment.oldTimes, moment.newTimes) = (moment.oldTimes.slower(by: 2), moment.newTimes.slower(by: 2))
        }
        let all = draws.arrivals(scenario.requestsPerSecond * moment.traffic * Self.secondsEach)
        let canary = draws.binomial(all, share)
        let size = scenario.clusterSize
        return (
            Self.counts(canary, moment.newRate, moment.newTimes, size, &draws),
            Self.counts(all - canary, moment.oldRate, moment.oldTimes, size, &draws)
        )
    }

    private static func counts(
        _ requests: Int, _ rate: Double, _ times: AnswerTimes, _ clusterSize: Double, _ draws: inout Draws
    ) -> Interval.Counts {
        var errors = 0
        if clusterSize == 1 {
            errors = draws.binomial(requests, rate)
        } else {
            for _ in 0..<draws.poisson(Double(requests) * rate / clusterSize) {
                errors += draws.geometric(mean: clusterSize)
            }
        }
        return Interval.Counts(
            requests: requests, errors: min(errors, requests), times: .buckets(times.buckets(requests, &draws)))
    }
}
