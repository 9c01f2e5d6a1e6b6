import Core
import Testing

/// What DESIGN section 3 promises of a lane in every state. Docs/invariants.md says which test shows which invariant.
struct LaneInvariantTests {
    private static func comment(_ script: LaneScript) -> Comment { Comment(rawValue: script.name) }

    // MARK: 3, 7: the way back

    @Test(arguments: Strategy.examples)
    func `a person goes back to a verified version in every state, against hold, pin, block and alarm`(
        _ strategy: Strategy
    ) throws {
        let waiting = try LaneScript.third(strategy)
        var states = [waiting]
        for moment in try waiting.moments() {
            var paused = moment
            try paused.say(.pause(number: nil, reason: "hm"), by: .person("emil"))
            var returning = moment
            try returning.say(.abort(number: nil, reason: "no"), by: .judge)
            states += [moment, paused, returning]
        }
        for state in states {
            var script = state
            try script.say(.hold(reason: "audit", until: nil), by: .person("emil"))
            try script.say(.pin(LaneScript.candidate(3), reason: "contract"), by: .person("emil"))
            try script.say(.block(LaneScript.candidate(1).release, reason: "leak"), by: .person("emil"))
            let serving = try #require(script.lane.serving.first?.capacity.number)
            try script.hear(.capacityLost(serving, reason: "killed"))
            #expect(script.lane.alarm != nil, Self.comment(state))
            try script.rollBack(to: "1.0.0")
            try script.finish()
            #expect(script.serving == ["1.0.0": 10_000], Self.comment(state))
            #expect(script.lane.hold?.by == .person("anna"), Self.comment(state))
        }
    }

    // MARK: 4: one at a time

    @Test func `nothing takes over from a rollback, whatever the policy`() throws {
        var script = try LaneScript(.production(queue: .latest, keepWarm: .zero))
        try script.deploy(1)
        try script.deploy(2)
        let settings = Lane.RollbackSettings(health: .seconds(20), drain: .seconds(5), policy: .latest, definition: 1)
        try script.say(.rollback(to: nil, settings, reason: "it hurts"))
        try script.say(.releaseHold(reason: "let the next come"))
        try script.promote(3, by: .schedule)
        try script.promote(4)
        #expect(script.lane.deployment?.kind == .rollback)
        #expect(!script.lane.pending.contains(.evaluate))
        #expect(try script.evaluate() == [])
    }

    // MARK: 5: deadlines and exits

    @Test(arguments: Strategy.examples)
    func `every step without an answer has an exit at its deadline, which wakes the lane`(_ strategy: Strategy) throws {
        let moments = try LaneScript.third(strategy).moments()
        #expect(moments.count >= 7)
        for moment in moments {
            var script = moment
            let deployment = try #require(script.lane.deployment)
            #expect(try #require(script.wake) <= deployment.deadline, Self.comment(moment))
            // An older version whose stop is late by then raises its alarm first.
            let facts = try script.pass(deployment.deadline - script.now).filter { $0 != "alarmRaised" }
            if deployment.currentStep?.wait != nil {
                #expect(facts.first == "stepCompleted", Self.comment(moment))
                continue
            }
            if case .observe = deployment.currentStep {
                #expect(facts.first == "paused", Self.comment(moment))
                continue
            }
            #expect(facts.prefix(2) == ["failed", "blocked"], Self.comment(moment))
            try script.finish()
            #expect(script.end(of: 3) == .deployment(.failed), Self.comment(moment))
            #expect(script.serving == ["2.0.0": 10_000], Self.comment(moment))
        }
    }

    @Test(arguments: Strategy.examples)
    func `no deadline runs while a person has paused, and the deployment goes on afterwards`(_ strategy: Strategy)
        throws
    {
        for moment in try LaneScript.third(strategy).moments() {
            var script = moment
            try script.say(.pause(number: nil, reason: "hm"))
            let facts = try script.pass(.hours(100))
            #expect(!facts.contains { ["failed", "aborted", "ended", "stepCompleted"].contains($0) })
            #expect(script.lane.deployment?.number == 3, Self.comment(moment))
            try script.say(.resume(number: nil, reason: "go"))
            try script.finish()
            #expect(script.end(of: 3) == .deployment(.completed), Self.comment(moment))
        }
    }

    @Test func `what is late raises the alarm with a next action, is tried on, and clears it when it comes`() throws {
        var script = try LaneScript(.production())
        try script.deploy(1)
        try script.deploy(2)
        var warm = script
        try warm.rollBack()
        try Self.checkStuck(warm, until: ["routingConfirmed", "alarmCleared"]) { try $0.routed() }
        var stop = script
        try stop.pass(.hours(2))
        try Self.checkStuck(stop, until: ["capacityGone", "alarmCleared"]) { try $0.hear(.capacityGone(1)) }
        var down = script
        try down.say(.down(reason: "moving"))
        try Self.checkStuck(down, until: ["routerRemoved"]) { try $0.hear(.routerRemoved) }
        try down.finish()
        #expect(down.lane.alarm == nil)
        var cold = try LaneScript(.production(keepWarm: .zero))
        try cold.deploy(1)
        try cold.deploy(2)
        try cold.rollBack()
        let wake = try #require(cold.wake)
        #expect(try cold.pass(wake - cold.now).prefix(3) == ["failed", "ended", "alarmRaised"])
        #expect(cold.lane.alarm?.kind == .rollbackFailed)
        #expect(cold.lane.alarm?.nextAction.contains("slipway rollback") == true)
        #expect(cold.lane.alarm?.nextAction.contains("--to VERSION") == true)
    }

