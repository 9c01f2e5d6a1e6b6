import Foundation
import Testing

struct JudgeVerbTests {
    @Test func `every result is what its case expects, to 1e-9`() async throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("CanaryAnalysisTests/Fixtures/Vectors.json")
        let run = await CommandRun.of("judge", "--cases", file.path)
        #expect(run.code == 0)
        #expect(run.err.isEmpty)
        let given = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: [[String: Any]]])
        let printed = try #require(
            try JSONSerialization.jsonObject(with: Data(run.out.utf8)) as? [String: [Any]])
        let cases = try #require(given["cases"])
        let results = try #require(printed["results"])
        #expect(results.count == cases.count && cases.count >= 10)
        for (one, result) in zip(cases, results) {
            let differences = Self.differences(result, try #require(one["expect"]), "")
            #expect(differences.isEmpty, "\(one["kind"] ?? "")")
        }
    }

    /// Where two JSON values are not the same: numbers to 1e-9 relative, and around zero to 1e-12.
    static func differences(_ one: Any, _ other: Any, _ path: String) -> [String] {
        switch (one, other) {
        case (let one as [String: Any], let other as [String: Any]):
            guard Set(one.keys) == Set(other.keys) else { return ["\(path): \(one.keys) and \(other.keys)"] }
            return one.flatMap { key, value in Self.differences(value, other[key] ?? NSNull(), "\(path).\(key)") }
        case (let one as [Any], let other as [Any]):
            guard one.count == other.count else { return ["\(path): \(one.count) and \(other.count)"] }
            return zip(one, other).enumerated().flatMap { index, pair in
                Self.differences(pair.0, pair.1, "\(path)[\(index)]")
            }
        case (let one as String, let other as String):
            return one == other ? [] : ["\(path): \(one) and \(other)"]
        case (is NSNull, is NSNull):
            return []
        case (let one as Double, let other as Double):
            return abs(one - other) <= 1e-9 * max(1e-3, abs(other)) ? [] : ["\(path): \(one) and \(other)"]
        default:
            return ["\(path): \(one) and \(other)"]
        }
    }

    @Test func `results stand in the order of the cases, and a kind that is not judged yet gives null`() async throws {
        let run = try await Self.judge(
            #"""
            {"cases": [
              {"kind": "combine", "log_e": [0, 0]},
              {"kind": "kayenta", "name": "high", "control": [1], "experiment": [2]},
              {"kind": "combine", "log_e": [9, 9]}
            ]}
            """#)
        #expect(run.code == 0)
        #expect(
            run.err == "slipway: case 2 (kayenta, \"high\"): the kind `kayenta` is not judged yet, its result is null.")
        let printed = try #require(try JSONSerialization.jsonObject(with: Data(run.out.utf8)) as? [String: [Any]])
        let results = try #require(printed["results"])
        #expect(results.count == 3)
        #expect((results[0] as? [String: Any])?["reject_global"] as? Bool == false)
        #expect(results[1] is NSNull)
        #expect((results[2] as? [String: Any])?["bonferroni"] as? [Int] == [0, 1])
    }

    @Test func `no cases are no results`() async throws {
        let run = try await Self.judge(#"{"cases": []}"#)
        #expect(run.code == 0)
        #expect(run.out == #"{"results":[]}"#)
    }

    @Test(
        arguments: [
            ("", ["no JSON"]), ("[]", ["`cases`"]), (#"{"cases": {}}"#, ["`cases`"]),
            (#"{"cases": [1]}"#, ["Case 1"]), (#"{"cases": [{"kind": 7}]}"#, ["case 1", "`kind`", "the number 7"]),
            (#"{"cases": [{"kind": "combine", "log_e": [1]}, {"kind": "odd"}]}"#, ["case 2", "`kind`", "odds_grid"]),
            (#"{"cases": [{"kind": "odds_grid"}]}"#, ["case 1 (odds_grid)", "`batches`", "missing"]),
            (
                #"{"cases": [{"kind": "odds_grid", "name": "x", "batches": [[1, 2, 3]]}]}"#,
                ["case 1 (odds_grid, \"x\")", "batches[0]", "a list of 3"]
            ),
            (
                #"{"cases": [{"kind": "odds_grid", "batches": [[1, 2, 3, 0]]}]}"#,
                ["case 1", "batches[0]", "2 events of 1"]
            ),
            (#"{"cases": [{"kind": "odds_grid", "batches": [[-1, 0, 3, 0]]}]}"#, ["batches[0]", "-1 requests"]),
            (#"{"cases": [{"kind": "odds_grid", "batches": [[1.5, 0, 3, 0]]}]}"#, ["batches[0]", "whole numbers"]),
            (#"{"cases": [{"kind": "odds_grid", "batches": [[1e300, 0, 3, 0]]}]}"#, ["batches[0]"]),
            (#"{"cases": [{"kind": "odds_grid", "batches": [["1", 0, 3, 0]]}]}"#, ["batches[0]"]),
            (#"{"cases": [{"kind": "odds_grid", "batches": [[0, 1, 0, 1, 1.5]]}]}"#, ["batches[0]", "share of 1.5"]),
            (#"{"cases": [{"kind": "odds_grid", "alpha": 0, "batches": []}]}"#, ["`alpha`", "10^-12"]),
            (#"{"cases": [{"kind": "odds_grid", "rho0": 0.5, "batches": []}]}"#, ["rho0", "0.5"]),
            (#"{"cases": [{"kind": "odds_grid", "phi": 0, "batches": []}]}"#, ["dispersion of 0"]),
            (#"{"cases": [{"kind": "odds_grid", "cap": -1, "batches": []}]}"#, ["cap of -1"]),
            (#"{"cases": [{"kind": "odds_grid", "T": 1.5, "batches": []}]}"#, ["`T`", "whole number"]),
            (#"{"cases": [{"kind": "judge", "metrics": [{"streams": [[]]}]}]}"#, ["`metrics[0].name`", "missing"]),
            (
                #"{"cases": [{"kind": "judge", "metrics": [{"name": "a", "streams": [[[1,0,1,0]], []]}]}]}"#,
                ["`metrics`", "equally long"]
            ),
            (#"{"cases": [{"kind": "judge", "metrics": []}]}"#, ["metrics", "0 metrics"]),
            (
                #"{"cases": [{"kind": "judge", "metrics": [{"name": "a", "streams": [[]], "certify": 1}]}]}"#,
                ["certify"]
            ),
            (#"{"cases": [{"kind": "judge", "alpha": 0, "metrics": [{"name": "a", "streams": [[]]}]}]}"#, ["`alpha`"]),
            (#"{"cases": [{"kind": "beta_binomial", "kappa": 2, "batches": []}]}"#, ["`theta`", "missing"]),
            (#"{"cases": [{"kind": "beta_binomial", "theta": 1, "kappa": 2, "batches": [[1,1]]}]}"#, ["share of 1"]),
            (#"{"cases": [{"kind": "beta_binomial", "theta": 0.5, "kappa": 0, "batches": [[1,1]]}]}"#, ["strength"]),
            (
                #"{"cases": [{"kind": "dirichlet_multinomial", "theta": [0.5, 0.6], "kappa": 1, "batches": [[1,1]]}]}"#,
                ["theta", "sum 1"]
            ),
            (
                #"{"cases": [{"kind": "dirichlet_multinomial", "theta": [0.5, 0.5], "kappa": 1, "batches": [[1]]}]}"#,
                ["2 counts"]
            ),
            (#"{"cases": [{"kind": "histogram", "le": [2, 1], "batches": []}]}"#, ["`le`", "ascending"]),
            (
                #"{"cases": [{"kind": "histogram", "le": [1], "batches": [{"c": [1], "b": [1, 2]}]}]}"#,
                ["`batches[0].c`"]
            ),
            (#"{"cases": [{"kind": "combine", "log_e": []}]}"#, ["`log_e`"]),
            (#"{"cases": [{"kind": "esr", "n": [1], "k": [2], "p": [0.1]}]}"#, ["n[0], k[0]", "2 events of 1"]),
            (#"{"cases": [{"kind": "esr", "n": [1], "k": [], "p": [0.1]}]}"#, ["`n`"]),
            (#"{"cases": [{"kind": "esr", "n": [1], "k": [0], "p": [0]}]}"#, ["`p`"]),
            (#"{"cases": [{"kind": "combine", "log_e": [1e999]}]}"#, ["no JSON"]),
            (#"{"cases": [{"kind": "combine", "log_e": [NaN]}]}"#, ["no JSON"]),
        ] as [(String, [String])])
    func `a malformed file is refused with a sentence that names case and field`(
        text: String, words: [String]
    ) async throws {
        let run = try await Self.judge(text)
        #expect(run.code == 1)
        #expect(run.out.isEmpty)
        for word in words { #expect(run.err.contains(word), "\(run.err)") }
    }

    @Test func `files that are not there, folders and giants are refused, and --cases is needed`() async throws {
        #expect(await CommandRun.of("judge").code == 2)
        let missing = await CommandRun.of("judge", "--cases", "none.json", folder: "/nowhere")
        #expect(missing.code == 1 && missing.err.contains("none.json"))
        #expect(await CommandRun.of("judge", "--cases", "/").code == 1)
        let giant = try await Self.judge(String(repeating: " ", count: 64 << 20) + "{\"cases\": []}")
        #expect(giant.code == 1 && giant.err.contains("64 MB"))
        let deep = try await Self.judge(String(repeating: "[", count: 100_000))
        #expect(deep.code == 1)
        let many = try await Self.judge("{\"cases\": [" + String(repeating: "{},", count: 20_000) + "{}]}")
        #expect(many.code == 1 && many.err.contains("20,000"))
    }

    private static func judge(_ text: String) async throws -> CommandRun {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("slipway-judge-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(text.utf8).write(to: folder.appendingPathComponent("cases.json"))
        return await CommandRun.of("judge", "--cases", "cases.json", folder: folder.path)
    }
}
