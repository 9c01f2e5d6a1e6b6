import Core
import Testing

struct LaneCanaryTests {
    private static let each = StepTimes(atLeast: .minutes(1), atMost: .minutes(10))

    private static func script(
        _ steps: [Int] = [500, 2_500, 10_000], whenTimeIsUp: WhenTimeIsUp = .advanceUnlessDoubt,
        noData: NoDataPolicy? = nil
    ) throws -> LaneScript {
        let settings = CanarySettings(
            steps: steps.compactMap { BasisPoints($0) }, each: Self.each, whenTimeIsUp: whenTimeIsUp)
        var environment = try EnvironmentDefinition.production(.canary(settings))
        environment.noData = noData
        var script = LaneScript(environment)
        try script.deploy(1)
        try script.promote(2)
        try script.evaluate()
        try script.work()
        return script
    }

    @Test func `a canary goes up by its shares, each after a verdict, and stays reachable by name until all have it`()
        throws
    {
        var script = try Self.script()
        #expect(script.serving == ["1.0.0": 9_500, "2.0.0": 500])
        #expect(script.lane.routing.preview == 2)
        script.move(by: .minutes(1))
        #expect(try script.judge(.pass) == ["judged", "stepCompleted", "stepStarted", "routingWanted"])
        try script.work()
        #expect(script.serving == ["1.0.0": 7_500, "2.0.0": 2_500])
        script.move(by: .minutes(1))
        try script.judge(.pass)
        try script.work()
        #expect(script.serving == ["2.0.0": 10_000])
        #expect(script.lane.routing.preview == nil)
        #expect(script.lane.deployment?.currentStep == .bake(.minutes(10)))
    }

