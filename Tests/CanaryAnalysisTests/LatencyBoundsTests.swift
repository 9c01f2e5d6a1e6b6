import CanaryAnalysis
import Testing

struct LatencyBoundsTests {
    @Test func `bounds are those nearest to the baseline's percentiles`() throws {
        let ladder = [10, 20, 40, 80, 160, 320, 640]
        // p50 at 20, p75 at 40, p90 at 80, p95 at 160, p98 at 320, p99 and above at 640 or beyond.
        let baseline = [200, 300, 250, 150, 50, 30, 20, 0]
        let bounds = try #require(try LatencyBounds.nearest(bounds: ladder, baseline: baseline))
        #expect(bounds.places == [1, 2, 3, 4, 5, 6])
    }

    @Test func `each bound is taken once, and percentiles above the last are left out`() throws {
        let flat = try #require(try LatencyBounds.nearest(bounds: [100, 1_000], baseline: [10_000, 0, 0]))
        #expect(flat.places == [0])
        let slow = try #require(try LatencyBounds.nearest(bounds: [10, 20], baseline: [60, 20, 20]))
        #expect(slow.places == [0, 1])
        #expect(try LatencyBounds.nearest(bounds: [10], baseline: [0, 500]) == nil)
    }

    @Test func `no bound is so low that one tick of the clock is a step of the ladder`() throws {
        let ladder = [1, 2, 3, 4, 6, 8, 11]
        let fast = [900, 90, 9, 1, 0, 0, 0, 0]
        #expect(try LatencyBounds.nearest(bounds: ladder, baseline: fast)?.places == [0, 1, 2])
        #expect(try LatencyBounds.nearest(bounds: ladder, baseline: fast, resolution: 1)?.places == [3])
        let wide = [0, 0, 0, 0, 600, 300, 95, 5]
        #expect(try LatencyBounds.nearest(bounds: ladder, baseline: wide, resolution: 1)?.places == [4, 5, 6])
        #expect(try LatencyBounds.nearest(bounds: [10, 20], baseline: [99, 1, 0], resolution: 1)?.places == [0, 1])
        #expect(try LatencyBounds.nearest(bounds: [10], baseline: [100, 0], resolution: 50)?.places == [0])
    }

    @Test func `times around one tick are no harm, times far above it are`() throws {
        let ladder = [1, 2, 3, 4, 6, 8, 11]
        let before = [950, 45, 5, 0, 0, 0, 0, 0]
        func decision(canary: [Int]) throws -> CanaryJudge.Decision {
            var settings = CanaryJudge.Settings()
            let bounds = try LatencyBounds.nearest(bounds: ladder, baseline: before, resolution: 1)
            settings.latency = .init(bounds: try #require(bounds))
            settings.objective = nil
            var judge = try CanaryJudge(settings)
            for number in 0..<100 {
                judge.update(
                    Interval(
                        number: number, weight: 5_000,
                        canary: .counts(.init(requests: 1_000, errors: 0, times: .buckets(canary))),
                        baseline: .counts(.init(requests: 1_000, errors: 0, times: .buckets(before)))))
            }
            return judge.decision
        }
        #expect(try decision(canary: [500, 450, 50, 0, 0, 0, 0, 0]) != .fail)
        #expect(try decision(canary: [500, 300, 50, 0, 0, 50, 50, 50]) == .fail)
    }

    @Test func `too few requests fix no bounds`() throws {
        #expect(try LatencyBounds.nearest(bounds: [10, 20], baseline: [50, 49, 0]) == nil)
        #expect(try LatencyBounds.nearest(bounds: [10, 20], baseline: [0, 0, 0]) == nil)
    }

    @Test func `a shift forgives a version that is slower by a bucket`() throws {
        for (shift, fails) in [(0, true), (1, false)] {
            var settings = CanaryJudge.Settings()
            let bounds = try LatencyBounds(ladder: [10, 20, 40], places: [0, 1], shift: shift)
            settings.latency = .init(bounds: bounds)
            settings.objective = nil
            var judge = try CanaryJudge(settings)
            for number in 0..<100 {
                judge.update(
                    Interval(
                        number: number, weight: 5_000,
                        canary: .counts(.init(requests: 100, errors: 0, times: .buckets([0, 50, 49, 1]))),
                        baseline: .counts(.init(requests: 100, errors: 0, times: .buckets([50, 49, 1, 0])))))
            }
            #expect((judge.decision == .fail) == fails)
        }
    }

    @Test(
        arguments: [
            ([], [0]), ([10, 10], [1, 1]), ([20, 10], [0]), ([10, 20], []), ([10, 20], [2]), ([10, 20], [-1]),
            ([0, 5], [0]),
        ] as [([Int], [Int])])
    func `ladders and places that are none are refused`(ladder: [Int], places: [Int]) {
        #expect(throws: AnalysisProblem.self) { try LatencyBounds(ladder: ladder, places: places) }
    }

    @Test func `a baseline that does not fit its bounds is refused`() {
        #expect(throws: AnalysisProblem.self) { try LatencyBounds.nearest(bounds: [10, 20], baseline: [1, 2]) }
        #expect(throws: AnalysisProblem.self) { try LatencyBounds.nearest(bounds: [10], baseline: [-1, 200]) }
        #expect(throws: AnalysisProblem.self) { try LatencyBounds.nearest(bounds: [10], baseline: [.max, .max]) }
        #expect(throws: AnalysisProblem.self) { try LatencyBounds.nearest(bounds: [], baseline: [1]) }
    }

    @Test func `the band is infinite without requests`() {
        #expect(LatencyBand.radius(requests: 0, alpha: 0.01) == .infinity)
        #expect(LatencyBand.lag(canary: [0, 0], baseline: [1, 1]) == 0)
    }
}
