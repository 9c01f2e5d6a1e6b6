// What follows by itself from a state: the next step, the end, the way back.
extension LaneDecision {
    /// Adds facts until nothing more follows. Bounded: every round adds a fact, and a deployment has a bounded number
    /// of steps.
    mutating func settle() throws(Refusal) {
        var before = -1
        while self.events.count != before {
            before = self.events.count
            try self.settleDeployment()
            try self.settleRest()
        }
    }

    private mutating func settleDeployment() throws(Refusal) {
        guard let deployment = self.lane.deployment else { return }
        switch deployment.phase {
        case .returning(let outcome):
            if self.routingIsConfirmed { try self.finishReturn(deployment, outcome) }
        case .running:
            if deployment.waitsForRouter, self.routingIsConfirmed { try self.complete(deployment) }
            guard let now = self.lane.deployment, now.stepIsDone, now.pause == nil else { return }
            try self.start(step: now.step + 1, of: now)
        }
    }

    private mutating func settleRest() throws(Refusal) {
        if self.lane.takingDown != nil {
            if self.lane.takingDown?.routerIsGone == true, self.lane.capacities.isEmpty {
                try self.emit(.downFinished(Lane.At(at: self.now)))
            }
            return
        }
        if !self.lane.hasPressingAlarm, let capacity = self.lane.lostWithTraffic {
            try self.alarmNotReady(capacity, "it has not come back yet")
        }
        for capacity in self.lane.warmToExpire {
            guard let until = capacity.warmUntil, until <= self.now else { continue }
            try self.retire(capacity)
        }
        if self.lane.deployment == nil, let order = self.lane.nextRollback { try self.start(order) }
    }

    private var routingIsConfirmed: Bool { self.lane.routing.generation == self.lane.confirmedGeneration }

    // MARK: Steps

    mutating func complete(_ deployment: Deployment, _ summary: String = "done") throws(Refusal) {
        try self.emit(
            .stepCompleted(Lane.StepCompleted(number: deployment.number, step: deployment.step, summary: summary)))
        if case .shift(let share) = deployment.currentStep, share == .all { try self.afterSwitch(deployment) }
        try self.endAlertWithBake(deployment)
    }

    /// Starts the step, or ends the deployment when there is none left.
    mutating func start(step: Int, of deployment: Deployment) throws(Refusal) {
        guard deployment.plan.steps.indices.contains(step) else { return try self.finish(deployment) }
        try self.passNoReturn(of: deployment, before: step)
        let next = deployment.plan.steps[step]
        try self.emit(
            .stepStarted(
                Lane.StepStarted(
                    number: deployment.number, step: step, at: self.now, until: next.until.map { self.now + $0 },
                    deadline: self.now + next.allowed)))
        switch next {
        case .preview: try self.want(self.lane.routing.weights, preview: deployment.capacity)
        case .shift(let share):
            // From here on it may have traffic, whether or not the router's answer has come.
            if !deployment.plan.reversible, self.lane.noReturnBefore != deployment.number {
                try self.emit(.passedNoReturn(Lane.PassedNoReturn(deployment)))
            }
            // While the traffic is shared, the new version can still be asked for by name.
            let preview = share == .all ? nil : self.lane.routing.preview
            try self.want(self.weights(share, of: deployment), preview: preview)
        case .capacity:
            let isReady = self.lane.capacities[deployment.capacity]?.state == .ready
            if isReady, let now = self.lane.deployment { try self.complete(now) }
        case .bake(let time): try self.beginAlert(of: deployment, for: time)
        case .task, .verify, .hold, .scale, .observe: break
        }
    }

    /// What the release declares; a bound that was set already is never lowered.
    private mutating func passNoReturn(of deployment: Deployment, before step: Int) throws(Refusal) {
        for noReturn in deployment.plan.noReturns ?? [] where noReturn.step == step {
            let bound = noReturn.keeps ?? deployment.number
            guard self.lane.noReturnBefore < bound else { continue }
            try self.emit(
                .passedNoReturn(
                    Lane.PassedNoReturn(
                        number: bound, version: deployment.candidate.version, because: noReturn.because)))
        }
    }

