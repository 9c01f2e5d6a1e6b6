import CanaryAnalysis
import Foundation
import Testing

struct OddsEvidenceTests {
    /// `[n_c, k_c, n_b, k_b]`, or with the share of pure counts as a fifth.
    static func counts(_ batch: [Double]) throws -> PairedCounts {
        if batch.count == 5 {
            return try PairedCounts(canaryEvents: Int(batch[1]), baselineEvents: Int(batch[3]), share: batch[4])
        }
        return PairedCounts(
            canary: try ArmCounts(requests: Int(batch[0]), events: Int(batch[1])),
            baseline: try ArmCounts(requests: Int(batch[2]), events: Int(batch[3])))
    }

    @Test func `harm, safety and interval are those of the vectors`() throws {
        var terms = ShareTerms()
        for vector in try Vectors.of("odds_grid") {
            var evidence = OddsEvidence(
                try OddsEvidence.Settings(
                    tolerated: vector.number("rho0") ?? 1, certificates: [vector.number("rho1") ?? 2],
                    dispersion: vector.number("phi") ?? 1, cap: vector.number("cap"),
                    horizon: Int(vector.number("T") ?? 160)))
            for (batch, expected) in zip(try vector.rows("batches"), try vector.objects("expect")) {
                evidence.update(try Self.counts(batch), terms: &terms)
                #expect(agree(evidence.harm, expected.number("log_harm")))
                #expect(agree(evidence.harmFromAnyStart, expected.number("log_harm_sr")))
                #expect(agree(evidence.safety(certificate: 0), expected.number("log_safe")))
                let interval = evidence.interval(alpha: vector.number("alpha") ?? 0.01)
                let bounds = try expected.numbers("cs")
                #expect(agree(interval.lower, bounds[0]))
                #expect(agree(interval.upper, bounds[1]))
            }
        }
    }

    @Test func `a saved state goes on with the same bits, in less than 4 KB`() throws {
        var terms = ShareTerms()
        let settings = try OddsEvidence.Settings(
            tolerated: 1.1, certificates: [10, 4, 3, 2], dispersion: 1.3, cap: 2.3, horizon: 160)
        var straight = OddsEvidence(settings)
        for number in 1...40 {
            let counts = PairedCounts(
                canary: try ArmCounts(requests: 50 * number, events: number % 4),
                baseline: try ArmCounts(requests: 950, events: 3))
            straight.update(counts, terms: &terms)
            let saved = try JSONEncoder().encode(straight)
            #expect(saved.count < 4_096)
            var restored = try JSONDecoder().decode(OddsEvidence.self, from: saved)
            #expect(restored == straight)
            var freshTerms = ShareTerms()
            restored.update(counts, terms: &freshTerms)
            var next = straight
            next.update(counts, terms: &terms)
            #expect(restored.harm.bitPattern == next.harm.bitPattern)
            #expect(restored.safety(certificate: 3).bitPattern == next.safety(certificate: 3).bitPattern)
        }
    }

    @Test func `intervals without requests on both sides, or without an event, change no evidence`() throws {
        var terms = ShareTerms()
        var evidence = OddsEvidence(try OddsEvidence.Settings())
        evidence.update(try Self.counts([100, 7, 900, 3]), terms: &terms)
        let (harm, safety) = (evidence.harm, evidence.safety(certificate: 0))
        for batch in [[0, 0, 0, 0], [0, 0, 900, 90], [100, 50, 0, 0], [100, 0, 900, 0]] as [[Double]] {
            evidence.update(try Self.counts(batch), terms: &terms)
            #expect(evidence.harm.bitPattern == harm.bitPattern)
            #expect(evidence.safety(certificate: 0).bitPattern == safety.bitPattern)
        }
        #expect(evidence.canary.requests == 300)
        #expect(evidence.baseline.requests == 2_700)
    }

