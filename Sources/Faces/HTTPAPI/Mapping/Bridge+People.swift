import APIClient
import Core
import Engine

extension PeopleOperations {
    init(_ bridge: Bridge) {
        self.init(
            whoAmI: { caller in try await bridge.saying { try await bridge.whoAmI(caller) } },
            people: { caller in try await bridge.saying { try await bridge.people(caller) } },
            addPerson: { caller, body in try await bridge.saying { try await bridge.addPerson(caller, body) } },
            deactivate: { caller, id, act in try await bridge.saying { try await bridge.deactivate(caller, id, act) } },
            teams: { caller in try await bridge.saying { try await bridge.teams(caller) } },
            addTeam: { caller, body in try await bridge.saying { try await bridge.addTeam(caller, body) } },
            member: { caller, team, person, isIn in
                try await bridge.saying { try await bridge.member(caller, team, person, isIn) }
            },
            account: { caller, team, name, isIn in
                try await bridge.saying { try await bridge.account(caller, team, name, isIn) }
            },
            grants: { caller in try await bridge.saying { try await bridge.grants(caller) } },
            grant: { caller, body, isGiven in
                try await bridge.saying { try await bridge.grant(caller, body, isGiven) }
            })
    }
}

extension Bridge {
    private func name(_ text: String) throws -> DirectoryName {
        guard let name = DirectoryName(text) else {
            throw Core.Refusal(
                .invalid, "`\(text.prefix(80))` is no name of a person, team or account: \(DirectoryName.rule).")
        }
        return name
    }

    /// Pieces with commas between; nil or empty: none.
    private func pieces(_ text: String?) -> [String] {
        (text ?? "").split(separator: ",").prefix(100).map(String.init)
    }

    func whoAmI(_ caller: Caller) async throws -> Wire.WhoAmI {
        let who = try await self.caller(caller)
        let standing = try await self.plane.standing(of: who)
        let directory = standing.directory
        let scopes = Set(
            [.organisation] + directory.grants(of: who.actor).map(\.scope) + (who.rights ?? []).map(\.scope)
        )
        .sorted { $0.description < $1.description }
        let rights = Right.allCases.flatMap { right in
            let held = scopes.filter { standing.allows(right, on: $0) }
            return held.filter { scope in !held.contains { $0 != scope && $0.covers(scope) } }
                .map { Wire.WhoAmI.Held(right: right.rawValue, scope: $0.description) }
        }
        return Wire.WhoAmI(
            actor: who.actor.description, token: caller.token, known: directory.holds(who.actor),
            teams: who.actor.personID.flatMap { directory.people[$0]?.teams } ?? [], rights: rights)
    }

    func people(_ caller: Caller) async throws -> [Wire.Person] {
        try await self.plane.directory(by: try await self.caller(caller)).people.values
            .sorted { $0.id < $1.id }.map { Wire.Person($0) }
    }

    func addPerson(_ caller: Caller, _ body: Wire.AddPerson) async throws -> Wire.Person {
        let (who, id) = (try await self.caller(caller), try self.name(body.id))
        let directory = try await self.plane.changeDirectory(by: who) { now in
            .describe(
                id, displayName: body.name ?? body.id, emails: self.pieces(body.emails), by: who.actor, at: now)
        }
        return try self.person(id, in: directory)
    }

    func deactivate(_ caller: Caller, _ text: String, _ act: Wire.Act) async throws -> Wire.Person {
        let (who, id, reason) = (try await self.caller(caller), try self.name(text), try self.reason(act))
        let directory = try await self.plane.changeDirectory(by: who) { now in
            .deactivate(id, reason: reason, by: who.actor, at: now)
        }
        // They would end at their next use anyway, but must not come back with the person.
        try await self.plane.endAccess(of: id.text, forgetting: false, by: who.actor)
        return try self.person(id, in: directory)
    }

    private func person(_ id: DirectoryName, in directory: Directory) throws -> Wire.Person {
        guard let person = directory.people[id.text] else {
            throw Core.Refusal(.notFound, "There is no person `\(id)`.")
        }
        return Wire.Person(person)
    }

