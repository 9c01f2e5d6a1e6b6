import ChangeCalendar
package import Core

/// What the calendar says about one move into one lane.
package struct FreezeGate {
    let calendar: FreezeCalendar
    let number: Int
    let windows: Windows
    let lane: LaneID
    let owner: String

    /// The windows that concern this lane, but for those that `isLeftOut` names.
    private func entries(leavingOut isLeftOut: (CalendarEntryName) -> Bool) -> [Windows.Window] {
        self.windows.entries(of: self.calendar, number: self.number).filter {
            $0.entry.scope.covers(self.lane, owner: self.owner) && !isLeftOut($0.entry.name)
        }
    }

    /// Gates of a promotion that waits: the stop of everything, and the calendar. None where neither says anything.
    /// An emergency passes freezes and closed windows, and says so; the stop of everything stops it as well.
    func results(
        for promotion: Int, _ direction: Direction, emergency: ChangeRequest.Emergency?, at now: Instant
    ) -> [GateResult] {
        var calendar = self.result(for: promotion, direction, at: now)
        if let emergency, let closed = calendar, closed.verdict == nil {
            let closing = self.closing(promotion, direction, at: now).map { "`\($0)`" }.joined(separator: ", ")
            calendar = GateResult(
                gate: "calendar", verdict: .pass, reason: "\(emergency.words); not held up by \(closing)")
        }
        return [self.stopped, calendar].compactMap(\.self)
    }

    private var stopped: GateResult? {
        self.calendar.stop.map { GateResult(gate: "stop", verdict: nil, reason: $0.sentence) }
    }

    private func result(for promotion: Int, _ direction: Direction, at now: Instant) -> GateResult? {
        var passed: [FreezeCalendar.Override] = []
        let entries = self.entries { name in
            guard let override = self.calendar.override(of: promotion, in: self.lane, from: name) else { return false }
            if !passed.contains(override) { passed.append(override) }
            return true
        }
        guard !entries.isEmpty || !passed.isEmpty else { return nil }
        let found = self.outlook(entries, direction, at: now)
        guard let reason = found.closedBecause else {
            let overridden = passed.map { override in
                "; \(override.by) overrode \(override.entries.map(\.text).joined(separator: ", ")): \(override.reason)"
            }
            return GateResult(gate: "calendar", verdict: .pass, reason: "open" + overridden.joined())
        }
        let waiting = "\(self.lane.service)/\(self.lane.environment)/\(promotion)"
        return GateResult(
            gate: "calendar", verdict: nil,
            reason: "\(reason.asSentence) `slipway freeze override \(waiting) --reason …` lets this one through",
            passesAt: found.opensAt)
    }

    /// Is it open, why not, and when next.
    package struct Outlook: Sendable {
        /// nil: open.
        package let closedBecause: String?
        /// nil: open now, or not within two years.
        package let opensAt: Instant?
        /// The entries that close it.
        package let closing: [CalendarEntryName]
    }

    /// The entries that keep a promotion waiting.
    func closing(_ promotion: Int, _ direction: Direction, at now: Instant) -> [CalendarEntryName] {
        let entries = self.entries { self.calendar.override(of: promotion, in: self.lane, from: $0) != nil }
        return self.outlook(entries, direction, at: now).closing
    }

    func outlook(_ direction: Direction, at now: Instant) -> Outlook {
        if direction == .forward, let stop = self.calendar.stop {
            return Outlook(closedBecause: stop.sentence, opensAt: nil, closing: [])
        }
        return self.outlook(self.entries { _ in false }, direction, at: now)
    }

    private func outlook(_ entries: [Windows.Window], _ direction: Direction, at now: Instant) -> Outlook {
        var readable: [Openings<CalendarEntry>.Entry] = []
        for entry in entries {
            switch entry.window {
            case .success(let window): readable.append(.init(entry.entry, window))
            case .failure(let error):
                // What can't be read may be a freeze: closed until somebody looks.
                return Outlook(
                    closedBecause: "`\(entry.entry.name)` can't be read: \(error.message)", opensAt: nil,
                    closing: [entry.entry.name])
            }
        }
        let (openings, zones) = (Openings(readable), self.windows.zones)
        // Half-open intervals of whole seconds: the second that has begun decides.
        let second = now.milliseconds / 1_000
        let (reason, zone, closing): (String, String, [CalendarEntryName])
        switch openings.verdict(on: direction, at: second, zones) {
        case .open: return Outlook(closedBecause: nil, opensAt: nil, closing: [])
        case .frozen(let freezes):
            zone = freezes.first?.entry.name.zone ?? "UTC"
            closing = freezes.map(\.entry.name.name)
            reason = freezes.map { freeze in
                let entry = freeze.entry.name
                return
                    "frozen by `\(entry.name)` for \(entry.scope) until \(zones.words(freeze.until, in: entry.zone)) "
                    + "(\(entry.reason))"
            }.joined(separator: ", and ")
        case .outsideWindows(let windows):
            let names = windows.map { "`\($0.name.name)` for \($0.name.scope)" }.joined(separator: ", ")
            zone = windows.first?.name.zone ?? "UTC"
            closing = windows.map(\.name.name)
            reason = "outside of the change windows \(names)"
        }
        let opens = openings.nextOpen(on: direction, from: second, zones)
        let next = opens.map { ", open again on \(zones.words($0, in: zone))" } ?? ", not open within two years"
        return Outlook(closedBecause: reason + next, opensAt: opens.map(Instant.init(second:)), closing: closing)
    }
}

extension FreezeCalendar.Stop {
    /// Who stopped, why, and what lifts it.
    var sentence: String {
        "\(self.by) has stopped everything: \(self.reason.asSentence) `slipway freeze lift --reason …` lets things move again."
    }
}

extension Instant {
    init(second: Int64) { self.init(milliseconds: second * 1_000) }
}
