import Core
import Foundation
import Glibc
import Kits
import LocalTarget
import Ports
import Testing

@Suite struct HAProxySocketTests {
    /// Listens at a path and treats `connections` connections by `serve`.
    private func listen(
        at path: String, connections: Int = 1, _ serve: @escaping @Sendable (Int32) -> Void
    ) throws {
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        let isUp = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 && Glibc.listen(listener, 8) == 0
            }
        }
        guard isUp else { throw Problem("no socket at \(path)") }
        Thread.detachNewThread {
            for _ in 0..<connections {
                let connection = accept(listener, nil, nil)
                serve(connection)
                close(connection)
            }
            close(listener)
        }
    }

    private func withPath(_ body: (String) async throws -> Void) async throws {
        let folder = try makeTemporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder + "/a.sock")
    }

    private func refusal(_ socket: HAProxySocket) async -> TargetError? {
        do {
            _ = try await socket.ask("show info")
            return nil
        } catch {
            return error as? TargetError
        }
    }

    @Test func `the whole answer is given, in however many parts it comes`() async throws {
        try await self.withPath { path in
            try self.listen(at: path) { connection in
                var line = [UInt8](repeating: 0, count: 64)
                let count = recv(connection, &line, line.count, 0)
                for byte in line.prefix(max(0, count)) {
                    usleep(1_000)
                    send(connection, [byte], 1, Int32(MSG_NOSIGNAL))
                }
            }
            #expect(try await HAProxySocket(path: path).ask("show info") == "show info\n")
        }
    }

    @Test func `nobody there is unreachable`() async throws {
        try await self.withPath { path in
            let error = try #require(await self.refusal(HAProxySocket(path: path)))
            #expect(error.code == .unreachable)
            #expect(error.message.contains(path))
        }
    }

    @Test func `a path that is too long is unreachable, not a crash`() async throws {
        let socket = HAProxySocket(path: "/tmp/" + String(repeating: "x", count: 200))
        #expect(await self.refusal(socket)?.code == .unreachable)
    }

    @Test func `an answer that does not end has a time limit`() async throws {
        try await self.withPath { path in
            try self.listen(at: path) { connection in
                // One byte now and then, until the other side has had enough.
                while send(connection, [0x61], 1, Int32(MSG_NOSIGNAL)) == 1 { usleep(20_000) }
            }
            let clock = ContinuousClock()
            let start = clock.now
            let error = try #require(await self.refusal(HAProxySocket(path: path, timeLimit: .milliseconds(200))))
            #expect(error.code == .unreachable)
            #expect(error.message.contains("200 ms"))
            #expect(clock.now - start < .seconds(5))
        }
    }

    @Test func `an endless answer has a size limit`() async throws {
        try await self.withPath { path in
            try self.listen(at: path) { connection in
                let block = [UInt8](repeating: 0x61, count: 65_536)
                while send(connection, block, block.count, Int32(MSG_NOSIGNAL)) > 0 {}
            }
            let error = try #require(await self.refusal(HAProxySocket(path: path, timeLimit: .seconds(30))))
            #expect(error.message.contains("more than 1048576 bytes"))
        }
    }

    @Test(arguments: [
        "", "hello", "proc.shape: type=str value=<x>", "Unknown command: `get'\n", "proc.route: type=sint value=<many>",
    ])
    func `an answer of somebody else is not taken for HAProxy's state`(_ answer: String) throws {
        #expect(throws: TargetError.self) { try HAProxyPicture(answer: answer) }
        #expect(throws: TargetError.self) { try HAProxyCounters.underWay(answer) }
    }

    @Test func `a socket that lies about a switch is found out`() async throws {
        try await withWorld { world in
            let one = try await world.instances(of: "1.0.0", count: 1)
            let two = try await world.instances(of: "2.0.0", count: 1)
            let arms = { weight in [try world.arm(1, 10_000 - weight, one), try world.arm(2, weight, two)] }
            _ = try await world.router.apply(world.routing(1, try arms(0)), term: Term(1))
            let honest = try world.socketPath()
            let old = Array(try await HAProxySocket(path: honest).ask(HAProxyCommands.picture).utf8)
            // In front of the same process: takes every command, does none, and says what was so before.
            let liar = world.routerFolder + "/l.sock"
            try self.listen(at: liar, connections: 4) { connection in
                var line = [UInt8](repeating: 0, count: 16_384)
                recv(connection, &line, line.count, 0)
                send(connection, old, old.count, Int32(MSG_NOSIGNAL))
            }
            let path = world.routerFolder + "/process.json"
            let handle = try String(contentsOfFile: path, encoding: .utf8)
            let escaped = { (text: String) in text.replacingOccurrences(of: "/", with: "\\/") }
            let lying = handle.replacingOccurrences(of: escaped(honest), with: escaped(liar))
            #expect(lying != handle)
            try lying.write(toFile: path, atomically: true, encoding: .utf8)
            do {
                _ = try await world.secondRouter().apply(world.routing(2, try arms(10_000)), term: Term(1))
                Issue.record("the lie was believed")
            } catch let error as TargetError {
                #expect(error.code == .failed)
                #expect(error.message.contains("does not do what it was told"))
            }
            try handle.write(toFile: path, atomically: true, encoding: .utf8)
            _ = try await world.secondRouter().apply(world.routing(2, try arms(10_000)), term: Term(1))
            #expect(try await world.answers(at: world.listen) == ["2.0.0"])
        }
    }
}
