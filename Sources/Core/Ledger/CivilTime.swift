/// A day of the proleptic Gregorian calendar, as its number of days after 1970-01-01.
package struct CivilDay: Sendable, Hashable, Comparable {
    package let number: Int

    package init(number: Int) { self.number = number }

    /// Year, month (1 to 12) and day of the month. The month's numbers are not checked here: `LocalTime` reads text and does.
    ///
    /// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (days_from_civil, civil_from_days): years begin in March inside, so that the leap day is the last one; 400 years are 146,097 days.
    package init(year: Int, month: Int, day: Int) {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted.dividedDown(by: 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        self.number = era * 146_097 + dayOfEra - 719_468
    }

    package static func < (left: CivilDay, right: CivilDay) -> Bool { left.number < right.number }

    /// Monday is 0, Sunday 6 (ISO 8601, less one).
    package var weekday: Int { (self.number + 3).remainder(of: 7) }

    package var parts: Parts {
        let shifted = self.number + 719_468
        let era = shifted.dividedDown(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return Parts(year: year, month: month, day: dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }

    package struct Parts: Equatable {
        package let year: Int
        package let month: Int
        package let day: Int

        package var lengthOfMonth: Int { CivilDay.length(ofMonth: self.month, year: self.year) }
    }

    package static func isLeap(_ year: Int) -> Bool {
        year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
    }

    package static func length(ofYear year: Int) -> Int { self.isLeap(year) ? 366 : 365 }

    package static func length(ofMonth month: Int, year: Int) -> Int {
        if month == 2 { return self.isLeap(year) ? 29 : 28 }
        return [4, 6, 9, 11].contains(month) ? 30 : 31
    }
}

/// A time as clocks on a wall show it, without its zone: whole seconds after 1970-01-01T00:00:00 on that clock.
package struct LocalTime: Sendable, Hashable, Comparable {
    package let seconds: Int64

    package init(seconds: Int64) { self.seconds = seconds }

    package init(day: CivilDay, second: Int) { self.seconds = Int64(day.number) * 86_400 + Int64(second) }

    package static func < (left: LocalTime, right: LocalTime) -> Bool { left.seconds < right.seconds }
    package static func + (left: LocalTime, right: Int64) -> LocalTime { LocalTime(seconds: left.seconds + right) }

    package var day: CivilDay { CivilDay(number: Int(self.seconds).dividedDown(by: 86_400)) }
    package var secondOfDay: Int { Int(self.seconds).remainder(of: 86_400) }

    /// `2026-03-27T18:00:00`, also without its seconds; in an RRULE `20260327T180000`. nil for anything else, 30 February too.
    /// Years 1 to 9999.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        let forms: [[UInt8]] = [
            Array("0000-00-00T00:00:00".utf8), Array("0000-00-00T00:00".utf8), Array("00000000T000000".utf8),
        ]
        guard
            let form = forms.first(where: { form in
                form.count == bytes.count
                    && zip(form, bytes).allSatisfy { shape, byte in
                        shape == UInt8(ascii: "0")
                            ? (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) : shape == byte
                    }
            })
        else { return nil }
        let digits = zip(form, bytes).compactMap { shape, byte in
            shape == UInt8(ascii: "0") ? Int(byte - UInt8(ascii: "0")) : nil
        }
        func number(_ range: Range<Int>) -> Int { digits[range].reduce(0) { $0 * 10 + $1 } }
        let (year, month, day) = (number(0..<4), number(4..<6), number(6..<8))
        let (hour, minute, second) = (number(8..<10), number(10..<12), digits.count > 12 ? number(12..<14) : 0)
        guard year >= 1, (1...12).contains(month), day >= 1, day <= CivilDay.length(ofMonth: month, year: year),
            hour < 24, minute < 60, second < 60
        else { return nil }
        self.init(day: CivilDay(year: year, month: month, day: day), second: hour * 3_600 + minute * 60 + second)
    }

    /// `2026-03-27T18:00:00`
    package var text: String {
        let (date, second) = (self.day.parts, self.secondOfDay)
        func padded(_ number: Int, _ width: Int) -> String {
            String(repeating: "0", count: max(0, width - String(number).count)) + String(number)
        }
        return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
            + "T\(padded(second / 3_600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
    }
}

extension Int {
    /// Rounded down, also below zero.
    package func dividedDown(by divisor: Int) -> Int {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }

    /// From 0 to divisor - 1, also below zero.
    package func remainder(of divisor: Int) -> Int {
        let rest = self % divisor
        return rest < 0 ? rest + divisor : rest
    }
}
