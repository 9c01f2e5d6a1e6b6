import APIClient

/// People, teams and rights, for people.
enum PeopleText {
    static func list(_ people: [Wire.Person]) -> [String] {
        var table = Table("ID", "NAME", "TEAMS", "E-MAIL", "ACTIVE")
        for person in people {
            table.add(
                person.id, person.name, person.teams.joined(separator: ", "), person.emails.joined(separator: ", "),
                person.active ? "yes" : "no")
        }
        return table.lines()
    }

    static func list(_ teams: [Wire.Team]) -> [String] {
        var table = Table("TEAM", "MEMBERS", "ACCOUNTS", "GROUPS")
        for team in teams {
            table.add(
                team.name, team.members.joined(separator: ", "), team.accounts.joined(separator: ", "),
                team.groups.joined(separator: ", "))
        }
        return table.lines()
    }

    static func list(_ grants: [Wire.Grant]) -> [String] {
        guard !grants.isEmpty else { return ["Nothing is granted."] }
        var table = Table("WHO", "MAY", "WHERE", "GIVEN BY")
        for grant in grants { table.add(grant.subject, grant.right, grant.scope, Plain.actor(grant.by)) }
        return table.lines()
    }

    static func lines(_ me: Wire.WhoAmI) -> [String] {
        let teams = me.teams.isEmpty ? "" : ", in \(me.teams.joined(separator: ", "))"
        let known = me.known ? "in the directory\(teams)" : "not in the directory"
        var lines = ["\(Plain.line(me.actor)), by the token \(Plain.line(me.token)); \(known)."]
        guard !me.rights.isEmpty else { return lines + ["You may do nothing here."] }
        var table = Table("MAY", "WHERE")
        for held in me.rights { table.add(held.right, held.scope) }
        lines += table.lines(indent: "  ")
        return lines
    }
}
