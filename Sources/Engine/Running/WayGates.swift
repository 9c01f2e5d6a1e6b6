import Core
import ServiceFile

// Gates about the release's own way: what must have prepared for it, and how like the environment is to another.
extension AdmissionRules {
    /// The release that prepares for this one, verified here for long enough; and its deployment. nil: it needs none.
    func prepared(
        _ needs: Prerequisite?, _ queued: QueuedPromotion, in lane: Lane, at now: Instant
    ) -> (gate: GateResult, number: Int?)? {
        guard let needs else { return nil }
        func say(_ verdict: Verdict?, _ reason: String, _ passesAt: Instant? = nil) -> GateResult {
            GateResult(gate: "prepared", verdict: verdict, reason: reason, passesAt: passesAt)
        }
        if lane.history.isEmpty, lane.stable == nil {
            return (say(.pass, "nothing older was ever verified here"), nil)
        }
        guard let standing = lane.standing(needs.versions, besides: queued.candidate.release) else {
            let stands = lane.stable.map { "\($0.candidate.version) is" } ?? "nothing is"
            return (
                say(
                    nil,
                    "\(needs.versions) must be verified in \(self.id) first"
                        + (needs.bakedFor > .zero ? ", for \(needs.bakedFor.words)" : "") + "; \(stands)"), nil
            )
        }
        let ripe = standing.since + needs.bakedFor
        guard ripe <= now else {
            return (
                say(nil, "\(needs.versions) is verified here, and bakes for \(needs.bakedFor.words)", ripe),
                standing.number
            )
        }
        return (
            say(.pass, "prepared by \(needs.versions); there is no way back below that once it serves"),
            standing.number
        )
    }

    func likeGate(_ ground: Ground) -> GateResult {
        let name = ground.environment.name
        guard let like = ground.environment.like?.environment,
            let differences = ground.service.current?.unlikeness(of: name, secrets: ground.service.secrets)
        else { return GateResult(gate: "like", verdict: .pass, reason: "there is nothing to be like") }
        if differences.isEmpty { return GateResult(gate: "like", verdict: .pass, reason: "\(name) is like \(like)") }
        let words = differences.map { "\($0.key.rawValue) (\($0.here), there \($0.there))" }.joined(separator: ", ")
        return GateResult(
            gate: "like", verdict: nil,
            reason:
                "\(name) differs from \(like) in \(words): mend that in slipway.yaml and apply it, or name it in `except`"
        )
    }
}
