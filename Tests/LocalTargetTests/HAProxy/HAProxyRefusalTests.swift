import Core
import Foundation
import Glibc
import Kits
import LocalTarget
import Ports
import Testing

/// Bad input and bad surroundings: each is named, and what ran before runs on.
@Suite struct HAProxyRefusalTests {
    private func error(_ work: () async throws -> Void) async -> TargetError? {
        do {
            try await work()
            return nil
        } catch {
            return error as? TargetError
        }
    }

    @Test func `an address in use is named with the process that has it; nothing is left running`() async throws {
        try await withWorld { world in
            let taken = try TinyServer("somebody")
            defer { taken.stop() }
            let one = try await world.instances(of: "1.0.0", count: 1)
            var routing = world.routing(1, [try world.arm(1, 10_000, one)])
            routing.listen = taken.address
            let refused = routing
            let error = try #require(await self.error { _ = try await world.router.apply(refused, term: Term(1)) })
            #expect(error.code == .addressInUse)
            #expect(error.retryable)
            #expect(error.message.contains("\(taken.address) of \(world.lane) is in use by process \(getpid()) ("))
            #expect(try await world.router.read(world.lane) == nil)
            routing.listen = world.listen
            _ = try await world.router.apply(routing, term: Term(1))
            #expect(try await world.answers(at: world.listen) == ["1.0.0"])
            // Moving to a taken address: refused, and the old one serves on.
            routing.generation = 2
            routing.listen = taken.address
            let moved = routing
            let second = try #require(await self.error { _ = try await world.router.apply(moved, term: Term(1)) })
            #expect(second.code == .addressInUse)
            #expect(try await world.answers(at: world.listen) == ["1.0.0"])
        }
    }

    @Test func `an address in use by another lane's HAProxy names its configuration`() async throws {
        try await withWorld { first in
            try await withWorld { second in
                let one = try await first.instances(of: "1.0.0", count: 1)
                _ = try await first.router.apply(first.routing(1, [first.arm(1, 10_000, one)]), term: Term(1))
                var routing = second.routing(1, [try second.arm(1, 10_000, one)])
                routing.listen = first.listen
                let refused = routing
                let error = try #require(await self.error { _ = try await second.router.apply(refused, term: Term(1)) })
                #expect(error.code == .addressInUse)
                #expect(error.message.contains("haproxy"))
                #expect(error.message.contains("\(try first.process().pid)"))
                #expect(try await first.answers(at: first.listen) == ["1.0.0"])
            }
        }
    }

    @Test func `without HAProxy the command to install it is said`() async throws {
        try await withWorld(change: { $0.program = "/nowhere/haproxy" }) { world in
            let one = try await world.instances(of: "1.0.0", count: 1)
            let routing = world.routing(1, [try world.arm(1, 10_000, one)])
            let error = try #require(await self.error { _ = try await world.router.apply(routing, term: Term(1)) })
            #expect(error.code == .programMissing)
            #expect(error.message.contains("apt-get install haproxy"))
            #expect(!error.retryable)
        }
    }

    @Test(arguments: [
        "", "1.0 0", "1.0\n0", "1;2", "1)", "\u{1F600}", "../1", "'", "\"", "%[env(HOME)]",
        String(repeating: "1", count: 129),
    ])
    func `a version that HAProxy could read as more than text is refused`(_ version: String) async throws {
        try await withWorld { world in
            let one = try await world.instances(of: "1.0.0", count: 1)
            var routing = world.routing(1, [try world.arm(1, 10_000, one)])
            routing.arms[0].version = version
            let refused = routing
            let error = try #require(await self.error { _ = try await world.router.apply(refused, term: Term(1)) })
            #expect(error.code == .invalid)
            #expect(error.message.count < 300)
        }
    }

    @Test(arguments: ["", "A B", "X)", "X\r\nY", "X-Ü", String(repeating: "x", count: 65)])
    func `a preview header that is no name is refused`(_ header: String) async throws {
        try await withWorld { world in
            let one = try await world.instances(of: "1.0.0", count: 1)
            var routing = world.routing(1, [try world.arm(1, 10_000, one)])
            routing.previewHeader = header
            let refused = routing
            #expect(await self.error { _ = try await world.router.apply(refused, term: Term(1)) }?.code == .invalid)
        }
    }

