import Core

/// How a window recurs: an RRULE of RFC 5545 (section 3.3.10), without FREQ=SECONDLY. Days are computed where they are asked for, never counted
/// from the start, so that a rule without an end costs no more in its twentieth year.
///
/// Where the RFC leaves room, this follows python-dateutil: what is not named comes from the start; BYWEEKNO without BYDAY means all days of
/// the week; with BYSETPOS the first week of a WEEKLY rule begins at the start. Mixed BYDAY (`MO,1TU`) is the union, as in the RFC.
package struct RecurrenceRule: Sendable, Equatable {
    enum Frequency: String, Sendable, CaseIterable {
        case yearly, monthly, weekly, daily, hourly, minutely
    }

    /// How it ends.
    enum End: Sendable, Equatable {
        case never
        case count(Int)
        /// The last start that counts, by the clock of the window's zone.
        case untilLocal(LocalTime)
        /// The same in UTC seconds.
        case untilUTC(Int64)
    }

    /// `2MO`: the second Monday; `-1FR`: the last Friday. Of the month, or of the year.
    struct OrdinalDay: Sendable, Equatable {
        let ordinal: Int
        let weekday: Int
    }

    var frequency = Frequency.daily
    var interval = 1
    var end = End.never
    /// Monday is 0.
    var weekStart = 0
    var months: Set<Int> = []
    var weekNumbers: Set<Int> = []
    var yearDays: Set<Int> = []
    var monthDays: Set<Int> = []
    var weekdays: Set<Int> = []
    var ordinalDays: [OrdinalDay] = []
    var hours: Set<Int> = []
    var minutes: Set<Int> = []
    var seconds: Set<Int> = []
    var positions: Set<Int> = []

    /// At most so many starts are counted for COUNT.
    static let countLimit = 10_000

    init() {}

    var namesDays: Bool {
        !self.weekNumbers.isEmpty || !self.yearDays.isEmpty || !self.monthDays.isEmpty || !self.weekdays.isEmpty
            || !self.ordinalDays.isEmpty
    }

    /// With what it leaves out taken from the start.
    func completed(from start: LocalTime) -> RecurrenceRule {
        var rule = self
        let date = start.day.parts
        if !self.namesDays {
            switch self.frequency {
            case .yearly:
                if self.months.isEmpty { rule.months = [date.month] }
                rule.monthDays = [date.day]
            case .monthly: rule.monthDays = [date.day]
            case .weekly: rule.weekdays = [start.day.weekday]
            case .daily, .hourly, .minutely: break
            }
        }
        switch self.frequency {
        case .yearly, .monthly, .weekly, .daily:
            if self.hours.isEmpty { rule.hours = [start.secondOfDay / 3_600] }
            if self.minutes.isEmpty { rule.minutes = [start.secondOfDay / 60 % 60] }
        case .hourly:
            if self.minutes.isEmpty { rule.minutes = [start.secondOfDay / 60 % 60] }
        case .minutely: break
        }
        if self.seconds.isEmpty { rule.seconds = [start.secondOfDay % 60] }
        return rule
    }
}

/// A calendar entry that can't be read or means nothing. What, which value, what is allowed.
package struct CalendarError: Error, Sendable, Equatable, CustomStringConvertible {
    package let message: String
    package init(_ message: String) { self.message = message }
    package var description: String { self.message }
}
