import CanaryAnalysis
import Foundation
import Testing

struct CanaryJudgeTests {
    static func interval(
        _ number: Int, weight: Int = 500, canary: (Int, Int), baseline: (Int, Int), arrivals: (Int, Int)? = nil
    ) -> Interval {
        Interval(
            number: number, weight: weight, canary: .counts(.init(requests: canary.0, errors: canary.1)),
            baseline: .counts(.init(requests: baseline.0, errors: baseline.1)),
            arrivals: arrivals.map { Interval.Arrivals(canary: $0.0, baseline: $0.1) })
    }

    static func settings(_ change: (inout CanaryJudge.Settings) throws -> Void = { _ in }) rethrows
        -> CanaryJudge.Settings
    {
        var settings = CanaryJudge.Settings()
        try change(&settings)
        return settings
    }

    // MARK: Decisions

    @Test func `a version with 4 % errors fails for good, and the sentence names metric, counts, ratio and evidence`()
        throws
    {
        var judge = try CanaryJudge(Self.settings())
        var number = 0
        while judge.decision != .fail, number < 30 {
            number += 1
            judge.update(Self.interval(number, canary: (75, 3), baseline: (1_425, number % 2)))
        }
        // One interval can't convict: the cap.
        #expect((3...8).contains(number))
        let verdict = judge.verdict()
        #expect(verdict.word == .fail)
        #expect(verdict.harm >= verdict.harmNeeded)
        #expect(verdict.findings[verdict.leading].metric == "errors")
        let errors = judge.errors
        #expect(
            verdict.sentence.hasPrefix(
                "errors: canary \(errors.canary.events) of \(errors.canary.requests) requests (4 %), baseline "
                    + "\(errors.baseline.events) of "))
        #expect(
            verdict.sentence.contains("ratio ")
                && verdict.sentence.contains(" or more at 99 % confidence. Harm is shown: "))
        #expect(verdict.sentence.contains(" : 1, decided at 100 : 1."))
        for late in 1...200 { judge.update(Self.interval(number + late, canary: (75, 0), baseline: (1_425, 9))) }
        #expect(judge.decision == .fail)
        #expect(judge.rule.failedAt == number)
    }

    @Test func `without any error the objective certifies, where the ratio never can`() throws {
        var judge = try CanaryJudge(Self.settings())
        var number = 0
        while judge.decision == .pending, number < 100 {
            number += 1
            judge.update(Self.interval(number, canary: (75, 0), baseline: (1_425, 0)))
        }
        #expect(judge.decision == .pass(.errorsBelow(0.01)))
        #expect(number == 5)
        #expect(
            judge.verdict().sentence
                == "errors: canary 0 of 375 requests (0 %), baseline 0 of 7,125 requests (0 %), ratio not "
                + "bounded yet at 99 % confidence. Certified: its own error rate is below the objective of 1 %, "
                + "evidence \(judge.verdict().odds) : 1, decided at 20 : 1.")
        var without = try CanaryJudge(Self.settings { $0.objective = nil })
        for number in 1...100 { without.update(Self.interval(number, canary: (75, 0), baseline: (1_425, 0))) }
        #expect(without.decision == .pending)
        #expect(without.decisionWhenTimeIsUp(requestsInStep: 7_500) == .pending)
    }

    @Test func `the ratio that certifies depends on the weight`() throws {
        var judge = try CanaryJudge(Self.settings { $0.objective = nil })
        for number in 1...60 {
            judge.update(Self.interval(number, weight: 500, canary: (75, 2), baseline: (1_425, 38)))
        }
        #expect(judge.decision == .pass(.ratioBelow(4)))
        #expect(judge.verdict().sentence.contains("Certified: the ratio is below 4, evidence "))
        judge.update(Self.interval(61, weight: 5_000, canary: (75, 3), baseline: (75, 2)))
        #expect(judge.decision == .pass(.ratioBelow(2)) || judge.decision == .pending)
        let needed = judge.rule.safetyNeeded
        #expect((judge.errors.safety(certificate: 3) >= needed) == (judge.decision == .pass(.ratioBelow(2))))
    }

    @Test func `a step whose time is up passes without doubt, asks in doubt, and has no data below 30 requests`() throws
    {
        var judge = try CanaryJudge(
            Self.settings {
                $0.objective = nil; $0.beta = 1e-9
            })
        for number in 1...5 { judge.update(Self.interval(number, canary: (75, 2), baseline: (1_425, 38))) }
        #expect(judge.decision == .pending)
        #expect(judge.decisionWhenTimeIsUp(requestsInStep: 29) == .noData)
        #expect(judge.decisionWhenTimeIsUp(requestsInStep: 30) == .pass(.ratioBelow(4)))
        #expect(judge.verdict(.noData).word == .noData)
        var young = try CanaryJudge(Self.settings())
        young.update(Self.interval(1, canary: (75, 1), baseline: (1_425, 10)))
        #expect(young.decisionWhenTimeIsUp(requestsInStep: 75) == .pending)
    }

    @Test func `latency fails a version whose times rise, and names the bound`() throws {
        let bounds = try LatencyBounds(ladder: [10, 50, 250], places: [0, 1, 2])
        var judge = try CanaryJudge(Self.settings { $0.latency = .init(bounds: bounds) })
        for number in 1...40 {
            judge.update(
                Interval(
                    number: number, weight: 2_500,
                    canary: .counts(.init(requests: 250, errors: 0, times: .buckets([100, 100, 20, 30]))),
                    baseline: .counts(.init(requests: 750, errors: 0, times: .buckets([300, 300, 145, 5])))))
        }
        #expect(judge.decision == .fail)
        let verdict = judge.verdict()
        #expect(verdict.findings[verdict.leading].metric == "latency")
        #expect(verdict.findings[verdict.leading].slowerThan == 250)
        #expect(verdict.sentence.hasPrefix("slower than 250 ms: canary 1,200 of 10,000 requests (12 %)"))
    }

    @Test func `traffic that does not arrive as configured pauses, with likely causes, until a person has looked`()
        throws
    {
        var judge = try CanaryJudge(try Self.settings { $0.split = try SplitCheck.Settings() })
        for number in 1...20 {
            judge.update(Self.interval(number, canary: (50, 0), baseline: (950, 0), arrivals: (50, 950)))
        }
        #expect(judge.split?.isAlarm == false)
        for number in 21...40 {
            judge.update(Self.interval(number, canary: (5, 0), baseline: (995, 0), arrivals: (5, 995)))
        }
        #expect(judge.decision == .pause)
        #expect(judge.decision.word == .inconclusive)
        #expect(judge.verdict().sentence.contains("1,100 of 40,000 arrivals went to the canary, 5 % was asked for"))
        #expect(judge.verdict().sentence.contains("Likely causes: "))
        judge.acknowledgeSplit()
        #expect(judge.decision != .pause)
        for number in 41...60 {
            judge.update(Self.interval(number, canary: (50, 0), baseline: (950, 0), arrivals: (52, 948)))
        }
        #expect(judge.split?.isAlarm == false)
    }

    // MARK: What is neutral

    @Test func `what can't be, is missing, reset or late moves no evidence and is counted by its reason`() throws {
        var judge = try CanaryJudge(Self.settings())
        judge.update(Self.interval(10, canary: (75, 2), baseline: (1_425, 3)))
        let (harm, safety, own) = (
            judge.rule.harm, judge.errors.safety(certificate: 1), judge.objective?.evidence
        )
        let good = Interval.Reading.counts(.init(requests: 75, errors: 1))
        let readings: [(Interval.Reading, Interval.Reading, Reception.Reason)] = [
            (.counts(.init(requests: 5, errors: 6)), good, .impossible),
            (good, .counts(.init(requests: -5, errors: 0)), .impossible),
            (.counts(.init(requests: 5, errors: -1)), good, .impossible),
            (good, .counts(.init(requests: .max, errors: 0)), .impossible),
            (.reset, good, .reset), (good, .reset, .reset), (.missing, good, .missingCanary),
            (.missing, .missing, .missingBoth), (.reset, .missing, .reset),
        ]
        for (offset, (canary, baseline, reason)) in readings.enumerated() {
            let interval = Interval(number: 11 + offset, weight: 500, canary: canary, baseline: baseline)
            #expect(judge.update(interval).errors == .neutral(reason))
        }
        #expect(judge.update(Self.interval(10, canary: (75, 75), baseline: (1_425, 0))).errors == .neutral(.late))
        #expect(judge.update(Self.interval(19, canary: (75, 75), baseline: (1_425, 0))).errors == .neutral(.late))
        for (number, weight) in [(-1, 500), (.max, 500), (100, -1), (100, 10_001)] {
            let interval = Self.interval(number, weight: weight, canary: (75, 75), baseline: (9, 0))
            #expect(judge.update(interval).errors == .neutral(.impossible))
        }
        #expect(judge.rule.harm.bitPattern == harm.bitPattern)
        #expect(judge.errors.safety(certificate: 1).bitPattern == safety.bitPattern)
        #expect(judge.objective?.evidence.bitPattern == own?.bitPattern)
        #expect(judge.setAside(.impossible) == 8)
        #expect(judge.setAside(.late) == 2)
        #expect(judge.setAside(.reset) == 3)
        #expect(judge.decision == .pending)
    }

    @Test func `a baseline that is missing for ever is no data, never good or bad`() throws {
        var judge = try CanaryJudge(Self.settings())
        for number in 1...59 {
            judge.update(
                Interval(
                    number: number, weight: 500, canary: .counts(.init(requests: 1, errors: 0)), baseline: .missing))
            #expect(judge.decision == .pending)
        }
        for number in 60...500 {
            judge.update(
                Interval(
                    number: number, weight: 500, canary: .counts(.init(requests: 1, errors: 1)), baseline: .missing))
        }
        #expect(judge.decision == .noData)
        #expect(judge.decisionWhenTimeIsUp(requestsInStep: 500) == .noData)
        #expect(judge.verdict().sentence.contains("Too little was seen"))
        judge.update(Self.interval(501, canary: (75, 1), baseline: (1_425, 3)))
        #expect(judge.decision == .pending)
    }

    @Test func `a canary that is missing for ever, and one request, decide nothing`() throws {
        var judge = try CanaryJudge(Self.settings())
        judge.update(Self.interval(1, canary: (1, 1), baseline: (100_000, 0)))
        #expect(judge.decision == .pending)
        for number in 2...100 {
            judge.update(
                Interval(
                    number: number, weight: 1, canary: .missing, baseline: .counts(.init(requests: 9_999, errors: 0))))
        }
        #expect(judge.decision == .noData)
    }

    @Test func `a gap in the numbers is silence as well, and a weight of 0.01 % is judged`() throws {
        var judge = try CanaryJudge(Self.settings())
        judge.update(Self.interval(1, weight: 1, canary: (1, 0), baseline: (9_999, 10)))
        #expect(judge.decision == .pending)
        judge.update(Interval(number: 10_000, weight: 1, canary: .missing, baseline: .missing))
        #expect(judge.decision == .noData)
        for number in 10_001...10_020 {
            judge.update(Self.interval(number, weight: 1, canary: (10, 5), baseline: (99_990, 100)))
        }
        #expect(judge.decision == .fail)
    }

    @Test func `lost times give no evidence on latency for either version, and errors still count`() throws {
        let bounds = try LatencyBounds(ladder: [10, 50], places: [0, 1])
        var judge = try CanaryJudge(Self.settings { $0.latency = .init(bounds: bounds) })
        let whole = Interval.Times.buckets([50, 20, 5])
        let uses: [(Interval.Times, Interval.Times, Reception.Use)] = [
            (.lost(3), whole, .neutral(.loss)), (whole, .lost(1), .neutral(.loss)), (.none, whole, .neutral(.notGiven)),
            (.buckets([1, 2]), whole, .neutral(.impossible)), (.buckets([1, 2, -3]), whole, .neutral(.impossible)),
            (.buckets([.max, .max, .max]), whole, .neutral(.impossible)), (whole, whole, .counted),
        ]
        for (number, (canary, baseline, use)) in uses.enumerated() {
            let before = judge.rule.metrics[1]
            let reception = judge.update(
                Interval(
                    number: number, weight: 500, canary: .counts(.init(requests: 75, errors: 0, times: canary)),
                    baseline: .counts(.init(requests: 75, errors: 1, times: baseline))))
            #expect(reception.latency == use)
            #expect(reception.errors == .counted)
            #expect((judge.rule.metrics[1] == before) == (use != .counted))
        }
        #expect(judge.errors.canary.requests == 75 * uses.count)
    }

    @Test func `the warm-up is left out`() throws {
        var judge = try CanaryJudge(Self.settings { $0.warmUp = 3 })
        judge.update(Interval(number: 0, weight: 500, canary: .missing, baseline: .missing))
        for number in 1...3 {
            let reception = judge.update(Self.interval(number, canary: (75, 75), baseline: (1_425, 0)))
            #expect(reception.errors == .neutral(.warmUp))
        }
        #expect(judge.rule.harm == 0 || abs(judge.rule.harm) < 1e-12)
        #expect(judge.objective?.totals.requests == 0)
        #expect(judge.update(Self.interval(4, canary: (75, 1), baseline: (1_425, 0))).errors == .counted)
    }

    // MARK: Settings and state

    @Test func `settings that could never decide are refused`() throws {
        let changes: [(inout CanaryJudge.Settings) -> Void] = [
            { $0.alpha = 0 }, { $0.alpha = .nan }, { $0.alpha = 1 }, { $0.beta = 0 }, { $0.warmUp = -1 },
            { $0.silence = 0 }, { $0.minimumRequests = -1 }, { $0.objective = 0 }, { $0.objective = 1 },
            { $0.objective = .nan }, { $0.ramp = [] }, { $0.ramp = [.init(weight: 100, ratio: .infinity)] },
            { $0.ramp = [.init(weight: 200, ratio: 2), .init(weight: 100, ratio: 2)] },
            { $0.errors.weight = 0 }, { $0.errors.dispersion = .nan }, { $0.errors.tolerated = 0.5 },
        ]
        for change in changes {
            let problem = #expect(throws: AnalysisProblem.self) { try CanaryJudge(Self.settings { change(&$0) }) }
            #expect(problem?.code == .badSetting)
        }
        #expect(throws: AnalysisProblem.self) { try SplitCheck.Settings(alpha: 0) }
        #expect(throws: AnalysisProblem.self) { try ForecastDetector.Settings(alpha: 0, horizon: 10) }
    }

    @Test func `saved after any interval and restored, the judge ends with the same bits`() throws {
        let bounds = try LatencyBounds(ladder: [10, 50, 250], places: [0, 2])
        let settings = try Self.settings {
            $0.latency = .init(bounds: bounds)
            $0.split = try SplitCheck.Settings()
            $0.warmUp = 2
        }
        var straight = try CanaryJudge(settings)
        var interrupted = straight
        for number in 0..<40 {
            let interval = Interval(
                number: number, weight: number < 20 ? 500 : 2_500,
                canary: number % 7 == 3
                    ? .reset
                    : .counts(.init(requests: 60 + number, errors: number % 3, times: .buckets([40, 9, 9, 2]))),
                baseline: number % 9 == 4
                    ? .missing : .counts(.init(requests: 900, errors: number % 5, times: .buckets([700, 100, 99, 1]))),
                arrivals: .init(canary: 60 + number, baseline: 900))
            straight.update(interval)
            interrupted.update(interval)
            let saved = try JSONEncoder().encode(interrupted)
            interrupted = try JSONDecoder().decode(CanaryJudge.self, from: saved)
            #expect(interrupted == straight)
        }
        #expect(interrupted.rule.harm.bitPattern == straight.rule.harm.bitPattern)
        #expect(interrupted.verdict() == straight.verdict())
        let verdict = straight.verdict()
        #expect(try JSONDecoder().decode(Verdict.self, from: JSONEncoder().encode(verdict)) == verdict)
    }

    @Test func `a saved judge that does not fit its settings is refused`() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let saved = String(decoding: try encoder.encode(try CanaryJudge(Self.settings())), as: UTF8.self)
        let broken = [
            // The rule's, not that of the settings.
            saved.replacingOccurrences(of: #""warmUp":0},"settings""#, with: #""warmUp":4},"settings""#),
            saved.replacingOccurrences(of: #""weight":0}"#, with: #""weight":10001}"#),
            saved.replacingOccurrences(of: #""aside":[0,"#, with: #""aside":["#),
            saved.replacingOccurrences(of: #""silence":60"#, with: #""silence":0"#),
            saved.replacingOccurrences(of: #""name":"errors""#, with: #""name":"other""#),
        ]
        for text in broken {
            let isChanged = text != saved
            #expect(isChanged)
            #expect(throws: AnalysisProblem.self) {
                _ = try JSONDecoder().decode(CanaryJudge.self, from: Data(text.utf8))
            }
        }
    }
}

extension Verdict {
    /// The evidence for the objective as the sentence says it.
    fileprivate var odds: String {
        let value = exp(Double(self.objective ?? 0) / 1e6)
        return value < 10 ? "\((value * 10).rounded() / 10)" : "\(Int(value.rounded()))"
    }
}
