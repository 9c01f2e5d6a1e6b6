package import CanaryAnalysis
import Foundation

/// The day after a release, where nothing runs beside the new version: 40 requests a second and 0.1 % errors, both by
/// the time of day, after a week of the same.
package struct DayAfter: Sendable {
    /// How a day's error rate differs from the next one's.
    package enum Levels: Sendable {
        case equal
        /// Drawn for each day with this standard deviation; the hours before the release belong to the day watched.
        case byDay(Double)
        /// Drawn anew at each midnight, also at the one within the watch.
        case byMidnight(Double)
    }

    /// The scrape of the alarm, counted from 0.
    package let alarmAt: Int?

    package static let scrapes = 24 * 240
    package static let changeAt = 6 * 240
    /// Released then, errors change where there is least traffic.
    package static let releaseSixHoursBeforeLeast = 12 * 60
    private static let dayMinutes = 24 * 60

    /// From the sixth hour on errors are `ratio` times what they were. `release` is its minute of the eighth day; nil: any
    /// quarter of an hour.
    package init(
        ratio: Double, levels: Levels, release: Int?, seed: UInt64, number: Int, run: Int
    ) throws(AnalysisProblem) {
        var draws = Draws(seed: seed, scenario: number, run: run)
        let release = 7 * Self.dayMinutes + (release ?? 15 * Int.random(in: 0..<96, using: &draws))
        let level = Self.levels(levels, release: release, &draws)
        var past: [SeasonalForecast.Past] = []
        for minute in stride(from: release - 7 * Self.dayMinutes, to: release, by: 15) {
            let requests = draws.arrivals(Self.requestsPerSecond(Double(minute)) * 900)
            let errors = draws.binomial(requests, Self.rate(Double(minute)) * level(minute))
            past.append(.init(minute: minute, counts: try ArmCounts(requests: requests, events: errors)))
        }
        guard let forecast = SeasonalForecast(past: past, release: release) else {
            throw AnalysisProblem(.badSetting, "A week of traffic gives no forecast.")
        }
        var detector = ForecastDetector(
            try .init(horizon: Self.scrapes, dispersion: forecast.dispersion))
        for scrape in 0..<Self.scrapes {
            let minute = Double(release) + Double(scrape) / 4
            let requests = draws.arrivals(Self.requestsPerSecond(minute) * 15)
            let rate = Self.rate(minute) * level(Int(minute)) * (scrape >= Self.changeAt ? ratio : 1)
            let errors = draws.binomial(requests, rate)
            detector.update(
                try ArmCounts(requests: requests, events: errors), forecast: forecast.rate(at: Int(minute)))
            if detector.alarmAt != nil {
                self.alarmAt = scrape
                return
            }
        }
        self.alarmAt = nil
    }

    private static func requestsPerSecond(_ minute: Double) -> Double {
        40 * (1 + 0.5 * sin(2 * .pi * minute / Double(Self.dayMinutes)))
    }

    /// Errors have their own time of day, so that they are no function of traffic.
    private static func rate(_ minute: Double) -> Double {
        0.001 * (1 + 0.3 * sin(2 * .pi * minute / Double(Self.dayMinutes) + 1))
    }

    private static func levels(_ levels: Levels, release: Int, _ draws: inout Draws) -> (Int) -> Double {
        switch levels {
        case .equal:
            return { _ in 1 }
        case .byDay(let spread):
            let drawn = (0..<9).map { _ in max(0.1, 1 + spread * draws.normal()) }
            return { minute in minute >= release - 6 * 60 ? drawn[8] : drawn[minute / Self.dayMinutes] }
        case .byMidnight(let spread):
            let drawn = (0..<10).map { _ in max(0.1, 1 + spread * draws.normal()) }
            return { minute in drawn[minute / Self.dayMinutes] }
        }
    }
}
