/// The change request of one promotion into a controlled environment: who must say yes, who did.
///
///     (unknown) --requested--> requested --approved (count reached)--> approved --closed--> closed
///     requested --rejected--> rejected --closed--> closed
///     requested --expired (nobody decided in time)--> expired
///     requested, approved --voided (what was approved has changed)--> requested
///     requested --emergencyDeclared--> requested: it goes ahead, is not closed before people approved it, and escalates if they do not
package struct ChangeRequest: Machine, Codable {
    package enum State: String, Sendable, Codable {
        case unknown, requested, approved, rejected, closed, expired
    }

    package internal(set) var state: State = .unknown
    package internal(set) var request: Request?
    package internal(set) var words: [Word] = []
    /// It goes ahead before people have said yes; nil: a normal change (ITIL 4, change enablement).
    package internal(set) var emergency: Emergency?
    /// Since when people are asked; nil: since the request.
    package internal(set) var askedAt: Instant?
    /// People were reminded that time runs out.
    package internal(set) var remindedAt: Instant?
    /// An emergency that nobody approved in time.
    package internal(set) var escalatedAt: Instant?

    package init() {}

    package struct Request: Sendable, Equatable, Codable {
        package let id: ChangeID
        package let lane: LaneID
        package let promotion: Int
        package let candidate: Candidate
        package let by: Actor
        /// People who made or asked for this; their word does not count.
        package let authors: [String]
        package internal(set) var needs: [Need]
        package let at: Instant
        /// The number of the service's definition that says how it would be deployed. nil in what was stored before approvals
        /// were voided by another one.
        package internal(set) var definition: Int?

        package init(
            id: ChangeID, lane: LaneID, promotion: Int, candidate: Candidate, by: Actor, authors: [String],
            needs: [Need], definition: Int? = nil, at: Instant
        ) {
            self.id = id
            self.lane = lane
            self.promotion = promotion
            self.candidate = candidate
            self.by = by
            self.authors = authors
            self.needs = needs
            self.definition = definition
            self.at = at
        }
    }

    /// `count` different people of `from`.
    package struct Need: Sendable, Equatable, Codable {
        package let from: [String]
        package let count: Int

        package init(from: [String], count: Int) {
            self.from = from
            self.count = count
        }
    }

    package struct Word: Sendable, Equatable, Codable {
        package let by: Actor
        package let isYes: Bool
        package let reason: String
        package let at: Instant
    }

    package enum Input: Sendable, Equatable {
        case request(Request)
        /// `asked`: whom the names in `from` stand for; nil: each is a person.
        case word(yes: Bool, by: Actor, reason: String, at: Instant, asked: Asked? = nil)
        /// What was asked for would be done otherwise now: what people have said is void, and those of `needs` are asked.
        case edit(definition: Int, needs: [Need], reason: String, at: Instant)
        case declareEmergency(reason: String, by: Actor, at: Instant)
        /// Time has passed.
        case tick(at: Instant)
        case close(reason: String, at: Instant)
    }

    package enum Event: Sendable, Equatable {
        case requested(Request)
        case spoken(Word)
        case approved(At)
        case rejected(At)
        case voided(Voided)
        case emergencyDeclared(Emergency)
        case reminded(At)
        case expired(At)
        case escalated(At)
        case closed(Closed)
    }

    package struct At: Sendable, Equatable, Codable {
        package let at: Instant
    }

    package struct Closed: Sendable, Equatable, Codable {
        package let reason: String
        package let at: Instant
    }

    /// A change needs nothing done in the world.
    package enum Effect: Sendable, Hashable {}
    package var pending: [Effect] { [] }

    /// What is still missing of each need: whom it could come from, and how many.
    package var missing: [Need] { self.missing(asking: nil) }

    /// The same, with those whom the names stand for now.
    package func missing(asking asked: Asked?) -> [Need] {
        let needs = self.request?.needs ?? []
        let people = Set(self.words.filter(\.isYes).compactMap { $0.by.personID }).subtracting(asked?.authors ?? [])
        let rules = needs.indices.map { index in
            Seats.Rule(people: asked?.people[index] ?? Set(needs[index].from), count: needs[index].count)
        }
        let seats = Seats(rules, filledBy: people)
        return zip(needs, seats.missing).compactMap { need, count in
            count == 0 ? nil : Need(from: need.from.filter { !people.contains($0) }, count: count)
        }
    }

    package func decide(_ input: Input) throws(Refusal) -> [Event] {
        switch input {
        case .request(let request): return self.state == .unknown ? [.requested(request)] : []
        case .edit(let definition, let needs, let reason, let now):
            guard self.state == .requested || self.state == .approved else { return [] }
            return [.voided(Voided(definition: definition, needs: needs, reason: reason, at: now))]
        case .declareEmergency(let reason, let actor, let now):
            return try self.declareEmergency(Emergency(by: actor, reason: reason, at: now))
        case .tick(let now): return self.passTime(now)
        case .word(let yes, let actor, let reason, let now, let asked):
            return try self.hear(Word(by: actor, isYes: yes, reason: reason, at: now), asked)
        case .close(let reason, let now):
            guard self.state != .closed, self.state != .unknown, self.state != .expired else { return [] }
            // An emergency is over when people have said whether it was right.
            if self.emergency != nil, self.state == .requested { return [] }
            return [.closed(Closed(reason: reason, at: now))]
        }
    }

    private func hear(_ word: Word, _ asked: Asked?) throws(Refusal) -> [Event] {
        // Somebody whose word made it approved may have left meanwhile: then others are asked again.
        let isOpen = self.state == .requested || self.state == .approved && !self.missing(asking: asked).isEmpty
        guard let request, isOpen else {
            throw Refusal(.wrongState, "This change is \(self.state.rawValue); only a requested one can be decided.")
        }
        if let deadline, self.emergency == nil, deadline <= word.at {
            let (lane, candidate) = (request.lane, request.candidate)
            throw Refusal(
                .wrongState,
                "This change expired at \(deadline.wire): nobody decided in time. "
                    + "`slipway promote \(lane.service)@\(candidate.version) --to \(lane.environment)` asks for it anew."
            )
        }
        guard let person = word.by.personID else {
            throw Refusal(.notAllowed, "\(word.by) is no person; a change is decided by people.")
        }
        let isAuthor =
            request.authors.contains(person) || asked?.authors.contains(person) == true
            || self.emergency?.by.personID == person
        let isAsked =
            asked.map { $0.people.contains { $0.contains(person) } }
            ?? request.needs.contains { $0.from.contains(person) }
        guard isAsked else {
            let names = Set(request.needs.flatMap(\.from)).sorted().joined(separator: ", ")
            throw Refusal(.notAllowed, "\(person) is not asked here. Asked are: \(names).")
        }
        guard word.isYes else { return [.spoken(word), .rejected(At(at: word.at))] }
        guard !isAuthor else {
            throw Refusal(
                .authorIsApprover, "\(person) asked for this change or made it; somebody else has to approve it.")
        }
        guard !self.words.contains(where: { $0.by == word.by && $0.isYes }) else {
            throw Refusal(.nothingToDo, "\(person) has approved this change already; one person counts once.")
        }
        var after = self
        after.words.append(word)
        return after.missing(asking: asked).isEmpty ? [.spoken(word), .approved(At(at: word.at))] : [.spoken(word)]
    }

    package mutating func apply(_ event: Event) throws(IllegalEvent) {
        switch event {
        case .requested(let request):
            guard self.state == .unknown else { throw IllegalEvent("change requested twice") }
            self.request = request
            self.state = .requested
        case .spoken(let word): self.words.append(word)
        case .approved: self.state = .approved
        case .rejected: self.state = .rejected
        case .voided(let body):
            self.request?.needs = body.needs
            self.request?.definition = body.definition
            self.words = []
            // They are asked anew, and have as long as before.
            (self.askedAt, self.remindedAt) = (body.at, nil)
            self.state = .requested
        case .emergencyDeclared(let emergency):
            self.emergency = emergency
            self.remindedAt = nil
        case .reminded(let body): self.remindedAt = body.at
        case .expired: self.state = .expired
        case .escalated(let body): self.escalatedAt = body.at
        case .closed: self.state = .closed
        }
    }
}

