package import Core
import Ports

/// One history under way: the lane, the world it believes in, and what is under way between them.
package struct HistoryRun: Sendable {
    /// An effect that was sent to the world.
    struct Flight: Sendable {
        let effect: Lane.Effect
        let term: Term
        let fault: Fault
        /// What the router is to do, as it was wanted when the effect was sent.
        let routes: LaneWorld.Routes
        var hasLanded = false
        var answers: [Lane.Answer] = []
    }

    package let setting: HistorySetting
    package internal(set) var subject: LaneUnderTest
    package internal(set) var world = LaneWorld()
    package internal(set) var events: [Lane.Event] = []
    package internal(set) var now = Instant(milliseconds: 1_800_000_000_000)
    var term = Term(1)
    var flights: [Flight] = []
    /// Sent by engines that were killed since.
    var orphans: [Flight] = []
    /// Answers that came, for those that come twice.
    var heard: [Lane.Answer] = []
    var watch = HistoryWatch()
    /// What this history has gone through so far.
    var troubles: Set<Trouble> = []

    package init(_ setting: HistorySetting, bug: PlantedBug? = nil) {
        self.setting = setting
        self.subject = LaneUnderTest(bug: bug)
        self.events.reserveCapacity(256)
    }

    package var lane: Lane { self.subject.lane }

    // MARK: The lane is told something

    /// Decides, and records what follows. A refusal changes nothing.
    @discardableResult
    mutating func tell(_ input: Lane.Input) throws(Violation) -> Int {
        let facts: [Lane.Event]
        do { facts = try self.subject.decide(input) } catch { return 0 }
        let before = self.watch.beginning(of: self.subject.lane)
        for fact in facts {
            try self.watch.check(fact, on: self.subject.lane, after: input)
            do { try self.subject.apply(fact) } catch {
                throw Violation(.historyIsLegal, "\(fact.kind): \(error.message)")
            }
            self.events.append(fact)
        }
        guard !facts.isEmpty || input.isTick else { return 0 }
        try self.watch.check(facts, since: before, on: self.subject, after: input)
        return facts.count
    }

    mutating func hear(_ answer: Lane.Answer) throws(Violation) {
        let input = Lane.Input.answer(answer, at: self.now)
        guard try self.tell(input) > 0 else { return }
        if self.heard.count == 16 { self.heard.removeFirst() }
        self.heard.append(answer)
        if let again = try? self.subject.decide(input), !again.isEmpty {
            throw Violation(.answersCountOnce, "\(answer) had an effect twice: \(again.map(\.kind.description))")
        }
    }

    // MARK: Effects

    /// Sends an effect to the world, unless something about the same thing is still under way.
    mutating func send(_ effect: Lane.Effect, _ fault: Fault) throws(Violation) {
        guard !self.flights.contains(where: { $0.effect.concernsTheSame(as: effect) }) else { return }
        let wanted = self.subject.lane.routing
        let routes = LaneWorld.Routes(
            generation: wanted.generation, weights: wanted.weights.filter { $0.value > .zero }, preview: wanted.preview)
        self.flights.append(Flight(effect: effect, term: self.term, fault: fault, routes: routes))
        switch fault {
        case .isLate: break
        case .hangs: self.troubles.insert(.hangs)
        case .none, .failsForNow, .failsForGood, .hangsAfterItDid, .liesDone, .liesFailed, .answersTwice:
            try self.land(self.flights.count - 1)
        }
    }

    /// The effect reaches the world, and the world makes its answer.
    mutating func land(_ index: Int) throws(Violation) {
        guard !self.flights[index].hasLanded, self.flights[index].fault != .hangs else { return }
        self.flights[index].hasLanded = true
        if let trouble = Trouble(self.flights[index].fault) { self.troubles.insert(trouble) }
        if self.flights[index].fault == .isLate { self.troubles.insert(.effectLandsLate) }
        self.flights[index].answers = try self.perform(self.flights[index])
    }

    /// Answers arrive; what has none left is no longer under way.
    mutating func deliver(_ index: Int) throws(Violation) {
        guard self.flights[index].hasLanded, self.flights[index].fault != .hangsAfterItDid else { return }
        let flight = self.flights.remove(at: index)
        if flight.answers.count > 1 { self.troubles.insert(.answerComesTwice) }
        if !flight.answers.isEmpty, !self.subject.pending.contains(flight.effect) {
            self.troubles.insert(.answerComesTooLate)
        }
        for answer in flight.answers { try self.hear(answer) }
    }

    private mutating func perform(_ flight: Flight) throws(Violation) -> [Lane.Answer] {
        let answer: Lane.Answer?
        do throws(TargetError) {
            answer = try self.perform(flight.effect, flight)
        } catch {
            return error.retryable || error.code == .staleTerm || error.code == .staleGeneration
                ? [] : [self.refusal(of: flight.effect, error.message)]
        }
        if let number = self.watch.wrongStop {
            throw Violation(
                .stopsOnlyWhatIsUnused, "capacity \(number) was stopped while the router sent traffic to it")
        }
        if let number = self.world.unreadyWithTraffic {
            throw Violation(.trafficOnlyToReady, "the router sends traffic to capacity \(number), which is not ready")
        }
        guard let answer else { return [] }
        return flight.fault == .answersTwice ? [answer, answer] : [answer]
    }

    /// The end of an effect that the world could not do.
    private func refusal(of effect: Lane.Effect, _ reason: String) -> Lane.Answer {
        switch effect {
        case .raise(let number): .capacityFailed(number, reason: reason, lastLines: [])
        case .scale(let number, _): .scaleFailed(number, reason: reason, lastLines: [])
        case .verify(let number, _, _): .verified(number: number, .fail, summary: reason, lastLines: [])
        case .task(let number, _, let kind):
            .taskEnded(number: number, kind, .fail, summary: reason, lastLines: [], irreversible: false)
        case .route, .retire, .evaluate, .wake, .removeRouter: .impossible(effect, reason: reason)
        }
    }

    private mutating func perform(_ effect: Lane.Effect, _ flight: Flight) throws(TargetError) -> Lane.Answer? {
        switch flight.fault {
        case .failsForNow: throw TargetError(.unreachable, "could not be reached", retryable: true)
        case .failsForGood: throw TargetError(.failed, "can't be done", retryable: false)
        case .hangs: return nil
        case .liesDone:
            try self.world.accept(flight.term)
            self.pretend(effect)
        case .none, .hangsAfterItDid, .liesFailed, .isLate, .answersTwice: try self.reallyDo(effect, flight)
        }
        return flight.fault == .liesFailed ? self.refusal(of: effect, "says no") : self.done(effect, flight)
    }

    private mutating func reallyDo(_ effect: Lane.Effect, _ flight: Flight) throws(TargetError) {
        switch effect {
        case .route:
            try self.world.route(flight.routes, term: flight.term, isConfirmed: flight.fault != .hangsAfterItDid)
        case .raise(let number), .scale(let number, _): try self.world.raise(number, term: flight.term)
        case .retire(let number):
            self.watch.note(stopOf: number, in: self.world)
            try self.world.stop(number, term: flight.term)
        case .removeRouter: try self.world.removeRouter(term: flight.term)
        case .verify, .task, .evaluate, .wake: try self.world.accept(flight.term)
        }
    }

    private mutating func pretend(_ effect: Lane.Effect) {
        switch effect {
        case .route, .removeRouter: self.world.routerLies()
        case .raise(let number), .scale(let number, _): self.world.pretendReady(number)
        case .retire(let number): self.world.abandon(number)
        case .verify, .task, .evaluate, .wake: break
        }
    }

    private func done(_ effect: Lane.Effect, _ flight: Flight) -> Lane.Answer? {
        switch effect {
        case .route: return .routed(generation: flight.routes.generation)
        case .raise(let number): return .capacityReady(number)
        case .scale(let number, let replicas): return .scaled(number, replicas: replicas)
        case .retire(let number): return .capacityGone(number)
        case .removeRouter: return .routerRemoved
        case .verify(let number, _, _): return .verified(number: number, .pass, summary: "passed", lastLines: [])
        case .task(let number, _, let kind):
            let candidate = self.subject.lane.deployment?.candidate
            let release = self.setting.releases.first { $0.candidate == candidate }
            return .taskEnded(
                number: number, kind, .pass, summary: "done", lastLines: [],
                irreversible: kind == .afterBake && release?.isIrreversible == true)
        case .evaluate, .wake: return nil
        }
    }
}

extension Lane.Effect {
    /// An engine has one thing under way for each capacity, the router, and the checks of a step.
    func concernsTheSame(as other: Lane.Effect) -> Bool {
        if let one = self.capacityWorkedOn, let two = other.capacityWorkedOn { return one == two }
        return switch (self, other) {
        case (.route, .route), (.route, .removeRouter), (.removeRouter, .route), (.removeRouter, .removeRouter): true
        case (.verify, .verify), (.task, .task): self == other
        case (.evaluate, .evaluate), (.wake, .wake): true
        default: false
        }
    }

    private var capacityWorkedOn: Int? {
        switch self {
        case .raise(let number), .retire(let number), .scale(let number, _): number
        case .route, .removeRouter, .verify, .task, .evaluate, .wake: nil
        }
    }
}

extension Lane.Input {
    var isTick: Bool {
        if case .tick = self { return true }
        return false
    }

    var now: Instant {
        switch self {
        case .intent(_, _, let now), .answer(_, let now), .evaluated(_, let now), .tick(let now): now
        }
    }
}
