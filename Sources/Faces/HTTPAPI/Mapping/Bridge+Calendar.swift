import APIClient
import Core
import Engine

extension CalendarOperations {
    init(_ bridge: Bridge) {
        self.init(
            calendar: { caller in try await bridge.saying { try await bridge.calendar(caller) } },
            add: { caller, body in try await bridge.saying { try await bridge.addToCalendar(caller, body) } },
            remove: { caller, name, act in
                try await bridge.saying { try await bridge.removeFromCalendar(caller, name, act) }
            },
            outlook: { caller, service, environment, direction in
                try await bridge.saying { try await bridge.outlook(caller, service, environment, direction) }
            },
            override: { caller, promotion, act in
                try await bridge.saying { try await bridge.overrideFreeze(caller, promotion, act) }
            },
            stop: { caller, act in try await bridge.saying { try await bridge.stopEverything(caller, act) } },
            lift: { caller, act in try await bridge.saying { try await bridge.liftStop(caller, act) } })
    }
}

extension Bridge {
    func calendar(_ caller: Caller) async throws -> Wire.Calendar {
        Wire.Calendar(try await self.plane.calendar(by: try await self.caller(caller)))
    }

    func addToCalendar(_ caller: Caller, _ body: Wire.AddCalendarEntry) async throws -> Wire.Calendar {
        let who = try await self.caller(caller)
        try await self.plane.addToCalendar(try self.entry(body), by: who)
        return Wire.Calendar(try await self.plane.calendar(by: who))
    }

    private func entry(_ body: Wire.AddCalendarEntry) throws -> CalendarEntry {
        guard let kind = CalendarEntry.Kind(rawValue: body.kind) else {
            throw Core.Refusal(
                .invalid, "`\(body.kind.prefix(40))` is no kind: freeze denies, and window allows.")
        }
        if let team = body.team {
            guard (1...200).contains(team.utf8.count) else {
                throw Core.Refusal(.invalid, "A team's name has 1 to 200 bytes, this one \(team.utf8.count).")
            }
        }
        let scope = CalendarScope(
            team: body.team, service: try body.service.map { try self.service($0) },
            environment: try body.environment.map { try self.environment($0) })
        let reason = try self.reason(Wire.Act(reason: body.reason))
        return CalendarEntry(
            name: try self.entryName(body.name), kind: kind, start: body.start, end: body.end, zone: body.zone,
            recurrence: body.recurrence, directions: [.forward],
            scope: scope, reason: reason)
    }

    private func entryName(_ text: String) throws -> CalendarEntryName {
        guard let name = CalendarEntryName(text) else {
            throw Core.Refusal(
                .invalid, "`\(text.prefix(80))` is no name of a calendar entry: \(CalendarEntryName.rule).")
        }
        return name
    }

    private func direction(_ text: String) throws -> Direction {
        guard let direction = Direction(rawValue: text) else {
            let known = Direction.allCases.map(\.rawValue).joined(separator: ", ")
            throw Core.Refusal(.invalid, "`\(text.prefix(40))` is no direction. Known: \(known).")
        }
        return direction
    }

    func removeFromCalendar(_ caller: Caller, _ name: String, _ act: Wire.Act) async throws -> Wire.Calendar {
        let who = try await self.caller(caller)
        try await self.plane.removeFromCalendar(try self.entryName(name), reason: try self.reason(act), by: who)
        return Wire.Calendar(try await self.plane.calendar(by: who))
    }

    func outlook(
        _ caller: Caller, _ service: String, _ environment: String, _ direction: String
    ) async throws -> Wire.Outlook {
        let outlook = try await self.plane.outlook(
            of: try self.lane(service, environment), try self.direction(direction), by: try await self.caller(caller))
        return Wire.Outlook(
            service: service, environment: environment, direction: direction, isOpen: outlook.closedBecause == nil,
            reason: outlook.closedBecause, opensAt: outlook.opensAt?.wire)
    }

    func overrideFreeze(_ caller: Caller, _ text: String, _ act: Wire.Act) async throws -> Wire.Override {
        let (lane, number) = try self.promotion(text)
        let override = try await self.plane.overrideFreeze(
            of: number, in: lane, reason: try self.reason(act), by: try await self.caller(caller))
        return Wire.Override(
            promotion: text, entries: override.entries.map(\.text), by: override.by.description,
            reason: override.reason, at: override.at.wire)
    }

    func stopEverything(_ caller: Caller, _ act: Wire.Act) async throws -> Wire.Stopped {
        let paused = try await self.plane.stopEverything(
            reason: try self.reason(act), by: try await self.caller(caller))
        return Wire.Stopped(paused: paused.map { Wire.Promotion.id($0.lane, $0.number) })
    }

    func liftStop(_ caller: Caller, _ act: Wire.Act) async throws -> Wire.Calendar {
        let who = try await self.caller(caller)
        try await self.plane.liftStop(reason: try self.reason(act), by: who)
        return Wire.Calendar(try await self.plane.calendar(by: who))
    }
}

extension Wire.Calendar {
    init(_ view: ControlPlane.CalendarView) {
        self.init(
            entries: view.lines.map { Wire.CalendarEntry($0) },
            stop: view.stop.map { Wire.Guard($0) })
    }
}

extension Wire.Guard {
    init(_ stop: FreezeCalendar.Stop) {
        self.init(by: stop.by.description, reason: stop.reason, since: stop.at.wire, until: nil, subject: nil)
    }
}

extension Wire.CalendarEntry {
    fileprivate init(_ line: ControlPlane.CalendarView.Line) {
        let entry = line.entry
        self.init(
            name: entry.name.text, kind: entry.kind.rawValue, start: entry.start, end: entry.end, zone: entry.zone,
            recurrence: entry.recurrence, directions: entry.directions.map(\.rawValue),
            scope: entry.scope.description, reason: entry.reason, by: line.by.description, at: line.at.wire)
        self.activeUntil = line.activeUntil?.wire
        self.beginsNext = line.beginsNext?.wire
        self.problem = line.problem
    }
}
