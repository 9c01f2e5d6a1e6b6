extension Directory {
    package func holds(_ actor: Actor) -> Bool {
        switch actor {
        case .person(let id): self.people[id] != nil
        case .serviceAccount(let name): self.accounts[name] != nil
        case .judge, .schedule, .system: false
        }
    }

    /// What somebody may do there; nil: the directory knows nothing of this actor.
    package func rights(of actor: Actor, on scope: AccessScope, at now: Instant) -> Set<Right>? {
        guard self.holds(actor) else { return nil }
        var rights: Set<Right> = []
        for given in self.grants(of: actor) {
            for right in given.right.included where given.scope.lets(given.right, right, on: scope) {
                rights.insert(right)
            }
        }
        guard case .person(let id) = actor, self.people[id]?.isActive == true else { return rights }
        // Who stands in for somebody may approve, and look at, what that one may approve.
        for delegation in self.delegations.values where delegation.to.text == id && now < delegation.until {
            let absent = self.grants(of: .person(delegation.from.text)).contains { given in
                given.scope.lets(given.right, .approve, on: scope)
            }
            if absent { rights.formUnion(Right.approve.included) }
        }
        return rights
    }

    /// Own grants and those of its teams; none for who is not active.
    package func grants(of actor: Actor) -> [Grant] {
        switch actor {
        case .person(let id):
            guard let person = self.people[id], person.isActive else { return [] }
            let subjects = [Subject.person(person.id).description] + person.teams.map { "team:\($0)" }
            return subjects.flatMap { self.grantsOf[$0] ?? [] }.map(\.grant)
        case .serviceAccount(let name):
            guard let account = self.accounts[name] else { return [] }
            return (self.grantsOf[Subject.account(account.name).description] ?? []).map(\.grant)
        case .judge, .schedule, .system: return []
        }
    }

    /// Active people who administer the organisation.
    package var administrators: Set<String> {
        var found: Set<String> = []
        for grants in self.grantsOf.values {
            for given in grants where given.grant.right == .administer && given.grant.scope == .organisation {
                switch given.grant.subject {
                case .person(let id): found.insert(id.text)
                case .team(let name): found.formUnion(self.teams[name.text]?.members ?? [])
                case .account: break
                }
            }
        }
        return found.filter { self.people[$0]?.isActive == true }
    }

    /// Active people who administer a scope or more: whom a sentence may name.
    package func administrators(of scope: AccessScope) -> [String] {
        let names = self.grantsOf.values.joined().filter {
            $0.grant.right == .administer && $0.grant.scope.covers(scope)
        }.flatMap { given -> [String] in
            switch given.grant.subject {
            case .person(let id): [id.text]
            case .team(let name): self.teams[name.text]?.members ?? []
            case .account: []
            }
        }
        return Set(names).filter { self.people[$0]?.isActive == true }.sorted()
    }

    /// Whether a word counts for a name in `from` now: the same as `people(for:at:except:)`, without looking at a whole team.
    package func counts(_ person: String, for name: String, at now: Instant, except: Set<String>) -> Bool {
        func belongs(_ id: String) -> Bool {
            self.teams[name] == nil ? id == name : self.people[id]?.teams.contains(name) == true
        }
        guard self.people[person]?.isActive ?? true else { return false }
        if belongs(person) { return true }
        return self.delegations.values.contains { delegation in
            let from = delegation.from.text
            return delegation.to.text == person && now < delegation.until && !except.contains(from)
                && self.people[from]?.isActive == true && belongs(from)
        }
    }

    /// Whose word counts for a name in `from` now: the active members where it is a team, else that person, and who stands in for one of
    /// them. Nobody stands in for who has spoken or is an author (`except`).
    package func people(for name: String, at now: Instant, except: Set<String>) -> Set<String> {
        let members: [String] =
            if let team = self.teams[name] { team.members } else { [name] }
        // A name that the directory does not know is a person who holds a token: as it was before there was a directory.
        let own = Set(members.filter { self.people[$0]?.isActive ?? true })
        var all = own
        for member in own where !except.contains(member) {
            guard let delegation = self.delegations[member], now < delegation.until,
                self.people[delegation.to.text]?.isActive == true
            else { continue }
            all.insert(delegation.to.text)
        }
        return all
    }
}
