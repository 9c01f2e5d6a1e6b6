import Core
import Foundation
import LocalTarget
import Ports
import Testing

@Suite struct LocalBuilderTests {
    @Test func `a build packs what its command left, keeps the log and clears up`() async throws {
        let fixture = try BuildFixture([
            "make.sh": "mkdir -p dist/sub && echo made > dist/app && echo deep > dist/sub/x && echo done"
        ])
        let report = try await fixture.builder().build(try fixture.order("sh make.sh; pwd >&2", artifact: "dist/"))
        let artifact = try #require(report.artifact, "\(report)")
        #expect(artifact.name == "dist")
        #expect(try await fixture.files(artifact) == ["app": "made\n", "sub/x": "deep\n"])
        let log = try await fixture.log(report)
        #expect(log.contains("slipway: shop 1.2.3, commit \(fixture.commit)\nslipway: $ sh make.sh; pwd >&2\ndone\n"))
        #expect(log.contains("builds/r-1/content\nslipway: built dist"))
        #expect(report.tests == nil)
        #expect(!fixture.scratch.exists("builds/r-1"))
        let release = try #require(ReleaseID("r-1"))
        let other = try #require(ReleaseID("r-2"))
        let output = try #require(try await fixture.builder().output(of: release, from: 9))
        #expect(String(decoding: output, as: UTF8.self) == String(log.dropFirst(9)))
        #expect(try await fixture.builder().output(of: other, from: 0) == nil)
    }

    @Test func `the environment holds what is promised and nothing else`() async throws {
        let fixture = try BuildFixture()
        let command = "env | grep -v '^_=' | sort > out; ls -A \"$HOME\" \"$TMPDIR\" >> out; cat >> out"
        let report = try await fixture.builder().build(try fixture.order(command))
        let place = fixture.scratch.path + "/builds/r-1"
        let expected = """
            COMMIT=\(fixture.commit)
            HOME=\(place)/home
            LANG=C.UTF-8
            PATH=\(BuildFixture.path)
            PWD=\(place)/content
            SERVICE=shop
            SLIPWAY_JOB=\(place)
            SOURCE_DATE_EPOCH=1700000000
            TMPDIR=\(place)/tmp
            VERSION=1.2.3
            \(place)/home:

            \(place)/tmp:

            """
        let artifact = try #require(report.artifact, "\(report)")
        #expect(try await fixture.files(artifact) == ["out": expected])
    }

    @Test func `two builds of the same commit give the same digest`() async throws {
        let fixture = try BuildFixture(["main.c": "#include <stdio.h>\nint main(void) { puts(VERSION); return 0; }\n"])
        let order = try fixture.order(
            "mkdir dist && cp -p main.c dist/ && cat main.c > dist/app && chmod 711 dist/app", artifact: "dist")
        let one = try await fixture.builder().build(order)
        for folder in ["builds", "elsewhere"] {
            let other = try await fixture.builder(folder).build(order)
            #expect(other.artifact == one.artifact, "\(other)")
        }
        #expect(one.artifact != nil, "\(one)")
    }

    @Test func `a dirty work tree does not reach the build`() async throws {
        let fixture = try BuildFixture(["file": "committed"])
        try fixture.repository.write("dirty", to: "file")
        try fixture.repository.write("untracked", to: "other")
        let report = try await fixture.builder().build(try fixture.order("cat file > out; ls >> out"))
        let artifact = try #require(report.artifact)
        #expect(try await fixture.files(artifact) == ["out": "committedfile\nout\n"])
    }

    @Test(
        arguments: [
            ("echo oops; exit 3", "ended with 3; its last line: oops"),
            ("no-such-program", "the shell did not find it"),
            ("./README", "the shell could not run it"), ("kill -9 $$", "was ended by signal 9"),
            (":", "left nothing at `build.artifact: out`"), ("ln -s /etc/passwd out", "goes over a symbolic link"),
            ("mkfifo out", "is no file, folder or symbolic link"), ("mkdir out && ln -s / out/root", "points at `/`"),
        ])
    func `a build that fails says why`(command: String, reason: String) async throws {
        let fixture = try BuildFixture()
        let report = try await fixture.builder().build(try fixture.order(command))
        let failure = try #require(report.failure)
        #expect(failure.contains(reason), "\(failure)")
        #expect(try await fixture.log(report).contains("slipway: failed: \(failure)"))
        #expect(!fixture.scratch.exists("builds/r-1"))
    }

    @Test func `a command that closes its output goes on to its end`() async throws {
        let fixture = try BuildFixture()
        let report = try await fixture.builder().build(
            try fixture.order("echo a; exec >&- 2>&-; sleep 0.3; echo x > out"))
        #expect(report.artifact != nil, "\(report)")
    }

