import Core
import Ports

// What each step of a history does.
extension HistoryRun {
    package mutating func play(_ step: HistoryStep) throws(Violation) {
        switch step {
        case .work(let effects): try self.work(effects)
        case .perform(let slot, let fault):
            let effects = self.sendable
            if !effects.isEmpty { try self.send(effects[slot % effects.count], fault) }
        case .land(let slot): if !self.flights.isEmpty { try self.land(slot % self.flights.count) }
        case .deliver(let slot): if !self.flights.isEmpty { try self.deliver(slot % self.flights.count) }
        case .repeatAnswer(let slot):
            guard !self.heard.isEmpty else { return }
            self.troubles.insert(.answerComesTwice)
            try self.hear(self.heard[slot % self.heard.count])
        case .evaluate(let verdicts): try self.evaluate(verdicts)
        case .pass(let time):
            if time >= .hours(1) { self.troubles.insert(.clockJumpsAhead) }
            try self.move(to: self.now + time)
        case .clockBack(let time):
            self.troubles.insert(.clockGoesBack)
            self.now = Instant(milliseconds: self.now.milliseconds - time.count)
        case .wake: try self.move(to: self.nextWake ?? self.now)
        case .kill(let slot):
            let numbers = self.world.instances.keys.sorted()
            guard !numbers.isEmpty else { return }
            let number = numbers[slot % numbers.count]
            if self.world.instances[number]?.isReady == true { self.troubles.insert(.instancesDie) }
            self.world.kill(number)
        case .supervise: self.world.supervise()
        case .observe: try self.observe()
        case .restartRouter:
            guard self.world.routes != nil else { return }
            self.troubles.insert(.routerDies)
            self.world.restartRouter()
            let count = (self.subject.lane.routerDeaths?.count ?? 0) + 1
            try self.hear(.routerDied(count: count, last: "killed"))
        case .judge(let saying, let ofEarlier):
            guard let number = self.subject.lane.deployment?.number else { return }
            try self.hear(.judged(number: ofEarlier ? number - 1 : number, saying.judgement(at: self.now)))
        case .crash: try self.crash()
        case .reboot(let comesBack): try self.reboot(comesBack: comesBack)
        case .oldEffectLands(let slot): try self.landOrphan(slot)
        case .promote, .plan, .moveFirst, .cancel, .pause, .resume, .abort, .skip, .handOver, .retry, .rollback, .hold,
            .releaseHold, .pin,
            .unpin,
            .block, .unblock, .clearAlarm, .down:
            if let (intent, voice) = self.intent(step) { try self.tell(.intent(intent, by: voice.actor, at: self.now)) }
        }
    }

    private func intent(_ step: HistoryStep) -> (Lane.Intent, Voice)? {
        let releases = self.setting.releases
        switch step {
        case .promote(let number, let by): return (.promote(releases[number].candidate), by)
        case .plan(let number, let time, let by):
            return (.promote(releases[number].candidate, notBefore: self.now + time), by)
        case .moveFirst(let slot, let by):
            let queue = self.subject.lane.queue
            return queue.isEmpty ? nil : (.moveFirst(number: queue[slot % queue.count].number, reason: "asked"), by)
        case .cancel(let slot, let by):
            let queue = self.subject.lane.queue
            return queue.isEmpty ? nil : (.cancel(number: queue[slot % queue.count].number, reason: "asked"), by)
        case .pause(let by): return (.pause(number: nil, reason: "asked"), by)
        case .resume(let by): return (.resume(number: nil, reason: "asked"), by)
        case .abort(let by): return (.abort(number: nil, reason: "asked"), by)
        case .skip(let by): return (.skip(number: nil, reason: "asked"), by)
        case .handOver(let by): return (.handOver(number: nil, reason: "asked"), by)
        case .retry(let number, let by): return (.retry(releases[number].candidate, reason: "asked"), by)
        case .rollback(let to, let by):
            let version = to.map { releases[$0].candidate.version }
            return (.rollback(to: version, HistorySetting.rollback, reason: "asked"), by)
        case .hold(let time, let by): return (.hold(reason: "asked", until: time.map { self.now + $0 }), by)
        case .releaseHold(let by): return (.releaseHold(reason: "asked"), by)
        case .pin(let number, let by): return (.pin(releases[number].candidate, reason: "asked"), by)
        case .unpin(let by): return (.unpin(reason: "asked"), by)
        case .block(let number, let by): return (.block(releases[number].candidate.release, reason: "asked"), by)
        case .unblock(let number, let by): return (.unblock(releases[number].candidate.release, reason: "asked"), by)
        case .clearAlarm(let by): return (.clearAlarm(reason: "asked"), by)
        case .down(let by): return (.down(reason: "asked"), by)
        case .work, .perform, .land, .deliver, .repeatAnswer, .evaluate, .pass, .clockBack, .wake, .kill, .supervise,
            .observe, .restartRouter, .judge, .crash, .reboot, .oldEffectLands:
            return nil
        }
    }

    // MARK: The engine

    private var sendable: [Lane.Effect] {
        self.subject.pending.filter { effect in
            effect.isWork && !self.flights.contains { $0.effect.concernsTheSame(as: effect) }
        }
    }

