import APIClient
import ArgumentParser

/// What the verbs on one promotion have in common.
struct OnPromotion: ParsableArguments {
    @Argument(help: "The promotion: SERVICE/ENVIRONMENT/NUMBER, as `slipway status` shows it.")
    var id: String
    @OptionGroup var format: Format
    @OptionGroup var place: Place

    mutating func validate() throws {
        try Identifier.promotion.check(self.id)
    }

    func act(_ verb: Wire.PromotionVerb, _ reason: String, in session: Session) async throws -> Ending {
        let promotion = try await session.client(self.place) {
            try await $0.act(promotion: self.id, verb, Wire.Act(reason: reason))
        }
        try session.show(promotion, json: self.format.json, PromotionText.one(promotion))
        return .done
    }
}

struct Cancel: Verb {
    static let configuration = CommandConfiguration(abstract: "Take a waiting promotion out of its queue.")
    @OptionGroup var on: OnPromotion
    @Option(help: ArgumentHelp("Why; it is kept in the record.", valueName: "text"))
    var reason = "cancelled by hand"

    func run(in session: Session) async throws -> Ending { try await self.on.act(.cancel, self.reason, in: session) }
}

struct Pause: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Let a deployment stand where it is; its clock stands still too.")
    @OptionGroup var on: OnPromotion
    @OptionGroup var why: Reasoned

    func run(in session: Session) async throws -> Ending { try await self.on.act(.pause, self.why.reason, in: session) }
}

struct Resume: Verb {
    static let configuration = CommandConfiguration(abstract: "Let a paused deployment go on.")
    @OptionGroup var on: OnPromotion
    @OptionGroup var why: Reasoned

    func run(in session: Session) async throws -> Ending {
        try await self.on.act(.resume, self.why.reason, in: session)
    }
}

struct Retry: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Lift the block that a failure left, and ask for the same release again.")
    @OptionGroup var on: OnPromotion
    @OptionGroup var why: Reasoned

    func run(in session: Session) async throws -> Ending { try await self.on.act(.retry, self.why.reason, in: session) }
}

struct Skip: Verb {
    static let configuration = CommandConfiguration(
        abstract: "End a step that only waits (hold, bake) early; recorded as an override.",
        discussion: """
            Skipped, a bake counts as over: the release is verified, and the record says who did not wait. With \
            --hand-over the bake goes on until the next promotion may enter and takes over; what it takes over from \
            ends superseded, and is not verified.
            """)
    @OptionGroup var on: OnPromotion
    @Flag(help: "During the bake: let the next promotion take over as soon as it may enter.")
    var handOver = false
    @OptionGroup var why: Reasoned

    func run(in session: Session) async throws -> Ending {
        try await self.on.act(self.handOver ? .handOver : .skip, self.why.reason, in: session)
    }
}

struct Abort: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Return the traffic while a deployment runs; returns when it is back.")
    @OptionGroup var on: OnPromotion
    @OptionGroup var why: Reasoned
    @Flag(help: "Return at once.")
    var noWait = false

    func run(in session: Session) async throws -> Ending {
        try await session.client(self.on.place) { client in
            var promotion = try await client.act(
                promotion: self.on.id, .abort, Wire.Act(reason: self.why.reason))
            if !self.noWait {
                promotion = try await PromotionWatch(session: session, client: client)
                    .until(promotion, timeout: nil) { $0.state.isEnd }
            }
            try session.show(promotion, json: self.on.format.json, PromotionText.one(promotion))
            return self.noWait || promotion.state == .aborted ? .done : .refused
        }
    }
}

