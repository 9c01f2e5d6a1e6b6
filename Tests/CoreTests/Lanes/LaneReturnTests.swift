import Core
import Testing

/// Abort, retry and rollback.
struct LaneReturnTests {
    @Test(arguments: Strategy.examples)
    func `an abort at every step returns the traffic and blocks the release until a person says retry`(
        _ strategy: Strategy
    ) throws {
        var whole = try LaneScript(.production(strategy))
        whole.release.tasks.before = TaskCommand(run: "./migrate")
        whole.release.tasks.afterTraffic = TaskCommand(run: "./warm-up")
        try whole.deploy(1)
        let first = whole.appends.count
        try whole.deploy(2)
        var cuts = 0
        for count in (first + 2)...whole.appends.count {
            var script = try LaneScript(resuming: whole, appends: count)
            guard script.lane.deployment != nil else { continue }
            cuts += 1
            let facts = try script.say(.abort(number: nil, reason: "stop"))
            #expect(facts.prefix(2) == ["aborted", "blocked"], "after \(count) appends")
            #expect(script.serving == ["1.0.0": 10_000])
            #expect(script.lane.deployment == nil || script.lane.routing.generation > script.lane.confirmedGeneration)
            try script.finish()
            #expect(script.end(of: 2) == .deployment(.aborted))
            #expect(script.refusal { try $0.promote(2, by: .schedule) } == .blocked)
            #expect(
                script.refusal { try $0.say(.retry(LaneScript.candidate(2), reason: ""), by: .schedule) } == .notAllowed
            )
            #expect(
                script.refusal { try $0.say(.unblock(LaneScript.candidate(2).release, reason: ""), by: .judge) }
                    == .notAllowed)
            #expect(
                try script.say(.retry(LaneScript.candidate(2), reason: "fixed outside")) == ["unblocked", "requested"])
            try script.evaluate()
            try script.finish()
            #expect(script.serving == ["2.0.0": 10_000])
        }
        #expect(cuts >= 5)
    }

    @Test func `an abort while paused returns the traffic, and a second one adds nothing`() throws {
        var script = try LaneScript(.production())
        try script.deploy(1)
        try script.promote(2)
        try script.evaluate()
        try script.work()
        try script.say(.pause(number: nil, reason: "hm"))
        #expect(
            try script.say(.abort(number: 2, reason: "no")) == [
                "aborted", "blocked", "routingWanted", "alertPeriodEnded",
            ])
        #expect(try script.say(.abort(number: 2, reason: "no!")) == [])
        #expect(try script.routed() == ["routingConfirmed", "ended", "capacityRetiring"])
        #expect(script.refusal { try $0.say(.abort(number: nil, reason: "")) } == .nothingToDo)
    }

    @Test func `traffic that does not come back in time raises the alarm once, and is still asked for`() throws {
        var script = try LaneScript(.production())
        try script.deploy(1)
        try script.promote(2)
        try script.evaluate()
        try script.work()
        try script.say(.abort(number: nil, reason: "no"))
        #expect(try script.pass(.seconds(60)) == ["alarmRaised"])
        #expect(try script.pass(.seconds(60)) == [])
        #expect(script.lane.pending.first == .route(generation: script.lane.routing.generation))
        if let wake = script.wake { #expect(wake > script.now) }
        #expect(try script.routed() == ["routingConfirmed", "alarmCleared", "ended", "capacityRetiring"])
    }

    @Test func `a warm rollback is one switch, leaves a hold, and is not rolled back`() throws {
        var script = try LaneScript(.production())
        try script.deploy(1)
        try script.deploy(2)
        #expect(
            try script.rollBack()
                == ["rollbackOrdered", "rollbackStarted", "withdrawn", "held", "stepStarted", "routingWanted"])
        #expect(script.serving == ["1.0.0": 10_000])
        #expect(script.refusal { try $0.say(.abort(number: nil, reason: "")) } == .wrongState)
        #expect(script.refusal { try $0.rollBack() } == .alreadyRunning)
        #expect(try script.routed() == ["routingConfirmed", "stepCompleted", "capacityRetiring", "verified", "ended"])
        #expect(script.end(of: 3) == .deployment(.rolledBack))
        #expect(script.end(of: 2) == .deployment(.completed))
        #expect(script.refusal { try $0.rollBack() } == .notVerified)
        #expect(script.refusal { try $0.say(.pin(LaneScript.candidate(2), reason: "")) } == .wrongState)
        #expect(script.refusal { try $0.say(.pin(LaneScript.candidate(1), reason: "")) } == nil)
        try script.promote(3, by: .schedule)
        #expect(try script.evaluate() == ["waiting"])
        #expect(script.refusal { try $0.say(.releaseHold(reason: ""), by: .schedule) } == .notAllowed)
        #expect(
            script.refusal { try $0.say(.hold(reason: "", until: $0.now + .seconds(1)), by: .schedule) } == .notAllowed)
        #expect(try script.say(.releaseHold(reason: "fixed")) == ["holdReleased"])
        #expect(try script.evaluate() == ["admitted", "capacityWanted", "stepStarted"])
    }

    @Test func `a cold rollback starts its instances first`() throws {
        var script = try LaneScript(.production())
        try script.deploy(1)
        try script.deploy(2)
        try script.pass(.hours(2))
        try script.work()
        #expect(script.lane.capacities.keys.sorted() == [2])
        #expect(
            try script.rollBack()
                == ["rollbackOrdered", "rollbackStarted", "capacityWanted", "withdrawn", "held", "stepStarted"])
        #expect(script.serving == ["2.0.0": 10_000])
        #expect(
            try script.hear(.capacityReady(3)) == ["capacityReady", "stepCompleted", "stepStarted", "routingWanted"])
        #expect(try script.routed() == ["routingConfirmed", "stepCompleted", "capacityRetiring", "verified", "ended"])
        #expect(script.serving == ["1.0.0": 10_000])
    }

    @Test func `a cold rollback that fails leaves what serves, and asks a person`() throws {
        var script = try LaneScript(.production(keepWarm: .zero))
        try script.deploy(1)
        try script.deploy(2)
        try script.rollBack()
        #expect(
            try script.hear(.capacityFailed(3, reason: "no start", lastLines: []))
                == ["failed", "ended", "alarmRaised", "capacityRetiring"])
        #expect(script.serving == ["2.0.0": 10_000])
        #expect(script.lane.alarm?.kind == .rollbackFailed)
    }

    @Test func `a version that stood by and died is not gone back to by one switch`() throws {
        var script = try LaneScript(.production())
        try script.deploy(1)
        try script.deploy(2)
        #expect(try script.hear(.capacityLost(1, reason: "killed")) == ["capacityLost"])
        let facts = try script.rollBack()
        #expect(facts.contains("capacityWanted"))
        #expect(script.serving == ["2.0.0": 10_000])
    }

    @Test func `a rollback during a deployment returns its traffic, also when an abort came first`() throws {
        var script = try LaneScript(.production())
        try script.deploy(1)
        try script.deploy(2)
        try script.promote(3)
        try script.evaluate()
        try script.work()
        var aborted = script
        try aborted.say(.abort(number: nil, reason: "no"))
        #expect(try aborted.rollBack() == ["held"])
        #expect(try script.rollBack() == ["aborted", "blocked", "routingWanted", "alertPeriodEnded", "held"])
        for var each in [script, aborted] {
            try each.finish()
            #expect(each.serving == ["2.0.0": 10_000])
            #expect(each.lane.hold != nil)
            #expect(each.lane.nextRollback == nil)
        }
    }

    @Test func `a rollback to an older version waits for the traffic to be back, and every order has an end`() throws {
        var script = try LaneScript(.production())
        for number in 1...3 { try script.deploy(number) }
        try script.promote(4)
        try script.evaluate()
        try script.work()
        #expect(
            try script.rollBack(to: "2.0.0") == [
                "aborted", "blocked", "routingWanted", "alertPeriodEnded", "rollbackOrdered",
            ])
        #expect(script.refusal { try $0.rollBack() } == .alreadyRunning)
        #expect(try script.rollBack(to: "1.0.0") == ["rollbackOrdered"])
        #expect(script.end(of: 5) == .removed(.superseded))
        try script.finish()
        #expect(script.serving == ["1.0.0": 10_000])
        #expect(script.end(of: 4) == .deployment(.aborted))
        #expect(script.end(of: 6) == .deployment(.rolledBack))
    }

    @Test func `only the judge or a named person turns back, and only to what was verified here`() throws {
        var script = try LaneScript(.production())
        try script.deploy(1)
        try script.deploy(2)
        #expect(script.refusal { try $0.rollBack(by: .schedule) } == .notAllowed)
        #expect(script.refusal { try $0.rollBack(to: "9.0.0") } == .notVerified)
        #expect(script.refusal { try $0.rollBack(to: "2.0.0") } == .nothingToDo)
        #expect(try script.rollBack(by: .judge).contains("held"))
    }
}
