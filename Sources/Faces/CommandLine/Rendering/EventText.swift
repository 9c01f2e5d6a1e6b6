import APIClient
import Foundation

/// The record, for people.
enum EventText {
    /// `   412  2026-01-05 09:00:00  lane/shop/production #12  lane.stepStarted  by judge  {"number":3}`
    static func line(_ event: Wire.Event) -> String {
        let position = String(event.position)
        return String(repeating: " ", count: max(0, 6 - position.count)) + position
            + "  \(TimeText.second(event.at))  \(event.stream) #\(event.number)  \(event.kind)"
            + "  by \(Plain.actor(event.actor))  \(event.body)"
    }

    /// From the first event that names the promotion's number to the last one.
    static func events(_ events: [Wire.Event], ofPromotion number: Int) -> [Wire.Event] {
        let own = events.indices.filter { Self.number(of: events[$0]) == number }
        guard let first = own.first, let last = own.last else { return [] }
        return events[first...last].filter { event in
            let other = Self.number(of: event)
            return other == nil || other == number
        }
    }

    private static func number(of event: Wire.Event) -> Int? {
        struct Numbered: Decodable { var number: Int? }
        return (try? JSONDecoder().decode(Numbered.self, from: Data(event.body.utf8)))?.number
    }

    static func why(_ why: Wire.Why) -> [String] {
        if why.sentences.isEmpty { return ["Nothing has been decided on \(why.id) yet."] }
        return why.sentences.map { sentence in
            let source = "\(Plain.actor(sentence.actor)), event \(sentence.position)"
            return "\(TimeText.second(sentence.at))  \(sentence.text) (\(source))"
        }
    }

    static func replay(_ replay: Wire.Replay) -> [String] {
        let counts =
            "\(Plain.count(replay.admissions, "admission")), \(Plain.count(replay.verdicts, "verdict")) of the judge, "
            + "\(Plain.count(replay.decisions, "decision")) upon them"
        let rest =
            replay.notOnRecord == 0
            ? []
            : ["Of \(replay.notOnRecord) admissions not all that they read is on record: they are from before that."]
        if replay.differing == 0 { return ["Decided again, with the same answers: \(counts)."] + rest }
        let lines = replay.differences.flatMap {
            [
                "\($0.stream) number \($0.number), \($0.what)", "  on record: \($0.recorded)",
                "  again:     \($0.again)",
            ]
        }
        let more = replay.differing - replay.differences.count
        return ["Decided again: \(counts). \(Plain.count(replay.differing, "difference")):"] + lines
            + (more > 0 ? ["and \(more) more"] : []) + rest
    }

    static func audit(_ audit: Wire.Audit) -> [String] {
        let counts =
            "\(Plain.count(audit.records, "record")), \(Plain.count(audit.streams, "stream")), "
            + Plain.count(audit.seals, "seal")
        if audit.verified { return ["The record is whole: \(counts)."] }
        return [
            "The record is NOT whole. \(audit.problem ?? "The server does not say what is wrong.")",
            "Right before the damage: \(counts).",
        ]
    }
}
