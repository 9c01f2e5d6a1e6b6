package import Core
import Ports
import ServiceFile

extension ControlPlane {
    package struct Applied: Sendable, Equatable {
        package let service: ServiceName
        package let number: Int
        package let isChanged: Bool
        package let differences: [String]
        /// What is allowed, and most likely not meant.
        package let warnings: [String]
    }

    /// Registers or updates a service from the text of its file. With `isPlan`, nothing is recorded.
    package func apply(_ file: String, repository: String, isPlan: Bool, by caller: Caller) async throws -> Applied {
        let contents = try ServiceFile.read(file)
        let definition = contents.definition
        try await self.authorize(caller, .operate, on: .service(definition.service))
        try Self.check(repository: repository)
        return try await self.journal.retrying {
            // No stream guards addresses: nobody else gives one away meanwhile.
            try await self.journal.reserving("the addresses of services") {
                try await self.define(contents, repository: repository, isPlan: isPlan, by: caller)
            }
        }
    }

    /// What is replaced is what was compared: when another definition comes in between, the append is refused and all is decided anew.
    private func define(
        _ contents: ServiceFile.Contents, repository: String, isPlan: Bool, by caller: Caller
    ) async throws -> Applied {
        let (definition, watch) = (contents.definition, contents.configuration.watch)
        let loaded = try await self.journal.service(definition.service)
        let (before, now) = (loaded.machine, self.journal.time.now())
        let difference = DefinitionDifference(from: before.current, to: definition)
        try await self.checkAddresses(of: definition)
        try await self.checkDependencies(of: definition)
        let left = try await self.checkLeft(by: definition, from: before.current)
        let events = try before.decide(
            .define(definition, repository: repository, watch: watch, by: caller.actor, at: now))
        var number = before.number
        if !isPlan, let draft = try self.journal.draft(loaded, events) {
            // Who may not administer can't take a gate away that stands between a release and its users.
            if difference.weakens {
                try await self.authorize(
                    caller, .administer, on: .service(definition.service), "\(definition.service), weakened")
            }
            try await self.journal.append([draft], reading: left, by: caller.actor, at: now)
            number += events.count
        }
        var differences = difference.changes.map(\.description)
        if before.current != nil, before.repository != repository {
            differences.append("service: repository \(before.repository) -> \(repository)")
        }
        if before.current != nil, before.watch != watch {
            differences.append("service: watch \(before.watch ?? "nothing") -> \(watch ?? "nothing")")
        }
        return Applied(
            service: definition.service, number: number, isChanged: !events.isEmpty, differences: differences,
            warnings: try await self.unreachableApprovals(of: definition) + self.moves(to: definition, before))
    }

    /// Approvals that too few people can give today, because names in `from` own no token. No error: a token can be added any time.
    private func unreachableApprovals(of definition: Definition) async throws -> [String] {
        let (now, directory) = (self.journal.time.now(), try await self.journal.directory().machine)
        let tokens = try await self.journal.access().machine.tokens
        let owners = Set(tokens.filter { $0.isInUse(at: now) }.compactMap { $0.owner.personID })
        return definition.environments.flatMap { environment in
            environment.approvals.compactMap { need in
                // Who is in the directory signs in; all others need a token.
                let people = need.from.reduce(into: Set<String>()) {
                    $0.formUnion(directory.people(for: $1, at: now, except: []))
                }.filter { directory.people[$0] != nil || owners.contains($0) }
                guard people.count < need.count else { return nil }
                let absent = Set(need.from).filter { directory.teams[$0] == nil && !people.contains($0) }.sorted()
                let start =
                    "\(environment.name): nobody can give the approval \(need.count) of \(need.from.joined(separator: ", ")) yet: "
                guard !absent.isEmpty else {
                    return start + "these are \(people.count) people. `slipway team add-member TEAM PERSON` adds one."
                }
                return
                    start + absent.joined(separator: ", ") + (absent.count == 1 ? " owns" : " own")
                    + " no token here. Add one: `slipway token add NAME --owner \(absent.first ?? "PERSON")`."
            }
        }
    }

    /// A router listens where the definition says under which its newest capacity was put up, so that nobody who is served loses an address
    /// by an `apply`.
    private func moves(to definition: Definition, _ before: Service) async throws -> [String] {
        var moves: [String] = []
        for environment in definition.environments {
            let lane = try await self.journal.lane(
                LaneID(service: definition.service, environment: environment.name)
            ).machine
            guard let now = lane.listens(under: before, in: environment.name), now != environment.listen else {
                continue
            }
            moves.append(
                "\(environment.name): it listens at \(now) until the next deployment there, or a cold rollback, takes it to "
                    + "\(environment.listen?.description ?? "no address").")
        }
        return moves
    }

    static func check(repository: String) throws(Refusal) {
        guard RepositoryPlace(repository) == nil else { return }
        throw Refusal(
            .invalid,
            "\(repository.prefix(200).debugDescription) is no place of a repository: allowed is \(RepositoryPlace.rule)."
        )
    }

    /// The server has a folder of its own, so a relative path would mean another place to it than to who wrote it.
    static func checkPath(_ path: String, of what: String) throws(Refusal) {
        guard path.hasPrefix("/"), path.utf8.count <= 4_096, !path.utf8.contains(0) else {
            throw Refusal(
                .invalid,
                "\(path.prefix(200).debugDescription) is no absolute path of \(what) on the server's machine: "
                    + "it begins with `/` and has at most 4,096 bytes.")
        }
    }

    /// An environment goes only when nothing is in it any more: what serves there could not be seen, gone back from or stopped by any verb.
    /// Gives the lanes that were found empty; nothing may enter one meanwhile.
    private func checkLeft(by definition: Definition, from before: Definition?) async throws -> [StreamReading] {
        var readings: [StreamReading] = []
        for environment in before?.environments ?? [] where definition[environment.name] == nil {
            let id = LaneID(service: definition.service, environment: environment.name)
            let lane = try await self.journal.lane(id)
            readings.append(StreamReading(stream: lane.stream, number: lane.number))
            if lane.machine.isVacant { continue }
            let waiting = lane.machine.queue.map { "`slipway cancel \(id)/\($0.number)`" }
            let isIdle = lane.machine.deployment == nil && lane.machine.capacities.isEmpty && !lane.machine.hasRouter
            let serving = lane.machine.serving.map(\.capacity.candidate.version).joined(separator: ", ")
            throw Refusal(
                .wrongState,
                "\(environment.name) can't leave \(definition.service): "
                    + (serving.isEmpty ? "something of it is still there" : "\(serving) serves there") + ". First "
                    + (isIdle && !waiting.isEmpty
                        ? waiting.joined(separator: ", ")
                        : "`slipway down \(definition.service) --env \(environment.name)`")
                    + ", then apply again.")
        }
        return readings
    }

    /// An address belongs to one lane of this server.
    private func checkAddresses(of definition: Definition) async throws {
        let rows = try await self.journal.ledger.rows(.services, scope: nil, after: nil, limit: 10_000)
        for name in rows.compactMap({ ServiceName($0.key) }) where name != definition.service {
            for taken in try await self.journal.service(name).machine.current?.environments ?? [] {
                guard let listen = taken.listen,
                    let clash = definition.environments.first(where: { $0.listen == listen })
                else { continue }
                throw Refusal(
                    .alreadyExists,
                    "\(clash.name) listens at \(listen), which is the address of \(name)/\(taken.name). "
                        + "Give it another `listen`.")
            }
        }
    }
}
