import FoundationEssentials
import Glibc
import LocalTarget
import Ports
import Testing

@Suite struct DetachedProcessTests {
    private let clock = ContinuousClock()

    private func launch(_ stage: ProcessStage, _ command: String, mark: String? = nil) -> DetachedProcess.Launch {
        DetachedProcess.Launch(
            program: "/bin/sh", arguments: ["-c", command],
            environment: ["MARK": mark ?? stage.folder, "PATH": "/usr/bin:/bin"],
            folder: stage.folder, output: "\(stage.folder)/out")
    }

    private func output(_ stage: ProcessStage) throws -> String {
        try String(contentsOf: URL(filePath: "\(stage.folder)/out"), encoding: .utf8)
    }

    @Test func `a child gets a session of its own, no blocked signal, no descriptor and only its own variables`()
        async throws
    {
        try await ProcessStage.run { stage in
            let table = try ProcessTable()
            let inherited = open("/etc/passwd", O_RDONLY)
            defer { close(inherited) }
            // A quote, a newline and an emoji arrive as they are.
            var launch = self.launch(
                stage,
                "pwd; ls -l /proc/self/fd; grep SigBlk /proc/self/status; env; echo \"<$TEXT>\"; cat /proc/$$/stat")
            launch.environment["TEXT"] = "it's \"x\"\n🚢 $HOME"
            let process = try table.start(launch)
            try await eventually("it ends") { try table.ending(of: process) == .exited(0) }
            let text = try self.output(stage)
            #expect(text.hasPrefix(stage.folder + "\n"))
            #expect(text.contains("SigBlk:\t0000000000000000"))
            #expect(!text.contains("passwd"))
            #expect(text.contains("0 -> /dev/null"))
            #expect(!text.contains("LANG="))
            #expect(text.contains("<it's \"x\"\n🚢 $HOME>"))
            #expect(text.contains(" \(getpid()) \(process.pid) \(process.pid) "))
        }
    }

    @Test func `one that ended is dead although nobody has collected it, and its parent learns how`() async throws {
        try await ProcessStage.run { stage in
            let table = try ProcessTable()
            let process = try table.start(self.launch(stage, "exit 7"))
            try await eventually("it ends") { try !table.isRunning(process) }
            #expect(access("/proc/\(process.pid)", F_OK) == 0)
            #expect(try table.ending(of: process) == .exited(7))
            #expect(access("/proc/\(process.pid)", F_OK) != 0)
            #expect(try table.ending(of: process) == .unknown)
        }
    }

    @Test func `a later process with the same number is never taken for it nor signalled`() async throws {
        try await ProcessStage.run { stage in
            let table = try ProcessTable()
            let process = try table.start(self.launch(stage, "exec sleep 600"))
            for other in [
                DetachedProcess(boot: process.boot, pid: process.pid, startTime: process.startTime - 1),
                DetachedProcess(boot: "another boot", pid: process.pid, startTime: process.startTime),
            ] {
                #expect(try !table.isRunning(other))
                #expect(try table.ending(of: other) == .unknown)
                #expect(try table.group(of: other, mark: "MARK=of the old one").isEmpty)
                #expect(try !table.signal(SIGKILL, groupOf: other, mark: "MARK=of the old one"))
                try await table.stop(other, mark: "MARK=of the old one", grace: .zero)
            }
            #expect(try table.isRunning(process))
            try await table.stop(process, mark: "MARK=\(stage.folder)", grace: .seconds(5))
            #expect(try !table.isRunning(process))
        }
    }

    @Test func `grandchildren that ignore SIGTERM, outlived their leader or left the group are ended`() async throws {
        try await ProcessStage.run { stage in
            let table = try ProcessTable()
            let mark = "MARK=\(stage.folder)"
            let process = try table.start(
                self.launch(stage, "(trap '' TERM; sleep 600) & setsid sleep 601 & sleep 602 & exit 0"))
            try await eventually("the leader ends") { try !table.isRunning(process) }
            try await eventually("three are left") { try table.group(of: process, mark: mark).count >= 3 }
            _ = try table.ending(of: process)
            try await eventually("found by their mark") { try table.group(of: process, mark: mark).count >= 3 }
            #expect(try table.group(of: process, mark: "MARK=x").isEmpty)
            try await table.stop(process, mark: mark, grace: .milliseconds(100))
            #expect(try table.carriers(of: mark).isEmpty)
        }
    }

    @Test func `what can't be started is refused with its name`() async throws {
        try await ProcessStage.run { stage in
            let table = try ProcessTable()
            func refusal(_ change: (inout DetachedProcess.Launch) -> Void) -> TargetError.Code? {
                var launch = self.launch(stage, "true")
                change(&launch)
                do { _ = try table.start(launch) } catch { return (error as? TargetError)?.code }
                return nil
            }
            #expect(refusal { $0.program = "/usr/bin/no-such-program" } == .programMissing)
            #expect(refusal { $0.program = "sh" } == .invalid)
            #expect(refusal { $0.arguments = ["-c", "true\0false"] } == .invalid)
            #expect(refusal { $0.environment["A=B"] = "c" } == .invalid)
            #expect(refusal { $0.folder = "/no/such/folder" } == .failed)
            #expect(refusal { $0.output = "/no/such/folder/out" } == .failed)
        }
    }

    @Test func `it goes on when the task that started it is cancelled`() async throws {
        try await ProcessStage.run { stage in
            let table = try ProcessTable()
            let launch = self.launch(stage, "exec sleep 600")
            let process = try await withThrowingTaskGroup(of: DetachedProcess.self) { group in
                group.addTask { try table.start(launch) }
                group.cancelAll()
                return try #require(try await group.next())
            }
            #expect(try table.isRunning(process))
        }
    }
}
