extension Wire {
    /// `GET /calendar`.
    package struct Calendar: Codable, Sendable, Equatable {
        /// In the order in which they were added.
        package var entries: [CalendarEntry]
        /// Nothing moves forward anywhere.
        package var stop: Guard?

        package init(entries: [CalendarEntry], stop: Guard?) {
            self.entries = entries
            self.stop = stop
        }
    }

    /// `POST /calendar`: a freeze or change window. Start and end are times of the clocks in `zone`, as `2026-12-20T18:00:00`.
    package struct AddCalendarEntry: Codable, Sendable, Equatable {
        package var name: String
        /// `freeze` or `window`.
        package var kind: String
        package var start: String
        package var end: String
        /// IANA name, as `Europe/Berlin`.
        package var zone: String
        /// RRULE of RFC 5545; nil: once.
        package var recurrence: String?
        /// Services of this owner alone.
        package var team: String?
        package var service: String?
        package var environment: String?
        package var reason: String

        package init(
            name: String, kind: String, start: String, end: String, zone: String, recurrence: String?,
            team: String?, service: String?, environment: String?, reason: String
        ) {
            self.name = name
            self.kind = kind
            self.start = start
            self.end = end
            self.zone = zone
            self.recurrence = recurrence
            self.team = team
            self.service = service
            self.environment = environment
            self.reason = reason
        }
    }

    package struct CalendarEntry: Codable, Sendable, Equatable {
        package var name: String
        package var kind: String
        package var start: String
        package var end: String
        package var zone: String
        package var recurrence: String?
        package var directions: [String]
        /// Where it applies, in words.
        package var scope: String
        package var reason: String
        package var by: String
        package var at: String
        /// Under way until then; nil: not now.
        package var activeUntil: String?
        /// nil: not within two years.
        package var beginsNext: String?
        /// Why it can't be read any more; what it covers is then closed.
        package var problem: String?

        package init(
            name: String, kind: String, start: String, end: String, zone: String, recurrence: String?,
            directions: [String], scope: String, reason: String, by: String, at: String
        ) {
            self.name = name
            self.kind = kind
            self.start = start
            self.end = end
            self.zone = zone
            self.recurrence = recurrence
            self.directions = directions
            self.scope = scope
            self.reason = reason
            self.by = by
            self.at = at
            self.activeUntil = nil
            self.beginsNext = nil
            self.problem = nil
        }
    }

    /// Is it open, why not, and when next.
    package struct Outlook: Codable, Sendable, Equatable {
        package var service: String
        package var environment: String
        package var direction: String
        package var isOpen: Bool
        /// nil: open.
        package var reason: String?
        /// nil: open now, or not within two years.
        package var opensAt: String?

        package init(
            service: String, environment: String, direction: String, isOpen: Bool, reason: String?, opensAt: String?
        ) {
            self.service = service
            self.environment = environment
            self.direction = direction
            self.isOpen = isOpen
            self.reason = reason
            self.opensAt = opensAt
        }
    }

    /// One promotion was let through these.
    package struct Override: Codable, Sendable, Equatable {
        package var promotion: String
        package var entries: [String]
        package var by: String
        package var reason: String
        package var at: String

        package init(promotion: String, entries: [String], by: String, reason: String, at: String) {
            self.promotion = promotion
            self.entries = entries
            self.by = by
            self.reason = reason
            self.at = at
        }
    }

    /// Everything is stopped.
    package struct Stopped: Codable, Sendable, Equatable {
        /// Promotions (SERVICE/ENVIRONMENT/NUMBER) that were on their way and stand still now.
        package var paused: [String]

        package init(paused: [String]) { self.paused = paused }
    }
}