    @Test func `a version with one request can be judged, and proves nothing`() throws {
        var terms = ShareTerms()
        var evidence = OddsEvidence(try OddsEvidence.Settings())
        evidence.update(try Self.counts([1, 1, 9_999, 1]), terms: &terms)
        #expect(evidence.harm > 0 && evidence.harm < Double(100).logarithm)
        #expect(evidence.interval(alpha: 0.01).upper == .infinity)
    }

    @Test func `a weight of 0.01 % is judged by the same rule`() throws {
        var terms = ShareTerms()
        var evidence = OddsEvidence(try OddsEvidence.Settings())
        for _ in 0..<5 { evidence.update(try Self.counts([10, 5, 99_990, 100]), terms: &terms) }
        #expect(evidence.harm > Double(100).logarithm)
        #expect(evidence.interval(alpha: 0.01).lower > 8)
    }

    @Test func `the greatest counts stay numbers, for thousands of intervals`() throws {
        var terms = ShareTerms()
        var evidence = OddsEvidence(try OddsEvidence.Settings(certificates: [15, 1 / 15], horizon: 10))
        let most = ArmCounts.greatest
        for number in 0..<10_000 {
            let canary = try ArmCounts(requests: most, events: number % 2 == 0 ? most : 0)
            evidence.update(
                PairedCounts(canary: canary, baseline: try ArmCounts(requests: most, events: most)), terms: &terms)
        }
        let numbers = [
            evidence.harm, evidence.harmFromAnyStart, evidence.safety(certificate: 0),
            evidence.safety(certificate: 1), evidence.interval(alpha: 0.01).lower,
        ]
        #expect(numbers.allSatisfy { $0.isFinite }, "\(numbers)")
        #expect(evidence.canary.requests == .max)
    }

    @Test(arguments: [
        (-1, 0, AnalysisProblem.Code.negative), (5, -1, .negative), (5, 6, .moreEventsThanRequests),
        (ArmCounts.greatest + 1, 0, .tooLarge), (.max, .max, .tooLarge),
    ])
    func `impossible counts are refused with a sentence`(
        requests: Int, events: Int, code: AnalysisProblem.Code
    ) {
        let problem = #expect(throws: AnalysisProblem.self) { try ArmCounts(requests: requests, events: events) }
        #expect(problem?.code == code)
        #expect(problem?.sentence.contains("\(requests)") == true)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity, 0, -1, 0.99, 15.1])
    func `settings that are no settings are refused`(value: Double) {
        #expect(throws: AnalysisProblem.self) { try OddsEvidence.Settings(tolerated: value) }
        #expect(throws: AnalysisProblem.self) { try OddsEvidence.Settings(certificates: [value < 1 ? -1 : 16, value]) }
        if !(value > 1) { #expect(throws: AnalysisProblem.self) { try OddsEvidence.Settings(dispersion: value) } }
        if !(value > 0) || value == .infinity {
            #expect(throws: AnalysisProblem.self) { try OddsEvidence.Settings(cap: value) }
        }
        if !(value >= 0 && value <= 1) {
            #expect(throws: AnalysisProblem.self) {
                try PairedCounts(canaryEvents: 1, baselineEvents: 1, share: value)
            }
        }
    }

    @Test func `a saved state that was tampered with is refused`() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let saved = String(
            decoding: try encoder.encode(OddsEvidence(try OddsEvidence.Settings())), as: UTF8.self)
        let broken = [
            saved.replacingOccurrences(of: "AAAA==\"}", with: "==\"}"),
            saved.replacingOccurrences(of: "AAAAAAAA8D8", with: "AAAAAAAA8H8"),
            saved.replacingOccurrences(of: "[0,0]", with: "[0,-1]"),
            saved.replacingOccurrences(of: "\"state\":\"AAAA", with: "\"state\":\"A-AA"),
        ]
        for text in broken {
            let isChanged = text != saved
            #expect(isChanged)
            #expect(throws: (any Error).self) {
                _ = try JSONDecoder().decode(OddsEvidence.self, from: Data(text.utf8))
            }
        }
    }
}

extension Double {
    var logarithm: Double { log(self) }
}