    private func weights(_ share: BasisPoints, of deployment: Deployment) -> [Int: BasisPoints] {
        // A share for a version that is gone would reach nobody: until it is back, the one that is ready serves all.
        guard let fallback = self.lane.fallback, fallback != deployment.capacity, share != .all,
            self.lane.capacities[fallback]?.state == .ready
        else { return [deployment.capacity: .all] }
        return [deployment.capacity: share, fallback: share.rest].filter { $0.value > .zero }
    }

    mutating func want(_ weights: [Int: BasisPoints], preview: Int?) throws(Refusal) {
        let routing = self.lane.routing
        guard weights != routing.weights || preview != routing.preview else { return }
        try self.emit(
            .routingWanted(DesiredRouting(generation: routing.generation + 1, weights: weights, preview: preview)))
    }

    /// All traffic has moved: what had it before stands by, unless it is what we leave for good.
    private mutating func afterSwitch(_ deployment: Deployment) throws(Refusal) {
        let canReturn = deployment.kind == .forward && self.lane.noReturnBefore != deployment.number
        let standsBy = canReturn ? self.lane.fallback : nil
        for capacity in self.lane.capacities.values.sorted(by: { $0.number < $1.number }) {
            guard capacity.number != deployment.capacity, capacity.state != .retiring else { continue }
            if capacity.number == standsBy {
                let until = self.now + deployment.plan.keepWarm
                try self.emit(.capacityWarm(Lane.CapacityWarm(number: capacity.number, until: until)))
            } else {
                try self.retire(capacity)
            }
        }
    }

    // MARK: Ends

    private mutating func finish(_ deployment: Deployment) throws(Refusal) {
        try self.passNoReturn(of: deployment, before: deployment.plan.steps.count)
        try self.emit(
            .verified(
                Lane.Verified(
                    number: deployment.number, candidate: deployment.candidate, capacity: deployment.capacity,
                    at: self.now)))
        try self.clearStopped(after: deployment)
        let outcome: Outcome = deployment.kind == .forward ? .completed : .rolledBack
        try self.end(deployment, outcome, deployment.reason ?? "")
        try self.retireUnused()
    }

    mutating func end(_ deployment: Deployment, _ outcome: Outcome, _ reason: String) throws(Refusal) {
        try self.endAlert(with: outcome, of: deployment, reason)
        try self.emit(
            .ended(
                Lane.Ended(
                    number: deployment.number, outcome: outcome, candidate: deployment.candidate, reason: reason,
                    at: self.now)))
    }

    mutating func retire(_ capacity: Capacity) throws(Refusal) {
        let goneBy = self.now + capacity.drain + Lane.returnsWithin + Lane.stopsWithin
        try self.emit(.capacityRetiring(Lane.CapacityRetiring(number: capacity.number, goneBy: goneBy)))
    }

    /// Capacities that nothing needs any more: no traffic, not the last known good, not standing by, not in deployment.
    mutating func retireUnused() throws(Refusal) {
        let needed = [
            self.lane.lastKnownGood?.capacity, self.lane.fallback, self.lane.deployment?.capacity,
            self.lane.routing.preview,
        ]
        for capacity in self.lane.capacities.values.sorted(by: { $0.number < $1.number }) {
            let weight = self.lane.routing.weights[capacity.number] ?? .zero
            guard weight == .zero, capacity.state != .retiring, capacity.warmUntil == nil,
                !needed.contains(capacity.number)
            else { continue }
            try self.retire(capacity)
        }
    }

    // MARK: The way back

