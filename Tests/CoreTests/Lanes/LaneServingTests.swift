import Core
import Testing

/// What serves is what the router has confirmed; and how long going back would take is said before.
struct LaneServingTests {
    private static func versions(_ shares: [(capacity: Capacity, weight: BasisPoints)]) -> [String: Int] {
        Dictionary(uniqueKeysWithValues: shares.map { ($0.capacity.candidate.version, $0.weight.count) })
    }

    @Test func `until the router confirms a switch, what served before serves, and the wanted is what it switches to`()
        throws
    {
        var script = try LaneScript(.production())
        try script.promote(1)
        try script.evaluate()
        while script.lane.serving.isEmpty { try #require(try script.workOnce()) }
        #expect(script.lane.confirmedServing.isEmpty)
        #expect(Self.versions(script.lane.switchingTo) == ["1.0.0": 10_000])
        try script.finish()
        #expect(Self.versions(script.lane.confirmedServing) == ["1.0.0": 10_000])
        #expect(script.lane.switchingTo.isEmpty)

        try script.promote(2)
        try script.evaluate()
        while script.lane.serving.first?.capacity.number != 2 { try #require(try script.workOnce()) }
        #expect(Self.versions(script.lane.confirmedServing) == ["1.0.0": 10_000])
        #expect(Self.versions(script.lane.switchingTo) == ["2.0.0": 10_000])
        #expect(script.lane.confirmedWeight(of: 2) == .zero)
        try script.routed()
        #expect(Self.versions(script.lane.confirmedServing) == ["2.0.0": 10_000])
        #expect(script.lane.switchingTo.isEmpty)
    }

    @Test func `a late word on an older switch says what serves, while a newer one is wanted`() throws {
        var script = try LaneScript(.production())
        try script.deploy(1)
        try script.promote(2)
        try script.evaluate()
        while script.lane.serving.first?.capacity.number != 2 { try #require(try script.workOnce()) }
        let older = script.lane.routing.generation
        try script.say(.abort(number: nil, reason: "no"))
        try #require(script.lane.routing.generation == older + 1)
        #expect(script.lane.switchingTo.isEmpty, "the router is asked for what it does already")
        try script.hear(.routed(generation: older))
        #expect(Self.versions(script.lane.confirmedServing) == ["2.0.0": 10_000])
        #expect(Self.versions(script.lane.switchingTo) == ["1.0.0": 10_000])
        try script.routed()
        #expect(Self.versions(script.lane.confirmedServing) == ["1.0.0": 10_000])
        #expect(script.lane.unconfirmed.isEmpty)
    }

    @Test func `taken down, nothing serves once the router is gone`() throws {
        var script = try LaneScript(.production())
        try script.deploy(1)
        try script.say(.down(reason: "over"))
        #expect(Self.versions(script.lane.confirmedServing) == ["1.0.0": 10_000])
        try script.hear(.routerRemoved)
        #expect(script.lane.confirmedServing.isEmpty)
        try script.finish()
        #expect(script.lane.confirmedServing.isEmpty && script.lane.switchingTo.isEmpty)
    }

    // MARK: Expected time of a rollback

    private static func forecast(_ script: LaneScript, to version: String? = nil) throws -> RollbackForecast {
        let target = try script.lane.rollbackTarget(version)
        return script.lane.rollbackForecast(to: target, health: .seconds(20), drain: .seconds(5))
    }

    /// Brings instances up in three seconds, and switches in 200 ms.
    private static func deploy(_ number: Int, in script: inout LaneScript) throws {
        try script.promote(number)
        try script.evaluate()
        while script.lane.deployment?.currentStep != .bake(.minutes(10)) {
            switch script.lane.deployment?.currentStep {
            case .capacity: script.move(by: .seconds(3))
            case .shift: script.move(by: Milliseconds(200))
            default: break
            }
            try #require(try script.workOnce())
        }
        try script.finish()
    }

    @Test func `a warm rollback is one switch, as long as the lane's own took`() throws {
        var script = try LaneScript(.production())
        try Self.deploy(1, in: &script)
        try Self.deploy(2, in: &script)
        let forecast = try Self.forecast(script)
        #expect(forecast.target.version == "1.0.0" && forecast.isWarm && forecast.isMeasured)
        #expect(forecast.switching.basis == .measured(2))
        #expect(forecast.expected == Milliseconds(200))
    }

    @Test func `a cold one starts its instances first`() throws {
        var script = try LaneScript(.production())
        try Self.deploy(1, in: &script)
        try Self.deploy(2, in: &script)
        try script.pass(.minutes(70))
        try script.work()
        let forecast = try Self.forecast(script)
        #expect(!forecast.isWarm && forecast.isMeasured)
        #expect(forecast.start?.basis == .measured(2))
        #expect(forecast.expected == Milliseconds(3_200))
        #expect(forecast.drain == .seconds(5))
    }

    @Test func `what never happened here is told by its limit`() throws {
        var script = try LaneScript(.production())
        try Self.deploy(1, in: &script)
        try Self.deploy(2, in: &script)
        try script.pass(.minutes(70))
        try script.work()
        let target = try script.lane.rollbackTarget(nil)
        var fresh = Lane()
        for event in script.events {
            switch event {
            case .stepStarted(let body) where body.step > 0: continue
            case .routingConfirmed(let body):
                try fresh.apply(.routingConfirmed(body))
            default: try fresh.apply(event)
            }
        }
        let forecast = fresh.rollbackForecast(to: target, health: .seconds(20), drain: .zero)
        #expect(forecast.start?.basis == .limit && forecast.start?.time == .seconds(20))
        #expect(forecast.switching.basis == .limit && forecast.switching.time == .seconds(60))
        #expect(forecast.expected == .seconds(80) && !forecast.isMeasured)
    }

    @Test func `while one is under way, going back is its way back; to an older one it is two switches`() throws {
        var script = try LaneScript(.production())
        try Self.deploy(1, in: &script)
        try Self.deploy(2, in: &script)
        try script.promote(3)
        try script.evaluate()
        try script.work()
        let back = try Self.forecast(script)
        #expect(back.target.version == "2.0.0" && back.switches == 1 && back.isWarm)
        let older = try Self.forecast(script, to: "1.0.0")
        #expect(older.switches == 2)
    }

    @Test func `time in which a person had paused is no measure`() throws {
        var script = try LaneScript(.production())
        try script.promote(1)
        try script.evaluate()
        try script.say(.pause(number: nil, reason: "lunch"))
        try script.work()
        script.move(by: .minutes(30))
        try script.say(.resume(number: nil, reason: "back"))
        #expect(script.lane.times.starts.isEmpty)
    }

    @Test func `only the last ten count`() throws {
        var script = try LaneScript(.production())
        for number in 1...12 { try Self.deploy(number, in: &script) }
        #expect(script.lane.times.starts.count == Lane.timesLimit)
        #expect(script.lane.times.switches.count == Lane.timesLimit)
    }
}
