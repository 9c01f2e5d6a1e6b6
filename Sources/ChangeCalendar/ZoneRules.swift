import Core

/// What a zone's clocks are set to. The one thing about calendars that is not computed here.
package protocol ZoneRules: Sendable {
    /// Seconds east of UTC that clocks of the zone show at a time in UTC (seconds after 1970-01-01T00:00:00Z); nil for a zone that nobody knows.
    func offset(of zone: String, at utc: Int64) -> Int64?
    /// Which edition of the time zone data this is, for the record: `2025b`.
    var dataVersion: String { get }
}

extension ZoneRules {
    /// What the clocks show.
    func local(_ utc: Int64, in zone: String) -> LocalTime? {
        self.offset(of: zone, at: utc).map { LocalTime(seconds: utc + $0) }
    }

    /// `2026-03-30 08:00 Europe/Berlin`; in UTC where nobody knows the zone.
    package func words(_ utc: Int64, in zone: String) -> String {
        let (local, name) = self.local(utc, in: zone).map { ($0, zone) } ?? (LocalTime(seconds: utc), "UTC")
        return "\(local.text.prefix(10)) \(local.text.dropFirst(11).prefix(5)) \(name)"
    }

    /// When clocks show a time, in UTC seconds. RFC 5545, section 3.3.5: a time that is shown twice is the first of them; one that is skipped
    /// counts with the offset before the gap (02:30 in a gap from 02:00 to 03:00 is 03:30).
    func utc(_ local: LocalTime, in zone: String) -> Int64? {
        // No clock was ever moved twice within two days around one moment.
        guard let before = self.offset(of: zone, at: local.seconds - 86_400),
            let after = self.offset(of: zone, at: local.seconds + 86_400)
        else { return nil }
        let early = local.seconds - before
        guard before != after, self.offset(of: zone, at: early) != before else { return early }
        let late = local.seconds - after
        return self.offset(of: zone, at: late) == after ? late : early
    }
}
