import Core

// Reading the text of a rule, and what RFC 5545 says must not stand together.
extension RecurrenceRule {
    /// `FREQ=WEEKLY;BYDAY=MO,FR`. At most 500 bytes.
    package init(_ text: String) throws(CalendarError) {
        guard text.utf8.count <= 500 else {
            throw CalendarError("A recurrence has \(text.utf8.count) bytes; at most 500 are read.")
        }
        self.init()
        var seen: Set<String> = []
        for part in text.split(separator: ";", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pieces.count == 2, !pieces[1].isEmpty else {
                throw CalendarError(
                    "`\(part)` in the recurrence `\(text)` is no NAME=VALUE, as in FREQ=WEEKLY;BYDAY=MO.")
            }
            let name = pieces[0].uppercased()
            guard seen.insert(name).inserted else {
                throw CalendarError("\(name) stands twice in the recurrence `\(text)`; once is allowed.")
            }
            try self.read(name, String(pieces[1]).uppercased())
        }
        guard seen.contains("FREQ") else {
            throw CalendarError("The recurrence `\(text)` has no FREQ: one of \(Self.frequencies).")
        }
        try self.checkCombination(seen)
    }

    private static let frequencies = Frequency.allCases.map { $0.rawValue.uppercased() }.joined(separator: ", ")
    private static let names = [
        "FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY",
        "BYHOUR",
        "BYMINUTE", "BYSECOND", "BYSETPOS",
    ]
    private static let weekdayNames = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]

    private mutating func read(_ name: String, _ value: String) throws(CalendarError) {
        switch name {
        case "FREQ":
            guard let frequency = Frequency(rawValue: value.lowercased()) else {
                throw CalendarError("FREQ=\(value): one of \(Self.frequencies) is allowed.")
            }
            self.frequency = frequency
        case "INTERVAL": self.interval = try Self.number(name, value, in: 1...10_000)
        case "COUNT": self.end = .count(try Self.number(name, value, in: 1...Self.countLimit))
        case "UNTIL": self.end = try Self.until(value)
        case "WKST":
            guard let day = Self.weekdayNames.firstIndex(of: value) else {
                throw CalendarError("WKST=\(value): one of \(Self.weekdayNames.joined(separator: ", ")) is allowed.")
            }
            self.weekStart = day
        case "BYMONTH": self.months = try Self.numbers(name, value, in: 1...12)
        case "BYWEEKNO": self.weekNumbers = try Self.numbers(name, value, in: -53...53)
        case "BYYEARDAY": self.yearDays = try Self.numbers(name, value, in: -366...366)
        case "BYMONTHDAY": self.monthDays = try Self.numbers(name, value, in: -31...31)
        case "BYDAY": try self.readDays(value)
        case "BYHOUR": self.hours = try Self.numbers(name, value, in: 0...23)
        case "BYMINUTE": self.minutes = try Self.numbers(name, value, in: 0...59)
        case "BYSECOND": self.seconds = try Self.numbers(name, value, in: 0...59)
        case "BYSETPOS": self.positions = try Self.numbers(name, value, in: -366...366)
        default:
            throw CalendarError("\(name) is no part of a recurrence; known are \(Self.names.joined(separator: ", ")).")
        }
    }

    private static func number(_ name: String, _ text: some StringProtocol, in range: ClosedRange<Int>)
        throws(CalendarError) -> Int
    {
        let mayBeNegative = range.lowerBound < 0
        let digits = text.utf8.drop { mayBeNegative && ($0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+")) }
        // Zero counts from nowhere where numbers count from either end.
        guard (1...5).contains(digits.count), digits.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains),
            let number = Int(String(text)), range.contains(number), !(mayBeNegative && number == 0)
        else {
            let zero = mayBeNegative ? ", but not 0," : ""
            throw CalendarError(
                "\(name)=\(text): whole numbers from \(range.lowerBound) to \(range.upperBound)\(zero) are allowed.")
        }
        return number
    }

    private static func numbers(_ name: String, _ text: String, in range: ClosedRange<Int>) throws(CalendarError)
        -> Set<Int>
    {
        var all: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            all.insert(try self.number(name, part, in: range))
        }
        return all
    }

    private mutating func readDays(_ text: String) throws(CalendarError) {
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let weekday = Self.weekdayNames.firstIndex(of: String(part.suffix(2))) else {
                throw CalendarError(
                    "BYDAY=\(text): `\(part)` is no weekday (\(Self.weekdayNames.joined(separator: ", "))), also not with a "
                        + "number before it (2MO, -1FR).")
            }
            let ordinal = part.dropLast(2)
            if ordinal.isEmpty {
                self.weekdays.insert(weekday)
            } else {
                let day = OrdinalDay(ordinal: try Self.number("BYDAY", ordinal, in: -53...53), weekday: weekday)
                if !self.ordinalDays.contains(day) { self.ordinalDays.append(day) }
            }
        }
    }

    private static func until(_ value: String) throws(CalendarError) -> End {
        if value.hasSuffix("Z"), let time = LocalTime(String(value.dropLast())) { return .untilUTC(time.seconds) }
        if let time = LocalTime(value) { return .untilLocal(time) }
        throw CalendarError(
            "UNTIL=\(value): a time is needed, as 20261224T180000Z (UTC) or 20261224T180000 (the zone's clock). A day alone "
                + "says not whether its own hours belong to it.")
    }

    /// RFC 5545, section 3.3.10: what MUST NOT be used together.
    private func checkCombination(_ seen: Set<String>) throws(CalendarError) {
        let name = self.frequency.rawValue.uppercased()
        if seen.isSuperset(of: ["COUNT", "UNTIL"]) {
            throw CalendarError("A recurrence ends by COUNT or by UNTIL, not by both.")
        }
        if !self.ordinalDays.isEmpty,
            self.frequency != .monthly && self.frequency != .yearly || !self.weekNumbers.isEmpty
        {
            throw CalendarError(
                "BYDAY with a number (2MO) counts within a month or a year: it needs FREQ=MONTHLY or FREQ=YEARLY without "
                    + "BYWEEKNO.")
        }
        if !self.weekNumbers.isEmpty, self.frequency != .yearly {
            throw CalendarError("BYWEEKNO needs FREQ=YEARLY; here is FREQ=\(name).")
        }
        if !self.monthDays.isEmpty, self.frequency == .weekly {
            throw CalendarError("BYMONTHDAY says nothing within a week; use FREQ=MONTHLY or FREQ=DAILY.")
        }
        if !self.yearDays.isEmpty, [.daily, .weekly, .monthly].contains(self.frequency) {
            throw CalendarError("BYYEARDAY needs FREQ=YEARLY; here is FREQ=\(name).")
        }
        if !self.positions.isEmpty, !seen.contains(where: { $0.hasPrefix("BY") && $0 != "BYSETPOS" }) {
            throw CalendarError("BYSETPOS picks from what another BY… names; there is none here.")
        }
    }
}
