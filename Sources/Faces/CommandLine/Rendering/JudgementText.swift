import APIClient

/// What the judge says, for people.
enum JudgementText {
    /// The sentence alone in its line, as it is on record, and what it rests on.
    static func lines(_ judgement: Wire.Judgement) -> [String] {
        var lines = [judgement.sentence]
        lines.append(
            "verdict as of \(TimeText.clock(judgement.at)): \(judgement.verdict ?? "none yet"), \(Self.counts(judgement))"
        )
        lines.append(judgement.support)
        if let warning = judgement.warning { lines.append("watch out: \(warning)") }
        return lines
    }

    /// The three ways on, as commands.
    static func answers(_ promotion: Wire.Promotion) -> [String] {
        promotion.answers.map { answer in
            "\(answer.name): slipway \(answer.verb.rawValue) \(promotion.id) --reason …  (\(answer.text))"
        }
    }

    private static func counts(_ judgement: Wire.Judgement) -> String {
        ([judgement.new] + [judgement.old].compactMap { $0 })
            .map { "\($0.version) \($0.errors) errors in \($0.requests) requests" }.joined(separator: ", ")
    }
}
