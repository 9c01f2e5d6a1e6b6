package import Core
import Ports

extension ControlPlane {
    /// A person's word on a change.
    package func decide(_ id: ChangeID, yes: Bool, reason: String, by caller: Caller) async throws -> ChangeRequest {
        try await self.authorize(caller, .approve, on: try await self.scope(of: id))
        _ = try await self.change(id, by: caller)
        try await self.journal.retrying {
            let change = try await self.journal.change(id)
            let directory = try await self.journal.directory()
            let now = self.journal.time.now()
            let asked = try await self.asked(
                by: change.machine, directory.machine, speaking: caller.actor.personID, at: now)
            let events = try change.machine.decide(
                .word(yes: yes, by: caller.actor, reason: reason, at: now, asked: asked))
            guard let draft = try self.journal.draft(change, events) else { return }
            // Nobody leaves a group between the question and the record of the answer.
            let reading = [StreamReading(stream: directory.stream, number: directory.number)]
            try await self.journal.append([draft], reading: reading, by: caller.actor, at: now)
        }
        return try await self.journal.change(id).machine
    }

    /// What is still missing of it, by whom the names in `from` stand for now.
    package func missing(of change: ChangeRequest) async throws -> [ChangeRequest.Need] {
        let directory = try await self.journal.directory().machine
        return change.missing(asking: try await self.asked(by: change, directory, at: self.journal.time.now()))
    }

    private func asked(
        by change: ChangeRequest, _ directory: Directory, speaking: String? = nil, at now: Instant
    ) async throws -> Asked {
        var author: String?
        if let release = change.request?.candidate.release {
            author = try await self.journal.release(release).machine.origin?.author
        }
        return directory.asked(by: change, author: author, speaking: speaking, at: now)
    }

    /// The lane that a change is about.
    func scope(of id: ChangeID) async throws -> AccessScope {
        try await self.journal.change(id).machine.request.map { .lane($0.lane) } ?? .organisation
    }

    package func change(_ id: ChangeID, by caller: Caller) async throws -> ChangeRequest {
        try await self.authorize(caller, .view, on: try await self.scope(of: id))
        let change = try await self.journal.change(id).machine
        guard change.state != .unknown else {
            throw Refusal(
                .notFound, "There is no change `\(id)`. `slipway queue` names the change that a promotion waits for.")
        }
        return change
    }

    /// Newest first; `state` nil: all.
    package func changes(in state: ChangeRequest.State?, limit: Int, by caller: Caller) async throws -> [ChangeRequest]
    {
        let standing = try await self.authorizeList(caller, "changes")
        var ids: [ChangeID] = []
        var after: String?
        while true {
            let rows = try await self.journal.ledger.rows(.changes, scope: nil, after: after, limit: 1_000)
            for row in rows {
                guard let body = row.body else { continue }
                let summary = try EventJSON.decode(ChangeRow.self, from: body)
                if state == nil || summary.state == state { ids.append(summary.id) }
            }
            guard rows.count == 1_000, let last = rows.last else { break }
            after = last.key
        }
        var changes: [ChangeRequest] = []
        for id in ids {
            let change = try await self.journal.change(id).machine
            if let lane = change.request?.lane, standing.sees(.lane(lane)) { changes.append(change) }
        }
        return Array(
            changes.sorted {
                ($0.request?.at ?? Instant(milliseconds: 0)) > ($1.request?.at ?? Instant(milliseconds: 0))
            }
            .prefix(limit))
    }
}
