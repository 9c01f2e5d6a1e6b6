import Core
import Testing

/// Ways back that end, as a release declares it; and the word of a person who goes back all the same.
@Suite struct LaneNoReturnTests {
    private static let because = "it writes the new form of an order"

    private static func message(_ script: LaneScript, _ body: (inout LaneScript) throws -> Void) -> String {
        var copy = script
        do {
            try body(&copy)
            return "not refused"
        } catch { return "\(error)" }
    }

    private static let settings = Lane.RollbackSettings(
        health: .seconds(20), drain: .seconds(5), policy: .finish, definition: 1)

    private static func force(
        _ script: inout LaneScript, to version: String? = nil, by actor: Actor = .person("anna")
    ) throws {
        try script.say(.forcedRollback(to: version, Self.settings, reason: "the form can be read"), by: actor)
    }

    @Test(arguments: PointOfNoReturn.allCases, Strategy.examples)
    func `until its point a release is aborted at every moment, and from then on it never is`(
        point: PointOfNoReturn, strategy: Strategy
    ) throws {
        var script = try LaneScript.third(strategy)
        script.release.reversibility = .until(point, because: Self.because)
        var isPassed = false
        for moment in try script.moments() {
            var moment = moment
            let isPast = moment.lane.noReturn != nil
            #expect(isPast || !isPassed, "\(moment.name)")
            isPassed = isPast
            if isPast {
                let said = Self.message(moment) { try $0.say(.abort(number: nil, reason: "worse")) }
                #expect(said.contains("3.0.0 has passed its point of no return: \(Self.because)."), "\(said)")
                #expect(said.contains("Roll forward with a fix."))
                #expect(said.contains("--force-past-point-of-no-return"))
                #expect(moment.refusal { try $0.rollBack() } == .forwardOnly, "\(moment.name)")
                // The judge stops it and raises the alarm: what serves goes on serving.
                try moment.judge(.fail)
                #expect(moment.lane.alarm?.kind == .forwardOnly)
                #expect(moment.lane.alarm?.nextAction.contains(Self.because) == true)
                try moment.finish()
                #expect(moment.serving == ["3.0.0": 10_000], "\(moment.name)")
            } else {
                try moment.say(.abort(number: nil, reason: "worse"))
                try moment.finish()
                #expect(moment.serving == ["2.0.0": 10_000], "\(moment.name)")
            }
        }
        #expect(isPassed)
    }

