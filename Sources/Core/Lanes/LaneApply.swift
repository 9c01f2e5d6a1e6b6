extension Lane {
    /// The fold: no rules, no choice. Refuses what no lane could have written.
    package mutating func apply(_ event: Event) throws(IllegalEvent) {
        switch event {
        case .requested(let body): try self.enqueue(body)
        case .waiting(let body): self.queue[try self.queueIndex(body.number)].waitsFor = body.gates
        case .movedFirst(let body): try self.moveFirst(body)
        case .removed(let body): try self.remove(body)
        case .admitted(let body): try self.start(body)
        case .rollbackOrdered(let body): self.order(body)
        case .rollbackStarted(let body): try self.start(body)
        case .capacityWanted(let body): self.capacities[body.number] = Capacity(body)
        case .capacityReady(let body): try self.changeCapacity(body.number) { $0.state = .ready }
        case .capacityLost(let body): try self.changeCapacity(body.number) { $0.state = .wanted }
        case .capacityWarm(let body): try self.changeCapacity(body.number) { $0.warmUntil = body.until }
        case .capacityRetiring(let body): try self.changeCapacity(body.number) { $0.retire(goneBy: body.goneBy) }
        case .capacityGone(let body): try self.removeCapacity(body.number)
        case .instancesDied(let body): try self.changeCapacity(body.number) { $0.deaths = body.deaths }
        case .routerDied(let deaths): self.routerDeaths = deaths
        case .stepStarted(let body):
            self.measureStart(body)
            try self.changeDeployment(body.number) { $0.start(body) }
        case .stepCompleted(let body): try self.changeDeployment(body.number) { $0.stepIsDone = true }
        case .judged(let body): try self.changeDeployment(body.number) { $0.judge(body) }
        case .alertPeriodBegan(let body): try self.changeDeployment(body.number) { $0.begin(body) }
        case .alertPeriodEnded(let body): try self.changeDeployment(body.number) { $0.alert = nil }
        case .capacityScaled(let body): try self.changeCapacity(body.number) { $0.replicas = body.replicas }
        case .routingWanted(let body): try self.route(body)
        case .routingConfirmed(let body): try self.confirm(body)
        case .paused(let body): try self.changeDeployment(body.number) { $0.pause(body) }
        case .resumed(let body): try self.changeDeployment(body.number) { $0.resume(body) }
        case .skipped(let body): self.skips[body.number] = (self.skips[body.number] ?? []) + [body]
        case .handedOver(let body): try self.changeDeployment(body.number) { $0.handOver = body }
        case .aborted(let body): try self.changeDeployment(body.number) { $0.takeBack(body, .aborted) }
        case .failed(let body): try self.changeDeployment(body.number) { $0.takeBack(body, .failed) }
        case .ended(let body): try self.end(body)
        case .verified(let body): self.record(body)
        case .withdrawn(let body): self.withdraw(body)
        case .passedNoReturn(let body):
            self.noReturnBefore = body.number
            self.noReturn = body
        case .noReturnOverridden: self.overrideNoReturn()
        case .combinationOverridden(let body): self.queue[try self.queueIndex(body.number)].combination = body
        case .blocked(let block): self.add(block)
        case .unblocked(let body): self.blocks.removeAll { $0.release == body.release }
        case .held(let hold): self.hold = hold
        case .holdReleased: self.hold = nil
        case .pinned(let pin): self.pin = pin
        case .unpinned: self.pin = nil
        case .alarmRaised(let alarm): self.alarm = alarm
        case .alarmCleared: self.alarm = nil
        case .downOrdered(let body): self.orderDown(body)
        case .routerRemoved: self.takingDown?.routerIsGone = true
        case .downFinished: self.finishDown()
        }
    }

    // MARK: Queue

    private mutating func enqueue(_ body: Requested) throws(IllegalEvent) {
        guard body.number == self.lastNumber + 1 else {
            throw IllegalEvent("promotion \(body.number) after \(self.lastNumber)")
        }
        self.lastNumber = body.number
        self.seen.removeAll { $0 == body.candidate.release }
        self.seen.append(body.candidate.release)
        self.seen.removeFirst(max(0, self.seen.count - Self.seenLimit))
        self.queue.append(
            QueuedPromotion(
                number: body.number, candidate: body.candidate, by: body.by, requestedAt: body.at,
                expiresAt: body.expiresAt, notBefore: body.notBefore, waitsFor: []))
    }

    private func queueIndex(_ number: Int) throws(IllegalEvent) -> Int {
        guard let index = self.queue.firstIndex(where: { $0.number == number }) else {
            throw IllegalEvent("promotion \(number) is not in the queue")
        }
        return index
    }

    private mutating func moveFirst(_ body: MovedFirst) throws(IllegalEvent) {
        var queued = self.queue.remove(at: try self.queueIndex(body.number))
        queued.movedBy = body.by
        self.queue.insert(queued, at: 0)
    }

    private mutating func remove(_ body: Removed) throws(IllegalEvent) {
        let queued = self.queue.remove(at: try self.queueIndex(body.number))
        self.remember(
            EndedPromotion(
                number: body.number, candidate: queued.candidate, kind: .forward, end: .removed(body.why),
                by: queued.by,
                strategy: nil, startedAt: nil, endedAt: body.at, reason: body.reason, lastLines: []))
    }

    private mutating func remember(_ ended: EndedPromotion) {
        self.recent.append(ended)
        self.recent.removeFirst(max(0, self.recent.count - Self.recentLimit))
    }

    // MARK: Deployment

    private mutating func end(_ body: Ended) throws(IllegalEvent) {
        guard let running = self.deployment, running.number == body.number else {
            throw IllegalEvent("deployment \(body.number) ended but is not running")
        }
        self.remember(
            EndedPromotion(
                number: body.number, candidate: running.candidate, kind: running.kind, end: .deployment(body.outcome),
                by: running.by, strategy: running.plan.strategy, startedAt: running.startedAt, endedAt: body.at,
                reason: body.reason, lastLines: running.ending?.lastLines ?? [], judgement: running.judgement,
                judgedAt: running.judgedAt))
        self.deployment = nil
        self.skips = self.skips.filter { number, _ in self.history.contains { $0.number == number } }
    }

    private mutating func start(_ body: Admitted) throws(IllegalEvent) {
        guard self.deployment == nil else { throw IllegalEvent("admitted \(body.number) while another one runs") }
        let queued = self.queue.remove(at: try self.queueIndex(body.number))
        self.deployment = Deployment(
            number: body.number, candidate: queued.candidate, kind: .forward, by: queued.by, reason: nil,
            plan: body.plan, capacity: body.number, definition: body.facts.definition, startedAt: body.at,
            returnsTo: self.fallback, stepStartedAt: body.at, deadline: body.at)
    }

    private mutating func order(_ body: RollbackOrder) {
        self.forgetRollback(.superseded, at: body.at, "rollback to \(body.target.candidate.version)")
        self.lastNumber = max(self.lastNumber, body.number)
        self.nextRollback = body
    }

    /// An ordered rollback that never started still has an end that whoever waits for it can read.
    private mutating func forgetRollback(_ why: Removed.Why, at now: Instant, _ reason: String) {
        guard let order = self.nextRollback else { return }
        self.nextRollback = nil
        self.remember(
            EndedPromotion(
                number: order.number, candidate: order.target.candidate, kind: .rollback, end: .removed(why),
                by: order.by, strategy: nil, startedAt: nil, endedAt: now, reason: reason, lastLines: []))
    }

    private mutating func start(_ body: RollbackStarted) throws(IllegalEvent) {
        guard self.deployment == nil else { throw IllegalEvent("rollback \(body.number) while another one runs") }
        self.nextRollback = nil
        self.deployment = Deployment(
            number: body.number, candidate: body.candidate, kind: .rollback, by: body.by, reason: body.reason,
            plan: body.plan, capacity: body.capacity, definition: body.definition, startedAt: body.at,
            returnsTo: self.fallback, stepStartedAt: body.at, deadline: body.at)
    }

    private mutating func changeDeployment(
        _ number: Int, _ change: (inout Deployment) -> Void
    ) throws(IllegalEvent) {
        guard var running = self.deployment, running.number == number else {
            throw IllegalEvent("deployment \(number) is not running")
        }
        change(&running)
        self.deployment = running
    }

    // MARK: Capacity and routing

    private mutating func changeCapacity(_ number: Int, _ change: (inout Capacity) -> Void) throws(IllegalEvent) {
        guard var capacity = self.capacities[number] else { throw IllegalEvent("there is no capacity \(number)") }
        change(&capacity)
        self.capacities[number] = capacity
    }

    private mutating func removeCapacity(_ number: Int) throws(IllegalEvent) {
        guard self.capacities.removeValue(forKey: number) != nil else {
            throw IllegalEvent("capacity \(number) is gone already")
        }
    }

    private mutating func route(_ routing: DesiredRouting) throws(IllegalEvent) {
        guard routing.generation == self.routing.generation + 1 else {
            throw IllegalEvent("generation \(routing.generation) after \(self.routing.generation)")
        }
        self.keepUnconfirmed()
        self.routing = routing
        for number in routing.weights.keys where routing.weights[number] != .zero {
            self.capacities[number]?.warmUntil = nil
        }
    }

    private mutating func confirm(_ body: RoutingConfirmed) throws(IllegalEvent) {
        guard body.generation <= self.routing.generation, body.generation > self.confirmedGeneration else {
            throw IllegalEvent("generation \(body.generation) confirmed, \(self.routing.generation) wanted")
        }
        self.measureSwitch(body)
        self.keepConfirmed(body.generation)
        self.confirmedGeneration = body.generation
    }

    // MARK: History and guards

    private mutating func record(_ body: Verified) {
        for index in self.history.indices where self.history[index].leftAt == nil {
            self.history[index].leftAt = body.at
        }
        self.history.append(
            VerifiedRelease(
                candidate: body.candidate, number: body.number, verifiedAt: body.at, leftAt: nil, isWithdrawn: false,
                secrets: self.capacities[body.capacity]?.secrets))
        self.history.removeFirst(max(0, self.history.count - Self.historyLimit))
        self.stable = Placed(candidate: body.candidate, capacity: body.capacity, number: body.number)
    }

    /// What was verified before the point, and is not there any more, is not what serves: it can be gone back to again.
    private mutating func overrideNoReturn() {
        if let stable, stable.number < self.noReturnBefore, !self.stands(stable.capacity) { self.stable = nil }
        self.noReturnBefore = 0
        self.noReturn = nil
    }

    private mutating func withdraw(_ body: Withdrawn) {
        for index in self.history.indices where body.numbers.contains(self.history[index].number) {
            self.history[index].isWithdrawn = true
            self.history[index].leftAt = self.history[index].leftAt ?? body.at
        }
    }

    private mutating func add(_ block: Block) {
        self.blocks.removeAll { $0.release == block.release }
        self.blocks.append(block)
        self.blocks.removeFirst(max(0, self.blocks.count - Self.blockLimit))
    }

    /// Nobody is served from here on, so no stay goes on either.
    private mutating func orderDown(_ body: ByReason) {
        self.takingDown = TakingDown(
            by: body.by, routerIsGone: false,
            deadline: body.at + (self.capacities.values.map(\.drain).max() ?? .zero) + Self.stopsWithin)
        self.forgetRollback(.cancelled, at: body.at, body.reason)
        for index in self.history.indices where self.history[index].leftAt == nil {
            self.history[index].leftAt = body.at
        }
    }

    /// Nothing of the lane is left at the target; numbers, history and blocks stay.
    private mutating func finishDown() {
        self.takingDown = nil
        self.stable = nil
        self.alarm = nil
        self.routerDeaths = nil
        self.routing = DesiredRouting(generation: self.routing.generation)
        self.confirmedGeneration = self.routing.generation
        self.confirmed = self.routing
        self.unconfirmed = []
        self.routerlessGeneration = self.routing.generation
    }
}

