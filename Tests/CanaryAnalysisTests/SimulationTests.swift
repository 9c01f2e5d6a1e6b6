import RolloutSimulation
import Testing

/// A few of the rollouts that `make bench` simulates by the thousand.
struct SimulationTests {
    static let seed: UInt64 = 20_261_124

    @Test(arguments: Array((Scenario.healthy + Scenario.broken).enumerated()))
    func `a recorded rollout is decided in the scrape in which the plain rule decides it`(
        number: Int, scenario: Scenario
    ) throws {
        let rollout = try Rollout(scenario, seed: Self.seed, number: number, run: 0)
        #expect(rollout.judge == rollout.reference)
        #expect((rollout.judge.rolledBack == nil) == scenario.isHealthy, "\(scenario.name)")
    }

    @Test func `the comparison sees a judge that does not know how errors cluster`() throws {
        let number = Scenario.healthy.count - 1
        let rollout = try Rollout(Scenario.healthy[number], seed: Self.seed, number: number, run: 0)
        #expect(rollout.unmeasured != rollout.reference)
    }

    @Test func `twice the errors are found on the day after, and none without a change`() throws {
        func alarm(_ ratio: Double) throws -> Int? {
            try DayAfter(ratio: ratio, levels: .equal, release: nil, seed: Self.seed, number: 0, run: 0).alarmAt
        }
        #expect(try alarm(1) == nil)
        let found = try #require(try alarm(2))
        #expect((DayAfter.changeAt..<DayAfter.changeAt + 480).contains(found))
    }
}
