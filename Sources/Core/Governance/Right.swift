/// What somebody wants to do, as far as rights go. Each includes `view` in its scope; `administer` includes all but `approve`, which is a
/// person's own word.
package enum Right: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
    case view, propose, promote, approve, operate, administer

    /// This right, and what comes with it.
    package var included: Set<Right> {
        switch self {
        case .view: [.view]
        case .propose, .promote, .approve, .operate: [self, .view]
        case .administer: [.administer, .view, .propose, .promote, .operate]
        }
    }

    package static func < (left: Right, right: Right) -> Bool { left.rank < right.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// Where a right is needed, or given.
package enum AccessScope: Sendable, Hashable, Codable, CustomStringConvertible {
    case organisation
    /// This environment of every service.
    case environment(EnvironmentName)
    case service(ServiceName)
    case lane(LaneID)

    /// Whoever has a right here has it there.
    package func covers(_ other: AccessScope) -> Bool {
        switch (self, other) {
        case (.organisation, _): true
        case (.environment(let own), .environment(let name)): own == name
        case (.environment(let own), .lane(let lane)): own == lane.environment
        case (.service(let own), .service(let name)): own == name
        case (.service(let own), .lane(let lane)): own == lane.service
        case (.lane(let own), .lane(let lane)): own == lane
        case (.environment, _), (.service, _), (.lane, _): false
        }
    }

    /// Some lane belongs to both.
    package func touches(_ other: AccessScope) -> Bool {
        if self.covers(other) || other.covers(self) { return true }
        switch (self, other) {
        case (.environment, .service), (.service, .environment): return true
        case (.organisation, _), (.environment, _), (.service, _), (.lane, _): return false
        }
    }

    /// Whether this right, given here, lets its holder do that there. Who may do something with a part of a service sees the service and its
    /// releases.
    package func lets(_ given: Right, _ wanted: Right, on scope: AccessScope) -> Bool {
        guard given.included.contains(wanted) else { return false }
        if self.covers(scope) { return true }
        guard wanted == .view, case .service = scope else { return false }
        return self.touches(scope)
    }

    /// For example `organisation`, `environment:production`, `service:shop`, `lane:shop/production`.
    package var description: String {
        switch self {
        case .organisation: "organisation"
        case .environment(let name): "environment:\(name)"
        case .service(let name): "service:\(name)"
        case .lane(let lane): "lane:\(lane)"
        }
    }

    /// Reads what `description` writes; nil for anything else.
    package init?(_ text: String) {
        if text == "organisation" {
            self = .organisation
            return
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { return nil }
        let names = parts[1].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        switch (parts[0], names.count) {
        case ("environment", 1):
            guard let name = EnvironmentName(names[0]) else { return nil }
            self = .environment(name)
        case ("service", 1):
            guard let name = ServiceName(names[0]) else { return nil }
            self = .service(name)
        case ("lane", 2):
            guard let service = ServiceName(names[0]), let environment = EnvironmentName(names[1]) else { return nil }
            self = .lane(LaneID(service: service, environment: environment))
        case (_, _): return nil
        }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let scope = AccessScope(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "`\(text)` is no scope")
        }
        self = scope
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.description)
    }

    /// As it stands in a sentence.
    package var words: String {
        switch self {
        case .organisation: "the whole organisation"
        case .environment(let name): "\(name) of every service"
        case .service(let name): "the service \(name)"
        case .lane(let lane): "\(lane)"
        }
    }
}
