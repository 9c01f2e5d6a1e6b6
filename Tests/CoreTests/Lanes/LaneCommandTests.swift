import Core
import Testing

/// The commands that a lane's words name: whole, with the lane's own names.
@Suite struct LaneCommandTests {
    private func production() throws -> LaneScript {
        var script = LaneScript(try .production())
        let (service, environment) = (try #require(ServiceName("shop")), try #require(EnvironmentName("prod")))
        script.stand(in: LaneID(service: service, environment: environment))
        return script
    }

    private func refusal(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "nothing was refused"
        } catch {
            return (error as? Refusal)?.message ?? "\(error)"
        }
    }

    @Test func `a rollback with nothing to go back to names the abort of what is on its way`() throws {
        var script = try self.production()
        try script.promote(1)
        #expect(self.refusal { try script.rollBack() } == "There is no earlier verified version here to go back to.")
        try script.evaluate()
        #expect(
            self.refusal { try script.rollBack() }
                == "There is no earlier verified version here to go back to. "
                + "`slipway abort shop/prod/1 --reason …` stops the deployment of 1.0.0.")
        #expect(
            self.refusal { try script.rollBack(to: "9.0.0") }
                == "9.0.0 was never verified here. No version to go back to is known. "
                + "`slipway abort shop/prod/1 --reason …` stops the deployment of 1.0.0.")
        try script.say(.abort(number: 1, reason: "no"))
        #expect(script.lane.deployment?.phase != .running)
    }

    @Test func `what was stopped names the retry of its promotion`() throws {
        var script = try self.production()
        try script.promote(1)
        try script.evaluate()
        try script.say(.abort(number: 1, reason: "too slow"))
        try script.finish()
        #expect(self.refusal { try script.promote(1) }.contains("too slow. A named person"))
        #expect(self.refusal { try script.promote(1) }.contains("`slipway retry shop/prod/1 --reason …`"))
    }

    /// What ended well has no promotion to retry: that would say that it serves already.
    @Test func `a block that a person set on what serves names its removal`() throws {
        var script = try self.production()
        try script.deploy(1)
        try script.deploy(2)
        try script.say(.block(LaneScript.candidate(1).release, reason: "leaks"))
        #expect(
            self.refusal { try script.promote(1) }
                == "1.0.0 is blocked here by person:anna: leaks. A named person can lift that with "
                + "`slipway block remove r-1 --env prod --reason …`, or roll forward with a fix.")
    }

    @Test func `hold, pin and block name what lifts them`() throws {
        var script = try self.production()
        try script.promote(1)
        try script.say(.hold(reason: "inventory.", until: nil))
        try script.say(.pin(LaneScript.candidate(9), reason: "audit"))
        try script.say(.block(LaneScript.candidate(1).release, reason: "leaks"))
        let queued = try #require(script.lane.queue.first)
        #expect(
            script.lane.guards(for: queued, at: script.now).map(\.reason) == [
                "held by person:anna: inventory. `slipway hold remove shop --env prod --reason …` releases it.",
                "pinned to 9.0.0 by person:anna: audit. `slipway pin remove shop --env prod --reason …` releases it.",
                "blocked by person:anna: leaks. `slipway block remove r-1 --env prod --reason …` lifts it.",
            ])
    }

    @Test func `an alarm is sentences, and says what to look at`() throws {
        var script = try self.production()
        try script.deploy(1)
        try script.hear(.capacityLost(1, reason: "it exited with 1"))
        let alarm = try #require(script.lane.alarm)
        #expect(
            alarm.inWords
                == "\(alarm.reason). Next: look at `slipway logs shop --env prod`; "
                + "`slipway rollback shop --env prod --reason …` goes back to the version before.")
    }
}
