import APIClient
import ArgumentParser

struct PersonVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "person", abstract: "Who is who: a person in the directory has exactly what is granted.",
        subcommands: [Add.self, List.self, Invite.self, Deactivate.self])

    struct Add: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Add a person, change name or addresses, or make one active again.")
        @Argument(help: "The id: the name that owns tokens and stands in `from`.")
        var person: String
        @Option(help: ArgumentHelp("The name that people read (default: the id).", valueName: "name"))
        var name: String?
        @Option(
            help: ArgumentHelp(
                "An e-mail address: authors of commits are matched by it. May be given again.", valueName: "address"))
        var email: [String] = []
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        mutating func validate() throws { try Identifier.person.check(self.person) }

        func run(in session: Session) async throws -> Ending {
            let body = Wire.AddPerson(
                id: self.person, name: self.name, emails: self.email.isEmpty ? nil : self.email.joined(separator: ","))
            let person = try await session.client(self.place) { try await $0.addPerson(body) }
            try session.show(
                person, json: self.format.json,
                [
                    "\(person.id) is in the directory, and may do what is granted: "
                        + "`slipway grant add view --to \(person.id)`."
                ])
            return .done
        }
    }

    struct List: Verb {
        static let configuration = CommandConfiguration(abstract: "List the people in the directory.")
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        func run(in session: Session) async throws -> Ending {
            let people = try await session.client(self.place) { try await $0.people() }
            try session.show(people, json: self.format.json, PeopleText.list(people))
            return .done
        }
    }

    struct Deactivate: Verb {
        static let configuration = CommandConfiguration(
            abstract: "A person has no right from now on, and an approval of theirs counts no more.")
        @Argument(help: "The id.")
        var person: String
        @Option(help: "Why; it stands in the record.")
        var reason: String
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        mutating func validate() throws { try Identifier.person.check(self.person) }

        func run(in session: Session) async throws -> Ending {
            let person = try await session.client(self.place) {
                try await $0.deactivatePerson(self.person, Wire.Act(reason: self.reason))
            }
            try session.show(person, json: self.format.json, ["\(person.id) is not active any more."])
            return .done
        }
    }
}

struct TeamVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "team", abstract: "Groups of people, for approvals and rights, and their service accounts.",
        subcommands: [
            Add.self, List.self, AddMember.self, RemoveMember.self, AddAccount.self, RemoveAccount.self,
        ])

    struct Add: Verb {
        static let configuration = CommandConfiguration(abstract: "Add a team, or map it to other groups.")
        @Argument(help: "Its name, as it stands in `from`.")
        var team: String
        @Option(
            help: ArgumentHelp(
                "A group of the sign-in provider whose people are the members. May be given again.",
                valueName: "group"))
        var group: [String] = []
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        mutating func validate() throws { try Identifier.person.check(self.team) }

        func run(in session: Session) async throws -> Ending {
            let body = Wire.AddTeam(
                name: self.team, groups: self.group.isEmpty ? nil : self.group.joined(separator: ","))
            let team = try await session.client(self.place) { try await $0.addTeam(body) }
            try session.show(team, json: self.format.json, PeopleText.list([team]))
            return .done
        }
    }

    struct List: Verb {
        static let configuration = CommandConfiguration(abstract: "List teams, members and service accounts.")
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        func run(in session: Session) async throws -> Ending {
            let teams = try await session.client(self.place) { try await $0.teams() }
            try session.show(teams, json: self.format.json, PeopleText.list(teams))
            return .done
        }
    }

    /// A team, and who is in it.
    struct Pair: ParsableArguments {
        @Argument(help: "The team.")
        var team: String
        @Argument(help: "The person, or the service account.")
        var name: String

        mutating func validate() throws {
            try Identifier.person.check(self.team)
            try Identifier.person.check(self.name)
        }
    }

    struct AddMember: Verb {
        static let configuration = CommandConfiguration(
            commandName: "add-member", abstract: "Put a person into a team.")
        @OptionGroup var pair: Pair
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        func run(in session: Session) async throws -> Ending {
            let team = try await session.client(self.place) {
                try await $0.addMember(self.pair.name, to: self.pair.team)
            }
            try session.show(team, json: self.format.json, PeopleText.list([team]))
            return .done
        }
    }

    struct RemoveMember: Verb {
        static let configuration = CommandConfiguration(
            commandName: "remove-member",
            abstract: "Take a person out of a team; an approval given for it counts no more.")
        @OptionGroup var pair: Pair
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        func run(in session: Session) async throws -> Ending {
            let team = try await session.client(self.place) {
                try await $0.removeMember(self.pair.name, from: self.pair.team)
            }
            try session.show(team, json: self.format.json, PeopleText.list([team]))
            return .done
        }
    }

    struct AddAccount: Verb {
        static let configuration = CommandConfiguration(
            commandName: "add-account", abstract: "Add a service account: a program that acts for the team.")
        @OptionGroup var pair: Pair
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        func run(in session: Session) async throws -> Ending {
            let team = try await session.client(self.place) {
                try await $0.addAccount(self.pair.name, to: self.pair.team)
            }
            try session.show(team, json: self.format.json, PeopleText.list([team]))
            return .done
        }
    }

    struct RemoveAccount: Verb {
        static let configuration = CommandConfiguration(
            commandName: "remove-account", abstract: "Remove a service account, with its grants.")
        @OptionGroup var pair: Pair
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        func run(in session: Session) async throws -> Ending {
            let team = try await session.client(self.place) {
                try await $0.removeAccount(self.pair.name, from: self.pair.team)
            }
            try session.show(team, json: self.format.json, PeopleText.list([team]))
            return .done
        }
    }
}

