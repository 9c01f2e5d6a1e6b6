// What the world answered, and what time brings. A late or repeated answer changes nothing.
extension LaneDecision {
    mutating func take(_ answer: Lane.Answer) throws(Refusal) {
        switch answer {
        case .capacityReady(let number): try self.capacityIsReady(number)
        case .capacityFailed(let number, let reason, let lines): try self.capacityFailed(number, reason, lines)
        case .capacityGone(let number):
            guard self.lane.capacities[number]?.state == .retiring else { return }
            try self.emit(.capacityGone(Lane.CapacityNumber(number: number)))
            try self.clearStuck("the instances are gone")
        case .capacityLost(let number, let reason): try self.capacityIsLost(number, reason)
        case .capacityBack(let number): try self.capacityIsReady(number)
        case .instancesDied(let number, let count, let last):
            guard let capacity = self.lane.capacities[number],
                let deaths = Deaths(count, last: last, after: capacity.deaths, at: self.now)
            else { return }
            try self.emit(.instancesDied(Lane.InstancesDied(number: number, deaths: deaths)))
        case .routerDied(let count, let last):
            guard let deaths = Deaths(count, last: last, after: self.lane.routerDeaths, at: self.now) else { return }
            try self.emit(.routerDied(deaths))
        case .routerDown(let reason): try self.routerIsDown(reason)
        case .routerBack:
            guard self.lane.alarm?.kind == .routerDown else { return }
            try self.clearAlarm("the router runs again")
        case .routed(let generation):
            guard generation > self.lane.confirmedGeneration, generation <= self.lane.routing.generation,
                self.lane.takingDown == nil
            else { return }
            try self.emit(.routingConfirmed(Lane.RoutingConfirmed(generation: generation, at: self.now)))
            try self.clearStuck("the router has confirmed")
            try self.clearAlarmIfServed("the traffic goes to ready instances")
        case .verified(let number, let verdict, let summary, let lines):
            try self.checkEnded(number, verdict, summary, lines)
        case .judged(let number, let judgement): try self.judged(number, judgement)
        case .scaled(let number, let replicas): try self.scaled(number, replicas)
        case .scaleFailed(let number, let reason, let lines): try self.scaleFailed(number, reason, lines)
        case .taskEnded(let number, let kind, let verdict, let summary, let lines, let irreversible):
            guard case .task(kind, _) = self.waiting(number)?.currentStep else { return }
            if verdict == .pass, irreversible {
                let version = self.lane.deployment?.candidate.version
                try self.emit(
                    .passedNoReturn(
                        Lane.PassedNoReturn(
                            number: number, version: version, because: "its task `\(kind.rawValue)` can't be undone")))
            }
            try self.end(number, verdict, "task \(kind.rawValue): \(summary)", lines)
        case .routerRemoved:
            guard self.lane.takingDown?.routerIsGone == false else { return }
            try self.emit(.routerRemoved(Lane.At(at: self.now)))
        case .impossible(let effect, let reason): try self.impossible(effect, reason)
        }
    }

    /// The running deployment, if it is `number` and its step still waits for an answer.
    func waiting(_ number: Int) -> Deployment? {
        guard let deployment = self.lane.deployment, deployment.number == number, deployment.phase == .running,
            !deployment.stepIsDone
        else { return nil }
        return deployment
    }

    private mutating func capacityIsReady(_ number: Int) throws(Refusal) {
        guard self.lane.capacities[number]?.state == .wanted else { return }
        try self.emit(.capacityReady(Lane.CapacityNumber(number: number)))
        if let deployment = self.waiting(capacity: number), case .capacity = deployment.currentStep {
            try self.complete(deployment)
        }
        try self.clearAlarmIfServed("its instances are ready again")
    }

    /// The running deployment, if it puts up this capacity and its step still waits for an answer.
    private func waiting(capacity number: Int) -> Deployment? {
        self.lane.deployment.flatMap { $0.capacity == number ? self.waiting($0.number) : nil }
    }

    private mutating func capacityFailed(_ number: Int, _ reason: String, _ lines: [String]) throws(Refusal) {
        guard self.lane.capacities[number]?.state == .wanted, let deployment = self.lane.deployment,
            deployment.capacity == number
        else { return }
        // A rollback that has switched already has nowhere better to go: the alarm stands, and it is tried again.
        if deployment.kind == .rollback, self.lane.weight(of: number) > .zero { return }
        try self.takeBack(.failed, Ending(by: .system, reason: reason, lastLines: lines))
    }

    private mutating func capacityIsLost(_ number: Int, _ reason: String) throws(Refusal) {
        guard let capacity = self.lane.capacities[number], capacity.state == .ready else { return }
        try self.emit(.capacityLost(Lane.CapacityNumber(number: number)))
        if self.lane.weight(of: number) > .zero {
            try self.alarmNotReady(capacity, reason)
        } else if self.lane.deployment?.capacity == number {
            let why = "the instances of \(capacity.candidate.version) stopped before they had traffic: \(reason)"
            try self.takeBack(.failed, Ending(by: .system, reason: why, lastLines: []))
        }
    }

    private mutating func routerIsDown(_ reason: String) throws(Refusal) {
        guard self.lane.takingDown == nil, self.lane.routing.generation > self.lane.routerlessGeneration else { return }
        try self.alarm(
            .routerDown, "the router ended and can't be started again: \(reason)",
            next: "mend what it says; it is tried again every few seconds, and the alarm ends by itself")
    }