    /// Abort or failure: the desired state is the old version again, from this fact on.
    mutating func takeBack(_ outcome: Outcome, _ ending: Ending) throws(Refusal) {
        guard let deployment = self.lane.deployment, deployment.phase == .running else { return }
        if deployment.kind == .rollback { return try self.failRollback(deployment, ending) }
        if self.lane.isForwardOnly(deployment) { return try self.failForwardOnly(deployment, ending) }
        let returned = Lane.Returned(
            number: deployment.number, ending: ending, at: self.now, deadline: self.now + Lane.returnsWithin)
        try self.emit(outcome == .aborted ? .aborted(returned) : .failed(returned))
        try self.block(deployment, ending)
        try self.want(self.lane.fallback.map { [$0: .all] } ?? [:], preview: nil)
        try self.endAlert(.takenBack, ending.reason)
        if ending.by == .judge { try self.alarmStopped(deployment, ending) }
    }

    mutating func alarmNotReady(_ capacity: Capacity, _ reason: String) throws(Refusal) {
        try self.alarm(
            .noReadyCapacity, "\(capacity.candidate.version) has traffic and no ready instance: \(reason)",
            next: "look at \(self.lane.logsCommand); \(self.lane.rollbackCommand()) goes back to the version before")
    }

    private mutating func finishReturn(_ deployment: Deployment, _ outcome: Outcome) throws(Refusal) {
        let ending = deployment.ending ?? Ending(by: .system, reason: "", lastLines: [])
        try self.end(deployment, outcome, ending.reason)
        try self.retireUnused()
    }

    /// In the same append as the abort or failure: nothing applies it again until a named person says retry.
    mutating func block(_ deployment: Deployment, _ ending: Ending) throws(Refusal) {
        try self.emit(
            .blocked(
                Block(release: deployment.candidate.release, by: ending.by, reason: ending.reason, at: self.now)))
    }

    /// There is nothing to go back to: what serves goes on serving, and a person is asked.
    private mutating func failRollback(_ deployment: Deployment, _ ending: Ending) throws(Refusal) {
        try self.emit(
            .failed(Lane.Returned(number: deployment.number, ending: ending, at: self.now, deadline: self.now)))
        try self.end(deployment, .failed, ending.reason)
        try self.alarm(
            .rollbackFailed, "the rollback to \(deployment.candidate.version) failed: \(ending.reason)",
            next: "name another version with \(self.lane.rollbackCommand(to: "VERSION")), or roll forward with a fix")
        try self.retireUnused()
    }

    private mutating func failForwardOnly(_ deployment: Deployment, _ ending: Ending) throws(Refusal) {
        try self.emit(
            .failed(Lane.Returned(number: deployment.number, ending: ending, at: self.now, deadline: self.now)))
        try self.block(deployment, ending)
        try self.end(deployment, .failed, ending.reason)
        try self.alarm(
            .forwardOnly, "\(deployment.candidate.version) failed after its point of no return: \(ending.reason)",
            next:
                "roll forward with a fix; \(self.lane.noReturn?.because ?? "the older version can't work on the changed data")"
        )
        try self.retireUnused()
    }

    mutating func alarm(_ kind: Alarm.Kind, _ reason: String, next: String) throws(Refusal) {
        guard !self.lane.hasPressingAlarm else { return }
        try self.emit(.alarmRaised(Alarm(kind: kind, reason: reason, nextAction: next, since: self.now)))
    }
}

extension Lane {
    /// The router must have confirmed the way back within this time, or the alarm `stuck` is raised.
    package static let returnsWithin = Milliseconds.seconds(60)
    /// Instances must be gone this long after the end of their drain, and a lane's router with them.
    package static let stopsWithin = Milliseconds.minutes(2)
}

extension Lane.PassedNoReturn {
    init(_ deployment: Deployment) {
        self.init(number: deployment.number, version: deployment.candidate.version, because: nil)
    }
}

extension BasisPoints {
    /// What is left to 10,000.
    package var rest: BasisPoints { BasisPoints(10_000 - self.count) ?? .zero }
}
