package import Core

extension Lane.Event {
    /// What a person should know of this fact; `number` is the promotion that it is about, nil: all of the lane's. nil: bookkeeping.
    package var sentence: (number: Int?, text: String)? {
        switch self {
        case .requested(let body):
            (
                body.number,
                "\(body.by) asked for \(body.candidate.version)"
                    + (body.notBefore == nil ? "" : ", planned for a time of its own")
            )
        case .movedFirst(let body): (body.number, "moved to the front by \(body.by): \(body.reason)")
        case .waiting(let body):
            (body.number, "waits: " + body.gates.filter { $0.verdict != .pass }.map(\.inWords).joined(separator: "; "))
        case .removed(let body): (body.number, "left the queue, \(body.why.rawValue): \(body.reason)")
        case .admitted(let body):
            (
                body.number,
                "admitted under definition \(body.facts.definition) by \(body.plan.strategy): "
                    + body.facts.gates.map(\.inWords).joined(separator: "; ")
            )
        case .rollbackOrdered(let body):
            (body.number, "\(body.by) ordered the rollback to \(body.target.candidate.version): \(body.reason)")
        case .rollbackStarted(let body): (body.number, "the rollback to \(body.candidate.version) started")
        case .stepStarted(let body): (body.number, "step \(body.step + 1) started")
        case .stepCompleted(let body): (body.number, "step \(body.step + 1) ended: \(body.summary)")
        case .judged(let body):
            (
                body.number,
                body.judgement.sentence.asClause + (body.judgement.warning.map { ". Watch out: \($0)" } ?? "")
            )
        case .alertPeriodBegan(let body): (body.number, body.sentence)
        case .alertPeriodEnded(let body): (body.number, body.sentence)
        case .paused(let body): (body.number, "paused by \(body.pause.by): \(body.pause.reason)")
        case .resumed(let body): (body.number, "resumed by \(body.by): \(body.reason)")
        case .skipped(let body):
            (body.number, "\(body.by) did not wait for the end of step \(body.step + 1): \(body.reason)")
        case .handedOver(let body):
            (body.number, "\(body.by) lets the next take over during the bake: \(body.reason)")
        case .aborted(let body): (body.number, "aborted by \(body.ending.by): \(body.ending.reason)")
        case .failed(let body): (body.number, "failed: \(body.ending.words)")
        case .ended(let body):
            (body.number, "ended, \(body.outcome.rawValue)" + (body.reason.isEmpty ? "" : ": \(body.reason)"))
        case .verified(let body): (body.number, "\(body.candidate.version) is verified here")
        case .passedNoReturn(let body):
            (
                body.number,
                "\(body.version ?? "it") passed its point of no return" + (body.because.map { ": \($0)" } ?? "")
            )
        case .noReturnOverridden(let body):
            (nil, "\(body.by) goes back past the point of no return: \(body.reason)")
        case .combinationOverridden(let body):
            (body.number, "\(body.by) lets it enter beside \(body.with.joined(separator: ", ")): \(body.reason)")
        case .instancesDied(let body):
            (body.number, "\(body.deaths.last.asClause); started again (restarts so far: \(body.deaths.count))")
        case .routerDied(let deaths):
            (nil, "the router was lost and brought back: \(deaths.last) (restarts so far: \(deaths.count))")
        case .blocked(let block): (nil, "\(block.release) blocked by \(block.by): \(block.reason)")
        case .unblocked(let body): (nil, "\(body.release) unblocked by \(body.by): \(body.reason)")
        case .held(let hold): (nil, "held by \(hold.by): \(hold.reason)")
        case .holdReleased(let body): (nil, "hold released by \(body.by): \(body.reason)")
        case .pinned(let pin): (nil, "pinned to \(pin.version) by \(pin.by): \(pin.reason)")
        case .unpinned(let body): (nil, "pin released by \(body.by): \(body.reason)")
        case .alarmRaised(let alarm): (nil, "alarm: \(alarm.inWords)")
        case .alarmCleared(let body): (nil, "alarm over: \(body.reason)")
        case .downOrdered(let body): (nil, "\(body.by) takes the environment down: \(body.reason)")
        case .downFinished: (nil, "the environment is down")
        case .capacityWanted, .capacityScaled, .capacityReady, .capacityWarm, .capacityLost, .capacityRetiring,
            .capacityGone,
            .routingWanted, .routingConfirmed, .withdrawn, .routerRemoved:
            nil
        }
    }
}

extension Lane.AlertPeriodBegan {
    var sentence: String {
        "the release team is on alert for \(self.candidate.version) until \(self.until.clock) "
            + "(\((self.until - self.at).words))"
    }
}

extension Lane.AlertPeriodEnded {
    var sentence: String {
        let why =
            switch self.why {
            case .timeOver: "its time is over"
            case .skipped: "skipped by \(self.reason)"
            case .takenBack: "it is taken back: \(self.reason)"
            case .failed: "it failed: \(self.reason)"
            case .handedOver: "handed over: \(self.reason)"
            case .superseded: "superseded: \(self.reason)"
            case .takenDown: self.reason
            }
        return "the release team is on alert for \(self.candidate.version) no longer: \(why)"
    }
}

extension Instant {
    /// `14:20:05 UTC`. The day is told by the length beside it.
    fileprivate var clock: String {
        let seconds = self.milliseconds / 1_000 % 86_400
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(seconds / 3_600)):\(two(seconds / 60 % 60)):\(two(seconds % 60)) UTC"
    }
}

extension Ending {
    /// With the last lines of an instance or a command.
    fileprivate var words: String {
        guard !self.lastLines.isEmpty else { return self.reason }
        return self.reason.asSentence + " Last lines: " + self.lastLines.suffix(5).joined(separator: " | ")
    }
}

extension GateResult {
    package var inWords: String { "\(self.gate) \(self.verdict?.rawValue ?? "pending") (\(self.reason.asClause))" }
}

extension Release.Event {
    package var sentence: String? {
        switch self {
        case .requested(let origin):
            "\(origin.by) asked for \(origin.version) of commit \(origin.commit.prefix(12)) (\(origin.subject))"
        case .built(let body): "built: \(body.artifact.name), \(body.artifact.blob.digest)"
        case .failed(let body): "the build failed: \(body.reason)"
        case .tagged: "tagged in its repository"
        case .tagFailed(let body): "its tag could not be made and is tried again: \(body.reason)"
        case .pruned(let body): "\(body.by) pruned its content (\(body.bytes) bytes): nothing needed it any more"
        case .tagAsked(let body): "\(body.by) asked for its tag again"
        case .verified(let body): "verified in \(body.environment)"
        case .blocked(let body): "blocked in \(body.environment) by \(body.by): \(body.reason)"
        case .unblocked(let body): "unblocked in \(body.environment) by \(body.by): \(body.reason)"
        }
    }
}

extension ChangeRequest.Event {
    package var sentence: String? {
        switch self {
        case .requested(let request):
            request.needs.isEmpty
                ? "\(request.by) asked for it"
                : "\(request.by) needs the word of \(ChangeRequest.inWords(request.needs))"
        case .voided(let body): "what people said of it is void, as \(body.reason)"
        case .emergencyDeclared(let body): "\(body.words); to be approved until \(body.approveBy.wire)"
        case .reminded: "half of the time to decide is over"
        case .expired: "expired: nobody decided in time"
        case .escalated: "the emergency was not approved in time"
        case .spoken(let word): "\(word.by) said \(word.isYes ? "yes" : "no"): \(word.reason)"
        case .approved: "approved"
        case .rejected: "rejected"
        case .closed(let body): "closed: \(body.reason)"
        }
    }
}
