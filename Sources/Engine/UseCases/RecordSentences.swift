import Core

// What the streams that are about no single promotion say, for the table of an export.

extension FreezeCalendar.Event {
    var sentence: String {
        switch self {
        case .added(let dated):
            "\(dated.by) added the \(dated.value.kind.rawValue) `\(dated.value.name)` for \(dated.value.scope): \(dated.value.reason)"
        case .removed(let body): "\(body.by) removed `\(body.name)`: \(body.reason)"
        case .overridden(let body):
            "\(body.by) let promotion \(body.promotion) of \(body.lane) through "
                + body.entries.map { "`\($0)`" }.joined(separator: ", ") + ": \(body.reason)"
        case .stopped(let stop): "\(stop.by) stopped everything: \(stop.reason)"
        case .released(let stop): "\(stop.by) lifted the stop of everything: \(stop.reason)"
        }
    }
}

extension Service.Event {
    var sentence: String {
        switch self {
        case .defined(let body): "\(body.by) applied definition \(body.number)"
        case .commitRefused(let body):
            "no release can be made of \(body.commit.prefix(12)) of \(body.branch): \(body.reason)"
        case .secretSet(let body):
            "\(body.by) set the secret \(body.name)\(Self.place(body.environment)), version \(body.version)"
        case .secretRemoved(let body):
            "\(body.by) removed the secret \(body.name)\(Self.place(body.environment)), version \(body.version): \(body.reason)"
        }
    }

    private static func place(_ environment: EnvironmentName?) -> String { environment.map { " of \($0)" } ?? "" }
}

extension Directory.Event {
    var sentence: String {
        switch self {
        case .personAdded(let body): "\(body.by) added \(body.id)"
        case .personChanged(let body): "\(body.by) changed the name or the addresses of \(body.id)"
        case .personDeactivated(let body): "\(body.by) deactivated \(body.id): \(body.reason)"
        case .teamAdded(let body): "\(body.by) added the team \(body.name)"
        case .teamMapped(let body): "\(body.by) mapped the team \(body.name) to \(body.groups.joined(separator: ", "))"
        case .memberAdded(let body): "\(body.by) put \(body.person) into \(body.team)"
        case .memberRemoved(let body): "\(body.by) took \(body.person) out of \(body.team)"
        case .accountAdded(let body): "\(body.by) added the service account \(body.name) of \(body.team)"
        case .accountRemoved(let body): "\(body.by) removed the service account \(body.name) of \(body.team)"
        case .granted(let body):
            "\(body.by) granted \(body.grant.right.rawValue) on \(body.grant.scope) to \(body.grant.subject)"
        case .grantRemoved(let body):
            "\(body.by) took back \(body.grant.right.rawValue) on \(body.grant.scope) from \(body.grant.subject)"
        case .delegated(let body):
            "\(body.by) let \(body.to) speak for \(body.from) until \(body.until.wire): \(body.reason)"
        case .delegationEnded(let body): "\(body.by) ended who speaks for \(body.from)"
        }
    }
}

extension Access.Event {
    var sentence: String {
        switch self {
        case .tokenAdded(let token): "the token \(token.name) was made for \(token.owner)"
        case .tokenRevoked(let body): "\(body.by) revoked the token \(body.name)"
        case .refused(let body): "\(body.actor) was refused to \(body.intent) \(body.scope)"
        case .credentialChanged(let body): "\(body.by): \(body.deed.words) \(body.person)"
        }
    }
}

extension Access.Credential.Deed {
    fileprivate var words: String {
        switch self {
        case .passwordSet: "set the password of"
        case .passwordRemoved: "removed the password of"
        case .linkMade: "made a link for"
        case .sessionsEnded: "ended the sessions of"
        }
    }
}
