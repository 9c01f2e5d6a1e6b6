package import ChangeCalendar
package import Core
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

/// Who asks: from the token that came with the request.
package struct Caller: Sendable, Equatable {
    package let actor: Actor
    package let mayAdminister: Bool
    /// nil: all that the actor may do.
    package let scope: Access.Scope?

    package init(actor: Actor, mayAdminister: Bool, scope: Access.Scope? = nil) {
        self.actor = actor
        self.mayAdminister = mayAdminister
        self.scope = scope
    }

    init(_ token: Access.Token) {
        self.init(actor: token.owner, mayAdminister: token.mayAdminister, scope: token.scope)
    }
}

extension ControlPlane {
    /// The only gate. A refusal for lack of right is on record.
    ///
    /// `service`: whose releases it is about, if it is about releases; all else is outside of every scope.
    func authorize(_ caller: Caller, _ right: Right, on scope: String, releasesOf service: ServiceName? = nil)
        async throws
    {
        let isAllowed: Bool =
            switch right {
            case .view, .promote, .operate: caller.actor.isNamed
            case .propose: caller.actor.isNamed || caller.actor == .schedule
            case .approve: caller.actor.personID != nil
            case .administer: caller.mayAdminister
            }
        let isInScope: Bool =
            switch caller.scope {
            case nil: true
            case .release(let services):
                (right == .propose || right == .view) && service.map { services.contains($0) } ?? false
            }
        guard !isAllowed || !isInScope else { return }
        try await self.journal.decide(Access.self, .access, by: caller.actor) { now in
            .refuse(Access.Refused(actor: caller.actor, intent: right.rawValue, scope: scope, at: now))
        }
        if isAllowed, case .release(let services) = caller.scope {
            let names = services.map(\.text).joined(separator: ", ")
            throw Refusal(
                .notAllowed,
                "This token is good for releases of \(names) alone, not to \(right.rawValue) \(scope). Use another token."
            )
        }
        throw Refusal(
            .notAllowed,
            "\(caller.actor) has no right to \(right.rawValue) \(scope). An administrator's token is needed.")
    }

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
