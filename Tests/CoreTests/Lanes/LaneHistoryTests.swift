import Core
import Testing

/// Cut anywhere and resumed, told in any order: the same end, and a legal one.
struct LaneHistoryTests {
    @Test(arguments: Strategy.examples)
    func `a history cut after any append and read again has the same state and the same end`(_ strategy: Strategy)
        throws
    {
        var whole = try LaneScript(.production(strategy))
        whole.release.tasks.before = TaskCommand(run: "./migrate expand")
        whole.release.tasks.afterBake = TaskCommand(run: "./migrate contract")
        try whole.deploy(1)
        try whole.deploy(2)
        try whole.rollBack()
        try whole.finish()
        let ends = whole.lane.recent.map(\.end)
        for count in 0...whole.appends.count {
            var script = try LaneScript(resuming: whole, appends: count)
            try script.finish()
            // What was asked for after the cut is asked for again; what was asked for before it goes on by itself.
            if script.lane.lastNumber < 1 { try script.promote(1) }
            if !script.lane.queue.isEmpty { try script.evaluate() }
            try script.finish()
            if script.lane.lastNumber < 2 { try script.promote(2) }
            if !script.lane.queue.isEmpty { try script.evaluate() }
            try script.finish()
            if script.lane.lastNumber < 3 { try script.rollBack() }
            try script.finish()
            #expect(script.lane.recent.map(\.end) == ends, "cut after \(count) appends")
            #expect(script.serving == whole.serving)
            #expect(script.lane.capacities.keys.sorted() == whole.lane.capacities.keys.sorted())
        }
    }

    @Test(arguments: Strategy.examples)
    func `the state is the fold of the events, one by one`(_ strategy: Strategy) throws {
        var script = try LaneScript(.production(strategy))
        try script.deploy(1)
        try script.promote(2)
        try script.evaluate()
        try script.work()
        try script.say(.pause(number: nil, reason: "hm"))
        try script.rollBack()
        try script.finish()
        try script.say(.down(reason: "over"))
        try script.finish()
        var again = Lane()
        for event in script.events { try again.apply(event) }
        #expect(again == script.lane)
    }

    @Test func `promote, abort, retry and rollback in all orders end in a legal state`() throws {
        let candidate = try LaneScript.candidate(3)
        let intents: [String: (inout LaneScript) throws -> Void] = [
            "promote": { try $0.promote(4) },
            "abort": { try $0.say(.abort(number: nil, reason: "stop")) },
            "retry": { try $0.say(.retry(candidate, reason: "again")) },
            "rollback": { try $0.rollBack() },
        ]
        var running = try LaneScript(.production())
        try running.deploy(1)
        try running.deploy(2)
        try running.promote(3)
        try running.evaluate()
        for moment in 0..<4 {
            for order in Self.orders(of: intents.keys.sorted()) {
                var script = running
                for name in order {
                    do { try intents[name]?(&script) } catch is Refusal { continue }
                }
                try script.finish()
                let story = "\(order) at moment \(moment)"
                #expect(script.lane.nextRollback == nil, "\(story)")
                #expect(script.end(of: 3) == .deployment(.aborted), "\(story)")
                // Before any traffic moved an abort ends at once; a rollback after that end goes one version back.
                // One that
                // finds the deployment, running or on its way back, goes to where the abort goes.
                let hasEnded = moment == 0 && Self.isBefore("abort", "rollback", in: order)
                #expect(script.serving == [hasEnded ? "1.0.0" : "2.0.0": 10_000], "\(story)")
                #expect(script.lane.hold != nil, "\(story)")
                try script.evaluate()
                #expect(script.lane.deployment == nil, "the hold binds: \(story)")
            }
            _ = try running.workOnce()
        }
    }

    private static func isBefore(_ one: String, _ other: String, in order: [String]) -> Bool {
        order.prefix { $0 != other }.contains(one)
    }

    private static func orders(of names: [String]) -> [[String]] {
        guard !names.isEmpty else { return [[]] }
        return names.flatMap { first in
            self.orders(of: names.filter { $0 != first }).map { [first] + $0 }
        }
    }
}
