import Core
import Engine
import Lab
import Logging
import Ports

/// What survives the death of a control plane: a ledger's content, a target, a repository. Each `running` is a new control plane over it.
struct World: Sendable {
    let store: MemoryStore
    let clock: PacedClock
    let target: SimulatedTarget
    let router: CountingRouter
    let repository: FakeRepository
    /// A real repository in place of `repository`.
    var source: (any SourceRepository)?
    let builder: FakeBuilder
    let commands: FakeCommands
    let messenger: RecordingMessenger
    let disk = FakeDisk()
    let secrets = MemorySecrets()
    var pollEvery = Duration.seconds(5)
    var clearWork: @Sendable (WorkOrder) async throws -> Cleared = { _ in Cleared() }

    init(
        store: MemoryStore = MemoryStore(), clock: PacedClock = PacedClock(),
        repository: FakeRepository = FakeRepository(),
        messenger: RecordingMessenger = RecordingMessenger()
    ) {
        self.store = store
        self.clock = clock
        self.target = SimulatedTarget(clock: clock)
        self.router = CountingRouter(self.target.router)
        self.repository = repository
        self.builder = FakeBuilder()
        self.commands = FakeCommands()
        self.messenger = messenger
    }

    func open() throws -> MemoryLedger {
        try self.store.open(owner: "the test") { [clock] in clock.now() }
    }

    func plane(over ledger: any Ledger, logger: Logger? = nil) -> ControlPlane {
        let doors = Doors(
            blobs: MemoryBlobs(), source: self.source ?? self.repository, builder: self.builder,
            commands: self.commands,
            probe: FakeProbe(), runtime: self.target.runtime, router: self.router, messenger: self.messenger,
            secrets: self.secrets,
            room: { [disk] in disk.room }, clearWork: self.clearWork)
        return ControlPlane(
            journal: Journal(ledger: ledger, time: self.clock, news: News()), doors: doors, zones: FixedZones(),
            logger: logger ?? Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, pollEvery: self.pollEvery)
    }

    /// A control plane and its conductor, for as long as `body` runs; then it is gone as after SIGKILL.
    func running<Result: Sendable>(
        over ledger: (any Ledger)? = nil, logger: Logger? = nil, traffic: Visitors? = nil,
        _ body: @Sendable (ControlPlane) async throws -> Result
    ) async throws -> Result {
        let plane = self.plane(over: try ledger ?? self.open(), logger: logger)
        defer { self.store.abandon() }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await plane.conductor.run() }
            if let traffic { group.addTask { await traffic.run(on: self.target) } }
            defer { group.cancelAll() }
            return try await body(plane)
        }
    }
}

/// Traffic for every lane of a simulated target, as long as its task lives.
struct Visitors: Sendable {
    var perMoment = 500
    /// Versions that fail so many of a thousand requests.
    var failing: [String: Int] = [:]

    func run(on target: SimulatedTarget) async {
        while !Task.isCancelled {
            target.with { $0.serve(self.perMoment, failing: self.failing) }
            try? await Task.sleep(for: .milliseconds(10))
        }
    }
}

extension Caller {
    static let ada = Caller(actor: .person("ada"), mayAdminister: true)
    static let bob = Caller(actor: .person("bob"), mayAdminister: false)
    static let cleo = Caller(actor: .person("cleo"), mayAdminister: false)
    static let robot = Caller(actor: .serviceAccount("robot"), mayAdminister: false)
}

/// The service of the tests: environments are given as the lines of its file.
enum Shop {
    static let folder = "/repositories/shop"

    static func file(_ environments: String, tests: Bool = false) -> String {
        """
        service: shop
        owner: web-team
        build: { command: make, artifact: dist/\(tests ? ", tests: junit.xml" : "") }
        run: { command: ./shop }
        environments:
        \(environments)

        """
    }

    static func line(_ name: String, _ keys: String...) -> String {
        let port = 7_000 + name.utf8.reduce(0) { ($0 * 7 + Int($1)) % 900 }
        return "  \(name): { \((["listen: 127.0.0.1:\(port)"] + keys).joined(separator: ", ")) }"
    }

    static func lane(_ environment: String) throws -> LaneID {
        guard let service = ServiceName("shop"), let name = EnvironmentName(environment) else {
            throw NeverCame(description: "`\(environment)` is no name")
        }
        return LaneID(service: service, environment: name)
    }
}

extension ControlPlane {
    @discardableResult
    func define(_ file: String, by caller: Caller = .ada) async throws -> Applied {
        try await self.apply(file, repository: Shop.folder, isPlan: false, by: caller)
    }

    func create(
        _ ref: String = "HEAD", version: String? = nil, file: String? = nil, by caller: Caller = .ada
    ) async throws -> Release {
        try await self.createRelease(
            ReleaseRequest(repository: Shop.folder, ref: ref, version: version, file: file), by: caller)
    }

    /// Makes a release and waits until its build ended.
    func build(_ ref: String = "HEAD", version: String? = nil, by caller: Caller = .ada) async throws -> Release {
        let id = try await self.create(ref, version: version, by: caller).origin?.id
        return try await eventually("a build of \(ref)") {
            guard let id else { return nil }
            let release = try await self.journal.release(id).machine
            return release.phase == .building ? nil : release
        }
    }

    func machine(_ environment: String) async throws -> Lane {
        try await self.journal.lane(try Shop.lane(environment)).machine
    }

    /// How a promotion ended.
    @discardableResult
    func end(_ number: Int, in environment: String) async throws -> EndedPromotion {
        try await eventually("the end of \(number) in \(environment)") {
            try await self.machine(environment).recent.last { $0.number == number }
        }
    }

    /// The state when this version is verified there and nothing runs.
    @discardableResult
    func verified(_ version: String, in environment: String) async throws -> Lane {
        try await eventually("\(version) verified in \(environment)") {
            let lane = try await self.machine(environment)
            return lane.stable?.candidate.version == version && lane.deployment == nil ? lane : nil
        }
    }

    func promote(_ version: String, to environment: String, by caller: Caller = .ada) async throws -> Int {
        guard let name = EnvironmentName(environment) else { throw NeverCame(description: "no environment") }
        return try await self.promote("shop@\(version)", into: name, by: caller).1
    }
}

extension Lane {
    var versions: [String] { self.serving.map(\.capacity.candidate.version) }
}
