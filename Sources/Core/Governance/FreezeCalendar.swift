/// Freezes and change windows, the promotions that were let through one, and the stop of everything. One for the whole server.
///
///     moving --stopped--> stopped --released--> moving
package struct FreezeCalendar: Machine, Codable {
    package private(set) var entries: [Dated<CalendarEntry>] = []
    /// The newest, oldest first; at most `overrideLimit`.
    package private(set) var overrides: [Override] = []
    /// Nothing moves forward anywhere, emergencies included.
    package private(set) var stop: Stop?

    package static let entryLimit = 1_000
    package static let overrideLimit = 1_000

    package init() {}

    /// Who put it there, and when.
    package struct Dated<Value: Sendable & Equatable & Codable>: Sendable, Equatable, Codable {
        package let value: Value
        package let by: Actor
        package let at: Instant
    }

    /// One promotion passes the freezes and windows named here; for all others they stay in force.
    package struct Override: Sendable, Equatable, Codable {
        package let lane: LaneID
        package let promotion: Int
        package let entries: [CalendarEntryName]
        package let by: Actor
        package let reason: String
        package let at: Instant

        package init(
            lane: LaneID, promotion: Int, entries: [CalendarEntryName], by: Actor, reason: String, at: Instant
        ) {
            self.lane = lane
            self.promotion = promotion
            self.entries = entries
            self.by = by
            self.reason = reason
            self.at = at
        }
    }

    package struct Stop: Sendable, Equatable, Codable {
        package let by: Actor
        package let reason: String
        package let at: Instant
    }

    package struct Removed: Sendable, Equatable, Codable {
        package let name: CalendarEntryName
        package let by: Actor
        package let reason: String
        package let at: Instant
    }

    package enum Input: Sendable, Equatable {
        case add(CalendarEntry, by: Actor, at: Instant)
        case remove(CalendarEntryName, by: Actor, reason: String, at: Instant)
        case override(Override)
        case stop(by: Actor, reason: String, at: Instant)
        case release(by: Actor, reason: String, at: Instant)
    }

    package enum Event: Sendable, Equatable {
        case added(Dated<CalendarEntry>)
        case removed(Removed)
        case overridden(Override)
        case stopped(Stop)
        case released(Stop)
    }

    /// A calendar needs nothing done in the world.
    package enum Effect: Sendable, Hashable {}
    package var pending: [Effect] { [] }

    package func entries(for lane: LaneID, owner: String) -> [CalendarEntry] {
        self.entries.map(\.value).filter { $0.scope.covers(lane, owner: owner) }
    }

    package func override(of promotion: Int, in lane: LaneID, from entry: CalendarEntryName) -> Override? {
        self.overrides.last { $0.lane == lane && $0.promotion == promotion && $0.entries.contains(entry) }
    }

    package func decide(_ input: Input) throws(Refusal) -> [Event] {
        switch input {
        case .add(let entry, let actor, let now):
            guard !self.entries.contains(where: { $0.value.name == entry.name }) else {
                throw Refusal(
                    .alreadyExists,
                    "`\(entry.name)` is in the calendar. `slipway freeze remove \(entry.name) --reason …` takes it out; "
                        + "or choose another name.")
            }
            guard self.entries.count < Self.entryLimit else {
                throw Refusal(
                    .notAllowed,
                    "The calendar has \(self.entries.count) entries, \(Self.entryLimit) are allowed. `slipway freeze list` "
                        + "shows those that are over.")
            }
            return [.added(Dated(value: entry, by: actor, at: now))]
        case .remove(let name, let actor, let reason, let now):
            guard self.entries.contains(where: { $0.value.name == name }) else {
                throw Refusal(.notFound, "There is no `\(name)` in the calendar. `slipway freeze list` shows what is.")
            }
            return [.removed(Removed(name: name, by: actor, reason: reason, at: now))]
        case .override(let override): return try self.overriding(override)
        case .stop(let actor, let reason, let now):
            if let stop {
                throw Refusal(.nothingToDo, "\(stop.by) has stopped everything already: \(stop.reason.asSentence)")
            }
            return [.stopped(Stop(by: actor, reason: reason, at: now))]
        case .release(let actor, let reason, let now):
            guard self.stop != nil else { throw Refusal(.nothingToDo, "Nothing is stopped.") }
            return [.released(Stop(by: actor, reason: reason, at: now))]
        }
    }

    private func overriding(_ override: Override) throws(Refusal) -> [Event] {
        guard override.by.personID != nil else {
            throw Refusal(
                .notAllowed, "\(override.by) is no person; a freeze is overridden by a person, with a reason.")
        }
        let unknown = override.entries.filter { name in !self.entries.contains { $0.value.name == name } }
        guard unknown.isEmpty, !override.entries.isEmpty else {
            let names = unknown.map(\.text).joined(separator: ", ")
            throw Refusal(.notFound, names.isEmpty ? "No freeze is named." : "There is no \(names) in the calendar.")
        }
        let isNew = override.entries.contains {
            self.override(of: override.promotion, in: override.lane, from: $0) == nil
        }
        return isNew ? [.overridden(override)] : []
    }

    package mutating func apply(_ event: Event) throws(IllegalEvent) {
        switch event {
        case .added(let entry): self.entries.append(entry)
        case .removed(let body): self.entries.removeAll { $0.value.name == body.name }
        case .overridden(let override):
            self.overrides.append(override)
            if self.overrides.count > Self.overrideLimit { self.overrides.removeFirst() }
        case .stopped(let stop):
            guard self.stop == nil else { throw IllegalEvent("stopped twice") }
            self.stop = stop
        case .released:
            guard self.stop != nil else { throw IllegalEvent("released, but not stopped") }
            self.stop = nil
        }
    }
}

extension FreezeCalendar.Event: LedgerEvent {
    package var kind: EventKind {
        switch self {
        case .added: EventKind("calendar.added")
        case .removed: EventKind("calendar.removed")
        case .overridden: EventKind("calendar.overridden")
        case .stopped: EventKind("calendar.stopped")
        case .released: EventKind("calendar.released")
        }
    }

    package var payload: any Encodable & Sendable {
        switch self {
        case .added(let body): body
        case .removed(let body): body
        case .overridden(let body): body
        case .stopped(let body): body
        case .released(let body): body
        }
    }

    package static func decode<D: PayloadDecoder>(_ kind: EventKind, from decoder: D) throws -> FreezeCalendar.Event? {
        guard kind.version == 1 else { return nil }
        switch kind.name {
        case "calendar.added": return .added(try decoder.decode(FreezeCalendar.Dated<CalendarEntry>.self))
        case "calendar.removed": return .removed(try decoder.decode(FreezeCalendar.Removed.self))
        case "calendar.overridden": return .overridden(try decoder.decode(FreezeCalendar.Override.self))
        case "calendar.stopped": return .stopped(try decoder.decode(FreezeCalendar.Stop.self))
        case "calendar.released": return .released(try decoder.decode(FreezeCalendar.Stop.self))
        default: return nil
        }
    }
}
