import ChangeCalendar
package import Core
import Ports

extension ControlPlane {
    package struct CalendarView: Sendable {
        package struct Line: Sendable {
            package let entry: CalendarEntry
            package let by: Actor
            package let at: Instant
            /// Under way until then; nil: not now.
            package let activeUntil: Instant?
            /// When it begins next; nil: not within two years.
            package let beginsNext: Instant?
            /// Why it can't be read any more.
            package let problem: String?
        }

        package let lines: [Line]
        package let stop: FreezeCalendar.Stop?
    }

    package func calendar(by caller: Caller) async throws -> CalendarView {
        _ = try await self.authorizeList(caller, "the calendar")
        let calendar = try await self.journal.calendar()
        let second = self.journal.time.now().milliseconds / 1_000
        let windows = self.windows.entries(of: calendar.machine, number: calendar.number)
        let lines = zip(calendar.machine.entries, windows).map { dated, window in
            var line: (until: Int64?, next: Int64?, problem: String?) = (nil, nil, nil)
            switch window.window {
            case .success(let window):
                line.until = window.active(at: second, self.windows.zones)?.end
                line.next = window.next(after: second, limit: second + Self.outlookSeconds, self.windows.zones)?.start
            case .failure(let error): line.problem = error.message
            }
            return CalendarView.Line(
                entry: dated.value, by: dated.by, at: dated.at, activeUntil: line.until.map(Instant.init(second:)),
                beginsNext: line.next.map(Instant.init(second:)), problem: line.problem)
        }
        return CalendarView(lines: lines, stop: calendar.machine.stop)
    }

    private static let outlookSeconds: Int64 = 731 * 86_400

    package func addToCalendar(_ entry: CalendarEntry, by caller: Caller) async throws {
        try await self.authorize(caller, .administer, on: entry.scope.access, "the calendar")
        guard entry.directions == [.forward] else {
            let named = entry.directions.map(\.rawValue).joined(separator: ", ")
            throw Refusal(
                .invalid,
                "`\(entry.name)` is about \(named); an entry is about forward alone. Nothing in the calendar stops a "
                    + "rollback, the kill of a flag or an approved emergency.")
        }
        do throws(CalendarError) {
            _ = try ChangeWindow(entry, zones: self.windows.zones)
        } catch {
            throw Refusal(.invalid, error.message)
        }
        if let service = entry.scope.service {
            if let environment = entry.scope.environment {
                _ = try await self.known(LaneID(service: service, environment: environment))
            } else {
                _ = try await self.known(service)
            }
        }
        try await self.journal.decide(FreezeCalendar.self, .calendar, by: caller.actor) { now in
            .add(entry, by: caller.actor, at: now)
        }
    }

    package func removeFromCalendar(_ name: CalendarEntryName, reason: String, by caller: Caller) async throws {
        let entry = try await self.journal.calendar().machine.entries.first { $0.value.name == name }
        try await self.authorize(caller, .administer, on: entry?.value.scope.access ?? .organisation, "the calendar")
        try await self.journal.decide(FreezeCalendar.self, .calendar, by: caller.actor) { now in
            .remove(name, by: caller.actor, reason: reason, at: now)
        }
    }

    /// nil: nothing is stopped.
    package func stop(by caller: Caller) async throws -> FreezeCalendar.Stop? {
        _ = try await self.authorizeList(caller, "the calendar")
        return try await self.journal.calendar().machine.stop
    }

