import APIClient
import Core

/// Promotions and deployments, for people.
enum PromotionText {
    static func one(_ promotion: Wire.Promotion) -> [String] {
        var lines = ["\(promotion.id): \(Self.sentence(promotion))"]
        if let reason = promotion.reason, !reason.isEmpty { lines.append("  reason: \(reason)") }
        lines += promotion.lastLines.map { "  | \($0)" }
        if let alert = Self.alert(promotion) { lines.append("  \(alert)") }
        if let judgement = promotion.judgement {
            lines += JudgementText.lines(judgement).map { "  judge: \($0)" }
        }
        lines += JudgementText.answers(promotion).map { "  \($0)" }
        for gate in promotion.waitsFor where !promotion.state.isEnd && gate.verdict != "pass" {
            lines.append("  \(gate.gate): \(gate.reason)" + Self.passing(gate))
        }
        if let change = promotion.change, !promotion.state.isEnd {
            lines.append("  change: \(change) (`slipway approve \(change) --reason …`)")
        }
        return lines
    }

    /// `the release team is on alert until 14:20:00`
    static func alert(_ promotion: Wire.Promotion) -> String? {
        guard let until = promotion.alertUntil else { return nil }
        return promotion.pausedBy == nil
            ? "the release team is on alert until \(TimeText.clock(until))"
            : "the release team is on alert, and its time stands still while this is paused"
    }

    static func queue(_ queue: [Wire.Promotion]) -> [String] {
        if queue.isEmpty { return ["Nothing waits."] }
        var table = Table("PROMOTION", "VERSION", "BY", "SINCE", "CHANGE", "WAITS")
        for promotion in queue {
            table.add(
                promotion.id, promotion.version, Plain.actor(promotion.by), TimeText.second(promotion.requestedAt),
                promotion.change ?? "", Self.waits(promotion))
        }
        return table.lines()
    }

    /// `1.2.0 into production: deploying, blueGreen, step 2 of 5: verify`
    static func sentence(_ promotion: Wire.Promotion) -> String {
        let way = promotion.kind == "rollback" ? "back to \(promotion.version) in" : "\(promotion.version) into"
        return "\(way) \(promotion.environment): \(Self.state(promotion))"
    }

    /// For the column of what is under way.
    static func short(_ promotion: Wire.Promotion) -> String {
        (promotion.kind == "rollback" ? "back to " : "") + "\(promotion.version): \(Self.state(promotion))"
    }

    /// One line of progress.
    static func progress(_ promotion: Wire.Promotion) -> String {
        let waits = promotion.state == .waiting ? " \(Self.waits(promotion))" : ""
        return "\(Self.sentence(promotion))\(waits)"
    }

    static func waits(_ promotion: Wire.Promotion) -> String {
        let open = promotion.waitsFor.filter { $0.verdict != "pass" }
        if open.isEmpty { return "for its turn" }
        return "for " + open.map { "\($0.gate): \($0.reason.asClause)" + Self.passing($0) }.joined(separator: "; ")
    }

    static func stillWaiting(_ promotion: Wire.Promotion) -> String {
        let what =
            promotion.state == .waiting
            ? "still waits \(Self.waits(promotion))" : "is still on its way (\(Self.state(promotion)))"
        return "\(promotion.id) \(what). It goes on without this command: `slipway watch \(promotion.id)`"
    }

    /// nil for an end that is as asked.
    static func badEnd(_ promotion: Wire.Promotion) -> String? {
        switch promotion.state {
        case .waiting, .deploying, .paused, .returning, .completed, .superseded, .rolledBack, .cancelled: nil
        case .failed, .aborted, .rejected, .expired:
            "\(promotion.version) \(Self.name(promotion.state))" + (promotion.reason.map { ": \($0)" } ?? "")
        }
    }

    static func name(_ state: Wire.PromotionState) -> String {
        switch state {
        case .waiting, .deploying, .paused, .completed, .failed, .aborted, .superseded, .cancelled, .rejected, .expired:
            state.rawValue
        case .returning: "returning the traffic"
        case .rolledBack: "rolled back"
        }
    }

    private static func state(_ promotion: Wire.Promotion) -> String {
        switch promotion.state {
        case .deploying, .paused, .returning:
            var text = Self.name(promotion.state)
            if let strategy = promotion.strategy { text += ", \(strategy)" }
            if let step = promotion.step, promotion.steps.indices.contains(step) {
                text += ", step \(step + 1) of \(promotion.steps.count): \(promotion.steps[step])"
            }
            if let until = promotion.stepUntil { text += " until \(TimeText.clock(until))" }
            return text
        case .waiting, .completed, .failed, .aborted, .rolledBack, .superseded, .cancelled, .rejected, .expired:
            return Self.name(promotion.state)
        }
    }

    private static func passing(_ gate: Wire.Gate) -> String {
        gate.passesAt.map { " (passes at \(TimeText.clock($0)))" } ?? ""
    }
}
