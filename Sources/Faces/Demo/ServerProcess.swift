package import APIClient
import Foundation
import Subprocess
import SystemPackage

/// A `slipway serve` that the demo starts, kills and starts again, as a person at a terminal would.
package struct ServerProcess: Sendable {
    let executable: String
    let dataFolder: String
    let port: Int
    /// Its output, appended.
    let logFile: String

    package init(executable: String, dataFolder: String, port: Int, logFile: String) {
        self.executable = executable
        self.dataFolder = dataFolder
        self.port = port
        self.logFile = logFile
    }

    /// A server that answers.
    package struct Running: Sendable {
        package let client: APIClient
        /// Just before its process was started.
        let startedAt: Int64
        /// SIGKILL: it can't write a word more.
        package let kill: @Sendable () throws -> Void
    }

    private static let ending: [TeardownStep] = [.gracefulShutDown(allowedDurationToNextStep: .seconds(10))]

    var arguments: [String] { ["serve", "--data", self.dataFolder, "--listen", "127.0.0.1:\(self.port)"] }

    /// Starts the server, runs `body` once it answers, and stops it by SIGTERM (SIGKILL after 10 s) if it still runs.
    package func run<Result: Sendable>(_ body: @Sendable (Running) async throws -> Result) async throws -> Result {
        let log = try FileDescriptor.open(
            FilePath(self.logFile), .writeOnly, options: [.create, .append, .closeOnExec], permissions: .ownerReadWrite)
        var options = PlatformOptions()
        // A group of its own, so that Ctrl-C reaches the demo alone and the demo takes things down in order.
        options.processGroupID = 0
        options.teardownSequence = Self.ending
        let startedAt = LoadGenerator.now
        let result = try await Subprocess.run(
            .path(FilePath(self.executable)), arguments: Arguments(self.arguments), platformOptions: options,
            input: .none, output: .fileDescriptor(log, closeAfterSpawningProcess: true), error: .combinedWithOutput
        ) { execution in
            let isKilled = StopSign()
            let connection = try await self.connection(pid: Int(execution.processIdentifier.value))
            let outcome = try await APIClient.with(connection) { client in
                try await body(
                    Running(
                        client: client, startedAt: startedAt,
                        kill: {
                            isKilled.set()
                            try execution.send(signal: .kill)
                        }))
            }
            if !isKilled.isSet { await execution.teardown(using: Self.ending) }
            return outcome
        }
        return result.closureResult
    }

    /// Waits until this very process has written where it is, and answers there.
    private func connection(pid: Int) async throws -> Connection {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(20)
        let folder = URL(fileURLWithPath: self.dataFolder, isDirectory: true)
        let file = folder.appendingPathComponent(Connection.ServerFile.name)
        while clock.now < end {
            guard Self.isAlive(pid) else {
                throw DemoFailure(.unexpected, "The server ended as soon as it was started:\n\(self.lastLines(15))")
            }
            if let data = try? Data(contentsOf: file),
                let found = try? JSONDecoder().decode(Connection.ServerFile.self, from: data), found.pid == pid
            {
                let connection = try Connection.find(dataFolder: folder, server: nil, token: nil)
                let answers: Void? = try? await APIClient.with(connection) { _ = try await $0.status() }
                if answers != nil { return connection }
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw DemoFailure(.timedOut, "The server does not answer after 20 s:\n\(self.lastLines(15))")
    }

    /// A process that ended and was not waited for yet (a zombie) is dead.
    private static func isAlive(_ pid: Int) -> Bool {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let bracket = stat.lastIndex(of: ")")
        else { return false }
        return !stat[bracket...].hasPrefix(") Z") && !stat[bracket...].hasPrefix(") X")
    }

    package func lastLines(_ count: Int) -> String {
        guard let text = try? String(contentsOfFile: self.logFile, encoding: .utf8) else { return "(no output)" }
        return text.split(separator: "\n").suffix(count).map { "  | \($0)" }.joined(separator: "\n")
    }
}
