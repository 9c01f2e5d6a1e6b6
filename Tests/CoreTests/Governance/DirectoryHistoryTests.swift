import Core
import Foundation
import Testing

/// Random histories of the directory: what must hold after each step.
struct DirectoryHistoryTests {
    private static let names = ["ada", "bob", "cleo", "dora", "leads", "ops", "ci"].compactMap { DirectoryName($0) }
    private static let scopes = ["organisation", "environment:prod", "service:shop", "lane:shop/prod"]
        .compactMap { AccessScope($0) }

    private static func input(_ random: inout Numbers, at now: Instant) -> Directory.Input {
        func name() -> DirectoryName { Self.names[random.below(Self.names.count)] }
        func grant() -> Directory.Grant {
            let subjects: [Directory.Subject] = [.person(name()), .team(name()), .account(name())]
            return Directory.Grant(
                subject: subjects[random.below(3)], right: Right.allCases[random.below(Right.allCases.count)],
                scope: Self.scopes[random.below(Self.scopes.count)])
        }
        let by = Actor.person("ada")
        switch random.below(14) {
        case 0, 1:
            let emails = random.below(2) == 0 ? [] : ["\(name())@x.org"]
            return .describe(name(), displayName: "N", emails: emails, by: by, at: now)
        case 2: return .deactivate(name(), reason: "left", by: by, at: now)
        case 3: return .team(name(), groups: random.below(2) == 0 ? [] : ["g\(random.below(2))"], by: by, at: now)
        case 4, 5: return .addMember(name(), to: name(), by: by, at: now)
        case 6: return .removeMember(name(), from: name(), by: by, at: now)
        case 7: return .signedIn(name(), groups: ["g\(random.below(3))"], by: .system, at: now)
        case 8: return .addAccount(name(), team: name(), by: by, at: now)
        case 9: return .removeAccount(name(), by: by, at: now)
        case 10, 11: return .grant(grant(), by: by, at: now)
        case 12: return .removeGrant(grant(), by: by, at: now)
        default:
            let until = now + .minutes(Int64(random.below(3)))
            return random.below(3) == 0
                ? .endDelegation(from: name(), by: by, at: now)
                : .delegate(from: name(), to: name(), until: until, reason: "leave", by: by, at: now)
        }
    }

    /// Straight from the grants, one by one.
    private static func plainly(
        _ directory: Directory, _ person: Directory.Person, _ scope: AccessScope
    ) -> Set<Right> {
        guard person.isActive else { return [] }
        var rights: Set<Right> = []
        for grant in directory.grantsOf.values.joined().map(\.grant) {
            let isTheirs: Bool =
                switch grant.subject {
                case .person(let id): id == person.id
                case .team(let team): directory.teams[team.text]?.members.contains(person.id.text) == true
                case .account: false
                }
            for right in Right.allCases where isTheirs && grant.scope.lets(grant.right, right, on: scope) {
                rights.insert(right)
            }
        }
        return rights
    }

    private static func check(_ directory: Directory, _ hadAdministrator: Bool, at now: Instant) {
        #expect(!hadAdministrator || !directory.administrators.isEmpty)
        for (name, team) in directory.teams {
            #expect(directory.people[name] == nil)
            for member in team.members { #expect(directory.people[member]?.teams.contains(name) == true) }
        }
        for (id, person) in directory.people {
            for team in person.teams { #expect(directory.teams[team]?.members.contains(id) == true) }
            for email in person.emails { #expect(directory.person(withEmail: email)?.id == person.id) }
            for scope in Self.scopes {
                let rights = directory.rights(of: .person(id), on: scope, at: now) ?? []
                let own = Self.plainly(directory, person, scope)
                let isDelegate = directory.delegations.values.contains { $0.to == person.id && now < $0.until }
                #expect(own.isSubset(of: rights))
                #expect(rights.subtracting(own).isSubset(of: isDelegate ? [.approve, .view] : []))
            }
        }
        let ids = Self.names.map(\.text)
        for name in ids {
            let people = directory.people(for: name, at: now, except: ["bob"])
            let counted = ids.filter { directory.counts($0, for: name, at: now, except: ["bob"]) }
            #expect(people.isSuperset(of: counted) && people.intersection(ids) == Set(counted))
        }
        #expect(directory.grantCount == directory.grantsOf.values.reduce(0) { $0 + $1.count })
        #expect(directory.membershipCount == directory.teams.values.reduce(0) { $0 + $1.members.count })
    }

    @Test func `after every step the directory agrees with itself, in histories with every kind of event`() throws {
        var kinds: Set<String> = []
        for seed in 0..<20 { kinds.formUnion(try Self.play(seed)) }
        #expect(kinds.count == 13)
    }

    /// The kinds of events in it.
    private static func play(_ seed: Int) throws -> Set<String> {
        var random = Numbers(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1)
        var (directory, kinds) = (Directory(), Set<String>())
        for step in 0..<400 {
            let now = Instant(milliseconds: 1_800_000_000_000 + Int64(step) * 20_000)
            let hadAdministrator = !directory.administrators.isEmpty
            guard let events = try? directory.decide(Self.input(&random, at: now)) else { continue }
            for event in events {
                try directory.apply(event)
                kinds.insert(event.kind.name)
            }
            Self.check(directory, hadAdministrator, at: now)
        }
        let again = try JSONDecoder().decode(Directory.self, from: try JSONEncoder().encode(directory))
        #expect(again == directory)
        return kinds
    }
}

/// xorshift64 (Marsaglia 2003).
private struct Numbers {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
        self.state ^= self.state << 13
        self.state ^= self.state >> 7
        self.state ^= self.state << 17
        return Int(self.state % UInt64(bound))
    }
}
