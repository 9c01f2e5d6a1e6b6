import ChangeCalendar
import Core
import Testing

/// What people write down, and what the clock does to it.
struct CalendarTests {
    static let zones = SystemZones()

    static func calendar(
        _ kind: CalendarEntry.Kind, _ start: String, _ end: String, _ zone: String = "Europe/Berlin",
        _ rule: String? = nil,
        _ directions: Set<Direction> = [.forward]
    ) throws -> Openings<String> {
        Openings([
            .init(
                "one",
                try ChangeWindow(
                    kind, from: try #require(LocalTime(start)), to: try #require(LocalTime(end)), zone: zone,
                    recurrence: try rule.map { try RecurrenceRule($0) }, directions: directions, zones: Self.zones))
        ])
    }

    static func utc(_ text: String) throws -> Int64 { try #require(LocalTime(text)).seconds }

    @Test func `a freeze over a weekend is closed from its first second to before its last`() throws {
        let freeze = try Self.calendar(.freeze, "2026-03-27T18:00:00", "2026-03-30T08:00:00")
        func isOpen(_ text: String) throws -> Bool {
            freeze.verdict(on: .forward, at: try Self.utc(text), Self.zones).isOpen
        }
        #expect(try isOpen("2026-03-27T16:59:59"))
        #expect(try !isOpen("2026-03-27T17:00:00"))
        #expect(try !isOpen("2026-03-30T05:59:59"))
        #expect(try isOpen("2026-03-30T06:00:00"), "summer time began in between")
        #expect(
            freeze.nextOpen(on: .forward, from: try Self.utc("2026-03-27T17:30:00"), Self.zones)
                == (try Self.utc("2026-03-30T06:00:00")))
    }

    @Test func `a freeze to come does not close today`() throws {
        let freeze = try Self.calendar(.freeze, "2027-01-01T00:00:00", "2027-01-02T00:00:00")
        let now = try Self.utc("2026-11-24T12:00:00")
        #expect(freeze.nextOpen(on: .forward, from: now, Self.zones) == now)
    }

    @Test(arguments: [
        // 02:30 does not exist on that day and is 03:30; it exists twice in autumn, and the first one counts.
        ("2026-03-29T02:30:00", "2026-03-29T04:00:00", "2026-03-29T01:30:00", "2026-03-29T02:00:00"),
        ("2026-10-25T02:30:00", "2026-10-25T04:00:00", "2026-10-25T00:30:00", "2026-10-25T03:00:00"),
    ])
    func `a clock that skips or repeats an hour`(start: String, end: String, closes: String, opens: String) throws {
        let freeze = try Self.calendar(.freeze, start, end)
        let (from, to) = (try Self.utc(closes), try Self.utc(opens))
        #expect(freeze.verdict(on: .forward, at: from - 1, Self.zones).isOpen)
        #expect(!freeze.verdict(on: .forward, at: from, Self.zones).isOpen)
        #expect(!freeze.verdict(on: .forward, at: to - 1, Self.zones).isOpen)
        #expect(freeze.verdict(on: .forward, at: to, Self.zones).isOpen)
    }

    @Test func `a freeze on 29 February recurs in leap years only`() throws {
        let freeze = try Self.calendar(.freeze, "2024-02-29T00:00:00", "2024-03-01T00:00:00", "UTC", "FREQ=YEARLY")
        #expect(!freeze.verdict(on: .forward, at: try Self.utc("2028-02-29T12:00:00"), Self.zones).isOpen)
        for open in ["2025-02-28T12:00:00", "2025-03-01T12:00:00", "2026-02-28T23:59:59"] {
            #expect(freeze.verdict(on: .forward, at: try Self.utc(open), Self.zones).isOpen, "\(open)")
        }
    }