    /// Nothing moves forward anywhere until it is lifted; what is on its way stands still where it is: each lane's runner sees to that too,
    /// should this process die before it has paused them all. Any operator may: it only stops.
    /// Returns the deployments that were paused.
    package func stopEverything(reason: String, by caller: Caller) async throws -> [(lane: LaneID, number: Int)] {
        try await self.authorize(caller, .operate, on: .organisation, "everything")
        try await self.journal.decide(FreezeCalendar.self, .calendar, by: caller.actor) { now in
            .stop(by: caller.actor, reason: reason, at: now)
        }
        guard let stop = try await self.journal.calendar().machine.stop else { return [] }
        var paused: [(lane: LaneID, number: Int)] = []
        for id in try await self.lanes() {
            do {
                let events = try await LaneJournal(self.journal).decide(id, by: caller.actor) { now in
                    .intent(.pause(number: nil, reason: stop.pauseReason), by: caller.actor, at: now)
                }
                for case .paused(let body) in events { paused.append((id, body.number)) }
            } catch is Refusal {
                // Nothing is on its way there, or it is paused already: by its runner, or by a person before.
                let deployment = try await self.journal.lane(id).machine.deployment
                if let deployment, deployment.pause?.reason == stop.pauseReason {
                    paused.append((id, deployment.number))
                }
            }
        }
        return paused
    }

    /// What was paused stays paused: whoever resumes it looks at it first.
    package func liftStop(reason: String, by caller: Caller) async throws {
        try await self.authorize(caller, .administer, on: .organisation, "everything")
        try await self.journal.decide(FreezeCalendar.self, .calendar, by: caller.actor) { now in
            .release(by: caller.actor, reason: reason, at: now)
        }
    }

    /// Lets one waiting promotion through the entries that close its lane now; they stay in force for all others.
    package func overrideFreeze(of promotion: Int, in id: LaneID, reason: String, by caller: Caller) async throws
        -> FreezeCalendar.Override
    {
        try await self.authorize(caller, .administer, on: .lane(id))
        _ = try await self.known(id)
        guard !reason.isEmpty else {
            throw Refusal(.invalid, "An override needs its reason, for the record: `--reason …`.")
        }
        let lane = try await self.journal.lane(id).machine
        guard lane.queue.contains(where: { $0.number == promotion }) else {
            throw Refusal(
                .notFound,
                "Promotion \(promotion) does not wait in \(id). `slipway queue` shows what waits, and for what.")
        }
        return try await self.journal.retrying {
            let calendar = try await self.journal.calendar()
            let now = self.journal.time.now()
            let freezes = try await self.freezes(calendar, id)
            let closing = freezes.closing(promotion, .forward, at: now)
            guard !closing.isEmpty else {
                throw Refusal(
                    .nothingToDo, "No freeze and no change window keeps promotion \(promotion) of \(id) waiting.")
            }
            let override = FreezeCalendar.Override(
                lane: id, promotion: promotion, entries: closing, by: caller.actor, reason: reason, at: now)
            let events = try calendar.machine.decide(.override(override))
            if let draft = try self.journal.draft(calendar, events) {
                try await self.journal.append([draft], by: caller.actor, at: now)
            }
            return override
        }
    }

    /// Is a lane open for a direction, why not, and when next.
    package func outlook(of id: LaneID, _ direction: Direction, by caller: Caller) async throws -> FreezeGate.Outlook {
        try await self.authorize(caller, .view, on: .lane(id))
        _ = try await self.known(id)
        let calendar = try await self.journal.calendar()
        return try await self.freezes(calendar, id).outlook(direction, at: self.journal.time.now())
    }

    private func freezes(_ calendar: Loaded<FreezeCalendar>, _ id: LaneID) async throws -> FreezeGate {
        FreezeGate(
            calendar: calendar.machine, number: calendar.number, windows: self.windows, lane: id,
            owner: try await self.journal.service(id.service).machine.current?.owner ?? "")
    }

    private func lanes() async throws -> [LaneID] {
        try await self.journal.ledger.heads().compactMap { head in
            if case .lane(let id) = head.stream { id } else { nil }
        }
    }
}

extension FreezeCalendar.Stop {
    var pauseReason: String { "everything is stopped: \(self.reason)" }
}

extension CalendarScope {
    /// Who may change such an entry. What is about a team's services is about more than any of them.
    fileprivate var access: AccessScope {
        switch (self.team, self.service, self.environment) {
        case (nil, let service?, let environment?): .lane(LaneID(service: service, environment: environment))
        case (nil, let service?, nil): .service(service)
        case (nil, nil, let environment?): .environment(environment)
        case (_, _, _): .organisation
        }
    }
}
