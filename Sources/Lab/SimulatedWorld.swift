package import Core
package import Ports

/// What is really there at a simulated target: for each lane its instances and its router, and who answers at which
/// address.
package struct SimulatedWorld: Sendable {
    /// The calls of the doors that faults are planned for.
    package enum Call: String, Sendable, CaseIterable {
        case ensure, stop, apply, remove
    }

    struct LaneThere: Sendable {
        var truth = LaneWorld()
        var orders: [Int: CapacityOrder] = [:]
        var addresses: [Int: [ListenAddress]] = [:]
        var restarts: [Int: Int] = [:]
        var routerDeaths: RouterDeaths?
        /// Why the router can\'t be started.
        var routerTrouble: String?
        var output: [Int: [String]] = [:]
        var routing: Routing?
        var preview: ListenAddress?
        /// Requests that have begun and not ended, by capacity.
        var underWay: [Int: Int] = [:]
        /// What the router has counted since its process began, by capacity.
        var counts: [Int: ArmCounts] = [:]
        /// What the shares of earlier requests left over.
        struct Rest: Sendable {
            var requests = 0
            var errors = 0
        }
        var rests: [Int: Rest] = [:]
        /// Rises with each new process of the router.
        var epoch = 1
    }

    var lanes: [LaneID: LaneThere] = [:]
    /// The version that answers at an address.
    private var versions: [ListenAddress: String] = [:]
    /// Releases whose instances run and never become ready.
    package var sick: Set<ReleaseID> = []
    private var faults: [Call: [Fault]] = [:]
    private var lastPort = 10_000

    package init() {}

    /// The next calls of this kind behave so, one after the other; those after them are healthy again.
    package mutating func plan(_ faults: [Fault], for call: Call) { self.faults[call, default: []] += faults }

    /// How many planned faults are still to come.
    package func faultsLeft(for call: Call) -> Int { self.faults[call]?.count ?? 0 }

    mutating func nextFault(_ call: Call) -> Fault {
        guard let first = self.faults[call]?.first else { return .none }
        self.faults[call]?.removeFirst()
        return first
    }

    /// New addresses, at each of which this version answers.
    package mutating func open(_ version: String, count: Int) -> [ListenAddress] {
        (0..<count).compactMap { _ in
            self.lastPort += 1
            let address = ListenAddress("127.0.0.1:\(self.lastPort)")
            if let address { self.versions[address] = version }
            return address
        }
    }

    /// What answers at these addresses is gone, or is there again.
    package mutating func end(_ addresses: [ListenAddress]) {
        for address in addresses { self.versions[address] = nil }
    }

    package mutating func open(_ version: String, at addresses: [ListenAddress]) {
        for address in addresses { self.versions[address] = version }
    }

    package func truth(of lane: LaneID) -> LaneWorld { self.lanes[lane]?.truth ?? LaneWorld() }

    // MARK: Instances

    mutating func ensure(_ order: CapacityOrder, term: Term) throws(TargetError) -> CapacityReport {
        let number = order.key.number
        var lane = self.lanes[order.key.lane] ?? LaneThere()
        try lane.truth.accept(term)
        lane.orders[number] = order
        if self.sick.contains(order.release) {
            lane.output[number, default: []] += ["starting \(order.version)", "\(order.version) can't open its data"]
        } else {
            try lane.truth.raise(number, term: term)
            let have = lane.addresses[number] ?? []
            let more = self.open(order.version, count: max(0, order.replicas - have.count))
            lane.addresses[number] = Array((have + more).prefix(order.replicas))
        }
        self.lanes[order.key.lane] = lane
        return self.report(order.key) ?? self.pretendReady(order)
    }

    /// What the runtime says when it lies: all are ready.
    mutating func pretendReady(_ order: CapacityOrder) -> CapacityReport {
        self.lanes[order.key.lane, default: LaneThere()].truth.pretendReady(order.key.number)
        return CapacityReport(
            key: order.key, ready: order.replicas, wanted: order.replicas, restarts: 0, lastLines: [])
    }

    mutating func stop(_ key: CapacityKey, term: Term) throws(TargetError) {
        var lane = self.lanes[key.lane] ?? LaneThere()
        try lane.truth.stop(key.number, term: term)
        for address in lane.addresses[key.number] ?? [] { self.versions[address] = nil }
        lane.addresses[key.number] = nil
        lane.orders[key.number] = nil
        self.lanes[key.lane] = lane
    }

    func report(_ key: CapacityKey) -> CapacityReport? {
        guard let lane = self.lanes[key.lane], let order = lane.orders[key.number] else { return nil }
        let ready = self.addresses(key).count
        return CapacityReport(
            key: key, ready: ready, wanted: order.replicas, restarts: lane.restarts[key.number] ?? 0,
            lastLines: ready < order.replicas ? Array((lane.output[key.number] ?? []).suffix(20)) : [],
            lastDeath: lane.restarts[key.number].map { _ in "all instances were killed" })
    }

    func addresses(_ key: CapacityKey) -> [ListenAddress] {
        guard let lane = self.lanes[key.lane], lane.truth.instances[key.number]?.isReady == true else { return [] }
        return lane.addresses[key.number] ?? []
    }

    /// All instances of a capacity die; the runtime starts them again at the next `supervise`.
    package mutating func kill(_ key: CapacityKey) { self.lanes[key.lane]?.truth.kill(key.number) }

    /// What died is started again, as a runtime does by itself.
    package mutating func supervise(_ lane: LaneID) {
        for (number, instances) in self.truth(of: lane).instances where !instances.isReady {
            self.lanes[lane]?.restarts[number, default: 0] += 1
        }
        self.lanes[lane]?.truth.supervise()
    }

    // MARK: Router

    /// The router's process is killed and comes back from its file.
    package mutating func restartRouter(_ lane: LaneID) {
        let count = (self.lanes[lane]?.routerDeaths?.count ?? 0) + 1
        self.lanes[lane]?.routerDeaths = RouterDeaths(count: count, last: "the router was killed")
        self.lanes[lane]?.truth.restartRouter()
    }

    /// The router's process ended and can't be started again, for this reason; nil: it can, and runs.
    package mutating func keepRouterDown(_ lane: LaneID, _ trouble: String?) {
        self.lanes[lane, default: LaneThere()].routerTrouble = trouble
    }

    mutating func apply(_ routing: Routing, term: Term) throws(TargetError) -> RoutingReport {
        var lane = self.lanes[routing.lane] ?? LaneThere()
        try Self.check(routing)
        var weights: [Int: BasisPoints] = [:]
        for arm in routing.arms where arm.weight > .zero { weights[arm.capacity.number] = arm.weight }
        try lane.truth.route(
            LaneWorld.Routes(generation: routing.generation, weights: weights, preview: routing.preview?.number),
            term: term)
        lane.routing = routing
        if routing.preview == nil {
            lane.preview = nil
        } else if lane.preview == nil {
            lane.preview = self.open("", count: 1).first
        }
        self.lanes[routing.lane] = lane
        return Self.report(routing, preview: lane.preview)
    }

    private static func check(_ routing: Routing) throws(TargetError) {
        guard !routing.arms.isEmpty else {
            throw TargetError(.emptyRouting, "a routing without arms would serve nobody", retryable: false)
        }
        let sum = routing.arms.reduce(0) { $0 + $1.weight.count }
        guard sum == 10_000 || sum == 0, Set(routing.arms.map(\.capacity)).count == routing.arms.count,
            routing.arms.allSatisfy({ $0.capacity.lane == routing.lane })
        else {
            throw TargetError(.invalid, "weights of one lane's capacities, each once, sum to 10,000", retryable: false)
        }
        if let preview = routing.preview, !routing.arms.contains(where: { $0.capacity == preview }) {
            throw TargetError(.unknownCapacity, "\(preview) is on the preview and is no arm", retryable: false)
        }
    }

    static func report(_ routing: Routing, preview: ListenAddress?) -> RoutingReport {
        let weights = Dictionary(routing.arms.map { ($0.capacity, $0.weight) }, uniquingKeysWith: { first, _ in first })
        let addresses = Dictionary(
            routing.arms.map { ($0.capacity, Set($0.addresses)) }, uniquingKeysWith: { first, _ in first })
        return RoutingReport(
            generation: routing.generation, weights: weights, preview: preview, addresses: addresses)
    }

    /// What the router says when it lies.
    mutating func pretendRouted(_ routing: Routing) -> RoutingReport {
        self.lanes[routing.lane, default: LaneThere()].truth.routerLies()
        return Self.report(routing, preview: nil)
    }

    mutating func remove(_ lane: LaneID, term: Term) throws(TargetError) {
        var there = self.lanes[lane] ?? LaneThere()
        try there.truth.removeRouter(term: term)
        there.routing = nil
        there.preview = nil
        there.routerDeaths = nil
        there.routerTrouble = nil
        self.lanes[lane] = there
    }

    // MARK: Traffic

    /// The capacity that one request of this user reaches at an address; nil: refused. A user keeps the bucket, so
    /// that a
    /// newer version's share only grows by new users.
    package func capacity(at address: ListenAddress, user: String, header: String?) -> CapacityKey? {
        for lane in self.lanes.values {
            guard let routing = lane.routing else { continue }
            if address == lane.preview { return routing.preview }
            guard address == routing.listen else { continue }
            if let preview = routing.preview, header == routing.previewHeader { return preview }
            let bucket = user.utf8.reduce(UInt64(14_695_981_039_346_656_037)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
            var mixed = SeededGenerator(seed: bucket)
            var left = mixed.below(10_000)
            for arm in routing.arms.sorted(by: { $0.capacity.number > $1.capacity.number }) {
                if left < arm.weight.count { return self.fallback(of: arm, routing)?.capacity ?? arm.capacity }
                left -= arm.weight.count
            }
        }
        return nil
    }

    /// The arm that answers the users of one which has nobody; nil: it has somebody, or no other has.
    private func fallback(of arm: Routing.Arm, _ routing: Routing) -> Routing.Arm? {
        func answers(_ arm: Routing.Arm) -> Bool { arm.addresses.contains { self.versions[$0] != nil } }
        return answers(arm) ? nil : routing.arms.first { $0.weight > .zero && answers($0) }
    }

    /// The arm whose user this is, if the other one answers it; nil: none.
    package func fallenBack(at address: ListenAddress, user: String) -> CapacityKey? {
        var whole = self
        for arm in self.lanes.values.compactMap(\.routing).flatMap(\.arms) {
            whole.open(arm.version, at: arm.addresses)
        }
        let own = whole.capacity(at: address, user: user, header: nil)
        return own == self.capacity(at: address, user: user, header: nil) ? nil : own
    }

    package mutating func countFallback(_ key: CapacityKey) {
        self.count(key, requests: 0, errors: 0)
        let before = self.lanes[key.lane]?.counts[key.number]?.fallback ?? 0
        self.lanes[key.lane]?.counts[key.number]?.fallback = before + 1
    }

    /// The version that answers a request, by whoever is at one of its arm's addresses; nil: refused.
    package func answer(at address: ListenAddress, user: String, header: String?) -> String? {
        guard let key = self.capacity(at: address, user: user, header: header) else { return nil }
        let arm = self.lanes[key.lane]?.routing?.arms.first { $0.capacity == key }
        return arm?.addresses.lazy.compactMap { self.versions[$0] }.first
    }

    /// What the router counted of each arm.
    package func counts(_ lane: LaneID) -> TrafficCounts? {
        guard let there = self.lanes[lane], let routing = there.routing else { return nil }
        var arms: [CapacityKey: ArmCounts] = [:]
        for arm in routing.arms {
            var counts =
                there.counts[arm.capacity.number]
                ?? ArmCounts(epoch: "", weight: .zero, requests: 0, errors: 0)
            counts.epoch = "process \(there.epoch)"
            counts.weight = arm.weight
            arms[arm.capacity] = counts
        }
        return TrafficCounts(arms: arms)
    }

    /// The requests of an interval were answered so.
    package mutating func count(_ key: CapacityKey, requests: Int, errors: Int, times: [Int] = []) {
        var counts =
            self.lanes[key.lane]?.counts[key.number] ?? ArmCounts(epoch: "", weight: .zero, requests: 0, errors: 0)
        counts.requests += requests
        counts.errors += errors
        if !times.isEmpty {
            if counts.times.isEmpty { counts.times = Array(repeating: 0, count: times.count) }
            for (index, more) in times.enumerated() { counts.times[index] += more }
            counts.timed += times.reduce(0, +)
        }
        self.lanes[key.lane]?.counts[key.number] = counts
    }

    /// So many requests come to each lane and are shared as its router shares them; `failing` says which versions fail
    /// how many of a thousand. What does not divide evenly is kept for the next time, so nothing is left to chance.
    package mutating func serve(_ requests: Int, failing: [String: Int] = [:]) {
        for (id, there) in self.lanes {
            guard let routing = there.routing else { continue }
            for arm in routing.arms where arm.weight > .zero {
                let number = arm.capacity.number
                var rest = there.rests[number] ?? LaneThere.Rest()
                rest.requests += requests * arm.weight.count
                let come = rest.requests / 10_000
                rest.requests %= 10_000
                rest.errors += come * (failing[arm.version] ?? 0)
                let errors = rest.errors / 1_000
                rest.errors %= 1_000
                self.lanes[id]?.rests[number] = rest
                self.count(arm.capacity, requests: come, errors: errors)
            }
        }
    }

    /// The router's process is another one: it counts from 0.
    package mutating func forgetCounts(of lane: LaneID) {
        self.lanes[lane]?.epoch += 1
        self.lanes[lane]?.counts = [:]
    }

    package mutating func countUnderWay(_ key: CapacityKey, by difference: Int) {
        self.lanes[key.lane]?.underWay[key.number, default: 0] += difference
    }
}
