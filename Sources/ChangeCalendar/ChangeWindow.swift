package import Core

/// An interval that denies (a freeze) or allows (a change window), once or again and again. Times are those of clocks in its zone; an
/// occurrence ends when they show its start and the window's length. Half-open: the end is outside.
package struct ChangeWindow: Sendable, Equatable {
    package let kind: CalendarEntry.Kind
    package let zone: String
    package let directions: Set<Direction>
    package let start: LocalTime
    /// Seconds on the clock from an occurrence's start to its end.
    package let length: Int64
    /// nil: once.
    let occurrences: Occurrences?

    /// At most so long: a freeze that holds for years is a hold.
    package static let longest: Int64 = 400 * 86_400

    package init(
        _ kind: CalendarEntry.Kind, from start: LocalTime, to end: LocalTime, zone: String, recurrence: RecurrenceRule?,
        directions: Set<Direction>, zones: some ZoneRules
    ) throws(CalendarError) {
        guard start < end else {
            throw CalendarError(
                "A \(kind.rawValue) from \(start.text) ends at \(end.text): its end must be later than its start.")
        }
        guard end.seconds - start.seconds <= Self.longest else {
            throw CalendarError(
                "A \(kind.rawValue) from \(start.text) to \(end.text) is longer than \(Self.longest / 86_400) days; use a hold, or "
                    + "let it recur.")
        }
        guard zones.utc(start, in: zone) != nil else {
            throw CalendarError(
                "`\(zone)` is no zone of this system's time zone data; Europe/Berlin, America/New_York or UTC are.")
        }
        guard !directions.isEmpty else {
            let known = Direction.allCases.map(\.rawValue).joined(separator: ", ")
            throw CalendarError("A \(kind.rawValue) names at least one direction: \(known).")
        }
        (self.kind, self.zone, self.directions) = (kind, zone, directions)
        (self.start, self.length) = (start, end.seconds - start.seconds)
        self.occurrences = if let recurrence { try Occurrences(recurrence, from: start) } else { nil }
    }

    /// From what somebody wrote down.
    package init(_ entry: CalendarEntry, zones: some ZoneRules) throws(CalendarError) {
        func time(_ text: String) throws(CalendarError) -> LocalTime {
            guard let time = LocalTime(text) else {
                throw CalendarError("`\(text)` is no time of a clock; 2026-12-20T18:00:00 is.")
            }
            return time
        }
        var rule: RecurrenceRule?
        if let text = entry.recurrence { rule = try RecurrenceRule(text) }
        try self.init(
            entry.kind, from: try time(entry.start), to: try time(entry.end), zone: entry.zone, recurrence: rule,
            directions: Set(entry.directions), zones: zones)
    }

    /// In UTC seconds, its end outside.
    package struct Interval: Sendable, Hashable {
        package let start: Int64
        package let end: Int64

        func contains(_ utc: Int64) -> Bool { self.start <= utc && utc < self.end }
    }

    /// What clocks may be off from UTC, and be moved by, with room to spare: the local time of a UTC second lies within.
    private static let slack: Int64 = 36 * 3_600

    /// All occurrences that begin, by the clock, within a range; until `body` has seen enough.
    private func forEach(from: LocalTime, to: LocalTime, _ zones: some ZoneRules, _ body: (Interval) -> Bool) {
        func interval(_ local: LocalTime) -> Interval? {
            guard let start = zones.utc(local, in: self.zone), let end = zones.utc(local + self.length, in: self.zone)
            else {
                return nil
            }
            return Interval(start: start, end: end)
        }
        guard let occurrences else {
            if from <= self.start, self.start < to, let once = interval(self.start) { _ = body(once) }
            return
        }
        occurrences.forEach(from: from, to: to) { local in
            guard let one = interval(local) else { return true }
            if let last = occurrences.untilUTC, one.start > last { return false }
            return body(one)
        }
    }

    /// The occurrence that is under way, the one that ends last if several are; nil if none is.
    package func active(at utc: Int64, _ zones: some ZoneRules) -> Interval? {
        let from = LocalTime(seconds: utc - Self.slack - self.length)
        var latest: Interval?
        self.forEach(from: from, to: LocalTime(seconds: utc + Self.slack), zones) { one in
            if one.contains(utc), one.end > latest?.end ?? .min { latest = one }
            return true
        }
        return latest
    }

    /// The first occurrence that begins after a time and not after `limit`.
    package func next(after utc: Int64, limit: Int64, _ zones: some ZoneRules) -> Interval? {
        var first: Interval?
        let from = LocalTime(seconds: utc - Self.slack)
        self.forEach(from: from, to: LocalTime(seconds: limit + Self.slack), zones) { one in
            // A gap can turn two starts around; so the search goes on for a while.
            if let first, one.start > first.start + Self.slack { return false }
            if one.start > utc, one.start <= limit, one.end > one.start, one.start < first?.start ?? .max {
                first = one
            }
            return true
        }
        return first
    }
}
