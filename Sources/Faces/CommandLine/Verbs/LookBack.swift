import APIClient
import ArgumentParser

struct Log: Verb {
    static let configuration = CommandConfiguration(
        abstract: "The events of a promotion, lane, release, change or service, as they are in the ledger.",
        discussion: "Works without a running server too.")

    @Argument(help: "SERVICE/ENVIRONMENT/NUMBER, SERVICE/ENVIRONMENT, r-…, SERVICE@VERSION, c-…, or a stream.")
    var id: String
    @OptionGroup var format: Format
    @OptionGroup var place: Place

    mutating func validate() throws { try Identifier.recorded.check(self.id) }

    func run(in session: Session) async throws -> Ending {
        guard let subject = LogSubject(self.id) else { return .wrongUsage }
        let shown = try await session.either(self.place) { client in
            let stream = if let stream = subject.stream { stream } else { try await subject.knownStream(client) }
            let events = Self.chosen(try await Self.all(of: stream, client), subject)
            // Who knows nothing of it says so; what is known may still be without events.
            if events.isEmpty { _ = try await subject.knownStream(client) }
            return events
        } offline: { folder in
            guard let stream = subject.stream else {
                throw VerbError(
                    .unreachable,
                    "Only a running server knows the id of \(self.id). Start `slipway serve`, or name the release "
                        + "by its id (r-…).")
            }
            let events = Self.chosen(try await session.wiring.offlineEvents(folder, stream), subject)
            if events.isEmpty { throw VerbError(.refused, "There is no \(subject.words) on record in \(folder).") }
            return events
        }
        try session.show(
            shown, json: self.format.json, shown.isEmpty ? ["Nothing happened yet."] : shown.map(EventText.line))
        return .done
    }

    private static func chosen(_ events: [Wire.Event], _ subject: LogSubject) -> [Wire.Event] {
        switch subject {
        case .promotion(_, _, let number): EventText.events(events, ofPromotion: number)
        case .service, .lane, .release, .version, .change, .access, .directory, .ledger: events
        }
    }

    private static let pageSize = 1_000

    private static func all(of stream: String, _ client: APIClient) async throws -> [Wire.Event] {
        var events: [Wire.Event] = []
        while true {
            let page = try await client.events(
                stream: stream, after: events.last?.position ?? 0, limit: Self.pageSize)
            events += page
            if page.count < Self.pageSize { return events }
        }
    }
}

struct Logs: Verb {
    static let configuration = CommandConfiguration(abstract: "The output of a service's instances.")

    @OptionGroup var lane: OnLane
    @Option(help: ArgumentHelp("The last so many lines.", valueName: "count"))
    var lines = 100
    @Flag(help: "Go on with what is written from now on.")
    var follow = false

    mutating func validate() throws {
        guard (1...10_000).contains(self.lines) else { throw ValidationError("--lines is 1 to 10000.") }
        if self.follow && self.lane.format.json { throw ValidationError("--follow prints text: leave out --json.") }
    }

    func run(in session: Session) async throws -> Ending {
        try await session.client(self.lane.place) { client in
            let (service, environment) = (self.lane.service, self.lane.environment)
            var output = try await client.logs(service: service, environment: environment, lines: self.lines)
            try session.show(output, json: self.lane.format.json, Plain.lines(output.text))
            while self.follow {
                try await Task.sleep(for: .milliseconds(400))
                let before = output
                output = try await client.logs(service: service, environment: environment, lines: self.lines)
                Plain.lines(output.added(since: before)).forEach(session.shell.out)
            }
            return .done
        }
    }
}

struct WhyVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "The decisions on a promotion, release or change, in words.")

    @Argument(help: "SERVICE/ENVIRONMENT/NUMBER, r-…, SERVICE@VERSION or c-….")
    var id: String
    @OptionGroup var format: Format
    @OptionGroup var place: Place

    mutating func validate() throws { try Identifier.decided.check(self.id) }

    func run(in session: Session) async throws -> Ending {
        let why = try await session.client(self.place) { client in
            let isName = Identifier.isReleaseName(self.id)
            return try await client.why(isName ? try await client.release(self.id).id : self.id)
        }
        try session.show(why, json: self.format.json, EventText.why(why))
        return .done
    }
}
