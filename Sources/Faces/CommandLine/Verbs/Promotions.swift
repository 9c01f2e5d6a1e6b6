import APIClient
import ArgumentParser

struct Promote: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Ask for a release in an environment.",
        discussion: "Asked early, it waits for what it comes after. With --wait: 0 completed, 1 any other end, 4 when "
            + "--timeout ran out.")

    @Argument(help: "Id (r-…) or SERVICE@VERSION.")
    var release: String
    @Option(name: .customLong("to"), help: ArgumentHelp("The environment.", valueName: "env"))
    var environment: String
    @Option(help: ArgumentHelp("Not before then: 2026-03-27T18:00:00Z, or 90m, 2h from now.", valueName: "time"))
    var at: Moment?
    @Flag(
        help: ArgumentHelp(
            "It can't wait for approval, freezes and soak, for the reason given: people approve it afterwards, within a day. "
                + "It needs the right to operate there."))
    var emergency = false
    @Option(help: "Why it is an emergency; it stands in the record.")
    var reason: String?
    @Flag(help: "Return at the deployment's end, its bake included.")
    var wait = false
    @Option(help: ArgumentHelp("With --wait: for how long at most, as 90s or 10m.", valueName: "time"))
    var timeout: Span?
    @OptionGroup var format: Format
    @OptionGroup var place: Place

    mutating func validate() throws {
        try Identifier.release.check(self.release)
        try Identifier.environment.check(self.environment)
        if self.emergency != (self.reason != nil) {
            throw ValidationError("--emergency goes with --reason: why it can't wait stands in the record.")
        }
        if self.emergency, self.at != nil { throw ValidationError("What is planned for later is no emergency.") }
        if self.timeout != nil && !self.wait { throw ValidationError("--timeout goes with --wait.") }
    }

    func run(in session: Session) async throws -> Ending {
        try await session.client(self.place) { client in
            let promote = Wire.Promote(
                release: self.release, environment: self.environment, at: self.at?.text(), emergency: self.reason)
            var promotion = try await self.ask(promote, client)
            if self.wait {
                promotion = try await PromotionWatch(session: session, client: client)
                    .until(promotion, timeout: self.timeout?.duration) { $0.state.isEnd }
            }
            try session.show(promotion, json: self.format.json, PromotionText.one(promotion))
            guard self.wait else { return .done }
            guard promotion.state.isEnd else {
                session.shell.err("slipway: \(PromotionText.stillWaiting(promotion))")
                return .stillWaiting
            }
            return promotion.state == .completed ? .done : .refused
        }
    }

    /// Who only wants to wait joins a promotion of the same release that is on its way already.
    private func ask(_ promote: Wire.Promote, _ client: APIClient) async throws -> Wire.Promotion {
        do {
            return try await client.promote(promote)
        } catch let problem as Wire.Problem
            where self.wait && ["alreadyRunning", "alreadyExists"].contains(problem.code)
        {
            let release = try await client.release(promote.release)
            let lane = try await client.lane(service: release.service, environment: promote.environment)
            let under = ([lane.deployment].compactMap { $0 } + lane.queue).first { $0.release == release.id }
            guard let under else { throw problem }
            return under
        }
    }
}

struct Queue: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What waits, and for what.", subcommands: [Show.self, Move.self], defaultSubcommand: Show.self)

    struct Show: Verb {
        static let configuration = CommandConfiguration(abstract: "What waits, and for what (also without `show`).")

        @OptionGroup var format: Format
        @OptionGroup var place: Place

        func run(in session: Session) async throws -> Ending {
            let queue = try await session.client(self.place) { try await $0.queue() }
            try session.show(queue, json: self.format.json, PromotionText.queue(queue))
            return .done
        }
    }

    struct Move: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Let a waiting promotion come before the others.",
            discussion: "It still waits for its gates. What a person moved is not superseded by what is newer.")

        @OptionGroup var on: OnPromotion
        @Flag(help: "To the front; the only move there is.")
        var first = false
        @OptionGroup var why: Reasoned

        mutating func validate() throws {
            guard self.first else { throw ValidationError("Say where to: --first.") }
        }

        func run(in session: Session) async throws -> Ending {
            try await self.on.act(.moveFirst, self.why.reason, in: session)
        }
    }
}

