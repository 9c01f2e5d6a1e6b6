import Core
import FoundationEssentials
import Glibc
import Kits
import LocalTarget
import Ports
import Testing

@Suite struct ProcessRuntimeTests {
    @Test(arguments: RuntimeKit.Check.allCases)
    func `it keeps to what every runtime promises`(_ check: RuntimeKit.Check) async throws {
        let kit = RuntimeKit { body in
            try await ProcessStage.run { stage in
                let runtime = try stage.runtime()
                try await body(
                    RuntimeKit.Stage(
                        runtime: runtime, healthy: try stage.order(1, replicas: 2),
                        sick: try stage.order(
                            2, command: "echo I am sick; STATUS=500 exec ./app", within: .seconds(3))))
            }
        }
        try await kit.run(check)
    }

    @Test(arguments: [("200", true), ("204", true), ("302", true), ("399", true), ("400", false), ("503", false)])
    func `200 to 399 is ready, a redirect is not followed`(_ status: String, _ isReady: Bool) async throws {
        try await ProcessStage.run { stage in
            let runtime = try stage.runtime()
            var order = try stage.order(within: .seconds(isReady ? 20 : 5))
            order.variables["STATUS"] = status
            let report = try await runtime.ensure(order, term: Term(1))
            #expect((report.ready == 1) == isReady)
            #expect(isReady || report.lastLines.contains { $0.contains("the last answer was \(status)") })
        }
    }

