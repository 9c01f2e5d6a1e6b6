import APIClient
import Core
import Engine
import Foundation
import HTTPAPI
import Lab
import Logging
import Ports
import Testing
import WebUI

/// What the judge said, from the record through the control plane to every face.
@Suite(.timeLimit(.minutes(1))) struct JudgementTests {
    private static let sentence = "errors: 1.2.0 failed 12 of 300 requests, 1.1.0 3 of 5700: ratio 12.5 to 90 (× odds)"
    private static let promotion = "shop/prod/1"

    @Test func `the sentence is the same in record, API, page and command line`() async throws {
        try await Recorded.with(Self.events) { server, token in
            let events = try await server.send(
                "GET", "/api/v1/events?stream=lane/shop/prod", token: token)
            #expect(events.status == 200)
            let record = try JSONDecoder().decode([Wire.Event].self, from: Data(events.text.utf8))
            #expect(record.contains { $0.kind == "lane.judged" && $0.body.contains(Self.sentence) })

            let shown = try await Self.get(server, token)
            #expect(shown.judgement?.sentence == Self.sentence)
            #expect(shown.pausedBy == "judge")

            let page = Page.promotion(
                shown, why: Wire.Why(id: shown.id, sentences: []), viewer: PageTests.viewer, words: PageTests.words)
            #expect(page.fragmentMarkup.contains("<bdi>\(Self.sentence)</bdi>"))

            let place = ["--server", server.address]
            let environment = ["SLIPWAY_TOKEN": token]
            let status = await CommandRun.of(["status"] + place, environment: environment)
            #expect(
                status.out.contains(": \(Self.sentence)\n") && status.out.contains("\n      judge, as of "),
                "\(status.out) \(status.err)")
            let why = await CommandRun.of(["why", Self.promotion] + place, environment: environment)
            #expect(why.out.contains("  \(Self.sentence). Watch out: memory grows ("), "\(why.out) \(why.err)")
        }
    }

    @Test func `a canary that the judge took back has the same sentence everywhere, as its reason and as its verdict`()
        async throws
    {
        let events = Self.events.filter { !["lane.paused", "lane.judged"].contains($0.0) } + Self.stopped
        try await Recorded.with(events) { server, token in
            let answer = try await server.send("GET", "/api/v1/events?stream=lane/shop/prod", token: token)
            let record = try JSONDecoder().decode([Wire.Event].self, from: Data(answer.text.utf8))
            for kind in ["lane.judged", "lane.aborted", "lane.ended"] {
                #expect(record.contains { $0.kind == kind && $0.body.contains(Self.sentence) }, "\(kind)")
            }

            let shown = try await Self.get(server, token)
            #expect(shown.state == .aborted)
            #expect(shown.reason == Self.sentence)
            #expect(shown.judgement?.sentence == Self.sentence && shown.judgement?.verdict == "fail")

            let asked = try await server.send("GET", "/api/v1/why/\(Self.promotion)", token: token)
            let why = try JSONDecoder().decode(Wire.Why.self, from: Data(asked.text.utf8))
            #expect(why.sentences.map(\.text).contains(Self.sentence))
            #expect(why.sentences.map(\.text).contains("aborted by judge: \(Self.sentence)"))
            #expect(why.sentences.map(\.text).contains("ended, aborted: \(Self.sentence)"))

            let page = Page.promotion(shown, why: why, viewer: PageTests.viewer, words: PageTests.words).fragmentMarkup
            #expect(
                page.components(separatedBy: Self.sentence).count - 1 == 2 + 3, "verdict, reason, and three decisions")

            let place = ["--server", server.address]
            let environment = ["SLIPWAY_TOKEN": token]
            let status = await CommandRun.of(["status"] + place, environment: environment)
            #expect(
                status.out.contains("last: 1.2.0 aborted: \(Self.sentence) (\(Self.promotion))"), "\(status.out)")
            let told = await CommandRun.of(["why", Self.promotion] + place, environment: environment)
            #expect(told.out.contains("aborted by judge: \(Self.sentence)"), "\(told.out) \(told.err)")
        }
    }

    @Test func `a judgement is on the wire with its numbers as decimals`() async throws {
        try await Recorded.with(Self.events) { server, token in
            let shown = try await Self.get(server, token)
            #expect(
                shown.judgement
                    == Wire.Judgement(
                        verdict: nil, sentence: Self.sentence, metric: "errors",
                        new: Wire.Arm(version: "1.2.0", requests: 300, errors: 12),
                        old: Wire.Arm(version: "1.1.0", requests: 5_700, errors: 3), requestsInStep: 200,
                        ratioAtLeast: 12.5, ratioAtMost: 90, evidence: Wire.Evidence(harm: 1.25, safe: -3.000001),
                        mayAdvance: false, warning: "memory grows", at: "2027-01-15T08:00:00.000Z",
                        observations: "sha256:0"))
            #expect(shown.steps == ["capacity", "shift to 5 %", "observe at 5 %", "shift to 100 %"])
            #expect(shown.step == 2)
            #expect(shown.answers.map(\.name) == ["continue", "extend", "abort"])
        }
    }

    /// Taken through the API, as the page's buttons and the verbs of the command line do.
    @Test(arguments: [Wire.PromotionVerb.skip, .resume, .abort])
    func `each answer takes the deployment on from there`(verb: Wire.PromotionVerb) async throws {
        try await Recorded.with(Self.events) { server, token in
            let before = try await Self.get(server, token)
            #expect(before.answers.contains { $0.verb == verb })
            let answer = try await server.send(
                "POST", "/api/v1/promotions/\(Self.promotion)/\(verb.rawValue)", body: #"{"reason":"looked at it"}"#,
                token: token)
            #expect(answer.status == 200, "\(answer.text)")
            let after = try await Self.get(server, token)
            #expect(after.answers == [])
            #expect(after.judgement?.sentence == Self.sentence)
            switch verb {
            case .skip: #expect(after.state == .deploying && after.step == 3)
            case .resume: #expect(after.state == .deploying && after.step == 2)
            default: #expect(after.state == .returning || after.state == .aborted)
            }
        }
    }

    private static func get(_ server: LiveServer, _ token: String) async throws -> Wire.Promotion {
        let answer = try await server.send("GET", "/api/v1/promotions/\(Self.promotion)", token: token)
        #expect(answer.status == 200, "\(answer.text)")
        return try JSONDecoder().decode(Wire.Promotion.self, from: Data(answer.text.utf8))
    }

    /// The judge is sure, and the traffic is back.
    private static let stopped = [
        (
            "lane.judged",
            #"{"at":1800000000000,"judgement":{"from":1799999990000,"harm":9250000,"mayAdvance":false,"metric":"errors","new":{"errors":12,"requests":300,"version":"1.2.0"},"observations":"sha256:0","old":{"errors":3,"requests":5700,"version":"1.1.0"},"ratioAtLeast":12500,"ratioAtMost":90000,"requestsInStep":200,"safe":-3000001,"sentence":"\#(Self.sentence)","to":1800000000000,"verdict":"fail"},"number":1,"step":2}"#
        ),
        (
            "lane.aborted",
            #"{"at":1800000000000,"deadline":1800000060000,"ending":{"by":"judge","lastLines":[],"reason":"\#(Self.sentence)"},"number":1}"#
        ),
        (
            "lane.ended",
            #"{"at":1800000000000,"candidate":{"release":"r-b","version":"1.2.0"},"number":1,"outcome":"aborted","reason":"\#(Self.sentence)"}"#
        ),
    ]

    /// A canary at 5 %, of which the judge is not sure and has asked.
    private static let events = [
        (
            "lane.requested",
            #"{"at":1800000000000,"by":"person:ada","candidate":{"release":"r-b","version":"1.2.0"},"expiresAt":1800604800000,"number":1}"#
        ),
        (
            "lane.admitted",
            #"{"at":1800000000000,"facts":{"definition":1,"gates":[],"readings":[]},"number":1,"plan":{"drain":30000,"judging":{"every":5000,"noData":{"wait":{"_0":300000}},"objective":10000,"whenTimeIsUp":"pause"},"keepWarm":3600000,"policy":"finish","reversible":true,"steps":[{"capacity":{"within":20000}},{"shift":{"_0":500}},{"observe":{"_0":500,"_1":{"atLeast":60000,"atMost":600000}}},{"shift":{"_0":10000}}],"strategy":"canary"}}"#
        ),
        (
            "lane.capacityWanted",
            #"{"candidate":{"release":"r-b","version":"1.2.0"},"definition":1,"drain":30000,"number":1}"#
        ),
        ("lane.capacityReady", #"{"number":1}"#),
        (
            "lane.stepStarted",
            #"{"at":1800000000000,"deadline":1800000900000,"number":1,"step":2,"until":1800000600000}"#
        ),
        (
            "lane.judged",
            #"{"at":1800000000000,"judgement":{"from":1799999990000,"harm":1250000,"mayAdvance":false,"metric":"errors","new":{"errors":12,"requests":300,"version":"1.2.0"},"observations":"sha256:0","old":{"errors":3,"requests":5700,"version":"1.1.0"},"ratioAtLeast":12500,"ratioAtMost":90000,"requestsInStep":200,"safe":-3000001,"sentence":"\#(Self.sentence)","to":1800000000000,"warning":"memory grows"},"number":1,"step":2}"#
        ),
        ("lane.paused", #"{"number":1,"pause":{"by":"judge","reason":"time is up","since":1800000000000}}"#),
    ]
}

/// A control plane over a record, behind a server; nothing acts on it.
enum Recorded {
    static func with(
        _ events: [(kind: String, body: String)], _ body: (LiveServer, _ token: String) async throws -> Void
    ) async throws {
        let clock = VirtualClock()
        let target = SimulatedTarget(clock: clock)
        let ledger = try MemoryStore().open(owner: "the test") { clock.now() }
        func plane() -> ControlPlane {
            ControlPlane(
                journal: Journal(ledger: ledger, time: clock, news: News()),
                doors: Doors(
                    blobs: MemoryBlobs(), source: Nobody(), builder: Nobody(), commands: Nobody(), probe: Nobody(),
                    runtime: target.runtime, router: target.router, messenger: RecordingMessenger()),
                zones: FixedZones(),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }
        let ada = Engine.Caller(actor: .person("ada"), mayAdminister: true)
        // By one that is gone then: what follows is appended behind its back.
        _ = try await plane().apply(
            "service: shop\nrun: ./shop\nenvironments: { prod: { listen: 127.0.0.1:7003, strategy: canary } }\n",
            repository: "/repositories/shop", isPlan: false, by: ada)
        let lane = LaneID(
            service: try #require(ServiceName("shop")), environment: try #require(EnvironmentName("prod")))
        let number = try await ledger.number(of: .lane(lane))
        let batch = StreamBatch(
            stream: .lane(lane), expected: number,
            events: events.map { event in
                let grown = ["lane.admitted", "lane.capacityWanted"].contains(event.kind)
                return NewEvent(kind: EventKind(event.kind, version: grown ? 2 : 1), body: Array(event.body.utf8))
            })
        _ = try await ledger.append(AppendRequest([batch], actor: .person("ada"), at: clock.now()))
        let reader = plane()
        let token = try await reader.addToken("phone", owner: .person("ada"), mayAdminister: true, by: ada).secret
        try await LiveServer.with(operations: Operations(reader)) { try await body($0, token) }
    }
}

/// Doors that nobody may go through here.
private struct Nobody: SourceRepository, Builder, CommandRunner, Probe {
    struct Asked: Error {}

    func head(of branch: String, in repository: String) async throws -> String { throw Asked() }
    func resolve(_ ref: String, in repository: String) async throws -> Commit { throw Asked() }
    func versionTags(reaching commit: String, in repository: String) async throws -> [VersionTag] { throw Asked() }
    func allVersions(in repository: String) async throws -> Set<String> { throw Asked() }
    func commits(
        since tag: String?, upTo commit: String, limit: Int, in repository: String
    ) async throws -> [Commit] { throw Asked() }
    func file(_ path: String, at commit: String, in repository: String) async throws -> [UInt8]? { throw Asked() }
    func checkOut(_ commit: String, of repository: String, to folder: String) async throws { throw Asked() }
    func tag(_ name: String, commit: String, message: String, in repository: String) async throws { throw Asked() }
    func pushTag(_ name: String, in repository: String) async throws { throw Asked() }
    func build(_ order: BuildOrder) async throws -> BuildReport { throw Asked() }
    func take(file: String) async throws -> Artifact { throw Asked() }
    func output(of release: ReleaseID, from offset: Int) async throws -> [UInt8]? { throw Asked() }
    func run(_ order: CommandOrder) async throws -> CommandReport { throw Asked() }
    func get(_ path: String, at address: ListenAddress, within: Milliseconds) async -> ProbeAnswer {
        .unreachable("nobody is there")
    }
}