struct Status: Verb {
    static let configuration = CommandConfiguration(
        abstract: "What serves where, what is on its way, and what it waits for.",
        discussion: "Without a running server it reads the data folder.")

    @Argument(help: "Only this service.")
    var service: String?
    @OptionGroup var format: Format
    @OptionGroup var place: Place

    mutating func validate() throws { try Identifier.service.check(self.service) }

    func run(in session: Session) async throws -> Ending {
        let status = try await session.either(self.place) { client in
            try await client.status(service: self.service)
        } offline: { folder in
            session.shell.err("No server runs; this is what the data folder says.")
            return try await session.wiring.offlineStatus(folder, self.service)
        }
        try session.show(status, json: self.format.json, ServiceText.status(status))
        return .done
    }
}

struct Watch: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Follow everything that happens, or one promotion to its end.")

    @Argument(help: "A promotion (SERVICE/ENVIRONMENT/NUMBER), a lane, or a stream. Without: everything.")
    var id: String?
    @OptionGroup var format: Format
    @OptionGroup var place: Place

    mutating func validate() throws { try Identifier.recorded.check(self.id) }

    func run(in session: Session) async throws -> Ending {
        guard let subject = self.id.flatMap(LogSubject.init) else { return try await self.follow(nil, in: session) }
        switch subject {
        case .promotion(let service, let environment, let number):
            return try await self.watch("\(service)/\(environment)/\(number)", in: session)
        case .service, .lane, .release, .version, .change, .access, .directory, .ledger:
            let stream = try await session.client(self.place) { try await subject.knownStream($0) }
            return try await self.follow(stream, in: session)
        }
    }

    private func watch(_ id: String, in session: Session) async throws -> Ending {
        try await session.client(self.place) { client in
            let promotion = try await PromotionWatch(session: session, client: client)
                .until(try await client.promotion(id), timeout: nil) { $0.state.isEnd }
            try session.show(promotion, json: self.format.json, PromotionText.one(promotion))
            return promotion.state == .completed || promotion.state == .rolledBack ? .done : .refused
        }
    }

    private func follow(_ stream: String?, in session: Session) async throws -> Ending {
        try await session.client(self.place) { client in
            let status = try await client.status()
            if !self.format.json && stream == nil { ServiceText.status(status).forEach(session.shell.out) }
            for try await event in client.events(after: status.position, stream: stream) {
                session.shell.out(self.format.json ? try JSONText.line(event) : EventText.line(event))
            }
            return .done
        }
    }
}

/// Follows a promotion and says on standard error what it does, one line a change.
struct PromotionWatch {
    let session: Session
    let client: APIClient

    /// The promotion when `isOver` says so, or as it was when the time ran out.
    func until(
        _ promotion: Wire.Promotion, timeout: Duration?, isOver: (Wire.Promotion) async throws -> Bool
    ) async throws -> Wire.Promotion {
        let clock = ContinuousClock()
        let end = timeout.map { clock.now + $0 }
        var promotion = promotion
        var said = ""
        while true {
            let line = PromotionText.progress(promotion)
            if line != said {
                self.session.shell.err(line)
                said = line
            }
            if try await isOver(promotion) { return promotion }
            if let end, clock.now >= end { return promotion }
            try await Task.sleep(for: self.session.pause)
            promotion = try await self.look(promotion.id)
        }
    }

    /// Outlives a server that is started again: tries for a while before it gives up.
    private func look(_ id: String) async throws -> Wire.Promotion {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(20)
        while true {
            do {
                return try await self.client.promotion(id)
            } catch let error as ClientError where error.code == .unreachable && clock.now < end {
                try await Task.sleep(for: .milliseconds(300))
            }
        }
    }
}
