package import APIClient

/// Where the story plays, and what a user does there: through the public API, and with a limit of time on every wait.
package struct Stage {
    package static let service = "storefront"
    package static let production = "production"

    let client: APIClient
    let repository: SampleRepository

    package init(client: APIClient, repository: SampleRepository) {
        self.client = client
        self.repository = repository
    }

    package func apply() async throws -> Wire.Applied {
        try await self.client.apply(
            Wire.Apply(file: try self.repository.serviceFile(), repository: self.repository.folder, plan: false))
    }

    /// Makes a release of the newest commit and waits for its build.
    package func release(version: String?) async throws -> Wire.Release {
        let created = try await self.client.createRelease(
            Wire.CreateRelease(repository: self.repository.folder, ref: "HEAD", version: version, artifact: nil))
        let release = try await Self.wait(for: "the build of \(created.version)", within: .seconds(60)) {
            let release = try await self.client.release(created.id)
            return release.state == .building ? nil : release
        }
        guard release.state == .built else {
            let log = try? await self.client.releaseLog(release.id)
            throw DemoFailure(
                .unexpected,
                "The build of \(release.version) failed: \(release.reason ?? "no reason")\n"
                    + "\(log?.text.suffix(2_000) ?? "")")
        }
        return release
    }

    package func promote(_ release: Wire.Release) async throws -> Wire.Promotion {
        try await self.client.promote(Wire.Promote(release: release.id, environment: Self.production))
    }

    /// Waits until the promotion ended, and checks that it ended as the story has it.
    package func end(of promotion: Wire.Promotion, as expected: Wire.PromotionState) async throws -> Wire.Promotion {
        let ended = try await Self.wait(
            for: "the end of \(promotion.id)", within: .seconds(60), orElse: { await self.state(of: promotion) }
        ) {
            let now = try await self.client.promotion(promotion.id)
            return now.state.isEnd ? now : nil
        }
        guard ended.state == expected else {
            throw DemoFailure(
                .unexpected,
                "\(promotion.id) (\(ended.version)) ended as \(ended.state.rawValue), "
                    + "expected was \(expected.rawValue): \(ended.reason ?? "no reason")\n"
                    + ended.lastLines.map { "  | \($0)" }.joined(separator: "\n") + "\n" + (await self.lastEvents()))
        }
        return ended
    }

    package func lane(_ environment: String = Self.production) async throws -> Wire.Lane {
        try await self.client.lane(service: Self.service, environment: environment)
    }

    func events(after position: Int = 0) async throws -> [Wire.Event] {
        try await self.client.events(
            stream: "lane/\(Self.service)/\(Self.production)", after: position, limit: 1_000)
    }

    /// Takes everything down, the last environment first.
    package func down() async throws {
        let lanes = try await self.client.status(service: Self.service).services.flatMap(\.environments)
        for lane in lanes.reversed() {
            _ = try await self.client.act(
                service: lane.service, environment: lane.environment, .down, Wire.Act(reason: "the demo is over"))
        }
        for lane in lanes {
            try await Self.wait(for: "\(lane.environment) to be down", within: .seconds(30)) {
                let now = try await self.lane(lane.environment)
                return now.serving.isEmpty && now.warm.isEmpty && !now.isGoingDown ? () : nil
            }
        }
    }

    // MARK: Waiting

    /// Looks until there is something to see, every 20 ms, for as long as `within` says.
    @discardableResult
    package static func wait<Seen>(
        for what: String, within limit: Duration, orElse: () async -> String = { "" },
        _ look: () async throws -> Seen?
    ) async throws -> Seen {
        let clock = ContinuousClock()
        let end = clock.now + limit
        while true {
            if let seen = try await look() { return seen }
            guard clock.now < end else {
                let seen = await orElse()
                throw DemoFailure(
                    .timedOut,
                    "Waited \(limit.milliseconds / 1_000) s for \(what)." + (seen.isEmpty ? "" : "\n" + seen))
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func state(of promotion: Wire.Promotion) async -> String {
        guard let now = try? await self.client.promotion(promotion.id) else { return await self.lastEvents() }
        let gates = now.waitsFor.map { "  \($0.gate): \($0.reason)" }
        let step = now.step.flatMap { now.steps.indices.contains($0) ? now.steps[$0] : nil } ?? "no step"
        return (["  \(now.id) is \(now.state.rawValue), \(step)"] + gates).joined(separator: "\n") + "\n"
            + (await self.lastEvents())
    }

    private func lastEvents() async -> String {
        let events = (try? await self.events()) ?? []
        let lines = events.suffix(12).map { "  \($0.position) \($0.at) \($0.kind) \($0.body.prefix(300))" }
        return lines.joined(separator: "\n")
    }
}
