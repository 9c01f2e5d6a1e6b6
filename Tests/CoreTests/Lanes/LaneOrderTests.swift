import Core
import Testing

/// Promote, abort, retry and rollback sent at once: every order, at every moment in the life of a deployment.
struct LaneOrderTests {
    private enum Wish: String, CaseIterable {
        case promote, abort, retry, rollback
    }

    /// Where the deployment of 3.0.0 stands when the wishes come. 1.0.0 and 2.0.0 were verified before; 2.0.0 serves.
    private enum Stage: Equatable {
        case waits, runs, returns, completed, failed, goesBack
    }

    private struct Moment {
        let stage: Stage
        let name: String
        let script: LaneScript
    }

    private static let orders: [[Wish]] = Self.orders(of: Wish.allCases)

    private static func orders(of wishes: [Wish]) -> [[Wish]] {
        guard !wishes.isEmpty else { return [[]] }
        return wishes.flatMap { first in self.orders(of: wishes.filter { $0 != first }).map { [first] + $0 } }
    }

    /// True if it was granted. A refusal leaves the lane as it was.
    private static func say(_ wish: Wish, to script: inout LaneScript) throws -> Bool {
        let before = script.lane
        do {
            switch wish {
            case .promote: try script.promote(4)
            case .abort: try script.say(.abort(number: nil, reason: "stop"), by: .person("bert"))
            case .retry: try script.say(.retry(LaneScript.candidate(3), reason: "again"), by: .person("cleo"))
            case .rollback: try script.rollBack(by: .person("dora"))
            }
            return true
        } catch is Refusal {
            #expect(script.lane == before)
            return false
        }
    }

    // MARK: The moments

    private static func running(_ waiting: LaneScript) throws -> [Moment] {
        try waiting.moments().map { Moment(stage: .runs, name: $0.name, script: $0) }
    }

    private static func moments(_ strategy: Strategy) throws -> [Moment] {
        let waiting = try LaneScript.third(strategy)
        let running = try Self.running(waiting)
        var moments = [Moment(stage: .waits, name: "queue", script: waiting)] + running
        for moment in running {
            var paused = moment.script
            try paused.say(.pause(number: nil, reason: "hm"), by: .person("emil"))
            moments.append(Moment(stage: .runs, name: "paused in \(moment.name)", script: paused))
            var returning = moment.script
            try returning.say(.abort(number: nil, reason: "first"), by: .judge)
            guard returning.lane.deployment != nil else { continue }
            moments.append(Moment(stage: .returns, name: "returns from \(moment.name)", script: returning))
        }
        var failed = try #require(running.first).script
        try failed.hear(.capacityFailed(3, reason: "no start", lastLines: []))
        try failed.hear(
            .taskEnded(number: 3, .before, .fail, summary: "no", lastLines: [], irreversible: false))
        try failed.finish()
        moments.append(Moment(stage: .failed, name: "failed", script: failed))
        var completed = waiting
        try completed.evaluate()
        try completed.finish()
        moments.append(Moment(stage: .completed, name: "completed", script: completed))
        for isWarm in [true, false] {
            var goingBack = completed
            if !isWarm { try goingBack.hear(.capacityLost(2, reason: "killed")) }
            try goingBack.rollBack()
            moments.append(Moment(stage: .goesBack, name: isWarm ? "back" : "back, cold", script: goingBack))
        }
        return moments
    }

    // MARK: What must be true in the end

    @Test(arguments: Strategy.examples)
    func `in all orders, at every moment, the traffic ends at the version that the orders mean`(_ strategy: Strategy)
        throws
    {
        let moments = try Self.moments(strategy)
        #expect(moments.count >= 25, "\(moments.map(\.name))")
        for moment in moments {
            for order in Self.orders {
                var script = moment.script
                var granted: [Wish] = []
                var hadEnded = moment.stage != .runs && moment.stage != .returns
                var endedBeforeRollback = hadEnded
                for wish in order {
                    if wish == .rollback { endedBeforeRollback = hadEnded }
                    if try Self.say(wish, to: &script) { granted.append(wish) }
                    hadEnded = hadEnded || script.lane.deployment?.number != 3
                }
                let story = Comment(rawValue: "\(order.map(\.rawValue)), \(moment.name), \(granted.map(\.rawValue))")
                try script.finish()
                try Self.checkRest(script, story)
                #expect(script.serving == [Self.meant(moment.stage, endedBeforeRollback): 10_000], story)
                #expect(script.end(of: 3) == Self.end(moment.stage), story)
                #expect(granted.contains(.promote), story)
                #expect(granted.contains(.rollback) == (moment.stage != .goesBack), story)
                Self.checkBlock(script, granted, moment.stage, story)
            }
        }
    }

    /// A rollback that finds the deployment, running or on its way back, goes to where the abort goes. One that comes
    /// after its end goes to the version before the one that serves.
    private static func meant(_ stage: Stage, _ endedBeforeRollback: Bool) -> String {
        switch stage {
        case .waits, .failed: "1.0.0"
        case .runs, .returns: endedBeforeRollback ? "1.0.0" : "2.0.0"
        case .completed, .goesBack: "2.0.0"
        }
    }

