import Demo
import Foundation
import Testing

@Suite struct DemoReportTests {
    @Test func `keys that do not apply are null, and none is left away`() throws {
        let json = try DemoReport().json
        #expect(json == #"{"audit":null,"crash":null,"ok":false,"releases":[],"rollback":null}"#)
    }

    @Test func `an entry has all its keys`() throws {
        var report = DemoReport()
        report.releases = [
            DemoReport.Entry(
                version: "1.0.0", environment: "production", strategy: "bigBang", outcome: "completed", seconds: 1.5,
                requests: 10, failed: 0, failedByNewVersion: 0, detectSeconds: nil, rollbackMilliseconds: nil)
        ]
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(report.json.utf8)) as? [String: Any])
        let entry = try #require((object["releases"] as? [[String: Any]])?.first)
        #expect(
            entry.keys.sorted() == [
                "detectSeconds", "environment", "failed", "failedByNewVersion", "outcome", "requests",
                "rollbackMilliseconds", "seconds", "strategy", "version",
            ])
        #expect(entry["detectSeconds"] is NSNull)
    }
}
