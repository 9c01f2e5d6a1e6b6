import Core

/// The starts of a rule from a start on, by the clock of its zone. A start that does not match the rule is none of them.
struct Occurrences: Sendable, Equatable {
    let start: LocalTime
    /// With everything that the text left out.
    private let rule: RecurrenceRule
    /// Of a day on which it recurs, for frequencies of a day and longer; in order.
    private let times: [Int]
    /// Nothing starts after it; nil: no end by the zone's clock.
    private(set) var last: LocalTime?

    init(_ rule: RecurrenceRule, from start: LocalTime) throws(CalendarError) {
        self.start = start
        self.rule = rule.completed(from: start)
        let (hours, minutes, seconds) = (
            self.rule.hours.sorted(), self.rule.minutes.sorted(), self.rule.seconds.sorted()
        )
        self.times = hours.flatMap { hour in
            minutes.flatMap { minute in seconds.map { hour * 3_600 + minute * 60 + $0 } }
        }
        guard self.times.count <= 1_440 else {
            throw CalendarError("A recurrence starts \(self.times.count) times a day; at most 1,440 are allowed.")
        }
        if let most = self.startsOfPeriod, !self.rule.positions.isEmpty,
            self.rule.positions.allSatisfy({ abs($0) > most })
        {
            // It picks what no period has: nothing ever starts, and nobody has to look for it for centuries.
            self.last = start + -1
            return
        }
        switch rule.end {
        case .never, .untilUTC: self.last = nil
        case .untilLocal(let time): self.last = time
        case .count(let count): self.last = try self.end(ofCount: count)
        }
    }

    /// How many starts a period has from which BYSETPOS picks; nil where that depends on the period.
    private var startsOfPeriod: Int? {
        switch self.rule.frequency {
        case .yearly, .monthly, .weekly: nil
        case .daily: self.times.count
        case .hourly: self.rule.minutes.count * self.rule.seconds.count
        case .minutely: self.rule.seconds.count
        }
    }

    /// In UTC seconds; nil: no end that is given in UTC.
    var untilUTC: Int64? {
        switch self.rule.end {
        case .untilUTC(let seconds): seconds
        case .never, .count, .untilLocal: nil
        }
    }

    /// Counted once, over at most 400 years: the calendar then repeats itself.
    private func end(ofCount count: Int) throws(CalendarError) -> LocalTime {
        var (left, last) = (count, self.start + -1)
        var (from, looked) = (self.start, 0)
        let end = self.start + 146_097 * 86_400
        while left > 0, from < end {
            let to = min(from + 366 * 86_400, end)
            looked += self.periods(from: from, to: to)
            guard looked <= Self.periodLimit else {
                throw CalendarError(
                    "COUNT=\(count) needs a look at more than \(Self.periodLimit) minutes or hours; give UNTIL instead."
                )
            }
            self.forEach(from: from, to: to) { time in
                (left, last) = (left - 1, time)
                return left > 0
            }
            from = to
        }
        return last
    }

    /// Minutes or hours that are looked at one by one to find the end of a COUNT: a rule may start so rarely that centuries would be.
    private static let periodLimit = 20_000_000

    private func periods(from: LocalTime, to: LocalTime) -> Int {
        let each: Int
        switch self.rule.frequency {
        case .yearly, .monthly, .weekly, .daily: return 0
        case .hourly: each = 24
        case .minutely: each = 1_440
        }
        return (from.day.number...to.day.number).count { self.rule.allows(CivilDay(number: $0)) } * each
    }

    /// All starts in a range, its upper end left out, in order, until `body` says that it has seen enough.
    func forEach(from: LocalTime, to: LocalTime, _ body: (LocalTime) -> Bool) {
        let (from, to) = (max(from, self.start), min(to, self.last.map { $0 + 1 } ?? to))
        guard from < to else { return }
        func isWanted(_ time: LocalTime) -> Bool { from <= time && time < to }
        let lastDay = (to + -1).day.number
        var day = from.day.number
        if !self.rule.positions.isEmpty, let period = self.period(of: CivilDay(number: day)) { day = period.lowerBound }
        while day <= lastDay {
            let here = CivilDay(number: day)
            guard let next = self.skipped(from: here) else {
                let goesOn =
                    self.rule.positions.isEmpty
                    ? self.emit(day: here, isWanted, body)
                    : self.emitPositions(in: self.period(of: here), here, isWanted, body)
                guard goesOn else { return }
                day = self.rule.positions.isEmpty ? day + 1 : self.period(of: here)?.upperBound ?? day + 1
                continue
            }
            day = next
        }
    }

