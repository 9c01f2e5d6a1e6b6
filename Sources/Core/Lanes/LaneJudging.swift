// What the judge says about a deployment that runs, and what follows: go on, take back, or ask a person.
extension LaneDecision {
    /// Heard each time the judge has looked. Recorded only when it says something new, ends a step, or has not been
    /// recorded for `Lane.judgedAtLeastEvery`.
    mutating func judged(_ number: Int, _ judgement: Judgement) throws(Refusal) {
        guard let deployment = self.lane.deployment, deployment.number == number, deployment.kind == .forward,
            deployment.phase == .running, deployment.plan.judging != nil
        else { return }
        if judgement.verdict == .fail { return try self.stop(deployment, judgement) }
        try self.recordIfNews(deployment, judgement)
        guard deployment.pause == nil, !deployment.stepIsDone, case .observe(_, let times) = deployment.currentStep
        else { return }
        if judgement.verdict == .error { return try self.ask(deployment, judgement.sentence) }
        guard let until = deployment.stepUntil else { return }
        let watched = times.atMost - (until - self.now)
        if judgement.verdict == .pass, watched >= times.atLeast {
            try self.record(deployment, judgement)
            try self.complete(deployment, judgement.sentence)
        } else if until <= self.now {
            try self.timeIsUp(deployment, judgement, since: until)
        }
    }

    /// Harm is shown: the traffic goes back, whatever the step, also while a person is asked. What can't go back raises
    /// its own alarm.
    private mutating func stop(_ deployment: Deployment, _ judgement: Judgement) throws(Refusal) {
        try self.record(deployment, judgement)
        try self.takeBack(.aborted, Ending(by: .judge, reason: judgement.sentence, lastLines: []))
    }

    private mutating func timeIsUp(
        _ deployment: Deployment, _ judgement: Judgement, since until: Instant
    ) throws(Refusal) {
        guard let judging = deployment.plan.judging else { return }
        if judgement.requestsInStep < Judgement.fewestRequests {
            return try self.sawTooLittle(deployment, judgement, judging.noData, since: until)
        }
        try self.record(deployment, judgement)
        switch judging.whenTimeIsUp {
        case .advanceUnlessDoubt where judgement.mayAdvance: try self.complete(deployment, judgement.sentence)
        case .advanceUnlessDoubt, .pause:
            try self.ask(deployment, "time is up without a verdict: \(judgement.sentence)")
        }
    }

    private mutating func sawTooLittle(
        _ deployment: Deployment, _ judgement: Judgement, _ policy: NoDataPolicy, since until: Instant
    ) throws(Refusal) {
        let seen =
            "\(judgement.requestsInStep) requests in this step, \(Judgement.fewestRequests) are needed to judge by"
            + (judgement.warning.map { "; \($0)" } ?? "")
        switch policy {
        case .wait(let longer):
            guard until + longer <= self.now else { return }
            try self.record(deployment, judgement)
            try self.ask(deployment, seen)
        case .pass:
            try self.record(deployment, judgement)
            try self.complete(deployment, "\(seen); `noData: pass` goes on")
        case .fail:
            try self.record(deployment, judgement)
            try self.takeBack(.failed, Ending(by: .judge, reason: "\(seen); `noData: fail`", lastLines: []))
        }
    }

    /// A decision for a person, with the evidence beside it: continue, extend or abort.
    private mutating func ask(_ deployment: Deployment, _ reason: String) throws(Refusal) {
        let reason =
            "\(reason.asSentence) \(self.lane.skipCommand(deployment.number)) continues, "
            + "\(self.lane.resumeCommand(deployment.number)) watches this step once more, "
            + "\(self.lane.abortCommand(deployment.number)) returns the traffic."
        try self.emit(
            .paused(
                Lane.Paused(number: deployment.number, pause: Pause(by: .judge, reason: reason, since: self.now))))
    }

