/// A service as the server knows it: its numbered definitions and where its repository is.
package struct Service: Machine, Codable {
    /// All definitions, oldest first; the number of one is its index + 1. Promotions are decided under a number.
    package private(set) var definitions: [Definition] = []
    package private(set) var repository = ""
    /// The branch of which every new commit becomes a release, by the file that was applied last; nil: none.
    package private(set) var watch: String?
    /// The newest commit of the watched branch that no release can be made of; nil: none since the last definition.
    package private(set) var refused: CommitRefused?

    /// Names and versions of secrets, those that were removed too.
    package private(set) var secrets: [SecretRecord] = []

    package static let definitionLimit = 10_000

    package init() {}

    package var current: Definition? { self.definitions.last }
    package var number: Int { self.definitions.count }

    package func definition(_ number: Int) -> Definition? {
        self.definitions.indices.contains(number - 1) ? self.definitions[number - 1] : nil
    }

    package enum Input: Sendable, Equatable {
        case define(Definition, repository: String, watch: String?, by: Actor, at: Instant)
        /// No release can be made of a commit of the watched branch, for a reason that is the commit's own.
        case refuse(CommitRefused)
        /// Its value is stored already, under the number that is next.
        case setSecret(SecretName, EnvironmentName?, by: Actor, at: Instant)
        case removeSecret(SecretName, EnvironmentName?, by: Actor, reason: String, at: Instant)
    }

    package enum Event: Sendable, Equatable {
        case defined(Defined)
        case commitRefused(CommitRefused)
        case secretSet(SecretSet)
        case secretRemoved(SecretRemoved)
    }

    package struct CommitRefused: Sendable, Equatable, Codable {
        package let commit: String
        package let branch: String
        package let reason: String
        /// Nothing in it asks for a release: no trouble, unlike a file that can't be read.
        package let isEmpty: Bool
        package let by: Actor
        package let at: Instant

        package init(commit: String, branch: String, reason: String, isEmpty: Bool, by: Actor, at: Instant) {
            self.commit = commit
            self.branch = branch
            self.reason = reason
            self.isEmpty = isEmpty
            self.by = by
            self.at = at
        }
    }

    package struct Defined: Sendable, Equatable, Codable {
        package let number: Int
        package let definition: Definition
        package let repository: String
        package let by: Actor
        package let at: Instant
        /// Absent in what was stored before branches were watched.
        package let watch: String?
    }

    /// A service needs nothing done in the world: its lanes do.
    package enum Effect: Sendable, Hashable {}

    /// The same definition again is no new number.
    package func decide(_ input: Input) throws(Refusal) -> [Event] {
        switch input {
        case .define(let definition, let repository, let watch, let actor, let now):
            guard definition != self.current || repository != self.repository || watch != self.watch else { return [] }
            guard self.number < Self.definitionLimit else {
                throw Refusal(.notAllowed, "\(definition.service) has \(self.number) definitions, more are not kept.")
            }
            return [
                .defined(
                    Defined(
                        number: self.number + 1, definition: definition, repository: repository, by: actor, at: now,
                        watch: watch))
            ]
        case .refuse(let refused):
            guard refused.branch == self.watch, refused.commit != self.refused?.commit else { return [] }
            return [.commitRefused(refused)]
        case .setSecret(let name, let environment, let actor, let now):
            guard self.secrets.count < Self.secretLimit || self.secretRecord(name, environment) != nil else {
                throw Refusal(.notAllowed, "A service keeps at most \(Self.secretLimit) secrets.")
            }
            let version = self.nextSecretVersion(name, environment)
            return [
                .secretSet(SecretSet(name: name, environment: environment, version: version, by: actor, at: now))
            ]
        case .removeSecret(let name, let environment, let actor, let reason, let now):
            let service = self.current?.service.text ?? "SERVICE"
            guard let record = self.secretRecord(name, environment), !record.isRemoved else {
                throw Refusal(
                    .notFound,
                    "There is no secret `\(name)` \(environment.map { "of its own in \($0)" } ?? "for all environments"). "
                        + "`slipway secret list --service \(service)` shows what there is.")
            }
            return [
                .secretRemoved(
                    SecretRemoved(
                        name: name, environment: environment, version: record.version, by: actor, reason: reason,
                        at: now))
            ]
        }
    }

    package mutating func apply(_ event: Event) throws(IllegalEvent) {
        switch event {
        case .defined(let body):
            guard body.number == self.number + 1 else {
                throw IllegalEvent("definition \(body.number) after \(self.number)")
            }
            self.definitions.append(body.definition)
            (self.repository, self.watch) = (body.repository, body.watch)
            // Who applies may have changed what it was refused for.
            self.refused = nil
        case .commitRefused(let body): self.refused = body
        case .secretSet(let body):
            guard body.version == self.nextSecretVersion(body.name, body.environment) else {
                throw IllegalEvent("version \(body.version) of secret \(body.name) out of turn")
            }
            self.secrets.removeAll { $0.name == body.name && $0.environment == body.environment }
            self.secrets.append(
                SecretRecord(
                    name: body.name, environment: body.environment, version: body.version, isRemoved: false,
                    by: body.by, at: body.at))
        case .secretRemoved(let body):
            guard
                let index = self.secrets.firstIndex(where: {
                    $0.name == body.name && $0.environment == body.environment
                })
            else { throw IllegalEvent("secret \(body.name) is removed that was never set") }
            self.secrets[index].isRemoved = true
            (self.secrets[index].by, self.secrets[index].at) = (body.by, body.at)
        }
    }

    package var pending: [Effect] { [] }
}

extension Service.Event: LedgerEvent {
    package var kind: EventKind {
        switch self {
        case .defined: Self.defined
        case .commitRefused: Self.commitRefused
        case .secretSet: Self.secretSet
        case .secretRemoved: Self.secretRemoved
        }
    }

    /// Version 2 knows canary and rolling, and how an environment is watched; version 3 knows dependencies and likeness.
    /// All that is optional, so one reader reads them all.
    private static let defined = EventKind("service.defined", version: 3)
    private static let commitRefused = EventKind("service.commitRefused")
    private static let secretSet = EventKind("service.secretSet")
    private static let secretRemoved = EventKind("service.secretRemoved")

    package var payload: any Encodable & Sendable {
        switch self {
        case .defined(let body): body
        case .commitRefused(let body): body
        case .secretSet(let body): body
        case .secretRemoved(let body): body
        }
    }

    package static func decode<D: PayloadDecoder>(_ kind: EventKind, from decoder: D) throws -> Service.Event? {
        if kind == Self.commitRefused { return .commitRefused(try decoder.decode(Service.CommitRefused.self)) }
        if kind == Self.secretSet { return .secretSet(try decoder.decode(Service.SecretSet.self)) }
        if kind == Self.secretRemoved { return .secretRemoved(try decoder.decode(Service.SecretRemoved.self)) }
        guard kind.name == Self.defined.name, (1...Self.defined.version).contains(kind.version) else { return nil }
        return .defined(try decoder.decode(Service.Defined.self))
    }
}
