import Core
package import Ports
import Testing

/// What every `Runtime` must keep to. A check gets a fresh runtime and two orders from `onStage`, which also takes it
/// down again.
package struct RuntimeKit: Sendable {
    /// A fresh runtime, and orders for it in one lane that differ in their number.
    package struct Stage: Sendable {
        package var runtime: any Runtime
        /// Becomes ready.
        package var healthy: CapacityOrder
        /// Runs, prints something, and never answers its health check. Its `within` should be short.
        package var sick: CapacityOrder

        package init(runtime: any Runtime, healthy: CapacityOrder, sick: CapacityOrder) {
            self.runtime = runtime
            self.healthy = healthy
            self.sick = sick
        }
    }

    package enum Check: String, Sendable, CaseIterable {
        case ensureBringsAllUp, ensureTwiceIsOnce, moreReplicas, fewerReplicas, staleTermIsRefused, stopOfUnknownIsDone,
            stopEndsAll
        case stopTwiceIsOnce, upAgainAfterStop, sickIsReported, sickCanBeOrderedAgain, addressesOnlyOfReady,
            observeAgrees
        case capacitiesStandApart, outputIsBounded, newerTermTakesOver
    }

    private let onStage: @Sendable (@Sendable (Stage) async throws -> Void) async throws -> Void

    package init(onStage: @escaping @Sendable (@Sendable (Stage) async throws -> Void) async throws -> Void) {
        self.onStage = onStage
    }

    package func run(_ check: Check) async throws {
        try await self.onStage { stage in
            switch check {
            case .ensureBringsAllUp: try await Self.ensureBringsAllUp(stage)
            case .ensureTwiceIsOnce: try await Self.ensureTwiceIsOnce(stage)
            case .moreReplicas: try await Self.moreReplicas(stage)
            case .fewerReplicas: try await Self.fewerReplicas(stage)
            case .staleTermIsRefused: try await Self.staleTermIsRefused(stage)
            case .stopOfUnknownIsDone: try await Self.stopOfUnknownIsDone(stage)
            case .stopEndsAll: try await Self.stopEndsAll(stage)
            case .stopTwiceIsOnce: try await Self.stopTwiceIsOnce(stage)
            case .upAgainAfterStop: try await Self.upAgainAfterStop(stage)
            case .sickIsReported: try await Self.sickIsReported(stage)
            case .sickCanBeOrderedAgain: try await Self.sickCanBeOrderedAgain(stage)
            case .addressesOnlyOfReady: try await Self.addressesOnlyOfReady(stage)
            case .observeAgrees: try await Self.observeAgrees(stage)
            case .capacitiesStandApart: try await Self.capacitiesStandApart(stage)
            case .outputIsBounded: try await Self.outputIsBounded(stage)
            case .newerTermTakesOver: try await Self.newerTermTakesOver(stage)
            }
        }
    }
}

extension RuntimeKit {
    private static func up(_ order: CapacityOrder, _ stage: Stage, term: Int = 1) async throws -> [ListenAddress] {
        let report = try await stage.runtime.ensure(order, term: Term(term))
        try #require(report.ready == order.replicas, "\(report.lastLines)")
        return try await stage.runtime.addresses(order.key)
    }

    private static func ensureBringsAllUp(_ stage: Stage) async throws {
        let report = try await stage.runtime.ensure(stage.healthy, term: Term(1))
        #expect(report.key == stage.healthy.key)
        #expect(report.ready == stage.healthy.replicas)
        #expect(report.wanted == stage.healthy.replicas)
        #expect(report.restarts == 0)
        let addresses = try await stage.runtime.addresses(stage.healthy.key)
        #expect(Set(addresses).count == stage.healthy.replicas)
    }

    private static func ensureTwiceIsOnce(_ stage: Stage) async throws {
        let first = try await self.up(stage.healthy, stage)
        let second = try await self.up(stage.healthy, stage)
        #expect(first == second)
        let reports = try await stage.runtime.observe(stage.healthy.key.lane)
        #expect(reports.map(\.restarts) == [0])
    }

    private static func moreReplicas(_ stage: Stage) async throws {
        let first = try await self.up(stage.healthy, stage)
        var order = stage.healthy
        order.replicas += 1
        let second = try await self.up(order, stage)
        #expect(Set(second).isSuperset(of: first))
        #expect(second.count == first.count + 1)
    }

    private static func fewerReplicas(_ stage: Stage) async throws {
        var order = stage.healthy
        order.replicas += 1
        let first = try await self.up(order, stage)
        let second = try await self.up(stage.healthy, stage)
        #expect(Set(second).isSubset(of: first))
        #expect(second.count == first.count - 1)
    }