    var nextWake: Instant? {
        for case .wake(let at) in self.subject.pending { return at }
        return nil
    }

    private mutating func work(_ effects: Int) throws(Violation) {
        for index in self.flights.indices.reversed() where index < self.flights.count {
            try self.land(index)
            try self.deliver(index)
        }
        for _ in 0..<effects {
            guard let effect = self.sendable.first else { return }
            try self.send(effect, .none)
            if !self.flights.isEmpty { try self.deliver(self.flights.count - 1) }
        }
    }

    /// Time is wall time; the engine gives up on what has not answered by then, and wakes the lane.
    private mutating func move(to instant: Instant) throws(Violation) {
        if instant > self.now {
            self.now = instant
            self.flights.removeAll { $0.fault == .hangs || $0.fault == .hangsAfterItDid }
        }
        try self.tell(.tick(at: self.now))
    }

    /// The facts about the queue, as an engine would gather them.
    mutating func evaluate(_ verdicts: UInt16) throws(Violation) {
        let lane = self.subject.lane
        guard self.subject.pending.contains(.evaluate) else { return }
        let isFirst = lane.serving.isEmpty
        let evaluations = lane.queue.enumerated().map { index, queued in
            let release = self.setting.releases.first { $0.candidate == queued.candidate } ?? self.setting.releases[0]
            let gate: GateResult =
                switch (verdicts >> UInt16(index % 8 * 2)) & 3 {
                case 0: GateResult(gate: "tests", verdict: .pass, reason: "12 passed")
                case 1: GateResult(gate: "approval", verdict: nil, reason: "somebody has to say yes")
                case 2: GateResult(gate: "soak", verdict: nil, reason: "too short", passesAt: self.now + .seconds(30))
                default: GateResult(gate: "tests", verdict: .fail, reason: "1 failed")
                }
            return Lane.Evaluation(
                number: queued.number, facts: AdmissionFacts(definition: 1, gates: [gate], readings: []),
                plan: isFirst ? release.first : release.later)
        }
        try self.tell(.evaluated(evaluations, at: self.now))
    }

    /// The target's own word on what is ready.
    mutating func observe() throws(Violation) {
        for number in self.subject.lane.capacities.keys.sorted() {
            guard let capacity = self.subject.lane.capacities[number] else { continue }
            let isReady = self.world.instances[number]?.isReady == true
            switch capacity.state {
            case .ready: if !isReady { try self.hear(.capacityLost(number, reason: "none answers")) }
            case .wanted:
                if isReady {
                    let deaths = (capacity.deaths?.count ?? 0) + 1
                    try self.hear(.instancesDied(number, count: deaths, last: "all were killed"))
                    try self.hear(.capacityBack(number))
                }
            case .retiring: break
            }
        }
    }

    /// The engine starts again under a new term: folds the events, says what the router should do, asks what is there.
    private mutating func crash() throws(Violation) {
        self.troubles.insert(.engineDies)
        try self.refold()
        self.orphans = self.flights.filter { !$0.hasLanded }
        self.flights = []
        self.term = Term(self.term.number + 1)
        try self.restoreRouting()
        try self.observe()
    }

    /// The machine starts again: nothing runs, and nothing is under way. The engine brings back what last served, as far
    /// as it comes back.
    private mutating func reboot(comesBack: Bool) throws(Violation) {
        if !self.world.instances.isEmpty { self.troubles.insert(.machineRestarts) }
        try self.refold()
        self.world.reboot()
        self.orphans = []
        self.flights = []
        self.term = Term(self.term.number + 1)
        if comesBack, self.subject.lane.takingDown == nil { self.world.supervise() }
        try self.restoreRouting()
        try self.observe()
    }

    /// The router may have died with the machine: what stands is said again, which changes nothing where it stands.
    mutating func restoreRouting() throws(Violation) {
        let lane = self.subject.lane
        guard lane.routing.generation > 0, lane.takingDown == nil, self.world.routes != nil else { return }
        let routes = LaneWorld.Routes(
            generation: lane.routing.generation, weights: lane.routing.weights.filter { $0.value > .zero },
            preview: lane.routing.preview)
        do throws(TargetError) { try self.world.route(routes, term: self.term) } catch {
            throw Violation(.worldAgreesAtRest, "the router refused the engine that owns it: \(error)")
        }
        try self.hear(.routed(generation: routes.generation))
    }

    private mutating func landOrphan(_ slot: Int) throws(Violation) {
        guard !self.orphans.isEmpty else { return }
        let orphan = self.orphans.remove(at: slot % self.orphans.count)
        let flights = self.flights
        self.flights = [orphan]
        if orphan.fault != .hangs {
            self.troubles.insert(.oldEffectLands)
            try self.land(0)
        }
        self.flights = flights
    }

    func refold() throws(Violation) {
        var again = Lane()
        for event in self.events {
            do { try again.apply(event) } catch {
                throw Violation(.refoldIsTheSame, "\(event.kind) is refused when it is read again: \(error.message)")
            }
        }
        guard again == self.subject.lane else {
            throw Violation(.refoldIsTheSame, "the events give another state than the one that wrote them")
        }
    }
}
