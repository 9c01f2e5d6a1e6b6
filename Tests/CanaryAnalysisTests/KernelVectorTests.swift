import CanaryAnalysis
import Foundation
import Testing

/// The other kernels on the recorded counts.
struct KernelVectorTests {
    @Test func `the rule of a rollout decides as in the vectors`() throws {
        for vector in try Vectors.of("judge") {
            let metrics = try vector.objects("metrics")
            let streams = try metrics.map { try #require($0.fields["streams"] as? [[[Double]]]) }
            var rule = try RolloutRule(
                alpha: try #require(vector.number("alpha")), beta: try #require(vector.number("beta")),
                warmUp: Int(try #require(vector.number("warmup"))),
                metrics: try zip(metrics, streams).map { metric, streams in
                    try RolloutRule.Metric(
                        name: try #require(metric.fields["name"] as? String), weight: metric.number("weight") ?? 1,
                        gates: metric.fields["certify"] as? Bool ?? true, streams: streams.count,
                        settings: try OddsEvidence.Settings(
                            certificates: [metric.number("rho1") ?? 2], cap: vector.number("cap")))
                })
            for (index, expected) in try vector.objects("expect").enumerated() {
                for (metric, rows) in streams.enumerated() {
                    for (stream, row) in rows.enumerated() {
                        rule.observe(metric: metric, stream: stream, try OddsEvidenceTests.counts(row[index]))
                    }
                }
                rule.closeInterval()
                #expect(agree(rule.harm, expected.number("log_e")))
                for (metric, harm) in zip(rule.metrics, try expected.numbers("metrics")) {
                    #expect(agree(metric.harm, harm))
                }
                let state = ["continue": RolloutRule.State.pending, "rollback": .fail, "certified": .pass]
                #expect(rule.state() == state[expected.fields["state"] as? String ?? ""])
            }
        }
    }

    @Test func `closed forms on shares are those of the vectors`() throws {
        for vector in try Vectors.of("beta_binomial") {
            var sums = (canary: 0, baseline: 0)
            for (batch, expected) in zip(try vector.rows("batches"), try vector.objects("expect")) {
                sums = (sums.canary + Int(batch[0]), sums.baseline + Int(batch[1]))
                let (share, strength) = (
                    try #require(vector.number("theta")), try #require(vector.number("kappa"))
                )
                let both = try CountEvidence.share(
                    canary: sums.canary, baseline: sums.baseline, share: share, strength: strength)
                let one = try CountEvidence.greaterShare(
                    canary: sums.canary, baseline: sums.baseline, share: share, strength: strength)
                #expect(agree(both, expected.number("two_sided")))
                #expect(agree(one, expected.number("one_sided")))
            }
        }
        for vector in try Vectors.of("dirichlet_multinomial") {
            var sums = [0, 0, 0]
            for (batch, expected) in zip(try vector.rows("batches"), try vector.numbers("expect")) {
                sums = zip(sums, batch).map { $0 + Int($1) }
                let evidence = try CountEvidence.multinomial(
                    sums, probabilities: try vector.numbers("theta").map { try #require($0) },
                    strength: try #require(vector.number("kappa")))
                #expect(agree(evidence, expected))
            }
        }
    }

    @Test func `latency by counts above bounds, and its band, are those of the vectors`() throws {
        for vector in try Vectors.of("histogram") {
            let ladder = try vector.numbers("le").map { Int(try #require($0) * 1_000) }
            var settings = CanaryJudge.Settings()
            settings.latency = .init(bounds: try LatencyBounds(ladder: ladder, places: Array(ladder.indices)))
            settings.alpha = 1e-12
            var judge = try CanaryJudge(settings)
            var sums = (canary: [Int](repeating: 0, count: 7), baseline: [Int](repeating: 0, count: 7))
            for (number, (batch, expected)) in zip(
                try vector.objects("batches"), try vector.objects("expect")
            ).enumerated() {
                let canary = try batch.numbers("c").map { Int(try #require($0)) }
                let baseline = try batch.numbers("b").map { Int(try #require($0)) }
                sums = (zip(sums.canary, canary).map(+), zip(sums.baseline, baseline).map(+))
                let reception = judge.update(
                    Interval(
                        number: number, weight: 100,
                        canary: .counts(.init(requests: canary.reduce(0, +), errors: 0, times: .buckets(canary))),
                        baseline: .counts(.init(requests: baseline.reduce(0, +), errors: 0, times: .buckets(baseline))))
                )
                #expect(reception.latency == .counted)
                for (stream, harm) in zip(judge.rule.metrics[1].streams, try expected.numbers("log_harm")) {
                    #expect(agree(stream.harm, harm))
                }
                #expect(agree(judge.rule.metrics[1].harm, expected.number("log_mean")))
                #expect(
                    agree(LatencyBand.lag(canary: sums.canary, baseline: sums.baseline), expected.number("ks_plus")))
                let band = [sums.canary, sums.baseline].map {
                    LatencyBand.radius(requests: $0.reduce(0, +), alpha: 0.005)
                }
                #expect(agree(band[0] + band[1], expected.number("dkw_band")))
            }
        }
    }

    @Test func `several metrics are combined as in the vectors`() throws {
        for vector in try Vectors.of("combine") {
            let evidence = try vector.numbers("log_e").map { try #require($0) }
            let (alpha, expected) = (try #require(vector.number("alpha")), try vector.object("expect"))
            let mean = Combination.mean(evidence)
            #expect(agree(mean, expected.number("log_mean")))
            #expect(Combination.rejects(mean, alpha: alpha) == (expected.fields["reject_global"] as? Bool))
            #expect(Combination.bonferroni(evidence, alpha: alpha) == (expected.fields["bonferroni"] as? [Int]))
            #expect(Combination.eBenjaminiHochberg(evidence, alpha: alpha) == (expected.fields["ebh"] as? [Int]))
        }
        #expect(Combination.eBenjaminiHochberg([6.3, -1, 5.6], alpha: 0.01) == [0, 2])
        #expect(Combination.eBenjaminiHochberg([1, 2], alpha: 0.01).isEmpty)
        #expect(abs(Combination.mean([0, log(4)], weights: [3, 1]) - log(1.75)) < 1e-12)
    }

    @Test func `the detector against a forecast is that of the vectors`() throws {
        for vector in try Vectors.of("esr") {
            var detector = ForecastDetector(try ForecastDetector.Settings(horizon: 10, tolerated: 1))
            let expected = try vector.object("expect")
            let rows = zip(
                zip(try vector.numbers("n"), try vector.numbers("k")),
                zip(try vector.numbers("p"), zip(try expected.numbers("log_sr"), try expected.numbers("log_cusum"))))
            for ((requests, events), (rate, (sr, cusum))) in rows {
                let counts = try ArmCounts(
                    requests: Int(try #require(requests)), events: Int(try #require(events)))
                detector.update(counts, forecast: try #require(rate))
                #expect(agree(detector.evidence, sr))
                #expect(agree(detector.cusum, cusum))
            }
            #expect(detector.alarmAt == 8)
            #expect(detector.beginning == 6)
        }
    }
}
