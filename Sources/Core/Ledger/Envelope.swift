/// The stream that an event belongs to; the consistency boundary. The set is closed: DESIGN section 2.
package enum StreamID: Sendable, Hashable, CustomStringConvertible {
    case service(ServiceName)
    case release(ReleaseID)
    case lane(LaneID)
    case change(ChangeID)
    case train(String)
    case flag(String)
    case calendar
    case access
    /// People, teams, and who may do what.
    case directory
    /// Terms of engines and seals' bookkeeping: who owned the ledger since when.
    case ledger

    package var description: String {
        switch self {
        case .service(let name): "service/\(name)"
        case .release(let id): "release/\(id)"
        case .lane(let id): "lane/\(id.service)/\(id.environment)"
        case .change(let id): "change/\(id)"
        case .train(let id): "train/\(id)"
        case .flag(let key): "flag/\(key)"
        case .calendar: "calendar"
        case .access: "access"
        case .directory: "directory"
        case .ledger: "ledger"
        }
    }

    /// Reads the text that `description` writes; nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        switch (parts.first, parts.count) {
        case ("service", 2):
            guard let name = ServiceName(parts[1]) else { return nil }
            self = .service(name)
        case ("release", 2):
            guard let id = ReleaseID(parts[1]) else { return nil }
            self = .release(id)
        case ("lane", 3):
            guard let service = ServiceName(parts[1]), let environment = EnvironmentName(parts[2]) else { return nil }
            self = .lane(LaneID(service: service, environment: environment))
        case ("change", 2):
            guard let id = ChangeID(parts[1]) else { return nil }
            self = .change(id)
        case ("train", 2) where !parts[1].isEmpty: self = .train(parts[1])
        case ("flag", 2) where !parts[1].isEmpty: self = .flag(parts[1])
        case ("calendar", 1): self = .calendar
        case ("access", 1): self = .access
        case ("directory", 1): self = .directory
        case ("ledger", 1): self = .ledger
        default: return nil
        }
    }
}

/// Who or what gave an input. Ids only: names and addresses live beside the ledger, so redaction never touches the chain.
package enum Actor: Sendable, Hashable, Codable, CustomStringConvertible {
    case person(String)
    case serviceAccount(String)
    case judge
    case schedule
    case system

    package var description: String {
        switch self {
        case .person(let id): "person:\(id)"
        case .serviceAccount(let id): "service-account:\(id)"
        case .judge: "judge"
        case .schedule: "schedule"
        case .system: "system"
        }
    }

    package init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        switch (parts.first, parts.count) {
        case ("person", 2) where !parts[1].isEmpty: self = .person(String(parts[1]))
        case ("service-account", 2) where !parts[1].isEmpty: self = .serviceAccount(String(parts[1]))
        case ("judge", 1): self = .judge
        case ("schedule", 1): self = .schedule
        case ("system", 1): self = .system
        default: return nil
        }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let actor = Actor(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "`\(text)` names no actor")
        }
        self = actor
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.description)
    }

    /// A named person or account: what the rules that need somebody's word accept.
    package var isNamed: Bool {
        switch self {
        case .person, .serviceAccount: true
        case .judge, .schedule, .system: false
        }
    }
}
