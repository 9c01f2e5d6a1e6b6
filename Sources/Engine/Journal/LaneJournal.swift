package import Core
package import Ports

/// Decisions of a lane, with what follows from them in other streams in the same append: the release's blocks and evidence, the end of a change.
package struct LaneJournal: Sendable {
    private let journal: Journal

    package init(_ journal: Journal) { self.journal = journal }

    @discardableResult
    package func decide(
        _ id: LaneID, by actor: Actor, cause: Cause? = nil, reading: [StreamReading] = [],
        restingOn observations: [Observation] = [], _ input: @Sendable (Instant) -> Lane.Input
    ) async throws -> [Lane.Event] {
        try await self.journal.retrying {
            let loaded = try await self.journal.lane(id)
            let now = self.journal.time.now()
            let events = try loaded.machine.decide(input(now))
            guard let draft = try self.journal.draft(loaded, events) else { return [] }
            let others = try await self.consequences(of: events, in: id, before: loaded.machine, at: now)
            try await self.journal.append(
                [draft] + others, reading: reading, restingOn: observations,
                isUrgent: loaded.machine.isUrgent(events), by: actor, cause: cause, at: now)
            return events
        }
    }

    /// Facts in other streams that belong to these.
    package func consequences(
        of events: [Lane.Event], in id: LaneID, before: Lane, at now: Instant
    ) async throws -> [Draft] {
        var inputs: [ReleaseID: [Release.Input]] = [:]
        var closing: [ChangeID: String] = [:]
        for event in events {
            switch event {
            case .blocked(let block):
                inputs[block.release, default: []]
                    .append(.blocked(id.environment, reason: block.reason, by: block.by, at: now))
            case .unblocked(let body):
                inputs[body.release, default: []]
                    .append(.unblocked(id.environment, reason: body.reason, by: body.by, at: now))
            case .verified(let body):
                inputs[body.candidate.release, default: []].append(.verified(id.environment, at: now))
            case .removed(let body): closing[ChangeID(id, body.number)] = body.why.rawValue
            case .ended(let body): closing[ChangeID(id, body.number)] = body.outcome.rawValue
            case .requested, .waiting, .admitted, .rollbackOrdered, .rollbackStarted, .capacityWanted, .capacityReady,
                .capacityWarm, .capacityLost, .capacityRetiring, .capacityGone, .stepStarted, .stepCompleted,
                .judged, .alertPeriodBegan, .alertPeriodEnded, .capacityScaled, .routingWanted, .routingConfirmed,
                .paused, .resumed, .skipped, .movedFirst, .handedOver, .aborted, .failed, .withdrawn,
                .passedNoReturn, .noReturnOverridden, .combinationOverridden, .held, .instancesDied, .routerDied,
                .holdReleased, .pinned, .unpinned, .alarmRaised, .alarmCleared, .downOrdered, .routerRemoved,
                .downFinished:
                continue
            }
        }
        var drafts: [Draft] = []
        for (release, inputs) in inputs.sorted(by: { $0.key < $1.key }) {
            let loaded = try await self.journal.release(release)
            var machine = loaded.machine
            var events: [Release.Event] = []
            for input in inputs {
                for event in try machine.decide(input) {
                    try machine.apply(event)
                    events.append(event)
                }
            }
            if let draft = try self.journal.draft(loaded, events) { drafts.append(draft) }
        }
        for (change, reason) in closing.sorted(by: { $0.key < $1.key }) {
            let loaded = try await self.journal.change(change)
            let events = try loaded.machine.decide(.close(reason: reason, at: now))
            if let draft = try self.journal.draft(loaded, events) { drafts.append(draft) }
        }
        return drafts
    }
}

extension ChangeID {
    /// The change of a promotion: one each.
    package init(_ lane: LaneID, _ number: Int) {
        // Both names are checked and short enough for the rule of a change's id.
        guard let id = ChangeID("c-\(lane.service)-\(lane.environment)-\(number)") else {
            preconditionFailure("a lane's names and a number always make a change's id")
        }
        self = id
    }
}
