/// The change request of one promotion into a controlled environment: who must say yes, who did.
///
///     (unknown) --requested--> requested --approved (count reached)--> approved --closed--> closed
///     requested --rejected--> rejected --closed--> closed
package struct ChangeRequest: Machine, Codable {
    package enum State: String, Sendable, Codable {
        case unknown, requested, approved, rejected, closed
    }

    package private(set) var state: State = .unknown
    package private(set) var request: Request?
    package private(set) var words: [Word] = []

    package init() {}

    package struct Request: Sendable, Equatable, Codable {
        package let id: ChangeID
        package let lane: LaneID
        package let promotion: Int
        package let candidate: Candidate
        package let by: Actor
        /// People who made or asked for this; their word does not count.
        package let authors: [String]
        package let needs: [Need]
        package let at: Instant

        package init(
            id: ChangeID, lane: LaneID, promotion: Int, candidate: Candidate, by: Actor, authors: [String],
            needs: [Need], at: Instant
        ) {
            self.id = id
            self.lane = lane
            self.promotion = promotion
            self.candidate = candidate
            self.by = by
            self.authors = authors
            self.needs = needs
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
        case close(reason: String, at: Instant)
    }

    package enum Event: Sendable, Equatable {
        case requested(Request)
        case spoken(Word)
        case approved(At)
        case rejected(At)
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
        case .word(let yes, let actor, let reason, let now, let asked):
            return try self.hear(Word(by: actor, isYes: yes, reason: reason, at: now), asked)
        case .close(let reason, let now):
            guard self.state != .closed, self.state != .unknown else { return [] }
            return [.closed(Closed(reason: reason, at: now))]
        }
    }

    private func hear(_ word: Word, _ asked: Asked?) throws(Refusal) -> [Event] {
        // Somebody whose word made it approved may have left meanwhile: then others are asked again.
        let isOpen = self.state == .requested || self.state == .approved && !self.missing(asking: asked).isEmpty
        guard let request, isOpen else {
            throw Refusal(.wrongState, "This change is \(self.state.rawValue); only a requested one can be decided.")
        }
        guard let person = word.by.personID else {
            throw Refusal(.notAllowed, "\(word.by) is no person; a change is decided by people.")
        }
        let isAuthor = request.authors.contains(person) || asked?.authors.contains(person) == true
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
        case .requested: EventKind("change.requested")
        case .spoken: EventKind("change.spoken")
        case .approved: EventKind("change.approved")
        case .rejected: EventKind("change.rejected")
        case .closed: EventKind("change.closed")
        }
    }

    package var payload: any Encodable & Sendable {
        switch self {
        case .requested(let body): body
        case .spoken(let body): body
        case .approved(let body): body
        case .rejected(let body): body
        case .closed(let body): body
        }
    }

    package static func decode<D: PayloadDecoder>(_ kind: EventKind, from decoder: D) throws -> ChangeRequest.Event? {
        guard kind.version == 1 else { return nil }
        switch kind.name {
        case "change.requested": return .requested(try decoder.decode(ChangeRequest.Request.self))
        case "change.spoken": return .spoken(try decoder.decode(ChangeRequest.Word.self))
        case "change.approved": return .approved(try decoder.decode(ChangeRequest.At.self))
        case "change.rejected": return .rejected(try decoder.decode(ChangeRequest.At.self))
        case "change.closed": return .closed(try decoder.decode(ChangeRequest.Closed.self))
        default: return nil
        }
    }
}
