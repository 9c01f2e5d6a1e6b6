import Core
import Logging
import Ports

/// Sends what people asked to hear of. The place it has come to in the ledger is kept there, so that a crash repeats a notice at worst;
/// receivers know it by its key. A channel that does not answer holds nothing else up: after some tries the notice is dropped and logged.
struct Notices: Sendable {
    let journal: Journal
    let messenger: any Messenger
    let logger: Logger

    private static let tries = 4
    private static let page = 500
    private static let reader = "notices"

    func run(_ pokes: AsyncStream<Void>) async {
        await pokes.atEachPoke("notices", self.logger) {
            while try await self.advance(), !Task.isCancelled {}
        }
    }

    /// Handles one page of events; false when there are no more.
    private func advance() async throws -> Bool {
        let place = try await self.journal.ledger.place(of: Self.reader)
        let events = try await self.journal.ledger.events(after: place, limit: Self.page)
        guard let last = events.last else { return false }
        for envelope in events {
            let found: Notice? =
                switch envelope.stream {
                case .lane(let id):
                    try await self.notice(try EventJSON.event(Lane.Event.self, of: envelope), envelope, id)
                case .change(let id):
                    try await self.notice(try EventJSON.event(ChangeRequest.Event.self, of: envelope), envelope, id)
                case .service, .release, .calendar, .access, .directory, .train, .flag, .ledger: nil
                }
            if let found { try await self.send(found) }
        }
        try await self.journal.ledger.setPlace(last.position, of: Self.reader)
        return events.count == Self.page
    }

    private func notice(_ event: Lane.Event, _ envelope: Envelope, _ id: LaneID) async throws -> Notice? {
        switch event {
        case .ended(let body):
            let occasion: Notify.Occasion
            switch body.outcome {
            case .completed: occasion = .completed
            case .failed: occasion = .failed
            case .aborted: occasion = .aborted
            case .rolledBack: occasion = .rolledBack
            case .superseded: return nil
            }
            let reason = body.reason.isEmpty ? "" : ": \(body.reason)"
            return Notice(
                key: "\(envelope.position)", occasion: occasion, lane: id, version: body.candidate.version,
                text: "\(id): \(body.candidate.version) \(body.outcome.rawValue)\(reason)", at: envelope.at)
        case .waiting(let body):
            guard let gate = body.approval, try await !self.hasWaited(body.number, before: envelope) else { return nil }
            let lane = try await self.journal.lane(id).machine
            let version = lane.queue.first { $0.number == body.number }?.candidate.version ?? ""
            return Notice(
                key: "\(envelope.position)", occasion: .waiting, lane: id, version: version,
                text: "\(id): \(version) waits for a person: \(gate.reason)", at: envelope.at)
        case .paused(let body) where body.pause.by == .judge:
            let version = try await self.journal.lane(id).machine.deployment?.candidate.version ?? ""
            return Notice(
                key: "\(envelope.position)", occasion: .waiting, lane: id, version: version,
                text: "\(id): \(version) waits for a person: \(body.pause.reason)", at: envelope.at)
        case .judged(let body):
            guard let warning = body.judgement.warning else { return nil }
            return Notice(
                key: "\(envelope.position)", occasion: .warning, lane: id, version: body.judgement.new.version,
                text: "\(id): \(body.judgement.new.version): \(warning)", at: envelope.at)
        case .alertPeriodBegan(let body):
            let whom = try await self.team(for: body.candidate, id)
            return Notice(
                key: "\(envelope.position)", occasion: .alert, lane: id, version: body.candidate.version,
                text: "\(id): \(body.sentence.asSentence) It is for \(whom).", at: envelope.at)
        case .alertPeriodEnded(let body):
            let whom = try await self.team(for: body.candidate, id)
            return Notice(
                key: "\(envelope.position)", occasion: .alert, lane: id, version: body.candidate.version,
                text: "\(id): \(body.sentence.asSentence) It is for \(whom).", at: envelope.at)
        case .alarmRaised(let alarm):
            return Notice(
                key: "\(envelope.position)", occasion: .failed, lane: id, version: "",
                text: "\(id): \(alarm.inWords)", at: envelope.at)
        case .requested, .removed, .admitted, .rollbackOrdered, .rollbackStarted, .capacityWanted, .capacityReady,
            .capacityWarm, .capacityLost, .capacityRetiring, .capacityGone, .stepStarted, .stepCompleted,
            .capacityScaled, .routingWanted, .routingConfirmed, .paused, .resumed, .skipped, .movedFirst, .handedOver,
            .aborted, .failed, .verified,
            .withdrawn, .passedNoReturn, .noReturnOverridden, .combinationOverridden, .blocked, .instancesDied,
            .routerDied,
            .unblocked, .held, .holdReleased, .pinned, .unpinned, .alarmCleared, .downOrdered, .routerRemoved,
            .downFinished:
            return nil
        }
    }

