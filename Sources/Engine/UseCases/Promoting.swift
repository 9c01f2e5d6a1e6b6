package import Core
import Ports

/// Asks for a promotion; into a controlled environment that is a change request as well, in the same append.
package struct Promoting: Sendable {
    private let journal: Journal

    package init(journal: Journal) { self.journal = journal }

    /// The number of the promotion in its lane.
    package func request(
        _ candidate: Candidate, into id: LaneID, _ environment: EnvironmentDefinition, by actor: Actor,
        retryingBecause reason: String? = nil, notBefore: Instant? = nil, cause: Cause? = nil
    ) async throws -> Int {
        try await self.journal.retrying {
            let lane = try await self.journal.lane(id)
            let now = self.journal.time.now()
            let intent: Lane.Intent =
                if let reason { .retry(candidate, reason: reason) } else { .promote(candidate, notBefore: notBefore) }
            let events = try lane.machine.decide(.intent(intent, by: actor, at: now))
            let number = lane.machine.lastNumber + 1
            var drafts = [try self.journal.draft(lane, events)].compactMap { $0 }
            drafts += try await LaneJournal(self.journal)
                .consequences(of: events, in: id, before: lane.machine, at: now)
            if environment.needsChange,
                let change = try await self.change(candidate, id, number, environment, by: actor, at: now)
            {
                drafts.append(change)
            }
            try await self.journal.append(drafts, by: actor, cause: cause, at: now)
            return number
        }
    }

    /// The request for the word of people on a promotion; nil if it is on record already.
    func change(
        _ candidate: Candidate, _ lane: LaneID, _ number: Int, _ environment: EnvironmentDefinition, by actor: Actor,
        at now: Instant
    ) async throws -> Draft? {
        let release = try await self.journal.release(candidate.release).machine
        let id = ChangeID(lane, number)
        let loaded = try await self.journal.change(id)
        let authors = Set([actor.personID, release.origin?.by.personID].compactMap { $0 })
        let request = ChangeRequest.Request(
            id: id, lane: lane, promotion: number, candidate: candidate, by: actor, authors: authors.sorted(),
            needs: environment.approvals, at: now)
        return try self.journal.draft(loaded, try loaded.machine.decide(.request(request)))
    }
}
