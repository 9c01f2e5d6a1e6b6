import Core
import FoundationEssentials
import Glibc
import LocalTarget
import Ports
import Testing

@Suite struct InstanceRulesTests {
    @Test func `an instance is started by sh with our facts, which its variables can't change`() async throws {
        try await ProcessStage.run { stage in
            var order = try stage.order(3, command: "exec ./app --port $PORT")
            order.variables = [
                "PORT": "1", "SLIPWAY_INSTANCE": "x", "LANG": "de_DE", "LOG_LEVEL": "it's; rm -rf $HOME",
            ]
            let folder = CapacityFolder(key: order.key, lanes: LaneFolders(data: "/data"))
            let launch = InstanceLaunch.launch(order, instance: 2, port: 20_001, folder: folder, path: "/bin")
            let own = "/data/lanes/shop/production/3"
            #expect(
                launch
                    == DetachedProcess.Launch(
                        program: "/bin/sh", arguments: ["-c", "exec ./app --port $PORT"],
                        environment: [
                            "PATH": "/bin", "HOME": "\(own)/instance-2/home", "TMPDIR": "\(own)/instance-2/tmp",
                            "LANG": "de_DE", "PORT": "20001", "VERSION": "1.2.3", "RELEASE": "r-0123456789ab",
                            "ENVIRONMENT": "production", "SERVICE": "shop", "INSTANCE": "2",
                            "SLIPWAY_INSTANCE": "\(own)/instance-2", "LOG_LEVEL": "it's; rm -rf $HOME",
                        ],
                        folder: "\(own)/content", output: "\(own)/instance-2.log"))
        }
    }

    @Test func `the delay before a restart doubles from 0.2 s to 30 s`() {
        let delays = (0...8).map { Backoff.delay(failures: $0) / .milliseconds(1) }
        #expect(delays == [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000])
        #expect(Backoff.delay(failures: .max) == .seconds(30))
    }

    @Test func `ports lie outside the ephemeral range, are free and not given twice`() throws {
        let ports = FreePorts(ephemeral: 32_000...60_999)
        #expect(ports.candidates == Array(20_000...31_999))
        #expect(FreePorts(ephemeral: 15_000...60_999).candidates == Array(10_000...14_999))
        let port = try ports.choose(taken: Set(20_000...31_998))
        #expect(port == 31_999)
        let error = #expect(throws: TargetError.self) { try ports.choose(taken: Set(20_000...31_999)) }
        #expect(error?.code == .addressInUse)
    }

    @Test(arguments: [
        ("plain", "plain"), ("a\tb\r", "a    b"), ("\u{1b}[31mred", "␛[31mred"), ("\u{7f}\u{0}", "␡␀"),
        ("a\u{202e}b", "a\\u{202E}b"), ("🚢é", "🚢é"),
    ])
    func `control characters become visible`(_ text: String, _ visible: String) {
        #expect(VisibleText.line(Array(text.utf8), characters: 500) == visible)
    }

    @Test func `long lines are cut, also those of combining characters`() {
        #expect(VisibleText.line([UInt8](repeating: 0x61, count: 10_000), characters: 500).count == 500)
        let tower = "a" + String(repeating: "\u{301}", count: 100_000)
        #expect(VisibleText.line(Array(tower.utf8), characters: 500).utf8.count <= 4_100)
        #expect(VisibleText.line([0xff, 0xfe], characters: 500) == "\u{fffd}\u{fffd}")
    }

    @Test func `a log keeps its newest lines in two bounded files, and a reader goes on after the cut`() async throws {
        try await ProcessStage.run { stage in
            let log = InstanceLog(path: "\(stage.folder)/instance-1.log")
            let descriptor = open(log.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            defer { close(descriptor) }
            func append(_ range: ClosedRange<Int>) {
                let text = Array(range.map { "line \($0)\n" }.joined().utf8)
                #expect(write(descriptor, text, text.count) == text.count)
            }
            append(1...100)
            let (first, cursor) = try log.lines(after: nil, characters: 100)
            #expect(first == (81...100).map { "line \($0)" })
            append(101...102)
            let (second, next) = try log.lines(after: cursor, characters: 100)
            #expect(second == ["line 101", "line 102"])
            #expect(try !log.rotate(limit: 100_000))
            #expect(try log.rotate(limit: 100))
            append(103...103)
            // While somebody else rotates it, it is left alone.
            let other = open(log.path, O_RDONLY | O_CLOEXEC)
            #expect(flock(other, LOCK_EX) == 0)
            #expect(try !log.rotate(limit: 1))
            close(other)
            #expect(try log.lines(after: next, characters: 100).lines.last == "line 103")
            #expect(try log.lastLines(3, characters: 100) == ["line 101", "line 102", "line 103"])
            var status = stat()
            #expect(stat(log.older, &status) == 0 && status.st_size == 100)
            #expect(stat(log.path, &status) == 0 && status.st_size == 9)
        }
    }
}