    @Test func `the first deployment of a lane goes in whole after its verify on the preview`() throws {
        let settings = CanarySettings.standard
        let environment = try EnvironmentDefinition.production(.canary(settings))
        var script = LaneScript(environment)
        try script.promote(1)
        try script.evaluate()
        #expect(
            script.lane.deployment?.plan.steps.map(\.name)
                == ["capacity", "preview", "verify on preview", "shift to 100 %", "bake"])
    }

    @Test func `no verdict ends a step before its shortest time, and none is needed to stay`() throws {
        var script = try Self.script()
        script.move(by: .seconds(59))
        #expect(try script.judge(.pass) == ["judged"])
        #expect(try script.judge(.pass) == [])
        script.move(by: .seconds(1))
        #expect(try script.judge(.pass).contains("stepCompleted"))
    }

    @Test func `harm takes the traffic back at any time, blocks the release and keeps automation out`() throws {
        for isPaused in [false, true] {
            var script = try Self.script()
            if isPaused { try script.say(.pause(number: nil, reason: "look")) }
            #expect(
                try script.judge(.fail, "4 of 100 requests failed")
                    == ["judged", "aborted", "blocked", "routingWanted", "alarmRaised"])
            #expect(script.serving == ["1.0.0": 10_000])
            #expect(script.lane.deployment?.ending?.by == .judge)
            try script.work()
            #expect(script.end(of: 2) == .deployment(.aborted))
            #expect(script.refusal { try $0.promote(2) } == .blocked)
            #expect(script.lane.alarm?.kind == .stoppedByJudge)
            try script.promote(3, by: .schedule)
            #expect(try script.evaluate() == ["waiting"])
            try script.promote(4)
            try script.evaluate()
            try script.finish()
            #expect(script.serving == ["4.0.0": 10_000])
            #expect(script.lane.alarm == nil)
        }
    }

    @Test func `harm in the bake takes the traffic back as well`() throws {
        var script = try Self.script([10_000])
        try script.work()
        #expect(script.lane.deployment?.currentStep == .bake(.minutes(10)))
        try script.judge(.fail)
        try script.work()
        #expect(script.serving == ["1.0.0": 10_000])
        #expect(script.end(of: 2) == .deployment(.aborted))
    }

    @Test func `a split that is not what was asked for pauses`() throws {
        var script = try Self.script()
        #expect(try script.judge(.error, "the split is wrong") == ["judged", "paused"])
        #expect(script.lane.deployment?.pause?.by == .judge)
        #expect(script.serving == ["1.0.0": 9_500, "2.0.0": 500])
    }

    @Test func `when time is up, a version without doubt goes on, another one asks a person`() throws {
        var sure = try Self.script()
        sure.move(by: .minutes(10))
        #expect(try sure.judge(nil, mayAdvance: true).prefix(2) == ["judged", "stepCompleted"])

        var unsure = try Self.script()
        unsure.move(by: .minutes(10))
        #expect(try unsure.judge(nil) == ["judged", "paused"])

        var strict = try Self.script(whenTimeIsUp: .pause)
        strict.move(by: .minutes(10))
        #expect(try strict.judge(nil, mayAdvance: true) == ["judged", "paused"])
    }

    @Test func `a person who is asked can continue, extend or abort`() throws {
        var asked = try Self.script()
        asked.move(by: .minutes(10))
        try asked.judge(nil)

        var continued = asked
        try continued.say(.skip(number: nil, reason: "known"))
        try continued.work()
        #expect(continued.serving == ["1.0.0": 7_500, "2.0.0": 2_500])

        var extended = asked
        extended.move(by: .minutes(30))
        #expect(try extended.say(.resume(number: nil, reason: "longer")) == ["resumed", "stepStarted"])
        #expect(try extended.judge(nil) == ["judged"])
        extended.move(by: .minutes(10))
        #expect(try extended.judge(nil) == ["judged", "paused"])

        var aborted = asked
        try aborted.say(.abort(number: nil, reason: "no"))
        try aborted.work()
        #expect(aborted.serving == ["1.0.0": 10_000])
    }

    @Test func `too few requests are neither good nor bad: the environment says what they mean`() throws {
        var waits = try Self.script()
        waits.move(by: .minutes(10))
        #expect(try waits.judge(nil, requests: 29, mayAdvance: true) == ["judged"])
        waits.move(by: .minutes(5))
        #expect(try waits.judge(nil, requests: 29, mayAdvance: true) == ["judged", "paused"])

        var passes = try Self.script(noData: .pass)
        passes.move(by: .minutes(10))
        #expect(try passes.judge(nil, requests: 0).contains("stepCompleted"))

        var fails = try Self.script(noData: .fail)
        fails.move(by: .minutes(10))
        #expect(try fails.judge(nil, requests: 0).contains("failed"))
        try fails.work()
        #expect(fails.end(of: 2) == .deployment(.failed))
    }

    @Test func `a judge that stays silent ends in a question, and a question nobody answers in an alarm`() throws {
        var script = try Self.script()
        #expect(try script.pass(.minutes(10)) == [])
        #expect(try script.pass(.minutes(5)) == ["paused"])
        #expect(script.wake == script.now + Lane.decidesWithin)
        #expect(try script.pass(.hours(24)) == ["alarmRaised"])
        #expect(script.lane.alarm?.kind == .stuck)
        #expect(script.serving == ["1.0.0": 9_500, "2.0.0": 500])
    }

    @Test func `a late judgement, or one about another deployment, changes nothing`() throws {
        var script = try Self.script()
        let number = try #require(script.lane.deployment?.number)
        try script.judge(.fail)
        #expect(try script.judge(.fail) == [])
        try script.work()
        let late = try #require(script.lane.deployment == nil ? number : nil)
        #expect(late == 2)
        #expect(try script.judge(.fail) == [])
    }

    @Test func `a judgement that says nothing new is on record every ten minutes, a warning at once`() throws {
        var script = try Self.script([500, 10_000])
        #expect(try script.judge(nil) == ["judged"])
        script.move(by: .minutes(5))
        #expect(try script.judge(nil, requests: 200) == [])
        #expect(try script.judge(nil, requests: 200, warning: "memory grows") == ["judged"])
    }

    @Test func `rolling brings instances in batches, and each batch its share`() throws {
        var environment = try EnvironmentDefinition.production(
            .rolling(RollingSettings(batch: 2, each: Self.each)))
        environment.replicas = 5
        var script = LaneScript(environment)
        try script.deploy(1)
        try script.promote(2)
        try script.evaluate()
        #expect(
            script.lane.deployment?.plan.steps.map(\.name) == [
                "capacity", "shift to 40 %", "observe at 40 %", "scale to 4", "shift to 80 %", "observe at 80 %",
                "scale to 5", "shift to 100 %", "verify on live", "bake",
            ])
        #expect(script.lane.capacities[2]?.replicas == 2)
        try script.work()
        #expect(script.serving == ["1.0.0": 6_000, "2.0.0": 4_000])
        script.move(by: .minutes(1))
        try script.judge(.pass)
        #expect(script.lane.pending.first == .scale(capacity: 2, replicas: 4))
        #expect(script.serving == ["1.0.0": 6_000, "2.0.0": 4_000], "capacity comes before weight")
        try script.work()
        #expect(script.serving == ["1.0.0": 2_000, "2.0.0": 8_000])
        #expect(script.lane.capacities[2]?.replicas == 4)
        var failed = script
        failed.move(by: .minutes(1))
        try failed.judge(.pass)
        try failed.hear(.scaleFailed(2, reason: "no memory", lastLines: []))
        try failed.work()
        #expect(failed.serving == ["1.0.0": 10_000])
        try script.finish()
        #expect(script.serving == ["2.0.0": 10_000])
    }
}