    private static func checkStuck(
        _ script: LaneScript, until facts: [String], _ comes: (inout LaneScript) throws -> [String]
    ) throws {
        var late = script
        let work = late.lane.pending.filter { if case .wake = $0 { false } else { true } }
        let wake = try #require(late.wake)
        #expect(try late.pass(wake - late.now) == ["alarmRaised"])
        #expect(late.lane.alarm?.kind == .stuck)
        #expect(late.lane.alarm?.nextAction.isEmpty == false)
        #expect(late.lane.pending.filter { if case .wake = $0 { false } else { true } } == work)
        #expect(try comes(&late).prefix(facts.count) == facts[...])
    }

    // MARK: 6: monitoring and abort

    @Test(arguments: Strategy.examples)
    func `lost instances raise the alarm in every state, and an abort works in it`(_ strategy: Strategy) throws {
        let waiting = try LaneScript.third(strategy)
        for moment in try waiting.moments() {
            for isPaused in [false, true] {
                var script = moment
                if isPaused { try script.say(.pause(number: nil, reason: "hm")) }
                let serving = try #require(script.lane.serving.first?.capacity.number)
                #expect(try script.hear(.capacityLost(serving, reason: "killed")).contains("alarmRaised"))
                #expect(script.lane.alarm?.kind == .noReadyCapacity, Self.comment(moment))
                #expect(script.lane.pending.contains(.raise(capacity: serving)), Self.comment(moment))
                #expect(try script.say(.abort(number: nil, reason: "no")).prefix(2) == ["aborted", "blocked"])
                try script.finish()
                #expect(script.serving == ["2.0.0": 10_000], Self.comment(moment))
                #expect(script.lane.alarm == nil, Self.comment(moment))
            }
        }
        var held = waiting
        try held.say(.hold(reason: "audit", until: nil))
        try held.evaluate(nil)
        #expect(try held.hear(.capacityLost(2, reason: "killed")) == ["capacityLost", "alarmRaised"])
        #expect(try held.say(.abort(number: 3, reason: "no"), by: .person("bert")) == ["removed"])
        #expect(held.end(of: 3) == .removed(.cancelled))
    }

    // MARK: 11: no data

    @Test(arguments: [nil, Verdict.inconclusive, .error, .noData])
    func `a gate that says neither yes nor no keeps it waiting`(_ verdict: Verdict?) throws {
        var script = try LaneScript(.production())
        try script.promote(1)
        #expect(try script.evaluate(verdict) == ["waiting"])
        #expect(script.lane.queue.first?.waitsFor.first?.verdict == verdict)
        #expect(script.lane.deployment == nil)
        #expect(try script.evaluate() == ["admitted", "capacityWanted", "stepStarted"])
    }

    // MARK: 14: generations

    @Test func `generations rise one by one, through abort, rollback, down and a new start`() throws {
        var script = try LaneScript.third(.blueGreen(hold: .zero))
        try script.evaluate()
        try script.work()
        try script.say(.abort(number: nil, reason: "no"))
        try script.finish()
        try script.rollBack()
        try script.finish()
        try script.say(.down(reason: "over"))
        try script.finish()
        try script.say(.releaseHold(reason: "again"))
        try script.deploy(4)
        var last = 0
        for case .routingWanted(let routing) in script.events {
            #expect(routing.generation > last)
            last = routing.generation
        }
        #expect(last >= 10)
        #expect(script.lane.routing.generation == last)
        #expect(script.lane.confirmedGeneration == last)
    }

    @Test func `the fold refuses what no lane could have written`() throws {
        var script = try LaneScript.third(.blueGreen(hold: .zero))
        try script.evaluate()
        try script.finish()
        try script.promote(4)
        try script.say(.cancel(number: 4, reason: "no"))
        try script.rollBack()
        try script.finish()
        var lane = Lane()
        var refused: Set<String> = []
        for event in script.events {
            try lane.apply(event)
            var again = lane
            do { try again.apply(event) } catch { refused.insert(String(event.kind.name.dropFirst("lane.".count))) }
        }
        // Each of these said twice would give a second deployment, a second number, an older generation or a lost capacity.
        #expect(
            refused.isSuperset(of: [
                "requested", "removed", "admitted", "rollbackStarted", "routingWanted", "routingConfirmed", "ended",
                "capacityGone",
            ]), "\(refused.sorted())")
    }

    // MARK: 15: the last known good

    @Test(arguments: Strategy.examples)
    func `until the bake has ended the last known good is what was verified before, up and ready`(
        _ strategy: Strategy
    ) throws {
        for moment in try LaneScript.third(strategy).moments() {
            #expect(moment.lane.stable?.number == 2, Self.comment(moment))
            #expect(moment.lane.fallback == 2, Self.comment(moment))
            var later = moment
            try later.say(.pause(number: nil, reason: "hm"))
            try later.pass(.hours(100))
            try later.work()
            #expect(later.lane.capacities[2]?.state == .ready, Self.comment(moment))
        }
    }

    // MARK: 16: no verdict before its effect

    @Test(arguments: Strategy.examples)
    func `a verdict that comes before what it is about can be reached counts for nothing`(_ strategy: Strategy) throws {
        for moment in try LaneScript.third(strategy).moments() {
            guard let step = moment.lane.deployment?.currentStep else { continue }
            if case .verify = step {
                #expect(moment.lane.routing.generation == moment.lane.confirmedGeneration, Self.comment(moment))
                continue
            }
            for verdict in [Verdict.pass, .fail] {
                var script = moment
                #expect(
                    try script.hear(.verified(number: 3, verdict, summary: "early", lastLines: [])) == [],
                    Self.comment(moment))
            }
        }
    }
}
