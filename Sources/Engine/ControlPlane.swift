package import ChangeCalendar
import Core
package import Logging
import Ports

/// Everything that a face can ask for. One value, made in one place; each use case has its own file in `UseCases`.
package struct ControlPlane: Sendable {
    package let journal: Journal
    package let doors: Doors
    package let logger: Logger
    package let ledgerCheck: LedgerCheck
    /// What the calendar's entries mean in UTC.
    package let windows: Windows
    /// nil: nobody signs in here, as on a data folder without a server.
    package let signIn: SignInParts?
    let branchPokes = BranchPokes()
    let branchTroubles = BranchTroubles()
    /// Between two looks at a branch that is watched.
    let pollEvery: Duration

    package init(
        journal: Journal, doors: Doors, zones: any ZoneRules, logger: Logger, pollEvery: Duration = .seconds(5),
        signIn: SignInParts? = nil
    ) {
        self.journal = journal
        self.doors = doors
        self.windows = Windows(zones: zones)
        self.logger = logger
        self.pollEvery = pollEvery
        self.signIn = signIn
        self.ledgerCheck = LedgerCheck(ledger: journal.ledger, time: journal.time, logger: logger)
    }

    package var conductor: Conductor { Conductor(plane: self) }
}

extension ControlPlane {
    /// A service that was applied; refused with the known names.
    func known(_ name: ServiceName) async throws -> Loaded<Service> {
        let service = try await self.journal.service(name)
        guard service.machine.current == nil else { return service }
        let names = try await self.journal.ledger.rows(.services, scope: nil, after: nil, limit: 20).map(\.key)
        throw Refusal(
            .notFound,
            "There is no service `\(name)`. "
                + (names.isEmpty
                    ? "None was applied yet: `slipway apply`." : "Known: \(names.joined(separator: ", "))."))
    }

    func known(_ id: LaneID) async throws -> EnvironmentDefinition {
        let definition = try await self.known(id.service).machine.current
        guard let environment = definition?[id.environment] else {
            let names = definition?.environments.map(\.name.text).joined(separator: ", ") ?? ""
            throw Refusal(.notFound, "There is no environment `\(id.environment)` in \(id.service). It has: \(names).")
        }
        return environment
    }
}
