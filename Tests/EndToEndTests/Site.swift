import APIClient
import Demo
import Foundation
import Subprocess
import SystemPackage

/// One data folder, one repository of the sample service, and the built `slipway` that serves it. `with` stops and removes everything.
struct Site: Sendable {
    let executable: String
    let folders: DemoFolders
    let repository: SampleRepository
    let server: ServerProcess

    struct Ended: Sendable {
        let code: Int
        let out: String
        let err: String
    }

    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    /// - Parameters:
    ///   - first: keeps the ports of tests that run beside each other apart.
    ///   - size: of a file system of its own for the data folder, such as `64m`; needs root. nil: none.
    static func with<Result: Sendable>(
        portsFrom first: UInt16, diskOf size: String? = nil, _ body: @Sendable (Site) async throws -> Result
    ) async throws -> Result {
        let site = try Site(first)
        if let size, mount("tmpfs", site.folders.data, "tmpfs", 0, "size=\(size),mode=700") != 0 {
            site.folders.remove()
            throw Missing(description: "no file system can be mounted: \(String(cString: strerror(errno)))")
        }
        let outcome: Swift.Result<Result, any Error>
        do {
            outcome = .success(try await body(site))
        } catch {
            let log = site.server.lastLines(25)
            outcome = .failure(Missing(description: "\(error)\nthe server's last lines:\n\(log)"))
        }
        let down = try await site.slipway("down", "--yes", "--data", site.folders.data)
        if size != nil { umount2(site.folders.data, Int32(MNT_DETACH)) }
        site.folders.remove()
        guard down.code == 0 else { throw Missing(description: "slipway down ended with \(down.code): \(down.err)") }
        return try outcome.get()
    }

    private init(_ first: UInt16) throws {
        // The helper that runs the tests names the bundle; the built programs lie beside it.
        guard let bundle = CommandLine.arguments.first(where: { $0.contains(".xctest") }) else {
            throw Missing(description: "no test bundle among \(CommandLine.arguments)")
        }
        var folder = URL(fileURLWithPath: bundle)
        while folder.path.contains(".xctest") { folder.deleteLastPathComponent() }
        self.executable = folder.appendingPathComponent("slipway").path
        guard FileManager.default.isExecutableFile(atPath: self.executable) else {
            throw Missing(description: "\(self.executable) is not there: swift build --product slipway")
        }
        for program in ["/usr/sbin/haproxy", "/usr/bin/git", "/usr/bin/cc"]
        where !FileManager.default.isExecutableFile(atPath: program) {
            throw Missing(description: "\(program) is not there: apt-get install haproxy git gcc")
        }
        guard let ports = FreePorts.find(4, from: first) else { throw Missing(description: "no four free ports") }
        self.folders = try DemoFolders(dataFolder: nil)
        self.repository = SampleRepository(
            source: try SampleRepository.source(above: self.executable), folder: self.folders.repository,
            ports: Array(ports.prefix(3)))
        self.server = ServerProcess(
            executable: self.executable, dataFolder: self.folders.data, port: ports[3], logFile: self.folders.log)
    }

    var production: String { "http://127.0.0.1:\(self.repository.ports[2])/" }

    func slipway(_ arguments: String...) async throws -> Ended {
        try await self.run(self.executable, arguments)
    }

    private func run(_ program: String, _ arguments: [String]) async throws -> Ended {
        let result = try await Subprocess.run(
            .path(FilePath(program)), arguments: Arguments(arguments), output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20))
        let code: Int =
            switch result.terminationStatus {
            case .exited(let code): Int(code)
            case .signaled(let signal): 128 + Int(signal)
            }
        return Ended(code: code, out: result.standardOutput, err: result.standardError)
    }

    /// 1.0.0 in production, and 1.1.0 built: its definition deploys by blueGreen.
    func open(_ stage: Stage) async throws -> Wire.Release {
        try await self.repository.begin()
        _ = try await stage.apply()
        let first = try await stage.release(version: "1.0.0")
        _ = try await stage.end(of: try await stage.promote(first), as: .completed)
        try await self.repository.commit(1)
        _ = try await stage.apply()
        let second = try await stage.release(version: nil)
        try await Stage.wait(for: "\(second.version) to be verified in staging", within: .seconds(60)) {
            try await stage.lane("staging").recent.contains { $0.version == second.version && $0.state == .completed }
                ? () : nil
        }
        return second
    }

    /// Steady load on production while `body` runs; every request is counted.
    func underLoad<Result: Sendable>(
        perSecond: Int = 100, _ body: @Sendable (LoadLog) async throws -> Result
    ) async throws -> (result: Result, log: LoadLog) {
        let (log, stop) = (LoadLog(), StopSign())
        let generator = LoadGenerator(url: self.production, perSecond: perSecond)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await generator.run(into: log, until: stop) }
            defer { stop.set() }
            let result = try await body(log)
            stop.set()
            try await group.waitForAll()
            return (result, log)
        }
    }
}
