package import Core
import Ports

extension ControlPlane {
    /// Who is who, and who may do what. Names and addresses are in it: for administrators.
    package func directory(by caller: Caller) async throws -> Directory {
        try await self.authorize(caller, .administer, on: .organisation, "people and rights")
        return try await self.journal.directory().machine
    }

    /// People, teams and service accounts.
    package func changeDirectory(
        by caller: Caller, _ input: (Instant) -> Directory.Input
    ) async throws -> Directory {
        try await self.authorize(caller, .administer, on: .organisation, "people and rights")
        try await self.journal.decide(Directory.self, .directory, by: caller.actor, input)
        return try await self.journal.directory().machine
    }

    /// Gives a right, or takes it back. Who administers a service or an environment does so there.
    package func change(_ grant: Directory.Grant, isGiven: Bool, by caller: Caller) async throws -> [Directory.Granted]
    {
        try await self.authorize(caller, .administer, on: grant.scope, "rights on \(grant.scope.words)")
        if isGiven {
            // What is not there yet is most likely mistyped.
            switch grant.scope {
            case .organisation, .environment: break
            case .service(let name): _ = try await self.known(name)
            case .lane(let id): _ = try await self.known(id)
            }
        }
        try await self.journal.decide(Directory.self, .directory, by: caller.actor) { now in
            isGiven
                ? .grant(grant, by: caller.actor, at: now) : .removeGrant(grant, by: caller.actor, at: now)
        }
        return try await self.journal.directory().machine.grantsOf[grant.subject.description] ?? []
    }
}

extension Directory {
    package var allGrants: [Granted] {
        self.grantsOf.sorted { $0.key < $1.key }.flatMap(\.value)
    }
}