    private static func end(_ stage: Stage) -> EndedPromotion.End? {
        switch stage {
        case .waits: nil
        case .runs, .returns: .deployment(.aborted)
        case .failed: .deployment(.failed)
        case .completed, .goesBack: .deployment(.completed)
        }
    }

    /// What was stopped is blocked, unless a retry came later: then it waits, and the hold keeps it.
    private static func checkBlock(_ script: LaneScript, _ granted: [Wish], _ stage: Stage, _ story: Comment) {
        let waits = script.lane.queue.contains { $0.candidate.version == "3.0.0" }
        let isBlocked = script.lane.blocks.contains { $0.release.text == "r-3" }
        switch stage {
        case .runs, .returns, .failed:
            #expect(isBlocked != waits, story)
            #expect(waits == granted.contains(.retry), story)
        case .waits:
            #expect(waits && !isBlocked, story)
        case .completed, .goesBack:
            #expect(!isBlocked, story)
            #expect(waits == granted.contains(.retry), story)
        }
    }

    private static func checkRest(_ script: LaneScript, _ story: Comment) throws {
        let lane = script.lane
        #expect(lane.deployment == nil && lane.nextRollback == nil, story)
        // What the judge stopped keeps automation out until something newer is in.
        #expect(lane.alarm == nil || lane.alarm?.kind == .stoppedByJudge, story)
        #expect(lane.routing.generation == lane.confirmedGeneration, story)
        #expect(lane.serving.allSatisfy { $0.capacity.state == .ready }, story)
        #expect(lane.serving.map(\.capacity.number) == [lane.stable?.capacity], story)
        #expect(lane.hold != nil, story)
        #expect(Set(lane.recent.map(\.number)).count == lane.recent.count, story)
        #expect(lane.recent.count + lane.queue.count == lane.lastNumber, "everything that was asked for has an end")
        // Nothing that waits gets past the hold, and the record alone gives the same lane.
        var later = script
        try later.evaluate()
        #expect(later.lane.deployment == nil, story)
        var again = Lane()
        for event in script.events { try again.apply(event) }
        #expect(again == lane, story)
    }

    @Test(arguments: Strategy.examples)
    func `when the queue is looked at between the wishes, what enters is taken back all the same`(_ strategy: Strategy)
        throws
    {
        for moment in try Self.moments(strategy) where moment.stage != .goesBack {
            for order in Self.orders {
                var script = moment.script
                for wish in order {
                    _ = try Self.say(wish, to: &script)
                    try script.evaluate()
                }
                let story = Comment(rawValue: "\(order.map(\.rawValue)), \(moment.name)")
                try script.finish()
                try Self.checkRest(script, story)
                let served = try #require(script.lane.serving.first?.capacity.candidate)
                // 3.0.0 only where it had been verified before the wishes came.
                let known = ["1.0.0", "2.0.0"] + (moment.stage == .completed ? ["3.0.0"] : [])
                #expect(known.contains(served.version), story)
                #expect(script.lane.block(of: served.release) == nil, story)
            }
        }
    }

    @Test func `past the point of no return every order goes forward`() throws {
        var waiting = try LaneScript(.production())
        try waiting.deploy(1)
        try waiting.deploy(2)
        waiting.release.reversible = false
        try waiting.promote(3)
        let moments = try Self.running(waiting).filter { $0.script.lane.noReturnBefore == 3 }
        #expect(moments.count >= 3)
        for moment in moments {
            for order in Self.orders {
                var script = moment.script
                var granted: [Wish] = []
                for wish in order where try Self.say(wish, to: &script) { granted.append(wish) }
                #expect(granted == [.promote], "\(order), \(moment.name)")
                try script.finish()
                #expect(script.serving == ["3.0.0": 10_000])
                #expect(script.end(of: 3) == .deployment(.completed))
                #expect(script.lane.hold == nil && script.lane.alarm == nil && script.lane.blocks.isEmpty)
            }
        }
    }

    @Test func `with nothing to go back to, every order leaves nobody served by what was stopped`() throws {
        var waiting = try LaneScript(.production())
        try waiting.promote(3)
        for moment in try Self.first(waiting) {
            for order in Self.orders {
                var script = moment.script
                var granted: [Wish] = []
                for wish in order where try Self.say(wish, to: &script) { granted.append(wish) }
                let story = Comment(rawValue: "\(order.map(\.rawValue)), \(moment.name), \(granted.map(\.rawValue))")
                #expect(!granted.contains(.rollback) && granted.contains(.abort), story)
                try script.finish()
                #expect(script.serving.isEmpty && script.lane.capacities.isEmpty, story)
                #expect(script.end(of: 1) == .deployment(.aborted), story)
                #expect(script.lane.stable == nil, story)
            }
        }
    }

    private static func first(_ waiting: LaneScript) throws -> [Moment] {
        try Self.running(waiting).filter { $0.script.lane.deployment?.phase == .running }
    }
}
