import Foundation
import Testing

struct EvalVerbTests {
    private static func run(_ verb: String, _ json: String) async throws -> CommandRun {
        let file = URL.temporaryDirectory.appending(path: "slipway-eval-\(UUID().uuidString).json")
        try Data(json.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return await CommandRun.of(verb, "eval", "--cases", file.path)
    }

    @Test func `freezes and windows are decided without a server`() async throws {
        let run = try await Self.run(
            "freeze",
            #"""
            {"cases": [{"windows": [
              {"kind": "freeze", "start": "2026-03-27T18:00:00", "end": "2026-03-30T08:00:00", "zone": "Europe/Berlin",
               "recurrence": null, "directions": ["forward"]},
              {"kind": "window", "start": "2026-01-05T09:00:00", "end": "2026-01-05T17:00:00", "zone": "Europe/Berlin",
               "recurrence": "FREQ=WEEKLY;BYDAY=MO,FR", "directions": ["forward"]}],
              "direction": "forward", "at": ["2026-03-27T12:00:00Z", "2026-03-27T18:30:00+01:00"]}]}
            """#)
        #expect(run.code == 0, "\(run.err)")
        #expect(
            run.out.filter { !$0.isWhitespace }
                == #"{"results":[{"nextOpen":["2026-03-27T12:00:00Z","2026-03-30T07:00:00Z"],"open":[true,false]}]}"#)
    }

    @Test func `approvals are matched without a server`() async throws {
        let run = try await Self.run(
            "approval",
            #"""
            {"cases": [
              {"rules": [{"from": ["leads", "ops"], "count": 2}], "groups": {"leads": ["a", "b"], "ops": ["b", "c"]},
               "authors": ["a"], "approvals": ["b", "c"], "rejections": []},
              {"rules": [{"from": ["leads"], "count": 1}, {"from": ["nobody"], "count": 2}],
               "groups": {"leads": ["a", "b"]}, "authors": ["a"], "approvals": ["a", "b", "b"], "rejections": []},
              {"rules": [{"from": ["leads"], "count": 1}], "groups": {"leads": ["a", "b"]}, "authors": ["a"],
               "approvals": ["b"], "rejections": ["a"]},
              {"rules": [{"from": ["leads"], "count": 1}], "groups": {"leads": ["a", "b"]}, "authors": [],
               "approvals": ["b"], "rejections": ["stranger"]}]}
            """#)
        #expect(run.code == 0, "\(run.err)")
        let results = [
            #"{"missing":[],"rejected":false,"satisfied":true}"#,
            #"{"missing":[{"count":2,"rule":1}],"rejected":false,"satisfied":false}"#,
            #"{"missing":[],"rejected":true,"satisfied":false}"#, #"{"missing":[],"rejected":false,"satisfied":true}"#,
        ].joined(separator: ",")
        let wanted = #"{"results":["# + results + "]}"
        #expect(run.out.filter { !$0.isWhitespace } == wanted)
    }

    @Test(arguments: [
        (#"{"windows": [{"kind": "ban"}], "direction": "forward", "at": []}"#, "is one of freeze, window"),
        (#"{"windows": [], "direction": "sideways", "at": []}"#, "is one of forward, rollback, kill, emergency"),
        (#"{"windows": [], "direction": "forward", "at": ["today"]}"#, "2026-03-27T12:00:00Z"),
        (
            #"{"windows": [{"kind": "freeze", "start": "2026-03-30T08:00:00", "end": "2026-03-27T18:00:00", "#
                + #""zone": "UTC", "directions": ["forward"]}], "direction": "forward", "at": []}"#,
            "must be later than its start"
        ),
    ])
    func `a case that means nothing is refused with its place`(text: String, words: String) async throws {
        let run = try await Self.run("freeze", #"{"cases": [\#(text)]}"#)
        #expect(run.code == 1)
        #expect(run.out.isEmpty && run.err.contains("case 1") && run.err.contains(words), "\(run.err)")
    }
}