    @Test(arguments: ["../README", "/etc/passwd", "a/../b", "", "."])
    func `an artifact outside the checkout is refused`(
        path: String
    ) async throws {
        let fixture = try BuildFixture()
        let report = try await fixture.builder().build(try fixture.order("true", artifact: path))
        #expect(report.failure?.contains("is no path inside the checkout") == true)
    }

    @Test func `a commit that is gone fails the build with the reason`() async throws {
        let fixture = try BuildFixture()
        var order = try fixture.order("true")
        order.commit = String(repeating: "0", count: 40)
        #expect(try await fixture.builder().build(order).failure?.contains("names no commit") == true)
    }

    @Test func `the log can be read while the build runs`() async throws {
        let fixture = try BuildFixture()
        let builder = fixture.builder()
        let order = try fixture.order(
            "echo early; until [ -e \(fixture.scratch.path)/go ]; do sleep 0.02; done; echo x > out")
        async let report = builder.build(order)
        let isEarly = try await eventually {
            let output = try await builder.output(of: order.release, from: 0) ?? []
            return String(decoding: output, as: UTF8.self).contains("\nearly\n")
        }
        #expect(isEarly)
        try fixture.scratch.write("", to: "go")
        #expect(try await report.artifact != nil)
    }

    @Test func `a second build of a release under way is refused`() async throws {
        let fixture = try BuildFixture()
        let builder = fixture.builder()
        let order = try fixture.order(
            "echo early; until [ -e \(fixture.scratch.path)/go ]; do sleep 0.02; done; echo x > out")
        async let report = builder.build(order)
        _ = try await eventually { fixture.scratch.exists("builds/r-1/content") }
        #expect(try await fixture.builder().build(order).failure?.contains("is being built already") == true)
        try fixture.scratch.write("", to: "go")
        #expect(try await report.artifact != nil)
    }

    @Test func `a build whose task is cancelled is stopped and leaves nothing`() async throws {
        let fixture = try BuildFixture()
        let mark = "\(fixture.scratch.path)-cancel"
        let builder = fixture.builder()
        let order = try fixture.order("setsid sh -c 'sleep 1000; : \(mark)' & sh -c 'sleep 1000; : \(mark)'")
        let task = Task { try await builder.build(order) }
        #expect(try await eventually { try processes(with: mark).count >= 2 })
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        #expect(try processes(with: mark).isEmpty)
        #expect(!fixture.scratch.exists("builds/r-1"))
    }

    @Test func `a build that was cut off is thrown away, with what still runs of it, and done anew`() async throws {
        let fixture = try BuildFixture()
        let place = try fixture.scratch.folder("builds/r-1")
        try fixture.scratch.write("old", to: "builds/r-1/content/stale")
        try fixture.scratch.write("old log", to: "builds/r-1.log")
        // What a killed server leaves: a process of the job that nobody waits for.
        let orphan = Process()
        orphan.executableURL = URL(fileURLWithPath: "/bin/sleep")
        orphan.arguments = ["1000"]
        orphan.environment = ["SLIPWAY_JOB": place]
        try orphan.run()
        let report = try await fixture.builder().build(try fixture.order("ls > out"))
        let artifact = try #require(report.artifact, "\(report)")
        #expect(try await fixture.files(artifact) == ["out": "README\nout\n"])
        #expect(try await !fixture.log(report).contains("old log"))
        orphan.waitUntilExit()
        #expect(orphan.terminationReason == .uncaughtSignal)
    }

    @Test func `folders that can't be written and trees deeper than a path can be cleared away`() async throws {
        let fixture = try BuildFixture()
        let name = String(repeating: "d", count: 60)
        let command = """
            mkdir locked && echo x > locked/f && chmod 555 locked
            i=0; while [ $i -lt 200 ]; do mkdir \(name) && cd \(name) || exit 9; i=$((i+1)); done
            exit 4
            """
        let report = try await fixture.builder().build(try fixture.order(command))
        #expect(report.failure != nil)
        #expect(!fixture.scratch.exists("builds/r-1"))
    }

    @Test func `a file that was built elsewhere is packed the same each time`() async throws {
        let fixture = try BuildFixture()
        let file = try fixture.scratch.write("#!/bin/sh\n", to: "elsewhere/app \u{1F680}", isExecutable: true)
        let one = try await fixture.builder().take(file: file)
        #expect(one.name == "app \u{1F680}")
        #expect(try await fixture.builder().take(file: file) == one)
        await #expect(throws: ArchiveError.self) { _ = try await fixture.builder().take(file: file + "x") }
        #expect(
            try program("/bin/sh", ["-c", "ls -A \"$1\" | grep -c tmp- || :", "sh", fixture.scratch.path + "/builds"])
                == "0\n")
    }
}
