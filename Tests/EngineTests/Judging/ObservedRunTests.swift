import Core
import Engine
import Lab
import Ports
import Testing

/// What follows from looks at the counters, without any engine around.
struct ObservedRunTests {
    /// Traffic of two versions, look by look.
    private struct Traffic {
        var run: ObservedRun
        private var new = ArmCounts(
            epoch: "a", weight: .zero, requests: 0, errors: 0, times: Array(repeating: 0, count: 50))
        private var old = ArmCounts(
            epoch: "a", weight: .all, requests: 0, errors: 0, times: Array(repeating: 0, count: 50))
        private(set) var now = ObservedRunTests.start
        private(set) var looks: [Looks] = []
        var restarts = 0
        var memory: Int64?
        private var generator = SeededGenerator(seed: 7)

        init(past: Past = Past(stretches: []), baselineRequests: Int = 2_000, judging: Judging = Judging()) throws {
            self.old.requests = baselineRequests
            self.old.timed = baselineRequests
            self.old.times[10] = baselineRequests * 96 / 100
            self.old.times[20] = baselineRequests - self.old.times[10]
            self.run = try ObservedRun(
                ObservedRunTests.deployment(), judging, past: past,
                old: Look(
                    deployment: 2, arm: .old, capacity: 1, counts: self.old, acknowledges: false, restarts: 0,
                    memory: nil))
            try self.look(share: 0, requests: 0)
        }

        /// One interval: so many requests in all, split by the share, failing and slow in these parts.
        mutating func look(
            share: Int, requests: Int, newErrors: Double = 0, oldErrors: Double = 0, newSlow: Double = 0.04,
            arrivesAs: Int? = nil, isLost: Bool = false, isUnseen: Bool = false, epoch: String = "a",
            acknowledges: Bool = false, seconds: Int64 = 5, fallback: (new: Int, old: Int) = (0, 0)
        ) throws {
            let from = self.now
            self.now = self.now + .seconds(seconds)
            let toNew = self.draw(requests, Double(arrivesAs ?? share) / 10_000)
            if epoch != self.new.epoch {
                for arm in [\Traffic.new, \Traffic.old] {
                    self[keyPath: arm] = ArmCounts(
                        epoch: epoch, weight: .zero, requests: 0, errors: 0, times: Array(repeating: 0, count: 50))
                }
            }
            self.add(\.new, toNew, newErrors, newSlow, isLost)
            self.add(\.old, requests - toNew, oldErrors, 0.04, isLost)
            self.new.fallback = (self.new.fallback ?? 0) + fallback.new
            self.old.fallback = (self.old.fallback ?? 0) + fallback.old
            self.new.weight = BasisPoints(share) ?? .zero
            self.old.weight = BasisPoints(10_000 - share) ?? .zero
            try self.take(from, isUnseen: isUnseen, acknowledges: acknowledges)
        }

        private mutating func take(_ from: Instant, isUnseen: Bool, acknowledges: Bool) throws {
            let new = Look(
                deployment: 2, arm: .new, capacity: 2, counts: isUnseen ? nil : self.new, acknowledges: acknowledges,
                restarts: self.restarts, memory: self.memory)
            let old = Look(
                deployment: 2, arm: .old, capacity: 1, counts: self.old, acknowledges: false, restarts: 0, memory: nil)
            let looks = Looks(
                from: from, to: self.now, new: new, old: old,
                bodies: [try EventJSON.encode(new), try EventJSON.encode(old)])
            self.looks.append(looks)
            try self.run.take(looks)
        }

        private mutating func add(
            _ arm: WritableKeyPath<Traffic, ArmCounts>, _ requests: Int, _ errors: Double, _ slow: Double,
            _ isLost: Bool
        ) {
            self[keyPath: arm].requests += requests
            self[keyPath: arm].errors += self.draw(requests, errors)
            self[keyPath: arm].newcomers += requests
            let timed = isLost ? requests / 2 : requests
            let slower = self.draw(timed, slow)
            self[keyPath: arm].timed += timed
            self[keyPath: arm].times[10] += timed - slower
            self[keyPath: arm].times[20] += slower
        }

