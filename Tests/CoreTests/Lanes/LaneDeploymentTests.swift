import Core
import Testing

/// One deployment after the other, told step by step.
struct LaneDeploymentTests {
    @Test func `the first deployment goes in whole after its verify on the preview, then bakes`() throws {
        var script = try LaneScript(.production())
        #expect(try script.promote(1) == ["requested"])
        #expect(try script.evaluate() == ["admitted", "capacityWanted", "stepStarted"])
        #expect(
            try script.hear(.capacityReady(1)) == ["capacityReady", "stepCompleted", "stepStarted", "routingWanted"])
        #expect(script.lane.routing.preview == 1)
        #expect(script.serving.isEmpty)
        #expect(try script.routed() == ["routingConfirmed", "stepCompleted", "stepStarted"])
        #expect(
            try script.hear(.verified(number: 1, .pass, summary: "", lastLines: []))
                == ["stepCompleted", "stepStarted", "routingWanted"])
        #expect(script.lane.routing.preview == nil)
        #expect(try script.routed() == ["routingConfirmed", "stepCompleted", "stepStarted", "alertPeriodBegan"])
        #expect(script.lane.stable == nil)
        #expect(try script.pass(.minutes(9)) == [])
        #expect(try script.pass(.minutes(1)) == ["stepCompleted", "alertPeriodEnded", "verified", "ended"])
        #expect(script.lane.stable?.candidate.version == "1.0.0")
        #expect(script.serving == ["1.0.0": 10_000])
        #expect(script.lane.pending.isEmpty)
    }

    @Test func `bigBang switches, then verifies on live traffic, and keeps the old version warm`() throws {
        var script = try LaneScript(.production())
        try script.deploy(1)
        try script.promote(2)
        #expect(try script.evaluate() == ["admitted", "capacityWanted", "stepStarted"])
        #expect(
            try script.hear(.capacityReady(2)) == ["capacityReady", "stepCompleted", "stepStarted", "routingWanted"])
        #expect(try script.routed() == ["routingConfirmed", "stepCompleted", "capacityWarm", "stepStarted"])
        #expect(script.lane.pending.first == .verify(number: 2, step: 2, .live))
        #expect(
            try script.hear(.verified(number: 2, .pass, summary: "", lastLines: [])) == [
                "stepCompleted", "stepStarted", "alertPeriodBegan",
            ])
        #expect(try script.pass(.minutes(10)) == ["stepCompleted", "alertPeriodEnded", "verified", "ended"])
        #expect(script.lane.capacities[1]?.state == .ready)
        #expect(try script.pass(.minutes(60)) == ["capacityRetiring"])
        #expect(script.lane.pending.first == .retire(capacity: 1))
        #expect(try script.hear(.capacityGone(1)) == ["capacityGone"])
        #expect(script.lane.capacities.keys.sorted() == [2])
    }

    @Test func `blueGreen verifies on the preview, holds, and switches once`() throws {
        var script = try LaneScript(.production(.blueGreen(hold: .seconds(5))))
        try script.deploy(1)
        try script.promote(2)
        try script.evaluate()
        try script.hear(.capacityReady(2))
        #expect(script.lane.routing.preview == 2)
        #expect(script.serving == ["1.0.0": 10_000])
        #expect(try script.routed() == ["routingConfirmed", "stepCompleted", "stepStarted"])
        #expect(script.lane.pending.first == .verify(number: 2, step: 2, .preview))
        #expect(
            try script.hear(.verified(number: 2, .pass, summary: "", lastLines: [])) == [
                "stepCompleted", "stepStarted",
            ])
        #expect(try script.pass(.seconds(4)) == [])
        #expect(script.serving == ["1.0.0": 10_000])
        #expect(try script.pass(.seconds(1)) == ["stepCompleted", "stepStarted", "routingWanted"])
        #expect(script.serving == ["2.0.0": 10_000])
        #expect(
            try script.routed() == [
                "routingConfirmed", "stepCompleted", "capacityWarm", "stepStarted", "alertPeriodBegan",
            ])
    }

    @Test(arguments: [Verdict.fail, .error, .inconclusive, .noData])
    func `a verify on the preview that does not pass never gives traffic`(_ verdict: Verdict) throws {
        var script = try LaneScript(.production(.blueGreen(hold: .zero)))
        try script.deploy(1)
        try script.promote(2)
        try script.evaluate()
        try script.hear(.capacityReady(2))
        try script.routed()
        #expect(
            try script.hear(.verified(number: 2, verdict, summary: "smoke failed", lastLines: ["boom"]))
                == ["failed", "blocked", "routingWanted"])
        #expect(script.serving == ["1.0.0": 10_000])
        #expect(try script.routed() == ["routingConfirmed", "ended", "capacityRetiring"])
        #expect(script.end(of: 2) == .deployment(.failed))
        #expect(script.lane.recent.last?.lastLines == ["boom"])
        #expect(script.refusal { try $0.promote(2) } == .blocked)
    }

    @Test func `a health check that never passes leaves the old version all traffic`() throws {
        var script = try LaneScript(.production())
        try script.deploy(1)
        try script.promote(2)
        try script.evaluate()
        #expect(
            try script.hear(.capacityFailed(2, reason: "not ready in 20 s", lastLines: ["no config"]))
                == ["failed", "blocked", "ended", "capacityRetiring"])
        #expect(script.serving == ["1.0.0": 10_000])
        #expect(script.lane.recent.last?.lastLines == ["no config"])
    }

    @Test func `a step without an answer fails at its deadline`() throws {
        var script = try LaneScript(.production())
        try script.deploy(1)
        try script.promote(2)
        try script.evaluate()
        let deadline = try #require(script.wake)
        #expect(try script.pass(deadline - script.now) == ["failed", "blocked", "ended", "capacityRetiring"])
    }

    @Test func `late, repeated and foreign answers change nothing`() throws {
        var script = try LaneScript(.production(.blueGreen(hold: .zero)))
        try script.deploy(1)
        try script.promote(2)
        try script.evaluate()
        try script.hear(.capacityReady(2))
        let before = script.lane
        #expect(try script.hear(.capacityReady(2)) == [])
        #expect(try script.hear(.capacityGone(1)) == [])
        #expect(try script.hear(.routed(generation: 1)) == [])
        #expect(try script.hear(.routed(generation: 99)) == [])
        #expect(try script.hear(.verified(number: 2, .pass, summary: "too early", lastLines: [])) == [])
        #expect(try script.hear(.verified(number: 1, .fail, summary: "foreign", lastLines: [])) == [])
        #expect(try script.hear(.routerRemoved) == [])
        #expect(script.lane == before)
    }

    @Test func `a pause stops the clocks of the step, and a resume moves them`() throws {
        var script = try LaneScript(.production())
        try script.deploy(1)
        try script.promote(2)
        try script.evaluate()
        try script.work()
        try script.pass(.minutes(4))
        let deadline = try #require(script.lane.deployment?.deadline)
        #expect(try script.say(.pause(number: nil, reason: "looking")) == ["paused"])
        #expect(try script.pass(.hours(3)) == [])
        #expect(script.refusal { try $0.say(.resume(number: nil, reason: ""), by: .judge) } == .notAllowed)
        #expect(try script.say(.resume(number: nil, reason: "fine")) == ["resumed"])
        #expect(script.lane.deployment?.deadline == deadline + .hours(3))
        #expect(try script.pass(.minutes(5)) == [])
        #expect(
            try script.pass(.minutes(1)) == [
                "stepCompleted", "alertPeriodEnded", "verified", "ended", "capacityRetiring",
            ])
    }

    @Test func `only a wait is skipped, and only by a person`() throws {
        var script = try LaneScript(.production())
        try script.promote(1)
        try script.evaluate()
        #expect(script.refusal { try $0.say(.skip(number: nil, reason: "")) } == .wrongState)
        try script.work()
        #expect(script.refusal { try $0.say(.skip(number: nil, reason: ""), by: .schedule) } == .notAllowed)
        #expect(
            try script.say(.skip(number: nil, reason: "seen enough"))
                == ["skipped", "stepCompleted", "alertPeriodEnded", "verified", "ended"])
        let skip = try #require(script.lane.skips[1]?.first)
        #expect(skip.by == .person("anna"))
        #expect(skip.reason == "seen enough")
    }

    @Test func `a skip is kept as long as what was verified by it, and no longer`() throws {
        var script = try LaneScript(.production(.blueGreen(hold: .minutes(5))))
        try script.deploy(1)
        try script.promote(2)
        try script.evaluate()
        try script.work()
        #expect(
            try script.say(.skip(number: nil, reason: "looks right"))
                == ["skipped", "stepCompleted", "stepStarted", "routingWanted"])
        #expect(script.lane.skips[2]?.map(\.step) == [3])
        try script.say(.abort(number: nil, reason: "it does not"))
        try script.finish()
        #expect(script.lane.skips.isEmpty)
    }

    @Test func `instances that die before the switch fail the deployment, and with traffic raise the alarm`() throws {
        var script = try LaneScript(.production(.blueGreen(hold: .seconds(30))))
        try script.deploy(1)
        try script.promote(2)
        try script.evaluate()
        try script.work()
        #expect(
            try script.hear(.capacityLost(2, reason: "exit 1"))
                == ["capacityLost", "failed", "blocked", "routingWanted"])
        try script.work()
        #expect(script.serving == ["1.0.0": 10_000])
        #expect(try script.hear(.capacityLost(1, reason: "exit 1")) == ["capacityLost", "alarmRaised"])
        #expect(script.lane.pending.first == .raise(capacity: 1))
        #expect(try script.hear(.capacityBack(1)) == ["capacityReady", "alarmCleared"])
    }

    @Test
    func `a release without a way back is not aborted once it may have traffic, and its failure raises the alarm`()
        throws
    {
        var script = try LaneScript(.production())
        try script.deploy(1)
        script.release.reversible = false
        try script.promote(2)
        try script.evaluate()
        #expect(
            try script.hear(.capacityReady(2))
                == ["capacityReady", "stepCompleted", "stepStarted", "passedNoReturn", "routingWanted"])
        #expect(script.refusal { try $0.say(.abort(number: nil, reason: "")) } == .forwardOnly)
        #expect(try script.routed() == ["routingConfirmed", "stepCompleted", "capacityRetiring", "stepStarted"])
        #expect(
            try script.hear(.verified(number: 2, .fail, summary: "broken", lastLines: []))
                == ["failed", "blocked", "ended", "alarmRaised"])
        #expect(script.serving == ["2.0.0": 10_000])
        // The fix goes forward; aborted in its bake, the traffic goes back to what served, not to nobody.
        script.release.reversible = true
        try script.promote(3)
        try script.evaluate()
        try script.work()
        #expect(script.serving == ["3.0.0": 10_000])
        try script.say(.abort(number: nil, reason: "worse"))
        #expect(script.serving == ["2.0.0": 10_000])
    }

    @Test func `down removes the router, then the instances, and a new start begins as the first`() throws {
        var script = try LaneScript(.production())
        try script.deploy(1)
        try script.promote(2, by: .schedule)
        #expect(script.refusal { try $0.say(.down(reason: ""), by: .schedule) } == .notAllowed)
        #expect(try script.say(.down(reason: "moving")) == ["removed", "downOrdered", "capacityRetiring"])
        #expect(script.refusal { try $0.promote(3) } == .wrongState)
        #expect(script.lane.pending.first == .removeRouter)
        #expect(!script.lane.pending.contains(.retire(capacity: 1)))
        #expect(try script.hear(.routerRemoved) == ["routerRemoved"])
        #expect(script.lane.pending.first == .retire(capacity: 1))
        #expect(!script.lane.isVacant)
        #expect(try script.hear(.capacityGone(1)) == ["capacityGone", "downFinished"])
        #expect(script.lane.isVacant && !script.lane.hasRouter)
        #expect(script.lane.pending.isEmpty)
        let stay = script.lane.longestStay(of: try LaneScript.candidate(1).release, at: script.now)
        try script.pass(.hours(9))
        #expect(script.lane.longestStay(of: try LaneScript.candidate(1).release, at: script.now) == stay)
        try script.deploy(3)
        #expect(script.lane.capacities.keys.sorted() == [3])
    }
}
