import Foundation
import Testing

/// `audit export`, `audit verify --file` and `audit replay` without a server.
@Suite struct AuditVerbTests {
    private static func inFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("audit-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder.path)
    }

    @Test func `an export is verified, gets its name at the end, is its owner's alone, and replaces nothing unasked`()
        async throws
    {
        try await Self.inFolder { folder in
            let run = await CommandRun.of(
                "audit", "export", "a.jsonl", "--csv", "a.csv", "--data", "/d", folder: folder)
            #expect(run.code == 0, "\(run.err)")
            #expect(run.offline == ["export /d lines -1", "export /d table 0"])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["a.csv", "a.jsonl"])
            for name in ["a.jsonl", "a.csv"] {
                let mode = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.posixPermissions]
                #expect(mode as? Int == 0o600)
            }
            let again = await CommandRun.of("audit", "export", "a.jsonl", "--data", "/d", folder: folder)
            #expect(again.code == 1)
            #expect(again.offline == [])
            #expect(again.err.contains("--force"))
            let forced = await CommandRun.of("audit", "export", "a.jsonl", "--force", "--data", "/d", folder: folder)
            #expect(forced.code == 0)
            let missing = await CommandRun.of("audit", "export", "no/a.jsonl", "--data", "/d", folder: folder)
            #expect(missing.code == 1)
        }
    }

    @Test func `a file is verified without any data folder, and what is wrong in it is named`() async throws {
        try await Self.inFolder { folder in
            _ = await CommandRun.of("audit", "export", "a.jsonl", folder: folder)
            let right = await CommandRun.of("audit", "verify", "--file", "a.jsonl", folder: folder)
            #expect(right.code == 0)
            #expect(right.offline == [])
            #expect(right.out.contains("person:ada"))
            let file = URL(fileURLWithPath: folder + "/a.jsonl")
            let text = try String(contentsOf: file, encoding: .utf8)
            try Data(text.replacing("ada", with: "eve").utf8).write(to: file)
            let wrong = await CommandRun.of("audit", "verify", "--file", "a.jsonl", "--json", folder: folder)
            #expect(wrong.code == 1)
            #expect(wrong.out.contains("Line 1, `digest`"))
            #expect(await CommandRun.of("audit", "verify", "--file", "none", folder: folder).code == 1)
            #expect(await CommandRun.of("audit", "verify", "--file", "/dev/null").code == 1)
        }
    }

    @Test func `a replay with a difference ends with 1, and says both answers`() async {
        let run = await CommandRun.of("audit", "replay", "shop", "--data", "/d")
        #expect(run.code == 1)
        #expect(run.offline == ["replay /d shop"])
        #expect(run.out.contains("lane/shop/production number 4, gates"))
        #expect(run.out.contains("on record: build pass"))
        #expect(run.out.contains("again:     build fail"))
    }
}
