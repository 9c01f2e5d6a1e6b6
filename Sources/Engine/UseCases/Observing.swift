package import Core
import Ports

extension ControlPlane {
    /// What both versions of a deployment answered, in at most `most` intervals each; empty before its first look, and
    /// for what is not judged. However long it was watched, a bounded part of its looks is read.
    package func traffic(
        _ id: LaneID, _ number: Int, most: Int = Traffic.mostPoints, by caller: Caller
    ) async throws -> Traffic {
        try await self.authorize(caller, .view, on: .lane(id))
        _ = try await self.known(id)
        let lane = try await self.journal.lane(id).machine
        guard number >= 1, number <= lane.lastNumber else {
            throw Refusal(.notFound, "There is no promotion `\(id)/\(number)`; the newest is \(lane.lastNumber).")
        }
        let most = max(1, min(most, Traffic.mostPoints))
        let looks: [Traffic.Seen]
        if let running = lane.deployment, running.number == number {
            let end = max(running.startedAt, self.journal.time.now()) + Milliseconds(1)
            looks = try await LooksBack(journal: self.journal, lane: id, number: number)
                .looks(from: running.startedAt, to: end, most: most)
        } else if let ended = lane.recent.last(where: { $0.number == number }), let start = ended.startedAt {
            looks = try await LooksBack(journal: self.journal, lane: id, number: number)
                .looks(from: start, to: max(start, ended.endedAt) + Milliseconds(1), most: most)
        } else {
            looks = []
        }
        return Traffic(looks, most: most)
    }
}

/// Reads the looks at one deployment: all of few, samples of many.
private struct LooksBack {
    let journal: Journal
    let lane: LaneID
    let number: Int

    /// Both arms, and some looks more in case the first can't be used.
    private static let sample = 8
    /// What may lie between the last sample and the end.
    private static let rest = 2_000

    func looks(from start: Instant, to end: Instant, most: Int) async throws -> [Traffic.Seen] {
        let few = 2 * (most + 1)
        let page = try await self.page(from: start, to: end, limit: few)
        guard page.count == few else { return try page.compactMap(self.seen) }
        // With the last look, not more than fit.
        let parts = Int64(max(1, most - 1))
        let window = Milliseconds(max(1, ((end - start).count + parts - 1) / parts))
        var found: [Traffic.Seen] = []
        var cursor = start
        while cursor < end {
            let page = try await self.page(from: cursor, to: end, limit: Self.sample)
            guard let first = page.first else { break }
            let looks = try page.compactMap(self.seen)
            found += [Look.Arm.new, .old].compactMap { arm in
                let own = looks.filter { $0.look.arm == arm }
                return own.first { $0.look.counts != nil } ?? own.first
            }
            cursor = max(cursor + window, (found.last?.from ?? first.from) + Milliseconds(1))
        }
        guard let last = found.last else { return [] }
        let rest = try await self.page(from: last.from + Milliseconds(1), to: end, limit: Self.rest)
        return found + (try rest.suffix(2).compactMap(self.seen))
    }

    private func page(from: Instant, to: Instant, limit: Int) async throws -> [Observation] {
        try await self.journal.ledger.observations(of: self.lane, from: from, to: to, limit: limit)
    }

    /// nil: it was made for another deployment.
    private func seen(_ observation: Observation) throws -> Traffic.Seen? {
        let look = try EventJSON.decode(Look.self, from: observation.body)
        guard look.deployment == self.number else { return nil }
        return Traffic.Seen(version: observation.version, from: observation.from, to: observation.to, look: look)
    }
}
