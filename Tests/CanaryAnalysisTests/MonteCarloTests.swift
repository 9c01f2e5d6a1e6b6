import CanaryAnalysis
import Foundation
import Testing

/// What the documentation promises about errors of decision, counted over many seeded runs. Bounds leave three standard
/// errors.
@Suite(.serialized) struct MonteCarloTests {
    static let seed: UInt64 = 20_261_124

    /// The greatest share of `runs` that a promise of `level` allows here.
    static func allowed(_ level: Double, _ runs: Int) -> Double {
        level + 3 * (level * (1 - level) / Double(runs)).squareRoot()
    }

    @Test(arguments: [0.01, 0.02])
    func `a version at its objective or above is certified at most as often as beta says, in batches of any size`(
        rate: Double
    ) throws {
        var draws = Draws(seed: Self.seed)
        let (runs, beta) = (4_000, 0.05)
        var wrong = 0
        for _ in 0..<runs {
            var certificate = try ObjectiveCertificate(objective: 0.01)
            for _ in 0..<60 {
                let requests = Int.random(in: 1...400, using: &draws)
                let errors = draws.binomial(requests, rate)
                certificate.update(try ArmCounts(requests: requests, events: errors))
                if certificate.evidence >= -log(beta) {
                    wrong += 1
                    break
                }
            }
        }
        let share = Double(wrong) / Double(runs)
        print("figure: certificate at \(rate) of 1 %: \(share) false of \(runs), beta \(beta), seed \(Self.seed)")
        #expect(share <= Self.allowed(beta, runs))
        // A test that can't fail proves nothing: at the objective itself some runs do reach it.
        #expect(rate > 0.01 || wrong > 0)
    }

    @Test func `a version without errors is certified after 342 requests, one at a tenth of its objective soon after`()
        throws
    {
        var clean = try ObjectiveCertificate(objective: 0.01)
        clean.update(try ArmCounts(requests: 341, events: 0))
        #expect(clean.evidence < log(20))
        clean.update(try ArmCounts(requests: 1, events: 0))
        #expect(clean.evidence >= log(20))
        var draws = Draws(seed: Self.seed)
        var needed: [Int] = []
        for _ in 0..<500 {
            var certificate = try ObjectiveCertificate(objective: 0.01)
            while certificate.evidence < log(20), certificate.totals.requests < 100_000 {
                certificate.update(try ArmCounts(requests: 10, events: draws.binomial(10, 0.001)))
            }
            needed.append(certificate.totals.requests)
        }
        let median = needed.sorted()[250]
        print("figure: certificate at a tenth of 1 %: \(median) requests in the median, seed \(Self.seed)")
        #expect(median < 700)
    }

    @Test
    func `a version like its baseline is failed at most as often as alpha says, under changing weights and rates`()
        throws
    {
        var draws = Draws(seed: Self.seed)
        let (runs, alpha) = (2_000, 0.05)
        var terms = ShareTerms()
        let settings = try OddsEvidence.Settings()
        var wrong = 0
        for _ in 0..<runs {
            var evidence = OddsEvidence(settings)
            for step in 0..<60 {
                let weight = [0.01, 0.05, 0.25, 0.5][step / 15]
                let rate = 0.002 + 0.03 * abs(sin(Double(step) / 7))
                let canary = Int(1_000 * weight)
                evidence.update(
                    PairedCounts(
                        canary: try ArmCounts(requests: canary, events: draws.binomial(canary, rate)),
                        baseline: try ArmCounts(
                            requests: 1_000 - canary, events: draws.binomial(1_000 - canary, rate))), terms: &terms)
                if evidence.harm >= -log(alpha) {
                    wrong += 1
                    break
                }
            }
        }
        let share = Double(wrong) / Double(runs)
        print("figure: harm without a difference: \(share) false of \(runs), alpha \(alpha), seed \(Self.seed)")
        #expect(share <= Self.allowed(alpha, runs))
        #expect(wrong > 0)
    }

    @Test func `a version twice as bad is certified below twice at most as often as beta says`() throws {
        var draws = Draws(seed: Self.seed)
        let (runs, beta) = (2_000, 0.05)
        var terms = ShareTerms()
        let settings = try OddsEvidence.Settings(certificates: [2])
        var wrong = 0
        for _ in 0..<runs {
            var evidence = OddsEvidence(settings)
            for step in 0..<60 {
                let rate = 0.002 + 0.004 * abs(sin(Double(step) / 7))
                let odds = 2 * rate / (1 - rate)
                evidence.update(
                    PairedCounts(
                        canary: try ArmCounts(requests: 300, events: draws.binomial(300, odds / (1 + odds))),
                        baseline: try ArmCounts(requests: 700, events: draws.binomial(700, rate))), terms: &terms)
                if evidence.safety(certificate: 0) >= -log(beta) {
                    wrong += 1
                    break
                }
            }
        }
        let share = Double(wrong) / Double(runs)
        print("figure: certified below 2 at 2: \(share) false of \(runs), beta \(beta), seed \(Self.seed)")
        #expect(share <= Self.allowed(beta, runs))
        #expect(wrong > 0)
    }

