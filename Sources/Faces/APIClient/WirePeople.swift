import NIOHTTP1

extension Wire {
    package struct Person: Codable, Sendable, Equatable {
        /// The name that owners and approvers have in files.
        package var id: String
        package var name: String
        /// Commit authors are matched by these.
        package var emails: [String]
        package var active: Bool
        package var teams: [String]
        package var since: String

        package init(id: String, name: String, emails: [String], active: Bool, teams: [String], since: String) {
            self.id = id
            self.name = name
            self.emails = emails
            self.active = active
            self.teams = teams
            self.since = since
        }
    }

    /// `POST /people`: adds, changes, or makes active again.
    package struct AddPerson: Codable, Sendable, Equatable {
        package var id: String
        /// nil: the id.
        package var name: String?
        /// With commas between.
        package var emails: String?

        package init(id: String, name: String? = nil, emails: String? = nil) {
            self.id = id
            self.name = name
            self.emails = emails
        }
    }

    package struct Team: Codable, Sendable, Equatable {
        package var name: String
        /// Groups of the sign-in provider whose people are its members.
        package var groups: [String]
        package var members: [String]
        /// Service accounts that act for it.
        package var accounts: [String]
        package var since: String

        package init(name: String, groups: [String], members: [String], accounts: [String], since: String) {
            self.name = name
            self.groups = groups
            self.members = members
            self.accounts = accounts
            self.since = since
        }
    }

    /// `POST /teams`: adds a team, or maps it to other groups.
    package struct AddTeam: Codable, Sendable, Equatable {
        package var name: String
        /// With commas between.
        package var groups: String?

        package init(name: String, groups: String? = nil) {
            self.name = name
            self.groups = groups
        }
    }

    /// `POST /teams/{team}/members`
    package struct AddMember: Codable, Sendable, Equatable {
        package var person: String

        package init(person: String) { self.person = person }
    }

    /// `POST /teams/{team}/accounts`
    package struct AddAccount: Codable, Sendable, Equatable {
        package var account: String

        package init(account: String) { self.account = account }
    }

    package struct Grant: Codable, Sendable, Equatable {
        /// `person:…`, `team:…` or `service-account:…`.
        package var subject: String
        package var right: String
        /// `organisation`, `environment:…`, `service:…` or `lane:…/…`.
        package var scope: String
        package var by: String
        package var at: String

        package init(subject: String, right: String, scope: String, by: String, at: String) {
            self.subject = subject
            self.right = right
            self.scope = scope
            self.by = by
            self.at = at
        }
    }

    /// `POST /grants` and `POST /grants/remove`
    package struct ChangeGrant: Codable, Sendable, Equatable {
        package var subject: String
        package var right: String
        package var scope: String

        package init(subject: String, right: String, scope: String) {
            self.subject = subject
            self.right = right
            self.scope = scope
        }
    }

    /// `GET /whoami`
    package struct WhoAmI: Codable, Sendable, Equatable {
        package struct Held: Codable, Sendable, Equatable {
            package var right: String
            package var scope: String

            package init(right: String, scope: String) {
                self.right = right
                self.scope = scope
            }
        }

        package var actor: String
        package var token: String
        /// Whether the directory knows the actor: then its grants are all that it may.
        package var known: Bool
        package var teams: [String]
        /// What the caller may do where, each right in its widest scopes.
        package var rights: [Held]

        package init(actor: String, token: String, known: Bool, teams: [String], rights: [Held]) {
            self.actor = actor
            self.token = token
            self.known = known
            self.teams = teams
            self.rights = rights
        }
    }
}

extension APIClient {
    package func whoAmI() async throws -> Wire.WhoAmI { try await self.get(["whoami"]) }

    package func people() async throws -> [Wire.Person] { try await self.get(["people"]) }

    package func addPerson(_ person: Wire.AddPerson) async throws -> Wire.Person {
        try await self.post(["people"], person)
    }

    package func deactivatePerson(_ id: String, _ act: Wire.Act) async throws -> Wire.Person {
        try await self.post(["people", id, "deactivate"], act)
    }

    package func teams() async throws -> [Wire.Team] { try await self.get(["teams"]) }

    package func addTeam(_ team: Wire.AddTeam) async throws -> Wire.Team { try await self.post(["teams"], team) }

    package func addMember(_ person: String, to team: String) async throws -> Wire.Team {
        try await self.post(["teams", team, "members"], Wire.AddMember(person: person))
    }

    package func removeMember(_ person: String, from team: String) async throws -> Wire.Team {
        try await self.call(.DELETE, ["teams", team, "members", person], [], body: nil)
    }

    package func addAccount(_ account: String, to team: String) async throws -> Wire.Team {
        try await self.post(["teams", team, "accounts"], Wire.AddAccount(account: account))
    }

    package func removeAccount(_ account: String, from team: String) async throws -> Wire.Team {
        try await self.call(.DELETE, ["teams", team, "accounts", account], [], body: nil)
    }

    package func grants() async throws -> [Wire.Grant] { try await self.get(["grants"]) }

    /// Answers with all grants of the subject.
    package func addGrant(_ grant: Wire.ChangeGrant) async throws -> [Wire.Grant] {
        try await self.post(["grants"], grant)
    }

    package func removeGrant(_ grant: Wire.ChangeGrant) async throws -> [Wire.Grant] {
        try await self.post(["grants", "remove"], grant)
    }
}
