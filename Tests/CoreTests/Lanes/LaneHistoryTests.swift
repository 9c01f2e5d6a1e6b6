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
}
