import Core

/// Checks the invariants after every event. Remembers only what the lane itself does not keep.
struct HistoryWatch: Sendable {
    /// What a check needs to know of the state before a decision.
    struct Beginning {
        let stable: Int?
        let deployment: Int?
    }

    private var admitted: Set<Int> = []
    private var mustHold = false
    /// A stop that reached instances with traffic.
    private(set) var wrongStop: Int?

    func beginning(of lane: Lane) -> Beginning {
        Beginning(stable: lane.stable?.number, deployment: lane.deployment?.number)
    }

    mutating func note(stopOf number: Int, in world: LaneWorld) {
        if world.serves(number) { self.wrongStop = number }
    }

    /// One fact, on the state that it is about to change.
    mutating func check(_ fact: Lane.Event, on lane: Lane, after input: Lane.Input) throws(Violation) {
        switch fact {
        case .admitted(let body): try self.check(body, on: lane)
        case .rollbackStarted(let body): try self.check(body, on: lane)
        case .rollbackOrdered(let order): try self.check(order, after: input)
        case .capacityRetiring(let body): try self.check(body, on: lane)
        case .stepStarted(let body): try self.check(body, on: lane)
        case .stepCompleted(let body): try self.check(body, on: lane, after: input)
        case .routingWanted(let routing): try self.check(routing, on: lane)
        case .resumed(let body): try self.check(body, on: lane, after: input)
        case .failed: try self.checkFailure(on: lane, after: input)
        case .ended(let body):
            try self.checkAlertIsOver(body, on: lane)
            try self.check(body, on: lane, after: input)
        case .verified(let body): try self.check(body, on: lane)
        case .alertPeriodBegan(let body): try self.check(body, on: lane)
        case .alertPeriodEnded: try self.checkAlertEnd(on: lane)
        case .removed(let body): try self.check(body, on: lane)
        case .handedOver:
            try self.needsPerson(input, .supersedesOnlyItsOwn, "a bake was handed over")
        case .movedFirst:
            try self.needsPerson(input, .supersedesOnlyItsOwn, "a promotion was moved to the front")
        case .unblocked: try self.needsPerson(input, .onlyPeopleLiftBlocks, "a block was lifted")
        case .holdReleased:
            if case .tick(let now) = input, let until = lane.hold?.until, until <= now {
            } else {
                try self.needsPerson(input, .rollbackLeavesAHold, "a hold was released")
            }
            self.mustHold = false
        case .held:
            if self.mustHold, case .intent(.hold, _, _) = input {
                try self.needsPerson(input, .rollbackLeavesAHold, "the hold of a rollback was replaced")
            }
        case .requested, .waiting, .capacityWanted, .capacityScaled, .judged,
            .capacityReady, .capacityLost, .capacityWarm, .capacityGone, .instancesDied, .routerDied,
            .routingConfirmed, .paused, .skipped, .aborted, .withdrawn, .passedNoReturn, .noReturnOverridden,
            .combinationOverridden, .blocked, .pinned, .unpinned, .alarmRaised, .alarmCleared, .downOrdered,
            .routerRemoved, .downFinished:
            break
        }
    }

    private func needsPerson(_ input: Lane.Input, _ invariant: Invariant, _ what: String) throws(Violation) {
        if case .intent(_, let actor, _) = input, actor.isNamed { return }
        throw Violation(invariant, "\(what), and no named person asked for it")
    }

    // MARK: Who may enter

    private mutating func check(_ body: Lane.Admitted, on lane: Lane) throws(Violation) {
        if let running = lane.deployment {
            throw Violation(.oneDeployment, "\(body.number) is admitted while \(running.number) runs")
        }
        self.admitted.insert(body.number)
        guard let queued = lane.queue.first(where: { $0.number == body.number }) else { return }
        let isBound =
            lane.block(of: queued.candidate.release) != nil || lane.hold != nil
            || lane.pin.map { $0.version != queued.candidate.version } ?? false
            || queued.notBefore.map { $0 > body.at } ?? false
            || lane.alarm != nil && !queued.by.isNamed
        if isBound { throw Violation(.guardsBind, "\(body.number) is admitted against a block, hold, pin or alarm") }
    }

    private mutating func check(_ body: Lane.RollbackStarted, on lane: Lane) throws(Violation) {
        if let running = lane.deployment {
            throw Violation(.oneDeployment, "rollback \(body.number) starts while \(running.number) runs")
        }
        guard body.by.isNamed || body.by == .judge, !body.reason.isEmpty,
            lane.history.contains(where: { $0.candidate == body.candidate && $0.number >= lane.noReturnBefore })
        else { throw Violation(.rollbackToVerifiedOnly, "rollback \(body.number) to \(body.candidate.version)") }
        self.admitted.insert(body.number)
        self.mustHold = true
    }

    private func check(_ order: RollbackOrder, after input: Lane.Input) throws(Violation) {
        if case .intent(.rollback(to: nil, _, _), _, _) = input, order.target.isWithdrawn {
            throw Violation(.noRollbackOfARollback, "to \(order.target.candidate.version), which was gone back from")
        }
    }

