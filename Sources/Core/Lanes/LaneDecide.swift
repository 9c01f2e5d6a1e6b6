extension Lane: Machine {
    /// The rules. Every input is refused, answered by facts, or (a late or repeated answer) without any effect.
    package func decide(_ input: Input) throws(Refusal) -> [Event] {
        switch input {
        case .intent(let intent, let actor, let now):
            var decision = LaneDecision(self, now: now)
            try decision.take(intent, by: actor)
            try decision.settle()
            return decision.events
        case .answer(let answer, let now):
            var decision = LaneDecision(self, now: now)
            try decision.take(answer)
            try decision.settle()
            return decision.events
        case .evaluated(let evaluations, let now):
            var decision = LaneDecision(self, now: now)
            try decision.admit(evaluations)
            try decision.settle()
            return decision.events
        case .tick(let now):
            var decision = LaneDecision(self, now: now)
            try decision.passTime()
            try decision.settle()
            return decision.events
        }
    }
}

/// One decision under way: the state as it would be after the facts so far.
struct LaneDecision {
    private(set) var lane: Lane
    private(set) var events: [Lane.Event] = []
    let now: Instant

    init(_ lane: Lane, now: Instant) {
        self.lane = lane
        self.now = now
    }

    mutating func emit(_ event: Lane.Event) throws(Refusal) {
        do {
            try self.lane.apply(event)
        } catch {
            throw Refusal(
                .wrongState, "The lane can't record this now (\(error.message)). Ask for its status and try again.")
        }
        self.events.append(event)
    }
}

// MARK: - Intents

extension LaneDecision {
    mutating func take(_ intent: Lane.Intent, by actor: Actor) throws(Refusal) {
        try self.check(intent, mayComeFrom: actor)
        switch intent {
        case .promote(let candidate, let notBefore): try self.promote(candidate, notBefore: notBefore, by: actor)
        case .cancel(let number, let reason): try self.cancel(number, by: actor, reason)
        case .moveFirst(let number, let reason): try self.moveFirst(number, by: actor, reason)
        case .pause(let number, let reason): try self.pause(number, by: actor, reason)
        case .resume(let number, let reason): try self.resume(number, by: actor, reason)
        case .abort(let number, let reason): try self.abort(number, by: actor, reason)
        case .skip(let number, let reason): try self.skip(number, by: actor, reason)
        case .handOver(let number, let reason): try self.handOver(number, by: actor, reason)
        case .retry(let candidate, let reason): try self.retry(candidate, by: actor, reason)
        case .rollback(let version, let settings, let reason):
            try self.rollBack(to: version, settings, by: actor, reason)
        case .forcedRollback(let version, let settings, let reason):
            try self.forceBack(to: version, settings, by: actor, reason)
        case .overrideCombination(let number, let others, let reason):
            try self.overrideCombination(number, with: others, by: actor, reason)
        case .hold(let reason, let until):
            try self.emit(.held(Hold(by: actor, reason: reason, since: self.now, until: until)))
        case .releaseHold(let reason):
            guard self.lane.hold != nil else { throw Refusal(.nothingToDo, "There is no hold here.") }
            try self.emit(.holdReleased(self.because(reason, actor)))
        case .pin(let candidate, let reason): try self.pin(candidate, by: actor, reason)
        case .unpin(let reason):
            guard self.lane.pin != nil else { throw Refusal(.nothingToDo, "There is no pin here.") }
            try self.emit(.unpinned(self.because(reason, actor)))
        case .block(let release, let reason):
            try self.emit(.blocked(Block(release: release, by: actor, reason: reason, at: self.now)))
        case .unblock(let release, let reason):
            guard self.lane.block(of: release) != nil else {
                throw Refusal(.nothingToDo, "\(release) is not blocked here.")
            }
            try self.emit(.unblocked(Lane.Unblocked(release: release, by: actor, reason: reason)))
        case .clearAlarm(let reason):
            guard self.lane.alarm != nil else { throw Refusal(.nothingToDo, "There is no alarm here.") }
            try self.emit(.alarmCleared(self.because(reason, actor)))
        case .down(let reason): try self.takeDown(by: actor, reason)
        }
    }