    @Test func `too many versions, splits or instances, and traffic for a version without instances are refused`()
        async throws
    {
        try await withWorld { world in
            let one = try await world.instances(of: "1.0.0", count: 1)
            let many = try (1...33).map { try #require(ListenAddress("127.0.0.1:\(9_000 + $0)")) }
            let first = world.routing(1, [try world.arm(1, 10_000, one)])
            let before = try await world.router.apply(first, term: Term(1))
            let refused = [
                try (1...7).map { try world.arm($0, $0 == 1 ? 10_000 : 0, one) },
                try [(1, 5_000), (2, 3_000), (3, 2_000)].map { try world.arm($0.0, $0.1, one) },
                [try world.arm(1, 10_000, many)],
                [try world.arm(1, 0, one), try world.arm(2, 10_000, [])],
                [try world.arm(1, 10_000, [try #require(ListenAddress("cafe.de:80"))])],
            ]
            for arms in refused { #expect(await world.refusal(world.routing(2, arms), term: Term(1)) == .invalid) }
            #expect(try await world.router.read(world.lane) == before)
            #expect(try await world.answers(at: world.listen) == ["1.0.0"])
        }
    }

    @Test func `32 instances and six versions fit`() async throws {
        try await withWorld { world in
            let one = try await world.instances(of: "1.0.0", count: 32)
            let arms = try (1...6).map { try world.arm($0, $0 == 1 ? 10_000 : 0, one) }
            let report = try await world.router.apply(world.routing(1, arms), term: Term(1))
            #expect(report.weights.count == 6)
            let others = try await world.instances(of: "1.0.1", count: 32)
            let changed = try (1...6).map { try world.arm($0, $0 == 1 ? 10_000 : 0, others) }
            _ = try await world.router.apply(world.routing(2, changed), term: Term(1))
            #expect(try await world.answers(at: world.listen) == ["1.0.1"])
        }
    }

    @Test func `a data folder with a long path has its socket in the short folder, which is ours alone`() async throws {
        let base = try makeTemporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: base) }
        let short = base + "/s"
        let folder = base + "/" + String(repeating: "long", count: 30)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try await withWorld(folder: folder, change: { $0.socketFolder = short }) { world in
            let one = try await world.instances(of: "1.0.0", count: 1)
            _ = try await world.router.apply(world.routing(1, [world.arm(1, 10_000, one)]), term: Term(1))
            #expect(try world.socketPath().hasPrefix(short + "/"))
            #expect(try world.socketPath().utf8.count <= 95)
            var status = stat()
            #expect(stat(short, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o700)
            #expect(try await world.answers(at: world.listen) == ["1.0.0"])
            try await world.killProxy()
            chmod(short, 0o777)
            let routing = world.routing(2, [try world.arm(1, 10_000, one)])
            let error = try #require(await self.error { _ = try await world.router.apply(routing, term: Term(1)) })
            #expect(error.message.contains("mode 700"))
            chmod(short, 0o700)
        }
    }

    @Test func `a record that is damaged or newer is refused, named and left as it was`() async throws {
        try await withWorld { world in
            let one = try await world.instances(of: "1.0.0", count: 1)
            let routing = world.routing(1, [try world.arm(1, 10_000, one)])
            _ = try await world.router.apply(routing, term: Term(1))
            let path = world.routerFolder + "/state.json"
            let whole = try String(contentsOfFile: path, encoding: .utf8)
            let newer = whole.replacingOccurrences(of: #""format":1"#, with: #""format":2"#)
            for (text, word) in [(newer, "newer Slipway"), (String(whole.dropLast(20)), "damaged"), ("", "damaged")] {
                try text.write(toFile: path, atomically: true, encoding: .utf8)
                let error = try #require(await self.error { _ = try await world.router.apply(routing, term: Term(1)) })
                #expect(error.message.contains(word))
                #expect(error.message.contains("state.json"))
                #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
                #expect(try await world.answers(at: world.listen) == ["1.0.0"])
            }
            try whole.write(toFile: path, atomically: true, encoding: .utf8)
        }
    }

    @Test func `a HAProxy that hangs is an error within the time limit, and works on when it wakes`() async throws {
        try await withWorld(change: { $0.answerLimit = .milliseconds(300) }) { world in
            let one = try await world.instances(of: "1.0.0", count: 1)
            let routing = world.routing(1, [try world.arm(1, 10_000, one)])
            let report = try await world.router.apply(routing, term: Term(1))
            let process = try world.process()
            kill(process.pid, SIGSTOP)
            let clock = ContinuousClock()
            let start = clock.now
            let error = await self.error { _ = try await world.router.read(world.lane) }
            let time = clock.now - start
            kill(process.pid, SIGCONT)
            #expect(error?.code == .unreachable)
            #expect(error?.retryable == true)
            #expect(time < .seconds(3), "\(time)")
            #expect(try await world.router.read(world.lane) == report)
        }
    }
}
