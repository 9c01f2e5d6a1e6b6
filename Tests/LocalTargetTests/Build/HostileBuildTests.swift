import Core
import Foundation
import LocalTarget
import Ports
import Testing

/// Builds that hang, fork, fill the disk, or print what no terminal should see. One after the other: each loads the machine.
@Suite(.serialized) struct HostileBuildTests {
    /// A command that hangs, that its mark tells from others, and that writes a line into the file of that name when it has begun.
    private func sleeper(_ mark: String) -> String { "sh -c 'echo x >> \(mark); sleep 1000; : \(mark)'" }

    @Test func `a build that hangs is stopped when its time is up, with all that it started`() async throws {
        let fixture = try BuildFixture()
        let mark = "\(fixture.scratch.path)/sleepers"
        let order = try fixture.order(
            """
            trap '' TERM
            \(self.sleeper(mark)) & setsid \(self.sleeper(mark)) & setsid env -i \(self.sleeper(mark)) &
            (cd / && setsid \(self.sleeper(mark)) &)
            echo begun; \(self.sleeper(mark))
            """, within: .seconds(2))
        var limits = JobLimits()
        limits.grace = Milliseconds(200)
        let start = ContinuousClock.now
        let report = try await fixture.builder(limits: limits).build(order)
        #expect(try fixture.scratch.text("sleepers") == "x\nx\nx\nx\nx\n")
        #expect(report.failure?.contains("did not end within 2.0 s") == true, "\(report)")
        #expect(report.failure?.contains("`within`") == true, "\(report)")
        #expect(ContinuousClock.now - start < .seconds(60))
        #expect(try await fixture.log(report).contains("begun"))
        #expect(try processes(with: mark).isEmpty)
    }

    @Test func `what a build forks ends with it, also what left its session or emptied its environment`() async throws {
        let fixture = try BuildFixture()
        let mark = "\(fixture.scratch.path)/forks"
        let sleeper = self.sleeper(mark)
        let command = """
            \(sleeper) &
            setsid \(sleeper) &
            setsid setsid \(sleeper) > /dev/null 2>&1 < /dev/null &
            nohup \(sleeper) > /dev/null 2>&1 &
            setsid env -i \(sleeper) > /dev/null 2>&1 &
            until [ "$(cat \(mark) | wc -l)" -ge 5 ]; do sleep 0.05; done
            echo built > out
            """
        let start = ContinuousClock.now
        let report = try await fixture.builder().build(try fixture.order(command))
        #expect(report.artifact != nil, "\(report)")
        #expect(ContinuousClock.now - start < .seconds(60))
        #expect(try processes(with: mark).isEmpty)
    }

    @Test(arguments: [
        "i=0; while [ $i -lt 150 ]; do sleep 1000 & i=$((i+1)); done; wait",
        // The bomb, with an end for the case that nobody stops it.
        "b() { if [ $1 -gt 6 ]; then exec sleep 1000; fi; b $(($1+1)) | b $(($1+1)) & wait; }; b 0",
        "i=0; while [ $i -lt 150 ]; do setsid sleep 1000 & i=$((i+1)); done; wait",
    ])
    func `a build that forks without end is stopped, with all of it`(command: String) async throws {
        let fixture = try BuildFixture()
        var limits = JobLimits()
        limits.processes = 40
        let start = ContinuousClock.now
        let report = try await fixture.builder(limits: limits).build(try fixture.order(command, within: .seconds(50)))
        #expect(report.failure?.contains("more than the 40 processes at a time that are allowed") == true, "\(report)")
        #expect(ContinuousClock.now - start < .seconds(60))
        #expect(try Self.standing(in: fixture.scratch.path).isEmpty)
        #expect(!fixture.scratch.exists("builds/r-1"))
    }