        private mutating func draw(_ count: Int, _ part: Double) -> Int {
            (0..<count).count { _ in Double(self.generator.below(1_000_000)) < part * 1_000_000 }
        }

        func judgement(timeIsUp: Bool = false) -> Judgement {
            self.run.judgement(
                stepStartedAt: ObservedRunTests.start, timeIsUp: timeIsUp, version: "2.0.0", old: "1.0.0")
        }
    }

    private static let start = Instant(milliseconds: 1_800_000_000_000)

    private static func deployment() throws -> Deployment {
        var environment = EnvironmentDefinition(name: try #require(EnvironmentName("prod")))
        environment.listen = ListenAddress("127.0.0.1:7003")
        environment.strategy = .canary(.standard)
        environment.bake = .hours(1)
        var lane = Lane()
        for number in 1...2 {
            let candidate = Candidate(release: try #require(ReleaseID("r-\(number)")), version: "\(number).0.0")
            for event in try lane.decide(.intent(.promote(candidate), by: .person("ada"), at: Self.start)) {
                try lane.apply(event)
            }
        }
        let plan = Plan.forward(environment, RunConfiguration(), isFirst: false)
        let evaluation = Lane.Evaluation(
            number: 2, facts: AdmissionFacts(definition: 1, gates: [], readings: []), plan: plan)
        for event in try lane.decide(.evaluated([evaluation], at: Self.start)) { try lane.apply(event) }
        return try #require(lane.deployment)
    }

    @Test func `what the old version answers for a new one that is away is no wrong split, and names the one away`()
        throws
    {
        var traffic = try Traffic()
        for _ in 0..<20 { try traffic.look(share: 5_000, requests: 500) }
        for _ in 0..<40 { try traffic.look(share: 5_000, requests: 500, arrivesAs: 0, fallback: (250, 0)) }
        let judgement = traffic.judgement(timeIsUp: true)
        #expect(judgement.verdict != .error && judgement.verdict != .fail, "\(judgement.sentence)")
        #expect(
            judgement.warning
                == "no instance of 2.0.0 took connections for a while, and 1.0.0 answered its users")
        #expect(judgement.sentence.hasSuffix("10000 requests of users of 2.0.0 were answered by 1.0.0 (fallback)"))
        for _ in 0..<130 { try traffic.look(share: 5_000, requests: 500) }
        #expect(traffic.judgement().warning == nil, "ten minutes later it is over")
    }

    @Test func `what the new version answers for an old one that is away is not held against it`() throws {
        var traffic = try Traffic()
        for _ in 0..<5 { try traffic.look(share: 500, requests: 1_000, oldErrors: 0.001) }
        let before = traffic.judgement()
        for _ in 0..<20 {
            try traffic.look(share: 500, requests: 1_000, newErrors: 0.3, arrivesAs: 10_000, fallback: (0, 950))
        }
        let judgement = traffic.judgement(timeIsUp: true)
        #expect(judgement.verdict != .fail && judgement.verdict != .error, "\(judgement.sentence)")
        #expect(judgement.new.errors == before.new.errors)
        #expect(judgement.warning?.hasPrefix("no instance of 1.0.0 took connections") == true)
    }

    @Test func `a version like the one before is never found harmful, and is certified`() throws {
        var traffic = try Traffic()
        var certified: Int?
        for index in 0..<240 {
            try traffic.look(share: 500, requests: 1_500, newErrors: 0.001, oldErrors: 0.001)
            let judgement = traffic.judgement()
            #expect(judgement.verdict == nil || judgement.verdict == .pass)
            if judgement.verdict == .pass { certified = certified ?? index }
        }
        #expect(certified != nil, "\(traffic.judgement().sentence)")
        #expect(traffic.judgement().mayAdvance)
    }

    @Test func `a version that fails four requests in a hundred is found in seconds, and the sentence says why`() throws
    {
        var traffic = try Traffic()
        var looks = 0
        while traffic.judgement().verdict != .fail, looks < 100 {
            try traffic.look(share: 500, requests: 300, newErrors: 0.04, seconds: 1)
            looks += 1
        }
        let judgement = traffic.judgement()
        #expect(looks < 40)
        #expect(judgement.metric == "errors")
        #expect(judgement.new.errors < 20)
        #expect(judgement.sentence.contains("canary \(judgement.new.errors) of \(judgement.new.requests) requests"))
        #expect(judgement.sentence.contains("ratio"))
    }

    @Test func `slower answers are found by their times`() throws {
        var traffic = try Traffic()
        for _ in 0..<200 where traffic.judgement().verdict != .fail {
            try traffic.look(share: 2_500, requests: 400, newSlow: 0.3)
        }
        #expect(traffic.judgement().verdict == .fail)
        #expect(traffic.judgement().metric == "latency")
    }

    @Test func `what was lost, reset, negative or not seen says nothing`() throws {
        var traffic = try Traffic()
        let before = traffic.judgement()
        try traffic.look(share: 500, requests: 500, newErrors: 1, isUnseen: true)
        try traffic.look(share: 500, requests: 500, newErrors: 1, epoch: "b")
        #expect(traffic.judgement().harm == before.harm)
        #expect(traffic.judgement().verdict == nil)
        // Counters that go back within one epoch can't be: nothing is learned from them either.
        try traffic.look(share: 500, requests: 500, epoch: "b")
        var shrunk = try #require(traffic.looks.last)
        shrunk.new.counts?.requests -= 400
        shrunk.new.counts?.errors = 300
        let harm = traffic.judgement().harm
        try traffic.run.take(shrunk)
        #expect(traffic.judgement().harm == harm)
    }

    @Test func `an interval that lost lines of the log is no evidence on latency, and counts all the same`() throws {
        var traffic = try Traffic()
        for _ in 0..<50 { try traffic.look(share: 2_500, requests: 400, newSlow: 0.9, isLost: true) }
        #expect(traffic.judgement().verdict != .fail)
        #expect(traffic.judgement().new.requests > 1_000)
    }

    @Test func `a new process that reads the same looks comes to the same judgement, to the last bit`() throws {
        var traffic = try Traffic()
        for index in 0..<60 {
            let share = index < 20 ? 500 : index < 40 ? 2_500 : 10_000
            try traffic.look(
                share: share, requests: 200, newErrors: 0.002, oldErrors: 0.001, isLost: index == 7,
                epoch: index < 30 ? "a" : "b")
        }
        var again = try ObservedRun(
            Self.deployment(), Judging(), past: Past(stretches: []), old: traffic.looks.first?.old)
        for looks in traffic.looks {
            let new = try EventJSON.decode(Look.self, from: looks.bodies[0])
            let old = try EventJSON.decode(Look.self, from: looks.bodies[1])
            try again.take(Looks(from: looks.from, to: looks.to, new: new, old: old, bodies: looks.bodies))
        }
        let one = again.judgement(stepStartedAt: Self.start, timeIsUp: false, version: "2.0.0", old: "1.0.0")
        #expect(one == traffic.judgement())
    }

    @Test func `traffic that does not arrive as asked for pauses, names likely causes, and goes on once seen`() throws {
        var traffic = try Traffic()
        for _ in 0..<40 where traffic.judgement().verdict != .error {
            try traffic.look(share: 2_500, requests: 400, arrivesAs: 800)
        }
        #expect(traffic.judgement().verdict == .error)
        #expect(traffic.judgement().metric == "split")
        #expect(traffic.judgement().sentence.contains("Likely causes"))
        #expect(traffic.run.splitIsWrong)
        try traffic.look(share: 2_500, requests: 400, acknowledges: true)
        #expect(traffic.judgement().verdict != .error)
    }

    @Test func `a version with one request, an arm that never comes and no traffic at all are no verdict`() throws {
        var one = try Traffic()
        try one.look(share: 1, requests: 1, newErrors: 1, arrivesAs: 10_000)
        #expect(one.judgement().verdict == nil)
        #expect(one.judgement().requestsInStep == 1)
        var missing = try Traffic()
        for _ in 0..<100 { try missing.look(share: 500, requests: 300, isUnseen: true) }
        #expect(missing.judgement().verdict == nil)
        #expect(missing.judgement().requestsInStep == 0)
        #expect(!missing.judgement().mayAdvance)
    }

    // MARK: After 100 %

    @Test func `after 100 % twice the errors of before are found, the same errors are not`() throws {
        for (part, isFound) in [(0.02, true), (0.01, false)] {
            var traffic = try Traffic(
                past: Self.past(errors: 0.01), judging: Judging(objective: try #require(ErrorRate(perMillion: 500_000)))
            )
            for _ in 0..<700 where traffic.judgement().verdict != .fail {
                try traffic.look(share: 10_000, requests: 200, newErrors: part)
            }
            #expect((traffic.judgement().verdict == .fail) == isFound, "\(traffic.judgement().sentence)")
        }
    }

    @Test func `a bake without a past guards the budget, and says so`() throws {
        var traffic = try Traffic(baselineRequests: 0)
        for _ in 0..<5 { try traffic.look(share: 10_000, requests: 100) }
        #expect(traffic.judgement().verdict == nil)
        #expect(traffic.judgement().sentence.contains("no past"))
        for _ in 0..<20 { try traffic.look(share: 10_000, requests: 100, newErrors: 0.3) }
        #expect(traffic.judgement().verdict == .fail)
        #expect(traffic.judgement().sentence.contains("budget"))
    }

    @Test func `after 100 % slow answers, silence, restarts and growing memory are told, and nothing is turned back`()
        throws
    {
        var slow = try Traffic()
        for _ in 0..<200 { try slow.look(share: 10_000, requests: 100, newSlow: 0.3) }
        #expect(slow.judgement().warning?.contains("latency") == true)
        #expect(slow.judgement().verdict == nil)

        var silent = try Traffic()
        for _ in 0..<5 { try silent.look(share: 10_000, requests: 100) }
        for _ in 0..<13 { try silent.look(share: 10_000, requests: 0) }
        #expect(silent.judgement().warning?.contains("no request") == true)

        var restarting = try Traffic()
        for _ in 0..<5 { try restarting.look(share: 10_000, requests: 100) }
        #expect(restarting.judgement().warning == nil)
        restarting.restarts = 2
        try restarting.look(share: 10_000, requests: 100)
        #expect(restarting.judgement().warning?.contains("started again") == true)

        var leaking = try Traffic()
        for minute in 0..<240 {
            leaking.memory = 100_000_000 + Int64(minute) * 400_000
            try leaking.look(share: 10_000, requests: 20)
        }
        #expect(leaking.judgement().warning?.contains("memory") == true)
        var steady = try Traffic()
        for minute in 0..<240 {
            steady.memory = 100_000_000 + Int64(minute % 7) * 3_000_000
            try steady.look(share: 10_000, requests: 20)
        }
        #expect(steady.judgement().warning == nil)
    }

    @Test func `errors that came in clusters before the release weigh less in the judgement`() throws {
        let minutes = (1...300).map { Self.start.milliseconds - Int64($0) * 60_000 }
        let clustered = Past(
            stretches: minutes.enumerated().map { index, minute in
                Past.Stretch(
                    at: Instant(milliseconds: minute), requests: 1_000, errors: index.isMultiple(of: 30) ? 20 : 0)
            })
        var harm: [Int] = []
        for past in [Past(stretches: []), clustered] {
            var traffic = try Traffic(past: past)
            for _ in 0..<5 { try traffic.look(share: 5_000, requests: 400, newErrors: 0.02) }
            harm.append(traffic.judgement().harm)
        }
        #expect(harm[0] > 0)
        #expect(harm[1] < harm[0] / 2)
    }

    private static func past(errors: Double) -> Past {
        Past(
            stretches: (1...300).map { minute in
                Past.Stretch(
                    at: Instant(milliseconds: Self.start.milliseconds - Int64(minute) * 60_000), requests: 1_000,
                    errors: Int(1_000 * errors))
            })
    }
}
