extension Directory {
    package enum Event: Sendable, Equatable {
        case personAdded(Described)
        /// Name or addresses are others now; who was not active is again.
        case personChanged(Described)
        case personDeactivated(Deactivated)
        case teamAdded(TeamNamed)
        case teamMapped(TeamNamed)
        case memberAdded(Membership)
        case memberRemoved(Membership)
        case accountAdded(AccountNamed)
        case accountRemoved(AccountNamed)
        case granted(Granted)
        case grantRemoved(Granted)
        case delegated(Delegated)
        case delegationEnded(DelegationEnded)
    }

    package struct Described: Sendable, Equatable, Codable {
        package let id: DirectoryName
        package let displayName: String
        package let emails: [String]
        package let by: Actor
        package let at: Instant

        package init(id: DirectoryName, displayName: String, emails: [String], by: Actor, at: Instant) {
            self.id = id
            self.displayName = displayName
            self.emails = emails
            self.by = by
            self.at = at
        }
    }

    package struct Deactivated: Sendable, Equatable, Codable {
        package let id: DirectoryName
        package let by: Actor
        package let reason: String
        package let at: Instant
    }

    package struct TeamNamed: Sendable, Equatable, Codable {
        package let name: DirectoryName
        package let groups: [String]
        package let by: Actor
        package let at: Instant
    }

    package struct Membership: Sendable, Equatable, Codable {
        package let team: DirectoryName
        package let person: DirectoryName
        package let by: Actor
        package let at: Instant
    }

    package struct AccountNamed: Sendable, Equatable, Codable {
        package let name: DirectoryName
        package let team: DirectoryName
        package let by: Actor
        package let at: Instant
    }

    package struct Granted: Sendable, Equatable, Codable {
        package let grant: Grant
        package let by: Actor
        package let at: Instant

        package init(grant: Grant, by: Actor, at: Instant) {
            self.grant = grant
            self.by = by
            self.at = at
        }
    }

    /// `to` speaks for `from` on changes, until then.
    package struct Delegated: Sendable, Equatable, Codable {
        package let from: DirectoryName
        package let to: DirectoryName
        package let until: Instant
        package let reason: String
        package let by: Actor
        package let at: Instant

        package init(
            from: DirectoryName, to: DirectoryName, until: Instant, reason: String, by: Actor, at: Instant
        ) {
            self.from = from
            self.to = to
            self.until = until
            self.reason = reason
            self.by = by
            self.at = at
        }
    }

    package struct DelegationEnded: Sendable, Equatable, Codable {
        package let from: DirectoryName
        package let by: Actor
        package let at: Instant
    }
}

extension Directory.Event: LedgerEvent {
    package var kind: EventKind {
        switch self {
        case .personAdded: EventKind("directory.personAdded")
        case .personChanged: EventKind("directory.personChanged")
        case .personDeactivated: EventKind("directory.personDeactivated")
        case .teamAdded: EventKind("directory.teamAdded")
        case .teamMapped: EventKind("directory.teamMapped")
        case .memberAdded: EventKind("directory.memberAdded")
        case .memberRemoved: EventKind("directory.memberRemoved")
        case .accountAdded: EventKind("directory.accountAdded")
        case .accountRemoved: EventKind("directory.accountRemoved")
        case .granted: EventKind("directory.granted")
        case .grantRemoved: EventKind("directory.grantRemoved")
        case .delegated: EventKind("directory.delegated")
        case .delegationEnded: EventKind("directory.delegationEnded")
        }
    }

    package var payload: any Encodable & Sendable {
        switch self {
        case .personAdded(let body), .personChanged(let body): body
        case .personDeactivated(let body): body
        case .teamAdded(let body), .teamMapped(let body): body
        case .memberAdded(let body), .memberRemoved(let body): body
        case .accountAdded(let body), .accountRemoved(let body): body
        case .granted(let body), .grantRemoved(let body): body
        case .delegated(let body): body
        case .delegationEnded(let body): body
        }
    }

    package static func decode<D: PayloadDecoder>(_ kind: EventKind, from decoder: D) throws -> Directory.Event? {
        guard kind.version == 1 else { return nil }
        switch kind.name {
        case "directory.personAdded": return .personAdded(try decoder.decode(Directory.Described.self))
        case "directory.personChanged": return .personChanged(try decoder.decode(Directory.Described.self))
        case "directory.personDeactivated": return .personDeactivated(try decoder.decode(Directory.Deactivated.self))
        case "directory.teamAdded": return .teamAdded(try decoder.decode(Directory.TeamNamed.self))
        case "directory.teamMapped": return .teamMapped(try decoder.decode(Directory.TeamNamed.self))
        case "directory.memberAdded": return .memberAdded(try decoder.decode(Directory.Membership.self))
        case "directory.memberRemoved": return .memberRemoved(try decoder.decode(Directory.Membership.self))
        case "directory.accountAdded": return .accountAdded(try decoder.decode(Directory.AccountNamed.self))
        case "directory.accountRemoved": return .accountRemoved(try decoder.decode(Directory.AccountNamed.self))
        case "directory.granted": return .granted(try decoder.decode(Directory.Granted.self))
        case "directory.grantRemoved": return .grantRemoved(try decoder.decode(Directory.Granted.self))
        case "directory.delegated": return .delegated(try decoder.decode(Directory.Delegated.self))
        case "directory.delegationEnded": return .delegationEnded(try decoder.decode(Directory.DelegationEnded.self))
        default: return nil
        }
    }
}
