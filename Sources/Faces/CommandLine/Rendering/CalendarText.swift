import APIClient

/// The calendar for people.
enum CalendarText {
    static func lines(_ calendar: Wire.Calendar) -> [String] {
        let lines = calendar.stop.map { Self.stop($0) } ?? []
        guard !calendar.entries.isEmpty else { return lines + ["The calendar is empty: no freeze, no change window."] }
        var table = Table("NAME", "KIND", "WHERE", "NOW", "NEXT", "WHEN", "REASON")
        for entry in calendar.entries {
            let when = "\(entry.start) to \(entry.end) \(entry.zone)"
            let now = entry.problem ?? (entry.activeUntil.map { "until \(TimeText.second($0))" } ?? "")
            let directions = entry.directions == ["forward"] ? "" : " (\(entry.directions.joined(separator: ", ")))"
            table.add(
                entry.name, entry.kind + directions, entry.scope, now, TimeText.second(entry.beginsNext),
                entry.recurrence.map { "\(when), \($0)" } ?? when, entry.reason)
        }
        return lines + table.lines()
    }

    static func stop(_ stop: Wire.Guard) -> [String] {
        [
            "EVERYTHING IS STOPPED by \(Plain.line(stop.by)) since \(TimeText.second(stop.since)): \(Plain.line(stop.reason))",
            "`slipway freeze lift --reason …` lets things move again.", "",
        ]
    }

    static func outlook(_ outlook: Wire.Outlook) -> String {
        let lane = "\(Plain.line(outlook.service))/\(Plain.line(outlook.environment))"
        guard let reason = outlook.reason else { return "\(lane) is open for \(outlook.direction)." }
        return "\(lane) is closed for \(outlook.direction): \(Plain.line(reason))."
    }

    static func stopped(_ stopped: Wire.Stopped) -> [String] {
        ["Everything is stopped: nothing moves forward. `slipway freeze lift --reason …` ends that."]
            + stopped.paused.map(Plain.line).map { paused in
                "Paused: \(paused). `slipway resume \(paused) --reason …` goes on from there, "
                    + "`slipway abort \(paused) --reason …` goes back."
            }
    }
}
