import APIClient
import Foundation
import Subprocess
import SystemPackage

/// A real `slipway serve` on a data folder of its own, which is removed at the end. It listens where the kernel says.
struct PlainServer: Sendable {
    let connection: Connection
    let folder: String
    /// SIGTERM, as an init system sends it.
    let terminate: @Sendable () throws -> Void

    struct Stopped<Result: Sendable>: Sendable {
        let result: Result
        let status: TerminationStatus
        /// Output and errors.
        let output: String
    }

    struct NoServer: Error {
        let output: String
    }

    /// Runs `body` beside a server; whoever does not end it by `terminate` has it ended afterwards.
    static func run<Result: Sendable>(
        on folder: String, _ options: String..., body: @Sendable (PlainServer) async throws -> Result
    ) async throws -> Stopped<Result> {
        let log = folder + ".log"
        let file = try FileDescriptor.open(
            FilePath(log), .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: .ownerReadWrite)
        defer { try? FileManager.default.removeItem(atPath: log) }
        let words = ["serve", "--data", folder, "--listen", "127.0.0.1:0"] + options
        let ended = try await Subprocess.run(
            .path(FilePath(Binary.slipway)), arguments: Arguments(words), input: .none,
            output: .fileDescriptor(file, closeAfterSpawningProcess: true), error: .combinedWithOutput
        ) { execution in
            let pid = Int(execution.processIdentifier.value)
            do {
                guard let connection = await Self.connection(to: pid, folder) else {
                    throw NoServer(output: (try? String(contentsOfFile: log, encoding: .utf8)) ?? "")
                }
                let server = PlainServer(
                    connection: connection, folder: folder,
                    terminate: { try execution.send(signal: .terminate) })
                let result = try await body(server)
                // It may be gone already.
                try? execution.send(signal: .terminate)
                return result
            } catch {
                try? execution.send(signal: .kill)
                throw error
            }
        }
        return Stopped(
            result: ended.closureResult, status: ended.terminationStatus,
            output: (try? String(contentsOfFile: log, encoding: .utf8)) ?? "")
    }

    /// A folder's name under a new folder of the test's own; nothing is there yet.
    static func withFolder<Result>(_ body: (_ data: String) async throws -> Result) async throws -> Result {
        let folder = "/tmp/slipway-e2e-\(UInt32.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try await body(folder + "/data")
    }

    /// What the command line answers, at once.
    static func slipway(_ words: [String]) async throws -> (code: TerminationStatus, out: String, err: String) {
        let ended = try await Subprocess.run(
            .path(FilePath(Binary.slipway)), arguments: Arguments(words), output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20))
        return (ended.terminationStatus, ended.standardOutput, ended.standardError)
    }

    private static func connection(to pid: Int, _ folder: String) async -> Connection? {
        let place = URL(fileURLWithPath: folder, isDirectory: true)
        let file = place.appendingPathComponent(Connection.ServerFile.name)
        let end = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < end, kill(pid_t(pid), 0) == 0 {
            if let data = try? Data(contentsOf: file),
                let found = try? JSONDecoder().decode(Connection.ServerFile.self, from: data), found.pid == pid
            {
                return try? Connection.find(dataFolder: place, server: nil, token: nil)
            }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return nil
    }
}
