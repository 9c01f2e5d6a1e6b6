import Core
import Engine
import Foundation
import Lab
import Ports
import Testing

/// The record decided again, and what a record that was tampered with gives away.
@Suite(.timeLimit(.minutes(3))) struct ReplayTests {
    private static let canary =
        "strategy: { canary: { steps: [10, 50, 100], each: { atLeast: 1s, atMost: 20s }, observe: 1s } }"

    private static let file = Shop.file(
        [
            Shop.line("dev", "promote: automatically"),
            Shop.line(
                "prod", "after: dev", "gates: [ tests, { soak: 1s }, { approval: { from: [bob], count: 1 } } ]", canary,
                "bake: 2s", "keepWarm: 1h", "drain: 1s"),
        ].joined(separator: "\n"), tests: true)

    /// A history with gates of every kind, a canary that goes in, and one that the judge stops.
    private static func history(_ body: @Sendable (ControlPlane) async throws -> Void) async throws {
        let repository = FakeRepository()
        let commits = ["feat: one", "feat: two", "feat: three"].map { repository.commit($0, file: Self.file) }
        let world = World(clock: PacedClock(rate: 10), repository: repository)
        world.builder.report(TestSummary(passed: 3, failed: 0, errors: 0, skipped: 0, failures: [], results: nil))
        try await world.running(traffic: Visitors(failing: ["0.3.0": 60])) { plane in
            try await plane.define(Self.file)
            for (place, commit) in commits.enumerated() {
                let version = "0.\(place + 1).0"
                _ = try await plane.build(commit)
                let number = try await plane.promote(version, to: "prod")
                let change = ChangeID(try Shop.lane("prod"), number)
                _ = try await plane.decide(change, yes: true, reason: "fine", by: .bob)
                try await plane.end(number, in: "prod")
            }
            try await body(plane)
        }
    }

    /// The same ledger once more, with some bodies and observations changed.
    private static func copy(
        _ ledger: any Ledger, events edit: (Envelope, String) -> String = { $1 },
        looks: (String) -> String = { $0 }
    ) async throws -> (World, any Ledger) {
        let world = World()
        let other = try world.open()
        var after = 0
        while true {
            let page = try await ledger.events(after: after, limit: 500)
            for event in page where event.stream != .ledger {
                let body = edit(event, String(decoding: event.body, as: UTF8.self))
                let number = try await other.number(of: event.stream)
                _ = try await other.append(
                    AppendRequest(
                        [
                            StreamBatch(
                                stream: event.stream, expected: number,
                                events: [NewEvent(kind: event.kind, body: Array(body.utf8))])
                        ], actor: event.actor, at: event.at))
            }
            guard page.count == 500, let last = page.last else { break }
            after = last.position
        }
        for name in ["dev", "prod"] {
            let seen = try await ledger.observations(
                of: try Shop.lane(name), from: Instant(milliseconds: 0), to: Instant(milliseconds: .max),
                limit: 10_000)
            try await other.record(
                seen.map { observation in
                    var changed = observation
                    changed.body = Array(looks(String(decoding: observation.body, as: UTF8.self)).utf8)
                    return changed
                })
        }
        return (world, other)
    }

    private static func replay(_ copy: (World, any Ledger)) async throws -> ReplayReport {
        try await copy.0.plane(over: copy.1).replay(nil, by: .bob)
    }

    @Test func `a whole history replays without difference, and what is changed in it is found`() async throws {
        try await Self.history { plane in
            let report = try await plane.replay(nil, by: .bob)
            #expect(report.differences == [])
            #expect(report.admissions == 6)
            #expect(report.verdicts >= 4)
            #expect(report.decisions >= 4)
            #expect(report.notOnRecord == 0)
            let ledger = plane.journal.ledger
            let same = try await Self.replay(try await Self.copy(ledger))
            #expect(same == report)

            let admitted = { (event: Envelope) in event.kind.name == "lane.admitted" }
            let wrongGate = try await Self.replay(
                try await Self.copy(ledger) { event, body in
                    admitted(event)
                        ? body.replacing(
                            #""gate":"approval","reason":"approved by person:bob","verdict":"pass""#,
                            with: #""gate":"approval","reason":"-","verdict":"inconclusive""#) : body
                })
            #expect(wrongGate.differing == 3)
            #expect(wrongGate.differences.map(\.what) == ["gates", "gates", "gates"])
            #expect(wrongGate.differences.first?.recorded.contains("approval inconclusive") == true)
            #expect(wrongGate.differences.first?.again.contains("approval pass") == true)

            // As if the change had been read before anybody said yes.
            let early = try await Self.replay(
                try await Self.copy(ledger) { event, body in
                    admitted(event) ? body.replacing(/(change\/c-shop-prod-\d+)@\d+/) { "\($0.output.1)@1" } : body
                })
            #expect(early.differing == 3)
            #expect(early.differences.first?.again.contains("approval pending") == true)

            let unread = try await Self.replay(
                try await Self.copy(ledger) { event, body in
                    admitted(event) ? body.replacing(/,?"change\/c-shop-prod-\d+@\d+"/, with: "") : body
                })
            #expect(unread.differences.map(\.what) == ["readings", "readings", "readings"])

            let otherPlan = try await Self.replay(
                try await Self.copy(ledger) { event, body in
                    admitted(event) ? body.replacing(#""drain":1000"#, with: #""drain":2000"#) : body
                })
            #expect(otherPlan.differences.contains { $0.what == "plan" })
        }
    }

    @Test func `a verdict that the observations do not give, and a step that does not follow from it, are found`()
        async throws
    {
        try await Self.history { plane in
            let ledger = plane.journal.ledger
            let softened = try await Self.replay(
                try await Self.copy(ledger) { event, body in
                    event.kind.name == "lane.judged"
                        ? body.replacing(/"harm":\d+/, with: #""harm":7"#) : body
                })
            #expect(softened.differences.contains { $0.what == "verdict" && $0.recorded.contains("harm 7,") })

            let looks = try await Self.replay(
                try await Self.copy(ledger, looks: { $0.replacing(/"errors":[1-9]\d*/, with: #""errors":0"#) }))
            #expect(looks.differences.contains { $0.what == "verdict" })

            // The judge said fail, and the lane went on: the recorded abort is made somebody's.
            let other = try await Self.replay(
                try await Self.copy(ledger) { event, body in
                    event.kind.name == "lane.aborted"
                        ? body.replacing(#""by":"judge""#, with: #""by":"person:eve""#) : body
                })
            #expect(other.differences.contains { $0.what == "decision" && $0.recorded.contains("person:eve") })
        }
    }

    @Test func `rules that this build does not know are named`() async throws {
        try await Self.history { plane in
            let newer = try await Self.replay(
                try await Self.copy(plane.journal.ledger) { event, body in
                    event.kind.name == "lane.admitted" ? body.replacing(#""rules":1"#, with: #""rules":2"#) : body
                })
            #expect(newer.differences.map(\.what) == Array(repeating: "rules", count: 6))
            // Before admissions named their rules the plan said less: the gates are decided again all the same.
            let older = try await Self.replay(
                try await Self.copy(plane.journal.ledger) { event, body in
                    event.kind.name == "lane.admitted" ? body.replacing(#","rules":1"#, with: "") : body
                })
            #expect(older.differing == 0)
            #expect(older.admissions == 6)
            let other = try #require(ServiceName("other"))
            await #expect(throws: Refusal.self) { try await plane.replay(other, by: .bob) }
        }
    }
}
