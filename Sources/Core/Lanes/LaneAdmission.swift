// Who may enter now: the gates, the lane's own guards, and the queue's policy.
extension LaneDecision {
    /// Facts about what waits: keeps the reasons, drops what can never pass, and starts at most one.
    mutating func admit(_ evaluations: [Lane.Evaluation]) throws(Refusal) {
        guard self.lane.mayAdmit else { return }
        var passing: [(queued: QueuedPromotion, evaluation: Lane.Evaluation, gates: [GateResult])] = []
        for evaluation in evaluations {
            guard let queued = self.lane.queue.first(where: { $0.number == evaluation.number }) else { continue }
            if self.lane.alreadyServes(queued.candidate) {
                // Since it was asked for, something was taken back to it: putting it up again would change nothing.
                try self.drop(queued.number, .rejected, by: .system, "\(queued.candidate.version) serves here already")
                continue
            }
            let gates = (self.lane.guards(for: queued, at: self.now) + evaluation.facts.gates).map {
                $0.known(at: self.now)
            }
            if let failed = gates.first(where: { $0.verdict == .fail }) {
                try self.drop(queued.number, .rejected, by: .system, "\(failed.gate): \(failed.reason)")
            } else if gates.allSatisfy({ $0.verdict == .pass }) {
                passing.append((queued, evaluation, gates))
            } else if gates != queued.waitsFor {
                try self.emit(.waiting(Lane.Waiting(number: queued.number, gates: gates)))
            }
        }
        guard let policy = passing.last?.evaluation.plan.policy,
            let number = self.choose(passing.map(\.queued), policy),
            let chosen = passing.first(where: { $0.queued.number == number })
        else { return }
        try self.skipOlder(than: chosen.queued, policy)
        try self.start(chosen.queued, chosen.evaluation, chosen.gates)
    }

    /// What a person moved to the front comes first, then what a named person asked for, then the newest; `every` keeps
    /// the order, and steps over what is planned for later.
    private func choose(_ passing: [QueuedPromotion], _ policy: QueuePolicy) -> Int? {
        switch policy {
        case .every:
            let first = self.lane.queue.first { !$0.isPlanned(at: self.now) }
            return first.flatMap { first in passing.first { $0.number == first.number } }?.number
        case .finish, .latest:
            if let moved = self.lane.queue.first(where: { queued in
                queued.movedBy != nil && passing.contains { $0.number == queued.number }
            }) {
                return moved.number
            }
            let asked = passing.filter { $0.by.isNamed }
            return (asked.isEmpty ? passing : asked).map(\.number).max()
        }
    }

    /// Automation never supersedes what a person started, and nothing what a person moved to the front.
    private mutating func skipOlder(than chosen: QueuedPromotion, _ policy: QueuePolicy) throws(Refusal) {
        switch policy {
        case .every: return
        case .finish, .latest:
            for older in self.lane.queue
            where older.number < chosen.number && older.movedBy == nil && (!older.by.isNamed || chosen.by.isNamed) {
                try self.drop(older.number, .superseded, by: .schedule, "\(chosen.candidate.version) is newer")
            }
        }
    }

    private mutating func start(
        _ queued: QueuedPromotion, _ evaluation: Lane.Evaluation, _ gates: [GateResult]
    ) throws(Refusal) {
        if let running = self.lane.deployment {
            let allowed = running.handOver.map { ", as \($0.by) allowed: \($0.reason)" } ?? ""
            try self.end(running, .superseded, "\(queued.candidate.version) takes over\(allowed)")
        }
        var facts = evaluation.facts
        facts.gates = gates
        try self.emit(
            .admitted(Lane.Admitted(number: queued.number, plan: evaluation.plan, facts: facts, at: self.now)))
        try self.emit(
            .capacityWanted(
                Lane.CapacityWanted(
                    number: queued.number, candidate: queued.candidate, definition: facts.definition,
                    drain: evaluation.plan.drain, replicas: evaluation.plan.firstReplicas,
                    secrets: facts.secrets)))
        guard let deployment = self.lane.deployment else { return }
        try self.start(step: 0, of: deployment)
        try self.retireUnused()
    }
}

extension Lane {
    /// Verified, in front of the users, and nothing is on its way to replace it.
    func alreadyServes(_ candidate: Candidate) -> Bool {
        self.deployment == nil && self.lastKnownGood?.candidate.release == candidate.release
    }

    /// What the lane itself says about a promotion: its own time, hold, pin, block, alarm. They bind automation and
    /// forward moves.
    package func guards(for queued: QueuedPromotion, at now: Instant) -> [GateResult] {
        var results: [GateResult] = []
        if queued.isPlanned(at: now) {
            results.append(
                GateResult(
                    gate: "planned", verdict: nil,
                    reason: "planned for later by \(queued.by). \(self.cancelCommand(queued.number)) takes it back.",
                    passesAt: queued.notBefore))
        }
        if let hold {
            results.append(
                GateResult(
                    gate: "hold", verdict: nil,
                    reason: "held by \(hold.by): \(hold.reason.asSentence) \(self.releaseHoldCommand) releases it.",
                    passesAt: hold.until))
        }
        if let pin, pin.version != queued.candidate.version {
            results.append(
                GateResult(
                    gate: "pin", verdict: nil,
                    reason:
                        "pinned to \(pin.version) by \(pin.by): \(pin.reason.asSentence) \(self.unpinCommand) releases it."
                ))
        }
        if let block = self.block(of: queued.candidate.release) {
            results.append(
                GateResult(
                    gate: "block", verdict: nil,
                    reason:
                        "blocked by \(block.by): \(block.reason.asSentence) \(self.unblockCommand(block.release)) lifts it."
                ))
        }
        if let alarm, !queued.by.isNamed {
            results.append(
                GateResult(
                    gate: "alarm", verdict: nil,
                    reason: "nothing moves forward by itself during an alarm: \(alarm.inWords)"))
        }
        return results
    }
}

extension QueuedPromotion {
    /// Its time has not come.
    func isPlanned(at now: Instant) -> Bool {
        self.notBefore.map { $0 > now } ?? false
    }
}
