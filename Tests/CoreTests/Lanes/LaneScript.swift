import Core
import Testing

/// A lane that is told one thing after the other, and keeps what it wrote.
struct LaneScript {
    private(set) var lane = Lane()
    private(set) var events: [Lane.Event] = []
    /// Events by append.
    private(set) var appends: [[Lane.Event]] = []
    private(set) var now = Instant(milliseconds: 1_800_000_000_000)
    let environment: EnvironmentDefinition
    var release = RunConfiguration()

    init(_ environment: EnvironmentDefinition) {
        self.environment = environment
        self.release.run = RunCommand(command: "./serve")
    }

    /// The lane as an engine finds it after a crash.
    init(resuming script: LaneScript, appends count: Int) throws {
        self = script
        self.appends = Array(script.appends.prefix(count))
        self.events = self.appends.flatMap(\.self)
        self.lane = Lane()
        for event in self.events { try self.lane.apply(event) }
    }

    /// Which lane it is, for the words alone.
    mutating func stand(in id: LaneID) { self.lane.id = id }

    static func candidate(_ number: Int) throws -> Candidate {
        Candidate(release: try #require(ReleaseID("r-\(number)")), version: "\(number).0.0")
    }

    /// Decides and records; the names of the events.
    mutating func tell(_ input: Lane.Input) throws -> [String] {
        let facts = try self.lane.decide(input)
        for fact in facts { try self.lane.apply(fact) }
        self.events += facts
        if !facts.isEmpty { self.appends.append(facts) }
        return facts.map { String($0.kind.name.dropFirst("lane.".count)) }
    }

    @discardableResult
    mutating func say(_ intent: Lane.Intent, by actor: Actor = .person("anna")) throws -> [String] {
        try self.tell(.intent(intent, by: actor, at: self.now))
    }

    @discardableResult
    mutating func hear(_ answer: Lane.Answer) throws -> [String] { try self.tell(.answer(answer, at: self.now)) }

    @discardableResult
    mutating func promote(_ number: Int, by actor: Actor = .person("anna")) throws -> [String] {
        try self.say(.promote(Self.candidate(number)), by: actor)
    }

    @discardableResult
    mutating func rollBack(to version: String? = nil, by actor: Actor = .person("anna")) throws -> [String] {
        let settings = Lane.RollbackSettings(
            health: .seconds(20), drain: .seconds(5), policy: .finish, definition: 1)
        return try self.say(.rollback(to: version, settings, reason: "it hurts"), by: actor)
    }

    /// The gates say the same about everything that waits.
    @discardableResult
    mutating func evaluate(_ verdict: Verdict? = .pass) throws -> [String] {
        let gate = GateResult(gate: "tests", verdict: verdict, reason: "as the test wants it")
        let plan = Plan.forward(self.environment, self.release, isFirst: self.lane.serving.isEmpty)
        let evaluations = self.lane.queue.map {
            Lane.Evaluation(
                number: $0.number, facts: AdmissionFacts(definition: 1, gates: [gate], readings: []), plan: plan)
        }
        return try self.tell(.evaluated(evaluations, at: self.now))
    }

    /// Time passes, then the lane is woken up.
    @discardableResult
    mutating func pass(_ time: Milliseconds) throws -> [String] {
        self.now = self.now + time
        return try self.tell(.tick(at: self.now))
    }

    /// Time passes without a wake-up.
    mutating func move(by time: Milliseconds) { self.now = self.now + time }

    @discardableResult
    mutating func routed() throws -> [String] { try self.hear(.routed(generation: self.lane.routing.generation)) }

    /// A healthy world does the most urgent thing that is outstanding; false if only waits are.
    mutating func workOnce() throws -> Bool {
        for effect in self.lane.pending {
            switch effect {
            case .evaluate, .wake: continue
            case .route(let generation): try self.hear(.routed(generation: generation))
            case .raise(let number): try self.hear(.capacityReady(number))
            case .scale(let number, let replicas): try self.hear(.scaled(number, replicas: replicas))
            case .retire(let number): try self.hear(.capacityGone(number))
            case .removeRouter: try self.hear(.routerRemoved)
            case .verify(let number, _, _):
                try self.hear(.verified(number: number, .pass, summary: "passed", lastLines: []))
            case .task(let number, _, let kind):
                try self.hear(
                    .taskEnded(number: number, kind, .pass, summary: "done", lastLines: [], irreversible: false))
            }
            return true
        }
        return false
    }

    mutating func work() throws {
        var rounds = 0
        while try self.workOnce() {
            rounds += 1
            try #require(rounds < 100, "the lane never has enough: \(self.lane.pending)")
        }
    }

    /// A healthy world, and time passing, until no deployment runs and nothing is outstanding.
    mutating func finish() throws {
        for _ in 0..<50 {
            try self.work()
            if self.lane.deployment == nil, self.lane.takingDown == nil { return }
            if try self.certify() { continue }
            let wake = try #require(self.wake, "nothing wakes \(self.lane.pending)")
            if wake > self.now { self.now = wake }
            _ = try self.tell(.tick(at: self.now))
        }
        Issue.record("the lane does not come to rest: \(self.lane.pending)")
    }

    /// Time passes until an observed step may end, and the judge then says that all is well; false if none is observed.
    mutating func certify() throws -> Bool {
        guard let deployment = self.lane.watched, deployment.pause == nil,
            case .observe(_, let times) = deployment.currentStep
        else { return false }
        self.now = self.now + times.atLeast
        try self.judge(.pass)
        return true
    }

    /// The judge's word on the running deployment.
    @discardableResult
    mutating func judge(
        _ verdict: Verdict?, requests: Int = 100, mayAdvance: Bool = false, warning: String? = nil,
        _ sentence: String = "as the test wants it"
    ) throws -> [String] {
        let judgement = Judgement(
            verdict: verdict, sentence: sentence, metric: "errors",
            new: Judgement.Counts(version: "2.0.0", requests: requests, errors: 4),
            old: Judgement.Counts(version: "1.0.0", requests: 1_900, errors: 2), requestsInStep: requests,
            ratioAtLeast: 1_200, ratioAtMost: 9_000, harm: 5_000_000, safe: -1_000_000, mayAdvance: mayAdvance,
            warning: warning, from: self.now, to: self.now, observations: "sha256:0")
        return try self.hear(.judged(number: self.lane.deployment?.number ?? 0, judgement))
    }

    /// Promotes and brings to its end.
    mutating func deploy(_ number: Int, by actor: Actor = .person("anna")) throws {
        try self.promote(number, by: actor)
        try self.evaluate()
        try self.finish()
        try #require(self.serving == ["\(number).0.0": 10_000])
    }

    var wake: Instant? {
        for case .wake(let at) in self.lane.pending { return at }
        return nil
    }

    /// Weight by version.
    var serving: [String: Int] {
        Dictionary(
            self.lane.serving.map { ($0.capacity.candidate.version, $0.weight.count) }, uniquingKeysWith: { $0 + $1 })
    }

    /// How the promotion with this number ended.
    func end(of number: Int) -> EndedPromotion.End? { self.lane.recent.last { $0.number == number }?.end }

    func refusal(_ body: (inout LaneScript) throws -> Void) -> Refusal.Code? {
        var copy = self
        do {
            try body(&copy)
            return nil
        } catch { return (error as? Refusal)?.code }
    }
}

// MARK: - The moments of a deployment

extension LaneScript {
    /// 1.0.0 and 2.0.0 are verified, 2.0.0 serves, 3.0.0 waits; every task is there.
    static func third(_ strategy: Strategy, queue: QueuePolicy = .finish) throws -> LaneScript {
        var script = try LaneScript(.production(strategy, queue: queue))
        script.release.tasks.before = TaskCommand(run: "./migrate expand")
        script.release.tasks.afterTraffic = TaskCommand(run: "./warm-up")
        script.release.tasks.afterBake = TaskCommand(run: "./migrate contract")
        try script.deploy(1)
        try script.deploy(2)
        try script.promote(3)
        return script
    }

