/// People, teams, service accounts, and who may do what where. One for the whole server.
///
/// Who is in it has exactly what its grants give. Once somebody administers the organisation, somebody always does.
package struct Directory: Machine, Codable {
    /// By id. Sorted keys make the same state the same snapshot.
    package private(set) var people: [String: Person] = [:]
    package private(set) var teams: [String: Team] = [:]
    package private(set) var accounts: [String: Account] = [:]
    /// By the text of their subject, oldest first.
    package private(set) var grantsOf: [String: [Granted]] = [:]
    /// By who is stood in for: one at a time.
    package private(set) var delegations: [String: Delegated] = [:]
    /// Person by e-mail address, in lower case.
    private var personOf: [String: String] = [:]
    package private(set) var grantCount = 0
    package private(set) var membershipCount = 0

    package static let personLimit = 10_000
    package static let teamLimit = 1_000
    package static let accountLimit = 1_000
    package static let grantLimit = 10_000
    package static let membershipLimit = 20_000
    package static let membersOfTeamLimit = 2_000
    package static let emailsOfPersonLimit = 10
    package static let groupsOfTeamLimit = 20

    package init() {}

    package struct Person: Sendable, Equatable, Codable {
        package let id: DirectoryName
        package fileprivate(set) var displayName: String
        /// Commit authors are matched by these; in lower case.
        package fileprivate(set) var emails: [String]
        package fileprivate(set) var isActive: Bool
        /// Sorted.
        package fileprivate(set) var teams: [String]
        package let since: Instant
    }

    package struct Team: Sendable, Equatable, Codable {
        package let name: DirectoryName
        /// Groups of the sign-in provider whose people are the members; none: members are named here.
        package fileprivate(set) var groups: [String]
        /// Sorted.
        package fileprivate(set) var members: [String]
        package let since: Instant
    }

    /// A program that acts for a team.
    package struct Account: Sendable, Equatable, Codable {
        package let name: DirectoryName
        package let team: DirectoryName
        package let since: Instant
    }

    /// No effect: what is written here is all there is to do.
    package enum Effect: Sendable, Hashable {}
    package var pending: [Effect] { [] }

    package mutating func apply(_ event: Event) throws(IllegalEvent) {
        switch event {
        case .personAdded(let body):
            guard self.people[body.id.text] == nil else { throw IllegalEvent("\(body.id) was added twice") }
            self.people[body.id.text] = Person(
                id: body.id, displayName: body.displayName, emails: body.emails, isActive: true, teams: [],
                since: body.at)
            for email in body.emails { self.personOf[email] = body.id.text }
        case .personChanged(let body):
            for email in self.people[body.id.text]?.emails ?? [] { self.personOf[email] = nil }
            try self.change(body.id) { person in
                (person.displayName, person.emails, person.isActive) = (body.displayName, body.emails, true)
            }
            for email in body.emails { self.personOf[email] = body.id.text }
        case .personDeactivated(let body): try self.change(body.id) { $0.isActive = false }
        case .teamAdded(let body):
            guard self.teams[body.name.text] == nil else { throw IllegalEvent("\(body.name) was added twice") }
            self.teams[body.name.text] = Team(name: body.name, groups: body.groups, members: [], since: body.at)
        case .teamMapped(let body):
            guard self.teams[body.name.text] != nil else { throw IllegalEvent("there is no team \(body.name)") }
            self.teams[body.name.text]?.groups = body.groups
        case .memberAdded(let body): try self.member(body, isIn: true)
        case .memberRemoved(let body): try self.member(body, isIn: false)
        case .accountAdded(let body):
            self.accounts[body.name.text] = Account(name: body.name, team: body.team, since: body.at)
        case .accountRemoved(let body):
            guard self.accounts.removeValue(forKey: body.name.text) != nil else {
                throw IllegalEvent("there is no service account \(body.name)")
            }
        case .granted(let body):
            let subject = body.grant.subject.description
            self.grantsOf[subject] = (self.grantsOf[subject] ?? []) + [body]
            self.grantCount += 1
        case .grantRemoved(let body): try self.remove(body.grant)
        case .delegated(let body): self.delegations[body.from.text] = body
        case .delegationEnded(let body): self.delegations[body.from.text] = nil
        }
    }

    private mutating func change(_ id: DirectoryName, _ body: (inout Person) -> Void) throws(IllegalEvent) {
        guard var person = self.people[id.text] else { throw IllegalEvent("there is no person \(id)") }
        body(&person)
        self.people[id.text] = person
    }

    private mutating func member(_ body: Membership, isIn: Bool) throws(IllegalEvent) {
        guard var team = self.teams[body.team.text], self.people[body.person.text] != nil,
            team.members.contains(body.person.text) != isIn
        else { throw IllegalEvent("\(body.person) in \(body.team): \(isIn)") }
        team.members.removeAll { $0 == body.person.text }
        if isIn { team.members = (team.members + [body.person.text]).sorted() }
        self.teams[body.team.text] = team
        try self.change(body.person) { person in
            person.teams.removeAll { $0 == body.team.text }
            if isIn { person.teams = (person.teams + [body.team.text]).sorted() }
        }
        self.membershipCount += isIn ? 1 : -1
    }

    private mutating func remove(_ grant: Grant) throws(IllegalEvent) {
        let subject = grant.subject.description
        var grants = self.grantsOf[subject] ?? []
        guard let index = grants.firstIndex(where: { $0.grant == grant }) else {
            throw IllegalEvent("there is no such grant for \(subject)")
        }
        grants.remove(at: index)
        self.grantsOf[subject] = grants.isEmpty ? nil : grants
        self.grantCount -= 1
    }

    /// Whose e-mail address this is.
    package func person(withEmail email: String) -> Person? {
        self.personOf[email.lowercased()].flatMap { self.people[$0] }
    }
}

/// The id of a person, a team or a service account: the name that owners and approvers have in files.
package struct DirectoryName: Identifier {
    package let text: String
    package static let rule = "1 to 64 of A-Z, a-z, 0-9 and . _ - @ +, the first a letter or digit"

    package init?(_ text: String) {
        func isPlain(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        guard (1...64).contains(text.utf8.count), text.utf8.first.map(isPlain) == true,
            text.utf8.allSatisfy({ isPlain($0) || "._-@+".utf8.contains($0) })
        else { return nil }
        self.text = text
    }
}

extension Directory {
    /// Who has a grant.
    package enum Subject: Sendable, Hashable, Codable, CustomStringConvertible {
        case person(DirectoryName)
        case team(DirectoryName)
        case account(DirectoryName)

        package var description: String {
            switch self {
            case .person(let id): "person:\(id)"
            case .team(let name): "team:\(name)"
            case .account(let name): "service-account:\(name)"
            }
        }

        /// Reads what `description` writes; nil for anything else.
        package init?(_ text: String) {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, let name = DirectoryName(parts[1]) else { return nil }
            switch parts[0] {
            case "person": self = .person(name)
            case "team": self = .team(name)
            case "service-account": self = .account(name)
            case _: return nil
            }
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            let text = try container.decode(String.self)
            guard let subject = Subject(text) else {
                throw DecodingError.dataCorruptedError(
                    in: container, debugDescription: "`\(text)` is nobody who can have a grant")
            }
            self = subject
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(self.description)
        }
    }

    package struct Grant: Sendable, Hashable, Codable {
        package let subject: Subject
        package let right: Right
        package let scope: AccessScope

        package init(subject: Subject, right: Right, scope: AccessScope) {
            self.subject = subject
            self.right = right
            self.scope = scope
        }
    }
}