    @Test(arguments: Strategy.examples)
    func `a person goes back past the point at every moment, on record, and nobody else does`(strategy: Strategy) throws
    {
        var script = try LaneScript.third(strategy)
        script.release.reversibility = .forwardOnly(because: Self.because)
        for moment in try script.moments() where moment.lane.noReturn != nil {
            for actor in [Actor.judge, .schedule, .serviceAccount("robot")] {
                #expect(moment.refusal { try Self.force(&$0, by: actor) } == .notAllowed, "\(actor)")
            }
            var moment = moment
            let before = moment.events.count
            try Self.force(&moment)
            let first = try #require(moment.events.dropFirst(before).first)
            guard case .noReturnOverridden(let body) = first else { return #expect(Bool(false), "\(first)") }
            #expect(body.by == .person("anna") && body.reason == "the form can be read")
            // Somebody serves all the time.
            #expect(moment.serving.values.reduce(0, +) == 10_000, "\(moment.name)")
            let appends = moment.appends.count
            try moment.finish()
            #expect(moment.serving == ["2.0.0": 10_000], "\(moment.name)")
            #expect(moment.lane.hold != nil)
            #expect(moment.lane.deployment == nil && moment.lane.noReturnBefore == 0)
            // Cut at every append, it comes to the same end.
            for cut in appends...moment.appends.count {
                var resumed = try LaneScript(resuming: moment, appends: cut)
                try resumed.finish()
                #expect(resumed.serving == ["2.0.0": 10_000], "cut at \(cut) of \(moment.name)")
            }
        }
    }

    @Test func `what failed past its point is left by force, to instances that start anew`() throws {
        var script = try LaneScript(.production())
        try script.deploy(1)
        script.release.reversibility = .forwardOnly(because: Self.because)
        try script.promote(2)
        try script.evaluate()
        try script.hear(.capacityReady(2))
        try script.routed()
        try script.hear(.verified(number: 2, .fail, summary: "broken", lastLines: []))
        #expect(script.lane.alarm?.kind == .forwardOnly)
        #expect(script.refusal { try $0.rollBack(to: "1.0.0") } == .forwardOnly)
        try Self.force(&script, to: "1.0.0")
        #expect(script.serving == ["2.0.0": 10_000])
        try script.finish()
        #expect(script.serving == ["1.0.0": 10_000])
    }

    @Test func `a rollback across a release without a way back names that release`() throws {
        var script = try LaneScript(.production())
        try script.deploy(1)
        script.release.reversibility = .forwardOnly(because: Self.because)
        try script.deploy(2)
        script.release.reversibility = nil
        try script.deploy(3)
        let said = Self.message(script) { try $0.rollBack(to: "1.0.0") }
        #expect(said.contains("2.0.0 has passed its point of no return: \(Self.because)."), "\(said)")
        // Behind the point there is a way back, which needs no force and leaves the point where it is.
        var forced = script
        try Self.force(&forced)
        try forced.finish()
        #expect(forced.serving == ["2.0.0": 10_000])
        #expect(forced.lane.noReturnBefore == 2)
        #expect(forced.refusal { try $0.rollBack() } == .forwardOnly)
        try Self.force(&script, to: "1.0.0")
        try script.finish()
        #expect(script.serving == ["1.0.0": 10_000])
    }

    private static func activate(
        _ script: inout LaneScript, _ number: Int, preparedBy prepared: Int?
    ) throws {
        try script.promote(number)
        let plan = Plan.forward(script.environment, script.release, isFirst: false, preparedBy: prepared)
        let evaluation = Lane.Evaluation(
            number: script.lane.lastNumber, facts: AdmissionFacts(definition: 1, gates: [], readings: []), plan: plan)
        _ = try script.tell(.evaluated([evaluation], at: script.now))
    }

    @Test(arguments: Strategy.examples)
    func `what activates goes back to what prepared, at every moment, and never below`(strategy: Strategy) throws {
        var script = try LaneScript(.production(strategy))
        try script.deploy(1)
        try script.deploy(2)
        let range = try #require(VersionRange("2.0.0"))
        script.release.needs = Prerequisite(versions: range, bakedFor: .hours(1))
        let standing = try #require(script.lane.standing(range, besides: LaneScript.candidate(3).release))
        #expect(standing.number == 2)
        try Self.activate(&script, 3, preparedBy: standing.number)
        var isLive = false
        while script.lane.deployment != nil {
            isLive = isLive || script.serving["3.0.0"] != nil
            if isLive {
                let said = Self.message(script) { try $0.rollBack(to: "1.0.0") }
                #expect(said.contains("3.0.0 has passed its point of no return: it was prepared by 2.0.0"), "\(said)")
            }
            var back = script
            try back.say(.abort(number: nil, reason: "worse"))
            try back.finish()
            #expect(back.serving == ["2.0.0": 10_000])
            if try script.workOnce() { continue }
            if try script.certify() { continue }
            try script.pass(try #require(script.wake) - script.now)
        }
        #expect(isLive && script.serving == ["3.0.0": 10_000])
        try script.rollBack()
        try script.finish()
        #expect(script.serving == ["2.0.0": 10_000])
        #expect(script.refusal { try $0.rollBack(to: "1.0.0") } == .forwardOnly)
        // What was gone back from does not break the time in which the first of the two stood.
        let again = script.lane.standing(range, besides: try LaneScript.candidate(3).release)
        #expect(again?.since == standing.since)
    }

    @Test func `what prepared is left by something older, and no longer stands`() throws {
        var script = try LaneScript(.production())
        let range = try #require(VersionRange(">=2"))
        let four = try LaneScript.candidate(4).release
        #expect(script.lane.standing(range, besides: four) == nil)
        try script.deploy(1)
        #expect(script.lane.standing(range, besides: four) == nil)
        try script.deploy(2)
        let since = try #require(script.lane.standing(range, besides: four)?.since)
        try script.deploy(3)
        #expect(script.lane.standing(range, besides: four)?.since == since)
        #expect(script.lane.standing(range, besides: try LaneScript.candidate(3).release) == nil)
    }

    @Test func `a combination is overridden for what waits, once, by a named person`() throws {
        var script = try LaneScript(.production())
        try script.promote(1)
        let word = Lane.Intent.overrideCombination(number: 1, with: ["stock@1.2.0"], reason: "seen on a copy")
        #expect(script.refusal { try $0.say(word, by: .schedule) } == .notAllowed)
        #expect(
            script.refusal {
                try $0.say(.overrideCombination(number: 7, with: ["stock@1.2.0"], reason: ""))
            } == .notFound)
        #expect(try script.say(word) == ["combinationOverridden"])
        #expect(script.lane.queue[0].combination?.with == ["stock@1.2.0"])
        #expect(script.lane.queue[0].combination?.by == .person("anna"))
        #expect(script.refusal { try $0.say(word) } == .nothingToDo)
        // Beside something else it needs another word.
        #expect(
            try script.say(.overrideCombination(number: 1, with: ["stock@1.3.0"], reason: "this too"))
                == ["combinationOverridden"])
    }
}