extension Actor {
    /// The id of a person; nil for anything else.
    package var personID: String? {
        switch self {
        case .person(let id): id
        case .serviceAccount, .judge, .schedule, .system: nil
        }
    }
}

extension ChangeRequest.Event: LedgerEvent {
    package var kind: EventKind {
        switch self {
        case .requested(let request): EventKind("change.requested", version: request.definition == nil ? 1 : 2)
        case .spoken: EventKind("change.spoken")
        case .approved: EventKind("change.approved")
        case .rejected: EventKind("change.rejected")
        case .voided: EventKind("change.voided")
        case .emergencyDeclared: EventKind("change.emergencyDeclared")
        case .reminded: EventKind("change.reminded")
        case .expired: EventKind("change.expired")
        case .escalated: EventKind("change.escalated")
        case .closed: EventKind("change.closed")
        }
    }

    package var payload: any Encodable & Sendable {
        switch self {
        case .requested(let body): body
        case .spoken(let body): body
        case .approved(let body): body
        case .rejected(let body): body
        case .voided(let body): body
        case .emergencyDeclared(let body): body
        case .reminded(let body): body
        case .expired(let body): body
        case .escalated(let body): body
        case .closed(let body): body
        }
    }

    package static func decode<D: PayloadDecoder>(_ kind: EventKind, from decoder: D) throws -> ChangeRequest.Event? {
        // Version 2 of a request says by which definition it would be deployed; what was added is optional.
        guard (1...(kind.name == "change.requested" ? 2 : 1)).contains(kind.version) else { return nil }
        switch kind.name {
        case "change.requested": return .requested(try decoder.decode(ChangeRequest.Request.self))
        case "change.spoken": return .spoken(try decoder.decode(ChangeRequest.Word.self))
        case "change.approved": return .approved(try decoder.decode(ChangeRequest.At.self))
        case "change.rejected": return .rejected(try decoder.decode(ChangeRequest.At.self))
        case "change.voided": return .voided(try decoder.decode(ChangeRequest.Voided.self))
        case "change.emergencyDeclared":
            return .emergencyDeclared(try decoder.decode(ChangeRequest.Emergency.self))
        case "change.reminded": return .reminded(try decoder.decode(ChangeRequest.At.self))
        case "change.expired": return .expired(try decoder.decode(ChangeRequest.At.self))
        case "change.escalated": return .escalated(try decoder.decode(ChangeRequest.At.self))
        case "change.closed": return .closed(try decoder.decode(ChangeRequest.Closed.self))
        default: return nil
        }
    }
}
