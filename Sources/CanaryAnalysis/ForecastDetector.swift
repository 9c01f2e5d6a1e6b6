/// Watches one version after 100 %, where nothing runs beside it: are there more events than a forecast from the
/// service's own past?
///
/// Interval t has n_t requests, k_t events and a forecast rate p_t; `k_t` is Poisson with a mean of `μ_t = ρ0 n_t p_t`
/// at most, as long as nothing is wrong. For each of 32 ratios `e^d` (`d = 2jh` of `OddsGrid`, up to sixteen times):
///
///     LR = exp((k_t d - μ_t(e^d - 1)) / φ)
///     SR <- (SR + 1) LR           Shiryaev-Roberts: a change may have begun at any interval
///     CU <- max(CU, 1) LR         CUSUM: the most likely beginning
///
/// each averaged over the grid (e-detectors: Shin, Ramdas, Rinaldo, arXiv 2203.03532). SR_t - t is a supermartingale
/// while nothing is wrong, so over a watch of T intervals an alarm at `SR >= T/α` is false with probability α at most
/// (Doob). In nats; intervals without requests or without a forecast are left out. Constant time, no allocation, a
/// state of 1 KB.
public struct ForecastDetector: Sendable, Equatable {
    public struct Settings: Sendable, Equatable {
        public let alpha: Double
        /// T, the intervals of the whole watch.
        public let horizon: Int
        /// ρ0: so much more than forecast is no harm; 1 to 15.
        public let tolerated: Double
        public let dispersion: Double

        /// Throws `badSetting`.
        public init(
            alpha: Double = 0.01, horizon: Int, tolerated: Double = 1.1, dispersion: Double = 1
        ) throws(AnalysisProblem) {
            try Level.check(alpha, "alpha of the bake")
            guard (1...100_000_000).contains(horizon), (1...15).contains(tolerated), (1...1e6).contains(dispersion)
            else {
                throw AnalysisProblem(
                    .badSetting,
                    "A watch of \(horizon) intervals, tolerating \(tolerated), with dispersion \(dispersion): 1 to "
                        + "100,000,000, 1 to 15, 1 to 1,000,000.")
            }
            self.alpha = alpha
            self.horizon = horizon
            self.tolerated = tolerated
            self.dispersion = dispersion
        }
    }

    public let settings: Settings
    public private(set) var totals = Totals()
    /// Events that the forecasts gave, all intervals together.
    public private(set) var expected = 0.0
    /// Intervals that counted.
    public private(set) var intervals = 0
    /// The interval of the alarm, counted from 1.
    public private(set) var alarmAt: Int?

    /// ln SR, ln CU, of each ratio.
    private var state: ContiguousArray<Double>
    /// In which interval the CUSUM of each ratio last began.
    private var beginnings: ContiguousArray<Int>
    /// d, e^d - 1: constants.
    private let grid: ContiguousArray<Double>

    public init(_ settings: Settings) {
        self.settings = settings
        self.state = ContiguousArray(repeating: -.infinity, count: 2 * Self.places)
        self.beginnings = ContiguousArray(repeating: 0, count: Self.places)
        let ratios = (1...Self.places).map { OddsGrid.logRatio(OddsGrid.reach + 2 * $0) }
        self.grid = ContiguousArray(ratios + ratios.map { Arithmetic.e($0) - 1 })
    }

    private static let places = OddsGrid.reach / 2

    /// Adds one interval; `forecast` is the rate that is expected, above 0 and at most 1, else the interval is left
    /// out.
    public mutating func update(_ counts: ArmCounts, forecast: Double) {
        guard counts.requests > 0, forecast > 0, forecast <= 1 else { return }
        self.totals.add(counts.requests, counts.events)
        self.intervals += 1
        let mean = Double(counts.requests) * forecast
        self.expected += mean
        let (events, tolerated) = (Double(counts.events), self.settings.tolerated * mean)
        for place in 0..<Self.places {
            let gain =
                (events * self.grid[place] - tolerated * self.grid[Self.places + place]) / self.settings.dispersion
            self.state[place] = Arithmetic.logAdd(self.state[place], 0) + gain
            let cusum = Self.places + place
            if self.state[cusum] <= 0 { self.beginnings[place] = self.intervals }
            self.state[cusum] = max(self.state[cusum], 0) + gain
        }
        if self.alarmAt == nil, self.evidence >= self.needed { self.alarmAt = self.intervals }
    }

