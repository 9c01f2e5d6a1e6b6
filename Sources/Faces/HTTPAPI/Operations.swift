package import APIClient

/// Who calls: from the token or the session. The actor goes into every input of the engine.
package struct Caller: Sendable, Equatable {
    /// The actor's id, as it stands in events.
    package var actor: String
    /// Name of the token; of a session, how it was opened.
    package var token: String
    /// The hash of the session's id, where the caller is a browser.
    package var session: String?

    package init(actor: String, token: String, session: String? = nil) {
        self.actor = actor
        self.token = token
        self.session = session
    }
}

/// What the server can do: a closed list of functions in wire types, one an operation. The engine fills it; tests fill
/// it from memory.
///
/// A function throws `Wire.Problem` for what it refuses: that is shown as it is. Any other error is logged under an id
/// and shown as 500 with the id alone.
package struct Operations: Sendable {
    /// Whose token this is; nil for a wrong or revoked one. Called on every request, so a revoked token is refused at
    /// once.
    package var authenticate: @Sendable (_ token: String) async throws -> Caller?

    // MARK: Services

    package var status: @Sendable (Caller, _ service: String?) async throws -> Wire.Status
    package var apply: @Sendable (Caller, Wire.Apply) async throws -> Wire.Applied
    package var service: @Sendable (Caller, _ name: String) async throws -> Wire.Service

    /// Looks at the branch that a service watches; answers before the look.
    package var poll: @Sendable (Caller, _ name: String) async throws -> Wire.Polled

    // MARK: Releases

    /// Answers at once, with state `building`.
    package var createRelease: @Sendable (Caller, Wire.CreateRelease) async throws -> Wire.Release
    /// Newest first.
    package var releases: @Sendable (Caller, _ service: String?, _ limit: Int) async throws -> [Wire.Release]
    /// An id, or `service@version`.
    package var release: @Sendable (Caller, _ release: String) async throws -> Wire.Release
    /// The build's output from a byte offset on.
    package var releaseLog: @Sendable (Caller, _ release: String, _ offset: Int) async throws -> Wire.Output

    package var prune: @Sendable (Caller, Wire.Prune) async throws -> Wire.Pruned

    // MARK: Promotions

    package var promote: @Sendable (Caller, Wire.Promote) async throws -> Wire.Promotion
    /// An id has the form `SERVICE/ENVIRONMENT/NUMBER`.
    package var promotion: @Sendable (Caller, _ id: String) async throws -> Wire.Promotion
    /// What both versions answered, in at most so many points each.
    package var traffic: @Sendable (Caller, _ promotion: String, _ points: Int) async throws -> Wire.Traffic
    package var actOnPromotion:
        @Sendable (
            Caller, _ id: String, Wire.PromotionVerb, Wire.Act
        ) async throws -> Wire.Promotion
    /// Everything that waits, over all lanes.
    package var queue: @Sendable (Caller) async throws -> [Wire.Promotion]

    // MARK: Lanes

    package var lane: @Sendable (Caller, _ service: String, _ environment: String) async throws -> Wire.Lane
    package typealias Rollback =
        @Sendable (Caller, _ service: String, _ environment: String, Wire.Act) async throws -> Wire.Promotion
    package var rollback: Rollback
    package typealias RollbackPlan =
        @Sendable (Caller, _ service: String, _ environment: String, _ version: String?) async throws
        -> Wire.RollbackPlan
    /// What a rollback would do, without doing it.
    package var rollbackPlan: RollbackPlan
    /// Every verb but rollback.
    package var actOnLane:
        @Sendable (
            Caller, _ service: String, _ environment: String, Wire.LaneVerb, Wire.Act
        ) async throws -> Wire.Lane
    /// Output of the instances: from `offset` on, or else the last `lines`.
    package var logs:
        @Sendable (
            Caller, _ service: String, _ environment: String, _ lines: Int, _ offset: Int?
        ) async throws -> Wire.Output

    // MARK: Changes

    package var changes: @Sendable (Caller, _ state: String?) async throws -> [Wire.Change]
    package var change: @Sendable (Caller, _ id: String) async throws -> Wire.Change
    package var actOnChange: @Sendable (Caller, _ id: String, Wire.ChangeVerb, Wire.Act) async throws -> Wire.Change

    package var calendar: CalendarOperations
    package var secrets: SecretOperations
    package var signIn: SignInOperations
    package var people: PeopleOperations

    // MARK: Records

    /// Events after a position, oldest first, of one stream or of all.
    package var events: @Sendable (Caller, _ stream: String?, _ after: Int, _ limit: Int) async throws -> [Wire.Event]
    /// Ledger positions as they are appended, from `after` on; may skip some, never the last. Ends with the engine.
    package var positions: @Sendable (_ after: Int) -> AsyncStream<Int>
    package var why: @Sendable (Caller, _ id: String) async throws -> Wire.Why
    package var audit: AuditOperations

    // MARK: Access

    package var tokens: @Sendable (Caller) async throws -> [Wire.Token]
    package var addToken: @Sendable (Caller, Wire.AddToken) async throws -> Wire.Token
    package var revokeToken: @Sendable (Caller, _ name: String) async throws -> Wire.Token

    package init(
        authenticate: @escaping @Sendable (_ token: String) async throws -> Caller?,
        status: @escaping @Sendable (Caller, _ service: String?) async throws -> Wire.Status,
        apply: @escaping @Sendable (Caller, Wire.Apply) async throws -> Wire.Applied,
        service: @escaping @Sendable (Caller, _ name: String) async throws -> Wire.Service,
        poll: @escaping @Sendable (Caller, _ name: String) async throws -> Wire.Polled,
        createRelease: @escaping @Sendable (Caller, Wire.CreateRelease) async throws -> Wire.Release,
        releases: @escaping @Sendable (Caller, _ service: String?, _ limit: Int) async throws -> [Wire.Release],
        release: @escaping @Sendable (Caller, _ release: String) async throws -> Wire.Release,
        releaseLog: @escaping @Sendable (Caller, _ release: String, _ offset: Int) async throws -> Wire.Output,
        prune: @escaping @Sendable (Caller, Wire.Prune) async throws -> Wire.Pruned,
        promote: @escaping @Sendable (Caller, Wire.Promote) async throws -> Wire.Promotion,
        promotion: @escaping @Sendable (Caller, _ id: String) async throws -> Wire.Promotion,
        traffic: @escaping @Sendable (Caller, _ promotion: String, _ points: Int) async throws -> Wire.Traffic,
        actOnPromotion:
            @escaping @Sendable (Caller, _ id: String, Wire.PromotionVerb, Wire.Act) async throws -> Wire.Promotion,
        queue: @escaping @Sendable (Caller) async throws -> [Wire.Promotion],
        lane: @escaping @Sendable (Caller, _ service: String, _ environment: String) async throws -> Wire.Lane,
        rollback: @escaping Rollback, rollbackPlan: @escaping RollbackPlan,
        actOnLane:
            @escaping @Sendable (
                Caller, _ service: String, _ environment: String, Wire.LaneVerb, Wire.Act
            ) async throws -> Wire.Lane,
        logs:
            @escaping @Sendable (
                Caller, _ service: String, _ environment: String, _ lines: Int, _ offset: Int?
            ) async throws -> Wire.Output,
        changes: @escaping @Sendable (Caller, _ state: String?) async throws -> [Wire.Change],
        change: @escaping @Sendable (Caller, _ id: String) async throws -> Wire.Change,
        actOnChange: @escaping @Sendable (Caller, _ id: String, Wire.ChangeVerb, Wire.Act) async throws -> Wire.Change,
        calendar: CalendarOperations, audit: AuditOperations, secrets: SecretOperations, signIn: SignInOperations,
        people: PeopleOperations,
        events:
            @escaping @Sendable (Caller, _ stream: String?, _ after: Int, _ limit: Int) async throws -> [Wire.Event],
        positions: @escaping @Sendable (_ after: Int) -> AsyncStream<Int>,
        why: @escaping @Sendable (Caller, _ id: String) async throws -> Wire.Why,
        tokens: @escaping @Sendable (Caller) async throws -> [Wire.Token],
        addToken: @escaping @Sendable (Caller, Wire.AddToken) async throws -> Wire.Token,
        revokeToken: @escaping @Sendable (Caller, _ name: String) async throws -> Wire.Token
    ) {
        self.authenticate = authenticate
        self.status = status
        self.apply = apply
        self.service = service
        self.poll = poll
        self.createRelease = createRelease
        self.releases = releases
        self.release = release
        self.releaseLog = releaseLog
        self.prune = prune
        self.promote = promote
        self.promotion = promotion
        self.traffic = traffic
        self.actOnPromotion = actOnPromotion
        self.queue = queue
        self.lane = lane
        self.rollback = rollback
        self.rollbackPlan = rollbackPlan
        self.actOnLane = actOnLane
        self.logs = logs
        (self.changes, self.change) = (changes, change)
        self.actOnChange = actOnChange
        (self.calendar, self.audit, self.secrets, self.signIn) = (calendar, audit, secrets, signIn)
        self.people = people
        (self.events, self.positions) = (events, positions)
        self.why = why
        self.tokens = tokens
        self.addToken = addToken
        self.revokeToken = revokeToken
    }
}
