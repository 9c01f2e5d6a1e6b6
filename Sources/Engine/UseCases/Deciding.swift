package import Core
import Ports

extension ControlPlane {
    /// A person's word on a change.
    package func decide(_ id: ChangeID, yes: Bool, reason: String, by caller: Caller) async throws -> ChangeRequest {
        try await self.authorize(caller, .approve, on: id.text)
        _ = try await self.change(id, by: caller)
        try await self.journal.decide(ChangeRequest.self, .change(id), by: caller.actor) { now in
            .word(yes: yes, by: caller.actor, reason: reason, at: now)
        }
        return try await self.journal.change(id).machine
    }

    package func change(_ id: ChangeID, by caller: Caller) async throws -> ChangeRequest {
        try await self.authorize(caller, .view, on: id.text)
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
        try await self.authorize(caller, .view, on: "changes")
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
        for id in ids { changes.append(try await self.journal.change(id).machine) }
        return Array(
            changes.sorted {
                ($0.request?.at ?? Instant(milliseconds: 0)) > ($1.request?.at ?? Instant(milliseconds: 0))
            }
            .prefix(limit))
    }
}