    /// The judge itself was silent until the deadline: no data, never a reason to go on or back by itself.
    mutating func pauseUnseen(_ deployment: Deployment) throws(Refusal) {
        try self.ask(deployment, "nothing was observed in time")
    }

    mutating func alarmIfUndecided(_ deployment: Deployment, _ pause: Pause) throws(Refusal) {
        guard pause.by == .judge, pause.since + Lane.decidesWithin <= self.now else { return }
        try self.alarm(
            .stuck, "\(deployment.candidate.version) waits for a decision: \(pause.reason)",
            next: "give one of the three")
    }

    // MARK: The record

    private mutating func recordIfNews(_ deployment: Deployment, _ judgement: Judgement) throws(Refusal) {
        let last = deployment.judgement
        let isDue = deployment.judgedAt.map { $0 + Lane.judgedAtLeastEvery <= self.now } ?? true
        guard isDue || last?.verdict != judgement.verdict || last?.warning != judgement.warning else { return }
        try self.record(deployment, judgement)
    }

    private mutating func record(_ deployment: Deployment, _ judgement: Judgement) throws(Refusal) {
        guard self.lane.deployment?.judgement != judgement else { return }
        try self.emit(
            .judged(
                Lane.Judged(number: deployment.number, step: deployment.step, judgement: judgement, at: self.now)))
    }

    // MARK: The alarm after a stop

    mutating func alarmStopped(_ deployment: Deployment, _ ending: Ending) throws(Refusal) {
        try self.alarm(
            .stoppedByJudge, "\(deployment.candidate.version) was stopped: \(ending.reason)",
            next:
                "look at the evidence with \(self.lane.whyCommand(deployment.number)); promote a fix by hand, or clear the alarm"
        )
    }

    /// Something newer went in whole: what was stopped before is over.
    mutating func clearStopped(after deployment: Deployment) throws(Refusal) {
        guard deployment.kind == .forward, self.lane.alarm?.kind == .stoppedByJudge else { return }
        try self.emit(
            .alarmCleared(
                Lane.ByReason(
                    by: .system, reason: "\(deployment.candidate.version) is verified here", at: self.now)))
    }

    // MARK: Batches

    mutating func scaled(_ number: Int, _ replicas: Int) throws(Refusal) {
        guard let deployment = self.waitingForScale(number), case .scale(replicas, _) = deployment.currentStep
        else { return }
        try self.emit(.capacityScaled(Lane.CapacityScaled(number: number, replicas: replicas)))
        try self.complete(deployment)
    }

    mutating func scaleFailed(_ number: Int, _ reason: String, _ lines: [String] = []) throws(Refusal) {
        guard self.waitingForScale(number) != nil else { return }
        try self.takeBack(.failed, Ending(by: .system, reason: reason, lastLines: lines))
    }

    private func waitingForScale(_ number: Int) -> Deployment? {
        guard let deployment = self.lane.deployment, deployment.capacity == number,
            let waiting = self.waiting(deployment.number), case .scale = waiting.currentStep
        else { return nil }
        return waiting
    }
}

extension Lane {
    /// A judgement that says nothing new is recorded this often all the same.
    package static let judgedAtLeastEvery = Milliseconds.minutes(10)
    /// A person who was asked by the judge has this long before the alarm is raised.
    package static let decidesWithin = Milliseconds.hours(24)

    /// An alarm that says what is wrong now; the one after a stopped release only holds automation back.
    var hasPressingAlarm: Bool {
        switch self.alarm?.kind {
        case .noReadyCapacity, .stuck, .rollbackFailed, .forwardOnly, .routerDown: true
        case .stoppedByJudge, nil: false
        }
    }

    /// The running deployment, while its traffic is looked at and judged: from its first step on to its end.
    package var watched: Deployment? {
        guard let deployment, deployment.kind == .forward, deployment.phase == .running,
            deployment.plan.judging != nil
        else { return nil }
        return deployment
    }
}
