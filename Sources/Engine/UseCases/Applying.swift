package import Core
import Ports
import ServiceFile

extension ControlPlane {
    package struct Applied: Sendable, Equatable {
        package let service: ServiceName
        package let number: Int
        package let isChanged: Bool
        package let differences: [String]
    }

    /// Registers or updates a service from the text of its file. With `isPlan`, nothing is recorded.
    package func apply(_ file: String, repository: String, isPlan: Bool, by caller: Caller) async throws -> Applied {
        let definition = try ServiceFile.read(file).definition
        try await self.authorize(caller, .operate, on: definition.service.text)
        guard repository.hasPrefix("/"), repository.utf8.count <= 4_096, !repository.utf8.contains(0) else {
            throw Refusal(.invalid, "`\(repository)` is no absolute path of a repository on the server's machine.")
        }
        return try await self.journal.retrying {
            // No stream guards addresses: nobody else gives one away meanwhile.
            try await self.journal.reserving("the addresses of services") {
                try await self.define(definition, repository: repository, isPlan: isPlan, by: caller)
            }
        }
    }

    /// What is replaced is what was compared: when another definition comes in between, the append is refused and all is decided anew.
    private func define(
        _ definition: Definition, repository: String, isPlan: Bool, by caller: Caller
    ) async throws -> Applied {
        let loaded = try await self.journal.service(definition.service)
        let (before, now) = (loaded.machine, self.journal.time.now())
        let difference = DefinitionDifference(from: before.current, to: definition)
        try await self.checkAddresses(of: definition)
        let events = try before.decide(.define(definition, repository: repository, by: caller.actor, at: now))
        var number = before.number
        if !isPlan, let draft = try self.journal.draft(loaded, events) {
            // Who may not administer can't take a gate away that stands between a release and its users.
            if difference.weakens {
                try await self.authorize(caller, .administer, on: "\(definition.service), weakened")
            }
            try await self.journal.append([draft], by: caller.actor, at: now)
            number += events.count
        }
        var differences = difference.changes.map(\.description)
        if before.current != nil, before.repository != repository {
            differences.append("service: repository \(before.repository) -> \(repository)")
        }
        return Applied(
            service: definition.service, number: number, isChanged: !events.isEmpty, differences: differences)
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
