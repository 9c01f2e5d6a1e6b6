/// The time in which the release team stands by for a deployment: from the begin of its bake, when the new version has
/// all the traffic, to the fact that ends it.
package struct AlertPeriod: Sendable, Equatable, Codable {
    /// Why it ended.
    package enum End: String, Sendable, Codable, CaseIterable {
        /// The bake ended by time.
        case timeOver
        /// A named person did not wait for the end of the bake.
        case skipped
        /// Abort or failure: the traffic goes back.
        case takenBack
        /// It failed and can't go back: the alarm takes over.
        case failed
        /// A named person had let the next take over, and it did.
        case handedOver
        /// Something newer took over, as the queue's policy says.
        case superseded
        case takenDown
    }

    package let since: Instant
    /// When it ends by time. A pause moves it.
    package internal(set) var until: Instant

    mutating func move(by time: Milliseconds) { self.until = self.until + time }
}

extension Lane {
    /// The bake began: the release team is on alert.
    package struct AlertPeriodBegan: Sendable, Equatable, Codable {
        package let number: Int
        package let candidate: Candidate
        package let at: Instant
        package let until: Instant
    }

    /// The release team is on alert no longer.
    package struct AlertPeriodEnded: Sendable, Equatable, Codable {
        package let number: Int
        package let candidate: Candidate
        package let why: AlertPeriod.End
        package let reason: String
        package let at: Instant
    }
}

extension LaneDecision {
    mutating func beginAlert(of deployment: Deployment, for time: Milliseconds) throws(Refusal) {
        try self.emit(
            .alertPeriodBegan(
                Lane.AlertPeriodBegan(
                    number: deployment.number, candidate: deployment.candidate, at: self.now, until: self.now + time)))
    }

    /// Nothing where there is none: no bake, or one that began before there were alert periods.
    mutating func endAlert(_ why: AlertPeriod.End, _ reason: String) throws(Refusal) {
        guard let deployment = self.lane.deployment, deployment.alert != nil else { return }
        try self.emit(
            .alertPeriodEnded(
                Lane.AlertPeriodEnded(
                    number: deployment.number, candidate: deployment.candidate, why: why, reason: reason, at: self.now))
        )
    }

    /// The bake is over: by time, or because a person did not wait.
    mutating func endAlertWithBake(_ deployment: Deployment) throws(Refusal) {
        guard case .bake = deployment.currentStep else { return }
        if let skip = self.lane.skips[deployment.number]?.last, skip.step == deployment.step {
            try self.endAlert(.skipped, "\(skip.by): \(skip.reason)")
        } else {
            try self.endAlert(.timeOver, "its time is over")
        }
    }

    /// A deployment that ends in its bake without having been taken back.
    mutating func endAlert(with outcome: Outcome, of deployment: Deployment, _ reason: String) throws(Refusal) {
        let why: AlertPeriod.End =
            switch outcome {
            case .completed, .rolledBack: .timeOver
            case .failed: .failed
            case .aborted: .takenDown
            case .superseded: deployment.handOver == nil ? .superseded : .handedOver
            }
        try self.endAlert(why, reason)
    }
}

extension Deployment {
    mutating func begin(_ body: Lane.AlertPeriodBegan) {
        self.alert = AlertPeriod(since: body.at, until: body.until)
    }
}