    private func notice(_ event: ChangeRequest.Event, _ envelope: Envelope, _ id: ChangeID) async throws -> Notice? {
        let (change, words): (ChangeRequest, String)
        let occasion: Notify.Occasion
        switch event {
        case .voided, .reminded, .escalated: occasion = .waiting
        case .emergencyDeclared: occasion = .alert
        case .expired: occasion = .failed
        // What a lane waits for is told by the lane; who has spoken knows it.
        case .requested, .spoken, .approved, .rejected, .closed: return nil
        }
        (change, words) = (try await self.journal.change(id).machine, event.sentence ?? "")
        guard let request = change.request else { return nil }
        let missing = ChangeRequest.inWords(change.missing)
        return Notice(
            key: "\(envelope.position)", occasion: occasion, lane: request.lane, version: request.candidate.version,
            text: "\(request.lane): \(request.candidate.version), \(id): \(words)"
                + (missing.isEmpty || change.state != .requested ? "" : "; it waits for \(missing)"), at: envelope.at)
    }

    /// Who stands by for a deployment: the service's owner, and the author of what was released.
    private func team(for candidate: Candidate, _ id: LaneID) async throws -> String {
        let owner = try await self.journal.service(id.service).machine.current?.owner ?? ""
        let author = try await self.journal.release(candidate.release).machine.origin?.author ?? ""
        let names = [owner, author].filter { !$0.isEmpty }
        return names.isEmpty ? "whoever owns \(id.service)" : names.joined(separator: " and ")
    }

    /// Whether people were told already that this promotion waits for them: its other gates may change often meanwhile.
    private func hasWaited(_ number: Int, before envelope: Envelope) async throws -> Bool {
        var after = 0
        while true {
            let events = try await self.journal.ledger.events(of: envelope.stream, after: after, limit: Self.page)
            for earlier in events {
                guard earlier.number < envelope.number else { return false }
                guard case .waiting(let body) = try EventJSON.event(Lane.Event.self, of: earlier) else { continue }
                if body.number == number, body.approval != nil { return true }
            }
            guard events.count == Self.page, let last = events.last else { return false }
            after = last.number
        }
    }

    private func send(_ notice: Notice) async throws {
        let service = try await self.journal.service(notice.lane.service).machine
        guard let environment = service.current?[notice.lane.environment] else { return }
        for notify in environment.notify where notify.on.contains(notice.occasion) {
            for attempt in 1...Self.tries {
                do {
                    try await self.messenger.send(notice, by: notify.channel, attempt: attempt)
                    break
                } catch is CancellationError {
                    throw CancellationError()
                } catch {
                    self.logger.warning("notice \(notice.key), try \(attempt) of \(Self.tries): \(error)")
                    try await Task.sleep(for: .milliseconds(250 << attempt))
                }
            }
        }
    }
}

extension Lane.Waiting {
    /// The gate that waits for a person's word, if one does.
    fileprivate var approval: GateResult? { self.gates.first { $0.gate == "approval" && $0.verdict == nil } }
}