extension Capacity {
    fileprivate init(_ body: Lane.CapacityWanted) {
        self.init(
            number: body.number, candidate: body.candidate, state: .wanted, definition: body.definition, warmUntil: nil,
            drain: body.drain, replicas: body.replicas, secrets: body.secrets)
    }

    fileprivate mutating func retire(goneBy: Instant) {
        self.state = .retiring
        self.goneBy = goneBy
        self.warmUntil = nil
    }
}

extension Deployment {
    fileprivate mutating func start(_ body: Lane.StepStarted) {
        self.step = body.step
        self.stepStartedAt = body.at
        self.stepUntil = body.until
        self.deadline = body.deadline
        self.stepIsDone = false
        self.stepWasPaused = false
    }

    fileprivate mutating func pause(_ body: Lane.Paused) {
        self.pause = body.pause
        self.stepWasPaused = true
    }

    fileprivate mutating func judge(_ body: Lane.Judged) {
        self.judgement = body.judgement
        self.judgedAt = body.at
    }

    fileprivate mutating func resume(_ body: Lane.Resumed) {
        self.pause = nil
        self.stepUntil = self.stepUntil.map { $0 + body.stoodStill }
        self.alert?.move(by: body.stoodStill)
        self.deadline = self.deadline + body.stoodStill
    }

    fileprivate mutating func takeBack(_ body: Lane.Returned, _ outcome: Outcome) {
        self.phase = .returning(outcome)
        self.ending = body.ending
        self.deadline = body.deadline
        self.pause = nil
    }
}
