import APIClient

/// Services and lanes, for people.
enum ServiceText {
    static func status(_ status: Wire.Status) -> [String] {
        let stop = status.stop.map { CalendarText.stop($0) } ?? []
        let alarm = stop + (status.alarm.map { ["ALARM \($0.reason) Next: \($0.nextAction)"] } ?? [])
        if status.services.isEmpty {
            return alarm + [
                "No service is registered here. In a service's repository: `slipway init`, then `slipway apply`"
            ]
        }
        return alarm + Array(status.services.map(Self.service).joined(separator: [""]))
    }

    static func service(_ service: Wire.Service) -> [String] {
        let owner = service.owner.isEmpty ? "" : "owner \(service.owner), "
        var lines = ["\(service.name) (\(owner)definition \(service.definition))"]
        if let trouble = service.watchTrouble { lines.append("  the branch that it watches: \(Plain.line(trouble))") }
        var table = Table("ENVIRONMENT", "SERVES", "ADDRESS", "UNDER WAY")
        for lane in service.environments {
            table.add(
                lane.environment, Self.serving(lane), lane.listen ?? "",
                lane.deployment.map(PromotionText.short) ?? "")
        }
        let rows = table.lines(indent: "  ")
        lines.append(rows[0])
        for (lane, row) in zip(service.environments, rows.dropFirst()) {
            lines.append(row)
            lines += Self.notes(lane).map { "      " + $0 }
        }
        return lines
    }

    static func lane(_ lane: Wire.Lane) -> [String] {
        var lines = ["\(lane.service) in \(lane.environment): serves \(Self.serving(lane, nothing: "nothing"))"]
        if let deployment = lane.deployment { lines.append("  under way: \(PromotionText.short(deployment))") }
        return lines + Self.notes(lane).map { "  " + $0 }
    }

    /// What needs a word beside the row: what waits, and what keeps things from moving.
    static func notes(_ lane: Wire.Lane) -> [String] {
        var notes: [String] = []
        if let alarm = lane.alarm { notes.append(Self.alarm(alarm)) }
        if lane.isGoingDown { notes.append("is going down") }
        if let deployment = lane.deployment {
            notes.append("\(deployment.id)" + (deployment.pausedBy.map { " was paused by \(Plain.actor($0))" } ?? ""))
            if let alert = PromotionText.alert(deployment) { notes.append(alert) }
            if let judgement = deployment.judgement {
                notes.append("judge, as of \(TimeText.clock(judgement.at)): \(judgement.sentence)")
                if let warning = judgement.warning { notes.append("watch out: \(warning)") }
            }
            notes += JudgementText.answers(deployment)
        }
        notes += lane.queue.map { "\($0.version) waits \(PromotionText.waits($0)) (\($0.id))" }
        if let hold = lane.hold {
            let until = hold.until.map { " until \(TimeText.second($0))" } ?? ""
            notes.append(
                "held\(until) by \(Plain.actor(hold.by)): \(hold.reason)"
                    + Self.next("hold remove \(lane.service) --env \(lane.environment)", "releases it"))
        }
        if let pin = lane.pin {
            notes.append(
                "pinned to \(pin.subject ?? "?") by \(Plain.actor(pin.by)): \(pin.reason)"
                    + Self.next("pin remove \(lane.service) --env \(lane.environment)", "releases it"))
        }
        notes += lane.blocks.map { block in
            // A block holds for a release; people know it by its version, where the lane still remembers it.
            let known = lane.recent.first { $0.release == block.subject }
            let name = known.map { "\($0.version) (\($0.release))" } ?? block.subject ?? "?"
            let note = "\(name) is blocked by \(Plain.actor(block.by)): \(block.reason)"
            return note + Self.next("block remove \(block.subject ?? "RELEASE") --env \(lane.environment)", "lifts it")
        }
        if lane.deployment == nil, let last = lane.recent.first, let end = PromotionText.badEnd(last) {
            notes.append("last: \(end) (\(last.id))")
        }
        return notes
    }

    /// What a person does about it: nothing else on this page says so while nothing waits.
    private static func next(_ verb: String, _ effect: String) -> String {
        " (`slipway \(verb) --reason …` \(effect))"
    }

    private static func alarm(_ alarm: Wire.Alarm) -> String {
        let sentences = ["ALARM: \(alarm.reason)", "Next: \(alarm.nextAction)"]
        return sentences.map { [".", "!", "?", "…"].contains($0.last) ? $0 : $0 + "." }.joined(separator: " ")
    }

    static func serving(_ lane: Wire.Lane, nothing: String = "") -> String {
        let now = Self.shares(lane.serving)
        let next = Self.shares(lane.switchingTo)
        if next.isEmpty { return now.isEmpty ? nothing : now }
        return "\(now.isEmpty ? "nothing yet" : now), switching to \(next)"
    }

    private static func shares(_ serving: [Wire.Serving]) -> String {
        if serving.count == 1, serving[0].weight == 10_000 { return serving[0].version }
        return serving.map { "\($0.version) \(Self.percent($0.weight))" }.joined(separator: " + ")
    }

    /// `25 %`, `0.5 %`
    static func percent(_ basisPoints: Int) -> String {
        let (whole, rest) = basisPoints.quotientAndRemainder(dividingBy: 100)
        if rest == 0 { return "\(whole) %" }
        let digits = rest % 10 == 0 ? "\(rest / 10)" : (rest < 10 ? "0\(rest)" : "\(rest)")
        return "\(whole).\(digits) %"
    }

    static func applied(_ applied: Wire.Applied) -> [String] {
        let warnings = applied.warnings.map { "  warning: " + $0 }
        let differences = applied.differences.map { "  " + $0 } + warnings
        if !applied.changed {
            let change = applied.plan ? "would change" : "changes"
            return ["\(applied.service): nothing \(change); definition \(applied.definition) says the same."]
                + warnings
        }
        if applied.plan {
            let now = applied.definition == 0 ? "would be registered" : "definition \(applied.definition) would change"
            return ["\(applied.service): \(now)"] + differences
        }
        return ["\(applied.service): definition \(applied.definition) holds now"] + differences
    }
}
