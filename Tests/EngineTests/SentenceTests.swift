import Core
import Engine
import Foundation
import Ports
import Testing

/// Every sentence that is made of stored facts, with reasons as people write them: some end with a full stop.
struct SentenceTests {
    private static let lane = [
        Stored.laneQueue, Stored.laneDeployment, Stored.laneGuards, Stored.laneNow, Stored.laneNewest,
    ]

    @Test(arguments: ["", ".", "…"])
    func `no sentence has doubled punctuation or a bracket too many`(_ end: String) throws {
        var count = 0
        for (name, body) in Self.lane.flatMap({ Array($0) }) {
            let versions = 1...3
            for version in versions {
                let envelope = try Self.envelope(EventKind(name, version: version), Self.ended(body, end))
                guard let event = try? EventJSON.event(Lane.Event.self, of: envelope),
                    let text = event.sentence?.text
                else { continue }
                count += 1
                #expect(Self.faults(text) == [], "\(name): \(text)")
            }
        }
        for (name, body) in Stored.release {
            let envelope = try Self.envelope(EventKind(name), Self.ended(body, end))
            guard let text = try EventJSON.event(Release.Event.self, of: envelope).sentence else { continue }
            count += 1
            #expect(Self.faults(text) == [], "\(name): \(text)")
        }
        for (name, body) in Stored.change {
            let envelope = try Self.envelope(EventKind(name), Self.ended(body, end))
            guard let text = try EventJSON.event(ChangeRequest.Event.self, of: envelope).sentence else { continue }
            count += 1
            #expect(Self.faults(text) == [], "\(name): \(text)")
        }
        #expect(count > 40)
    }

    @Test(arguments: ["", "."])
    func `what keeps a promotion waiting is joined to clean sentences`(_ end: String) throws {
        let candidate = Candidate(release: try #require(ReleaseID("r-1")), version: "1.0.0")
        let ada = Actor.person("ada")
        let now = Instant(milliseconds: 1_800_000_000_000)
        var lane = Lane()
        let intents: [Lane.Intent] = [
            .hold(reason: "the shop is closed" + end, until: nil),
            .pin(
                Candidate(release: try #require(ReleaseID("r-0")), version: "0.9.0"), reason: "an audit" + end),
            .promote(candidate),
        ]
        for intent in intents {
            for event in try lane.decide(.intent(intent, by: ada, at: now)) { try lane.apply(event) }
        }
        let queued = try #require(lane.queue.first)
        var gates = lane.guards(for: queued, at: now)
        gates.append(GateResult(gate: "after staging", verdict: nil, reason: "not verified there yet" + end))
        #expect(gates.count == 3)
        let text = gates.map(\.inWords).joined(separator: "; ")
        #expect(Self.faults(text) == [], "\(text)")
    }

    @Test func `the check finds what it is for`() {
        #expect(Self.faults("lets it through.; after staging") == [".;"])
        #expect(Self.faults("too late.. And") == [".."])
        #expect(Self.faults("reset (set): refused) (errno: 1)) x") == ["brackets"])
        #expect(Self.faults("a … b, `c (d..` e.g. 1.2.3 (f).") == [])
    }

    /// Marks that follow one another, and brackets that do not match; what stands in backticks is quoted.
    private static func faults(_ text: String) -> [String] {
        let parts = text.split(separator: "`", omittingEmptySubsequences: false)
        let said = parts.enumerated().map { $0.offset.isMultiple(of: 2) ? String($0.element) : "x" }.joined()
        var faults: [String] = []
        let marks = Array(said)
        for (first, second) in zip(marks, marks.dropFirst()) where ".,;:!?".contains(first) {
            if ".,;:".contains(second) { faults.append("\(first)\(second)") }
        }
        var depth = 0
        var isWrong = false
        for mark in marks {
            if mark == "(" { depth += 1 }
            if mark == ")" { depth -= 1 }
            if depth < 0 { isWrong = true }
        }
        return faults + (isWrong || depth != 0 ? ["brackets"] : [])
    }

    /// The body with each of its reasons and summaries ended so.
    private static func ended(_ body: String, _ end: String) throws -> String {
        func walk(_ value: Any) -> Any {
            if let list = value as? [Any] { return list.map(walk) }
            guard let fields = value as? [String: Any] else { return value }
            return Dictionary(
                uniqueKeysWithValues: fields.map { name, value in
                    if ["reason", "summary", "sentence", "warning", "last", "nextAction"].contains(name),
                        let text = value as? String, !text.isEmpty
                    {
                        return (name, text.trimmingCharacters(in: CharacterSet(charactersIn: ".!")) + end as Any)
                    }
                    return (name, walk(value))
                })
        }
        let value = try JSONSerialization.jsonObject(with: Data(body.utf8))
        return String(decoding: try JSONSerialization.data(withJSONObject: walk(value)), as: UTF8.self)
    }

    private static func envelope(_ kind: EventKind, _ body: String) throws -> Envelope {
        Envelope(
            NewEvent(kind: kind, body: Array(body.utf8)), of: .access, after: nil, position: 1,
            at: Instant(milliseconds: 0), actor: .system, cause: nil)
    }
}
