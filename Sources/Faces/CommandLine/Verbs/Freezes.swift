import APIClient
import ArgumentParser
import ChangeCalendar

struct FreezeVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "freeze", abstract: "Freezes and change windows: when what may move.",
        subcommands: [
            Add.self, List.self, Remove.self, Check.self, Override.self, Stop.self, Lift.self, FreezeEval.self,
        ])

    enum Kind: String, ExpressibleByArgument, CaseIterable { case freeze, window }
    enum Heading: String, ExpressibleByArgument, CaseIterable { case forward, rollback, kill, emergency }

    struct Add: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Add a freeze, which denies, or a change window, which allows.",
            discussion: """
                slipway freeze add year-end --from 2026-12-20T18:00:00 --to 2027-01-04T08:00:00 --zone Europe/Berlin \
                --reason "the books are closed"

                Times are those of the clocks in the zone. Rollbacks ask no calendar.
                """)
        @Argument(help: "Its name, as year-end.")
        var name: String
        @Option(help: "freeze or window.")
        var kind: Kind = .freeze
        @Option(help: ArgumentHelp("When it begins, as 2026-12-20T18:00:00.", valueName: "time"))
        var from: String
        @Option(help: ArgumentHelp("When it ends.", valueName: "time"))
        var to: String
        @Option(help: ArgumentHelp("Whose clocks, as Europe/Berlin.", valueName: "zone"))
        var zone: String
        @Option(help: ArgumentHelp("How it recurs (RFC 5545), as FREQ=WEEKLY;BYDAY=FR.", valueName: "rrule"))
        var recurrence: String?
        @Option(help: ArgumentHelp("Only services of this owner.", valueName: "team"))
        var team: String?
        @Option(help: ArgumentHelp("Only this service.", valueName: "service"))
        var service: String?
        @Option(name: .customLong("env"), help: ArgumentHelp("Only this environment.", valueName: "env"))
        var environment: String?
        @OptionGroup var why: Reasoned
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        mutating func validate() throws {
            try Identifier.calendarEntry.check(self.name)
            try Identifier.service.check(self.service)
            try Identifier.environment.check(self.environment)
        }

        func run(in session: Session) async throws -> Ending {
            let calendar = try await session.client(self.place) {
                try await $0.addToCalendar(
                    Wire.AddCalendarEntry(
                        name: self.name, kind: self.kind.rawValue, start: self.from, end: self.to, zone: self.zone,
                        recurrence: self.recurrence,
                        team: self.team,
                        service: self.service, environment: self.environment, reason: self.why.reason))
            }
            try session.show(calendar, json: self.format.json, CalendarText.lines(calendar))
            return .done
        }
    }

    struct List: Verb {
        static let configuration = CommandConfiguration(abstract: "What is in the calendar, and what is under way.")
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        func run(in session: Session) async throws -> Ending {
            let calendar = try await session.client(self.place) { try await $0.calendar() }
            try session.show(calendar, json: self.format.json, CalendarText.lines(calendar))
            return .done
        }
    }

    struct Remove: Verb {
        static let configuration = CommandConfiguration(abstract: "Take a freeze or change window out.")
        @Argument(help: "Its name.")
        var name: String
        @OptionGroup var why: Reasoned
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        mutating func validate() throws { try Identifier.calendarEntry.check(self.name) }

        func run(in session: Session) async throws -> Ending {
            let calendar = try await session.client(self.place) {
                try await $0.removeFromCalendar(self.name, Wire.Act(reason: self.why.reason))
            }
            try session.show(calendar, json: self.format.json, ["\(Plain.line(self.name)) is out of the calendar."])
            return .done
        }
    }

    struct Check: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Is a lane open, why not, and when next. Ends with 1 where it is closed.")
        @Argument(help: "The service.")
        var service: String
        @Option(name: .customLong("env"), help: ArgumentHelp("The environment.", valueName: "env"))
        var environment: String
        @Option(help: "What would move.")
        var direction: Heading = .forward
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        mutating func validate() throws {
            try Identifier.service.check(self.service)
            try Identifier.environment.check(self.environment)
        }

        func run(in session: Session) async throws -> Ending {
            let outlook = try await session.client(self.place) {
                try await $0.outlook(
                    service: self.service, environment: self.environment, direction: self.direction.rawValue)
            }
            try session.show(outlook, json: self.format.json, [CalendarText.outlook(outlook)])
            return outlook.isOpen ? .done : .refused
        }
    }

    struct Override: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Let one waiting promotion through; the freeze stays in force for all others.")
        @Argument(help: "The promotion, as shop/production/3.")
        var promotion: String
        @OptionGroup var why: Reasoned
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        mutating func validate() throws { try Identifier.promotion.check(self.promotion) }

        func run(in session: Session) async throws -> Ending {
            let override = try await session.client(self.place) {
                try await $0.overrideFreeze(of: self.promotion, Wire.Act(reason: self.why.reason))
            }
            let names = override.entries.map(Plain.line).joined(separator: ", ")
            try session.show(
                override, json: self.format.json, ["\(Plain.line(override.promotion)) passes \(names), this once."])
            return .done
        }
    }

    struct Stop: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Stop everything: nothing moves forward anywhere, and what is on its way stands still.")
        @OptionGroup var why: Reasoned
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        func run(in session: Session) async throws -> Ending {
            let stopped = try await session.client(self.place) {
                try await $0.stopEverything(Wire.Act(reason: self.why.reason))
            }
            try session.show(stopped, json: self.format.json, CalendarText.stopped(stopped))
            return .done
        }
    }

    struct Lift: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Let things move again; what was paused stays paused until somebody resumes it.")
        @OptionGroup var why: Reasoned
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        func run(in session: Session) async throws -> Ending {
            let calendar = try await session.client(self.place) {
                try await $0.liftStop(Wire.Act(reason: self.why.reason))
            }
            try session.show(calendar, json: self.format.json, ["Things may move again."])
            return .done
        }
    }
}

struct FreezeEval: Verb {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Is it open, and when next, on the calendars of a file: for checking, no server needed.",
        discussion: """
            FILE is {"cases": [{"windows": [{"kind": "freeze" | "window", "start": "2026-03-27T18:00:00", "end": …, "zone": \
            "Europe/Berlin", "recurrence": "FREQ=WEEKLY;BYDAY=MO" | null, "directions": ["forward"]}], "direction": "forward", \
            "at": ["2026-03-27T12:00:00Z"]}]}; prints {"results": [{"open": […], "nextOpen": […]}]} in the order of the \
            cases. Start and end are times of the zone's clock; nextOpen is null where nothing opens within two years.
            """)

    @Option(help: ArgumentHelp("The cases, as JSON.", valueName: "file"))
    var cases: String
    @OptionGroup var format: Format

    func run(in session: Session) async throws -> Ending {
        let zones = SystemZones()
        let file = try CaseFile(path: session.shell.absolute(self.cases), name: self.cases)
        session.shell.out(try JSONText.line(["results": try file.cases.map { try FreezeCase($0, zones).result }]))
        return .done
    }
}
