import Demo
import Foundation
import Glibc
import Subprocess
import SystemPackage
import Testing

/// What happens beside releases, with real processes: an instance that is well again, an address that somebody else took, a restore.
@Suite(.serialized, .timeLimit(.minutes(10))) struct DayTwoTests {
    @Test func `a replica that was ill when its lane was routed gets traffic again within seconds of being well`()
        async throws
    {
        try await Shop.with(portFrom: 27_440) { shop in
            let ports = try await PlainServer.run(on: shop.data) { _ in
                try await shop.open()
                let ports = try await shop.answers { $0.count == 2 }
                try ports.first?.write(toFile: shop.ill, atomically: true, encoding: .utf8)
                return ports
            }.result
            _ = try await PlainServer.run(on: shop.data) { _ in
                // The start routes the lane by the instances that are well.
                let left = try await shop.answers { $0.count == 1 }
                #expect(left.isSubset(of: ports))
                #expect(try !left.contains(String(contentsOfFile: shop.ill, encoding: .utf8)))
                try FileManager.default.removeItem(atPath: shop.ill)
                let well = ContinuousClock.now
                #expect(try await shop.answers { $0.count == 2 } == ports)
                print("figure: well again to traffic: \(ContinuousClock.now - well)")
            }
        }
    }

    @Test func `an address that somebody took while HAProxy was dead is an alarm that names them, and ends by itself`()
        async throws
    {
        try await Shop.with(portFrom: 27_460) { shop in
            _ = try await PlainServer.run(on: shop.data) { _ in try await shop.open() }
            let file = URL(fileURLWithPath: shop.data + "/lanes/shop/production/router/process.json")
            struct Handle: Decodable {
                struct Process: Decodable { let pid: Int32 }
                let process: Process
            }
            let pid = try JSONDecoder().decode(Handle.self, from: Data(contentsOf: file)).process.pid
            try #require(kill(pid, SIGKILL) == 0)
            let thief = try await shop.take()
            _ = try await PlainServer.run(on: shop.data) { _ in
                let said = "127.0.0.1:\(shop.port) of shop/production is in use by process \(getpid())"
                _ = try await shop.status { $0.contains("ALARM: the router ended and can't be started again: \(said)") }
                #expect(try await shop.slipway("status", "--json").contains("\"routerDown\""))
                close(thief)
                _ = try await shop.status { !$0.contains("ALARM") && $0.contains("0.1.0") }
                #expect(try await shop.answers { !$0.isEmpty }.isEmpty == false)
                let log = try await shop.slipway("log", "shop/production")
                #expect(log.contains("the router runs again"), "\(log)")
            }
        }
    }

    @Test func `a restore over a folder whose instances run is refused with their names and the way out`() async throws
    {
        try await Shop.with(portFrom: 27_480) { shop in
            _ = try await PlainServer.run(on: shop.data) { _ in try await shop.open() }
            let backup = shop.root + "/backup.tar"
            _ = try await shop.slipway("backup", backup)
            let serving = try await shop.answers { $0.count == 2 }
            let refused = try await PlainServer.slipway(["restore", backup, "--yes", "--data", shop.data])
            #expect(refused.code == .exited(1))
            #expect(refused.err.contains("shop/production: instance 1 of 0.1.0, process "), "\(refused.err)")
            #expect(refused.err.contains("shop/production: instance 2 of 0.1.0, process "))
            #expect(refused.err.contains("shop/production: its router, process "))
            #expect(refused.err.contains("slipway down --data \(shop.data)"))
            #expect(try await shop.answers { $0.count == 2 } == serving, "all is as it was")
            _ = try await shop.slipway("down", "--yes")
            let restored = try await shop.slipway("restore", backup, "--yes")
            #expect(restored.contains("holds the record"), "\(restored)")
            // What ran at the backup comes back; then the same once more, with leave given to let it run on.
            _ = try await PlainServer.run(on: shop.data) { _ in _ = try await shop.answers { $0.count == 2 } }
            let left = try await shop.slipway("restore", backup, "--yes", "--leave-running")
            #expect(left.contains("What was there before: "), "\(left)")
            #expect(try await shop.answers { $0.count == 2 }.count == 2)
            let aside = try #require(left.split(separator: " ").last.map { $0.trimmingCharacters(in: .newlines) })
            _ = try await shop.run(Binary.slipway, ["down", "--yes", "--data", aside])
        }
    }
}

