// Going back after a deployment ended, or instead of one that runs.
extension LaneDecision {
    mutating func rollBack(
        to version: String?, _ settings: Lane.RollbackSettings, by actor: Actor, _ reason: String
    ) throws(Refusal) {
        if self.lane.takingDown != nil {
            throw Refusal(.wrongState, "This environment is being taken down; there is nothing to go back to.")
        }
        if let order = self.lane.nextRollback, version == nil || order.target.candidate.version == version {
            throw Refusal(
                .alreadyRunning,
                "The rollback to \(order.target.candidate.version) waits already, as \(order.number). "
                    + "\(self.lane.rollbackCommand(to: "VERSION")) names another version to go to.")
        }
        let target = try self.lane.rollbackTarget(version)
        if let deployment = self.lane.deployment, deployment.kind == .rollback,
            deployment.candidate == target.candidate
        {
            throw Refusal(
                .alreadyRunning, "The rollback to \(target.candidate.version) is under way, as \(deployment.number).")
        }
        if let deployment = self.lane.deployment, deployment.kind == .forward, self.lane.nextRollback == nil,
            self.lane.stable?.candidate == target.candidate
        {
            return try self.returnInstead(deployment, by: actor, reason)
        }
        try self.clearTheWay(by: actor, reason)
        try self.emit(
            .rollbackOrdered(
                RollbackOrder(
                    number: self.lane.lastNumber + 1, target: target, by: actor, reason: reason, settings: settings,
                    at: self.now)))
    }

    /// Past a point of no return only where one stands in the way: then the word of the person who says so comes first on record.
    mutating func forceBack(
        to version: String?, _ settings: Lane.RollbackSettings, by actor: Actor, _ reason: String
    ) throws(Refusal) {
        var plain = self
        do {
            try plain.rollBack(to: version, settings, by: actor, reason)
            self = plain
        } catch {
            guard error.code == .forwardOnly else { throw error }
            try self.emit(.noReturnOverridden(Lane.ByReason(by: actor, reason: reason, at: self.now)))
            try self.rollBack(to: version, settings, by: actor, reason)
        }
    }

    /// What to go back to runs beside the deployment: returning the traffic is the rollback.
    private mutating func returnInstead(_ deployment: Deployment, by actor: Actor, _ reason: String) throws(Refusal) {
        if self.lane.isForwardOnly(deployment) { throw self.lane.forwardOnly(deployment.candidate.version) }
        try self.takeBack(.aborted, Ending(by: actor, reason: reason, lastLines: []))
        try self.hold(by: actor, reason)
    }

    private mutating func clearTheWay(by actor: Actor, _ reason: String) throws(Refusal) {
        guard let deployment = self.lane.deployment else { return }
        switch deployment.kind {
        case .forward:
            if self.lane.isForwardOnly(deployment) { throw self.lane.forwardOnly(deployment.candidate.version) }
            let ending = Ending(by: actor, reason: reason, lastLines: [])
            if let before = deployment.returnsTo, deployment.phase == .running, !self.lane.stands(before) {
                // What it would give its traffic back to was stopped at a point of no return: it serves until that is up again.
                try self.block(deployment, ending)
                try self.end(deployment, .aborted, reason)
            } else {
                try self.takeBack(.aborted, ending)
            }
        case .rollback:
            // Before its switch it has changed nothing that users see, so the newer word replaces it.
            guard case .capacity = deployment.currentStep else { return }
            try self.end(deployment, .superseded, reason)
            try self.retireUnused()
        }
    }
}

extension Lane {
    /// Why there is no way back, and the way forward.
    func forwardOnly(_ version: String) -> Refusal {
        let reason = self.noReturn?.because ?? "an older version can't work on the changed data"
        return Refusal(
            .forwardOnly,
            "\(self.noReturn?.version ?? version) has passed its point of no return: \(reason.asSentence) "
                + "Roll forward with a fix. A person who knows that the older version can work with what is stored goes back "
                + "all the same, on record, with \(self.forcedRollbackCommand).")
    }

