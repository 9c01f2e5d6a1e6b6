import APIClient
import Foundation

// The chapter on people: who may say yes, what a freeze holds up, and what can't wait.
extension Story {
    /// 1.5.1: needs two release managers; a freeze begins meanwhile; it goes ahead as an emergency, and is approved afterwards.
    func changeControl(_ stage: Stage, _ log: LoadLog) async throws {
        self.progress.chapter("A change that needs people, a freeze, and an emergency")
        try await self.people(stage)
        try await self.repository.commit(7)
        let applied = try await stage.apply()
        self.progress.step("definition \(applied.definition): \(applied.differences.joined(separator: "; "))")
        _ = try await stage.client.act(
            service: Stage.service, environment: Stage.production, .unhold,
            Wire.Act(reason: "the old checkout was found"))
        let release = try await stage.release(version: nil)
        self.progress.step("\(release.version) is built: \(release.subject ?? String(release.commit.prefix(10)))")
        let promotion = try await stage.promote(release)
        let id = try await Stage.wait(for: "the change of \(release.version)", within: .seconds(60)) {
            try await stage.client.promotion(promotion.id).change
        }

        // Who made it has no say, also not as a release manager.
        do {
            _ = try await self.approve(id, as: "ada", stage)
            throw DemoFailure(.unexpected, "Ada approved her own change.")
        } catch let problem as Wire.Problem where problem.code == "authorIsApprover" {
            self.progress.step("Ada can't approve it: \(problem.detail)")
        }
        let change = try await self.approve(id, as: "grace", stage)
        self.progress.step("Grace approves; missing: \(change.missing ?? "nobody")")
        try await self.freeze(stage)
        self.progress.step("the books are closed: \(try await self.waiting(promotion, for: "calendar", stage))")

        _ = try await stage.client.promote(
            Wire.Promote(release: release.id, environment: Stage.production, emergency: "gift cards are charged twice"))
        let ended = try await stage.end(of: promotion, as: .completed)
        self.progress.step("as an emergency it goes ahead: " + self.line(ended, log))
        let before = try await stage.client.change(id)
        self.progress.step("still to be approved, until \(before.until ?? "?"); missing: \(before.missing ?? "nobody")")
        let after = try await self.approve(id, as: "lin", stage)
        self.progress.step("Lin approves it afterwards: \(after.id) is \(after.state)")
        guard before.state == "requested", before.emergency != nil, after.state == "approved" else {
            throw DemoFailure(.unexpected, "\(id) was \(before.state) after its emergency, and is \(after.state) now.")
        }
    }

    /// Three release managers, each with a token of their own; one of them writes the shop's code.
    private func people(_ stage: Stage) async throws {
        let team = "release-managers"
        _ = try await stage.client.addTeam(Wire.AddTeam(name: team))
        for (id, name) in [("ada", "Ada Moreno"), ("grace", "Grace Lund"), ("lin", "Lin Okafor")] {
            _ = try await stage.client.addPerson(
                Wire.AddPerson(id: id, name: name, emails: "\(id)@storefront.example"))
            _ = try await stage.client.addMember(id, to: team)
        }
        _ = try await stage.client.addGrant(
            Wire.ChangeGrant(
                subject: "team:\(team)", right: "approve", scope: "lane:\(Stage.service)/\(Stage.production)"))
        self.progress.step("Ada, Grace and Lin are release managers: they may approve for production")
    }

    private func approve(_ change: String, as person: String, _ stage: Stage) async throws -> Wire.Change {
        let token = try await stage.client.addToken(Wire.AddToken(name: "\(person)-demo", owner: person))
        let connection = Connection(address: stage.client.connection.address, token: token.secret)
        return try await APIClient.with(connection) { client in
            try await client.act(change: change, .approve, Wire.Act(reason: "seen and tried"))
        }
    }

    /// From yesterday to tomorrow, for every service's production.
    private func freeze(_ stage: Stage) async throws {
        _ = try await stage.client.addToCalendar(
            Wire.AddCalendarEntry(
                name: "closing", kind: "freeze", start: Self.day(-1), end: Self.day(1), zone: "UTC", recurrence: nil,
                team: nil, service: nil, environment: Stage.production, reason: "the books are closed"))
    }

    private static func day(_ offset: Double) -> String {
        let day = Date(timeIntervalSinceNow: offset * 86_400)
        return day.formatted(Date.ISO8601FormatStyle().year().month().day()) + "T00:00:00"
    }

    /// What a gate says that keeps the promotion waiting.
    private func waiting(_ promotion: Wire.Promotion, for gate: String, _ stage: Stage) async throws -> String {
        try await Stage.wait(for: "the \(gate) gate of \(promotion.id)", within: .seconds(60)) {
            try await stage.client.promotion(promotion.id).waitsFor.first { $0.gate == gate }?.reason
        }
    }
}
