import Foundation
import Testing

/// `slipway hook install` in real repositories. That the hooks do what they say is shown with the real program, in EndToEndTests.
@Suite struct HookVerbTests {
    private let scratch: Scratch

    init() throws { self.scratch = try Scratch() }

    private static let mark = "# Written by `slipway hook install`; `slipway hook install --remove` takes it away."

    @Test func `a hook is written once, says the same again, and goes away again`() async throws {
        let folder = try self.scratch.repository("it's a shop")
        try self.scratch.write(
            "service: shop\nrun: ./shop\nenvironments: { production: { } }\n", to: folder + "/slipway.yaml")
        let hook = folder + "/.git/hooks/post-commit"
        let run = await CommandRun.of("hook", "install", "--data", "/d a'ta", folder: folder)
        #expect(run.code == 0 && run.out == "Wrote \(hook).", "\(run.err)")
        let text = try String(contentsOfFile: hook, encoding: .utf8)
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.count == 4 && lines[0] == "#!/bin/sh" && lines[1] == Self.mark && lines[3] == "exit 0")
        #expect(lines[2].hasPrefix("/"))
        #expect(lines[2].hasSuffix(#" hook poke shop --data '/d a'\''ta' </dev/null >/dev/null 2>&1 &"#))
        #expect(FileManager.default.isExecutableFile(atPath: hook))
        let again = await CommandRun.of("hook", "install", "--data", "/d a'ta", folder: folder)
        #expect(again.code == 0 && again.out == "\(hook) is there already.")
        let moved = await CommandRun.of("hook", "install", "--server", "http://127.0.0.1:9", folder: folder)
        #expect(moved.code == 0 && moved.out == "Wrote \(hook).")
        #expect(try String(contentsOfFile: hook, encoding: .utf8).contains(" --server http://127.0.0.1:9 <"))
        let removed = await CommandRun.of("hook", "install", "--remove", folder: folder)
        #expect(removed.code == 0 && removed.out == "Removed \(hook).")
        let gone = await CommandRun.of("hook", "install", "--remove", folder: folder)
        #expect(gone.code == 0 && gone.out == "\(hook) is not there.")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder + "/.git/hooks").allSatisfy {
                $0.hasSuffix(".sample")
            })
    }

    @Test func `a bare repository gets post-receive, and the service by name`() async throws {
        let folder = try self.scratch.repository("shop.git", "--bare")
        let unnamed = await CommandRun.of("hook", "install", "--data", "/d", folder: folder)
        #expect(unnamed.code == 2 && unnamed.err.contains("--service NAME"))
        let run = await CommandRun.of("hook", "install", "--service", "shop", "--data", "/d", folder: folder)
        #expect(run.code == 0 && run.out == "Wrote \(folder)/hooks/post-receive.", "\(run.err)")
    }

    @Test(arguments: ["#!/bin/sh\nmake lint\n", "", "\u{FF}"])
    func `a hook of somebody else's is never written over or removed, and the line to add is told`(_ text: String)
        async throws
    {
        let folder = try self.scratch.repository("shop")
        let hook = folder + "/.git/hooks/post-commit"
        try FileManager.default.createDirectory(atPath: folder + "/.git/hooks", withIntermediateDirectories: true)
        try self.scratch.write(text, to: hook)
        let words = ["hook", "install", "--service", "shop", "--data", "/d"]
        let run = await CommandRun.of(words, folder: folder)
        #expect(run.code == 1 && run.err.contains("Add this line to it:"))
        let line = try #require(run.err.split(separator: "\n").last).trimmingCharacters(in: .whitespaces)
        #expect(line.hasSuffix(" hook poke shop --data /d </dev/null >/dev/null 2>&1 &"))
        let removed = await CommandRun.of("hook", "install", "--remove", folder: folder)
        #expect(removed.code == 1)
        #expect(try String(contentsOfFile: hook, encoding: .utf8) == text)
        try self.scratch.write(text + "\n" + line + "\n", to: hook)
        let added = await CommandRun.of(words, folder: folder)
        #expect(added.code == 0 && added.out == "\(hook) is not ours, and has the line already.")
    }

    @Test func `where hooks are kept elsewhere, and where there is no repository, nothing is written`() async throws {
        let folder = try self.scratch.repository("shop")
        try self.scratch.git("-C", folder, "config", "core.hooksPath", self.scratch.path + "/shared")
        let run = await CommandRun.of("hook", "install", "--service", "shop", folder: folder)
        #expect(run.code == 1 && run.err.contains("core.hooksPath") && run.err.contains("post-commit"))
        #expect(!FileManager.default.fileExists(atPath: self.scratch.path + "/shared"))
        let none = await CommandRun.of("hook", "install", "--service", "shop", folder: self.scratch.path)
        #expect(none.code == 1 && none.err.contains("no git repository"))
    }
}

/// A folder of one test, removed with the value.
private final class Scratch: Sendable {
    let path: String

    init() throws {
        let name = "slipway-hooks-\(UInt32.random(in: .min ... .max))"
        self.path = FileManager.default.temporaryDirectory.appendingPathComponent(name).resolvingSymlinksInPath().path
        try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: self.path) }

    func write(_ text: String, to path: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }

    func repository(_ name: String, _ options: String...) throws -> String {
        let folder = "\(self.path)/\(name)"
        try self.git(["init", "--quiet"] + options + ["--", folder])
        return folder
    }

    func git(_ words: String...) throws { try self.git(words) }

    private func git(_ words: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/git")
        process.arguments = words
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "git \(words)")
    }
}
