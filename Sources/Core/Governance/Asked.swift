/// Whose word counts on a change, as the directory stands: names in `from` are teams or people.
package struct Asked: Sendable, Equatable {
    /// For each need, in its order: who of those that have spoken, or speak now, is asked.
    package let people: [Set<String>]
    /// People who made or asked for it; their yes counts nowhere.
    package let authors: Set<String>

    package init(people: [Set<String>], authors: Set<String>) {
        self.people = people
        self.authors = authors
    }
}

extension Directory {
    /// Who is asked by a change now. `author`: of the commit, `NAME <ADDRESS>`; matched to a person by the address, so that nobody approves
    /// an own commit under another name. `speaking`: whose word is about to be heard.
    package func asked(
        by change: ChangeRequest, author: String?, speaking: String? = nil, at now: Instant
    ) -> Asked {
        var authors = Set(change.request?.authors ?? [])
        if let address = author.flatMap(Self.address), let person = self.person(withEmail: address) {
            authors.insert(person.id.text)
        }
        let spoken = Set(change.words.filter(\.isYes).compactMap { $0.by.personID })
        let except = authors.union(spoken)
        let heard = spoken.union([speaking].compactMap(\.self))
        let people = (change.request?.needs ?? []).map { need in
            heard.filter { person in
                need.from.contains { self.counts(person, for: $0, at: now, except: except) }
            }
        }
        return Asked(people: people, authors: authors)
    }

    private static func address(in author: String) -> String? {
        guard let start = author.lastIndex(of: "<"), author.last == ">" else { return nil }
        return String(author[author.index(after: start)...].dropLast())
    }

    /// Whether there is any place where this actor has a right.
    package func hasAnyRight(_ actor: Actor, at now: Instant) -> Bool {
        guard self.grants(of: actor).isEmpty else { return true }
        guard case .person(let id) = actor, self.people[id]?.isActive == true else { return false }
        return self.delegations.values.contains { $0.to.text == id && now < $0.until }
    }
}