    private static func staleTermIsRefused(_ stage: Stage) async throws {
        let addresses = try await self.up(stage.healthy, stage, term: 5)
        let ensured = await #expect(throws: TargetError.self) {
            _ = try await stage.runtime.ensure(stage.healthy, term: Term(4))
        }
        #expect(ensured?.code == .staleTerm)
        #expect(ensured?.retryable == false)
        let stopped = await #expect(throws: TargetError.self) {
            try await stage.runtime.stop(stage.healthy.key, drain: .zero, term: Term(4))
        }
        #expect(stopped?.code == .staleTerm)
        let after = try await stage.runtime.addresses(stage.healthy.key)
        #expect(after == addresses)
    }

    private static func newerTermTakesOver(_ stage: Stage) async throws {
        let first = try await self.up(stage.healthy, stage, term: 5)
        let second = try await self.up(stage.healthy, stage, term: 6)
        #expect(first == second)
        try await stage.runtime.stop(stage.healthy.key, drain: .zero, term: Term(7))
    }

    private static func stopOfUnknownIsDone(_ stage: Stage) async throws {
        try await stage.runtime.stop(stage.healthy.key, drain: .seconds(30), term: Term(1))
        let reports = try await stage.runtime.observe(stage.healthy.key.lane)
        #expect(reports.isEmpty)
    }

    private static func stopEndsAll(_ stage: Stage) async throws {
        _ = try await self.up(stage.healthy, stage)
        try await stage.runtime.stop(stage.healthy.key, drain: .zero, term: Term(1))
        let addresses = try await stage.runtime.addresses(stage.healthy.key)
        #expect(addresses.isEmpty)
        let reports = try await stage.runtime.observe(stage.healthy.key.lane)
        #expect(reports.allSatisfy { $0.ready == 0 && $0.wanted == 0 })
    }

    private static func stopTwiceIsOnce(_ stage: Stage) async throws {
        _ = try await self.up(stage.healthy, stage)
        try await stage.runtime.stop(stage.healthy.key, drain: .zero, term: Term(1))
        try await stage.runtime.stop(stage.healthy.key, drain: .zero, term: Term(1))
    }

    private static func upAgainAfterStop(_ stage: Stage) async throws {
        _ = try await self.up(stage.healthy, stage)
        try await stage.runtime.stop(stage.healthy.key, drain: .zero, term: Term(1))
        let addresses = try await self.up(stage.healthy, stage)
        #expect(addresses.count == stage.healthy.replicas)
    }

    private static func sickIsReported(_ stage: Stage) async throws {
        let report = try await stage.runtime.ensure(stage.sick, term: Term(1))
        #expect(report.ready < report.wanted)
        #expect(report.wanted == stage.sick.replicas)
        #expect(!report.lastLines.isEmpty)
        #expect(report.lastLines.count <= 20)
        #expect(report.lastLines.allSatisfy { $0.count <= 500 })
    }

    private static func sickCanBeOrderedAgain(_ stage: Stage) async throws {
        _ = try await stage.runtime.ensure(stage.sick, term: Term(1))
        let reports = try await stage.runtime.observe(stage.sick.key.lane)
        #expect(reports.allSatisfy { $0.ready == 0 })
        // The same number with what works: the failed try left nothing in its way.
        var order = stage.healthy
        order.key = stage.sick.key
        let addresses = try await self.up(order, stage)
        #expect(addresses.count == order.replicas)
    }

    private static func addressesOnlyOfReady(_ stage: Stage) async throws {
        _ = try await stage.runtime.ensure(stage.sick, term: Term(1))
        let sick = try await stage.runtime.addresses(stage.sick.key)
        #expect(sick.isEmpty)
        let unknown = try await stage.runtime.addresses(stage.healthy.key)
        #expect(unknown.isEmpty)
    }

    private static func observeAgrees(_ stage: Stage) async throws {
        let report = try await stage.runtime.ensure(stage.healthy, term: Term(1))
        var reports = try await stage.runtime.observe(stage.healthy.key.lane)
        // Memory is different at every look, and nothing that `ensure` has to know.
        for index in reports.indices { reports[index].memory = report.memory }
        #expect(reports == [report])
    }

    private static func capacitiesStandApart(_ stage: Stage) async throws {
        let first = try await self.up(stage.healthy, stage)
        var other = stage.healthy
        other.key = CapacityKey(lane: stage.healthy.key.lane, number: stage.healthy.key.number + 100)
        let second = try await self.up(other, stage)
        #expect(Set(first).isDisjoint(with: second))
        try await stage.runtime.stop(stage.healthy.key, drain: .zero, term: Term(1))
        let after = try await stage.runtime.addresses(other.key)
        #expect(after == second)
    }

    private static func outputIsBounded(_ stage: Stage) async throws {
        _ = try await stage.runtime.ensure(stage.sick, term: Term(1))
        let all = try await stage.runtime.output(stage.sick.key, lines: 1_000)
        #expect(!all.isEmpty)
        let last = try await stage.runtime.output(stage.sick.key, lines: 1)
        #expect(last == all.suffix(1))
        let none = try await stage.runtime.output(stage.healthy.key, lines: 10)
        #expect(none.isEmpty)
    }
}
