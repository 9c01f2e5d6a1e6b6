package import Core
import Ports
import ServiceFile

/// Asks for a promotion; into a controlled environment that is a change request as well, in the same append.
package struct Promoting: Sendable {
    private let journal: Journal

    package init(journal: Journal) { self.journal = journal }

    /// The number of the promotion in its lane.
    /// - Parameter emergency: why it can't wait for approval, freezes and soak; then it is a change in any environment. What waits already
    ///   becomes one.
    package func request(
        _ candidate: Candidate, into id: LaneID, _ environment: EnvironmentDefinition, by actor: Actor,
        retryingBecause reason: String? = nil, notBefore: Instant? = nil, emergency: String? = nil, cause: Cause? = nil
    ) async throws -> Int {
        try await self.journal.retrying {
            let lane = try await self.journal.lane(id)
            let now = self.journal.time.now()
            if let emergency,
                let queued = lane.machine.queue.first(where: { $0.candidate.release == candidate.release })
            {
                let change = try await self.change(
                    candidate, id, queued.number, environment, by: queued.by, emergency: (emergency, actor), at: now)
                let reading = [StreamReading(stream: lane.stream, number: lane.number)]
                try await self.journal.append(
                    [change].compactMap(\.self), reading: reading, by: actor, cause: cause, at: now)
                return queued.number
            }
            let intent: Lane.Intent =
                if let reason { .retry(candidate, reason: reason) } else { .promote(candidate, notBefore: notBefore) }
            let events = try lane.machine.decide(.intent(intent, by: actor, at: now))
            let number = lane.machine.lastNumber + 1
            var drafts = [try self.journal.draft(lane, events)].compactMap { $0 }
            drafts += try await LaneJournal(self.journal)
                .consequences(of: events, in: id, before: lane.machine, at: now)
            if environment.needsChange || emergency != nil,
                let change = try await self.change(
                    candidate, id, number, environment, by: actor, emergency: emergency.map { ($0, actor) }, at: now)
            {
                drafts.append(change)
            }
            try await self.journal.append(drafts, by: actor, cause: cause, at: now)
            return number
        }
    }

    /// The request for the word of people on a promotion, and the emergency on top of it; nil if all is on record already.
    private func change(
        _ candidate: Candidate, _ lane: LaneID, _ number: Int, _ environment: EnvironmentDefinition, by actor: Actor,
        emergency: (reason: String, by: Actor)? = nil, at now: Instant
    ) async throws -> Draft? {
        let release = try await self.journal.release(candidate.release).machine
        let id = ChangeID(lane, number)
        let loaded = try await self.journal.change(id)
        let authors = Set([actor.personID, release.origin?.by.personID].compactMap { $0 })
        let request = ChangeRequest.Request(
            id: id, lane: lane, promotion: number, candidate: candidate, by: actor, authors: authors.sorted(),
            needs: environment.approvals, definition: try await self.journal.service(lane.service).machine.number,
            at: now)
        var machine = loaded.machine
        var events = try machine.decide(.request(request))
        if let emergency {
            for event in events { try machine.apply(event) }
            events += try machine.decide(.declareEmergency(reason: emergency.reason, by: emergency.by, at: now))
        }
        return try self.journal.draft(loaded, events)
    }

    /// What people have to say of a promotion that waits, as its environment is defined now: the request, if there is none yet, or that what
    /// they said is void. nil: all is as it was.
    func change(
        _ queued: QueuedPromotion, in lane: LaneID, _ service: Service, _ environment: EnvironmentDefinition,
        at now: Instant
    ) async throws -> Draft? {
        let loaded = try await self.journal.change(ChangeID(lane, queued.number))
        guard let request = loaded.machine.request else {
            return try await self.change(queued.candidate, lane, queued.number, environment, by: queued.by, at: now)
        }
        guard request.definition != service.number else { return nil }
        let before = request.definition.flatMap { service.definition($0) }
        let differs =
            before?[lane.environment].map { $0 != environment } ?? (request.needs != environment.approvals)
        guard differs else { return nil }
        let words = service.current.map { DefinitionDifference(from: before, to: $0).changes } ?? []
        let here = words.filter { $0.environment == lane.environment }.map(\.text)
        let reason =
            "\(lane) is defined otherwise by now (definition \(service.number))"
            + (here.isEmpty ? "" : ": \(here.prefix(5).joined(separator: ", "))")
        return try self.journal.draft(
            loaded,
            try loaded.machine.decide(
                .edit(definition: service.number, needs: environment.approvals, reason: reason, at: now)))
    }
}
