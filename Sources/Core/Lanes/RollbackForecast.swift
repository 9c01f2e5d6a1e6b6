/// How long a rollback would take, said before anybody orders it (invariant 7).
package struct RollbackForecast: Sendable, Equatable {
    package enum Basis: Sendable, Equatable {
        /// The median of the last so many here.
        case measured(Int)
        /// The time in which it must be done: there has been none here yet.
        case limit
    }

    package struct Part: Sendable, Equatable {
        package let time: Milliseconds
        package let basis: Basis

        fileprivate init(_ past: [Milliseconds], limit: Milliseconds) {
            let sorted = past.sorted()
            self.time = sorted.isEmpty ? limit : sorted[sorted.count / 2]
            self.basis = sorted.isEmpty ? .limit : .measured(sorted.count)
        }
    }

    package let target: Candidate
    /// Until its instances are up and healthy. nil: they are.
    package let start: Part?
    /// One switch of the traffic.
    package let switching: Part
    /// 2: what is under way gives its traffic back first.
    package let switches: Int
    /// What is left may still answer what it has begun for so long. Nobody waits for that: the traffic is back before.
    package let drain: Milliseconds

    package var isWarm: Bool { self.start == nil }

    /// Until the traffic is back.
    package var expected: Milliseconds {
        let switching = Milliseconds(self.switching.time.count * Int64(self.switches))
        return (self.start?.time ?? .zero) + switching
    }

    /// Every part was measured here; else it is the most that is allowed.
    package var isMeasured: Bool { self.switching.basis != .limit && self.start?.basis != .limit }
}

extension Lane {
    /// - Parameters:
    ///   - health: how long a cold start may take.
    ///   - drain: of what serves.
    package func rollbackForecast(
        to target: VerifiedRelease, health: Milliseconds, drain: Milliseconds
    ) -> RollbackForecast {
        let returnsFirst = self.deployment?.kind == .forward && self.stable?.candidate != target.candidate
        return RollbackForecast(
            target: target.candidate,
            start: self.isWarm(target) ? nil : RollbackForecast.Part(self.times.starts, limit: health),
            switching: RollbackForecast.Part(self.times.switches, limit: Step.shift(.all).allowed),
            switches: returnsFirst ? 2 : 1, drain: drain)
    }

    /// Its instances are up: going back to it is a switch and no start.
    package func isWarm(_ target: VerifiedRelease) -> Bool { self.readyCapacity(of: target) != nil }

    func readyCapacity(of target: VerifiedRelease) -> Capacity? {
        self.capacities.values.filter { $0.candidate.release == target.release && $0.state == .ready }
            .max { $0.number < $1.number }
    }
}