    /// What binds automation is not undone by automation, and only the judge or a person turns a deployment back.
    private func check(_ intent: Lane.Intent, mayComeFrom actor: Actor) throws(Refusal) {
        if case .forcedRollback = intent, actor.personID == nil {
            throw Refusal(
                .notAllowed,
                "\(actor) may not go back past a point of no return: a person alone may, with a reason.")
        }
        if actor.isNamed { return }
        switch intent {
        case .promote: return
        case .abort(let number, _):
            let isQueued = self.lane.queue.contains { $0.number == number && $0.by.isNamed }
            if actor == .judge, !isQueued { return }
        case .rollback, .block: if actor == .judge { return }
        case .pause: if actor == .judge || self.lane.deployment?.by.isNamed == false { return }
        case .resume: if self.lane.deployment?.pause?.by.isNamed != true { return }
        case .cancel(let number, _):
            if !self.lane.queue.contains(where: { $0.number == number && $0.by.isNamed }) { return }
        case .hold: if self.lane.hold == nil { return }
        case .moveFirst, .forcedRollback, .overrideCombination, .skip, .handOver, .retry, .releaseHold, .pin, .unpin,
            .unblock, .clearAlarm, .down:
            break
        }
        throw Refusal(
            .notAllowed,
            "\(actor) may not do this: it would undo or pass over what a person decided, or what stands "
                + "between a release and its users. A named person or account may.")
    }

    private func because(_ reason: String, _ actor: Actor) -> Lane.ByReason {
        Lane.ByReason(by: actor, reason: reason, at: self.now)
    }

    private mutating func promote(
        _ candidate: Candidate, notBefore: Instant? = nil, by actor: Actor
    ) throws(Refusal) {
        try self.checkPlan(notBefore)
        if self.lane.takingDown != nil {
            throw Refusal(.wrongState, "This environment is being taken down; ask again when it is gone.")
        }
        if let block = self.lane.block(of: candidate.release) {
            let since = self.lane.stop(of: candidate.release) == nil ? "" : "since it was stopped "
            throw Refusal(
                .blocked,
                "\(candidate.version) is blocked here \(since)by \(block.by): \(block.reason.asSentence) "
                    + "A named person can lift that with \(self.lane.retryCommand(candidate.release)), or roll forward "
                    + "with a fix.")
        }
        if let queued = self.lane.queue.first(where: { $0.candidate.release == candidate.release }) {
            throw Refusal(.alreadyExists, "\(candidate.version) waits here already, as promotion \(queued.number).")
        }
        if let running = self.lane.deployment, running.candidate.release == candidate.release {
            throw Refusal(.alreadyRunning, "\(candidate.version) is being deployed here already, as \(running.number).")
        }
        if self.lane.alreadyServes(candidate) {
            throw Refusal(.nothingToDo, "\(candidate.version) serves here already.")
        }
        guard self.lane.queue.count < Lane.queueLimit else {
            throw Refusal(
                .notAllowed,
                "\(self.lane.queue.count) promotions wait here, \(Lane.queueLimit) are allowed. "
                    + "Cancel some, the oldest with \(self.lane.cancelCommand(self.lane.queue.first?.number ?? 1)).")
        }
        try self.emit(
            .requested(
                Lane.Requested(
                    number: self.lane.lastNumber + 1, candidate: candidate, by: actor, at: self.now,
                    expiresAt: (notBefore ?? self.now) + Lane.waitsAtMost, notBefore: notBefore)))
    }

    private func checkPlan(_ notBefore: Instant?) throws(Refusal) {
        guard let notBefore else { return }
        guard notBefore > self.now else {
            throw Refusal(
                .invalid, "The time to promote at is past. Name a later one, or leave it out to promote now.")
        }
        guard notBefore - self.now <= Lane.plannedAtMost else {
            throw Refusal(.invalid, "The time to promote at is too far off: at most 90 days from now.")
        }
    }