    // MARK: Periods

    /// The days of the year, month or week in which a day lies; nil where the period is not longer than a day.
    private func period(of day: CivilDay) -> Range<Int>? {
        switch self.rule.frequency {
        case .yearly:
            let first = CivilDay(year: day.parts.year, month: 1, day: 1).number
            return first..<first + CivilDay.length(ofYear: day.parts.year)
        case .monthly:
            let date = day.parts
            let first = day.number - date.day + 1
            return first..<first + date.lengthOfMonth
        case .weekly:
            let first = self.firstDay(ofWeekWith: day)
            return first..<first + 7
        case .daily, .hourly, .minutely: return nil
        }
    }

    private func firstDay(ofWeekWith day: CivilDay) -> Int {
        day.number - (day.weekday - self.rule.weekStart).remainder(of: 7)
    }

    /// The next day that is worth a look, if this one lies in a period that INTERVAL leaves out.
    private func skipped(from day: CivilDay) -> Int? {
        let (date, first) = (day.parts, self.start.day.parts)
        switch self.rule.frequency {
        case .yearly:
            let rest = (date.year - first.year).remainder(of: self.rule.interval)
            guard rest != 0 else { return nil }
            return CivilDay(year: date.year + self.rule.interval - rest, month: 1, day: 1).number
        case .monthly:
            let months = (date.year - first.year) * 12 + date.month - first.month
            let rest = months.remainder(of: self.rule.interval)
            guard rest != 0 else { return nil }
            let next = date.year * 12 + date.month - 1 + self.rule.interval - rest
            return CivilDay(year: next / 12, month: next % 12 + 1, day: 1).number
        case .weekly:
            let week = self.firstDay(ofWeekWith: day)
            let rest = ((week - self.firstDay(ofWeekWith: self.start.day)) / 7).remainder(of: self.rule.interval)
            return rest == 0 ? nil : week + 7 * (self.rule.interval - rest)
        case .daily:
            let rest = (day.number - self.start.day.number).remainder(of: self.rule.interval)
            return rest == 0 ? nil : day.number + self.rule.interval - rest
        case .hourly, .minutely: return nil
        }
    }

    // MARK: Starts

    private func emit(day: CivilDay, _ isWanted: (LocalTime) -> Bool, _ body: (LocalTime) -> Bool) -> Bool {
        guard self.rule.allows(day) else { return true }
        for second in self.times(on: day) {
            let time = LocalTime(day: day, second: second)
            if isWanted(time), !body(time) { return false }
        }
        return true
    }

    /// Seconds of a day at which it starts, in order; the day itself is allowed.
    private func times(on day: CivilDay) -> [Int] {
        switch self.rule.frequency {
        case .yearly, .monthly, .weekly, .daily: return self.times
        case .hourly:
            let since = day.number * 24 - Int(self.start.seconds).dividedDown(by: 3_600)
            let (minutes, seconds) = (self.rule.minutes.sorted(), self.rule.seconds.sorted())
            return (0..<24).filter { self.isOn(since + $0) && self.rule.hours.admits($0) }.flatMap { hour in
                self.picked(minutes.flatMap { minute in seconds.map { hour * 3_600 + minute * 60 + $0 } })
            }
        case .minutely:
            let since = day.number * 1_440 - Int(self.start.seconds).dividedDown(by: 60)
            let seconds = self.rule.seconds.sorted()
            return (0..<1_440).filter {
                self.isOn(since + $0) && self.rule.hours.admits($0 / 60) && self.rule.minutes.admits($0 % 60)
            }.flatMap { minute in self.picked(seconds.map { minute * 60 + $0 }) }
        }
    }

    private func isOn(_ periods: Int) -> Bool { periods.remainder(of: self.rule.interval) == 0 }

