import Core
import Foundation
import LocalTarget
import Ports
import Testing

@Suite struct ShellCommandRunnerTests {
    private func order(
        _ command: String, _ fixture: BuildFixture, key: String = "k", within: Milliseconds = .minutes(1),
        environment: [String: String] = [:], place: CommandOrder.Place? = nil
    ) -> CommandOrder {
        CommandOrder(
            key: key, command: command, within: within, environment: environment,
            place: place ?? .checkout(commit: fixture.commit, repository: fixture.repository.path))
    }

    @Test func `a verify runs in a clean checkout with the values of its order`() async throws {
        let fixture = try BuildFixture(["smoke.sh": "#!/bin/sh\necho \"$URL $1\"\nls\n"])
        let value = "http://127.0.0.1:1 $(id) '\"\n\u{1F680}"
        let report = try await fixture.runner().run(
            self.order(
                "./smoke.sh \"$HOME\" && test \"$(env | wc -l)\" -ge 6", fixture,
                environment: ["URL": value, "LANG": "C"]))
        #expect(report.verdict == .pass, "\(report)")
        #expect(report.summary.hasSuffix("ended with 0"))
        #expect(report.lastLines.first == "http://127.0.0.1:1 $(id) '\"")
        #expect(report.lastLines.last == "smoke.sh")
        #expect(report.lastLines[1].contains("\u{1F680} \(fixture.scratch.path)/commands/"))
    }

    @Test func `a task runs in a copy of the artifact's content`() async throws {
        let fixture = try BuildFixture()
        let build = try await fixture.builder().build(
            try fixture.order("mkdir out; echo '#!/bin/sh\necho hello' > out/migrate; chmod +x out/migrate"))
        let artifact = try #require(build.artifact)
        let digest = artifact.blob.digest
        let report = try await fixture.runner().run(
            self.order("./migrate && rm migrate && ls", fixture, place: .artifact(digest)))
        #expect(
            report
                == CommandReport(
                    verdict: .pass, summary: "`./migrate && rm migrate && ls` ended with 0", lastLines: ["hello"]))
        #expect(try await fixture.files(artifact) == ["migrate": "#!/bin/sh\necho hello\n"])
    }

    @Test func `a command that fails says how it ended, with its last lines`() async throws {
        let fixture = try BuildFixture()
        let long = try await fixture.runner().run(
            self.order("seq 100; printf 'a\\033[31mb%0600d' 7; exit 5", fixture, key: "a"))
        #expect(long.verdict == .fail)
        #expect(long.summary.hasSuffix("ended with 5"))
        #expect(long.lastLines.count == 20)
        #expect(long.lastLines.first == "82")
        #expect(long.lastLines.last?.count == 500)
        #expect(long.lastLines.last?.hasPrefix("a[31mb") == true)
        var limits = JobLimits()
        limits.grace = Milliseconds(100)
        let slow = try await fixture.runner(limits: limits).run(
            self.order("echo waiting; sleep 1000", fixture, key: "b", within: Milliseconds(500)))
        #expect(slow.verdict == .fail)
        #expect(slow.summary.contains("did not end within 0.5 s"))
        #expect(slow.lastLines == ["waiting"])
    }

    @Test func `a command runs once per key, whatever its end, also for another runner on the folder`() async throws {
        let fixture = try BuildFixture()
        let count = fixture.scratch.path + "/count"
        for code in [0, 3] {
            let order = self.order("echo run >> \(count); exit \(code)", fixture, key: "key/\(code) \u{1F680}\n..")
            let first = try await fixture.runner().run(order)
            #expect(try await fixture.runner().run(order) == first)
            #expect(first.verdict == (code == 0 ? .pass : .fail))
        }
        #expect(try fixture.scratch.text("count") == "run\nrun\n")
        async let one = fixture.runner().run(self.order("echo run >> \(count)", fixture, key: "both"))
        async let two = fixture.runner().run(self.order("echo run >> \(count)", fixture, key: "both"))
        #expect(try await one == two)
        #expect(try fixture.scratch.text("count") == "run\nrun\nrun\n")
    }

    @Test func `a command that was cut off is run again, after what is left of it was killed`() async throws {
        let fixture = try BuildFixture()
        let mark = fixture.scratch.path + "-cut"
        let runner = fixture.runner()
        let order = self.order(
            "[ -e \(fixture.scratch.path)/go ] || { setsid sh -c 'sleep 1000; : \(mark)' & wait; }", fixture)
        let task = Task { try await runner.run(order) }
        #expect(try await eventually { try !processes(with: mark).isEmpty })
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        try fixture.scratch.write("", to: "go")
        #expect(try await fixture.runner().run(order).verdict == .pass)
        #expect(try processes(with: mark).isEmpty)
    }

    @Test func `a command that can't be begun is an error and is tried again`() async throws {
        let fixture = try BuildFixture()
        let missing = try #require(Digest("sha256:" + String(repeating: "0", count: 64)))
        let first = try await fixture.runner().run(self.order("true", fixture, place: .artifact(missing)))
        #expect(first.verdict == .error)
        #expect(first.summary.contains("is not stored here any more"))
        let gone = CommandOrder.Place.checkout(commit: "nowhere", repository: fixture.repository.path)
        #expect(try await fixture.runner().run(self.order("true", fixture, place: gone)).verdict == .error)
        #expect(try await fixture.runner().run(self.order("true", fixture)).verdict == .pass)
    }

    @Test func `a damaged outcome is named and not run over`() async throws {
        let fixture = try BuildFixture()
        let order = self.order("true", fixture)
        _ = try await fixture.runner().run(order)
        let folder = fixture.scratch.path + "/commands"
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: folder).first { $0.hasSuffix(".json") })
        try fixture.scratch.write("{", to: "commands/" + name)
        let error = await #expect(throws: (any Error).self) { _ = try await fixture.runner().run(order) }
        #expect("\(error.map { "\($0)" } ?? "")".contains(name))
    }
}