    /// The deployment of what waits here, before each thing that the world does for it.
    func moments() throws -> [LaneScript] {
        var script = self
        try script.evaluate()
        var moments: [LaneScript] = []
        while script.lane.deployment != nil {
            moments.append(script)
            guard try !script.workOnce(), try !script.certify() else { continue }
            let wake = try #require(script.wake)
            try script.pass(wake - script.now)
        }
        return moments
    }

    /// Where the running deployment stands.
    var name: String { "\(self.lane.deployment?.currentStep?.name ?? ""), generation \(self.lane.routing.generation)" }
}

extension EnvironmentDefinition {
    /// An environment with one verify, ten minutes of bake, and the old version warm for an hour more.
    static func production(
        _ strategy: Strategy = .bigBang, queue: QueuePolicy = .finish, bake: Milliseconds = .minutes(10),
        keepWarm: Milliseconds = .minutes(70)
    ) throws -> EnvironmentDefinition {
        var environment = EnvironmentDefinition(name: try #require(EnvironmentName("production")))
        environment.listen = ListenAddress("127.0.0.1:7003")
        environment.strategy = strategy
        environment.queue = queue
        environment.bake = bake
        environment.keepWarm = keepWarm
        environment.verify = [.run("./smoke.sh", within: .seconds(30))]
        return environment
    }
}
