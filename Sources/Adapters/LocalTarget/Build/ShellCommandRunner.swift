import Core
import Crypto
import FoundationEssentials
package import Ports

/// Runs verifies and tasks on this machine, each once per key. How one ended is written down before it is told, so that
/// it is told again after a crash; one that was cut off is run again, after everything of it that is still alive was
/// killed.
///
/// A command gets what its order names, and PATH, HOME, TMPDIR, LANG and SLIPWAY_JOB. 0 is a pass; any other end, and
/// no end within its time, is a fail. When it could not be begun at all (no such commit, no artifact, a full disk) the
/// verdict is `error`, and the next call tries again.
package struct ShellCommandRunner: CommandRunner {
    private let folder: String
    private let workshop: Workshop

    /// - Parameter folder: where commands run and outcomes are kept; made if it is not there.
    package init(folder: String, workshop: Workshop) {
        self.folder = folder
        self.workshop = workshop
    }

    package func run(_ order: CommandOrder) async throws -> CommandReport {
        try FileTree.create(self.folder)
        let name = SHA256.hash(data: Array(order.key.utf8)).prefix(16)
            .map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined()
        let place = "\(self.folder)/\(name)"
        let lock = try await self.lock(place + ".lock")
        if let outcome = try await self.outcome(place + ".json", key: order.key) { return outcome }
        let job = JobFolder(path: place)
        let report: CommandReport
        var hasEnded = false
        do {
            let (ending, lines) = try await self.execute(order, in: job, log: place + ".log")
            hasEnded = true
            report = Self.report(ending, lines, order, self.workshop.limits)
        } catch let error as CancellationError {
            try await job.remove()
            throw error
        } catch {
            report = CommandReport(
                verdict: .error, summary: "`\(order.command.quotable)` could not be run: \(error)", lastLines: [])
        }
        if hasEnded { try await self.keep(report, key: order.key, at: place + ".json") }
        try await job.remove()
        _ = consume lock
        return report
    }
}

extension ShellCommandRunner {
    /// Two calls under one key: the second waits and gets the outcome of the first.
    private func lock(_ path: String) async throws -> JobLock {
        while true {
            if let lock = try JobLock.take(path) { return lock }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func execute(
        _ order: CommandOrder, in job: JobFolder, log path: String
    ) async throws -> (ShellJob.Ending, [String]) {
        try await job.begin()
        switch order.place {
        case .checkout(let commit, let repository):
            try FileTree.create(job.content)
            try await self.workshop.source.checkOut(commit, of: repository, to: job.content)
        case .artifact(let digest):
            guard let file = try await self.workshop.blobs.path(digest) else {
                throw BuildFailure("the artifact \(digest) is not stored here any more; make the release again")
            }
            try await self.workshop.archive.unpack(file, into: job.content)
        case .empty:
            try FileTree.create(job.content)
        }
        let log = try JobLog(creating: path, limit: self.workshop.limits.logBytes)
        do {
            var (ending, ended) = try await self.workshop
                .job(job, order.command, order.environment, within: order.within).run(log)
            try ended.finish()
            try ended.close()
            return (ending, ended.lastLines)
        } catch {
            try? log.close()
            throw error
        }
    }

    private static func report(
        _ ending: ShellJob.Ending, _ lines: [String], _ order: CommandOrder, _ limits: JobLimits
    ) -> CommandReport {
        let command = "`\(order.command.quotable)`"
        guard let how = ending.words(within: order.within, limits: limits) else {
            return CommandReport(verdict: .pass, summary: "\(command) ended with 0", lastLines: lines)
        }
        return CommandReport(verdict: .fail, summary: "\(command) \(how)", lastLines: lines)
    }

    /// What is kept of a command that ended.
    private struct Outcome: Codable {
        var key: String
        var verdict: Verdict
        var summary: String
        var lastLines: [String]
    }

    private func keep(_ report: CommandReport, key: String, at path: String) async throws {
        let outcome = Outcome(
            key: key, verdict: report.verdict, summary: report.summary, lastLines: report.lastLines)
        let bytes = [UInt8](try JSONEncoder().encode(outcome))
        try await FileWork.run { try DurableFile(path: path).write(bytes) }
    }

    private func outcome(_ path: String, key: String) async throws -> CommandReport? {
        guard FileTree.exists(path) else { return nil }
        let bytes = try await FileWork.run { try FileTree.content(of: path, limit: 1 << 20) }
        guard let outcome = try? JSONDecoder().decode(Outcome.self, from: Data(bytes)), outcome.key == key else {
            throw BuildFailure(
                "the outcome of a command at `\(path.quotable)` is damaged; remove it to run the command again"
            )
        }
        return CommandReport(verdict: outcome.verdict, summary: outcome.summary, lastLines: outcome.lastLines)
    }
}
