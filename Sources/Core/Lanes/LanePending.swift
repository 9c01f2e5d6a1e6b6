extension Lane {
    /// What is outstanding, most urgent first: traffic, then capacity, then checks, then waits.
    package var pending: [Effect] {
        var effects: [Effect] = []
        if self.routing.generation > self.confirmedGeneration, self.takingDown == nil {
            effects.append(.route(generation: self.routing.generation))
        }
        effects += self.stepEffects
        effects += self.raiseEffects
        effects += self.retireEffects
        if let takingDown, self.deployment == nil, !takingDown.routerIsGone { effects.append(.removeRouter) }
        if !self.queue.isEmpty, self.mayAdmit { effects.append(.evaluate) }
        effects += self.wakes.min().map { [.wake(at: $0)] } ?? []
        return effects
    }

    /// Whether the queue is looked at now: nothing runs, or the newest may take over.
    var mayAdmit: Bool {
        guard self.takingDown == nil, self.nextRollback == nil else { return false }
        guard let deployment else { return true }
        return deployment.mayBeTakenOver
    }

    /// Warm capacities that stop by themselves in time: not what a running deployment would go back to.
    var warmToExpire: [Capacity] {
        let kept = self.deployment == nil ? nil : self.fallback
        return self.capacities.values.filter { $0.warmUntil != nil && $0.state == .ready && $0.number != kept }
            .sorted { $0.number < $1.number }
    }

    private var stepEffects: [Effect] {
        guard let deployment, deployment.phase == .running, !deployment.stepIsDone, let step = deployment.currentStep
        else { return [] }
        switch step {
        case .capacity: return [.raise(capacity: deployment.capacity)]
        case .task(let kind, _): return [.task(number: deployment.number, step: deployment.step, kind)]
        case .verify(let place, _): return [.verify(number: deployment.number, step: deployment.step, place)]
        case .scale(let replicas, _): return [.scale(capacity: deployment.capacity, replicas: replicas)]
        case .preview, .shift, .hold, .bake, .observe: return []
        }
    }

    /// What was ready and is not any more (an instance died, the machine was started again) is brought up again.
    private var raiseEffects: [Effect] {
        let unraised = self.deployment?.unraisedCapacity
        let lost = self.capacities.values.filter { $0.state == .wanted && $0.number != unraised }
        return lost.map(\.number).sorted().map { .raise(capacity: $0) }
    }

    private var retireEffects: [Effect] {
        // An instance is stopped only after the router confirmed that nothing is sent to it any more, or is gone
        // itself.
        guard self.takingDown?.routerIsGone ?? (self.routing.generation == self.confirmedGeneration) else { return [] }
        return self.capacities.values.filter { $0.state == .retiring }.sorted { $0.number < $1.number }
            .map { .retire(capacity: $0.number) }
    }

    private var wakes: [Instant] {
        var wakes = self.queue.map(\.expiresAt)
        if self.mayAdmit { wakes += self.queue.flatMap { $0.waitsFor.compactMap(\.passesAt) } }
        wakes += self.warmToExpire.compactMap(\.warmUntil)
        if let until = self.hold?.until { wakes.append(until) }
        // A deadline that can only raise the alarm is no reason to wake up once there is one.
        if !self.hasPressingAlarm {
            wakes += self.capacities.values.compactMap(\.goneBy)
            if let takingDown { wakes.append(takingDown.deadline) }
        }
        guard let deployment else { return wakes }
        if let pause = deployment.pause {
            if pause.by == .judge, !self.hasPressingAlarm { wakes.append(pause.since + Lane.decidesWithin) }
            return wakes
        }
        if !self.hasPressingAlarm || !deployment.onlyAlarmsAtDeadline { wakes.append(deployment.deadline) }
        if deployment.phase == .running, !deployment.stepIsDone, deployment.currentStep?.wait != nil,
            let until = deployment.stepUntil
        {
            wakes.append(until)
        }
        return wakes
    }
}
