/// What rate of events a service's own past lets expect, by the time of day, and how much its counts scatter.
///
/// For each quarter of an hour of the day: all events over all requests within half an hour around it, over the seven
/// days before the release but for the last six hours, with one event's worth of the overall rate added so that no rate
/// is 0. Times the level: observed over forecast in those six hours (with four events' worth of 1 added), because days
/// differ by more than noise. φ is `Σ (k - μ)² / Σ μ` over the past, 1 or more.
public struct SeasonalForecast: Sendable, Equatable {
    /// A stretch of the past, at most a quarter of an hour long.
    public struct Past: Sendable, Equatable {
        /// Its beginning, in minutes of UTC since 1970.
        public var minute: Int
        public var counts: ArmCounts

        public init(minute: Int, counts: ArmCounts) {
            self.minute = minute
            self.counts = counts
        }
    }

    /// Rates by quarter of an hour of the day, level included.
    private let rates: ContiguousArray<Double>
    /// Observed over forecast in the last six hours before the release.
    public let level: Double
    /// For `ForecastDetector.Settings`; `ForecastDetector.calibrated` is better where there are weeks to replay.
    public let dispersion: Double

    /// nil if the past holds too little to forecast from: less than a day, or fewer than 1,000 requests. What is not
    /// within seven days before `release` (in minutes of UTC since 1970) is not looked at.
    public init?(past: some Sequence<Past>, release: Int) {
        let week = past.filter { $0.minute < release && $0.minute >= release - 7 * Self.day }.prefix(100_000)
        guard let first = week.map(\.minute).min(), first <= release - Self.day else { return nil }
        var slots = [(requests: Double, events: Double)](repeating: (0, 0), count: Self.slots)
        var all = (requests: 0.0, events: 0.0)
        for stretch in week where stretch.minute < release - Self.levelMinutes {
            let (requests, events) = (Double(stretch.counts.requests), Double(stretch.counts.events))
            let slot = Self.slot(stretch.minute)
            slots[slot] = (slots[slot].requests + requests, slots[slot].events + events)
            all = (all.requests + requests, all.events + events)
        }
        guard all.requests >= 1_000 else { return nil }
        let overall = (all.events + 0.5) / (all.requests + 1)
        let seasonal = (0..<Self.slots).map { slot in
            let around = (-2...2).map { slots[(slot + $0 + Self.slots) % Self.slots] }
            return (around.reduce(1) { $0 + $1.events }) / (around.reduce(1 / overall) { $0 + $1.requests })
        }
        var (squares, means, before) = (0.0, 0.0, (observed: 4.0, forecast: 4.0))
        for stretch in week {
            let mean = Double(stretch.counts.requests) * seasonal[Self.slot(stretch.minute)]
            let events = Double(stretch.counts.events)
            if stretch.minute < release - Self.levelMinutes {
                (squares, means) = (squares + (events - mean) * (events - mean), means + mean)
            } else {
                before = (before.observed + events, before.forecast + mean)
            }
        }
        let level = before.observed / before.forecast
        self.level = level
        self.dispersion = means > 0 ? min(max(1, squares / means), 1e6) : 1
        self.rates = ContiguousArray(seasonal.map { min(1, $0 * level) })
    }

    /// The rate that is expected at a minute of UTC since 1970.
    public func rate(at minute: Int) -> Double { self.rates[Self.slot(minute)] }

    private static let day = 24 * 60
    private static let levelMinutes = 6 * 60
    private static let slots = 96

    private static func slot(_ minute: Int) -> Int {
        let ofDay = (minute % Self.day + Self.day) % Self.day
        return ofDay / 15
    }
}

extension SeasonalForecast: Codable {
    private enum Key: String, CodingKey { case rates, numbers }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.rates = try container.decode(ExactDoubles.self, forKey: .rates).checked(count: Self.slots)
        let numbers = try container.decode(ExactDoubles.self, forKey: .numbers).checked(count: 2)
        (self.level, self.dispersion) = (numbers[0], numbers[1])
        guard self.rates.allSatisfy({ $0 > 0 && $0 <= 1 }), self.level > 0, self.dispersion >= 1 else {
            throw AnalysisProblem(.badState, "A saved forecast holds rates that can't be.")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(ExactDoubles(self.rates), forKey: .rates)
        try container.encode(ExactDoubles([self.level, self.dispersion]), forKey: .numbers)
    }
}
