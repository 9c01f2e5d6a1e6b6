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
        let stream = StreamID.service(definition.service)
        let before = try await self.journal.service(definition.service).machine
        let differences = DefinitionDifference(from: before.current, to: definition).changes.map(\.description)
        if isPlan {
            return Applied(
                service: definition.service, number: before.number, isChanged: before.current != definition,
                differences: differences)
        }
        let events = try await self.journal.decide(Service.self, stream, by: caller.actor) { now in
            .define(definition, repository: repository, by: caller.actor, at: now)
        }
        return Applied(
            service: definition.service, number: try await self.journal.service(definition.service).machine.number,
            isChanged: !events.isEmpty, differences: differences)
    }
}
