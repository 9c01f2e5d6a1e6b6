import Core
import Logging
import Ports

/// Looks whether one lane's router still does what it was told, at its own pace. An instance that is ready again gets its
/// share again by the same routing, applied once more; a router that can't be started is told to the lane, whose alarm it is.
struct RoutingWatch: Sendable {
    let journal: Journal
    let doors: Doors
    let id: LaneID
    let logger: Logger

    private static let every = Duration.seconds(1)
    /// Looks in a row that find it down, so that a start under way is no alarm.
    private static let looks = 2

    /// Ends when its task is cancelled.
    func run() async {
        var down = 0
        var complaint: String?
        while !Task.isCancelled {
            // Before the first look too: after a start the lane itself brings back what last served.
            try? await Task.sleep(for: Self.every)
            do {
                try await self.look(&down)
                complaint = nil
            } catch is CancellationError {
                return
            } catch {
                if complaint != "\(error)" { self.logger.warning("lane \(self.id): its router: \(error)") }
                complaint = "\(error)"
            }
        }
    }

    private func look(_ down: inout Int) async throws {
        let lane = try await self.journal.lane(self.id).machine
        guard lane.takingDown == nil, lane.routing.generation > lane.routerlessGeneration else { return }
        if let trouble = await self.doors.router.trouble(self.id) {
            down += 1
            // Why it is down may change; the alarm says what was found first.
            if down >= Self.looks, lane.alarm?.kind != .routerDown { try await self.tell(.routerDown(reason: trouble)) }
            return
        }
        down = 0
        if lane.alarm?.kind == .routerDown { try await self.tell(.routerBack) }
        // What is not confirmed is the lane's own to apply.
        guard lane.routing.generation == lane.confirmedGeneration, !lane.routing.weights.isEmpty else { return }
        try await self.bringBack(lane)
    }

    /// What is ready and not behind the router comes behind it. Taking away is not done here: an instance that does not
    /// answer costs no request, since the next one is tried, and a slow health check must not move traffic.
    private func bringBack(_ lane: Lane) async throws {
        let performer = LanePerformer(journal: self.journal, doors: self.doors, id: self.id)
        do {
            guard let report = try await self.doors.router.read(self.id),
                report.generation == lane.routing.generation
            else { return }
            let routing = try await performer.routing(of: lane)
            let isShort = routing.arms.contains { arm in
                arm.weight > .zero && !(report.addresses[arm.capacity] ?? []).isSuperset(of: arm.addresses)
            }
            guard isShort else { return }
            _ = try await self.doors.router.apply(routing, term: performer.term)
            self.logger.notice("lane \(self.id): instances that are ready again have their share of the traffic again")
        } catch let error as TargetError where error.code == .unreachable || error.code == .staleGeneration {
            // It is being started again, or a newer routing was applied meanwhile with the addresses of now.
        }
    }

    private func tell(_ answer: Lane.Answer) async throws {
        try await LaneJournal(self.journal).decide(self.id, by: .system) { .answer(answer, at: $0) }
    }
}
