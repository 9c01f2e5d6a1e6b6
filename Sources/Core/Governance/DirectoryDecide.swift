extension Directory {
    package enum Input: Sendable, Equatable {
        /// Adds, changes, or makes active again.
        case describe(DirectoryName, displayName: String, emails: [String], by: Actor, at: Instant)
        case deactivate(DirectoryName, reason: String, by: Actor, at: Instant)
        /// Adds a team, or maps it to other groups.
        case team(DirectoryName, groups: [String], by: Actor, at: Instant)
        case addMember(DirectoryName, to: DirectoryName, by: Actor, at: Instant)
        case removeMember(DirectoryName, from: DirectoryName, by: Actor, at: Instant)
        /// What the sign-in provider says: in the teams that are mapped to groups, and in no other of the mapped ones.
        case signedIn(DirectoryName, groups: [String], by: Actor, at: Instant)
        case addAccount(DirectoryName, team: DirectoryName, by: Actor, at: Instant)
        case removeAccount(DirectoryName, by: Actor, at: Instant)
        case grant(Grant, by: Actor, at: Instant)
        case removeGrant(Grant, by: Actor, at: Instant)
        case delegate(from: DirectoryName, to: DirectoryName, until: Instant, reason: String, by: Actor, at: Instant)
        case endDelegation(from: DirectoryName, by: Actor, at: Instant)
    }

    package func decide(_ input: Input) throws(Refusal) -> [Event] {
        switch input {
        case .describe(let id, let name, let emails, let actor, let now):
            return try self.describe(id, name, emails, by: actor, at: now)
        case .deactivate(let id, let reason, let actor, let now):
            guard try self.known(id).isActive else { throw Refusal(.nothingToDo, "\(id) is not active already.") }
            return try self.keepingAnAdministrator(
                [.personDeactivated(Deactivated(id: id, by: actor, reason: reason, at: now))])
        case .team(let name, let groups, let actor, let now):
            return try self.team(name, groups, by: actor, at: now)
        case .addMember(let id, let team, let actor, let now):
            return try self.add(Membership(team: team, person: id, by: actor, at: now))
        case .removeMember(let id, let team, let actor, let now):
            guard try self.known(team: team).members.contains(id.text) else {
                throw Refusal(.nothingToDo, "\(id) is not in \(team). `slipway team list` shows who is.")
            }
            return try self.keepingAnAdministrator(
                [.memberRemoved(Membership(team: team, person: id, by: actor, at: now))])
        case .signedIn(let id, let groups, let actor, let now):
            return try self.follow(id, groups, by: actor, at: now)
        case .addAccount(let name, let team, let actor, let now):
            return try self.addAccount(AccountNamed(name: name, team: team, by: actor, at: now))
        case .removeAccount(let name, let actor, let now):
            guard let account = self.accounts[name.text] else {
                throw Refusal(.notFound, "There is no service account `\(name)`.")
            }
            let grants = self.grantsOf[Subject.account(name).description] ?? []
            return grants.map { .grantRemoved(Granted(grant: $0.grant, by: actor, at: now)) }
                + [.accountRemoved(AccountNamed(name: name, team: account.team, by: actor, at: now))]
        case .grant(let grant, let actor, let now): return try self.give(Granted(grant: grant, by: actor, at: now))
        case .removeGrant(let grant, let actor, let now):
            guard self.grantsOf[grant.subject.description]?.contains(where: { $0.grant == grant }) == true else {
                throw Refusal(
                    .notFound,
                    "\(grant.subject) has no grant to \(grant.right.rawValue) on \(grant.scope). `slipway grant list` "
                        + "shows those that are.")
            }
            return try self.keepingAnAdministrator([.grantRemoved(Granted(grant: grant, by: actor, at: now))])
        case .delegate(let from, let to, let until, let reason, let actor, let now):
            return try self.delegate(
                Delegated(from: from, to: to, until: until, reason: reason, by: actor, at: now))
        case .endDelegation(let from, let actor, let now):
            guard self.delegations[from.text] != nil else {
                throw Refusal(.nothingToDo, "Nobody stands in for \(from).")
            }
            return [.delegationEnded(DelegationEnded(from: from, by: actor, at: now))]
        }
    }

    // MARK: People

    private func known(_ id: DirectoryName) throws(Refusal) -> Person {
        guard let person = self.people[id.text] else {
            throw Refusal(
                .notFound,
                "There is no person `\(id)`. `slipway person list` shows all; `slipway person add PERSON` adds one.")
        }
        return person
    }

    private func known(team name: DirectoryName) throws(Refusal) -> Team {
        guard let team = self.teams[name.text] else {
            throw Refusal(
                .notFound,
                "There is no team `\(name)`. `slipway team list` shows all; `slipway team add TEAM` adds one.")
        }
        return team
    }

    private func describe(
        _ id: DirectoryName, _ name: String, _ emails: [String], by actor: Actor, at now: Instant
    ) throws(Refusal) -> [Event] {
        guard (1...200).contains(name.utf8.count), !name.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
            throw Refusal(.invalid, "A display name is one line of 1 to 200 bytes, not \(name.utf8.count).")
        }
        let addresses = Set(emails.map { $0.lowercased() }).sorted()
        guard addresses.count <= Self.emailsOfPersonLimit else {
            throw Refusal(.invalid, "\(addresses.count) addresses; \(Self.emailsOfPersonLimit) are allowed.")
        }
        for address in addresses {
            guard address.isMailAddress else {
                throw Refusal(.invalid, "`\(address.prefix(80))` is no e-mail address: it has the form NAME@HOST.")
            }
            if let other = self.person(withEmail: address), other.id != id {
                throw Refusal(
                    .alreadyExists, "`\(address)` is the address of \(other.id); one address is one person's.")
            }
        }
        guard self.teams[id.text] == nil else {
            throw Refusal(.alreadyExists, "`\(id)` is a team. In `from` a name is one or the other: choose another.")
        }
        let described = Described(id: id, displayName: name, emails: addresses, by: actor, at: now)
        if let known = self.people[id.text] {
            let isSame = known.displayName == name && known.emails == addresses && known.isActive
            if isSame { throw Refusal(.nothingToDo, "\(id) is in the directory, and just so.") }
            return [.personChanged(described)]
        }
        guard self.people.count < Self.personLimit else {
            throw Refusal(.notAllowed, "\(self.people.count) people are known, \(Self.personLimit) are allowed.")
        }
        return [.personAdded(described)]
    }

    // MARK: Teams

    private func team(
        _ name: DirectoryName, _ groups: [String], by actor: Actor, at now: Instant
    ) throws(Refusal) -> [Event] {
        guard groups.count <= Self.groupsOfTeamLimit, groups.allSatisfy({ (1...200).contains($0.utf8.count) }) else {
            throw Refusal(
                .invalid, "A team is mapped to at most \(Self.groupsOfTeamLimit) groups of 1 to 200 bytes each.")
        }
        let named = TeamNamed(name: name, groups: Set(groups).sorted(), by: actor, at: now)
        if let known = self.teams[name.text] {
            guard known.groups != named.groups else { throw Refusal(.alreadyExists, "There is a team `\(name)`.") }
            return [.teamMapped(named)]
        }
        guard self.people[name.text] == nil else {
            throw Refusal(
                .alreadyExists, "`\(name)` is a person. In `from` a name is one or the other: choose another.")
        }
        guard self.teams.count < Self.teamLimit else {
            throw Refusal(.notAllowed, "\(self.teams.count) teams are known, \(Self.teamLimit) are allowed.")
        }
        return [.teamAdded(named)]
    }

    private func add(_ body: Membership) throws(Refusal) -> [Event] {
        let team = try self.known(team: body.team)
        guard try self.known(body.person).isActive else {
            throw Refusal(
                .wrongState, "\(body.person) is not active. `slipway person add \(body.person)` brings the person back."
            )
        }
        guard !team.members.contains(body.person.text) else {
            throw Refusal(.nothingToDo, "\(body.person) is in \(body.team) already.")
        }
        guard team.members.count < Self.membersOfTeamLimit, self.membershipCount < Self.membershipLimit else {
            throw Refusal(
                .notAllowed,
                "\(body.team) has \(team.members.count) members, \(Self.membersOfTeamLimit) are allowed; all teams together "
                    + "have \(self.membershipCount) of \(Self.membershipLimit).")
        }
        return [.memberAdded(body)]
    }

    private func follow(
        _ id: DirectoryName, _ groups: [String], by actor: Actor, at now: Instant
    ) throws(Refusal) -> [Event] {
        let person = try self.known(id)
        guard person.isActive else { return [] }
        var (events, after) = ([Event](), self)
        for team in self.teams.values.sorted(by: { $0.name < $1.name }) where !team.groups.isEmpty {
            let isIn = person.teams.contains(team.name.text)
            let shouldBe = team.groups.contains(where: groups.contains)
            guard isIn != shouldBe else { continue }
            let body = Membership(team: team.name, person: id, by: actor, at: now)
            // A full team, or the last administrator: signing in does not fail for that.
            guard
                let more = try? shouldBe
                    ? after.add(body) : after.keepingAnAdministrator([.memberRemoved(body)])
            else { continue }
            for event in more { try after.take(event) }
            events += more
        }
        return events
    }

    // MARK: Accounts, grants, delegations

    private func addAccount(_ body: AccountNamed) throws(Refusal) -> [Event] {
        _ = try self.known(team: body.team)
        guard self.accounts[body.name.text] == nil else {
            throw Refusal(.alreadyExists, "There is a service account `\(body.name)`.")
        }
        guard self.accounts.count < Self.accountLimit else {
            throw Refusal(.notAllowed, "\(self.accounts.count) accounts are known, \(Self.accountLimit) are allowed.")
        }
        return [.accountAdded(body)]
    }

    private func give(_ body: Granted) throws(Refusal) -> [Event] {
        switch body.grant.subject {
        case .person(let id): _ = try self.known(id)
        case .team(let name): _ = try self.known(team: name)
        case .account(let name):
            guard self.accounts[name.text] != nil else {
                throw Refusal(.notFound, "There is no service account `\(name)`.")
            }
            guard body.grant.right != .approve else {
                throw Refusal(.notAllowed, "\(name) is no person; a change is approved by people.")
            }
        }
        let known = self.grantsOf[body.grant.subject.description] ?? []
        guard !known.contains(where: { $0.grant == body.grant }) else {
            throw Refusal(.nothingToDo, "\(body.grant.subject) has that grant already.")
        }
        guard self.grantCount < Self.grantLimit else {
            throw Refusal(.notAllowed, "\(self.grantCount) grants are given, \(Self.grantLimit) are allowed.")
        }
        return [.granted(body)]
    }

    private func delegate(_ body: Delegated) throws(Refusal) -> [Event] {
        guard body.from != body.to else { throw Refusal(.invalid, "\(body.from) can't stand in for \(body.from).") }
        guard try self.known(body.from).isActive, try self.known(body.to).isActive else {
            throw Refusal(.wrongState, "Both who is absent and who stands in have to be active people.")
        }
        guard body.at < body.until else { throw Refusal(.invalid, "A delegation ends after it begins.") }
        if let other = self.delegations[body.from.text], body.at < other.until {
            throw Refusal(
                .alreadyExists, "\(other.to) stands in for \(body.from) already. End that first: one at a time.")
        }
        return [.delegated(body)]
    }

    // MARK: The last administrator

    private func keepingAnAdministrator(_ events: [Event]) throws(Refusal) -> [Event] {
        let before = self.administrators
        guard !before.isEmpty else { return events }
        var after = self
        for event in events { try after.take(event) }
        guard after.administrators.isEmpty else { return events }
        throw Refusal(
            .notAllowed,
            "\(before.sorted().prefix(3).joined(separator: ", ")) would be the last who administered the organisation: "
                + "nobody could let anybody in any more. First `slipway grant add administer --to PERSON`.")
    }

    private mutating func take(_ event: Event) throws(Refusal) {
        do throws(IllegalEvent) { try self.apply(event) } catch { throw Refusal(.conflict, error.message) }
    }
}

extension String {
    /// As much as has to be right to compare it: one `@` between two parts of visible ASCII.
    fileprivate var isMailAddress: Bool {
        let parts = self.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && self.utf8.count <= 254
            && self.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x3C && $0 != 0x3E }
    }
}
