package import Core
import Ports

/// A lane with what a person needs to understand it.
package struct LaneView: Sendable {
    package let id: LaneID
    package let environment: EnvironmentDefinition
    package let lane: Lane
    /// Where its traffic comes in now; a definition that was applied since may say another address.
    package let listen: ListenAddress?
    /// Private address of the version on the preview.
    package let preview: ListenAddress?
    /// Of a rollback that names no version; nil: there is nothing to go back to.
    package let rollback: RollbackForecast?
    /// What the judge made last of the running deployment and of those that ended, by number: newer than what is on
    /// record, which holds only what is news. Of those that this process has looked at.
    package let judgements: [Int: Judgement]
}

extension ControlPlane {
    /// The number of the promotion in its lane.
    /// - Parameters:
    ///   - notBefore: it waits for that time.
    ///   - emergency: why it can't wait for approval, freezes and soak; whoever may operate the lane may say so.
    package func promote(
        _ text: String, into environment: EnvironmentName, notBefore: Instant? = nil, emergency: String? = nil,
        by caller: Caller
    ) async throws -> (LaneID, Int) {
        let release = try await self.release(named: text, by: caller)
        guard let origin = release.origin, let candidate = release.candidate else {
            throw Refusal(.notFound, "There is no release `\(text)`.")
        }
        let id = LaneID(service: origin.service, environment: environment)
        try await self.authorize(caller, .promote, on: .lane(id))
        if emergency != nil { try await self.authorize(caller, .operate, on: .lane(id)) }
        let definition = try await self.known(id)
        if release.phase == .failed {
            throw Refusal(
                .wrongState,
                "\(candidate.version) was not built: \(release.reason ?? ""). `slipway release create` builds it again."
            )
        }
        guard release.prunedAt == nil else {
            throw Refusal(
                .wrongState,
                "The artifact of \(candidate.version) was pruned: nothing needed it any more. `slipway release create` with "
                    + "another --version builds its commit again.")
        }
        let number = try await Promoting(journal: self.journal)
            .request(candidate, into: id, definition, by: caller.actor, notBefore: notBefore, emergency: emergency)
        return (id, number)
    }

    /// Lifts the block of what was stopped here, and asks for it again.
    package func retry(_ id: LaneID, _ number: Int, reason: String, by caller: Caller) async throws -> Int {
        try await self.authorize(caller, .promote, on: .lane(id))
        let definition = try await self.known(id)
        let lane = try await self.journal.lane(id).machine
        guard let ended = lane.recent.last(where: { $0.number == number }) else {
            throw Refusal(
                .notFound,
                "Promotion \(number) of \(id) has not ended, or is too long ago. "
                    + "`slipway promote \(id.service)@VERSION --to \(id.environment)` asks anew.")
        }
        return try await Promoting(journal: self.journal).request(
            ended.candidate, into: id, definition, by: caller.actor, retryingBecause: reason)
    }

    /// Every other intent of a lane.
    @discardableResult
    package func intend(_ intent: Lane.Intent, in id: LaneID, by caller: Caller) async throws -> [Lane.Event] {
        try await self.authorize(caller, .operate, on: .lane(id))
        _ = try await self.known(id)
        return try await self.journal.retrying {
            let calendar = try await self.journal.calendar()
            if intent.goesOn, let stop = calendar.machine.stop { throw Refusal(.wrongState, stop.sentence) }
            // Nobody stops everything between the question and the record.
            let reading = intent.goesOn ? [StreamReading(stream: calendar.stream, number: calendar.number)] : []
            return try await LaneJournal(self.journal).decide(id, by: caller.actor, reading: reading) { now in
                .intent(intent, by: caller.actor, at: now)
            }
        }
    }

    /// Fixes a lane to a version, which must be that of a release of the service that can be deployed.
    package func pin(_ id: LaneID, to version: String, reason: String, by caller: Caller) async throws {
        try await self.authorize(caller, .operate, on: .lane(id))
        _ = try await self.known(id)
        let list = "`slipway release list \(id.service)` shows the releases."
        let rows = try await self.journal.releases(of: id.service).filter { $0.version == version }
        guard let row = rows.last(where: { $0.phase != .failed }) else {
            let shown = version.prefix(80)
            throw rows.isEmpty
                ? Refusal(.notFound, "\(id.service) has no release `\(shown)` to be pinned to. \(list)")
                : Refusal(.wrongState, "\(shown) was not built, so nothing can be pinned to it. \(list)")
        }
        try await self.intend(
            .pin(Candidate(release: row.id, version: row.version), reason: reason), in: id, by: caller)
    }