    @Test func `a command that ends at once is reported at once, with its status and last lines`() async throws {
        try await ProcessStage.run { stage in
            let runtime = try stage.runtime()
            let order = try stage.order(command: "echo no config >&2; exit 3", within: .seconds(600))
            let (report, took) = try await self.timed { try await runtime.ensure(order, term: Term(1)) }
            #expect(report.ready == 0)
            #expect(
                report.lastLines == ["no config", "slipway: instance 1 ended with exit status 3 before it was ready"])
            // Far below `within`, also on a busy machine.
            #expect(took < .seconds(120))
        }
    }

    @Test func `one sick instance of two: none is left running, and the order works when given again`() async throws {
        try await ProcessStage.run { stage in
            let runtime = try stage.runtime()
            let flag = "\(stage.folder)/well"
            let command = "[ $INSTANCE = 1 ] || [ -e \(flag) ] || export STATUS=500; exec ./app"
            let order = try stage.order(command: command, replicas: 2, within: .seconds(5))
            let report = try await runtime.ensure(order, term: Term(1))
            #expect(report.ready == 1)
            #expect(report.wanted == 2)
            let table = try ProcessTable()
            for number in 1...2 {
                #expect(try table.carriers(of: "SLIPWAY_INSTANCE=\(stage.capacity(1))/instance-\(number)").isEmpty)
            }
            try "".write(toFile: flag, atomically: false, encoding: .utf8)
            #expect(try await runtime.ensure(order, term: Term(1)).ready == 2)
        }
    }

    @Test func `one that is killed is started again on its port, and that is counted and told`() async throws {
        try await ProcessStage.run { stage in
            let runtime = try stage.runtime()
            _ = try await runtime.ensure(try stage.order(), term: Term(1))
            let address = try #require(try await runtime.addresses(stage.key(1)).first)
            let before = try stage.process(1)
            try await stage.supervised(runtime) {
                #expect(kill(before.pid, SIGKILL) == 0)
                var changes = runtime.changes.makeAsyncIterator()
                while try await runtime.observe(stage.lane).first?.ready != 0 { _ = await changes.next() }
                try await eventually("it is back") { try await runtime.observe(stage.lane).first?.ready == 1 }
                let report = try await runtime.observe(stage.lane).first
                #expect(report?.restarts == 1)
                #expect(report?.lastDeath == "instance 1 was ended by signal 9")
                // A shell and what it runs take some of it, and no gigabytes.
                #expect((100_000..<1_000_000_000).contains(report?.memory ?? 0))
                #expect(try await runtime.addresses(stage.key(1)) == [address])
                let answer = await stage.get(address)
                #expect(answer?.hasSuffix(" \(address.port)") == true)
                #expect(answer?.hasPrefix("\(before.pid) ") == false)
                let log = try await runtime.output(stage.key(1), lines: 10)
                #expect(log.contains { $0.contains("instance 1 was ended by signal 9") })
            }
        }
    }

    @Test func `one that dies again and again is started with growing delays until stop`() async throws {
        try await ProcessStage.run { stage in
            let runtime = try stage.runtime()
            let flag = "\(stage.folder)/broken"
            _ = try await runtime.ensure(
                try stage.order(command: "[ ! -e \(flag) ] || exit 4; exec ./app"), term: Term(1))
            try "".write(toFile: flag, atomically: false, encoding: .utf8)
            try await stage.supervised(runtime) {
                kill(try stage.process(1).pid, SIGKILL)
                try await eventually("three tries") { try await runtime.observe(stage.lane).first?.restarts ?? 0 >= 3 }
                let log = try await runtime.output(stage.key(1), lines: 20)
                for delay in [200, 400, 800] { #expect(log.contains { $0.hasSuffix("started again in \(delay) ms") }) }
                try await runtime.stop(stage.key(1), drain: .zero, term: Term(1))
                #expect(try await runtime.observe(stage.lane).isEmpty)
            }
        }
    }

    @Test func `no order starts one that died earlier than was announced`() async throws {
        try await ProcessStage.run { stage in
            let runtime = try stage.runtime()
            let (broken, starts) = ("\(stage.folder)/broken", "\(stage.folder)/starts")
            let command = "date +%s%3N >> \(starts); [ ! -e \(broken) ] || exit 4; exec ./app"
            _ = try await runtime.ensure(try stage.order(command: command), term: Term(1))
            try "".write(toFile: broken, atomically: false, encoding: .utf8)
            @Sendable func times() throws -> [Int] {
                try String(contentsOf: URL(filePath: starts), encoding: .utf8).split(separator: "\n").compactMap {
                    Int($0)
                }
            }
            let again = try stage.order(command: command, within: Milliseconds(50))
            try await stage.supervised(runtime) {
                kill(try stage.process(1).pid, SIGKILL)
                // As an engine does that wants a lost capacity back.
                try await eventually("four more starts") {
                    let report = try await runtime.ensure(again, term: Term(1))
                    #expect(report.ready == 0)
                    return try times().count >= 5
                }
            }
            let found = try times()
            // The first gap begins at a kill, those after it at a start: the instance ends at once.
            for (index, delay) in [400, 800, 1_600].enumerated() {
                #expect(found[index + 2] - found[index + 1] >= delay, "\(found)")
            }
            let report = try await runtime.ensure(again, term: Term(1))
            let said = try #require(report.lastLines.last)
            #expect(said.hasPrefix("slipway: instance 1 ended with exit status 4; it is started again in "), "\(said)")
            #expect(report.lastDeath == "instance 1 ended with exit status 4")
        }
    }

    @Test func `one that died while no server ran is started again by the next one, and counted`() async throws {
        try await ProcessStage.run { stage in
            let order = try stage.order()
            _ = try await stage.runtime().ensure(order, term: Term(1))
            try ProcessTable().kill(carriersOf: "SLIPWAY_INSTANCE=\(stage.capacity(1))/instance-1")
            let report = try await stage.runtime().ensure(order, term: Term(2))
            #expect(report.ready == 1)
            #expect(report.restarts == 1)
            #expect(report.lastDeath?.hasPrefix("instance 1 ") == true)
        }
    }

    @Test func `output that grew while no server ran is cut when the next one starts`() async throws {
        try await ProcessStage.run { stage in
            let order = try stage.order()
            _ = try await stage.runtime().ensure(order, term: Term(1))
            let log = "\(stage.capacity(1))/instance-1.log"
            let descriptor = open(log, O_WRONLY | O_APPEND | O_CLOEXEC)
            let text = [UInt8](repeating: UInt8(ascii: "x"), count: 3 << 20)
            #expect(write(descriptor, text, text.count) == text.count)
            close(descriptor)
            let next = try stage.runtime(change: { $0.logBytes = 1 << 20 })
            @Sendable func size(_ path: String) throws -> Int { try Data(contentsOf: URL(filePath: path)).count }
            try await stage.supervised(next) {
                try await eventually("the log is cut") {
                    try size(log) == 0 && FileManager.default.fileExists(atPath: log + ".1")
                }
            }
            #expect(try size(log + ".1") == 1 << 20)
        }
    }

    @Test func `stop ends grandchildren, and what ignores SIGTERM`() async throws {
        try await ProcessStage.run { stage in
            let runtime = try stage.runtime()
            let command = "trap '' TERM; (sleep 600; sleep 600) & setsid sleep 600 & ./app"
            _ = try await runtime.ensure(try stage.order(command: command), term: Term(1))
            let mark = "SLIPWAY_INSTANCE=\(stage.capacity(1))/instance-1"
            let table = try ProcessTable()
            #expect(try table.carriers(of: mark).count >= 4)
            try await runtime.stop(stage.key(1), drain: .zero, term: Term(1))
            #expect(try table.carriers(of: mark).isEmpty)
            #expect(!FileManager.default.fileExists(atPath: "\(stage.capacity(1))/content"))
            #expect(try await runtime.output(stage.key(1), lines: 5).contains { $0.hasPrefix("listening on") })
        }
    }

    @Test func `stop waits for the requests under way, but not longer than drain`() async throws {
        try await ProcessStage.run { stage in
            let flag = "\(stage.folder)/idle"
            let runtime = try stage.runtime(requests: { key in
                #expect(key == stage.key(1))
                return FileManager.default.fileExists(atPath: flag) ? 0 : 5
            })
            _ = try await runtime.ensure(try stage.order(), term: Term(1))
            let process = try stage.process(1)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await runtime.stop(stage.key(1), drain: .minutes(10), term: Term(1)) }
                group.addTask {
                    try await Task.sleep(for: .milliseconds(300))
                    #expect(try ProcessTable().isRunning(process))
                    try "".write(toFile: flag, atomically: false, encoding: .utf8)
                }
                try await group.waitForAll()
            }
            #expect(try !ProcessTable().isRunning(process))
            try FileManager.default.removeItem(atPath: flag)
            _ = try await runtime.ensure(try stage.order(), term: Term(1))
            let (_, took) = try await self.timed {
                try await runtime.stop(stage.key(1), drain: Milliseconds(400), term: Term(1))
            }
            #expect(took >= .milliseconds(400))
        }
    }

    @Test func `a new run of the server takes the instances over without starting them again`() async throws {
        try await ProcessStage.run { stage in
            let order = try stage.order(replicas: 2)
            let first = try stage.runtime()
            _ = try await first.ensure(order, term: Term(1))
            let processes = try (1...2).map { try stage.process(1, instance: $0) }
            let addresses = try await first.addresses(order.key)

            let second = try stage.runtime()
            #expect(try await second.observe(stage.lane).map(\.ready) == [2])
            #expect(try await second.ensure(order, term: Term(2)).restarts == 0)
            #expect(try await second.addresses(order.key) == addresses)
            #expect(try (1...2).map { try stage.process(1, instance: $0) } == processes)
            try await stage.supervised(second) {
                kill(processes[0].pid, SIGKILL)
                try await eventually("it supervises them") {
                    try await second.observe(stage.lane).first.map { $0.restarts == 1 && $0.ready == 2 } ?? false
                }
            }
            let stale = await #expect(throws: TargetError.self) { try await first.ensure(order, term: Term(1)) }
            #expect(stale?.code == .staleTerm)
        }
    }

    @Test func `a server killed between starting an instance and writing it down leaves no second one`() async throws {
        try await ProcessStage.run { stage in
            let order = try stage.order()
            _ = try await stage.runtime().ensure(order, term: Term(1))
            let process = try stage.process(1)
            let path = "\(stage.capacity(1))/instances.json"
            let record = try String(contentsOf: URL(filePath: path), encoding: .utf8)
            let cut = record.replacing("\"pid\" : \(process.pid)", with: "\"pid\" : 1")
            #expect(cut != record)
            try cut.write(toFile: path, atomically: false, encoding: .utf8)
            let runtime = try stage.runtime()
            #expect(try await runtime.ensure(order, term: Term(1)).ready == 1)
            let table = try ProcessTable()
            #expect(try table.carriers(of: "SLIPWAY_INSTANCE=\(stage.capacity(1))/instance-1") == [stage.process(1)])
            #expect(try !table.isRunning(process))
        }
    }

    @Test func `after a reboot all are started anew, and a process that got an old number is left alone`() async throws
    {
        try await ProcessStage.run { stage in
            let order = try stage.order()
            _ = try await stage.runtime().ensure(order, term: Term(1))
            let bystander = try ProcessTable().start(
                DetachedProcess.Launch(
                    program: "/bin/sleep", arguments: ["600"], environment: ["MARK": stage.folder], folder: "/",
                    output: "\(stage.folder)/out"))
            // The reboot: nothing of it runs, and its number belongs to somebody else.
            let old = try stage.process(1)
            try ProcessTable().kill(carriersOf: "SLIPWAY_INSTANCE=\(stage.capacity(1))/instance-1")
            let path = "\(stage.capacity(1))/instances.json"
            let record = try String(contentsOf: URL(filePath: path), encoding: .utf8)
            try record.replacing("\"pid\" : \(old.pid)", with: "\"pid\" : \(bystander.pid)")
                .replacing("\"startTime\" : \(old.startTime)", with: "\"startTime\" : \(bystander.startTime)")
                .write(toFile: path, atomically: false, encoding: .utf8)
            let boot = "\(stage.folder)/boot"
            try "second-boot\n".write(toFile: boot, atomically: false, encoding: .utf8)
            let runtime = try stage.runtime(boot: boot)
            #expect(try await runtime.observe(stage.lane).map(\.ready) == [0])
            let report = try await runtime.ensure(order, term: Term(2))
            #expect(report.ready == 1)
            #expect(report.restarts == 0)
            #expect(try stage.process(1).boot == "second-boot")
            #expect(try ProcessTable().isRunning(bystander))
        }
    }

    @Test func `after a reboot supervision alone brings back what was up, and not what was never ready or is stopped`()
        async throws
    {
        try await ProcessStage.run { stage in
            let before = try stage.runtime()
            let waiting = "while :; do sleep 0.05; done"
            _ = try await before.ensure(try stage.order(1), term: Term(1))
            _ = try await before.ensure(try stage.order(2, command: waiting, within: Milliseconds(300)), term: Term(1))
            _ = try await before.ensure(try stage.order(3), term: Term(1))
            try await before.stop(stage.key(3), drain: .zero, term: Term(1))
            let address = try await before.addresses(stage.key(1))
            try ProcessTable().kill(carriersOf: "SLIPWAY_INSTANCE=\(stage.capacity(1))/instance-1")
            let boot = "\(stage.folder)/boot"
            try "second-boot\n".write(toFile: boot, atomically: false, encoding: .utf8)
            let after = try stage.runtime(boot: boot)
            try await stage.supervised(after) {
                try await eventually("it is back") { try await after.addresses(stage.key(1)) == address }
                #expect(try await after.observe(stage.lane).map(\.key.number) == [1])
            }
        }
    }

    @Test func `a damaged record is named and left as it is`() async throws {
        try await ProcessStage.run { stage in
            let order = try stage.order()
            _ = try await stage.runtime().ensure(order, term: Term(1))
            for text in ["", "{", "{\"format\":99}", "[]", "{\"format\":1}"] {
                let path = "\(stage.capacity(1))/instances.json"
                try text.write(toFile: path, atomically: false, encoding: .utf8)
                let runtime = try stage.runtime()
                for call in [
                    { _ = try await runtime.ensure(order, term: Term(1)) },
                    { try await runtime.stop(order.key, drain: .zero, term: Term(1)) },
                    { _ = try await runtime.observe(stage.lane) },
                ] as [@Sendable () async throws -> Void] {
                    let error = await #expect(throws: TargetError.self) { try await call() }
                    #expect(
                        error?.message.contains(path.split(separator: "/").suffix(3).joined(separator: "/")) == true)
                }
                #expect(try String(contentsOf: URL(filePath: path), encoding: .utf8) == text)
                // Other capacities are not held up by it.
                let other = try await runtime.ensure(try stage.order(2), term: Term(1))
                #expect(other.ready == 1)
            }
        }
    }

    @Test func `an instance that prints 100 MB leaves two bounded files`() async throws {
        try await ProcessStage.run { stage in
            let runtime = try stage.runtime(change: { $0.logBytes = 1 << 20 })
            let command = "yes 0123456789 | head -c 100000000; exec ./app"
            try await stage.supervised(runtime) {
                #expect(try await runtime.ensure(try stage.order(command: command), term: Term(1)).ready == 1)
                let log = "\(stage.capacity(1))/instance-1.log"
                func size(_ path: String) throws -> Int { try Data(contentsOf: URL(filePath: path)).count }
                try await eventually("the log is cut") {
                    try size(log) <= 1 << 20 && FileManager.default.fileExists(atPath: log + ".1")
                }
                #expect(try (1 << 20...2 << 20).contains(size(log + ".1")))
                // While a log is being cut, its end is in neither file for a moment.
                try await eventually("its last line") {
                    try await runtime.output(stage.key(1), lines: 2).last?.contains("listening on") == true
                }
            }
        }
    }

    @Test func `output can be followed`() async throws {
        try await ProcessStage.run { stage in
            let runtime = try stage.runtime()
            let pipe = "\(stage.folder)/say"
            let command = "echo first; tail -n +1 -F \(pipe) 2>/dev/null & exec ./app"
            _ = try await runtime.ensure(try stage.order(command: command), term: Term(1))
            var piece = try await runtime.output(stage.key(1), from: nil)
            #expect(piece.lines.contains("first"))
            try "second\nhalf".write(toFile: pipe, atomically: false, encoding: .utf8)
            var seen: [String] = []
            try await eventually("the next line is seen") {
                piece = try await runtime.output(stage.key(1), from: piece.next)
                seen += piece.lines
                return seen.contains("second")
            }
            #expect(seen == ["second"])
        }
    }

    @Test func `an order that can't be carried out is refused before anything is started`() async throws {
        try await ProcessStage.run { stage in
            let runtime = try stage.runtime()
            let changes: [@Sendable (inout CapacityOrder) -> Void] = [
                { $0.replicas = 0 }, { $0.replicas = 101 }, { $0.command = "" }, { $0.health.path = "healthz" },
                { $0.health.path = "/a b" }, { $0.health.path = "/a\r\nHost: x" }, { $0.health.within = .zero },
                { $0.variables["A"] = String(repeating: "x", count: 200_000) }, { $0.variables["A=B"] = "" },
                { $0.command = "true\0" },
            ]
            for change in changes {
                var order = try stage.order()
                change(&order)
                let error = await #expect(throws: TargetError.self) { try await runtime.ensure(order, term: Term(1)) }
                #expect(error?.code == .invalid)
                #expect(error?.retryable == false)
            }
            #expect(try await runtime.observe(stage.lane).isEmpty)
        }
    }

    @Test func `a capacity that is up is not changed in place`() async throws {
        try await ProcessStage.run { stage in
            let runtime = try stage.runtime()
            var order = try stage.order()
            _ = try await runtime.ensure(order, term: Term(1))
            let process = try stage.process(1)
            order.variables["A"] = "b"
            let error = await #expect(throws: TargetError.self) { try await runtime.ensure(order, term: Term(1)) }
            #expect(error?.code == .invalid)
            #expect(try ProcessTable().isRunning(process))
        }
    }

    @Test func `logs of the newest stopped capacities are kept`() async throws {
        try await ProcessStage.run { stage in
            let runtime = try stage.runtime(change: { $0.keptLogs = 2 })
            for number in 1...4 {
                _ = try await runtime.ensure(try stage.order(number), term: Term(1))
                try await runtime.stop(stage.key(number), drain: .zero, term: Term(1))
            }
            let kept = try FileManager.default.contentsOfDirectory(atPath: "\(stage.folder)/data/lanes/\(stage.lane)")
            #expect(kept.sorted() == ["3", "4", "term.json"])
        }
    }

    @Test func `stop during ensure ends it`() async throws {
        try await ProcessStage.run { stage in
            let runtime = try stage.runtime()
            let order = try stage.order(command: "sleep 600", within: .minutes(10))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let error = await #expect(throws: TargetError.self) {
                        try await runtime.ensure(order, term: Term(1))
                    }
                    #expect(error?.code == .failed)
                }
                group.addTask {
                    try await eventually("it is started") { (try? stage.process(1)) != nil }
                    try await runtime.stop(order.key, drain: .minutes(10), term: Term(1))
                }
                try await group.waitForAll()
            }
            #expect(try ProcessTable().carriers(of: "SLIPWAY_INSTANCE=\(stage.capacity(1))/instance-1").isEmpty)
        }
    }

    @Test func `a cancelled ensure leaves what it started to the next one`() async throws {
        try await ProcessStage.run { stage in
            let runtime = try stage.runtime()
            let flag = "\(stage.folder)/go"
            let order = try stage.order(command: "while [ ! -e \(flag) ]; do sleep 0.05; done; exec ./app")
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await #expect(throws: CancellationError.self) { try await runtime.ensure(order, term: Term(1)) }
                }
                while (try? stage.process(1)) == nil { try? await Task.sleep(for: .milliseconds(10)) }
                group.cancelAll()
            }
            let process = try stage.process(1)
            try "".write(toFile: flag, atomically: false, encoding: .utf8)
            #expect(try await stage.runtime().ensure(order, term: Term(2)).ready == 1)
            #expect(try stage.process(1) == process)
        }
    }

    private func timed<Result>(_ body: () async throws -> Result) async throws -> (Result, Duration) {
        let start = ContinuousClock().now
        let result = try await body()
        return (result, ContinuousClock().now - start)
    }
}
