package import Core
package import Ports

/// What is really there of one lane: instances and a router, as a value. Everything that is said about them can be
/// wrong; this is not.
package struct LaneWorld: Sendable, Equatable {
    /// The instances of one capacity.
    package struct Instances: Sendable, Equatable {
        package var isReady: Bool
        /// A fault took them down (or somebody lied about them): traffic to them is the fault's, not the machine's.
        package var isExcused: Bool
    }

    /// What the router does: weights by capacity, all of them above 0.
    package struct Routes: Sendable, Equatable {
        package var generation: Int
        package var weights: [Int: BasisPoints]
        package var preview: Int?
    }

    package private(set) var instances: [Int: Instances] = [:]
    package private(set) var routes: Routes?
    /// What the router's file says: it starts with this when its process died.
    package private(set) var file: Routes?
    /// The newest term that has spoken to this target.
    package private(set) var term = Term(0)
    /// The router said that it did what it did not do: what it sends where is the fault's.
    package private(set) var routerLied = false

    /// Capacities of which the runtime said, wrongly, that they are gone.
    package private(set) var abandoned: Set<Int> = []

    package init() {}

    /// A capacity that the router sends traffic to and that is not ready, though no fault took it down.
    package var unreadyWithTraffic: Int? {
        guard let routes, !self.routerLied else { return nil }
        for number in routes.weights.keys {
            let instances = self.instances[number]
            if instances?.isReady != true, instances?.isExcused != true { return number }
        }
        return nil
    }

    /// Whether the router sends traffic to this capacity now, by no fault of its own.
    package func serves(_ number: Int) -> Bool {
        guard !self.routerLied, let weight = self.routes?.weights[number] else { return false }
        return weight > .zero
    }

    // MARK: What the doors do

    package mutating func accept(_ term: Term) throws(TargetError) {
        guard term >= self.term else {
            throw TargetError(
                .staleTerm, "term \(term.number) is over: the target has heard term \(self.term.number)",
                retryable: false)
        }
        self.term = term
    }

    package mutating func raise(_ number: Int, term: Term) throws(TargetError) {
        try self.accept(term)
        self.instances[number] = Instances(isReady: true, isExcused: false)
    }

    package mutating func stop(_ number: Int, term: Term) throws(TargetError) {
        try self.accept(term)
        self.instances[number] = nil
    }

    /// `isConfirmed`: it was read back, and the file written.
    package mutating func route(_ routes: Routes, term: Term, isConfirmed: Bool = true) throws(TargetError) {
        try self.accept(term)
        if let now = self.routes, routes.generation < now.generation {
            throw TargetError(
                .staleGeneration, "generation \(routes.generation) is older than \(now.generation)", retryable: false)
        }
        self.routes = routes
        self.routerLied = false
        if isConfirmed { self.file = routes }
    }

    package mutating func removeRouter(term: Term) throws(TargetError) {
        try self.accept(term)
        self.routes = nil
        self.file = nil
        self.routerLied = false
    }

    // MARK: Faults

    /// All instances of a capacity die.
    package mutating func kill(_ number: Int) {
        if self.instances[number] != nil { self.instances[number] = Instances(isReady: false, isExcused: true) }
    }

    /// The runtime said that they are ready, and they are not.
    package mutating func pretendReady(_ number: Int) {
        if self.instances[number]?.isReady != true {
            self.instances[number] = Instances(isReady: false, isExcused: true)
        }
    }

    /// The runtime said that they are gone, and they are not: nobody looks after them any more.
    package mutating func abandon(_ number: Int) {
        if self.instances[number] != nil { self.abandoned.insert(number) }
    }

    package mutating func routerLies() { self.routerLied = true }

    /// The router's process dies and comes back from its file.
    package mutating func restartRouter() {
        if self.routes != nil { self.routes = self.file }
    }

    /// The machine starts again: no instance runs, and the router comes back from its file.
    package mutating func reboot() {
        for number in self.instances.keys { self.kill(number) }
        self.restartRouter()
    }

    /// What died is started again, as the runtime does by itself. Returns what is ready again.
    package mutating func supervise() {
        for number in self.instances.keys { self.instances[number]?.isReady = true }
    }
}
