package import Core
import Ports

extension ControlPlane {
    /// How long a rollback would take, without doing anything. Refused like the rollback itself where there is nothing
    /// to go back to.
    /// - Parameter version: nil: the release verified there before.
    package func rollbackForecast(
        _ id: LaneID, to version: String?, by caller: Caller
    ) async throws -> RollbackForecast {
        try await self.authorize(caller, .view, on: .lane(id))
        let environment = try await self.known(id)
        let lane = try await self.journal.lane(id).machine
        return try await self.forecast(lane, to: try lane.rollbackTarget(version), environment)
    }

    func forecast(
        _ lane: Lane, to target: VerifiedRelease, _ environment: EnvironmentDefinition
    ) async throws -> RollbackForecast {
        // The limit of a cold start takes a look at the releases, and is asked for only where nothing was measured.
        let isKnown = lane.isWarm(target) || !lane.times.starts.isEmpty
        let health = isKnown ? .zero : try await self.healthOfRollback(lane)
        return lane.rollbackForecast(to: target, health: health, drain: environment.drain)
    }

    /// How long a cold start may take in a rollback: as long as any release that it could go to asks for.
    func healthOfRollback(_ lane: Lane) async throws -> Milliseconds {
        var health = Milliseconds.seconds(60)
        for target in lane.rollbackTargets {
            let run = try await self.journal.release(target.release).machine.origin?.configuration.run
            health = max(health, run?.health.within ?? .zero)
        }
        return health
    }
}

extension RollbackForecast {
    /// What a person is told before.
    package var sentence: String {
        let count = self.switches == 1 ? "one switch" : "two switches (what is under way gives its traffic back first)"
        let switching = "\(count) of the traffic, \(self.switching.inWords("switch", "switches"))"
        let total = "\(self.isMeasured ? "about" : "at most") \(self.expected.roughWords)"
        guard let start else {
            return "Back to \(self.target.version) in \(total): it is up, so it takes \(switching)."
        }
        return "Back to \(self.target.version) in \(total): its instances start and pass health first "
            + "(\(start.inWords("start", "starts"))), then it takes \(switching). What serves now then has up to "
            + "\(self.drain.words) to answer what it has begun; the traffic is back before that."
    }
}

extension RollbackForecast.Part {
    fileprivate func inWords(_ one: String, _ many: String) -> String {
        switch self.basis {
        case .measured(1): "\(self.time.roughWords), as the last \(one) here took"
        case .measured(let count): "\(self.time.roughWords), the median of the last \(count) \(many) here"
        case .limit: "at most \(self.time.roughWords), the limit: there has been no \(one) here yet"
        }
    }
}

extension Milliseconds {
    /// `0.2 s`, `3.4 s`, `80 s`, `12 min`.
    fileprivate var roughWords: String {
        switch self.count {
        case ..<10_000:
            let tenths = max(1, (self.count + 50) / 100)
            return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
        case ..<600_000: return "\((self.count + 500) / 1_000) s"
        default: return "\((self.count + 30_000) / 60_000) min"
        }
    }
}
