import Core
import Testing

/// The release team's alert period: the bake, with its begin and its end on record.
struct LaneAlertTests {
    private static let bake = Milliseconds.minutes(10)

    /// 1.0.0 is verified, and 2.0.0 stands in its bake.
    private static func baking(queue: QueuePolicy = .finish, by actor: Actor = .person("anna")) throws -> LaneScript {
        var script = try LaneScript(.production(queue: queue, bake: Self.bake))
        try script.deploy(1)
        try script.promote(2, by: actor)
        try script.evaluate()
        try script.work()
        try #require(script.lane.deployment?.currentStep == .bake(Self.bake))
        return script
    }

    private static func began(_ script: LaneScript) -> [Lane.AlertPeriodBegan] {
        script.events.compactMap { if case .alertPeriodBegan(let body) = $0 { body } else { nil } }
    }

    private static func ended(_ script: LaneScript) -> [Lane.AlertPeriodEnded] {
        script.events.compactMap { if case .alertPeriodEnded(let body) = $0 { body } else { nil } }
    }

    @Test(arguments: Strategy.examples)
    func `it begins with the bake and ends with it, whatever the strategy`(_ strategy: Strategy) throws {
        var script = try LaneScript(.production(strategy, bake: Self.bake))
        try script.deploy(1)
        try script.deploy(2)
        let (began, ended) = (Self.began(script), Self.ended(script))
        #expect(began.map(\.number) == [1, 2])
        #expect(began.allSatisfy { $0.until - $0.at == Self.bake })
        #expect(ended.map(\.why) == [.timeOver, .timeOver])
        #expect(zip(began, ended).allSatisfy { $0.until == $1.at && $0.candidate == $1.candidate })
        try script.rollBack()
        try script.finish()
        #expect(Self.began(script).count == 2, "a rollback has no bake")
    }

    @Test func `without a bake there is none`() throws {
        var script = try LaneScript(.production(bake: .zero))
        try script.deploy(1)
        #expect(Self.began(script).isEmpty && Self.ended(script).isEmpty)
    }

    @Test func `each way out of the bake ends it once, in the same append, and says why`() throws {
        var skipped = try Self.baking()
        try skipped.say(.skip(number: nil, reason: "seen enough"))
        #expect(Self.ended(skipped).last?.why == .skipped)
        #expect(Self.ended(skipped).last?.reason == "person:anna: seen enough")

        var aborted = try Self.baking()
        let facts = try aborted.say(.abort(number: nil, reason: "slow"))
        #expect(facts == ["aborted", "blocked", "routingWanted", "alertPeriodEnded"])
        #expect(Self.ended(aborted).last?.why == .takenBack && Self.ended(aborted).last?.reason == "slow")

        var judged = try Self.baking()
        try judged.judge(.fail, "errors: 2.0.0 failed 9 of 90 requests")
        #expect(Self.ended(judged).last?.why == .takenBack)
        #expect(Self.ended(judged).last?.reason == "errors: 2.0.0 failed 9 of 90 requests")

        var handedOver = try Self.baking()
        try handedOver.say(.handOver(number: nil, reason: "the fix is next"))
        #expect(handedOver.lane.deployment?.alert != nil, "until the next takes over")
        try handedOver.promote(3)
        try handedOver.evaluate()
        #expect(Self.ended(handedOver).last?.why == .handedOver)

        var superseded = try Self.baking(queue: .latest, by: .schedule)
        try superseded.promote(3, by: .schedule)
        try superseded.evaluate()
        #expect(Self.ended(superseded).last?.why == .superseded)

        var down = try Self.baking()
        try down.say(.down(reason: "over"))
        #expect(Self.ended(down).last?.why == .takenDown)

        for script in [skipped, aborted, judged, handedOver, superseded, down] {
            #expect(Self.ended(script).map(\.number) == [1, 2])
            #expect(script.lane.deployment?.alert == nil)
        }
    }

    @Test func `what fails after its point of no return ends it too`() throws {
        var script = try LaneScript(.production(bake: Self.bake))
        script.release.reversible = false
        try script.deploy(1)
        try script.promote(2)
        try script.evaluate()
        try script.work()
        try script.judge(.fail)
        #expect(Self.ended(script).map(\.why) == [.timeOver, .failed])
    }

    @Test func `a pause moves its end`() throws {
        var script = try Self.baking()
        let until = try #require(script.lane.deployment?.alert?.until)
        try script.say(.pause(number: nil, reason: "lunch"))
        script.move(by: .minutes(30))
        try script.say(.resume(number: nil, reason: "back"))
        #expect(script.lane.deployment?.alert?.until == until + .minutes(30))
        #expect(script.lane.deployment?.alert?.until == script.lane.deployment?.stepUntil)
    }

    @Test func `a stream from before there were alert periods is read, and its bake ends without one`() throws {
        let script = try Self.baking()
        var lane = Lane()
        for event in script.events {
            switch event {
            case .alertPeriodBegan, .alertPeriodEnded: continue
            default: try lane.apply(event)
            }
        }
        #expect(lane.deployment?.alert == nil && lane.deployment?.bakes == true)
        let until = try #require(lane.deployment?.stepUntil)
        let facts = try lane.decide(.tick(at: until))
        #expect(facts.contains { if case .ended = $0 { true } else { false } })
        #expect(!facts.contains { if case .alertPeriodEnded = $0 { true } else { false } })
    }
}
