import APIClient
import Foundation
import Testing

/// What works from the data folder when no server runs, and what does not.
@Suite struct OfflineTests {
    @Test func `status, rollback, log and audit go to the data folder`() async {
        #expect(await CommandRun.of("status", "shop", "--data", "/d").offline == ["status /d shop"])
        let back = await CommandRun.of("rollback", "shop", "--env", "production", "--reason", "slow")
        #expect(back.offline == ["plan shop production -", "rollback shop production - slow"])
        #expect(back.code == 0)
        #expect(await CommandRun.of("log", "shop/production/3").offline == ["events lane/shop/production"])
        let audit = await CommandRun.of("audit", "verify", "--json")
        #expect(audit.offline == ["audit /nowhere/.local/state/slipway"])
        #expect(audit.code == 1)
        #expect(audit.out.contains(#""problem" : "event 5 was changed""#))
        #expect(audit.out.contains(#""records" : 7"#))
        let words = await CommandRun.of("audit", "verify")
        #expect(words.code == 1)
        #expect(
            words.out == """
                The record is NOT whole. event 5 was changed
                Right before the damage: 7 records, 2 streams, 1 seal.
                """)
    }

    @Test func `prune goes to the data folder`() async {
        let run = await CommandRun.of("prune", "--dry-run", "--data", "/d")
        #expect(run.offline == ["prune /d true"])
        #expect(run.out == "0 releases would be pruned, 0.0 MB; 3 are kept.")
    }

    @Test func `backup and restore work on the data folder, and restore asks`() async {
        let backup = await CommandRun.of("backup", "b.tar", "--data", "/d", folder: "/home")
        #expect(backup.offline == ["backup /d /home/b.tar"])
        #expect(backup.code == 0)
        #expect(backup.out.contains("3.0 MB"))
        for (words, answer, agreed) in [([], "y", true), ([], "n", false), ([], nil, false), (["--yes"], nil, true)] {
            let run = await CommandRun.of(["restore", "/b.tar", "--data", "/d"] + words, answer: answer)
            #expect(run.offline == ["restore /b.tar /d \(agreed)"])
        }
        let left = await CommandRun.of("restore", "/b.tar", "--data", "/d", "--yes", "--leave-running")
        #expect(left.offline == ["restore /b.tar /d true leaves running"])
        #expect(await CommandRun.of("backup", "b.tar", "--server", "http://127.0.0.1:1").code == 2)
    }

    @Test func `a server that is gone counts as none`() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("cli-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // Port 1 of loopback: nobody listens there.
        let file = Connection.ServerFile(address: "http://127.0.0.1:1", pid: 1)
        try JSONEncoder().encode(file).write(to: folder.appendingPathComponent(Connection.ServerFile.name))
        #expect(await CommandRun.of("status", "--data", folder.path).offline == ["status \(folder.path) -"])
        let promote = await CommandRun.of("promote", "r-1", "--to", "staging", "--data", folder.path)
        #expect(promote.code == 3)
        #expect(promote.offline.isEmpty)
    }

    @Test func `who names a server means that server`() async {
        let run = await CommandRun.of("status", "--server", "http://127.0.0.1:1")
        #expect(run.code == 3)
        #expect(run.offline.isEmpty)
        #expect(run.err.contains("slipway serve"))
    }

    @Test(arguments: [
        ["queue"], ["apply"], ["release", "list"], ["token", "list"], ["logs", "shop", "--env", "production"],
        ["watch"], ["why", "r-1"], ["log", "shop@1.0.0"],
    ])
    func `the others need a server and end with 3`(words: [String]) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("cli-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data("service: shop\n".utf8).write(to: folder.appendingPathComponent("slipway.yaml"))
        let run = await CommandRun.of(words, folder: folder.path)
        #expect(run.code == 3)
        #expect(run.out.isEmpty)
    }

    @Test func `down asks, takes no for an answer, and stops only what runs`() async {
        var up = Wire.Lane(service: "shop", environment: "production")
        up.serving = [Wire.Serving(version: "1.0.0", release: "r-a", weight: 10_000, state: "verified", until: nil)]
        let idle = Wire.Lane(service: "shop", environment: "staging")
        let shop = Wire.Service(name: "shop", owner: "web", definition: 1, environments: [idle, up])
        let status = Wire.Status(position: 9, services: [shop])
        for answer in [nil, "", "n", "maybe"] {
            let run = await CommandRun.of("down", answer: answer, status: status)
            #expect(run.code == 1)
            #expect(run.offline.count == 1)
        }
        #expect(await CommandRun.of("down", answer: "y", status: status).offline.last == "down shop production")
        let forced = await CommandRun.of("down", "--yes", status: status)
        #expect(forced.code == 0)
        #expect(forced.out == "shop in production is down.")
        #expect(await CommandRun.of("down", "--env", "staging", "--yes", status: status).out == "Nothing runs here.")
        // What failed at first leaves its router, which listens where nothing serves.
        var routed = idle
        routed.hasRouter = true
        let left = Wire.Status(
            position: 9, services: [Wire.Service(name: "shop", owner: "web", definition: 1, environments: [routed])])
        #expect(await CommandRun.of("down", "--yes", status: left).offline.last == "down shop staging")
    }

    @Test func `init names the true next steps, and the root of the repository`() async throws {
        let files = FileManager.default
        let root = files.temporaryDirectory.appendingPathComponent("cli-\(UUID().uuidString)/my shop")
        try files.createDirectory(at: root.appendingPathComponent("src"), withIntermediateDirectories: true)
        defer { try? files.removeItem(at: root.deletingLastPathComponent()) }
        let outside = await CommandRun.of("init", folder: root.path)
        #expect(outside.code == 0)
        let steps = Self.commands(outside.out)
        #expect(steps.prefix(3) == ["git init -b main", "git add .", "git commit -m \"feat: release with Slipway\""])
        #expect(
            steps.dropFirst(3) == [
                "slipway serve", "slipway apply", "slipway release create",
                "slipway promote my-shop@VERSION --to production --wait",
            ])
        try files.createDirectory(at: root.appendingPathComponent(".git"), withIntermediateDirectories: true)
        let inside = await CommandRun.of("init", "--force", folder: root.path)
        #expect(Self.commands(inside.out).first == "git add slipway.yaml")
        let below = await CommandRun.of("init", folder: root.appendingPathComponent("src").path)
        #expect(below.code == 1)
        #expect(below.err.contains("a folder of the repository \(root.path)"))
        #expect(!files.fileExists(atPath: root.appendingPathComponent("src/slipway.yaml").path))
    }

    /// The indented lines, without what stands behind `#`.
    private static func commands(_ text: String) -> [String] {
        text.split(separator: "\n").filter { $0.hasPrefix("  ") }.map {
            ($0.split(separator: "#").first ?? "").trimmingCharacters(in: .whitespaces)
        }
    }

    @Test func `init writes a file that says what to do next, and not over another`() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("cli-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data().write(to: folder.appendingPathComponent("main.c"))
        let run = await CommandRun.of("init", folder: folder.path)
        #expect(run.code == 0)
        let text = try String(contentsOf: folder.appendingPathComponent("slipway.yaml"), encoding: .utf8)
        #expect(text.contains("cc -O2"))
        let again = await CommandRun.of("init", folder: folder.path)
        #expect(again.code == 1)
        #expect(again.err.contains("--force"))
        #expect(await CommandRun.of("init", "--force", folder: folder.path).code == 0)
    }
}