    @Test func `the user of a build may have so many tasks more and no others`() async throws {
        let fixture = try BuildFixture()
        var most: [Int] = []
        for processes in [200, 2_200] {
            var limits = JobLimits()
            limits.processes = processes
            let report = try await fixture.builder(limits: limits).build(
                try fixture.order("grep '^Max processes' /proc/self/limits > out"))
            let artifact = try #require(report.artifact, "\(report)")
            let line = try #require(try await fixture.files(artifact)["out"])
            most.append(try #require(line.split(separator: " ").compactMap { Int($0) }.first, "\(line)"))
        }
        // On top of what runs of this user anyway, which changes while other tests run.
        #expect((1_000...3_000).contains(most[1] - most[0]), "\(most)")
    }

    @Test func `a build that fills the disk is stopped, and told what to do`() async throws {
        let fixture = try BuildFixture()
        var limits = JobLimits()
        limits.diskBytes = 8 << 20
        let many = "i=0; while :; do head -c 1000000 /dev/zero > $TMPDIR/f$i; i=$((i+1)); sleep 0.02; done"
        let report = try await fixture.builder(limits: limits).build(try fixture.order(many))
        #expect(report.failure?.contains("filled its folder with more than the 8388608 bytes") == true, "\(report)")
        #expect(report.failure?.contains("let it write less") == true, "\(report)")
        let one = try await fixture.builder(limits: limits).build(
            try fixture.order("exec head -c 100000000 /dev/zero > out", release: "r-2"))
        #expect(one.failure?.contains("wrote a file larger than the 8388608 bytes") == true, "\(one)")
        #expect(!fixture.scratch.exists("builds/r-1"))
        #expect(!fixture.scratch.exists("builds/r-2"))
    }

    @Test func `a build that prints 100 MB goes on, and its log is cut in the middle`() async throws {
        let fixture = try BuildFixture()
        let report = try await fixture.builder().build(
            try fixture.order("echo first; yes | head -c 100000000; echo last; echo built > out"))
        #expect(report.artifact != nil, "\(report)")
        let log = try await fixture.log(report)
        #expect(log.utf8.count < 17 << 20)
        #expect(log.contains("\nfirst\n"))
        #expect(log.contains("bytes of output were left out here\n"))
        #expect(log.contains("\nlast\nslipway: built out"))
    }

    @Test func `a build that prints 100 MB and fails says how it ended`() async throws {
        let fixture = try BuildFixture()
        let report = try await fixture.builder().build(
            try fixture.order("yes | head -c 100000000; echo oops; exit 3"))
        #expect(report.failure?.contains("ended with 3; its last line: oops") == true, "\(report)")
        #expect(try await fixture.log(report).hasSuffix("its last line: oops\n"))
    }

    @Test func `binary, escapes of a terminal and broken UTF-8 stay in the log and out of the message`() async throws {
        let fixture = try BuildFixture()
        let printed = #"\000\001\377\376 \033[31mred\033[0m \302\233 31m \342\200\256 turned \360\237\232\200 \303"#
        let report = try await fixture.builder().build(
            try fixture.order("printf '\(printed)\\n' > here; cat here; exit 1"))
        let failure = try #require(report.failure)
        let acting = failure.unicodeScalars.filter { $0.properties.generalCategory == .control || $0.value == 0x202E }
        #expect(acting.isEmpty, "\(failure.debugDescription)")
        #expect(failure.contains("red") && failure.contains("\u{1F680}") && failure.contains("turned"))
        let blob = try #require(report.log)
        let log = try #require(try await fixture.blobs.read(blob.digest, limit: 1 << 20))
        let bytes: [UInt8] = [0, 1, 0xFF, 0xFE, 0x20, 0x1B, UInt8(ascii: "["), UInt8(ascii: "3")]
        #expect(log.indices.contains { log[$0...].starts(with: bytes) })
        // A page of the log is text all the same.
        let release = try #require(ReleaseID("r-1"))
        let output = try #require(try await fixture.builder().output(of: release, from: 0))
        #expect(output == log)
    }

    @Test(arguments: ["new\nline", "qu'o\"te", "\u{1F680} app", "a b;$(id)", "..x", "-rf"])
    func `an artifact may have any name`(name: String) async throws {
        let fixture = try BuildFixture()
        let quoted = "'" + name.replacingOccurrences(of: "'", with: "'\\''") + "'"
        let report = try await fixture.builder().build(
            try fixture.order("echo made > ./\(quoted)", artifact: name))
        let artifact = try #require(report.artifact, "\(report)")
        #expect(artifact.name == name)
        let folder = try fixture.scratch.folder("unpacked")
        let path = try #require(try await fixture.blobs.path(artifact.blob.digest))
        try await ArtifactArchive().unpack(path, into: folder)
        #expect(try fixture.scratch.text("unpacked/" + name) == "made\n")
    }

    /// Processes that stand in a folder.
    private static func standing(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { name in
            guard Int32(name) != nil else { return false }
            let place = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(name)/cwd")
            return place?.hasPrefix(folder) == true
        }
    }
}