    /// Back to a release verified here. The number of the deployment that moves the traffic.
    ///
    /// `isForced`: also past a point of no return, by the word of a person.
    package func rollBack(
        _ id: LaneID, to version: String?, reason: String, isForced: Bool = false, by caller: Caller
    ) async throws -> Int {
        try await self.authorize(caller, .operate, on: .lane(id))
        let environment = try await self.known(id)
        let definition = try await self.journal.service(id.service).machine.number
        let health = try await self.healthOfRollback(try await self.journal.lane(id).machine)
        let settings = Lane.RollbackSettings(
            health: health, drain: environment.drain, policy: environment.queue, definition: definition)
        let events = try await LaneJournal(self.journal).decide(id, by: caller.actor) { now in
            .intent(
                isForced
                    ? .forcedRollback(to: version, settings, reason: reason)
                    : .rollback(to: version, settings, reason: reason), by: caller.actor, at: now)
        }
        for event in events {
            if case .rollbackOrdered(let order) = event { return order.number }
        }
        // What to go back to still runs beside the deployment: its way back is the rollback, whoever ordered it first.
        if !events.isEmpty, let returning = try await self.journal.lane(id).machine.deployment {
            return returning.number
        }
        for event in events {
            if case .ended(let body) = event { return body.number }
        }
        throw Refusal(.nothingToDo, "Nothing had to be moved in \(id).")
    }

    package func lane(_ id: LaneID, by caller: Caller) async throws -> LaneView {
        try await self.authorize(caller, .view, on: .lane(id))
        return try await self.view(id, try await self.known(id))
    }

    private func view(_ id: LaneID, _ environment: EnvironmentDefinition) async throws -> LaneView {
        let lane = try await self.journal.lane(id).machine
        let hasPreview = lane.routing.preview != nil
        let preview = hasPreview ? try? await self.doors.router.read(id)?.preview : nil
        var rollback: RollbackForecast?
        if lane.takingDown == nil, let target = try? lane.rollbackTarget(nil) {
            rollback = try await self.forecast(lane, to: target, environment)
        }
        let service = try await self.journal.service(id.service).machine
        return LaneView(
            id: id, environment: environment, lane: lane,
            listen: lane.listens(under: service, in: id.environment) ?? environment.listen, preview: preview,
            rollback: rollback, judgements: self.journal.judgements(of: id))
    }

    package struct ServiceView: Sendable {
        package let definition: Definition
        package let number: Int
        package let lanes: [LaneView]
        /// Why the branch that it watches gives no release just now.
        package let watchTrouble: String?
    }

    /// All services, or one, with their lanes, as far as the caller may see them; and the position of the ledger that this is at least as new as.
    package func status(of name: ServiceName?, by caller: Caller) async throws -> (
        position: Int, services: [ServiceView]
    ) {
        if let name { try await self.authorize(caller, .view, on: .service(name)) }
        let standing = try await self.authorizeList(caller, "services")
        let position = try await self.journal.ledger.position()
        var names: [ServiceName]
        if let name {
            _ = try await self.known(name)
            names = [name]
        } else {
            names = try await self.journal.ledger.rows(.services, scope: nil, after: nil, limit: 10_000)
                .compactMap { ServiceName($0.key) }
        }
        var views: [ServiceView] = []
        for name in names {
            let service = try await self.journal.service(name).machine
            guard let definition = service.current else { continue }
            var lanes: [LaneView] = []
            for environment in definition.environments {
                let id = LaneID(service: name, environment: environment.name)
                if standing.sees(.lane(id)) { lanes.append(try await self.view(id, environment)) }
            }
            guard !lanes.isEmpty || standing.sees(.service(name)) else { continue }
            let trouble = service.watch == nil ? nil : self.branchTroubles.trouble(of: name)
            views.append(
                ServiceView(definition: definition, number: service.number, lanes: lanes, watchTrouble: trouble))
        }
        return (position, views)
    }
}

extension Lane.Intent {
    /// Lets what is on its way move forward: not while everything is stopped. What is only asked for waits for that by itself.
    fileprivate var goesOn: Bool {
        switch self {
        case .resume, .skip, .handOver: true
        case .promote, .cancel, .overrideCombination, .moveFirst, .pause, .abort, .retry, .rollback, .hold,
            .releaseHold, .pin,
            .unpin, .block, .unblock, .clearAlarm, .down, .forcedRollback:
            false
        }
    }
}

extension Lane {
    /// Where it is listened now: by the definition under which the newest capacity was put up. nil: nothing of it is up.
    func listens(under service: Service, in environment: EnvironmentName) -> ListenAddress? {
        self.capacities.values.map(\.definition).max().flatMap { service.definition($0)?[environment]?.listen }
    }
}