    private mutating func moveFirst(_ number: Int, by actor: Actor, _ reason: String) throws(Refusal) {
        guard let place = self.lane.queue.firstIndex(where: { $0.number == number }) else {
            throw Refusal(.notFound, "No promotion \(number) waits here.")
        }
        guard place > 0 || self.lane.queue.count > 1 && self.lane.queue[place].movedBy == nil else {
            throw Refusal(.nothingToDo, "Promotion \(number) is the first already.")
        }
        try self.emit(
            .movedFirst(Lane.MovedFirst(number: number, by: actor, reason: reason, at: self.now)))
    }

    private mutating func cancel(_ number: Int, by actor: Actor, _ reason: String) throws(Refusal) {
        guard self.lane.queue.contains(where: { $0.number == number }) else {
            let running = self.lane.deployment?.number == number
            throw Refusal(
                running ? .wrongState : .notFound,
                running
                    ? "Promotion \(number) is being deployed. \(self.lane.abortCommand(number)) returns its traffic."
                    : "No promotion \(number) waits here.")
        }
        try self.drop(number, .cancelled, by: actor, reason)
    }

    mutating func drop(
        _ number: Int, _ why: Lane.Removed.Why, by actor: Actor, _ reason: String
    ) throws(Refusal) {
        try self.emit(.removed(Lane.Removed(number: number, why: why, by: actor, reason: reason, at: self.now)))
    }

    /// The running deployment, if `number` is nil or means it.
    private func running(_ number: Int?) throws(Refusal) -> Deployment {
        guard let deployment = self.lane.deployment else {
            throw Refusal(.nothingToDo, "Nothing is being deployed here.")
        }
        if let number, deployment.number != number {
            throw Refusal(.notFound, "Deployment \(number) does not run; \(deployment.number) does.")
        }
        return deployment
    }

    private mutating func pause(_ number: Int?, by actor: Actor, _ reason: String) throws(Refusal) {
        let deployment = try self.running(number)
        guard deployment.kind == .forward, deployment.phase == .running else {
            throw Refusal(.wrongState, "A move back is not paused: it is on its way to the last known good.")
        }
        guard deployment.pause == nil else {
            throw Refusal(.nothingToDo, "Deployment \(deployment.number) is paused already.")
        }
        try self.emit(
            .paused(
                Lane.Paused(number: deployment.number, pause: Pause(by: actor, reason: reason, since: self.now))))
    }

    private mutating func resume(_ number: Int?, by actor: Actor, _ reason: String) throws(Refusal) {
        let deployment = try self.running(number)
        guard let pause = deployment.pause else {
            throw Refusal(.nothingToDo, "Deployment \(deployment.number) is not paused.")
        }
        let stoodStill = max(.zero, self.now - max(pause.since, deployment.stepStartedAt))
        try self.emit(
            .resumed(
                Lane.Resumed(
                    number: deployment.number, by: actor, reason: reason, at: self.now, stoodStill: stoodStill)))
        // The judge asked, and the answer is to look longer: the step has its whole time again.
        if pause.by == .judge, !deployment.stepIsDone, case .observe = deployment.currentStep,
            let now = self.lane.deployment
        {
            try self.start(step: now.step, of: now)
        }
    }

    private mutating func abort(_ number: Int?, by actor: Actor, _ reason: String) throws(Refusal) {
        if let number, self.lane.queue.contains(where: { $0.number == number }) {
            return try self.drop(number, .cancelled, by: actor, reason)
        }
        let deployment = try self.running(number)
        guard deployment.kind == .forward else {
            throw Refusal(
                .wrongState,
                "A rollback is never aborted: it is the safe way. "
                    + "\(self.lane.rollbackCommand(to: "VERSION")) names another version to go to.")
        }
        // A second abort finds the traffic on its way back: nothing to add.
        guard deployment.phase == .running else { return }
        if self.lane.isForwardOnly(deployment) { throw self.lane.forwardOnly(deployment.candidate.version) }
        try self.takeBack(.aborted, Ending(by: actor, reason: reason, lastLines: []))
    }

