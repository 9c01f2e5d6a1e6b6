/// What a move does: freezes and windows name the directions that they are about.
package enum Direction: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
    /// Something new goes further: a promotion.
    case forward
    /// Back to what was verified before.
    case rollback
    /// A flag is switched off.
    case kill
    /// An approved emergency change.
    case emergency

    package static func < (left: Direction, right: Direction) -> Bool { left.rawValue < right.rawValue }
}

/// A freeze or a change window as somebody wrote it down: times of the clocks in its zone, and an RRULE where it recurs. What it means in UTC is
/// computed at the edge (`ChangeCalendar`), which has also checked all of its texts.
package struct CalendarEntry: Sendable, Equatable, Codable {
    package enum Kind: String, Sendable, Codable, CaseIterable {
        /// Denies.
        case freeze
        /// Allows: where one names a direction, that direction moves in windows only.
        case window
    }

    package let name: CalendarEntryName
    package let kind: Kind
    /// `2026-12-20T18:00:00`, by the clocks in `zone`.
    package let start: String
    package let end: String
    /// IANA name: `Europe/Berlin`.
    package let zone: String
    /// RRULE of RFC 5545; nil: once.
    package let recurrence: String?
    package let directions: [Direction]
    package let scope: CalendarScope
    package let reason: String

    package init(
        name: CalendarEntryName, kind: Kind, start: String, end: String, zone: String, recurrence: String?,
        directions: Set<Direction>, scope: CalendarScope, reason: String
    ) {
        self.name = name
        self.kind = kind
        self.start = start
        self.end = end
        self.zone = zone
        self.recurrence = recurrence
        self.directions = directions.sorted()
        self.scope = scope
        self.reason = reason
    }
}

/// Where an entry applies: all that is named must fit; nothing named means the whole organisation.
package struct CalendarScope: Sendable, Hashable, Codable, CustomStringConvertible {
    /// Services of this owner.
    package let team: String?
    package let service: ServiceName?
    package let environment: EnvironmentName?

    package init(team: String? = nil, service: ServiceName? = nil, environment: EnvironmentName? = nil) {
        self.team = team
        self.service = service
        self.environment = environment
    }

    package static let organisation = CalendarScope()

    package func covers(_ lane: LaneID, owner: String) -> Bool {
        (self.team ?? owner) == owner && (self.service ?? lane.service) == lane.service
            && (self.environment ?? lane.environment) == lane.environment
    }

    package var description: String {
        let parts = [
            self.team.map { "team \($0)" }, self.service.map { "service \($0)" },
            self.environment.map { "environment \($0)" },
        ].compactMap(\.self)
        return parts.isEmpty ? "the whole organisation" : parts.joined(separator: ", ")
    }
}
