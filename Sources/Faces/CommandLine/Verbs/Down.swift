import APIClient
import ArgumentParser

struct Down: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Stop what Slipway started here, traffic included.",
        discussion: "Asks first, or takes --yes. Works without a running server too.")

    @Argument(help: "Only this service.")
    var service: String?
    @Option(name: .customLong("env"), help: ArgumentHelp("Only this environment.", valueName: "env"))
    var environment: String?
    @Flag(help: "Don't ask.")
    var yes = false
    @OptionGroup var format: Format
    @OptionGroup var place: Place

    mutating func validate() throws {
        try Identifier.service.check(self.service)
        try Identifier.environment.check(self.environment)
    }

    private static let reason = "slipway down"
    private static let patience = Duration.seconds(120)

    func run(in session: Session) async throws -> Ending {
        let lanes = try await session.either(self.place) { client in
            let lanes = try self.chosen(try await client.status(service: self.service))
            try self.askFirst(lanes, in: session)
            return try await self.take(lanes, down: client, in: session)
        } offline: { folder in
            let lanes = try self.chosen(try await session.wiring.offlineStatus(folder, self.service))
            try self.askFirst(lanes, in: session)
            var ended: [Wire.Lane] = []
            for lane in lanes {
                let down = OfflineDown(
                    dataFolder: folder, service: lane.service, environment: lane.environment, reason: Self.reason)
                ended.append(try await session.wiring.offlineDown(down))
            }
            return ended
        }
        try session.show(
            lanes, json: self.format.json,
            lanes.isEmpty ? ["Nothing runs here."] : lanes.map { "\($0.service) in \($0.environment) is down." })
        return .done
    }

    /// What there is to stop.
    private func chosen(_ status: Wire.Status) throws -> [Wire.Lane] {
        let lanes = status.services.flatMap(\.environments)
        guard let environment else { return lanes.filter(\.isUp) }
        let named = lanes.filter { $0.environment == environment }
        guard !named.isEmpty else {
            let known = Set(lanes.map(\.environment)).sorted().joined(separator: ", ")
            throw VerbError(
                .refused, "There is no environment `\(environment)`. Known: \(known.isEmpty ? "none" : known).")
        }
        return named.filter(\.isUp)
    }

    private func askFirst(_ lanes: [Wire.Lane], in session: Session) throws {
        if self.yes || lanes.isEmpty { return }
        let names = lanes.map { "\($0.service) in \($0.environment)" }.joined(separator: ", ")
        let answer = session.shell.ask("This stops \(names), and what they serve. Stop? [y/N] ") ?? ""
        guard ["y", "yes"].contains(answer.lowercased()) else {
            throw VerbError(.refused, "Nothing was stopped. Say yes, or give --yes.")
        }
    }

    private func take(_ lanes: [Wire.Lane], down client: APIClient, in session: Session) async throws -> [Wire.Lane] {
        for lane in lanes {
            _ = try await client.act(
                service: lane.service, environment: lane.environment, .down, Wire.Act(reason: Self.reason))
        }
        let clock = ContinuousClock()
        let end = clock.now + Self.patience
        var ended: [Wire.Lane] = []
        for lane in lanes {
            var now = try await client.lane(service: lane.service, environment: lane.environment)
            while now.isUp {
                guard clock.now < end else {
                    throw VerbError(
                        .refused,
                        "\(lane.service) in \(lane.environment) is still going down after \(Self.patience). "
                            + "See `slipway log \(lane.service)/\(lane.environment)`.")
                }
                try await Task.sleep(for: session.pause)
                now = try await client.lane(service: lane.service, environment: lane.environment)
            }
            ended.append(now)
        }
        return ended
    }
}

extension Wire.Lane {
    /// Something of it runs, its router alone included, or is on its way up or down.
    fileprivate var isUp: Bool {
        self.isGoingDown || self.hasRouter || !self.serving.isEmpty || !self.warm.isEmpty || self.deployment != nil
    }
}
