/// Whether a service burns its error budget too fast, whatever was forecast: the absolute guard beside the comparison.
///
/// The burn rate of a window is its error rate over the objective. An alarm needs a long window and a short one above
/// the same factor, so that it begins fast and ends when the errors do: 14.4 over 1 h and 5 min (2 % of a 30-day budget
/// in an hour), or 6 over 6 h and 30 min (5 % in six hours). Source: Google, "The Site Reliability Workbook", chapter
/// 5, multiwindow multi-burn-rate alerts. Each window needs a minimum of requests and of errors first. No statistics:
/// it says what was, not what is likely.
///
/// Counts are kept in a ring of 2.5-minute buckets over six hours: 2.3 KB; a window ends with the bucket that is being
/// filled.
public struct BurnRateGuard: Sendable, Equatable {
    /// The error rate that is allowed.
    public let objective: Double
    public let minimumRequests: Int
    public let minimumErrors: Int

    /// Requests and errors of bucket number b at 2 (b mod 144) and one after.
    private var ring = ContiguousArray(repeating: 0, count: 2 * Self.buckets)
    /// The bucket that is being filled: seconds since 1970 over 150. nil before the first.
    private var current: Int?

    /// Throws `badSetting`.
    public init(objective: Double, minimumRequests: Int = 30, minimumErrors: Int = 5) throws(AnalysisProblem) {
        guard objective >= 1e-9, objective < 1, (1...1_000_000).contains(minimumRequests),
            (1...1_000_000).contains(minimumErrors)
        else {
            throw AnalysisProblem(
                .badSetting,
                "An objective of \(objective) with minima of \(minimumRequests) requests and \(minimumErrors) "
                    + "errors: 10^-9 to below 1, 1 to 1,000,000 each.")
        }
        self.objective = objective
        self.minimumRequests = minimumRequests
        self.minimumErrors = minimumErrors
    }

    /// Adds counts of the time at `second` (UTC since 1970). What is older than six hours before the newest is left
    /// out; a clock that jumped ahead by more begins anew.
    public mutating func update(_ counts: ArmCounts, at second: Int) {
        guard second >= 0 else { return }
        let bucket = second / Self.bucketSeconds
        let newest = self.current ?? bucket
        guard bucket > newest - Self.buckets else { return }
        if bucket > newest || self.current == nil {
            for cleared in max(newest + 1, bucket - Self.buckets + 1)..<bucket + 1 { self.clear(cleared) }
            self.current = bucket
        }
        let place = 2 * (bucket % Self.buckets)
        self.ring[place] = Self.sum(self.ring[place], counts.requests)
        self.ring[place + 1] = Self.sum(self.ring[place + 1], counts.events)
    }

    public struct Alarm: Sendable, Equatable {
        public let factor: Double
        public let longMinutes: Int
        public let shortMinutes: Int
        public let long: Totals
        public let short: Totals
        public let objective: Double

        public var sentence: String {
            "The error budget burns more than \(Words.number(self.factor, 1)) times too fast: errors in "
                + "\(Words.part(self.long)) in the last "
                + "\(self.longMinutes) minutes and in \(Words.part(self.short)) in the last \(self.shortMinutes); "
                + "\(Words.percent(self.objective)) are allowed."
        }
    }

    /// The first of the two alarms that holds now.
    public var alarm: Alarm? {
        self.alarm(factor: 14.4, long: 60, short: 5) ?? self.alarm(factor: 6, long: 360, short: 30)
    }

    private func alarm(factor: Double, long: Int, short: Int) -> Alarm? {
        let (longTotals, shortTotals) = (self.totals(minutes: long), self.totals(minutes: short))
        guard self.burns(longTotals, factor), self.burns(shortTotals, factor) else { return nil }
        return Alarm(
            factor: factor, longMinutes: long, shortMinutes: short, long: longTotals, short: shortTotals,
            objective: self.objective)
    }

    private func burns(_ totals: Totals, _ factor: Double) -> Bool {
        totals.requests >= self.minimumRequests && totals.events >= self.minimumErrors
            && Double(totals.events) >= min(1, factor * self.objective) * Double(totals.requests)
    }

    /// Requests and errors of the last so many minutes, up to 360.
    public func totals(minutes: Int) -> Totals {
        var totals = Totals()
        guard let current = self.current else { return totals }
        let count = min(max(1, minutes * 60 / Self.bucketSeconds), Self.buckets)
        for bucket in max(0, current - count + 1)...current {
            let place = 2 * (bucket % Self.buckets)
            totals.add(self.ring[place], self.ring[place + 1])
        }
        return totals
    }

    private mutating func clear(_ bucket: Int) {
        self.ring[2 * (bucket % Self.buckets)] = 0
        self.ring[2 * (bucket % Self.buckets) + 1] = 0
    }

    private static func sum(_ one: Int, _ other: Int) -> Int {
        let (sum, overflow) = one.addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    private static let bucketSeconds = 150
    private static let buckets = 144
}

extension BurnRateGuard: Codable {
    private enum Key: String, CodingKey { case objective, minima, ring, current }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let minima = try container.decode([Int].self, forKey: .minima)
        guard minima.count == 2 else { throw AnalysisProblem(.badState, "A saved guard has \(minima.count) minima.") }
        try self.init(
            objective: try container.decode(ExactDoubles.self, forKey: .objective).checked(count: 1)[0],
            minimumRequests: minima[0], minimumErrors: minima[1])
        self.ring = try container.decode(ContiguousArray<Int>.self, forKey: .ring)
        self.current = try container.decodeIfPresent(Int.self, forKey: .current)
        guard self.ring.count == 2 * Self.buckets, self.ring.allSatisfy({ $0 >= 0 }),
            (0...Int.max / Self.bucketSeconds).contains(self.current ?? 0)
        else { throw AnalysisProblem(.badState, "A saved guard holds counts that can't be.") }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(ExactDoubles([self.objective]), forKey: .objective)
        try container.encode([self.minimumRequests, self.minimumErrors], forKey: .minima)
        try container.encode(self.ring, forKey: .ring)
        try container.encodeIfPresent(self.current, forKey: .current)
    }
}
