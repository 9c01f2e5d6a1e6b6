import APIClient
import ArgumentParser

/// What the verbs on one lane have in common.
struct OnLane: ParsableArguments {
    @Argument(help: "The service.")
    var service: String
    @Option(name: .customLong("env"), help: ArgumentHelp("The environment.", valueName: "env"))
    var environment: String
    @OptionGroup var format: Format
    @OptionGroup var place: Place

    mutating func validate() throws {
        try Identifier.service.check(self.service)
        try Identifier.environment.check(self.environment)
    }

    func act(_ verb: Wire.LaneVerb, _ act: Wire.Act, in session: Session) async throws -> Ending {
        let lane = try await session.client(self.place) {
            try await $0.act(service: self.service, environment: self.environment, verb, act)
        }
        try session.show(lane, json: self.format.json, ServiceText.lane(lane))
        return .done
    }
}

struct HoldVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold", abstract: "Suspend automation in a lane.", subcommands: [Add.self, Remove.self])

    struct Add: Verb {
        static let configuration = CommandConfiguration(abstract: "Nothing enters by itself until the hold is removed.")
        @OptionGroup var lane: OnLane
        @OptionGroup var why: Reasoned
        @Option(
            help: ArgumentHelp("When it ends by itself: 2026-03-27T18:00:00Z, or 90m, 2h from now.", valueName: "time"))
        var until: Moment?

        func run(in session: Session) async throws -> Ending {
            try await self.lane.act(.hold, Wire.Act(reason: self.why.reason, until: self.until?.text()), in: session)
        }
    }

    struct Remove: Verb {
        static let configuration = CommandConfiguration(abstract: "Let automation go on.")
        @OptionGroup var lane: OnLane
        @OptionGroup var why: Reasoned

        func run(in session: Session) async throws -> Ending {
            try await self.lane.act(.unhold, Wire.Act(reason: self.why.reason), in: session)
        }
    }
}

struct PinVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin", abstract: "Fix a lane to a version.", subcommands: [Add.self, Remove.self])

    struct Add: Verb {
        static let configuration = CommandConfiguration(abstract: "Only this version may enter.")
        @OptionGroup var lane: OnLane
        @Option(help: ArgumentHelp("The version.", valueName: "version"))
        var version: String
        @OptionGroup var why: Reasoned

        mutating func validate() throws { try Identifier.version.check(self.version) }

        func run(in session: Session) async throws -> Ending {
            try await self.lane.act(.pin, Wire.Act(reason: self.why.reason, subject: self.version), in: session)
        }
    }

    struct Remove: Verb {
        static let configuration = CommandConfiguration(abstract: "Let other versions enter again.")
        @OptionGroup var lane: OnLane
        @OptionGroup var why: Reasoned

        func run(in session: Session) async throws -> Ending {
            try await self.lane.act(.unpin, Wire.Act(reason: self.why.reason), in: session)
        }
    }
}

struct BlockVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "block", abstract: "Keep a release out of an environment.",
        subcommands: [Add.self, Remove.self])

    struct Add: Verb {
        static let configuration = CommandConfiguration(abstract: "This release may not enter there.")
        @OptionGroup var on: OnRelease

        func run(in session: Session) async throws -> Ending { try await self.on.act(.block, in: session) }
    }

    struct Remove: Verb {
        static let configuration = CommandConfiguration(abstract: "It may enter again.")
        @OptionGroup var on: OnRelease

        func run(in session: Session) async throws -> Ending { try await self.on.act(.unblock, in: session) }
    }
}

/// A release in one environment.
struct OnRelease: ParsableArguments {
    @Argument(help: "Id (r-…) or SERVICE@VERSION.")
    var release: String
    @Option(name: .customLong("env"), help: ArgumentHelp("The environment.", valueName: "env"))
    var environment: String
    @OptionGroup var why: Reasoned
    @OptionGroup var format: Format
    @OptionGroup var place: Place

    mutating func validate() throws {
        try Identifier.release.check(self.release)
        try Identifier.environment.check(self.environment)
    }

    func act(_ verb: Wire.LaneVerb, in session: Session) async throws -> Ending {
        let lane = try await session.client(self.place) { client in
            let release = try await client.release(self.release)
            return try await client.act(
                service: release.service, environment: self.environment, verb,
                Wire.Act(reason: self.why.reason, subject: release.id))
        }
        try session.show(lane, json: self.format.json, ServiceText.lane(lane))
        return .done
    }
}

struct AlarmVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alarm", abstract: "Answer the alarm of a lane.", subcommands: [Clear.self])

    struct Clear: Verb {
        static let configuration = CommandConfiguration(abstract: "What it was about is mended.")
        @OptionGroup var lane: OnLane
        @OptionGroup var why: Reasoned

        func run(in session: Session) async throws -> Ending {
            try await self.lane.act(.clearAlarm, Wire.Act(reason: self.why.reason), in: session)
        }
    }
}
