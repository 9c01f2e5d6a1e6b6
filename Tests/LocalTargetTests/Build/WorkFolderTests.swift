import Core
import Foundation
import Glibc
import LocalTarget
import Ports
import Synchronization
import Testing

/// What `prune` clears of builds and commands.
@Suite(.timeLimit(.minutes(3))) struct WorkFolderTests {
    private let fixture: BuildFixture
    private let folders: WorkFolders
    private var root: String { self.fixture.scratch.path }

    init() throws {
        self.fixture = try BuildFixture()
        let root = self.fixture.scratch.path
        self.folders = WorkFolders(builds: root + "/builds", commands: root + "/commands", mirrors: root + "/mirrors")
    }

    private func order(
        _ before: Instant = Instant(milliseconds: .max), building: Set<ReleaseID> = [], commands: [String] = [],
        isDryRun: Bool = false
    ) -> WorkOrder {
        WorkOrder(before: before, building: building, commands: commands, isDryRun: isDryRun)
    }

    private func names(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(self.root)/\(folder)")) ?? []).sorted()
    }

    private func command(_ key: String) -> CommandOrder {
        CommandOrder(key: key, command: "true", within: .seconds(30), environment: [:], place: .empty)
    }

    @Test func `what ended and what was cut off goes, with its size; what may be needed and what is not ours stays`()
        async throws
    {
        _ = try await self.fixture.builder().build(try self.fixture.order("echo x > out", release: "r-0123456789ab"))
        try self.fixture.scratch.write(String(repeating: "x", count: 100_000), to: "builds/r-00000000000c/content/big")
        try self.fixture.scratch.write("x", to: "builds/r-00000000000b/content/waits")
        try self.fixture.scratch.write("x", to: "builds/tmp-AbCdEf")
        try self.fixture.scratch.write("x", to: "mirrors/push-12/config")
        try self.fixture.scratch.write("x", to: "mirrors/0123.git/config")
        try self.fixture.scratch.write("mine", to: "builds/notes.txt")
        let runner = self.fixture.runner()
        for key in ["shop/prod/1/task-before", "shop/prod/2/task-before"] {
            _ = try await runner.run(self.command(key))
        }
        let needed = self.order(
            building: [try #require(ReleaseID("r-00000000000b"))], commands: ["shop/prod/2/"], isDryRun: true)
        let (builds, commands) = (self.names("builds"), self.names("commands"))
        let look = try await self.folders.clear(needed)
        #expect(self.names("builds") == builds && self.names("commands") == commands)
        var real = needed
        real.isDryRun = false
        #expect(try await self.folders.clear(real) == look)
        #expect(look.count == 5)
        #expect(look.bytes >= 100_000)
        #expect(self.names("builds") == ["notes.txt", "r-00000000000b"])
        #expect(self.names("mirrors") == ["0123.git"])
        #expect(self.names("commands").count == 3, "log, lock and outcome of the running deployment's command")
        #expect(try await self.folders.clear(real) == Cleared())
        // The kept outcome is told again; nothing is run twice.
        #expect(try await runner.run(self.command("shop/prod/2/task-before")).verdict == .pass)
    }

    @Test func `what was changed since stays`() async throws {
        try self.fixture.scratch.write("x", to: "builds/r-00000000000c/content/big")
        let hourAgo = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000) - 3_600_000)
        #expect(try await self.folders.clear(self.order(hourAgo)) == Cleared())
        #expect(self.names("builds") == ["r-00000000000c"])
    }

    @Test func `a build under way is left alone, and its processes too`() async throws {
        let gate = self.root + "/gate"
        #expect(mkfifo(gate, 0o600) == 0)
        let building = Task { [fixture] in
            try await fixture.builder().build(
                try fixture.order("echo at work; read word < '\(gate)'; echo $word > out", release: "r-0123456789ab"))
        }
        let log = "\(self.root)/builds/r-0123456789ab.log"
        #expect(
            try await eventually {
                FileManager.default.contents(atPath: log).map { String(decoding: $0, as: UTF8.self) }?
                    .contains("at work\n") == true
            })
        // By nobody's word is it being built: its own lock says so.
        #expect(try await self.folders.clear(self.order()) == Cleared())
        try await Task.detached { try "done\n".write(toFile: gate, atomically: false, encoding: .utf8) }.value
        let report = try await building.value
        #expect(report.failure == nil)
        #expect(try await self.fixture.files(try #require(report.artifact)).values.first == "done\n")
    }

    @Test func `builds and commands that begin while the same names are cleared again and again all end well`()
        async throws
    {
        let stop = Mutex(false)
        let clearing = Task { [folders] in
            var cleared = 0
            while !stop.withLock({ $0 }) { cleared += try await folders.clear(self.order()).count }
            return cleared
        }
        let (builder, runner) = (self.fixture.builder(), self.fixture.runner())
        for number in 0..<15 {
            let report = try await builder.build(try self.fixture.order("echo x > out", release: "r-0123456789ab"))
            #expect(report.failure == nil, "\(report.failure ?? "")")
            #expect(try await runner.run(self.command("shop/prod/\(number % 3)/verify")).verdict == .pass)
        }
        stop.withLock { $0 = true }
        let cleared = try await clearing.value
        #expect(cleared > 0, "nothing was cleared meanwhile, so nothing was shown")
        _ = try await self.folders.clear(self.order())
        #expect(self.names("builds").isEmpty && self.names("commands").isEmpty)
    }
}
