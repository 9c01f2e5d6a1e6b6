package import Core
package import Ports

/// One decision in words, with the event that it is.
package struct Explanation: Sendable, Equatable {
    package let at: Instant
    package let actor: Actor
    package let text: String
    package let position: Int
}

extension ControlPlane {
    /// Events after a position of the ledger, oldest first: of one stream, or of all.
    package func events(of stream: StreamID?, after: Int, limit: Int, by caller: Caller) async throws -> [Envelope] {
        try await self.authorize(caller, .view, on: try await self.scope(of: stream))
        guard let stream else { return try await self.journal.ledger.events(after: after, limit: limit) }
        var found: [Envelope] = []
        var number = 0
        while found.count < limit {
            let page = try await self.journal.ledger.events(of: stream, after: number, limit: 1_000)
            found += page.filter { $0.position > after }
            guard page.count == 1_000, let last = page.last else { break }
            number = last.number
        }
        return Array(found.prefix(limit))
    }

    /// Where the right to see a stream is needed.
    private func scope(of stream: StreamID?) async throws -> AccessScope {
        switch stream {
        case .service(let name): .service(name)
        case .release(let id):
            try await self.journal.release(id).machine.origin.map { .service($0.service) } ?? .organisation
        case .lane(let id): .lane(id)
        case .change(let id): try await self.scope(of: id)
        case nil, .train, .flag, .calendar, .access, .directory, .ledger: .organisation
        }
    }

    /// Why a promotion went as it did, in words, oldest first; with what people said to its change, if it had one.
    package func why(_ id: LaneID, _ number: Int, by caller: Caller) async throws -> [Explanation] {
        try await self.authorize(caller, .view, on: .lane(id))
        _ = try await self.known(id)
        var story = PromotionStory(number: number)
        let explanations = try await self.explain(.lane(id), as: Lane.Event.self) { story.sentence($0) }
        let lane = try await self.journal.lane(id).machine
        guard number >= 1, number <= lane.lastNumber else {
            throw Refusal(.notFound, "There is no promotion `\(id)/\(number)`; the newest is \(lane.lastNumber).")
        }
        let words = try await self.explain(.change(ChangeID(id, number)), as: ChangeRequest.Event.self) { $0.sentence }
        return (explanations + words).sorted { $0.position < $1.position }
    }

    package func why(_ id: ReleaseID, by caller: Caller) async throws -> [Explanation] {
        _ = try await self.release(named: id.text, by: caller)
        return try await self.explain(.release(id), as: Release.Event.self) { $0.sentence }
    }

    package func why(_ id: ChangeID, by caller: Caller) async throws -> [Explanation] {
        _ = try await self.change(id, by: caller)
        return try await self.explain(.change(id), as: ChangeRequest.Event.self) { $0.sentence }
    }

    private func explain<E: LedgerEvent>(
        _ stream: StreamID, as type: E.Type, _ words: (E) -> String?
    ) async throws -> [Explanation] {
        var explanations: [Explanation] = []
        var after = 0
        while true {
            let events = try await self.journal.ledger.events(of: stream, after: after, limit: 1_000)
            for envelope in events {
                guard let text = words(try EventJSON.event(type, of: envelope)) else { continue }
                explanations.append(
                    Explanation(at: envelope.at, actor: envelope.actor, text: text, position: envelope.position))
            }
            guard events.count == 1_000, let last = events.last else { return explanations }
            after = last.number
        }
    }

    /// Recomputes the whole chain.
    package func verifyAudit(by caller: Caller) async throws -> AuditReport {
        try await self.authorize(caller, .view, on: .organisation, "the audit")
        return try await self.journal.ledger.verify()
    }
}

/// Picks from a lane's events what concerns one promotion: its own, and what happened to the lane while it was open.
private struct PromotionStory {
    let number: Int
    private var isOpen = false
    private var steps: [Step] = []

    init(number: Int) { self.number = number }

    mutating func sentence(_ event: Lane.Event) -> String? {
        if case .admitted(let body) = event, body.number == self.number { self.steps = body.plan.steps }
        if case .rollbackStarted(let body) = event, body.number == self.number { self.steps = body.plan.steps }
        guard let sentence = event.sentence else { return nil }
        guard let number = sentence.number else { return self.isOpen ? sentence.text : nil }
        guard number == self.number else { return nil }
        // Its instances may die long after it ended, which opens nothing again.
        if case .instancesDied = event { return sentence.text }
        self.isOpen = true
        if case .ended = event { self.isOpen = false }
        if case .removed = event { self.isOpen = false }
        if case .stepStarted(let body) = event, self.steps.indices.contains(body.step) {
            return "step \(body.step + 1) of \(self.steps.count) started: \(self.steps[body.step].name)"
        }
        return sentence.text
    }
}
