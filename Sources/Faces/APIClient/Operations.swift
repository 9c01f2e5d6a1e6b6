import NIOHTTP1

extension APIClient {
    // MARK: Services

    /// Services by environments; all of them where `service` is nil.
    package func status(service: String? = nil) async throws -> Wire.Status {
        try await self.get(["status"], [("service", service)])
    }

    package func apply(_ apply: Wire.Apply) async throws -> Wire.Applied {
        try await self.post(["services", "apply"], apply)
    }

    package func service(_ name: String) async throws -> Wire.Service {
        try await self.get(["services", name])
    }

    /// Has the server look at the branch that a service watches.
    package func poll(_ service: String) async throws -> Wire.Polled {
        try await self.post(["services", service, "poll"], Wire.Poll())
    }

    // MARK: Releases

    /// Starts a build and answers at once; `release(_:)` tells when it ended.
    package func createRelease(_ create: Wire.CreateRelease) async throws -> Wire.Release {
        try await self.post(["releases"], create)
    }

    /// Newest first.
    package func releases(service: String? = nil, limit: Int? = nil) async throws -> [Wire.Release] {
        try await self.get(["releases"], [("service", service), ("limit", limit.map(String.init))])
    }

    /// `release` is an id or `service@version`.
    package func release(_ release: String) async throws -> Wire.Release {
        try await self.get(["releases", release])
    }

    /// The build's output from a byte offset on.
    package func releaseLog(_ release: String, offset: Int = 0) async throws -> Wire.Output {
        try await self.get(["releases", release, "log"], [("offset", String(offset))])
    }

    /// Removes the content of releases that nothing needs any more.
    package func prune(_ prune: Wire.Prune) async throws -> Wire.Pruned {
        try await self.post(["prune"], prune)
    }

    // MARK: Promotions

    package func promote(_ promote: Wire.Promote) async throws -> Wire.Promotion {
        try await self.post(["promotions"], promote)
    }

    /// `id` is `SERVICE/ENVIRONMENT/NUMBER`.
    package func promotion(_ id: String) async throws -> Wire.Promotion {
        try await self.get(["promotions"] + Self.segments(id))
    }

    /// What both versions answered; `points` for each at most.
    package func traffic(_ id: String, points: Int? = nil) async throws -> Wire.Traffic {
        try await self.get(["promotions"] + Self.segments(id) + ["traffic"], [("points", points.map(String.init))])
    }

    package func act(promotion id: String, _ verb: Wire.PromotionVerb, _ act: Wire.Act) async throws -> Wire.Promotion {
        try await self.post(["promotions"] + Self.segments(id) + [verb.rawValue], act)
    }

    /// Everything that waits, over all lanes.
    package func queue() async throws -> [Wire.Promotion] {
        try await self.get(["queue"])
    }

    // MARK: Lanes

    package func lane(service: String, environment: String) async throws -> Wire.Lane {
        try await self.get(["lanes", service, environment])
    }

    /// What a rollback to `version` (nil: the one before) would do; does nothing.
    package func rollbackPlan(service: String, environment: String, to version: String?) async throws
        -> Wire.RollbackPlan
    {
        try await self.get(
            ["lanes", service, environment, Wire.LaneVerb.rollback.rawValue], [("to", version)])
    }

    package func rollback(service: String, environment: String, _ act: Wire.Act) async throws -> Wire.Promotion {
        try await self.post(["lanes", service, environment, Wire.LaneVerb.rollback.rawValue], act)
    }

    /// Every verb of a lane but `rollback`, which answers a promotion: see `rollback(service:environment:_:)`.
    package func act(
        service: String, environment: String, _ verb: Wire.LaneVerb, _ act: Wire.Act
    ) async throws -> Wire.Lane {
        try await self.post(["lanes", service, environment, verb.rawValue], act)
    }

    /// Output of the lane's instances: the last `lines`, or from `offset` on.
    package func logs(
        service: String, environment: String, lines: Int? = nil, offset: Int? = nil
    ) async throws -> Wire.Output {
        try await self.get(
            ["lanes", service, environment, "logs"],
            [("lines", lines.map(String.init)), ("offset", offset.map(String.init))])
    }

    // MARK: Changes

    package func changes(state: String? = nil) async throws -> [Wire.Change] {
        try await self.get(["changes"], [("state", state)])
    }

    package func change(_ id: String) async throws -> Wire.Change {
        try await self.get(["changes", id])
    }

    package func act(change id: String, _ verb: Wire.ChangeVerb, _ act: Wire.Act) async throws -> Wire.Change {
        try await self.post(["changes", id, verb.rawValue], act)
    }

    // MARK: Records

    /// Events after a ledger position, oldest first; at most `limit` (the server's maximum is 1,000).
    package func events(stream: String? = nil, after: Int = 0, limit: Int? = nil) async throws -> [Wire.Event] {
        try await self.get(
            ["events"], [("stream", stream), ("after", String(after)), ("limit", limit.map(String.init))])
    }

    /// `id` is that of a promotion, release or change.
    package func why(_ id: String) async throws -> Wire.Why {
        try await self.get(["why"] + Self.segments(id))
    }

    package func verifyAudit() async throws -> Wire.Audit {
        try await self.post(["audit", "verify"], [String: String]())
    }

    // MARK: Access

    package func tokens() async throws -> [Wire.Token] {
        try await self.get(["tokens"])
    }

    /// The answer holds the secret, this once.
    package func addToken(_ token: Wire.AddToken) async throws -> Wire.Token {
        try await self.post(["tokens"], token)
    }

    package func revokeToken(_ name: String) async throws -> Wire.Token {
        try await self.call(.DELETE, ["tokens", name], [], body: nil)
    }
}

// MARK: Sign-in

extension APIClient {
    /// The answer holds the link, this once.
    package func invite(_ person: String) async throws -> Wire.Invitation {
        try await self.post(["people", person, "invite"], Wire.Invite())
    }
}

// MARK: The calendar

extension APIClient {
    package func calendar() async throws -> Wire.Calendar { try await self.get(["calendar"]) }

    package func addToCalendar(_ entry: Wire.AddCalendarEntry) async throws -> Wire.Calendar {
        try await self.post(["calendar"], entry)
    }

    package func removeFromCalendar(_ name: String, _ act: Wire.Act) async throws -> Wire.Calendar {
        try await self.post(["calendar", name, "remove"], act)
    }

    package func outlook(service: String, environment: String, direction: String) async throws -> Wire.Outlook {
        try await self.get(["lanes", service, environment, "outlook"], [("direction", direction)])
    }

    /// `promotion`: SERVICE/ENVIRONMENT/NUMBER.
    package func overrideFreeze(of promotion: String, _ act: Wire.Act) async throws -> Wire.Override {
        try await self.post(["promotions"] + Self.segments(promotion) + ["override"], act)
    }

    package func stopEverything(_ act: Wire.Act) async throws -> Wire.Stopped { try await self.post(["stop"], act) }

    package func liftStop(_ act: Wire.Act) async throws -> Wire.Calendar { try await self.post(["lift"], act) }
}
