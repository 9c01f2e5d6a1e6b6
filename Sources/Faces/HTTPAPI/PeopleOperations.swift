package import APIClient

/// People, teams, service accounts, and who may do what where.
package struct PeopleOperations: Sendable {
    package var whoAmI: @Sendable (Caller) async throws -> Wire.WhoAmI
    package var people: @Sendable (Caller) async throws -> [Wire.Person]
    package var addPerson: @Sendable (Caller, Wire.AddPerson) async throws -> Wire.Person
    package var deactivate: @Sendable (Caller, _ id: String, Wire.Act) async throws -> Wire.Person
    package var teams: @Sendable (Caller) async throws -> [Wire.Team]
    package var addTeam: @Sendable (Caller, Wire.AddTeam) async throws -> Wire.Team
    package var member: @Sendable (Caller, _ team: String, _ person: String, _ isIn: Bool) async throws -> Wire.Team
    package var account: @Sendable (Caller, _ team: String, _ name: String, _ isIn: Bool) async throws -> Wire.Team
    package var grants: @Sendable (Caller) async throws -> [Wire.Grant]
    package var grant: @Sendable (Caller, Wire.ChangeGrant, _ isGiven: Bool) async throws -> [Wire.Grant]

    package init(
        whoAmI: @escaping @Sendable (Caller) async throws -> Wire.WhoAmI,
        people: @escaping @Sendable (Caller) async throws -> [Wire.Person],
        addPerson: @escaping @Sendable (Caller, Wire.AddPerson) async throws -> Wire.Person,
        deactivate: @escaping @Sendable (Caller, _ id: String, Wire.Act) async throws -> Wire.Person,
        teams: @escaping @Sendable (Caller) async throws -> [Wire.Team],
        addTeam: @escaping @Sendable (Caller, Wire.AddTeam) async throws -> Wire.Team,
        member:
            @escaping @Sendable (Caller, _ team: String, _ person: String, _ isIn: Bool) async throws -> Wire.Team,
        account: @escaping @Sendable (Caller, _ team: String, _ name: String, _ isIn: Bool) async throws -> Wire.Team,
        grants: @escaping @Sendable (Caller) async throws -> [Wire.Grant],
        grant: @escaping @Sendable (Caller, Wire.ChangeGrant, _ isGiven: Bool) async throws -> [Wire.Grant]
    ) {
        self.whoAmI = whoAmI
        self.people = people
        self.addPerson = addPerson
        self.deactivate = deactivate
        self.teams = teams
        self.addTeam = addTeam
        self.member = member
        self.account = account
        self.grants = grants
        self.grant = grant
    }
}