    /// `ln SR`
    public var evidence: Double { Arithmetic.logMeanExp(self.state[0..<Self.places]) }

    /// `ln CU`
    public var cusum: Double { Arithmetic.logMeanExp(self.state[Self.places...]) }

    /// `ln(T/α)`
    public var needed: Double { Arithmetic.ln(Double(self.settings.horizon) / self.settings.alpha) }

    /// The interval in which what is seen most likely began, counted from 1; 0 before the first. A release is the cause
    /// only if this is after it.
    public var beginning: Int {
        let best = (Self.places..<2 * Self.places).max { self.state[$0] < self.state[$1] } ?? Self.places
        return self.beginnings[best - Self.places]
    }

    /// What was seen beside what was forecast, for a person.
    public var sentence: String {
        let seen = "\(Words.part(self.totals)), \(Words.number(self.expected, 1)) were forecast"
        let evidence = "evidence \(Words.odds(self.evidence)), decided at \(Words.odds(self.needed))"
        guard let alarmAt = self.alarmAt else { return "\(seen): no change is shown (\(evidence))." }
        return
            "\(seen): more than the service's own past (\(evidence)), seen in interval \(alarmAt), most likely "
            + "since interval \(self.beginning)."
    }

    /// The least dispersion, from `settings.dispersion` up by quarters, at which at most a part α of `windows` raise an
    /// alarm: past weeks without a release, replayed. Counts that are not Poisson are paid for here. nil if 10^6 is not
    /// enough.
    public static func calibrated(
        _ settings: Settings, on windows: [[(counts: ArmCounts, forecast: Double)]]
    ) -> Settings? {
        var dispersion = settings.dispersion
        while dispersion <= 1e6 {
            guard
                let tried = try? Settings(
                    alpha: settings.alpha, horizon: settings.horizon, tolerated: settings.tolerated,
                    dispersion: dispersion)
            else { return nil }
            let alarms = windows.count { window in
                var detector = ForecastDetector(tried)
                for step in window { detector.update(step.counts, forecast: step.forecast) }
                return detector.alarmAt != nil
            }
            if Double(alarms) <= settings.alpha * Double(windows.count) { return tried }
            dispersion *= 1.25
        }
        return nil
    }
}

extension ForecastDetector: Codable {
    private enum Key: String, CodingKey { case settings, totals, expected, intervals, alarmAt, state, beginnings }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(try container.decode(Settings.self, forKey: .settings))
        self.totals = try container.decode(Totals.self, forKey: .totals)
        self.expected = try container.decode(ExactDoubles.self, forKey: .expected).checked(count: 1)[0]
        self.intervals = try container.decode(Int.self, forKey: .intervals)
        self.alarmAt = try container.decodeIfPresent(Int.self, forKey: .alarmAt)
        self.state = try container.decode(ExactDoubles.self, forKey: .state).checked(count: self.state.count)
        self.beginnings = try container.decode(ContiguousArray<Int>.self, forKey: .beginnings)
        guard self.intervals >= 0, self.intervals < 1 << 50, self.beginnings.count == Self.places, self.expected >= 0,
            self.beginnings.allSatisfy({ (0...self.intervals).contains($0) })
        else { throw AnalysisProblem(.badState, "A saved detector holds counts that can't be.") }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(self.settings, forKey: .settings)
        try container.encode(self.totals, forKey: .totals)
        try container.encode(ExactDoubles([self.expected]), forKey: .expected)
        try container.encode(self.intervals, forKey: .intervals)
        try container.encodeIfPresent(self.alarmAt, forKey: .alarmAt)
        try container.encode(ExactDoubles(self.state), forKey: .state)
        try container.encode(self.beginnings, forKey: .beginnings)
    }
}

extension ForecastDetector.Settings: Codable {
    private enum Key: String, CodingKey { case numbers, horizon }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let numbers = try container.decode(ExactDoubles.self, forKey: .numbers).checked(count: 3)
        try self.init(
            alpha: numbers[0], horizon: try container.decode(Int.self, forKey: .horizon), tolerated: numbers[1],
            dispersion: numbers[2])
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(ExactDoubles([self.alpha, self.tolerated, self.dispersion]), forKey: .numbers)
        try container.encode(self.horizon, forKey: .horizon)
    }
}