    @Test func `a fault of five times is found, and the interval then holds it`() throws {
        var draws = Draws(seed: Self.seed)
        var terms = ShareTerms()
        var evidence = OddsEvidence(try OddsEvidence.Settings(cap: log(100) / 2))
        var steps = 0
        while evidence.harm < log(100), steps < 1_000 {
            steps += 1
            evidence.update(
                PairedCounts(
                    canary: try ArmCounts(requests: 75, events: draws.binomial(75, 0.025)),
                    baseline: try ArmCounts(requests: 1_425, events: draws.binomial(1_425, 0.005))), terms: &terms)
        }
        #expect((2..<60).contains(steps))
        let interval = evidence.interval(alpha: 0.01)
        #expect(interval.lower > 1 && interval.lower < 5 && interval.upper > 5)
    }

    @Test func `clusters of errors are paid for by the dispersion that the old version shows`() throws {
        var draws = Draws(seed: Self.seed)
        let (runs, alpha, size) = (400, 0.01, 10)
        func counts(_ weight: Double) throws -> PairedCounts {
            let canary = Int(1_000 * weight)
            let (one, other) = (draws.poisson(0.5 * weight), draws.poisson(0.5 * (1 - weight)))
            return PairedCounts(
                canary: try ArmCounts(requests: canary, events: min(canary, size * one)),
                baseline: try ArmCounts(requests: 1_000 - canary, events: size * other))
        }
        let dispersion = Dispersion.ofSplit(try (0..<2_000).map { _ in try counts(0.5) })
        #expect(abs(dispersion - Double(size)) < 1.5, "\(dispersion)")
        var terms = ShareTerms()
        var wrong = (plain: 0, robust: 0)
        for _ in 0..<runs {
            var plain = OddsEvidence(try OddsEvidence.Settings())
            var robust = OddsEvidence(
                try OddsEvidence.Settings(dispersion: dispersion, cap: log(1 / alpha) / 2))
            var found = (plain: false, robust: false)
            for _ in 0..<100 {
                let counts = try counts(0.25)
                plain.update(counts, terms: &terms)
                robust.update(counts, terms: &terms)
                found.plain = found.plain || plain.harm >= -log(alpha)
                found.robust = found.robust || robust.harm >= -log(alpha)
            }
            wrong.plain += found.plain ? 1 : 0
            wrong.robust += found.robust ? 1 : 0
        }
        print("figure: clusters of \(size): \(wrong.plain) of \(runs) false without dispersion, \(wrong.robust) with")
        #expect(Double(wrong.plain) > 0.1 * Double(runs))
        #expect(Double(wrong.robust) <= Self.allowed(alpha, runs) * Double(runs))
    }

    @Test func `a split as configured raises an alarm at most as often as alpha says, over all its weights`() throws {
        var draws = Draws(seed: Self.seed)
        let (runs, alpha) = (1_000, 0.05)
        var wrong = 0
        for _ in 0..<runs {
            var split = SplitCheck(try SplitCheck.Settings(alpha: alpha, tolerance: 1))
            for step in 0..<80 {
                let weight = [100, 500, 2_500, 5_000][step / 20]
                let canary = draws.binomial(200, Double(weight) / 10_000)
                try split.update(weight: weight, canary: canary, baseline: 200 - canary)
            }
            wrong += split.isAlarm ? 1 : 0
        }
        let share = Double(wrong) / Double(runs)
        print("figure: split as configured: \(share) false of \(runs), alpha \(alpha), seed \(Self.seed)")
        #expect(share <= Self.allowed(alpha, runs))
    }

    @Test func `after a release nothing is found where nothing changed, and twice the errors within the hour`() throws {
        var draws = Draws(seed: Self.seed)
        let settings = try ForecastDetector.Settings(alpha: 0.05, horizon: 24 * 60)
        var (wrong, delays) = (0, [Int]())
        let runs = 60
        for run in 0..<runs {
            var calm = ForecastDetector(settings)
            var broken = ForecastDetector(settings)
            for minute in 0..<24 * 60 {
                let requests = Int(2_400 * (1 + 0.5 * sin(Double(minute) / 229 + Double(run))))
                calm.update(try ArmCounts(requests: requests, events: draws.binomial(requests, 0.001)), forecast: 0.001)
                let rate = minute < 360 ? 0.001 : 0.002
                guard broken.alarmAt == nil else { continue }
                broken.update(
                    try ArmCounts(requests: requests, events: draws.binomial(requests, rate)), forecast: 0.001)
            }
            wrong += calm.alarmAt == nil ? 0 : 1
            if let alarm = broken.alarmAt, alarm > 360 {
                delays.append(alarm - 360)
                #expect(broken.beginning > 300)
            }
        }
        let median = try #require(delays.sorted().dropFirst(delays.count / 2).first)
        print(
            "figure: bake: \(wrong) false of \(runs) days, twice the errors found after \(median) min, seed "
                + "\(Self.seed)"
        )
        #expect(Double(wrong) <= Self.allowed(0.05, runs) * Double(runs))
        #expect(delays.count > runs - 4)
        #expect(median <= 45)
    }
}
