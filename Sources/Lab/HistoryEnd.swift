import Core
import Ports

// The end of a history: the world is well, time passes, nobody asks for anything. The lane must come to rest.
extension HistoryRun {
    /// Nothing is under way, and nothing but waiting is outstanding.
    package var isAtRest: Bool {
        let lane = self.subject.lane
        return lane.deployment == nil && lane.takingDown == nil && lane.nextRollback == nil
            && self.nothingToDo
    }

    package mutating func end() throws(Violation) {
        try self.refold()
        self.orphans = []
        self.flights = []
        self.world.supervise()
        if self.subject.lane.deployment?.pause != nil {
            try self.tell(.intent(.resume(number: nil, reason: "goes on"), by: .person("anna"), at: self.now))
        }
        for _ in 0..<120 {
            try self.observe()
            try self.workAll()
            try self.evaluate(0)
            if self.isAtRest { return try self.compareWorld() }
            try self.judgeKindly()
            // A person who asked stays asked: only what waits for time moves on.
            guard self.nothingToDo, let wake = self.nextWake else { continue }
            if wake > self.now { self.now = wake }
            try self.tell(.tick(at: self.now))
        }
        let lane = self.subject.lane
        let state = lane.deployment.map { "deployment \($0.number), step \($0.step)" } ?? "no deployment"
        throw Violation(
            .comesToRest, "after 120 rounds in a healthy world: \(state), outstanding \(self.subject.pending)")
    }

    /// The judge sees good traffic as soon as a step may end.
    private mutating func judgeKindly() throws(Violation) {
        guard let deployment = self.subject.lane.watched, let until = deployment.stepUntil,
            case .observe(_, let times) = deployment.currentStep
        else { return }
        self.now = max(self.now, Instant(milliseconds: until.milliseconds - (times.atMost - times.atLeast).count))
        try self.hear(.judged(number: deployment.number, HistoryStep.Saying.certified.judgement(at: self.now)))
    }

    private var nothingToDo: Bool { !self.subject.pending.contains { $0.isWork } }

    private mutating func workAll() throws(Violation) {
        for _ in 0..<30 {
            guard let effect = self.subject.pending.first(where: { $0.isWork }) else { return }
            try self.send(effect, .none)
            while let last = self.flights.indices.last { try self.deliver(last) }
        }
    }

    /// What the lane believes is what is there.
    private func compareWorld() throws(Violation) {
        let lane = self.subject.lane
        let capacities = Set(lane.capacities.keys)
        let there = Set(self.world.instances.keys).subtracting(self.world.abandoned.subtracting(capacities))
        guard there == capacities else {
            throw Violation(.worldAgreesAtRest, "instances \(there.sorted()), the lane knows \(capacities.sorted())")
        }
        if let unready = capacities.first(where: { lane.capacities[$0]?.state != .ready }) {
            throw Violation(
                .comesToRest, "capacity \(unready) is still \(lane.capacities[unready]?.state.rawValue ?? "")")
        }
        let weights = lane.routing.weights.filter { $0.value > .zero }
        guard !self.world.routerLied, let routes = self.world.routes else { return }
        // A router that did and said that it could not, before it ever confirmed anything, is given up without traffic.
        guard routes.weights == weights, weights.isEmpty || routes.preview == lane.routing.preview else {
            throw Violation(.worldAgreesAtRest, "the router does \(routes), the lane wants \(lane.routing)")
        }
    }
}

extension Lane.Effect {
    /// Something to do, not to wait for.
    var isWork: Bool {
        switch self {
        case .wake, .evaluate: false
        case .route, .raise, .scale, .retire, .verify, .task, .removeRouter: true
        }
    }
}