/// A service of two instances, each of which answers with its port, and is ill while a file says so.
private struct Shop: Sendable {
    let root: String
    let port: Int
    var data: String { self.root + "/data" }
    var work: String { self.root + "/shop" }
    /// Holds the port of the instance that is ill.
    var ill: String { self.root + "/ill" }

    static func with(portFrom first: UInt16, _ body: (Shop) async throws -> Void) async throws {
        let port = try #require(FreePorts.find(1, from: first)?.first)
        try await PlainServer.withFolder { data in
            let shop = Shop(root: (data as NSString).deletingLastPathComponent, port: port)
            let outcome: Result<Void, any Error>
            do { outcome = .success(try await body(shop)) } catch { outcome = .failure(error) }
            _ = try await shop.slipway("down", "--yes")
            try outcome.get()
        }
    }

    private static let program = """
        import http.server, os, sys

        port, ill = sys.argv[1], sys.argv[2]

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                is_ill = os.path.exists(ill) and open(ill).read().strip() == port
                self.send_response(500 if is_ill and self.path == "/healthz" else 200)
                self.end_headers()
                self.wfile.write(port.encode())

            def log_message(self, *words):
                pass

        http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()

        """

    private var file: String {
        """
        service: shop
        build: { command: mkdir dist && cp app.py dist/, artifact: dist/ }
        run:
          command: exec python3 app.py "$PORT" \(self.ill)
          replicas: 2
          health: { path: /healthz, within: 5s }
        environments:
          production: { listen: 127.0.0.1:\(self.port) }

        """
    }

    /// 0.1.0 serves.
    func open() async throws {
        try FileManager.default.createDirectory(atPath: self.work, withIntermediateDirectories: true)
        try Self.program.write(toFile: self.work + "/app.py", atomically: true, encoding: .utf8)
        try self.file.write(toFile: self.work + "/slipway.yaml", atomically: true, encoding: .utf8)
        let person = ["-c", "user.name=Ada", "-c", "user.email=ada@shop.example", "-c", "commit.gpgSign=false"]
        _ = try await self.run("git", ["init", "--quiet", "--initial-branch=main"])
        _ = try await self.run("git", ["add", "--all"])
        _ = try await self.run("git", person + ["commit", "--quiet", "-m", "feat: open"])
        _ = try await self.slipway("apply")
        _ = try await self.slipway("release", "create")
        _ = try await self.slipway("promote", "shop@0.1.0", "--to", "production", "--wait")
    }

    func slipway(_ words: String...) async throws -> String {
        try await self.run(Binary.slipway, words + ["--data", self.data])
    }

    func run(_ program: String, _ words: [String]) async throws -> String {
        let ended = try await Subprocess.run(
            program.hasPrefix("/") ? .path(FilePath(program)) : .name(program), arguments: Arguments(words),
            workingDirectory: FilePath(self.work), output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        try #require(
            ended.terminationStatus == .exited(0), "\(program) \(words): \(ended.standardOutput)\(ended.standardError)")
        return ended.standardOutput
    }

    /// Who answers 20 requests in a row, when that is as wanted.
    func answers(until isWanted: (Set<String>) -> Bool) async throws -> Set<String> {
        try await self.eventually {
            // Each on a connection of its own.
            let words = [
                "-c", "for i in $(seq 20); do curl -s --max-time 5 http://127.0.0.1:\(self.port)/; echo; done",
            ]
            let ended = try await Subprocess.run(
                .name("sh"), arguments: Arguments(words), output: .string(limit: 1 << 16), error: .discarded)
            let found = Set(ended.standardOutput.split(separator: "\n").map(String.init))
            return isWanted(found) ? found : nil
        }
    }

    func status(until isWanted: (String) -> Bool) async throws -> String {
        try await self.eventually {
            let status = try await self.slipway("status")
            return isWanted(status) ? status : nil
        }
    }

    private func eventually<T>(_ look: () async throws -> T?) async throws -> T {
        let end = ContinuousClock.now + .seconds(180)
        while true {
            if let found = try await look() { return found }
            try #require(ContinuousClock.now < end, "it never came")
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Listens where the lane did, as soon as HAProxy has let go of it. The caller closes it.
    func take() async throws -> Int32 {
        try await self.eventually {
            let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var yes: Int32 = 1
            setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = UInt16(self.port).bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            let isTaken = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 && listen(socket, 8) == 0
                }
            }
            guard isTaken else {
                close(socket)
                return nil
            }
            return socket
        }
    }
}
