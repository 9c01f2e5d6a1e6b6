import Foundation
import ServiceFile
import Testing

@Suite struct ReferenceTests {
    private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The page and the schema in `Docs` are what the schema values print. `SLIPWAY_WRITE=1` writes them anew.
    @Test(arguments: ["slipway-yaml.md", "slipway.schema.json"])
    func `the pages in Docs are up to date`(name: String) throws {
        let text = name.hasSuffix(".md") ? ServiceFile.reference() : ServiceFile.jsonSchema()
        let file = self.root.appending(path: "Docs").appending(path: name)
        if ProcessInfo.processInfo.environment["SLIPWAY_WRITE"] == "1" {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        let held = try String(contentsOf: file, encoding: .utf8)
        #expect(held == text, "Docs/\(name) is old: SLIPWAY_WRITE=1 swift test --filter ReferenceTests writes it anew")
    }

    @Test func `every key of the example is on the page`() {
        let page = ServiceFile.reference()
        let keys = [
            "service", "owner", "version", "watch", "tags", "command", "artifact", "tests", "replicas", "path",
            "within",
            "variables",
            "before", "afterTraffic", "afterBake", "irreversible", "reversible", "listen", "after", "promote", "gates",
            "strategy", "verify", "bake", "keepWarm", "queue", "drain", "previewHeader", "notify", "webhook", "on",
            "hold",
            "status", "soak", "approval", "from", "count", "bigBang", "blueGreen",
            "canary", "rolling", "steps", "each", "atLeast", "atMost", "observe", "whenTimeIsUp", "batch", "noData",
            "objective", "errors", "userKey", "cookie", "header", "wait", "pass", "fail", "until", "because",
            "forwardOnly", "data", "needs", "release", "bakedFor", "dependsOn", "like", "environment", "except",
        ]
        for key in keys { #expect(page.contains("| `\(key)` |"), "\(key) is missing") }
    }

    @Test func `the JSON schema is JSON and knows the keys of the file`() throws {
        let json = try JSONSerialization.jsonObject(with: Data(ServiceFile.jsonSchema().utf8))
        let schema = try #require(json as? [String: Any])
        let properties = try #require(schema["properties"] as? [String: Any])
        #expect(
            Set(properties.keys)
                == [
                    "service", "owner", "version", "watch", "tags", "build", "run", "tasks", "reversible",
                    "reversibility", "data", "needs", "dependsOn",
                    "environments",
                ])
        #expect(schema["required"] as? [String] == ["service", "run", "environments"])
    }
}
