import Core
import Logging
import Ports

/// Looks at what should be there, at its own pace. Tells a lane when none of a version's instances is ready, which it then wants raised
/// again, and what died and was started again, which it puts on record.
struct Watch: Sendable {
    let journal: Journal
    let doors: Doors
    let logger: Logger

    private static let every = Duration.seconds(1)
    /// Looks in a row that must agree, so that one slow answer is no alarm.
    private static let looks = 2

    func run() async {
        var missing: [CapacityKey: Int] = [:]
        while !Task.isCancelled {
            // Before the first look too: after a start the target finds out what runs, and what died with it is brought back.
            try? await Task.sleep(for: Self.every)
            do {
                for head in try await self.journal.ledger.heads() {
                    guard case .lane(let id) = head.stream else { continue }
                    await self.look(at: id, &missing)
                }
            } catch is CancellationError {
                return
            } catch {
                self.logger.warning("watch: \(error)")
            }
        }
    }

    /// What can't be seen in one lane keeps nobody from looking at the others.
    private func look(at id: LaneID, _ missing: inout [CapacityKey: Int]) async {
        do {
            try await self.count(id, &missing)
        } catch {
            self.logger.warning("watch: \(id): \(error)")
        }
    }

    private func count(_ id: LaneID, _ missing: inout [CapacityKey: Int]) async throws {
        let lane = try await self.journal.lane(id).machine
        guard !lane.capacities.isEmpty, lane.takingDown == nil else { return }
        let reports = try await self.doors.runtime.observe(id)
        try await self.tellDeaths(lane, id, reports)
        for number in lane.capacities.values.filter({ $0.state == .ready }).map(\.number).sorted() {
            let key = CapacityKey(lane: id, number: number)
            let report = reports.first { $0.key == key }
            guard (report?.ready ?? 0) == 0 else {
                missing[key] = nil
                continue
            }
            missing[key, default: 0] += 1
            guard missing[key, default: 0] >= Self.looks else { continue }
            missing[key] = nil
            let reason = report.map { "\($0.restarts) restarts so far" } ?? "the target knows nothing of it"
            try await self.tell(id, .capacityLost(number, reason: reason))
        }
    }

    /// Only what the lane does not know; how often it wants to be told is its own to decide.
    private func tellDeaths(_ lane: Lane, _ id: LaneID, _ reports: [CapacityReport]) async throws {
        for report in reports {
            // The first one is told before its restart is counted.
            let count = max(report.restarts, 1)
            guard let last = report.lastDeath, let capacity = lane.capacities[report.key.number],
                capacity.deaths?.count != count
            else { continue }
            try await self.tell(id, .instancesDied(capacity.number, count: count, last: last))
        }
        guard let deaths = try await self.doors.router.deaths(id), deaths.count != lane.routerDeaths?.count else {
            return
        }
        try await self.tell(id, .routerDied(count: deaths.count, last: deaths.last))
    }

    private func tell(_ id: LaneID, _ answer: Lane.Answer) async throws {
        try await LaneJournal(self.journal).decide(id, by: .system) { .answer(answer, at: $0) }
    }
}
