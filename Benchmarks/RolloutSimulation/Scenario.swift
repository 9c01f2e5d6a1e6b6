import Foundation

/// A rollout in figures: what the old version and the new one answer, minute by minute.
package struct Scenario: Sendable {
    /// What happens in one interval to each version.
    struct Moment: Sendable {
        var oldRate: Double
        var newRate: Double
        var oldTimes: AnswerTimes
        var newTimes: AnswerTimes
        /// Requests of both, relative to the usual.
        var traffic = 1.0
    }

    package let name: String
    /// Requests a second of both versions together.
    package let requestsPerSecond: Double
    /// Mean size of the clusters that errors come in; 1: one by one.
    package let clusterSize: Double
    /// Whether both versions share outages of a minute.
    let hasBursts: Bool
    /// From which minute the new version is worse, for the time until it is found; nil: it never is.
    package let breaksAt: Double?
    /// Of the minute since the first request of the canary; negative ones are before it.
    let moment: @Sendable (Double) -> Moment

    package var isHealthy: Bool { self.breaksAt == nil }

    private init(
        _ name: String, requestsPerSecond: Double = 100, clusterSize: Double = 1, hasBursts: Bool = false,
        breaksAt: Double? = nil, moment: @escaping @Sendable (Double) -> Moment
    ) {
        self.name = name
        self.requestsPerSecond = requestsPerSecond
        self.clusterSize = clusterSize
        self.hasBursts = hasBursts
        self.breaksAt = breaksAt
        self.moment = moment
    }

    /// Both versions alike.
    private static func same(_ rate: Double, _ times: AnswerTimes = .usual) -> Moment {
        Moment(oldRate: rate, newRate: rate, oldTimes: times, newTimes: times)
    }

    private static func errors(_ old: Double, _ new: Double) -> Moment {
        Moment(oldRate: old, newRate: new, oldTimes: .usual, newTimes: .usual)
    }

    private static func slow(_ times: AnswerTimes) -> Moment {
        Moment(oldRate: 0.001, newRate: 0.001, oldTimes: .usual, newTimes: times)
    }

    /// Errors from 0.05 % to 0.4 %, times up to a half slower and traffic up to half as much again, over 40 minutes.
    private static func drift(_ minute: Double, ratio: Double) -> Moment {
        let up = max(0, min(1, minute / 40))
        let rate = 0.0005 + 0.0035 * up
        let times = AnswerTimes.usual.slower(by: 1 + up / 2)
        return Moment(oldRate: rate, newRate: rate * ratio, oldTimes: times, newTimes: times, traffic: 1 + up / 2)
    }

    private static let heavy: AnswerTimes = {
        var times = AnswerTimes.usual
        times.tail = .pareto(least: 200, index: 0.9)
        return times
    }()

    package static let healthy = [
        Scenario("A/A errors 0.1 %") { _ in Self.same(0.001) },
        Scenario("A/A errors 1 %") { _ in Self.same(0.01) },
        Scenario("A/A low traffic", requestsPerSecond: 1) { _ in Self.same(0.005) },
        Scenario("A/A shared bursts", hasBursts: true) { _ in Self.same(0.001) },
        Scenario("A/A diurnal drift") { Self.drift($0, ratio: 1) },
        Scenario("A/A heavy-tail latency") { _ in Self.same(0.001, Self.heavy) },
        Scenario("A/A clustered errors", clusterSize: 4) { _ in Self.same(0.002) },
    ]

    package static let broken = [
        Scenario("errors 0.1 to 0.5 %", breaksAt: 0) { _ in Self.errors(0.001, 0.005) },
        Scenario("errors 1 to 2 %", breaksAt: 0) { _ in Self.errors(0.01, 0.02) },
        Scenario("errors 0.1 to 5 %", breaksAt: 0) { _ in Self.errors(0.001, 0.05) },
        Scenario("errors 0.5 to 10 %, 1 rps", requestsPerSecond: 1, breaksAt: 0) { _ in Self.errors(0.005, 0.1) },
        Scenario("leak 0.1 to 1 % in 40 min", breaksAt: 0) { Self.errors(0.001, 0.001 + 0.009 * max(0, $0) / 40) },
        Scenario("2 % from minute 25", breaksAt: 25) { Self.errors(0.001, $0 < 25 ? 0.001 : 0.02) },
        Scenario("errors x3 during drift", breaksAt: 0) { Self.drift($0, ratio: 3) },
        Scenario("p99 +20 %, tail only", breaksAt: 0) { _ in Self.slow(.usual.slowerTail(by: 1.2)) },
        Scenario("p99 +50 %, tail only", breaksAt: 0) { _ in Self.slow(.usual.slowerTail(by: 1.5)) },
        Scenario("all latencies +10 %", breaksAt: 0) { _ in Self.slow(.usual.slower(by: 1.1)) },
    ]
}
