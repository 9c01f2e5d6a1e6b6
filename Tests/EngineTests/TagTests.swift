import Core
import Engine
import Foundation
import LocalTarget
import Ports
import Testing

/// The record says truly whether a release's tag was made.
@Suite(.timeLimit(.minutes(2))) struct TagTests {
    private let file = Shop.file(Shop.line("dev"))

    private func release(_ id: ReleaseID?, in plane: ControlPlane, _ what: String, _ holds: (Release) -> Bool)
        async throws -> Release
    {
        let id = try #require(id)
        return try await eventually(what) {
            let release = try await plane.journal.release(id).machine
            return holds(release) ? release : nil
        }
    }

    @Test func `a tag that can't be made is told once, keeps nothing from going on, and is made when it can be`()
        async throws
    {
        let world = World()
        world.repository.commit("feat: open", file: self.file)
        world.repository.refuseTags("the disk is full")
        try await world.running { plane in
            try await plane.define(self.file)
            let id = try await plane.build().origin?.id
            let failed = try await self.release(id, in: plane, "the problem") { $0.tagProblem != nil }
            #expect(failed.tagProblem == "the disk is full")
            #expect(!failed.isTagged)
            #expect(failed.phase == .built)
            let why = try await plane.why(try #require(id), by: .ada).map(\.text)
            #expect(why.contains("its tag could not be made and is tried again: the disk is full"))
            try await plane.end(try await plane.promote("0.1.0", to: "dev"), in: "dev")
            // Its time comes, and nothing has changed: not told again.
            let tries = world.repository.tagTries
            world.clock.move(.hours(2))
            _ = try await eventually("the next try") { world.repository.tagTries > tries ? true : nil }
            #expect(try await plane.why(try #require(id), by: .ada).count { $0.text.contains("the disk is full") } == 1)
            world.repository.refuseTags(nil)
            world.clock.move(.hours(2))
            let tagged = try await self.release(id, in: plane, "the tag") { $0.isTagged }
            #expect(tagged.tagProblem == nil)
            #expect(world.repository.tags == ["v0.1.0"])
        }
    }

    @Test func `asking for the release again tries its tag at once`() async throws {
        let world = World()
        world.repository.commit("feat: open", file: self.file)
        world.repository.refuseTags("it is locked")
        try await world.running { plane in
            try await plane.define(self.file)
            let id = try await plane.build().origin?.id
            _ = try await self.release(id, in: plane, "the problem") { $0.tagProblem != nil }
            world.repository.refuseTags(nil)
            #expect(try await plane.create().origin?.id == id)
            _ = try await self.release(id, in: plane, "the tag") { $0.isTagged }
            #expect(try await plane.why(try #require(id), by: .ada).contains { $0.text.contains("asked for its tag") })
        }
    }

    @Test
    func `tags are local unless the file says push, and a push that fails is told, tried again, and stops nothing`()
        async throws
    {
        let world = World()
        world.repository.commit("feat: open", file: self.file)
        try await world.running { plane in
            try await plane.define(self.file)
            let local = try await plane.build().origin?.id
            _ = try await self.release(local, in: plane, "the local tag") { $0.isTagged }
            #expect(world.repository.pushed.isEmpty)
            world.repository.refusePushes("permission denied")
            world.repository.commit("feat: push", file: "tags: push\n" + self.file)
            let id = try await plane.build().origin?.id
            let failed = try await self.release(id, in: plane, "the problem") { $0.tagProblem != nil }
            #expect(failed.tagProblem == "it is made here and could not be pushed: permission denied")
            #expect(world.repository.tags == ["v0.1.0", "v0.2.0"])
            try await plane.end(try await plane.promote("0.2.0", to: "dev"), in: "dev")
            world.repository.refusePushes(nil)
            world.clock.move(.hours(2))
            _ = try await self.release(id, in: plane, "the push") { $0.isTagged }
            #expect(world.repository.pushed == ["v0.2.0"])
        }
    }

    @Test func `a build does not wait for a tag that can't be made`() async throws {
        let world = World()
        world.repository.commit("feat: open", file: self.file)
        world.repository.refuseTags("it is locked")
        try await world.running { plane in
            try await plane.define(self.file)
            for number in 1...3 {
                world.repository.commit("feat: \(number)", file: self.file)
                #expect(try await plane.build().phase == .built)
            }
            let service = try Shop.lane("dev").service
            for row in try await plane.journal.releases(of: service) {
                _ = try await self.release(row.id, in: plane, "the problem") { $0.tagProblem == "it is locked" }
            }
        }
    }

    @Test func `a real repository with a locked tag is named, and tagged after a start without the lock`()
        async throws
    {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("slipway-tag-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(self.file.utf8).write(to: folder.appendingPathComponent("slipway.yaml"))
        try Self.git(folder, "init", "--quiet", "--initial-branch=main")
        try Self.git(folder, "add", "slipway.yaml")
        try Self.git(folder, "commit", "--quiet", "-m", "feat: open")
        let lock = folder.appendingPathComponent(".git/refs/tags/v0.1.0.lock")
        try Data().write(to: lock)
        var world = World()
        world.source = GitRepository()
        let request = ControlPlane.ReleaseRequest(repository: folder.path, ref: "main", version: nil, file: nil)
        let id = try await world.running { plane in
            try await plane.define(self.file)
            let id = try await plane.createRelease(request, by: .ada).origin?.id
            let failed = try await self.release(id, in: plane, "the problem") { $0.tagProblem != nil }
            #expect(failed.tagProblem?.contains("v0.1.0") == true, "\(failed.tagProblem ?? "")")
            #expect(failed.tagProblem?.contains("lock") == true, "\(failed.tagProblem ?? "")")
            #expect(!failed.isTagged)
            return id
        }
        #expect(try Self.git(folder, "tag", "--list").isEmpty)
        try FileManager.default.removeItem(at: lock)
        // Twice: the second start finds the tag that is there already.
        for _ in 1...2 {
            try await world.running { plane in
                _ = try await self.release(id, in: plane, "the tag") { $0.isTagged }
                #expect(try await plane.why(try #require(id), by: .ada).count { $0.text.hasPrefix("tagged") } == 1)
            }
        }
        #expect(try Self.git(folder, "tag", "--list") == "v0.1.0\n")
        #expect(try Self.git(folder, "rev-parse", "v0.1.0^{commit}") == Self.git(folder, "rev-parse", "main"))
    }

    @discardableResult
    private static func git(_ folder: URL, _ arguments: String...) throws -> String {
        let git = Process()
        git.executableURL = URL(fileURLWithPath: "/usr/bin/git")
        git.arguments = ["-C", folder.path] + arguments
        git.environment = [
            "PATH": "/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@shop.example", "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@shop.example",
        ]
        let output = Pipe()
        git.standardOutput = output
        try git.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        git.waitUntilExit()
        guard git.terminationStatus == 0 else {
            throw NeverCame(description: "git \(arguments) ended with \(git.terminationStatus)")
        }
        return text
    }
}
