import CanaryAnalysis
package import Core
import Ports

/// What a service did before a release, for the watch after it.
package struct Past: Sendable {
    package struct Stretch: Sendable {
        package let at: Instant
        package let requests: Int
        package let errors: Int

        package init(at: Instant, requests: Int, errors: Int) {
            self.at = at
            self.requests = requests
            self.errors = errors
        }
    }

    package var stretches: [Stretch]

    package init(stretches: [Stretch]) { self.stretches = stretches }

    /// Errors over requests of the last six hours; nil with fewer than 1,000 requests.
    func level(before: Instant) -> Double? {
        let recent = self.stretches.filter { $0.at > Instant(milliseconds: before.milliseconds - 6 * 3_600_000) }
        let requests = recent.reduce(0) { $0 + $1.requests }
        guard requests >= Self.fewest else { return nil }
        return Double(recent.reduce(0) { $0 + $1.errors } + 1) / Double(requests + 2)
    }

    /// How much more the errors of minutes scatter than single ones would, 1 or more: `Σ (k - n p)² / Σ n p` over the last
    /// six hours before `release`. Errors that come in clusters weigh like one. What drifts in that time counts as scatter
    /// too, which only makes the judge slower. 1 where there are fewer than twenty errors: nothing is known then.
    func dispersion(before release: Instant) -> Double {
        let start = release.milliseconds - 6 * 3_600_000
        let recent = self.stretches.filter { $0.at.milliseconds >= start && $0.requests > 0 }
        let requests = recent.reduce(0) { $0 + $1.requests }
        let errors = recent.reduce(0) { $0 + $1.errors }
        guard errors >= 20, recent.count >= 10 else { return 1 }
        let rate = Double(errors) / Double(requests)
        let squares = recent.reduce(0.0) { sum, stretch in
            let difference = Double(stretch.errors) - Double(stretch.requests) * rate
            return sum + difference * difference
        }
        return min(max(1, squares / Double(errors)), 1e6)
    }

    static let fewest = 1_000
}

/// The watch after 100 %, where nothing runs beside the new version: more errors than the service's own past lets expect
/// (canary.md D), an error budget that burns too fast, and what needs no configuration (silence, restarts, memory).
struct BakeWatch: Sendable {
    private enum Expected: Sendable {
        /// By time of day, over a week, at the level of the last hours.
        case seasonal(SeasonalForecast)
        /// One rate: of the old version beside this one, or of the last hours.
        case rate(Double)
    }

    private let expected: Expected?
    private var errors: ForecastDetector?
    private var burn: BurnRateGuard
    /// Answers slower than this bound of the past, and the part of them that was slower.
    private var slow: (detector: ForecastDetector, place: Int, rate: Double)?
    private var latest: Instant?
    private var silentSince: Instant?
    private var hadTraffic = false
    private var restartsBefore: Int
    private var restarts = 0
    private var memory: MemorySlope

    /// Times are looked at above the bound that one request in twenty exceeded before.
    private static let slowPart = 0.05
    private static let silence = Milliseconds.minutes(1)

    init(
        past: Past, ownPast: Totals, judging: Judging, times: [Int]?, length: Milliseconds, began: Instant
    ) throws {
        let minute = Int(began.milliseconds / 60_000)
        let stretches = past.stretches.compactMap { stretch in
            (try? CanaryAnalysis.ArmCounts(requests: stretch.requests, events: stretch.errors)).map {
                SeasonalForecast.Past(minute: Int(stretch.at.milliseconds / 60_000), counts: $0)
            }
        }
        let dispersion: Double
        if let forecast = SeasonalForecast(past: stretches, release: minute) {
            self.expected = .seasonal(forecast)
            dispersion = forecast.dispersion
        } else if ownPast.requests >= Past.fewest {
            self.expected = .rate(Double(ownPast.events + 1) / Double(ownPast.requests + 2))
            dispersion = 1
        } else {
            self.expected = past.level(before: began).map(Expected.rate)
            dispersion = 1
        }
        let looks = max(1, Int(length.count / max(1, judging.every.count)) + 1)
        if self.expected != nil {
            self.errors = ForecastDetector(try .init(horizon: looks, dispersion: dispersion))
        }
        self.burn = try BurnRateGuard(objective: Double(judging.objective.perMillion) / 1_000_000)
        self.restartsBefore = -1
        self.memory = MemorySlope(watched: length)
        if let times, times.count == LatencyLadder.buckets, let place = Self.slowPlace(times) {
            let all = times.reduce(0, +)
            let rate = Double(times[(place + 1)...].reduce(0, +) + 1) / Double(all + 2)
            self.slow = (ForecastDetector(try .init(horizon: looks, tolerated: 1.25)), place, rate)
        }
    }

    /// The first bound that at most one request in twenty was slower than; nil with too few requests.
    private static func slowPlace(_ times: [Int]) -> Int? {
        let all = times.reduce(0, +)
        guard all >= Past.fewest else { return nil }
        var below = 0
        for index in LatencyLadder.bounds.indices {
            below += times[index]
            if Double(all - below) <= Self.slowPart * Double(all) { return index }
        }
        return nil
    }