    /// BYSETPOS of a period within a day.
    private func picked(_ seconds: [Int]) -> [Int] {
        self.rule.positions.isEmpty ? seconds : self.rule.positions(of: seconds.count).map { seconds[$0] }
    }

    /// BYSETPOS: of all starts of a period, the ones at these places.
    private func emitPositions(
        in period: Range<Int>?, _ day: CivilDay, _ isWanted: (LocalTime) -> Bool, _ body: (LocalTime) -> Bool
    ) -> Bool {
        switch self.rule.frequency {
        case .hourly, .minutely: return self.emit(day: day, isWanted, body)
        case .yearly, .monthly, .weekly, .daily: break
        }
        var days = Array(period ?? day.number..<day.number + 1)
        if self.rule.frequency == .weekly { days.removeAll { $0 < self.start.day.number } }
        let allowed = days.map(CivilDay.init(number:)).filter(self.rule.allows)
        for position in self.rule.positions(of: allowed.count * self.times.count) {
            let (index, time) = position.quotientAndRemainder(dividingBy: self.times.count)
            let start = LocalTime(day: allowed[index], second: self.times[time])
            if isWanted(start), !body(start) { return false }
        }
        return true
    }
}

extension Set<Int> {
    /// No number at all names all of them.
    fileprivate func admits(_ number: Int) -> Bool { self.isEmpty || self.contains(number) }
}

extension RecurrenceRule {
    /// The indices that BYSETPOS picks of so many, in order.
    fileprivate func positions(of count: Int) -> [Int] {
        Set(self.positions.map { $0 > 0 ? $0 - 1 : count + $0 }).filter { (0..<count).contains($0) }.sorted()
    }

    /// Everything that is said about days.
    fileprivate func allows(_ day: CivilDay) -> Bool {
        let date = day.parts
        guard self.months.isEmpty || self.months.contains(date.month) else { return false }
        if !self.weekdays.isEmpty || !self.ordinalDays.isEmpty {
            guard self.weekdays.contains(day.weekday) || self.isOrdinal(day, date) else { return false }
        }
        if !self.monthDays.isEmpty {
            guard self.monthDays.contains(date.day) || self.monthDays.contains(date.day - date.lengthOfMonth - 1) else {
                return false
            }
        }
        if !self.yearDays.isEmpty {
            let number = day.number - CivilDay(year: date.year, month: 1, day: 1).number + 1
            guard
                self.yearDays.contains(number)
                    || self.yearDays.contains(number - CivilDay.length(ofYear: date.year) - 1)
            else { return false }
        }
        return self.weekNumbers.isEmpty || self.isInWeek(day, date)
    }

    /// `2MO` of the month; of the year if it is a yearly rule without months.
    private func isOrdinal(_ day: CivilDay, _ date: CivilDay.Parts) -> Bool {
        guard !self.ordinalDays.isEmpty else { return false }
        let isOfYear = self.frequency == .yearly && self.months.isEmpty
        let first = isOfYear ? CivilDay(year: date.year, month: 1, day: 1).number : day.number - date.day + 1
        let length = isOfYear ? CivilDay.length(ofYear: date.year) : date.lengthOfMonth
        let before = (day.number - first) / 7 + 1
        let after = (first + length - 1 - day.number) / 7 + 1
        return self.ordinalDays.contains {
            $0.weekday == day.weekday && ($0.ordinal == before || $0.ordinal == -after)
        }
    }

    /// Weeks as in ISO 8601, beginning at WKST: the first one has at least four days of the year.
    private func isInWeek(_ day: CivilDay, _ date: CivilDay.Parts) -> Bool {
        let week = day.number - (day.weekday - self.weekStart).remainder(of: 7)
        // The fourth day of a week lies in the year that the week belongs to.
        let year = CivilDay(number: week + 3).parts.year
        let (first, next) = (self.firstWeek(of: year), self.firstWeek(of: year + 1))
        let (number, count) = ((week - first) / 7 + 1, (next - first) / 7)
        return self.weekNumbers.contains(number) || self.weekNumbers.contains(number - count - 1)
    }

    private func firstWeek(of year: Int) -> Int {
        let fourth = CivilDay(year: year, month: 1, day: 4)
        return fourth.number - (fourth.weekday - self.weekStart).remainder(of: 7)
    }
}
