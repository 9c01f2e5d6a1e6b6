package import Core
package import Ports
import Synchronization

/// A target that is simulated: a runtime and a router over one world, with faults by plan.
package final class SimulatedTarget: Sendable {
    private let world: Mutex<SimulatedWorld>
    private let clock: any TimeSource
    /// How late a late effect is.
    private let delay: Milliseconds

    package init(clock: any TimeSource, delay: Milliseconds = .seconds(30)) {
        self.world = Mutex(SimulatedWorld())
        self.clock = clock
        self.delay = delay
    }

    package var runtime: any Runtime { SimulatedRuntime(target: self) }
    package var router: any Router { SimulatedRouter(target: self) }

    /// Looks at the world, or changes it behind the doors' backs.
    package func with<T: Sendable>(_ body: @Sendable (inout SimulatedWorld) throws -> T) rethrows -> T {
        try self.world.withLock { world in try body(&world) }
    }

    /// One call of a door, with the fault that is planned for it. `pretend` gives the answer of a liar.
    fileprivate func call<T: Sendable>(
        _ call: SimulatedWorld.Call, _ work: @escaping @Sendable (inout SimulatedWorld) throws -> T,
        pretend: @escaping @Sendable (inout SimulatedWorld) -> T
    ) async throws -> T {
        switch self.with({ $0.nextFault(call) }) {
        case .none: return try self.with(work)
        case .failsForNow: throw TargetError(.unreachable, "the target can't be reached now", retryable: true)
        case .failsForGood: throw TargetError(.failed, "the target can't do this", retryable: false)
        case .hangs: return try await Self.never()
        case .hangsAfterItDid:
            _ = try self.with(work)
            return try await Self.never()
        case .liesDone: return self.with(pretend)
        case .liesFailed:
            _ = try self.with(work)
            throw TargetError(.failed, "the target says that it can't do this", retryable: false)
        case .isLate:
            await self.clock.wait(until: self.clock.now() + self.delay)
            return try self.with(work)
        case .answersTwice:
            _ = try self.with(work)
            return try self.with(work)
        }
    }

    /// Returns only by being cancelled.
    private static func never<T>() async throws -> T {
        while true { try await Task.sleep(for: .seconds(3_600)) }
    }
}

package struct SimulatedRuntime: Runtime {
    fileprivate let target: SimulatedTarget

    package func ensure(_ order: CapacityOrder, term: Term) async throws -> CapacityReport {
        try await self.target.call(.ensure) {
            try $0.ensure(order, term: term)
        } pretend: {
            $0.pretendReady(order)
        }
    }

    package func stop(_ key: CapacityKey, drain: Milliseconds, term: Term) async throws {
        try await self.target.call(.stop) {
            try $0.stop(key, term: term)
        } pretend: { _ in
        }
    }

    package func observe(_ lane: LaneID) async throws -> [CapacityReport] {
        self.target.with { world in
            let numbers = world.lanes[lane]?.orders.keys.sorted() ?? []
            return numbers.compactMap { world.report(CapacityKey(lane: lane, number: $0)) }
        }
    }

    package func addresses(_ key: CapacityKey) async throws -> [ListenAddress] {
        self.target.with { $0.addresses(key) }
    }

    package func output(_ key: CapacityKey, lines: Int) async throws -> [String] {
        self.target.with { Array(($0.lanes[key.lane]?.output[key.number] ?? []).suffix(max(0, lines))) }
    }
}

package struct SimulatedRouter: Router {
    fileprivate let target: SimulatedTarget

    package func apply(_ routing: Routing, term: Term) async throws -> RoutingReport {
        try await self.target.call(.apply) {
            try $0.apply(routing, term: term)
        } pretend: {
            $0.pretendRouted(routing)
        }
    }

    package func read(_ lane: LaneID) async throws -> RoutingReport? {
        self.target.with { world in
            let there = world.lanes[lane]
            return there?.routing.map { SimulatedWorld.report($0, preview: there?.preview) }
        }
    }

    package func counts(_ lane: LaneID) async throws -> TrafficCounts? { self.target.with { $0.counts(lane) } }

    package func requestsUnderWay(_ key: CapacityKey) async throws -> Int {
        self.target.with { $0.lanes[key.lane]?.underWay[key.number] ?? 0 }
    }

    package func deaths(_ lane: LaneID) async throws -> RouterDeaths? {
        self.target.with { $0.lanes[lane]?.routerDeaths }
    }

    package func trouble(_ lane: LaneID) async -> String? { self.target.with { $0.lanes[lane]?.routerTrouble } }

    package func remove(_ lane: LaneID, term: Term) async throws {
        try await self.target.call(.remove) {
            try $0.remove(lane, term: term)
        } pretend: {
            $0.lanes[lane]?.truth.routerLies()
        }
    }
}
