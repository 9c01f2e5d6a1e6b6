package import Core

// The gate of a controlled environment: the word of people, before it begins or, in an emergency, afterwards.
extension AdmissionRules {
    func changeGate(
        _ change: Loaded<ChangeRequest>, _ queued: QueuedPromotion, _ environment: EnvironmentDefinition,
        _ author: String?, _ now: Instant, _ readings: inout [StreamID: Int]
    ) async throws -> GateResult {
        let id = ChangeID(self.id, queued.number)
        readings[change.stream] = change.number
        let directory = try await self.machines.directory()
        readings[directory.stream] = directory.number
        let asked = directory.machine.asked(by: change.machine, author: author, at: now)
        let missing = ChangeRequest.inWords(change.machine.missing(asking: asked))
        let waits: String
        switch change.machine.state {
        case .approved where change.machine.request?.needs != environment.approvals && environment.needsChange:
            waits =
                "\(id) was approved under an earlier definition, which asked for other people's word; it is asked for again"
        case .approved where !missing.isEmpty:
            waits = "\(id) was approved, but not all who said yes are asked any more; it waits for \(missing)"
        case .approved:
            let names = change.machine.words.filter(\.isYes).map(\.by.description).joined(separator: ", ")
            return GateResult(
                gate: "approval", verdict: .pass,
                reason: names.isEmpty
                    ? change.machine.emergency?.words ?? "nobody's word is asked for" : "approved by \(names)")
        case .rejected:
            let no = change.machine.words.last { !$0.isYes }
            return GateResult(
                gate: "approval", verdict: .fail,
                reason: "rejected by \(no?.by.description ?? "somebody"): \(no?.reason ?? "")")
        case .expired:
            let days = ChangeRequest.decidedWithin.count / Milliseconds.hours(24).count
            return GateResult(
                gate: "approval", verdict: .fail, reason: "\(id) expired: nobody decided within \(days) days")
        case .requested, .unknown, .closed:
            if let emergency = change.machine.emergency, change.machine.state == .requested {
                return GateResult(
                    gate: "approval", verdict: .pass,
                    reason: "\(emergency.words); \(missing) still to say whether it was right")
            }
            waits = "\(id) waits for \(missing)"
        }
        return GateResult(gate: "approval", verdict: nil, reason: waits)
    }
}

extension ChangeRequest.Emergency {
    var words: String { "emergency, declared by \(self.by): \(self.reason.asClause)" }
}

extension ChangeRequest {
    package static func inWords(_ missing: [Need]) -> String {
        missing.map { "\($0.count) of \($0.from.joined(separator: ", "))" }.joined(separator: " and ")
    }
}
