import CanaryAnalysis
import Core
import Ports

/// Reads back what was seen of a lane's traffic: the same looks give the same judgement, in a new process and in a replay.
struct StoredLooks {
    let ledger: any Ledger
    let lane: LaneID

    private static let pastDays: Int64 = 7
    private static let page = 10_000

    /// What was seen of a deployment; nil: nothing. `heard` is told after each look that was taken.
    func run(
        of deployment: Deployment, _ judging: Judging, heard: (ObservedRun) throws -> Void = { _ in }
    ) async throws -> ObservedRun? {
        var run: ObservedRun?
        var waiting: (observation: Observation, look: Look)?
        var pages = Pages(from: deployment.startedAt)
        while let page = try await self.next(&pages, to: Instant(milliseconds: .max)) {
            for observation in page {
                let look = try EventJSON.decode(Look.self, from: observation.body)
                guard look.deployment == deployment.number else { continue }
                if look.arm == .new, deployment.returnsTo != nil {
                    waiting = (observation, look)
                    continue
                }
                let new = look.arm == .new ? (observation, look) : waiting
                waiting = nil
                guard let new, new.0.to == observation.to else { continue }
                let old = look.arm == .old ? look : nil
                if run == nil {
                    run = try ObservedRun(deployment, judging, past: await self.past(of: deployment), old: old)
                }
                guard var next = run else { continue }
                try next.take(
                    Looks(
                        from: observation.from, to: observation.to, new: new.1, old: old,
                        bodies: old == nil ? [new.0.body] : [new.0.body, observation.body]))
                run = next
                try heard(next)
            }
        }
        return run
    }

    /// What served in the week before, by minutes: only looks at one capacity in a row give counts.
    func past(of deployment: Deployment) async throws -> Past {
        var stretches: [Past.Stretch] = []
        var before: Look?
        let start = deployment.startedAt.milliseconds - Self.pastDays * 24 * 3_600_000
        var pages = Pages(from: Instant(milliseconds: max(0, start)))
        while let page = try await self.next(&pages, to: deployment.startedAt) {
            for observation in page {
                let look = try EventJSON.decode(Look.self, from: observation.body)
                guard look.arm == .serving, let counts = look.counts else { continue }
                if look.capacity == before?.capacity,
                    case .counts(let interval) = counts.since(before?.counts), interval.requests >= 0
                {
                    stretches.append(
                        Past.Stretch(at: observation.from, requests: interval.requests, errors: interval.errors))
                }
                before = look
            }
        }
        return Past(stretches: stretches)
    }

    /// Where reading goes on: at the beginning of the last observation, of which so many were read.
    private struct Pages {
        var from: Instant
        var seen = 0
        var isOver = false
    }

    /// nil: all were read.
    private func next(_ pages: inout Pages, to end: Instant) async throws -> ArraySlice<Observation>? {
        guard !pages.isOver else { return nil }
        let limit = Self.page + pages.seen
        let page = try await self.ledger.observations(of: self.lane, from: pages.from, to: end, limit: limit)
        let new = page.dropFirst(pages.seen)
        pages.isOver = page.count < limit
        if let last = page.last {
            pages.seen = page.count { $0.from == last.from }
            pages.from = last.from
        }
        return new
    }
}