    @Test func `a window for forward moves limits no rollback`() throws {
        let window = try Self.calendar(
            .window, "2026-01-05T09:00:00", "2026-01-05T17:00:00", "Europe/Berlin", "FREQ=WEEKLY;BYDAY=MO,FR")
        let tuesday = try Self.utc("2026-11-24T12:00:00")
        #expect(window.verdict(on: .rollback, at: tuesday, Self.zones).isOpen)
        #expect(!window.verdict(on: .forward, at: tuesday, Self.zones).isOpen)
        #expect(
            window.nextOpen(on: .forward, from: tuesday, Self.zones) == (try Self.utc("2026-11-27T08:00:00")))
    }

    @Test func `deny beats allow, and where nothing opens within two years there is no next time`() throws {
        let freeze = try Self.calendar(.freeze, "2020-01-01T00:00:00", "2020-01-02T00:00:00", "UTC", "FREQ=DAILY")
        let window = try Self.calendar(.window, "2020-01-01T09:00:00", "2020-01-01T17:00:00", "UTC", "FREQ=DAILY")
        let both = Openings(freeze.entries + window.entries)
        let now = try Self.utc("2026-11-24T12:00:00")
        #expect(window.verdict(on: .forward, at: now, Self.zones).isOpen)
        #expect(!both.verdict(on: .forward, at: now, Self.zones).isOpen)
        #expect(both.nextOpen(on: .forward, from: now, Self.zones) == nil)
    }

    @Test func `a start that does not match its rule is none, and COUNT does not count it`() throws {
        let freeze = try Self.calendar(
            .freeze, "2026-11-24T00:00:00", "2026-11-25T00:00:00", "UTC", "FREQ=WEEKLY;BYDAY=WE;COUNT=2")
        let closed = try ["2026-11-24", "2026-11-25", "2026-12-02", "2026-12-09"].map {
            !freeze.verdict(on: .forward, at: try Self.utc("\($0)T12:00:00"), Self.zones).isOpen
        }
        #expect(closed == [false, true, true, false])
    }

    @Test(arguments: [
        ("FREQ=FORTNIGHTLY", "YEARLY, MONTHLY"), ("FREQ=SECONDLY", "YEARLY, MONTHLY"), ("BYDAY=MO", "has no FREQ"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20270101T000000Z", "not by both"), ("FREQ=DAILY;UNTIL=20270101", "A day alone"),
        ("FREQ=WEEKLY;BYDAY=2MO", "counts within a month or a year"), ("FREQ=WEEKLY;BYMONTHDAY=1", "within a week"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "but not 0"), ("FREQ=DAILY;BYHOUR=24", "from 0 to 23"),
        ("FREQ=DAILY;;", "NAME=VALUE"),
        ("FREQ=DAILY;FREQ=DAILY", "stands twice"), ("FREQ=DAILY;BYSETPOS=1", "picks from"),
        ("FREQ=DAILY;RDATE=1", "known are"),
        ("FREQ=DAILY;INTERVAL=0", "from 1 to"), ("FREQ=DAILY;INTERVAL=99999999999999999999", "from 1 to"),
        ("FREQ=DAILY;BYDAY=XX", "no weekday"), ("FREQ=MONTHLY;BYWEEKNO=2", "needs FREQ=YEARLY"), ("", "NAME=VALUE"),
    ])
    func `a recurrence that means nothing is refused with what is allowed`(text: String, words: String) {
        let error = #expect(throws: CalendarError.self) { _ = try RecurrenceRule(text) }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test func `a recurrence of endless length is refused unread`() {
        let error = #expect(throws: CalendarError.self) {
            _ = try RecurrenceRule("FREQ=DAILY;BYHOUR=" + String(repeating: "1,", count: 100_000))
        }
        #expect(error?.message.contains("at most 500") == true)
    }

    @Test func `a window that ends before it starts, lasts for years, or lies in no known zone is refused`() throws {
        func words(_ start: String, _ end: String, _ zone: String) -> String {
            let error = #expect(throws: CalendarError.self) { _ = try Self.calendar(.freeze, start, end, zone) }
            return error?.message ?? ""
        }
        #expect(words("2026-03-30T08:00:00", "2026-03-27T18:00:00", "UTC").contains("must be later than its start"))
        #expect(words("2026-03-30T08:00:00", "2026-03-30T08:00:00", "UTC").contains("must be later than its start"))
        #expect(words("2026-03-30T08:00:00", "2036-03-30T08:00:00", "UTC").contains("longer than 400 days"))
        for zone in ["Europe/Atlantis", "", "GMT+2", "../../etc/passwd", "EST5EDT4,M3"] {
            #expect(
                words("2026-03-27T18:00:00", "2026-03-30T08:00:00", zone).contains("no zone of this system"), "\(zone)")
        }
    }

    @Test(arguments: [
        "2026-02-30T00:00:00", "2026-13-01T00:00:00", "2026-01-01T24:00:00", "2026-01-01", "0000-01-01T00:00:00",
        "2026-01-01 00:00:00", "2026-01-01T00:00:00Z", "２026-01-01T00:00:00", "-026-01-01T00:00:00",
    ])
    func `what is no time of a clock is not read as one`(text: String) {
        #expect(LocalTime(text) == nil)
    }

    @Test func `days and dates are the same thing for ten thousand years`() {
        var day = CivilDay(year: 1, month: 1, day: 1).number
        #expect(CivilDay(year: 1970, month: 1, day: 1).number == 0)
        for year in 1...9_999 {
            let isLeap = year % 400 == 0 || year % 4 == 0 && year % 100 != 0
            let february: Int = isLeap ? 29 : 28
            let lengths: [Int] = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            for month in 1...12 {
                #expect(CivilDay(year: year, month: month, day: 1).number == day)
                day += lengths[month - 1]
            }
        }
        #expect(LocalTime("2024-02-29T23:59:58")?.text == "2024-02-29T23:59:58")
    }

    @Test func `zones are found under all names of the zone data, and no path is one`() {
        for zone in ["Asia/Kolkata", "Etc/UTC", "Etc/GMT+5", "US/Eastern", "America/Argentina/ComodRivadavia", "UTC"] {
            #expect(Self.zones.offset(of: zone, at: 1_800_000_000) != nil, "\(zone)")
        }
        for zone in [
            "posix/Europe/Berlin", "right/UTC", "../../etc/passwd", "Europe/../Berlin", "Europe//Berlin",
            "/Europe/Berlin",
            "EST", "GMT+2", "Europe/Nowhere", "Nowhere/Berlin", "Europe/", "",
        ] { #expect(Self.zones.offset(of: zone, at: 1_800_000_000) == nil, "\(zone)") }
    }

    @Test(arguments: [
        "FREQ=MINUTELY;COUNT=1;BYSECOND=0;BYSETPOS=2", "FREQ=HOURLY;COUNT=1;BYMINUTE=0;BYSETPOS=2",
        "FREQ=DAILY;COUNT=3;BYHOUR=9;BYMINUTE=0;BYSECOND=0;BYSETPOS=-2",
    ]) func `a rule that picks what no period has never starts, and nobody looks for it`(rule: String) throws {
        let freeze = try Self.calendar(.freeze, "2026-01-01T00:00:00", "2026-01-01T00:00:30", "UTC", rule)
        #expect(freeze.verdict(on: .forward, at: try Self.utc("2026-01-01T00:00:00"), Self.zones).isOpen)
        #expect(freeze.verdict(on: .forward, at: try Self.utc("2027-01-01T09:00:00"), Self.zones).isOpen)
    }

    @Test func `a count whose end is centuries off is refused instead of looked for`() {
        let rule = "FREQ=MINUTELY;INTERVAL=1440;BYHOUR=7;COUNT=5"
        let error = #expect(throws: CalendarError.self) {
            _ = try Self.calendar(.freeze, "2026-01-01T00:00:00", "2026-01-01T00:00:30", "UTC", rule)
        }
        #expect(error?.message.contains("give UNTIL instead") == true)
    }
}