    mutating func take(_ counts: CanaryAnalysis.Interval.Counts, _ looks: Looks, since before: Look) {
        if let checked = try? CanaryAnalysis.ArmCounts(requests: counts.requests, events: counts.errors) {
            self.burn.update(checked, at: Int(looks.to.milliseconds / 1_000))
            if let rate = self.rate(at: looks.to) { self.errors?.update(checked, forecast: rate) }
        }
        if let slow = self.slow, case .buckets(let buckets) = counts.times,
            let checked = try? CanaryAnalysis.ArmCounts(
                requests: buckets.reduce(0, +), events: buckets[(slow.place + 1)...].reduce(0, +))
        {
            self.slow?.detector.update(checked, forecast: slow.rate)
        }
        if counts.requests > 0 {
            self.hadTraffic = true
            self.silentSince = nil
        } else {
            self.silentSince = self.silentSince ?? looks.from
        }
        self.latest = looks.to
        if self.restartsBefore < 0 { self.restartsBefore = before.restarts }
        self.restarts = max(0, looks.new.restarts - self.restartsBefore)
        if let bytes = looks.new.memory { self.memory.add(bytes, at: looks.to) }
    }

    private func rate(at now: Instant) -> Double? {
        switch self.expected {
        case .seasonal(let forecast): forecast.rate(at: Int(now.milliseconds / 60_000))
        case .rate(let rate): rate
        case nil: nil
        }
    }

    /// The judgement after 100 %: this watch decides, no longer the comparison with the version before.
    func amend(_ judgement: inout Judgement) {
        guard judgement.verdict != .fail else { return }
        judgement.verdict = nil
        judgement.metric = "errors"
        if let alarm = self.burn.alarm {
            judgement.verdict = .fail
            judgement.sentence = alarm.sentence
        } else if let errors, errors.alarmAt != nil {
            judgement.verdict = .fail
            judgement.sentence = "errors after 100 %: \(errors.sentence)"
            judgement.harm = Int(errors.evidence * 1_000_000)
        } else if let errors {
            judgement.sentence = "errors after 100 %: \(errors.sentence)"
        } else {
            judgement.sentence =
                "errors after 100 %: this service has no past yet to compare with (\(Past.fewest) requests are needed); "
                + "only its error budget is guarded"
        }
        judgement.warning = self.warning
    }

    /// Worth telling people; a person decides.
    private var warning: String? {
        var words: [String] = []
        if let slow, slow.detector.alarmAt != nil {
            words.append(
                "latency: more answers than before are slower than \(LatencyLadder.bounds[slow.place]) ms")
        }
        if self.hadTraffic, let since = self.silentSince, let latest, since + Self.silence <= latest {
            words.append("no request has come for a minute, and there were some before")
        }
        if self.restarts > 0 { words.append("instances were started again since it has all the traffic") }
        if self.memory.isGrowing { words.append("its memory grows steadily") }
        return words.isEmpty ? nil : words.joined(separator: "; ")
    }
}

/// Whether memory grows steadily: a straight line through what was seen rises by a fifth, and explains nearly all of it.
/// (A cache that fills flattens; a leak does not.) That takes ten minutes, or half of a watch that is shorter than twenty,
/// and so many looks.
struct MemorySlope: Sendable {
    private var count = 0.0
    private var sums = (x: 0.0, y: 0.0, xx: 0.0, xy: 0.0, yy: 0.0)
    private var first: (at: Instant, bytes: Double)?
    private var last: Instant?

    private let shortest: Milliseconds
    private static let fewest = 20.0
    private static let rise = 0.2
    private static let fit = 0.9

    init(watched: Milliseconds) { self.shortest = min(.minutes(10), Milliseconds(watched.count / 2)) }

    mutating func add(_ bytes: Int64, at now: Instant) {
        let first = self.first ?? (now, Double(bytes))
        self.first = first
        self.last = now
        let (x, y) = (Double((now - first.at).count) / 1_000, Double(bytes))
        self.count += 1
        self.sums = (
            self.sums.x + x, self.sums.y + y, self.sums.xx + x * x, self.sums.xy + x * y, self.sums.yy + y * y
        )
    }

    var isGrowing: Bool {
        guard let first, let last, last - first.at >= self.shortest, self.count >= Self.fewest, first.bytes > 0 else {
            return false
        }
        let varianceX = self.sums.xx - self.sums.x * self.sums.x / self.count
        let varianceY = self.sums.yy - self.sums.y * self.sums.y / self.count
        let covariance = self.sums.xy - self.sums.x * self.sums.y / self.count
        guard varianceX > 0, varianceY > 0, covariance > 0 else { return false }
        let grown = covariance / varianceX * Double((last - first.at).count) / 1_000
        return grown >= Self.rise * first.bytes && covariance * covariance >= Self.fit * varianceX * varianceY
    }
}