    private func check(_ body: Lane.Removed, on lane: Lane) throws(Violation) {
        guard body.why == .superseded, let older = lane.queue.first(where: { $0.number == body.number }),
            older.by.isNamed
        else { return }
        // Only something newer that a person asked for may take its place.
        if !lane.queue.contains(where: { $0.number > body.number && $0.by.isNamed }) {
            throw Violation(.supersedesOnlyItsOwn, "\(body.number), which a person asked for, was superseded")
        }
    }

    // MARK: Capacity and traffic

    private func check(_ body: Lane.CapacityRetiring, on lane: Lane) throws(Violation) {
        guard lane.takingDown == nil else { return }
        if lane.weight(of: body.number) > .zero || lane.deployment?.capacity == body.number {
            throw Violation(.retiresOnlyTheUnused, "capacity \(body.number) has traffic, or is being deployed")
        }
    }

    private func check(_ routing: DesiredRouting, on lane: Lane) throws(Violation) {
        guard routing.generation == lane.routing.generation + 1 else {
            throw Violation(.generationsRise, "generation \(routing.generation) after \(lane.routing.generation)")
        }
        var sum = 0
        for (number, weight) in routing.weights where weight > .zero {
            sum += weight.count
            guard self.admitted.contains(number), let capacity = lane.capacities[number], capacity.state != .retiring
            else { throw Violation(.trafficOnlyToAdmitted, "capacity \(number) gets \(weight.count)") }
            let isNew = lane.weight(of: number) == .zero
            if isNew, capacity.state == .wanted, lane.deployment?.phase == .running {
                throw Violation(.trafficOnlyToReady, "capacity \(number) is to get traffic and is not ready")
            }
        }
        guard sum == 10_000 || sum == 0 && lane.stable == nil else {
            throw Violation(.weightsAddUp, "the weights sum to \(sum)")
        }
    }

    // MARK: Steps and clocks

    private func check(_ body: Lane.StepStarted, on lane: Lane) throws(Violation) {
        guard let deployment = lane.deployment, deployment.plan.steps.indices.contains(body.step),
            case .verify = deployment.plan.steps[body.step]
        else { return }
        let isSwitched = lane.routing.generation == lane.confirmedGeneration
        let isReached = lane.routing.preview == deployment.capacity || lane.weight(of: deployment.capacity) > .zero
        if !isSwitched || !isReached {
            throw Violation(.verdictOnlyOnWhatRuns, "a verify starts before what it verifies can be reached")
        }
    }

    private func check(_ body: Lane.StepCompleted, on lane: Lane, after input: Lane.Input) throws(Violation) {
        guard let deployment = lane.deployment, let step = deployment.currentStep else { return }
        switch step {
        case .hold, .bake:
            if case .intent(.skip, _, _) = input, lane.skips[deployment.number]?.last?.step == deployment.step {
                return try self.needsPerson(input, .waitsAreWaited, "\(step.name) was skipped")
            }
            if let until = deployment.stepUntil, until <= input.now { return }
            throw Violation(.waitsAreWaited, "\(step.name) of \(deployment.number) ended before its time")
        case .verify:
            if case .answer(.verified(deployment.number, .pass, _, _), _) = input { return }
            throw Violation(
                .foreignAnswersDoNotCount, "\(step.name) of \(deployment.number) passed without its verdict")
        case .task(let kind, _):
            if case .answer(.taskEnded(deployment.number, kind, .pass, _, _, _), _) = input { return }
            throw Violation(.foreignAnswersDoNotCount, "\(step.name) of \(deployment.number) passed without its answer")
        case .observe:
            if case .intent(.skip, _, _) = input { return }
            if case .answer(.judged(deployment.number, let judgement), _) = input, judgement.verdict != .fail,
                judgement.verdict != .error
            {
                return
            }
            throw Violation(.verdictBeforeWidening, "\(step.name) of \(deployment.number) ended without a judgement")
        case .capacity, .preview, .shift, .scale: return
        }
    }

    private func check(_ body: Lane.Resumed, on lane: Lane, after input: Lane.Input) throws(Violation) {
        guard let deployment = lane.deployment, let pause = deployment.pause else { return }
        let stoodStill = max(.zero, input.now - max(pause.since, deployment.stepStartedAt))
        if body.stoodStill != stoodStill {
            throw Violation(
                .clockStandsStillInAPause, "stood still \(stoodStill.count) ms, counted \(body.stoodStill.count)")
        }
    }

    private func checkFailure(on lane: Lane, after input: Lane.Input) throws(Violation) {
        if input.isTick, lane.deployment?.pause != nil {
            throw Violation(.clockStandsStillInAPause, "its time ran out while a person had paused it")
        }
    }

    // MARK: Ends

