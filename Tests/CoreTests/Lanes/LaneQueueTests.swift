import Core
import Testing

/// What waits: policies and guards.
struct LaneQueueTests {
    /// 2.0.0, asked for by `actor`, runs its bake; two more wait.
    private func busy(_ policy: QueuePolicy, by actor: Actor = .schedule) throws -> LaneScript {
        var script = try LaneScript(.production(queue: policy))
        try script.deploy(1)
        try script.promote(2, by: actor)
        try script.evaluate()
        try script.work()
        try script.promote(3, by: .schedule)
        try script.promote(4, by: .schedule)
        return script
    }

    @Test func `finish lets the running one end, then takes the newest`() throws {
        var script = try self.busy(.finish)
        #expect(!script.lane.pending.contains(.evaluate))
        #expect(try script.evaluate() == [])
        try script.finish()
        #expect(try script.evaluate() == ["removed", "admitted", "capacityWanted", "stepStarted"])
        #expect(script.end(of: 3) == .removed(.superseded))
        #expect(script.lane.deployment?.number == 4)
    }

    @Test func `latest takes over in one append, and aborted goes back to what was verified`() throws {
        var script = try self.busy(.latest)
        #expect(script.lane.pending.contains(.evaluate))
        #expect(
            try script.evaluate() == [
                "removed", "alertPeriodEnded", "ended", "admitted", "capacityWanted", "stepStarted",
            ])
        #expect(script.end(of: 2) == .deployment(.superseded))
        #expect(script.serving == ["2.0.0": 10_000])
        try script.say(.abort(number: nil, reason: "no"))
        #expect(script.serving == ["1.0.0": 10_000])
        try script.finish()
        #expect(script.lane.capacities.keys.sorted() == [1])
    }

    @Test func `a routing that the superseded deployment left does not fail its successor`() throws {
        var script = try LaneScript(.production(queue: .latest))
        try script.deploy(1)
        try script.promote(2, by: .schedule)
        try script.evaluate()
        try script.hear(.capacityReady(2))
        let left = script.lane.routing.generation
        try script.promote(3, by: .schedule)
        try script.evaluate()
        #expect(try script.hear(.impossible(.route(generation: left), reason: "unreachable")) == ["alarmRaised"])
        #expect(script.lane.deployment?.number == 3)
    }

    @Test func `what is planned waits for its time, wakes the lane then, and holds up nobody`() throws {
        for policy in [QueuePolicy.every, .finish] {
            var script = try LaneScript(.production(queue: policy))
            let at = script.now + .hours(24 * 8)
            try script.say(.promote(LaneScript.candidate(1), notBefore: at))
            #expect(try script.evaluate() == ["waiting"])
            let gate = try #require(script.lane.queue.first?.waitsFor.first)
            #expect(gate.gate == "planned" && gate.verdict == nil && gate.passesAt == at)
            #expect(script.lane.pending.contains(.wake(at: at)))
            try script.promote(2)
            try script.evaluate()
            #expect(script.lane.deployment?.number == 2)
            // Another engine reads the same.
            let again = try LaneScript(resuming: script, appends: script.appends.count)
            #expect(again.lane.queue == script.lane.queue)
        }
    }

    @Test func `a planned promotion enters at its time, and can be cancelled before`() throws {
        var script = try LaneScript(.production(queue: .finish))
        let at = script.now + .minutes(5)
        try script.say(.promote(LaneScript.candidate(1), notBefore: at))
        try script.say(.promote(LaneScript.candidate(2), notBefore: at))
        try script.evaluate()
        try script.say(.cancel(number: 1, reason: "not today"))
        try script.pass(.minutes(5))
        try script.evaluate()
        #expect(script.lane.deployment?.number == 2)
        #expect(script.end(of: 1) == .removed(.cancelled))
    }

    @Test func `a plan for the past or for next year is refused`() throws {
        let script = try LaneScript(.production(queue: .finish))
        for after in [Milliseconds(0), .seconds(-5), .hours(24 * 91)] {
            let at = script.now + after
            #expect(script.refusal { try $0.say(.promote(LaneScript.candidate(1), notBefore: at)) } == .invalid)
        }
    }

    @Test(arguments: [QueuePolicy.every, .finish])
    func `what a person moves to the front goes first, and what is newer follows`(policy: QueuePolicy) throws {
        var script = try self.busy(policy, by: .person("bert"))
        try script.promote(5)
        #expect(script.refusal { try $0.say(.moveFirst(number: 4, reason: "x"), by: .schedule) } == .notAllowed)
        #expect(script.refusal { try $0.say(.moveFirst(number: 9, reason: "x")) } == .notFound)
        #expect(try script.say(.moveFirst(number: 4, reason: "the fix")) == ["movedFirst"])
        #expect(script.refusal { try $0.say(.moveFirst(number: 4, reason: "again")) } == .nothingToDo)
        try script.finish()
        try script.evaluate()
        #expect(script.lane.deployment?.number == 4)
        try script.finish()
        try script.evaluate()
        #expect(script.lane.deployment?.number == (policy == .every ? 3 : 5))
    }

    @Test func `automation never takes over from what a person started or paused`() throws {
        let started = try self.busy(.latest, by: .person("bert"))
        #expect(!started.lane.pending.contains(.evaluate))
        var paused = try self.busy(.latest)
        try paused.say(.pause(number: nil, reason: "mine"))
        #expect(!paused.lane.pending.contains(.evaluate))
        #expect(try paused.evaluate() == [])
    }

    @Test func `a person lets the next take over in the bake, and what it takes over from is not verified`() throws {
        var script = try self.busy(.finish, by: .person("bert"))
        let handOver = Lane.Intent.handOver(number: 2, reason: "the fix is next")
        for other in [Actor.schedule, .judge, .system] {
            #expect(script.refusal { try $0.say(handOver, by: other) } == .notAllowed)
        }
        #expect(try script.say(handOver) == ["handedOver"])
        #expect(script.lane.pending.contains(.evaluate))
        #expect(script.refusal { try $0.say(handOver) } == .nothingToDo)
        // Until something may enter, the bake goes on.
        #expect(try script.evaluate(nil) == ["waiting", "waiting"])
        #expect(script.lane.deployment?.number == 2)
        #expect(
            try script.evaluate() == [
                "removed", "alertPeriodEnded", "ended", "admitted", "capacityWanted", "stepStarted",
            ])
        #expect(script.end(of: 2) == .deployment(.superseded))
        let taken = try #require(script.lane.recent.last)
        #expect(taken.reason == "4.0.0 takes over, as person:anna allowed: the fix is next")
        #expect(script.lane.stable?.number == 1)
        #expect(script.lane.history.map(\.number) == [1])
        #expect(script.lane.longestStay(of: taken.candidate.release, at: script.now) == nil)
        #expect(script.serving == ["2.0.0": 10_000])
        // The way back leads to what was verified, not to what was taken over from.
        try script.say(.abort(number: nil, reason: "no"))
        #expect(script.serving == ["1.0.0": 10_000])
        try script.finish()
        #expect(script.lane.capacities.keys.sorted() == [1])
    }

    @Test func `a bake that was handed over to nobody ends by its time, verified`() throws {
        var script = try LaneScript(.production())
        try script.promote(1)
        try script.evaluate()
        try script.work()
        try script.say(.handOver(number: nil, reason: "if something comes"))
        #expect(try script.pass(.minutes(10)) == ["stepCompleted", "alertPeriodEnded", "verified", "ended"])
        #expect(script.lane.stable?.number == 1)
    }

    @Test func `only a bake is handed over, and a pause keeps it`() throws {
        let handOver = Lane.Intent.handOver(number: nil, reason: "next")
        var script = try LaneScript(.production())
        #expect(script.refusal { try $0.say(handOver) } == .nothingToDo)
        try script.deploy(1)
        try script.promote(2)
        try script.evaluate()
        #expect(script.refusal { try $0.say(handOver) } == .wrongState)
        try script.work()
        #expect(script.refusal { try $0.say(.handOver(number: 1, reason: "")) } == .notFound)
        try script.promote(3)
        var paused = script
        try paused.say(.pause(number: nil, reason: "mine"), by: .person("bert"))
        #expect(paused.refusal { try $0.say(handOver) } == .wrongState)
        try script.say(handOver)
        try script.say(.pause(number: nil, reason: "wait"), by: .person("bert"))
        #expect(!script.lane.pending.contains(.evaluate))
        #expect(try script.evaluate() == [])
        try script.say(.resume(number: nil, reason: "go"), by: .person("bert"))
        #expect(script.lane.pending.contains(.evaluate))
        try script.say(.abort(number: nil, reason: "no"))
        #expect(script.refusal { try $0.say(handOver) } == .wrongState)
        try script.finish()
        try script.evaluate()
        try script.finish()
        try script.deploy(4)
        try script.rollBack()
        #expect(script.refusal { try $0.say(handOver) } == .wrongState)
    }

    @Test func `a bake after which there is no way back is handed over as well, and the next returns to it`() throws {
        var script = try LaneScript(.production())
        try script.deploy(1)
        script.release.reversible = false
        try script.promote(2)
        try script.evaluate()
        try script.work()
        script.release.reversible = true
        try script.say(.handOver(number: nil, reason: "the fix"))
        try script.promote(3)
        #expect(try script.evaluate() == ["alertPeriodEnded", "ended", "admitted", "capacityWanted", "stepStarted"])
        try script.work()
        #expect(script.serving == ["3.0.0": 10_000])
        try script.say(.abort(number: nil, reason: "worse"))
        try script.finish()
        #expect(script.serving == ["2.0.0": 10_000])
    }

    @Test func `every keeps the order`() throws {
        var script = try self.busy(.every)
        try script.finish()
        try script.evaluate()
        #expect(script.lane.deployment?.number == 3)
        try script.finish()
        try script.evaluate()
        #expect(script.lane.deployment?.number == 4)
    }

    @Test func `what a person asked for comes before newer automation, and is not superseded by it`() throws {
        var script = try LaneScript(.production())
        try script.promote(1)
        try script.promote(2, by: .schedule)
        try script.evaluate()
        #expect(script.lane.deployment?.number == 1)
        #expect(script.lane.queue.map(\.number) == [2])
        #expect(script.refusal { try $0.say(.cancel(number: 9, reason: "")) } == .notFound)
        #expect(script.refusal { try $0.say(.cancel(number: 1, reason: "")) } == .wrongState)
        #expect(try script.say(.cancel(number: 2, reason: "later"), by: .judge) == ["removed"])
    }

    @Test func `hold, pin and block keep a promotion waiting with its reason, and a time to pass wakes the lane`()
        throws
    {
        var script = try LaneScript(.production())
        try script.deploy(1)
        try script.promote(2)
        try script.say(.hold(reason: "audit", until: script.now + .minutes(5)))
        #expect(try script.evaluate() == ["waiting"])
        #expect(script.lane.queue.first?.waitsFor.first?.gate == "hold")
        #expect(script.wake == script.now + .minutes(5))
        #expect(try script.pass(.minutes(5)) == ["holdReleased"])
        try script.say(.pin(LaneScript.candidate(1), reason: "fair"))
        #expect(try script.evaluate() == ["waiting"])
        #expect(script.lane.queue.first?.waitsFor.map(\.gate) == ["pin", "tests"])
        try script.say(.unpin(reason: "over"))
        try script.say(.block(LaneScript.candidate(2).release, reason: "leak"))
        #expect(try script.evaluate() == ["waiting"])
        #expect(try script.evaluate() == [])
        try script.say(.unblock(LaneScript.candidate(2).release, reason: "no leak"))
        #expect(try script.evaluate() == ["admitted", "capacityWanted", "stepStarted"])
    }

    @Test func `an alarm binds automation and lets a person roll forward`() throws {
        var script = try LaneScript(.production())
        try script.deploy(1)
        try script.hear(.capacityLost(1, reason: "killed"))
        try script.promote(2, by: .schedule)
        #expect(try script.evaluate() == ["waiting"])
        try script.promote(3)
        #expect(try script.evaluate() == ["removed", "admitted", "capacityWanted", "stepStarted"])
    }

    @Test func `an alarm that is cleared while nobody is served comes back at once`() throws {
        var script = try LaneScript(.production())
        try script.deploy(1)
        try script.hear(.capacityLost(1, reason: "killed"))
        #expect(try script.say(.clearAlarm(reason: "seen")) == ["alarmCleared", "alarmRaised"])
    }

    @Test func `a failed gate rejects, and a promotion that waits too long expires`() throws {
        var script = try LaneScript(.production())
        try script.promote(1)
        try script.promote(2)
        #expect(try script.evaluate(nil) == ["waiting", "waiting"])
        #expect(try script.pass(Lane.waitsAtMost) == ["removed", "removed"])
        #expect(script.end(of: 1) == .removed(.expired))
        try script.promote(3)
        #expect(try script.evaluate(.fail) == ["removed"])
        #expect(script.end(of: 3) == .removed(.rejected))
    }

    @Test func `what waits and serves again meanwhile leaves the queue, and does not replace itself`() throws {
        var script = try LaneScript(.production())
        try script.deploy(1)
        try script.deploy(2)
        try script.promote(3)
        try script.evaluate()
        try script.promote(2)
        try script.say(.abort(number: nil, reason: "no"))
        try script.finish()
        #expect(try script.evaluate() == ["removed"])
        #expect(script.end(of: 4) == .removed(.rejected))
        #expect(script.lane.recent.last?.reason == "2.0.0 serves here already")
        #expect(script.serving == ["2.0.0": 10_000])
    }

    @Test func `a release is asked for once`() throws {
        var script = try LaneScript(.production())
        try script.promote(1)
        #expect(script.refusal { try $0.promote(1) } == .alreadyExists)
        try script.evaluate()
        #expect(script.refusal { try $0.promote(1) } == .alreadyRunning)
        try script.finish()
        #expect(script.refusal { try $0.promote(1) } == .nothingToDo)
    }
}
