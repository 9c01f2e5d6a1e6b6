import Core
import Engine
import Lab
import Ports
import Testing

/// Canaries through the whole engine, on a simulated target with traffic.
@Suite(.timeLimit(.minutes(3))) struct CanaryTests {
    private static func file(_ strategy: String, _ keys: String...) -> String {
        let all = ["strategy: \(strategy)", "bake: 2s", "keepWarm: 1h", "drain: 1s"] + keys
        return Shop.file(Shop.line("prod", all.joined(separator: ", ")))
    }

    private static let canary =
        "{ canary: { steps: [10, 50, 100], each: { atLeast: 1s, atMost: 20s }, observe: 1s } }"

    /// A world in which 0.1.0 serves, and the commit of 0.2.0.
    private static func opened(
        _ file: String, _ traffic: Visitors, _ body: @Sendable (ControlPlane, World) async throws -> Void
    ) async throws {
        let repository = FakeRepository()
        let commits = ["feat: one", "feat: two"].map { repository.commit($0, file: file) }
        let world = World(clock: PacedClock(rate: 10), repository: repository)
        try await world.running(traffic: traffic) { plane in
            try await plane.define(file)
            _ = try await plane.build(commits[0])
            _ = try await plane.promote("0.1.0", to: "prod")
            try await plane.verified("0.1.0", in: "prod")
            _ = try await plane.build(commits[1])
            try await body(plane, world)
        }
    }

    @Test func `a healthy version is certified at each share and goes in`() async throws {
        try await Self.opened(Self.file(Self.canary), Visitors()) { plane, _ in
            let number = try await plane.promote("0.2.0", to: "prod")
            let ended = try await plane.end(number, in: "prod")
            #expect(ended.end == .deployment(.completed), "\(ended.reason)")
            #expect(ended.judgement?.new.version == "0.2.0")
            let observations = try await plane.journal.ledger.observations(
                of: Shop.lane("prod"), from: Instant(milliseconds: 0), to: Instant(milliseconds: .max), limit: 1_000)
            #expect(observations.count { $0.version == "0.2.0" } >= 4)
        }
    }

    @Test func `the judgement that is shown is of now, though nothing new is on record`() async throws {
        let long = "{ canary: { steps: [50, 100], each: { atLeast: 10m, atMost: 20m }, observe: 1s } }"
        try await Self.opened(Self.file(long), Visitors()) { plane, _ in
            let number = try await plane.promote("0.2.0", to: "prod")
            func shown() async throws -> Judgement? {
                try await plane.lane(Shop.lane("prod"), by: .ada).judgements[number]
            }
            _ = try await eventually("a first judgement") { try await (shown()?.new.requests ?? 0) > 0 ? true : nil }
            let first = try #require(try await shown())
            let stream = StreamID.lane(try Shop.lane("prod"))
            let kinds = try await plane.journal.ledger.events(of: stream, after: 0, limit: 1_000).count {
                $0.kind.name == "lane.judged"
            }
            _ = try await eventually("a newer one") {
                try await (shown().map { $0.to > first.to && $0.new.requests > first.new.requests } ?? false)
                    ? true : nil
            }
            let later = try await plane.journal.ledger.events(of: stream, after: 0, limit: 1_000).count {
                $0.kind.name == "lane.judged"
            }
            #expect(later <= kinds + 2)
            try await plane.intend(.abort(number: number, reason: "seen"), in: try Shop.lane("prod"), by: .ada)
            _ = try await plane.end(number, in: "prod")
            #expect(try await (shown()?.to ?? first.to) > first.to, "of what ended, the last")
        }
    }

    @Test func `a clock that is set back by hours makes the judge not blind`() async throws {
        let long = "{ canary: { steps: [50, 100], each: { atLeast: 10m, atMost: 20m }, observe: 1s } }"
        let traffic = Visitors(perMoment: 2, failing: ["0.2.0": 60])
        try await Self.opened(Self.file(long), traffic) { plane, world in
            let number = try await plane.promote("0.2.0", to: "prod")
            _ = try await eventually("a first judgement") {
                try await plane.lane(Shop.lane("prod"), by: .ada).judgements[number]
            }
            world.clock.move(.hours(-2))
            let ended = try await plane.end(number, in: "prod")
            #expect(ended.end == .deployment(.aborted), "\(ended.reason)")
            #expect(ended.judgement?.verdict == .fail)
        }
    }

    @Test func `a version that fails is stopped by the judge, with its evidence, and blocked`() async throws {
        try await Self.opened(Self.file(Self.canary), Visitors(failing: ["0.2.0": 40])) { plane, world in
            let number = try await plane.promote("0.2.0", to: "prod")
            let ended = try await plane.end(number, in: "prod")
            #expect(ended.end == .deployment(.aborted))
            #expect(ended.judgement?.verdict == .fail)
            #expect(ended.reason == ended.judgement?.sentence)
            let lane = try await plane.machine("prod")
            #expect(lane.versions == ["0.1.0"])
            #expect(lane.alarm?.kind == .stoppedByJudge)
            #expect(lane.blocks.map(\.by) == [.judge])
            let events = try await plane.journal.ledger.events(of: .lane(Shop.lane("prod")), after: 0, limit: 1_000)
            let kinds = events.map(\.kind.name)
            let aborted = try #require(kinds.firstIndex(of: "lane.aborted"))
            #expect(kinds[aborted - 1] == "lane.judged")
            let id = try Shop.lane("prod")
            #expect(world.target.with { $0.truth(of: id) }.unreadyWithTraffic == nil)
        }
    }

    @Test func `rolling adds instances in batches and ends with all of them`() async throws {
        let rolling = "{ rolling: { batch: 1, each: { atLeast: 1s, atMost: 20s }, observe: 1s } }"
        try await Self.opened(Self.file(rolling, "replicas: 3"), Visitors()) { plane, world in
            let number = try await plane.promote("0.2.0", to: "prod")
            let ended = try await plane.end(number, in: "prod")
            #expect(ended.end == .deployment(.completed), "\(ended.reason)")
            let lane = try Shop.lane("prod")
            let addresses = try await world.target.runtime.addresses(CapacityKey(lane: lane, number: number))
            #expect(addresses.count == 3)
        }
    }

    @Test func `without traffic nothing is decided: a person is asked, and can go on`() async throws {
        let file = Self.file(Self.canary.replacing("atMost: 20s", with: "atMost: 2s"), "noData: { wait: 1s }")
        try await Self.opened(file, Visitors(perMoment: 0)) { plane, _ in
            let number = try await plane.promote("0.2.0", to: "prod")
            for _ in 0..<2 {
                let paused = try await eventually("the question") {
                    let deployment = try await plane.machine("prod").deployment
                    return deployment?.pause?.by == .judge ? deployment : nil
                }
                #expect(paused.pause?.reason.contains("0 requests in this step") == true)
                _ = try await plane.intend(
                    .skip(number: paused.number, reason: "known"), in: Shop.lane("prod"), by: .ada)
            }
            let ended = try await plane.end(number, in: "prod")
            #expect(ended.end == .deployment(.completed))
        }
    }

    @Test func `killed in the middle of a canary, what was seen counts on`() async throws {
        let file = Self.file(
            "{ canary: { steps: [10, 100], each: { atLeast: 15s, atMost: 60s }, observe: 1s } }")
        let repository = FakeRepository()
        let commits = ["feat: one", "feat: two"].map { repository.commit($0, file: file) }
        let world = World(clock: PacedClock(rate: 10), repository: repository)
        let number = try await world.running(traffic: Visitors()) { plane in
            try await plane.define(file)
            _ = try await plane.build(commits[0])
            _ = try await plane.promote("0.1.0", to: "prod")
            try await plane.verified("0.1.0", in: "prod")
            _ = try await plane.build(commits[1])
            let number = try await plane.promote("0.2.0", to: "prod")
            _ = try await eventually("observations of 0.2.0") {
                let seen = try await plane.journal.ledger.observations(
                    of: Shop.lane("prod"), from: Instant(milliseconds: 0), to: Instant(milliseconds: .max), limit: 1_000
                )
                // On a machine that is busy elsewhere the visitors may come late.
                let key = CapacityKey(lane: try Shop.lane("prod"), number: number)
                let counted = world.target.with { $0.counts(key.lane)?.arms[key]?.requests ?? 0 }
                return seen.count { $0.version == "0.2.0" } >= 6 && counted > 0 ? () : nil
            }
            return number
        }
        let key = CapacityKey(lane: try Shop.lane("prod"), number: number)
        let counted = world.target.with { $0.counts(key.lane)?.arms[key]?.requests ?? 0 }
        #expect(counted > 0)
        try await world.running(traffic: Visitors()) { plane in
            let ended = try await plane.end(number, in: "prod")
            #expect(ended.end == .deployment(.completed), "\(ended.reason)")
            let events = try await plane.journal.ledger.events(of: .lane(Shop.lane("prod")), after: 0, limit: 1_000)
            let judged = try events.filter { $0.kind.name == "lane.judged" }.map { envelope -> Judgement? in
                guard case .judged(let body) = try EventJSON.event(Lane.Event.self, of: envelope) else { return nil }
                return body.judgement
            }
            let atTheShare = try #require(judged.compactMap(\.self).last { $0.verdict == .pass })
            #expect(
                atTheShare.new.requests > counted * 9 / 10, "\(atTheShare.new.requests) of \(counted) before the kill")
        }
    }
}
