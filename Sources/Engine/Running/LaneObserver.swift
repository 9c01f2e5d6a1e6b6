import Core
import Logging
import Ports

/// Looks at one lane's traffic at its own pace, keeps what it saw, and tells the lane what the judge makes of it. While
/// nothing is deployed it looks once a minute: that is the past which a later release is watched against.
struct LaneObserver: Sendable {
    let journal: Journal
    let doors: Doors
    let id: LaneID
    let logger: Logger

    private static let idle = Milliseconds.minutes(1)
    /// Observations that are held while the disk is full: about an hour's. What is seen then is no longer judged.
    private static let mostUnkept = 1_500

    /// Between two questions whether there is something to watch.
    private static let pace = Milliseconds.seconds(1)

    /// How often it is looked whether the clock was set back.
    private static let setBack = Duration.seconds(1)

    /// Ends when its task is cancelled.
    func run() async {
        var run: (number: Int, run: ObservedRun)?
        var unkept: [Observation] = []
        var lastRest: Instant?
        while !Task.isCancelled {
            let now = self.journal.time.now()
            var next = now + Self.pace
            do {
                let lane = try await self.journal.lane(self.id).machine
                if let deployment = lane.watched, let judging = deployment.plan.judging {
                    if run?.number != deployment.number {
                        run = try await self.stored.run(of: deployment, judging).map { (deployment.number, $0) }
                        unkept = []
                    }
                    try await self.look(lane, deployment, &run, &unkept)
                    lastRest = nil
                    next = now + judging.every
                } else {
                    run = nil
                    if lastRest.map({ $0 + Self.idle <= now }) ?? true {
                        try await self.lookAtRest(lane, since: lastRest, at: now)
                        lastRest = now
                    }
                }
            } catch is CancellationError {
                return
            } catch {
                self.logger.warning("lane \(self.id): its traffic could not be looked at: \(error)")
            }
            await self.wait(from: now, until: next)
        }
    }

    /// A clock that is set back meanwhile ends it: the judge is not blind until the clock has come there again.
    private func wait(from begin: Instant, until next: Instant) async {
        let time = self.journal.time
        await withTaskGroup { group in
            group.addTask { await time.wait(until: next) }
            group.addTask {
                while !Task.isCancelled, time.now() >= begin { try? await Task.sleep(for: Self.setBack) }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private var stored: StoredLooks { StoredLooks(ledger: self.journal.ledger, lane: self.id) }

    // MARK: A deployment

    private func look(
        _ lane: Lane, _ deployment: Deployment, _ run: inout (number: Int, run: ObservedRun)?,
        _ unkept: inout [Observation]
    ) async throws {
        let from = run?.run.lastLook ?? deployment.stepStartedAt
        let traffic = await self.traffic()
        // The time of the counters: what is asked below may take a while.
        let now = self.journal.time.now()
        let reports = (try? await self.doors.runtime.observe(self.id)) ?? []
        // A clock that was set back would make an interval that ends before it began.
        let end = max(from, now)
        func look(_ arm: Look.Arm, _ number: Int) -> Look {
            let key = CapacityKey(lane: self.id, number: number)
            let report = reports.first { $0.key == key }
            return Look(
                deployment: deployment.number, arm: arm, capacity: number, counts: traffic?.arms[key],
                acknowledges: arm == .new && run?.run.splitIsWrong == true && deployment.pause == nil,
                restarts: report?.restarts ?? 0, memory: report?.memory)
        }
        let new = look(.new, deployment.capacity)
        let old = deployment.returnsTo.map { look(.old, $0) }
        let bodies = try [new, old].compactMap(\.self).map { try EventJSON.encode($0) }
        let looks = Looks(from: from, to: end, new: new, old: old, bodies: bodies)
        let versions = (new: deployment.candidate.version, old: self.version(deployment.returnsTo, lane))
        unkept += zip([versions.new, versions.old ?? ""], bodies).map {
            Observation(lane: self.id, version: $0, from: from, to: end, body: $1)
        }
        do {
            try await self.journal.record(unkept)
            unkept = []
        } catch let error as LedgerError where error.code == .cannotWrite {
            // A bad version is seen on a full disk too: what shows it is kept with the decision, or once there is room.
            guard unkept.count <= Self.mostUnkept else {
                unkept.removeLast(bodies.count)
                throw error
            }
        }
        if run == nil, let judging = deployment.plan.judging {
            run = (
                deployment.number,
                try ObservedRun(deployment, judging, past: await self.stored.past(of: deployment), old: old)
            )
        }
        try run?.run.take(looks)
        guard let judgement = run?.run.judgement(deployment, at: end, versions.old) else { return }
        self.journal.nowJudged(self.id, deployment.number, judgement)
        let events = try await LaneJournal(self.journal).decide(self.id, by: .judge, restingOn: unkept) { now in
            .answer(.judged(number: deployment.number, judgement), at: now)
        }
        if !events.isEmpty { unkept = [] }
    }

    private func version(_ capacity: Int?, _ lane: Lane) -> String? {
        capacity.flatMap { lane.capacities[$0]?.candidate.version }
    }

    /// nil: the router does not answer now, which says nothing about either version.
    private func traffic() async -> TrafficCounts? {
        do {
            return try await self.doors.router.counts(self.id)
        } catch {
            self.logger.info("lane \(self.id): the router's counters can't be read: \(error)")
            return nil
        }
    }

    // MARK: At rest

    private func lookAtRest(_ lane: Lane, since last: Instant?, at now: Instant) async throws {
        guard lane.deployment == nil, lane.takingDown == nil,
            let serving = lane.serving.max(by: { $0.weight < $1.weight })?.capacity, let traffic = await self.traffic()
        else { return }
        let key = CapacityKey(lane: self.id, number: serving.number)
        let look = Look(
            deployment: 0, arm: .serving, capacity: serving.number, counts: traffic.arms[key], acknowledges: false,
            restarts: 0, memory: nil)
        try await self.journal.record([
            Observation(
                lane: self.id, version: serving.candidate.version, from: last ?? now, to: now,
                body: try EventJSON.encode(look))
        ])
    }
}