    func teams(_ caller: Caller) async throws -> [Wire.Team] {
        let directory = try await self.plane.directory(by: try await self.caller(caller))
        return directory.teams.values.sorted { $0.name < $1.name }.map { Wire.Team($0, in: directory) }
    }

    private func team(_ name: DirectoryName, in directory: Directory) throws -> Wire.Team {
        guard let team = directory.teams[name.text] else {
            throw Core.Refusal(.notFound, "There is no team `\(name)`.")
        }
        return Wire.Team(team, in: directory)
    }

    func addTeam(_ caller: Caller, _ body: Wire.AddTeam) async throws -> Wire.Team {
        let (who, name) = (try await self.caller(caller), try self.name(body.name))
        let directory = try await self.plane.changeDirectory(by: who) { now in
            .team(name, groups: self.pieces(body.groups), by: who.actor, at: now)
        }
        return try self.team(name, in: directory)
    }

    func member(_ caller: Caller, _ team: String, _ person: String, _ isIn: Bool) async throws -> Wire.Team {
        let (who, name, id) = (try await self.caller(caller), try self.name(team), try self.name(person))
        let directory = try await self.plane.changeDirectory(by: who) { now in
            isIn
                ? .addMember(id, to: name, by: who.actor, at: now)
                : .removeMember(id, from: name, by: who.actor, at: now)
        }
        return try self.team(name, in: directory)
    }

    func account(_ caller: Caller, _ team: String, _ account: String, _ isIn: Bool) async throws -> Wire.Team {
        let (who, name, id) = (try await self.caller(caller), try self.name(team), try self.name(account))
        let directory = try await self.plane.changeDirectory(by: who) { now in
            isIn
                ? .addAccount(id, team: name, by: who.actor, at: now) : .removeAccount(id, by: who.actor, at: now)
        }
        return try self.team(name, in: directory)
    }

    func grants(_ caller: Caller) async throws -> [Wire.Grant] {
        try await self.plane.directory(by: try await self.caller(caller)).allGrants.map { Wire.Grant($0) }
    }

    func grant(_ caller: Caller, _ body: Wire.ChangeGrant, _ isGiven: Bool) async throws -> [Wire.Grant] {
        guard let subject = Directory.Subject(body.subject) else {
            throw Core.Refusal(
                .invalid,
                "`\(body.subject.prefix(80))` can't have a grant. The form is person:NAME, team:NAME or "
                    + "service-account:NAME.")
        }
        let grant = Directory.Grant(
            subject: subject, right: try self.right(body.right), scope: try self.accessScope(body.scope))
        return try await self.plane.change(grant, isGiven: isGiven, by: try await self.caller(caller))
            .map { Wire.Grant($0) }
    }

    func right(_ text: String) throws -> Right {
        guard let right = Right(rawValue: text) else {
            let known = Right.allCases.map(\.rawValue).joined(separator: ", ")
            throw Core.Refusal(.invalid, "`\(text.prefix(40))` is no right. Known: \(known).")
        }
        return right
    }

    func accessScope(_ text: String) throws -> AccessScope {
        guard let scope = AccessScope(text) else {
            throw Core.Refusal(
                .invalid,
                "`\(text.prefix(120))` is no scope. Such are: organisation, environment:NAME, service:NAME, "
                    + "lane:SERVICE/ENVIRONMENT.")
        }
        return scope
    }
}

extension Wire.Person {
    fileprivate init(_ person: Directory.Person) {
        self.init(
            id: person.id.text, name: person.displayName, emails: person.emails, active: person.isActive,
            teams: person.teams, since: person.since.wire)
    }
}

extension Wire.Team {
    fileprivate init(_ team: Directory.Team, in directory: Directory) {
        self.init(
            name: team.name.text, groups: team.groups, members: team.members,
            accounts: directory.accounts.values.filter { $0.team == team.name }.map(\.name.text).sorted(),
            since: team.since.wire)
    }
}

extension Wire.Grant {
    fileprivate init(_ granted: Directory.Granted) {
        self.init(
            subject: granted.grant.subject.description, right: granted.grant.right.rawValue,
            scope: granted.grant.scope.description, by: granted.by.description, at: granted.at.wire)
    }
}
