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

@Suite struct DemoTests {
    private struct Report: Decodable {
        struct Release: Decodable {
            let version: String
            let environment: String
            let strategy: String
            let outcome: String
            let failed: Int
            let failedByNewVersion: Int
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
        #expect(report.releases.allSatisfy { $0.failed == 0 && $0.failedByNewVersion == 0 })
        let production = report.releases.filter { $0.environment == "production" }
        #expect(production.map(\.outcome) == ["completed", "completed", "failed", "completed", "rolledBack"])
        #expect(production.map(\.version) == ["1.0.0", "1.1.0", "1.2.0", "1.2.1", "1.1.0"])
        #expect(report.crash.failed == 0 && report.crash.requests > 0)
        #expect(report.rollback.failed == 0)
        #expect(report.audit.verified && report.audit.records > 0)
        print("figure: demo: resumed \(report.crash.resumeSeconds) s after SIGKILL, traffic back after "
            + "\(report.rollback.milliseconds) ms, 0 requests failed")
    }
}