    private func check(_ body: Lane.Ended, on lane: Lane, after input: Lane.Input) throws(Violation) {
        guard let deployment = lane.deployment, deployment.number == body.number else { return }
        switch body.outcome {
        case .superseded:
            if case .intent(.rollback, _, _) = input, deployment.kind == .rollback,
                lane.weight(of: deployment.capacity) == .zero
            {
                return
            }
            guard Self.mayBeTakenOver(deployment) else {
                throw Violation(.supersedesOnlyItsOwn, "\(body.number) by \(deployment.by) was superseded")
            }
            if lane.history.contains(where: { $0.number == body.number }) {
                throw Violation(.stableOnlyAfterTheEnd, "\(body.number) was taken over from and counts as verified")
            }
        case .aborted, .failed:
            guard deployment.kind == .forward, lane.takingDown == nil, !lane.isForwardOnly(deployment) else { return }
            let hasReturned = deployment.returnsTo.map { lane.weight(of: $0) == .all } ?? true
            guard lane.weight(of: deployment.capacity) == .zero, hasReturned,
                lane.routing.generation == lane.confirmedGeneration
            else { throw Violation(.abortReturnsTraffic, "\(body.number) ended before its traffic was back") }
        case .completed, .rolledBack:
            if lane.stable?.number != body.number {
                throw Violation(.stableOnlyAfterTheEnd, "\(body.number) ended well and is not what is known as good")
            }
        }
    }

    /// By its policy, or in its bake by the word of a person; never while somebody has paused it.
    private static func mayBeTakenOver(_ deployment: Deployment) -> Bool {
        guard deployment.kind == .forward, deployment.phase == .running, deployment.pause == nil else { return false }
        if deployment.plan.policy == .latest, !deployment.by.isNamed { return true }
        guard case .bake = deployment.currentStep, !deployment.stepIsDone else { return false }
        return deployment.handOver?.by.isNamed == true
    }

    private func check(_ body: Lane.Verified, on lane: Lane) throws(Violation) {
        guard let deployment = lane.deployment, deployment.number == body.number, deployment.stepIsDone,
            deployment.step == deployment.plan.steps.count - 1, deployment.pause == nil,
            lane.weight(of: deployment.capacity) == .all
        else { throw Violation(.stableOnlyAfterTheEnd, "\(body.number) is verified before its end") }
    }
}

// MARK: - After a decision

extension HistoryWatch {
    /// The state after all facts of one decision.
    func check(
        _ facts: [Lane.Event], since before: Beginning, on subject: LaneUnderTest, after input: Lane.Input
    ) throws(Violation) {
        let lane = subject.lane
        if self.mustHold, lane.hold == nil {
            throw Violation(.rollbackLeavesAHold, "automation may go on right after a rollback")
        }
        for fact in facts {
            switch fact {
            case .aborted(let body), .failed(let body): try self.checkBlock(of: body.number, on: lane)
            default: break
            }
        }
        try self.checkReadyOrAlarm(lane)
        if lane.stable?.number != before.stable, !facts.contains(where: { $0.movesStable }) {
            throw Violation(.stableOnlyAfterTheEnd, "what is known as good moved without an end")
        }
        try self.checkExits(lane, subject.pending, after: input)
    }

    /// A deployment that is aborted or failed leaves its block in the same append.
    private func checkBlock(of number: Int, on lane: Lane) throws(Violation) {
        let ended = lane.recent.last { $0.number == number && $0.kind == .forward }?.candidate
        let returning = lane.deployment.flatMap { $0.number == number && $0.kind == .forward ? $0.candidate : nil }
        guard let candidate = ended ?? returning, lane.block(of: candidate.release) == nil else { return }
        throw Violation(.abortBlocks, "\(candidate.version) was stopped and is not blocked")
    }

    private func checkReadyOrAlarm(_ lane: Lane) throws(Violation) {
        guard lane.alarm == nil, lane.takingDown == nil else { return }
        for (number, weight) in lane.routing.weights where weight > .zero && lane.capacities[number]?.state != .ready {
            throw Violation(.trafficOnlyToReady, "capacity \(number) has traffic, is not ready, and there is no alarm")
        }
    }

    private func checkExits(
        _ lane: Lane, _ pending: [Lane.Effect], after input: Lane.Input
    ) throws(Violation) {
        var wake: Instant?
        var works = false
        for effect in pending {
            if case .wake(let at) = effect { wake = at }
            if effect.isWork { works = true }
        }
        let isTiedUp =
            lane.takingDown != nil || lane.nextRollback != nil
            || lane.capacities.values.contains { $0.state == .retiring }
        if isTiedUp, !works, wake == nil {
            throw Violation(.everyStateHasAnExit, "nothing is outstanding and nothing would wake the lane up")
        }
        if let deployment = lane.deployment, deployment.pause == nil, lane.alarm == nil {
            guard let wake, wake <= deployment.deadline else {
                throw Violation(.everyStateHasAnExit, "nothing wakes the lane at the deadline of \(deployment.number)")
            }
        }
        if case .tick(let now) = input, let wake, wake <= now, !pending.contains(.evaluate) {
            throw Violation(
                .wakesAreAhead, "after a tick at \(now.milliseconds) the lane waits for \(wake.milliseconds)")
        }
    }
}

extension Lane.Event {
    var movesStable: Bool {
        switch self {
        case .verified, .downFinished: true
        default: false
        }
    }
}
