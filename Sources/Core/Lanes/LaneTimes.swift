extension Lane {
    package static let timesLimit = 10
    package static let unconfirmedLimit = 100

    /// How long steps took here lately, oldest first, at most `timesLimit` each: what a rollback can be expected to take.
    package struct Times: Sendable, Equatable, Codable {
        /// From the first instance's start to all of them healthy.
        package internal(set) var starts: [Milliseconds] = []
        /// From the moment that a switch was wanted to the router's word that it is done.
        package internal(set) var switches: [Milliseconds] = []

        fileprivate static func add(_ time: Milliseconds, to times: inout [Milliseconds]) {
            guard time >= .zero else { return }
            times.append(time)
            times.removeFirst(max(0, times.count - Lane.timesLimit))
        }
    }

    /// The step before the one that starts has brought instances up. (Time in which a person had paused says nothing.)
    mutating func measureStart(_ body: StepStarted) {
        guard let deployment, deployment.number == body.number, deployment.stepIsDone, !deployment.stepWasPaused,
            case .capacity = deployment.currentStep
        else { return }
        Times.add(body.at - deployment.stepStartedAt, to: &self.times.starts)
    }

    /// The switch of the running step is done.
    mutating func measureSwitch(_ body: RoutingConfirmed) {
        guard let deployment, deployment.phase == .running, !deployment.stepIsDone, !deployment.stepWasPaused,
            body.generation == self.routing.generation, case .shift = deployment.currentStep
        else { return }
        Times.add(body.at - deployment.stepStartedAt, to: &self.times.switches)
    }

    /// Keeps what the router now does, and forgets what was wanted before that.
    mutating func keepConfirmed(_ generation: Int) {
        let wanted = self.unconfirmed + [self.routing]
        if let confirmed = wanted.last(where: { $0.generation == generation }) { self.confirmed = confirmed }
        self.unconfirmed.removeAll { $0.generation <= generation }
    }

    /// Something newer is wanted: what was wanted until now may still be confirmed.
    mutating func keepUnconfirmed() {
        guard self.routing.generation > self.confirmedGeneration else { return }
        self.unconfirmed.append(self.routing)
        self.unconfirmed.removeFirst(max(0, self.unconfirmed.count - Self.unconfirmedLimit))
    }

    /// What the router has confirmed as having traffic, with its weight. Until it confirms a switch, that is what had it
    /// before.
    package var confirmedServing: [(capacity: Capacity, weight: BasisPoints)] {
        guard self.takingDown?.routerIsGone != true else { return [] }
        return self.shares(of: self.confirmed)
    }

    /// What is wanted to have traffic, and not confirmed yet; empty when the router does what is wanted.
    package var switchingTo: [(capacity: Capacity, weight: BasisPoints)] {
        guard self.takingDown == nil, self.routing.weights != self.confirmed.weights else { return [] }
        return self.shares(of: self.routing)
    }

    /// The weight that the router has confirmed.
    package func confirmedWeight(of capacity: Int) -> BasisPoints { self.confirmed.weights[capacity] ?? .zero }

    func shares(of routing: DesiredRouting) -> [(capacity: Capacity, weight: BasisPoints)] {
        routing.weights.filter { $0.value > .zero }.sorted { $0.key < $1.key }.compactMap { number, weight in
            self.capacities[number].map { ($0, weight) }
        }
    }
}
