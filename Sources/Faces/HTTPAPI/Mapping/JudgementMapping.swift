import APIClient
import Core

extension Wire.Judgement {
    init(_ judgement: Judgement, at: Instant) {
        self.init(
            verdict: judgement.verdict?.rawValue, sentence: judgement.sentence, metric: judgement.metric,
            new: Wire.Arm(judgement.new), old: judgement.old.map { Wire.Arm($0) },
            requestsInStep: judgement.requestsInStep, ratioAtLeast: Double(judgement.ratioAtLeast) / 1_000,
            ratioAtMost: judgement.ratioAtMost.map { Double($0) / 1_000 },
            evidence: Wire.Evidence(
                harm: Double(judgement.harm) / 1_000_000, safe: Double(judgement.safe) / 1_000_000),
            mayAdvance: judgement.mayAdvance, warning: judgement.warning, at: at.wire,
            observations: judgement.observations)
    }

    /// What was seen last, else what is on record; nil: nothing was judged.
    init?(_ recorded: Judgement?, _ at: Instant?, _ seen: Judgement?) {
        if let seen, recorded.map({ $0.to <= seen.to }) ?? true {
            self.init(seen, at: seen.to)
        } else if let recorded, let at {
            self.init(recorded, at: at)
        } else {
            return nil
        }
    }
}

extension Wire.Arm {
    init(_ counts: Judgement.Counts) {
        self.init(version: counts.version, requests: counts.requests, errors: counts.errors)
    }
}

extension Wire.Answer {
    /// To the judge's question; nobody else asks one.
    static func all(to pause: Pause?) -> [Wire.Answer] {
        guard pause?.by == .judge else { return [] }
        return [
            Wire.Answer(name: "continue", verb: .skip, text: "goes on to the next step"),
            Wire.Answer(name: "extend", verb: .resume, text: "watches this step once more"),
            Wire.Answer(name: "abort", verb: .abort, text: "returns the traffic"),
        ]
    }
}
