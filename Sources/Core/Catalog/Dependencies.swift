/// A service that another one needs, and which versions of it.
package struct Dependency: Sendable, Equatable, Codable {
    package let service: ServiceName
    /// nil: any.
    package let versions: VersionRange?

    package init(service: ServiceName, versions: VersionRange? = nil) {
        self.service = service
        self.versions = versions
    }
}

/// Who depends on whom.
package struct DependencyGraph: Sendable {
    private let edges: [ServiceName: [ServiceName]]

    package init(_ edges: [ServiceName: [ServiceName]]) { self.edges = edges }

    /// The first circle that can be reached from `start`, beginning and ending with the same service; nil: none.
    package func cycle(from start: ServiceName) -> [ServiceName]? {
        var path: [(name: ServiceName, next: Int)] = [(start, 0)]
        var done: Set<ServiceName> = []
        while let (name, next) = path.last {
            let needs = self.edges[name] ?? []
            guard next < needs.count else {
                done.insert(name)
                path.removeLast()
                continue
            }
            path[path.count - 1].next += 1
            if let index = path.firstIndex(where: { $0.name == needs[next] }) {
                return path[index...].map(\.name) + [needs[next]]
            }
            if !done.contains(needs[next]) { path.append((needs[next], 0)) }
        }
        return nil
    }
}

/// What an environment is to be like, and in what it may differ.
package struct Likeness: Sendable, Equatable, Codable {
    package let environment: EnvironmentName
    /// Keys in which a difference counts for nothing.
    package let except: [EnvironmentDifference.Key]

    package init(environment: EnvironmentName, except: [EnvironmentDifference.Key] = []) {
        self.environment = environment
        self.except = except
    }
}

/// One thing in which an environment differs from the one that it is to be like.
package struct EnvironmentDifference: Sendable, Equatable {
    /// What can differ so that a release behaves otherwise there. Addresses, gates, order and notices differ by their nature.
    package enum Key: String, Sendable, Codable, CaseIterable {
        case replicas, strategy, verify, bake, drain, variables, secrets, objective, noData, userKey, previewHeader
    }

    package let key: Key
    package let here: String
    package let there: String

    package init(key: Key, here: String, there: String) {
        self.key = key
        self.here = here
        self.there = there
    }
}

extension Definition {
    /// Environments before one, directly or by others, the nearest first.
    package func before(_ name: EnvironmentName) -> [EnvironmentName] {
        var found: [EnvironmentName] = []
        var next = self[name]?.after ?? []
        while let first = next.first {
            next.removeFirst()
            if found.contains(first) { continue }
            found.append(first)
            next += self[first]?.after ?? []
        }
        return found
    }

    /// Nothing comes after it.
    package func isLast(_ name: EnvironmentName) -> Bool {
        !self.environments.contains { $0.after.contains(name) }
    }
}
