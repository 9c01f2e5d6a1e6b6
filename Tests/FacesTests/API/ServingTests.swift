import APIClient
import Foundation
import Testing
import WebUI

/// What serves is what the router confirmed, on every face; and what a lane says of its alert period and of going back.
@Suite(.timeLimit(.minutes(1))) struct ServingTests {
    private static let candidate = #"{"release":"r-b","version":"1.2.0"}"#

    /// 1.2.0 enters in whole; the router is asked for the switch and has not confirmed it.
    private static let switching = [
        (
            "lane.requested",
            #"{"at":1800000000000,"by":"person:ada","candidate":\#(Self.candidate),"expiresAt":1800604800000,"number":1}"#
        ),
        (
            "lane.admitted",
            #"{"at":1800000000000,"facts":{"definition":1,"gates":[],"readings":[]},"number":1,"plan":{"drain":30000,"keepWarm":3600000,"policy":"finish","reversible":true,"steps":[{"capacity":{"within":20000}},{"shift":{"_0":10000}},{"bake":{"_0":1800000}}],"strategy":"bigBang"}}"#
        ),
        ("lane.capacityWanted", #"{"candidate":\#(Self.candidate),"definition":1,"drain":30000,"number":1}"#),
        ("lane.stepStarted", #"{"at":1800000000000,"deadline":1800000050000,"number":1,"step":0}"#),
        ("lane.capacityReady", #"{"number":1}"#),
        ("lane.stepCompleted", #"{"number":1,"step":0,"summary":"done"}"#),
        ("lane.stepStarted", #"{"at":1800000003000,"deadline":1800000063000,"number":1,"step":1}"#),
        ("lane.routingWanted", #"{"generation":1,"weights":{"1":10000}}"#),
    ]

    /// It has the traffic, and stands in its bake.
    private static let baking =
        Self.switching + [
            ("lane.routingConfirmed", #"{"at":1800000003200,"generation":1}"#),
            ("lane.stepCompleted", #"{"number":1,"step":1,"summary":"done"}"#),
            (
                "lane.stepStarted",
                #"{"at":1800000003200,"deadline":1800002103200,"number":1,"step":2,"until":1800001803200}"#
            ),
            (
                "lane.alertPeriodBegan",
                #"{"at":1800000003200,"candidate":\#(Self.candidate),"number":1,"until":1800001803200}"#
            ),
        ]

    /// It is verified, and 1.3.0, verified after it, has taken its place; 1.2.0 is gone.
    private static let older =
        Self.baking.dropLast() + [
            (
                "lane.verified",
                #"{"at":1800001803200,"candidate":\#(Self.candidate),"capacity":1,"number":1}"#
            ),
            (
                "lane.ended",
                #"{"at":1800001803200,"candidate":\#(Self.candidate),"number":1,"outcome":"completed","reason":""}"#
            ),
            (
                "lane.verified",
                #"{"at":1800001803300,"candidate":{"release":"r-c","version":"1.3.0"},"capacity":2,"number":2}"#
            ),
            ("lane.capacityRetiring", #"{"goneBy":1800002803200,"number":1}"#),
        ]

    private static func lane(_ server: LiveServer, _ token: String) async throws -> Wire.Lane {
        let answer = try await server.send("GET", "/api/v1/lanes/shop/prod", token: token)
        #expect(answer.status == 200, "\(answer.text)")
        return try JSONDecoder().decode(Wire.Lane.self, from: Data(answer.text.utf8))
    }

    private static func page(_ lane: Wire.Lane) throws -> String {
        try Markup(Page.lane(lane, viewer: PageTests.viewer, words: PageTests.words).fragmentMarkup).text
    }

    @Test func `a switch that the router has not confirmed serves nobody yet`() async throws {
        try await Recorded.with(Self.switching) { server, token in
            let lane = try await Self.lane(server, token)
            #expect(lane.serving.isEmpty)
            #expect(lane.switchingTo.map(\.version) == ["1.2.0"] && lane.switchingTo.map(\.weight) == [10_000])
            #expect(lane.deployment?.weight == 0)
            let text = try Self.page(lane)
            #expect(text.contains("Nothing serves yet"))
            #expect(text.contains("Switching to 1.2.0: the router has not confirmed yet"))
            let status = await CommandRun.of(
                ["status", "--server", server.address], environment: ["SLIPWAY_TOKEN": token])
            #expect(status.out.contains("nothing yet, switching to 1.2.0"), "\(status.out)")
        }
    }

    @Test func `once confirmed it serves, and while it bakes every face says that the release team is on alert`()
        async throws
    {
        try await Recorded.with(Self.baking) { server, token in
            let lane = try await Self.lane(server, token)
            #expect(lane.serving.map(\.version) == ["1.2.0"] && lane.switchingTo.isEmpty)
            #expect(lane.deployment?.weight == 10_000)
            #expect(lane.deployment?.alertSince == "2027-01-15T08:00:03.200Z")
            #expect(lane.deployment?.alertUntil == "2027-01-15T08:30:03.200Z")
            #expect(try Self.page(lane).contains("The release team is on alert until 2027-01-15 08:30:03 UTC"))
            let place = ["--server", server.address]
            let environment = ["SLIPWAY_TOKEN": token]
            let status = await CommandRun.of(["status"] + place, environment: environment)
            #expect(status.out.contains("the release team is on alert until 08:30:03"), "\(status.out)")
            let why = await CommandRun.of(["why", "shop/prod/1"] + place, environment: environment)
            #expect(
                why.out.contains("the release team is on alert for 1.2.0 until 08:30:03 UTC (30 min)"), "\(why.out)")
            let log = await CommandRun.of(["log", "shop/prod/1"] + place, environment: environment)
            #expect(log.out.contains("lane.alertPeriodBegan"), "\(log.out)")
        }
    }

    @Test func `how long going back would take is in API, page and command line, by what it took here before`()
        async throws
    {
        try await Recorded.with(Array(Self.older)) { server, token in
            let lane = try await Self.lane(server, token)
            let plan = try #require(lane.rollback)
            #expect(lane.rollbackTo == "1.2.0" && plan.version == "1.2.0")
            #expect(!plan.isWarm && plan.isMeasured && plan.expected == 3_200 && plan.drain == 30_000)
            let sentence =
                "Back to 1.2.0 in about 3.2 s: its instances start and pass health first (3 s, as the last start here "
                + "took), then it takes one switch of the traffic, 0.2 s, as the last switch here took. What serves now "
                + "then has up to 30 s to answer what it has begun; the traffic is back before that."
            #expect(plan.sentence == sentence)
            #expect(try Self.page(lane).contains(sentence))
            let asked = try await server.send("GET", "/api/v1/lanes/shop/prod/rollback?to=1.2.0", token: token)
            #expect(try JSONDecoder().decode(Wire.RollbackPlan.self, from: Data(asked.text.utf8)) == plan)
            let unknown = try await server.send("GET", "/api/v1/lanes/shop/prod/rollback?to=9.9.9", token: token)
            #expect(unknown.status == 409 && unknown.text.contains("9.9.9 was never verified here"), "\(unknown.text)")
            let told = await CommandRun.of(
                ["rollback", "shop", "--env", "prod", "--plan", "--server", server.address],
                environment: ["SLIPWAY_TOKEN": token])
            #expect(told.out == sentence, "\(told.out) \(told.err)")
        }
    }
}
