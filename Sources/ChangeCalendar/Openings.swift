package import Core

/// All windows that apply somewhere. A direction is open when no freeze of it is active and, if any window names it, one of those is: deny
/// beats allow, and a window for forward moves never limits a rollback.
package struct Openings<Name: Sendable>: Sendable {
    package struct Entry: Sendable {
        package let name: Name
        package let window: ChangeWindow

        package init(_ name: Name, _ window: ChangeWindow) {
            self.name = name
            self.window = window
        }
    }

    package let entries: [Entry]

    package init(_ entries: [Entry]) { self.entries = entries }

    package enum Verdict: Sendable {
        case open
        /// The freezes that are active, each with the occurrence that is under way.
        case frozen([(entry: Entry, until: Int64)])
        /// Windows name this direction, and none is active.
        case outsideWindows([Entry])

        package var isOpen: Bool {
            switch self {
            case .open: true
            case .frozen, .outsideWindows: false
            }
        }
    }

    package func verdict(on direction: Direction, at utc: Int64, _ zones: some ZoneRules) -> Verdict {
        let entries = self.entries.filter { $0.window.directions.contains(direction) }
        let freezes: [(entry: Entry, until: Int64)] = entries.compactMap { entry in
            guard entry.window.kind == .freeze, let now = entry.window.active(at: utc, zones) else { return nil }
            return (entry, now.end)
        }
        guard freezes.isEmpty else { return .frozen(freezes) }
        let windows = entries.filter { $0.window.kind == .window }
        let isAllowed = windows.isEmpty || windows.contains { $0.window.active(at: utc, zones) != nil }
        return isAllowed ? .open : .outsideWindows(windows)
    }

    /// Steps of a search from one edge to the next; enough for two years of a freeze each hour.
    private static var stepLimit: Int { 50_000 }

    /// The first time from `utc` on at which the direction is open; nil if there is none within two years.
    package func nextOpen(on direction: Direction, from utc: Int64, _ zones: some ZoneRules) -> Int64? {
        let limit = Self.twoYears(after: utc)
        var time = utc
        for _ in 0..<Self.stepLimit {
            guard time <= limit else { return nil }
            switch self.verdict(on: direction, at: time, zones) {
            case .open: return time
            case .frozen(let freezes): time = freezes.map(\.until).max() ?? .max
            case .outsideWindows(let windows):
                let starts = windows.compactMap { $0.window.next(after: time, limit: limit, zones)?.start }
                guard let next = starts.min() else { return nil }
                time = next
            }
        }
        return nil
    }

    /// The same day of the year two years later; 28 February after a leap day.
    private static func twoYears(after utc: Int64) -> Int64 {
        let now = LocalTime(seconds: utc)
        let date = now.day.parts
        let day = min(date.day, CivilDay.length(ofMonth: date.month, year: date.year + 2))
        return LocalTime(day: CivilDay(year: date.year + 2, month: date.month, day: day), second: now.secondOfDay)
            .seconds
    }
}
