import Core

/// What sign-in needs: the desk, perhaps a provider, and who there is.
package struct SignInParts: Sendable {
    package let desk: SignInDesk
    package let provider: IdentityProvider?
    package let people: People

    package init(desk: SignInDesk, provider: IdentityProvider? = nil, people: People) {
        self.desk = desk
        self.provider = provider
        self.people = people
    }
}

/// What sign-in asks of the directory.
package struct People: Sendable {
    package struct Person: Sendable, Equatable {
        package let id: String
        package let isActive: Bool

        package init(id: String, isActive: Bool) {
            self.id = id
            self.isActive = isActive
        }
    }

    package let find: @Sendable (_ id: String) async throws -> Person?
    /// Whose address this is; nil: nobody's, or several people's.
    package let findByMail: @Sendable (_ address: String) async throws -> Person?
    /// What the provider says of the groups of somebody who signed in just now.
    package let noteGroups: @Sendable (_ id: String, _ groups: [String]) async throws -> Void

    package init(
        find: @escaping @Sendable (_ id: String) async throws -> Person?,
        findByMail: @escaping @Sendable (_ address: String) async throws -> Person? = { _ in nil },
        noteGroups: @escaping @Sendable (_ id: String, _ groups: [String]) async throws -> Void = { _, _ in }
    ) {
        self.find = find
        self.findByMail = findByMail
        self.noteGroups = noteGroups
    }
}

/// Where a sign-in comes from, as the list of sessions shows it.
package struct SignInOrigin: Sendable, Equatable {
    package let address: String
    package let agent: String

    package init(address: String, agent: String) {
        self.address = address
        self.agent = agent
    }
}

/// The id is the browser's alone.
package struct SignedIn: Sendable, Equatable {
    package let id: String
    package let session: SignedInSession
}

extension People {
    /// Those of the directory.
    package static func directory(_ journal: Journal) -> People {
        People(
            find: { id in
                let directory = try await journal.directory().machine
                return directory.people[id].map { Person($0) }
            },
            findByMail: { address in
                let directory = try await journal.directory().machine
                return directory.person(withEmail: address).map { Person($0) }
            },
            noteGroups: { id, groups in
                guard let name = DirectoryName(id) else { return }
                try await journal.decide(Directory.self, .directory, by: .system) { now in
                    .signedIn(name, groups: groups, by: .system, at: now)
                }
            })
    }
}

extension People.Person {
    fileprivate init(_ person: Directory.Person) {
        self.init(id: person.id.text, isActive: person.isActive)
    }
}