    /// Traffic flows only to what is ready again, or has gone to something that is.
    private mutating func clearAlarmIfServed(_ reason: String) throws(Refusal) {
        guard self.lane.alarm?.kind == .noReadyCapacity, self.lane.servesReady else { return }
        try self.clearAlarm(reason)
    }

    /// What was late came after all; unless something else is still late.
    private mutating func clearStuck(_ reason: String) throws(Refusal) {
        guard self.lane.alarm?.kind == .stuck, self.lane.routing.generation == self.lane.confirmedGeneration,
            !self.lane.capacities.values.contains(where: { $0.goneBy.map { $0 <= self.now } ?? false })
        else { return }
        try self.clearAlarm(reason)
    }

    private mutating func clearAlarm(_ reason: String) throws(Refusal) {
        try self.emit(.alarmCleared(Lane.ByReason(by: .system, reason: reason, at: self.now)))
    }

    private mutating func checkEnded(
        _ number: Int, _ verdict: Verdict, _ summary: String, _ lines: [String]
    ) throws(Refusal) {
        guard case .verify = self.waiting(number)?.currentStep else { return }
        try self.end(number, verdict, summary, lines)
    }

    private mutating func end(
        _ number: Int, _ verdict: Verdict, _ summary: String, _ lines: [String]
    ) throws(Refusal) {
        guard let deployment = self.waiting(number) else { return }
        switch verdict {
        case .pass: try self.complete(deployment, summary)
        case .fail, .error, .inconclusive, .noData:
            try self.takeBack(.failed, Ending(by: .system, reason: summary, lastLines: lines))
        }
    }

    private mutating func impossible(_ effect: Lane.Effect, _ reason: String) throws(Refusal) {
        switch effect {
        case .route(let generation):
            guard generation == self.lane.routing.generation, generation > self.lane.confirmedGeneration else { return }
            try self.routingIsImpossible(reason)
        case .raise(let number): try self.capacityFailed(number, reason, [])
        case .scale(let number, _): try self.scaleFailed(number, reason)
        case .verify(let number, let step, _), .task(let number, let step, _):
            guard let deployment = self.waiting(number), deployment.step == step else { return }
            try self.takeBack(.failed, Ending(by: .system, reason: reason, lastLines: []))
        case .retire, .removeRouter, .evaluate, .wake:
            try self.alarm(.stuck, reason, next: "mend what it says; it is tried again by itself")
        }
    }

    private mutating func routingIsImpossible(_ reason: String) throws(Refusal) {
        if let deployment = self.lane.deployment, deployment.phase == .running, deployment.kind == .forward,
            !self.lane.isForwardOnly(deployment), deployment.waitsForRouter
        {
            return try self.takeBack(.failed, Ending(by: .system, reason: reason, lastLines: []))
        }
        if self.lane.routing.weights.isEmpty, self.lane.confirmedGeneration == self.lane.routerlessGeneration {
            // Nothing is to be served and there never was a router to say so to: that is the state wanted.
            return try self.emit(
                .routingConfirmed(Lane.RoutingConfirmed(generation: self.lane.routing.generation, at: self.now)))
        }
        try self.alarm(.stuck, reason, next: "mend what it says; it is tried again by itself")
    }

    // MARK: Time

    mutating func passTime() throws(Refusal) {
        for queued in self.lane.queue where queued.expiresAt <= self.now {
            try self.drop(queued.number, .expired, by: .schedule, "waited longer than allowed")
        }
        if let until = self.lane.hold?.until, until <= self.now {
            try self.emit(
                .holdReleased(Lane.ByReason(by: .schedule, reason: "its time is over", at: self.now)))
        }
        try self.alarmIfStopIsLate()
        guard let deployment = self.lane.deployment else { return }
        if let pause = deployment.pause { return try self.alarmIfUndecided(deployment, pause) }
        switch deployment.phase {
        case .running:
            guard !deployment.stepIsDone else { return }
            if deployment.currentStep?.wait != nil, let until = deployment.stepUntil, until <= self.now {
                try self.complete(deployment, "its time is over")
            } else if deployment.deadline <= self.now {
                try self.passDeadline(deployment)
            }
        case .returning:
            guard deployment.deadline <= self.now else { return }
            try self.alarm(
                .stuck, "the traffic of \(deployment.candidate.version) could not be returned in time",
                next: "look at the router's log; it is tried again by itself")
        }
    }

    private mutating func alarmIfStopIsLate() throws(Refusal) {
        let next = "look at the server's log; it is tried again by itself"
        if let down = self.lane.takingDown, down.deadline <= self.now {
            try self.alarm(.stuck, "this environment could not be taken down in time", next: next)
        }
        let late = self.lane.capacities.values.filter { $0.goneBy.map { $0 <= self.now } ?? false }
        if let capacity = late.min(by: { $0.number < $1.number }) {
            let version = capacity.candidate.version
            try self.alarm(.stuck, "the instances of \(version) could not be stopped in time", next: next)
        }
    }

    private mutating func passDeadline(_ deployment: Deployment) throws(Refusal) {
        let name = deployment.currentStep?.name ?? "step \(deployment.step)"
        if case .observe = deployment.currentStep { return try self.pauseUnseen(deployment) }
        if deployment.kind == .rollback, case .shift = deployment.currentStep {
            return try self.alarm(
                .stuck, "the rollback's \(name) is not confirmed by the router",
                next: "look at the router's log; it is tried again by itself")
        }
        try self.takeBack(
            .failed, Ending(by: .system, reason: "\(name) did not end in its time", lastLines: []))
    }
}
