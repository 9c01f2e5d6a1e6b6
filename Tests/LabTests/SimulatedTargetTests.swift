import Core
import Kits
import Lab
import Ports
import Testing

/// The simulated runtime and router are doors like the real ones.
struct SimulatedTargetTests {
    @Test(arguments: RuntimeKit.Check.allCases)
    func `the runtime conforms`(_ check: RuntimeKit.Check) async throws {
        try await RuntimeKit { body in
            let target = SimulatedTarget(clock: VirtualClock())
            let healthy = try order(1)
            let sick = try order(2)
            target.with { $0.sick = [sick.release] }
            try await body(RuntimeKit.Stage(runtime: target.runtime, healthy: healthy, sick: sick))
        }.run(check)
    }

    @Test(arguments: RouterKit.checks)
    func `the router conforms`(_ check: RouterKit.Check) async throws {
        try await check.run(
            SimulatedRouterWorld(target: SimulatedTarget(clock: VirtualClock()), lane: lane(), listen: listen()))
    }

    @Test func `faults come in the order of the plan`() async throws {
        let target = SimulatedTarget(clock: VirtualClock())
        let order = try order(1)
        target.with { $0.plan([.failsForNow, .failsForGood, .liesDone, .liesFailed, .answersTwice], for: .ensure) }
        let runtime = target.runtime
        await #expect { try await runtime.ensure(order, term: Term(1)) } throws: {
            ($0 as? TargetError)?.retryable == true
        }
        await #expect { try await runtime.ensure(order, term: Term(1)) } throws: {
            ($0 as? TargetError)?.retryable == false
        }
        #expect(try await runtime.ensure(order, term: Term(1)).ready == 2)
        #expect(try await runtime.addresses(order.key).isEmpty)
        await #expect(throws: TargetError.self) { try await runtime.ensure(order, term: Term(1)) }
        #expect(try await runtime.addresses(order.key).count == 2)
        #expect(try await runtime.ensure(order, term: Term(1)).ready == 2)
        #expect(try await runtime.observe(order.key.lane).map(\.ready) == [2])
    }

    @Test func `what dies is not ready until the runtime starts it again`() async throws {
        let target = SimulatedTarget(clock: VirtualClock())
        let order = try order(1)
        _ = try await target.runtime.ensure(order, term: Term(1))
        target.with { $0.kill(order.key) }
        #expect(try await target.runtime.observe(order.key.lane).map(\.ready) == [0])
        target.with { $0.supervise(order.key.lane) }
        let report = try #require(try await target.runtime.observe(order.key.lane).first)
        #expect(report.ready == 2)
        #expect(report.restarts == 1)
    }

    @Test func `a call that hangs ends when it is cancelled, and a late one is done when its time has come`()
        async throws
    {
        let clock = VirtualClock()
        let target = SimulatedTarget(clock: clock, delay: .seconds(30))
        let order = try order(1)
        target.with { $0.plan([.hangs, .isLate], for: .ensure) }
        let hanging = Task { try await target.runtime.ensure(order, term: Term(1)) }
        while target.with({ $0.faultsLeft(for: .ensure) == 2 }) { await Task.yield() }
        hanging.cancel()
        await #expect(throws: CancellationError.self) { try await hanging.value }
        let late = Task { try await target.runtime.ensure(order, term: Term(1)) }
        while clock.sleepers == 0 { await Task.yield() }
        #expect(try await target.runtime.addresses(order.key).isEmpty)
        clock.advance(.seconds(30))
        #expect(try await late.value.ready == 2)
    }
}

struct VirtualClockTests {
    @Test func `who waits wakes up when the clock has moved far enough, in order`() async {
        let clock = VirtualClock()
        let start = clock.now()
        async let first: Void = clock.wait(until: start + .seconds(10))
        async let second: Void = clock.wait(until: start + .seconds(20))
        while clock.sleepers < 2 { await Task.yield() }
        #expect(clock.nextWake == start + .seconds(10))
        clock.advance(.seconds(10))
        await first
        #expect(clock.sleepers == 1)
        clock.set(start + .seconds(20))
        await second
        await clock.wait(until: start)
    }

    @Test func `who is cancelled stops waiting`() async {
        let clock = VirtualClock()
        let waiting = Task { await clock.wait(until: clock.now() + .hours(1)) }
        while clock.sleepers == 0 { await Task.yield() }
        waiting.cancel()
        await waiting.value
        #expect(clock.sleepers == 0)
    }
}

private func lane() throws -> LaneID {
    LaneID(
        service: try #require(ServiceName("storefront")), environment: try #require(EnvironmentName("production")))
}

private func listen() throws -> ListenAddress { try #require(ListenAddress("127.0.0.1:7003")) }

private func order(_ number: Int) throws -> CapacityOrder {
    CapacityOrder(
        key: CapacityKey(lane: try lane(), number: number), release: try #require(ReleaseID("r-\(number)")),
        version: "\(number).0.0", artifact: try #require(Digest("sha256:" + String(repeating: "0", count: 64))),
        command: "./serve", replicas: 2, health: HealthCheck(), variables: [:])
}

/// Users and instances of the simulated world.
private struct SimulatedRouterWorld: RouterWorld {
    let target: SimulatedTarget
    let lane: LaneID
    let listen: ListenAddress

    var router: any Router { self.target.router }

    func instances(of version: String, count: Int) async throws -> [ListenAddress] {
        self.target.with { $0.open(version, count: count) }
    }

    func ask(at address: ListenAddress, user: String, header: String?) async throws -> String? {
        self.target.with { world in
            if let key = world.capacity(at: address, user: user, header: header) {
                world.count(key, requests: 1, errors: 0)
            }
            if header == nil, let key = world.fallenBack(at: address, user: user) { world.countFallback(key) }
            return world.answer(at: address, user: user, header: header)
        }
    }

    func end(_ addresses: [ListenAddress]) async throws { self.target.with { $0.end(addresses) } }

    func startAgain(_ version: String, at addresses: [ListenAddress]) async throws {
        self.target.with { $0.open(version, at: addresses) }
    }

    func fail(at address: ListenAddress, user: String) async throws {
        try self.target.with { world in
            let key = try #require(world.capacity(at: address, user: user, header: nil))
            world.count(key, requests: 1, errors: 1)
        }
    }

    func endProcess() async throws {
        let lane = self.lane
        self.target.with { $0.forgetCounts(of: lane) }
    }

    func whileUnderWay(at address: ListenAddress, _ body: @Sendable () async throws -> Void) async throws {
        let key = try #require(self.target.with { $0.capacity(at: address, user: "one", header: nil) })
        self.target.with { $0.countUnderWay(key, by: 1) }
        try await body()
        self.target.with { $0.countUnderWay(key, by: -1) }
    }
}