struct Rollback: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Go back to a verified release; returns when it has the traffic. Leaves a hold.",
        discussion: """
            Says first how long it is expected to take. Works without a running server too.
            """)

    @OptionGroup var lane: OnLane
    @Option(
        name: .customLong("to"),
        help: ArgumentHelp("Default: the release verified there before.", valueName: "version"))
    var version: String?
    @Option(help: ArgumentHelp("Why; it is kept in the record.", valueName: "text"))
    var reason: String?
    @Flag(help: "Only say what it would do and how long it would take.")
    var plan = false
    @Flag(
        name: .customLong("force-past-point-of-no-return"),
        help: "Also past a point of no return: your word that the older version can work with what is stored.")
    var isForced = false
    @Flag(help: "Return at once.")
    var noWait = false

    mutating func validate() throws {
        try Identifier.version.check(self.version)
        if let reason = self.reason { return try Reasoned.check(reason) }
        guard self.plan else { throw ValidationError("Missing expected argument '--reason <text>'") }
    }

    private func planned(in session: Session) async throws -> Wire.RollbackPlan {
        let (service, environment) = (self.lane.service, self.lane.environment)
        return try await session.either(self.lane.place) { client in
            try await client.rollbackPlan(service: service, environment: environment, to: self.version)
        } offline: { folder in
            try await session.wiring.offlineRollbackPlan(folder, service, environment, self.version)
        }
    }

    func run(in session: Session) async throws -> Ending {
        if self.plan {
            let plan = try await self.planned(in: session)
            try session.show(plan, json: self.lane.format.json, [plan.sentence])
            return .done
        }
        let reason = self.reason ?? ""
        // Whoever needs to go back is not kept from it by a word that can't be had.
        if let plan = try? await self.planned(in: session) { session.shell.err(plan.sentence) }
        let (service, environment) = (self.lane.service, self.lane.environment)
        let promotion = try await session.either(self.lane.place) { client in
            let act = Wire.Act(reason: reason, subject: self.version, force: self.isForced ? true : nil)
            let promotion = try await client.rollback(service: service, environment: environment, act)
            if self.noWait { return promotion }
            // Its last step is the shift: it ends when the router has confirmed that, not when it was asked for.
            return try await PromotionWatch(session: session, client: client)
                .until(promotion, timeout: nil) { $0.state.isEnd }
        } offline: { folder in
            session.shell.err("No server runs; going back from the data folder.")
            return try await session.wiring.offlineRollback(
                OfflineRollback(
                    dataFolder: folder, service: service, environment: environment, version: self.version,
                    reason: reason, isForced: self.isForced))
        }
        try session.show(promotion, json: self.lane.format.json, PromotionText.one(promotion))
        switch promotion.state {
        case .waiting, .deploying, .paused, .returning, .completed, .rolledBack: return .done
        // Of what ran it took the traffic back, which is where it was asked to be; a rollback that ended so is not there.
        case .failed, .aborted: return promotion.kind == "forward" ? .done : .refused
        case .superseded, .cancelled, .rejected, .expired: return .refused
        }
    }
}

struct CombinationVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "combination", abstract: "What stands beside what, and whether that was verified together.",
        subcommands: [Override.self])

    struct Override: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Let one waiting promotion enter beside what it was never verified together with.")
        @OptionGroup var on: OnPromotion
        @OptionGroup var why: Reasoned

        func run(in session: Session) async throws -> Ending {
            try await self.on.act(.overrideCombination, self.why.reason, in: session)
        }
    }
}

struct Approve: Verb {
    static let configuration = CommandConfiguration(abstract: "Say yes to a change.")
    @OptionGroup var on: OnChange

    func run(in session: Session) async throws -> Ending { try await self.on.act(.approve, in: session) }
}

struct Reject: Verb {
    static let configuration = CommandConfiguration(abstract: "Say no to a change.")
    @OptionGroup var on: OnChange

    func run(in session: Session) async throws -> Ending { try await self.on.act(.reject, in: session) }
}

struct OnChange: ParsableArguments {
    @Argument(help: "The change (c-…), as `slipway queue` shows it.")
    var change: String
    @OptionGroup var why: Reasoned
    @OptionGroup var format: Format
    @OptionGroup var place: Place

    mutating func validate() throws { try Identifier.change.check(self.change) }

    func act(_ verb: Wire.ChangeVerb, in session: Session) async throws -> Ending {
        let change = try await session.client(self.place) {
            try await $0.act(change: self.change, verb, Wire.Act(reason: self.why.reason))
        }
        try session.show(change, json: self.format.json, ChangeText.one(change))
        return .done
    }
}
