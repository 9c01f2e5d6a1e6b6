import CanaryAnalysis
import Foundation
import Testing

struct BakeTests {
    // MARK: Forecast

    /// A week of quarters of an hour: 1 % errors by day, 0.1 % by night.
    static func week(before release: Int, scale: Double = 1, lastHours: Double = 1) throws -> [SeasonalForecast.Past] {
        try stride(from: release - 7 * 1_440, to: release, by: 15).map { minute in
            let rate = Self.isDay(minute) ? 0.01 : 0.001
            let level = minute >= release - 360 ? lastHours : scale
            return SeasonalForecast.Past(
                minute: minute,
                counts: try ArmCounts(requests: 36_000, events: Int((36_000 * rate * level).rounded())))
        }
    }

    static func isDay(_ minute: Int) -> Bool { (480..<1_200).contains((minute % 1_440 + 1_440) % 1_440) }

    @Test func `the forecast follows the time of day and the level before the release`() throws {
        let release = 29_000_160
        let calm = try #require(SeasonalForecast(past: Self.week(before: release), release: release))
        #expect(abs(calm.level - 1) < 0.01)
        for minute in stride(from: release, to: release + 1_440, by: 15) {
            let hour = (minute % 1_440) / 60
            guard ![7, 8, 19, 20].contains(hour) else { continue }
            let expected = Self.isDay(minute) ? 0.01 : 0.001
            #expect(abs(calm.rate(at: minute) / expected - 1) < 0.02)
        }
        let busy = try #require(
            SeasonalForecast(past: Self.week(before: release, lastHours: 2), release: release))
        #expect(abs(busy.level - 2) < 0.2)
        #expect(try JSONDecoder().decode(SeasonalForecast.self, from: JSONEncoder().encode(calm)) == calm)
    }

    @Test func `too little of a past gives no forecast`() throws {
        let release = 29_000_000
        #expect(SeasonalForecast(past: [], release: release) == nil)
        let week = try Self.week(before: release)
        #expect(SeasonalForecast(past: week.filter { $0.minute >= release - 1_000 }, release: release) == nil)
        #expect(SeasonalForecast(past: week, release: release - 8 * 1_440) == nil)
        let few = try week.map {
            SeasonalForecast.Past(minute: $0.minute, counts: try ArmCounts(requests: 1, events: 0))
        }
        #expect(SeasonalForecast(past: few, release: release) == nil)
        let clean = try week.map {
            SeasonalForecast.Past(minute: $0.minute, counts: try ArmCounts(requests: 100, events: 0))
        }
        let forecast = try #require(SeasonalForecast(past: clean, release: release))
        #expect(forecast.rate(at: release) > 0 && forecast.rate(at: release) < 1e-4)
        #expect(forecast.rate(at: -1) > 0)
    }

    // MARK: Detector

    @Test func `intervals without requests or without a forecast are left out of the watch`() throws {
        var detector = ForecastDetector(try ForecastDetector.Settings(horizon: 100))
        detector.update(try ArmCounts(requests: 1_000, events: 3), forecast: 0.001)
        let before = detector
        detector.update(try ArmCounts(requests: 0, events: 0), forecast: 0.001)
        for forecast in [0, -1, 1.1, .nan, .infinity] {
            detector.update(try ArmCounts(requests: 1_000, events: 1_000), forecast: forecast)
        }
        #expect(detector == before)
        #expect(detector.alarmAt == nil)
    }

    @Test func `a saved detector goes on with the same bits, and says what it saw`() throws {
        var straight = ForecastDetector(try ForecastDetector.Settings(horizon: 96, dispersion: 1.5))
        var restored = straight
        for step in 0..<40 {
            let counts = try ArmCounts(requests: 1_000, events: step < 20 ? step % 3 : 8)
            straight.update(counts, forecast: 0.001)
            restored.update(counts, forecast: 0.001)
            let saved = try JSONEncoder().encode(restored)
            #expect(saved.count < 4_096)
            restored = try JSONDecoder().decode(ForecastDetector.self, from: saved)
            #expect(restored == straight)
        }
        let alarm = try #require(straight.alarmAt)
        #expect(alarm > 20 && alarm < 30)
        #expect(straight.beginning == 21)
        #expect(straight.sentence.contains("seen in interval \(alarm), most likely since interval 21."))
        #expect(straight.sentence.hasPrefix("179 of 40,000 requests (0.448 %), 40 were forecast"))
    }

    @Test func `replays of weeks without a release set the dispersion`() throws {
        var draws = Draws(seed: 7)
        let windows = try (0..<100).map { _ in
            try (0..<200).map { _ in
                (counts: try ArmCounts(requests: 1_000, events: 8 * draws.poisson(0.25)), forecast: 0.002)
            }
        }
        let settings = try ForecastDetector.Settings(alpha: 0.05, horizon: 200)
        let calibrated = try #require(ForecastDetector.calibrated(settings, on: windows))
        #expect(calibrated.dispersion > 2 && calibrated.dispersion < 12)
        let poisson = try windows.map { window in
            try window.map { step in
                (counts: try ArmCounts(requests: step.counts.requests, events: draws.poisson(2)), forecast: 0.002)
            }
        }
        #expect(ForecastDetector.calibrated(settings, on: poisson)?.dispersion == 1)
    }

    @Test func `huge counts stay numbers`() throws {
        var detector = ForecastDetector(try ForecastDetector.Settings(horizon: 10))
        let most = try ArmCounts(requests: ArmCounts.greatest, events: ArmCounts.greatest)
        for _ in 0..<1_000 { detector.update(most, forecast: 1e-9) }
        for _ in 0..<1_000 { detector.update(try ArmCounts(requests: ArmCounts.greatest, events: 0), forecast: 1) }
        #expect(detector.evidence.isFinite && detector.cusum.isFinite)
        #expect(detector.alarmAt == 1)
        var certificate = try ObjectiveCertificate(objective: 0.01)
        for _ in 0..<10_000 { certificate.update(most) }
        #expect(certificate.evidence.isFinite && certificate.evidence < 0)
    }

    // MARK: Burn rate

    @Test func `a fast burn is an alarm within minutes, and ends when the errors end`() throws {
        var guarded = try BurnRateGuard(objective: 0.01)
        let start = 1_800_000_000
        for minute in 0..<360 { guarded.update(try ArmCounts(requests: 100, events: 1), at: start + 60 * minute) }
        #expect(guarded.alarm == nil)
        var minute = 360
        while guarded.alarm == nil, minute < 480 {
            guarded.update(try ArmCounts(requests: 100, events: 60), at: start + 60 * minute)
            minute += 1
        }
        let alarm = try #require(guarded.alarm)
        #expect(alarm.factor == 14.4 && alarm.longMinutes == 60)
        #expect((372...378).contains(minute))
        #expect(alarm.sentence.contains("in the last 60 minutes and in") && alarm.sentence.contains("1 % are allowed."))
        for later in 0..<6 {
            guarded.update(try ArmCounts(requests: 100, events: 0), at: start + 60 * (minute + later))
        }
        #expect(guarded.alarm?.factor != 14.4)
    }

    @Test func `a slow burn is an alarm over six hours`() throws {
        var guarded = try BurnRateGuard(objective: 0.01)
        for minute in 0..<360 { guarded.update(try ArmCounts(requests: 100, events: 8), at: 60 * minute) }
        #expect(guarded.alarm?.factor == 6)
        #expect(guarded.totals(minutes: 360).requests == 36_000)
        #expect(guarded.totals(minutes: 60).requests == 6_000)
    }

    @Test func `few requests, clocks that jump and late counts are no alarm and no crash`() throws {
        var guarded = try BurnRateGuard(objective: 0.5)
        guarded.update(try ArmCounts(requests: 29, events: 29), at: 1_000_000)
        #expect(guarded.alarm == nil)
        guarded.update(try ArmCounts(requests: 1, events: 1), at: 1_000_000 - 5 * 3_600)
        #expect(guarded.totals(minutes: 360).requests == 30)
        guarded.update(try ArmCounts(requests: 500, events: 500), at: 1_000_000 - 7 * 3_600)
        guarded.update(try ArmCounts(requests: 500, events: 500), at: -1)
        #expect(guarded.totals(minutes: 360).requests == 30)
        guarded.update(try ArmCounts(requests: 7, events: 0), at: .max)
        #expect(guarded.totals(minutes: 360).requests == 7)
        for _ in 0..<10_000 {
            guarded.update(try ArmCounts(requests: ArmCounts.greatest, events: ArmCounts.greatest), at: .max)
        }
        #expect(guarded.totals(minutes: 5).requests == .max)
        #expect(guarded.alarm != nil)
        let saved = try JSONEncoder().encode(guarded)
        #expect(saved.count < 4_096)
        #expect(try JSONDecoder().decode(BurnRateGuard.self, from: saved) == guarded)
        #expect(throws: AnalysisProblem.self) { try BurnRateGuard(objective: 0) }
    }
}
