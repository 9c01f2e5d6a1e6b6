import Foundation
import Subprocess
import SystemPackage
import Testing

/// The binary that this build made: it lies beside the bundle of the tests.
enum Binary {
    static let slipway: String = {
        let here = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
        return here.appendingPathComponent("slipway").path
    }()
}

@Suite(.serialized) struct DemoTests {
    private struct Report: Decodable {
        struct Release: Decodable {
            let version: String
            let environment: String
            let strategy: String
            let outcome: String
            let failed: Int
            let failedByNewVersion: Int
            let rollbackMilliseconds: Int?
        }

        struct Crash: Decodable {
            let requests: Int
            let failed: Int
            let resumeSeconds: Double
        }

        struct Rollback: Decodable {
            let milliseconds: Int
            let failed: Int
        }

        struct Audit: Decodable {
            let records: Int
            let verified: Bool
        }

        let releases: [Release]
        let crash: Crash
        let rollback: Rollback
        let audit: Audit
        let ok: Bool
    }

    @Test(.timeLimit(.minutes(4))) func `the whole story ends well and loses no request`() async throws {
        let result = try await Subprocess.run(
            .path(FilePath(Binary.slipway)), arguments: ["demo", "--exit", "--json"],
            output: .data(limit: 1 << 20), error: .string(limit: 1 << 20))
        let words = result.standardError
        #expect(result.terminationStatus == .exited(0), "\(words)")
        let report = try JSONDecoder().decode(Report.self, from: result.standardOutput)
        #expect(report.ok, "\(words)")
        // 1.4.0 is the one that fails on purpose, in the canary's first share alone.
        let sound = report.releases.filter { $0.version != "1.4.0" || $0.environment != "production" }
        #expect(sound.allSatisfy { $0.failed == 0 && $0.failedByNewVersion == 0 })
        let production = report.releases.filter { $0.environment == "production" }
        #expect(
            production.map { "\($0.version) \($0.outcome)" } == [
                "1.0.0 completed", "1.1.0 completed", "1.2.0 failed", "1.2.1 completed", "1.3.0 completed",
                "1.4.0 aborted", "1.5.0 completed", "1.3.0 rolledBack", "1.5.1 completed",
            ])
        // What got requests and was left has a time; what arrived, or got none, has not.
        for entry in report.releases {
            let wasLeft = entry.environment == "production" && ["aborted", "rolledBack"].contains(entry.outcome)
            #expect((entry.rollbackMilliseconds != nil) == wasLeft, "\(entry)")
        }
        let back = try #require(production.last { $0.outcome == "rolledBack" }?.rollbackMilliseconds)
        #expect(back == report.rollback.milliseconds)
        try Self.checkKeys(of: result.standardOutput)
        #expect(report.crash.failed == 0 && report.crash.requests > 0)
        #expect(report.rollback.failed == 0)
        #expect(report.audit.verified && report.audit.records > 0)
        print(
            "figure: demo: resumed \(report.crash.resumeSeconds) s after SIGKILL, traffic back after "
                + "\(report.rollback.milliseconds) ms, 0 requests failed")
    }

    /// Other programs read these keys: all are there, and no others.
    private static func checkKeys(of json: Data) throws {
        let report = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
        #expect(report.keys.sorted() == ["audit", "crash", "ok", "releases", "rollback"])
        let keys = [
            "audit": ["records", "verified"], "crash": ["failed", "requests", "resumeSeconds"],
            "rollback": ["failed", "milliseconds"],
        ]
        for (name, keys) in keys {
            #expect((report[name] as? [String: Any])?.keys.sorted() == keys, "\(name)")
        }
        for entry in try #require(report["releases"] as? [[String: Any]]) {
            #expect(
                entry.keys.sorted() == [
                    "detectSeconds", "environment", "failed", "failedByNewVersion", "outcome", "requests",
                    "rollbackMilliseconds", "seconds", "strategy", "version",
                ])
        }
    }

    /// Processes whose command names the folder.
    private func running(_ folder: String) -> [String] {
        let ids = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return ids.compactMap { id in
            guard Int(id) != nil, let words = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") else {
                return nil
            }
            let text = String(decoding: words, as: UTF8.self).replacing("\0", with: " ")
            return text.contains(folder) ? text : nil
        }
    }

    @Test(.timeLimit(.minutes(2))) func `Ctrl-C in the middle stops everything and removes it`() async throws {
        // Short, because sockets live in it: their paths may have 107 bytes (unix(7)).
        let folder = "/tmp/slipway-e2e-\(UInt32.random(in: .min ... .max))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let result = try await Subprocess.run(
            .path(FilePath(Binary.slipway)), arguments: ["demo", "--data", folder], input: .none, output: .sequence,
            error: .combinedWithOutput
        ) { execution in
            var lines: [String] = []
            for try await line in execution.standardOutput.strings() {
                lines.append(line)
                guard line.contains("requests a second") else { continue }
                #expect(!self.running(folder).isEmpty)
                try execution.send(signal: .interrupt)
            }
            return lines
        }
        let lines = result.closureResult
        #expect(lines.contains { $0.contains("Interrupted.") }, "\(lines)")
        #expect(lines.contains { $0.contains("everything is stopped") }, "\(lines)")
        #expect(result.terminationStatus == .exited(1))
        #expect(self.running(folder).isEmpty)
        #expect(!FileManager.default.fileExists(atPath: folder))
    }
}