struct GrantVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant", abstract: "Who may do what where.",
        discussion: """
            slipway grant add promote:shop/production --to team:web-team

            Rights: view, propose (make releases), promote, approve, operate (pause, abort, roll back, hold …), administer. \
            Each includes view; administer includes all but approve. Where: everywhere, `:SERVICE`, `:SERVICE/ENV`, or `:*/ENV` \
            for an environment of every service.
            """,
        subcommands: [Add.self, Remove.self, List.self])

    struct Held: ParsableArguments {
        @Argument(help: "RIGHT, RIGHT:SERVICE, RIGHT:SERVICE/ENV or RIGHT:*/ENV.")
        var may: May
        @Option(
            name: .customLong("to"),
            help: ArgumentHelp("person:NAME (or just NAME), team:NAME or service-account:NAME.", valueName: "whom"))
        var whom: String

        var body: Wire.ChangeGrant {
            Wire.ChangeGrant(
                subject: self.whom.contains(":") ? self.whom : "person:\(self.whom)", right: self.may.right,
                scope: self.may.scope)
        }

        mutating func validate() throws {
            let parts = self.whom.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count <= 2, let name = parts.last, Identifier.person.fits(name),
                parts.count == 1 || ["person", "team", "service-account"].contains(parts[0])
            else {
                throw ValidationError(
                    "\(Plain.quoted(self.whom)) can't have a grant: person:NAME, team:NAME or service-account:NAME can."
                )
            }
        }
    }

    struct Add: Verb {
        static let configuration = CommandConfiguration(abstract: "Give a right.")
        @OptionGroup var held: Held
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        func run(in session: Session) async throws -> Ending {
            let grants = try await session.client(self.place) { try await $0.addGrant(self.held.body) }
            try session.show(grants, json: self.format.json, PeopleText.list(grants))
            return .done
        }
    }

    struct Remove: Verb {
        static let configuration = CommandConfiguration(abstract: "Take a right back.")
        @OptionGroup var held: Held
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        func run(in session: Session) async throws -> Ending {
            let grants = try await session.client(self.place) { try await $0.removeGrant(self.held.body) }
            try session.show(grants, json: self.format.json, PeopleText.list(grants))
            return .done
        }
    }

    struct List: Verb {
        static let configuration = CommandConfiguration(abstract: "List who may do what where.")
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        func run(in session: Session) async throws -> Ending {
            let grants = try await session.client(self.place) { try await $0.grants() }
            try session.show(grants, json: self.format.json, PeopleText.list(grants))
            return .done
        }
    }
}

struct WhoAmI: Verb {
    static let configuration = CommandConfiguration(
        commandName: "whoami", abstract: "Who you are to the server, and what you may do where.")
    @OptionGroup var format: Format
    @OptionGroup var place: Place

    func run(in session: Session) async throws -> Ending {
        let me = try await session.client(self.place) { try await $0.whoAmI() }
        try session.show(me, json: self.format.json, PeopleText.lines(me))
        return .done
    }
}
