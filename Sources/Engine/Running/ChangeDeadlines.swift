import Core
import Logging
import Ports

/// Tells changes that time has passed: people are reminded, what nobody decided expires, an emergency that nobody approved escalates. It
/// keeps nothing of its own: which changes are open stands in the ledger.
struct ChangeDeadlines: Sendable {
    let journal: Journal
    let logger: Logger

    func run(_ pokes: AsyncStream<Void>, again: AsyncStream<Void>.Continuation) async {
        await withDiscardingTaskGroup { group in
            var planned: Instant?
            await pokes.atEachPoke("changes", self.logger) {
                guard let next = try await self.tick() else { return }
                // One that waits for an earlier time pokes, and then this one is planned anew.
                if let planned, planned <= next, planned > self.journal.time.now() { return }
                planned = next
                group.addTask { [time = self.journal.time] in
                    await time.wait(until: next)
                    again.yield()
                }
            }
            group.cancelAll()
        }
    }

    /// When the next one has something to say; nil: none has.
    private func tick() async throws -> Instant? {
        var next: Instant?
        for id in try await self.open() {
            let change = try await self.journal.change(id)
            guard let at = change.machine.nextTick else { continue }
            if at <= self.journal.time.now() {
                try await self.journal.decide(ChangeRequest.self, change.stream, by: .system) { .tick(at: $0) }
                let after = try await self.journal.change(id).machine.nextTick
                next = [next, after].compactMap(\.self).min()
            } else {
                next = [next, at].compactMap(\.self).min()
            }
        }
        return next
    }

    private func open() async throws -> [ChangeID] {
        var ids: [ChangeID] = []
        var after: String?
        while true {
            let rows = try await self.journal.ledger.rows(.changes, scope: nil, after: after, limit: 1_000)
            for row in rows {
                guard let body = row.body else { continue }
                let summary = try EventJSON.decode(ChangeRow.self, from: body)
                if summary.state == .requested { ids.append(summary.id) }
            }
            guard rows.count == 1_000, let last = rows.last else { return ids }
            after = last.key
        }
    }
}