    /// What a rollback goes to; nil: the release verified here before the one that serves.
    package func rollbackTarget(_ version: String?) throws(Refusal) -> VerifiedRelease {
        let current = self.stable?.number
        if let version {
            guard let found = self.history.last(where: { $0.candidate.version == version }) else {
                let known = self.rollbackTargets.map(\.candidate.version).joined(separator: ", ")
                throw Refusal(
                    .notVerified,
                    "\(version) was never verified here. "
                        + (known.isEmpty ? "No version to go back to is known." + self.wayOut : "Known: \(known)."))
            }
            guard found.number >= self.noReturnBefore else { throw self.forwardOnly(self.servingVersion) }
            if self.deployment == nil, self.stable?.candidate == found.candidate {
                throw Refusal(.nothingToDo, "\(version) serves here already.")
            }
            return found
        }
        // While a forward move runs or returns, the version before it is the last known good.
        // (An abort and a rollback sent at once mean the same, in either order.)
        if let deployment = self.deployment, deployment.kind == .forward, self.nextRollback == nil,
            let stable = self.history.last(where: { $0.number == current })
        {
            if self.isForwardOnly(deployment) { throw self.forwardOnly(deployment.candidate.version) }
            return stable
        }
        guard let found = self.rollbackTargets.first else {
            if self.noReturnBefore > 0, self.history.count > 1 { throw self.forwardOnly(self.servingVersion) }
            throw Refusal(
                .notVerified, "There is no earlier verified version here to go back to." + self.wayOut)
        }
        return found
    }

    /// What a person can do instead, while the first version is still on its way.
    private var wayOut: String {
        guard let deployment = self.deployment, deployment.kind == .forward, deployment.phase == .running else {
            return ""
        }
        return " \(self.abortCommand(deployment.number)) stops the deployment of "
            + "\(deployment.candidate.version)."
    }

    private var servingVersion: String { self.serving.first?.capacity.candidate.version ?? "The serving version" }
}

extension LaneDecision {
    private mutating func hold(by actor: Actor, _ reason: String) throws(Refusal) {
        try self.emit(.held(Hold(by: actor, reason: reason, since: self.now, until: nil)))
    }

    /// Starts an ordered rollback: one switch if the target is still warm, else its instances first.
    mutating func start(_ order: RollbackOrder) throws(Refusal) {
        let warm = self.lane.readyCapacity(of: order.target)
        let settings = order.settings
        try self.emit(
            .rollbackStarted(
                Lane.RollbackStarted(
                    number: order.number, candidate: order.target.candidate, capacity: warm?.number ?? order.number,
                    definition: settings.definition,
                    plan: .rollback(
                        isWarm: warm != nil, health: settings.health, drain: settings.drain, policy: settings.policy),
                    by: order.by, reason: order.reason, at: self.now)))
        if warm == nil {
            try self.emit(
                .capacityWanted(
                    Lane.CapacityWanted(
                        number: order.number, candidate: order.target.candidate, definition: settings.definition,
                        drain: settings.drain, replicas: nil, secrets: order.target.secrets)))
        }
        let left = self.lane.history.filter { $0.number > order.target.number && !$0.isWithdrawn }.map(\.number)
        if !left.isEmpty { try self.emit(.withdrawn(Lane.Withdrawn(numbers: left, at: self.now))) }
        try self.hold(by: order.by, order.reason)
        guard let deployment = self.lane.deployment else { return }
        try self.start(step: 0, of: deployment)
    }
}

extension Lane {
    /// Releases that a rollback can go to, the likeliest first: verified here, not gone back from, not past the point
    /// of no return, and not what serves.
    package var rollbackTargets: [VerifiedRelease] {
        self.history.reversed().filter {
            !$0.isWithdrawn && $0.number >= self.noReturnBefore && $0.candidate != self.stable?.candidate
        }
    }
}