    private mutating func skip(_ number: Int?, by actor: Actor, _ reason: String) throws(Refusal) {
        let deployment = try self.running(number)
        guard deployment.phase == .running, !deployment.stepIsDone, let step = deployment.currentStep, step.until != nil
        else {
            throw Refusal(
                .wrongState,
                "Only a step that waits or observes (hold, observe, bake) can be skipped; this one is "
                    + "\(deployment.currentStep?.name ?? "none").")
        }
        try self.emit(.skipped(self.overridden(deployment, by: actor, reason)))
        try self.complete(deployment, "skipped by \(actor): \(reason)")
        if deployment.pause != nil { try self.resume(deployment.number, by: actor, reason) }
    }

    private mutating func handOver(_ number: Int?, by actor: Actor, _ reason: String) throws(Refusal) {
        let deployment = try self.running(number)
        if let pause = deployment.pause {
            throw Refusal(
                .wrongState,
                "Deployment \(deployment.number) was paused by \(pause.by): \(pause.reason.asSentence) Nothing takes over from "
                    + "what stands still; first \(self.lane.resumeCommand(deployment.number)).")
        }
        guard deployment.bakes else {
            throw Refusal(
                .wrongState,
                "Only in its bake does a deployment let the next take over; \(deployment.number) is at "
                    + "\(deployment.phase == .running ? deployment.currentStep?.name ?? "its end" : "its way back"). "
                    + "\(self.lane.abortCommand(deployment.number)) ends it now and returns its traffic.")
        }
        if let before = deployment.handOver {
            throw Refusal(.nothingToDo, "\(before.by) let the next take over already: \(before.reason.asSentence)")
        }
        try self.emit(.handedOver(self.overridden(deployment, by: actor, reason)))
    }

    private func overridden(_ deployment: Deployment, by actor: Actor, _ reason: String) -> Lane.Overridden {
        Lane.Overridden(
            number: deployment.number, step: deployment.step, by: actor, reason: reason, at: self.now)
    }

    /// A lane that is fixed to what it went back from would let nothing good enter.
    private mutating func pin(_ candidate: Candidate, by actor: Actor, _ reason: String) throws(Refusal) {
        if let last = self.lane.history.last(where: { $0.release == candidate.release }), last.isWithdrawn {
            throw Refusal(
                .wrongState,
                "\(candidate.version) is withdrawn here: a rollback went back from it. Pin another release "
                    + "(`slipway release list` shows them), or bring this one in again first, with "
                    + "\(self.lane.promoteCommand(candidate.release)).")
        }
        try self.emit(.pinned(Pin(version: candidate.version, by: actor, reason: reason)))
    }

    private mutating func retry(_ candidate: Candidate, by actor: Actor, _ reason: String) throws(Refusal) {
        if self.lane.block(of: candidate.release) != nil {
            try self.emit(.unblocked(Lane.Unblocked(release: candidate.release, by: actor, reason: reason)))
        }
        try self.promote(candidate, by: actor)
    }

    private mutating func takeDown(by actor: Actor, _ reason: String) throws(Refusal) {
        guard self.lane.takingDown == nil else { return }
        guard self.lane.deployment != nil || !self.lane.capacities.isEmpty || self.lane.routing.generation > 0 else {
            throw Refusal(.nothingToDo, "Nothing of this environment runs.")
        }
        for queued in self.lane.queue { try self.drop(queued.number, .cancelled, by: actor, reason) }
        try self.emit(.downOrdered(self.because(reason, actor)))
        if let deployment = self.lane.deployment {
            try self.end(deployment, .aborted, "taken down: \(reason)")
        }
        for capacity in self.lane.capacities.values.sorted(by: { $0.number < $1.number })
        where capacity.state != .retiring { try self.retire(capacity) }
    }
}

extension Lane {
    /// A promotion that waits longer than this ends as expired.
    package static let waitsAtMost = Milliseconds.hours(24 * 7)
    /// A promotion is planned at most so far ahead.
    package static let plannedAtMost = Milliseconds.hours(24 * 90)
}
