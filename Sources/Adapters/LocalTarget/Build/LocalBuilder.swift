package import Core
import Glibc
package import Ports
import SystemPackage

/// Builds on this machine: a clean checkout in a folder of its own, the command in a scrubbed environment and under
/// limits, its log kept, its result packed. The log can be read while it grows, and afterwards.
///
/// The command gets PATH, HOME, TMPDIR, LANG, SOURCE_DATE_EPOCH (the commit's time), VERSION, COMMIT and SERVICE; and
/// SLIPWAY_JOB, by which what it leaves behind is found. The folder of a release is always the same, so that tools that
/// write down where they ran do it alike each time.
package struct LocalBuilder: Builder {
    private let folder: String
    private let workshop: Workshop

    /// - Parameter folder: where builds and logs stand; made if it is not there.
    package init(folder: String, workshop: Workshop) {
        self.folder = folder
        self.workshop = workshop
    }

    package func build(_ order: BuildOrder) async throws -> BuildReport {
        try FileTree.create(self.folder)
        guard let lock = try await JobLock.take("\(self.folder)/\(order.release).lock", within: .seconds(2)) else {
            return BuildReport(
                outcome: .failed("release \(order.release) is being built already; wait for that build"), log: nil,
                tests: nil)
        }
        let job = JobFolder(path: "\(self.folder)/\(order.release)")
        var log = try JobLog(creating: self.logPath(order.release), limit: self.workshop.limits.logBytes)
        var tests: TestSummary?
        let outcome: BuildOutcome
        do {
            outcome = .built(try await self.make(order, in: job, &log, &tests))
        } catch let error as CancellationError {
            try log.close()
            try await job.remove()
            throw error
        } catch {
            outcome = .failed("\(error)")
        }
        try? log.note(outcome.line)
        try? log.finish()
        try log.close()
        try await job.remove()
        let output = try await self.stored(log: order.release)
        _ = consume lock
        return BuildReport(outcome: outcome, log: output, tests: tests)
    }

    package func take(file: String) async throws -> Artifact {
        let name = file.split(separator: "/").last.map(String.init) ?? file
        try FileTree.create(self.folder)
        return try await self.packed(file, name: name, in: self.folder)
    }

    package func output(of release: ReleaseID, from offset: Int) async throws -> [UInt8]? {
        let path = self.logPath(release)
        return try await FileWork.run {
            let number = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
            guard number >= 0 else {
                if errno == ENOENT { return nil }
                throw FileError(errno, "read the log", path)
            }
            let file = FileDescriptor(rawValue: number)
            return try file.closeAfter {
                var buffer = [UInt8](repeating: 0, count: 64 * 1_024)
                let count = try buffer.withUnsafeMutableBytes {
                    try file.read(fromAbsoluteOffset: Int64(max(0, offset)), into: $0)
                }
                return Array(buffer[..<count])
            }
        }
    }
}

extension LocalBuilder {
    private func logPath(_ release: ReleaseID) -> String { "\(self.folder)/\(release).log" }

    private func make(
        _ order: BuildOrder, in job: JobFolder, _ log: inout JobLog, _ tests: inout TestSummary?
    ) async throws -> Artifact {
        guard let artifact = RelativePath(order.configuration.artifact) else {
            throw BuildFailure(
                "`build.artifact: \(order.configuration.artifact.quotable)` is no path inside the checkout: "
                    + RelativePath.rule
            )
        }
        try await job.begin()
        try FileTree.create(job.content)
        try log.note("\(order.service) \(order.version), commit \(order.commit)")
        let commit = try await self.workshop.source.resolve(order.commit, in: order.repository)
        try await self.workshop.source.checkOut(commit.id, of: order.repository, to: job.content)
        try log.note("$ \(order.configuration.command.quotable)")
        let ending: ShellJob.Ending
        (ending, log) = try await self.job(order, commit: commit, in: job).run(log)
        // What the tests said is of use after a failed build too; but then they need not be readable.
        if let pattern = order.configuration.tests {
            do {
                tests = try await JUnitResults(blobs: self.workshop.blobs, archive: self.workshop.archive)
                    .read(pattern, in: job)
            } catch  where ending != .exited(0) {
                try log.note("\(error)")
            }
        }
        if let sentence = self.sentence(ending, order, log) { throw BuildFailure(sentence) }
        guard let place = try job.contentPath(artifact) else {
            throw BuildFailure(
                "the build ended well and left nothing at `build.artifact: \(artifact.text.quotable)`; "
                    + "let the command write there, or correct the path")
        }
        // Where the job's lock keeps it from those who clear up.
        return try await self.packed(place, name: artifact.name, in: job.path)
    }

    private func job(_ order: BuildOrder, commit: Commit, in job: JobFolder) -> ShellJob {
        self.workshop.job(
            job, order.configuration.command,
            [
                "SOURCE_DATE_EPOCH": "\(commit.at.milliseconds / 1_000)", "VERSION": order.version,
                "COMMIT": commit.id, "SERVICE": order.service.text,
            ], within: order.configuration.within)
    }

    private func sentence(_ ending: ShellJob.Ending, _ order: BuildOrder, _ log: JobLog) -> String? {
        let within = order.configuration.within
        guard let how = ending.words(within: within, limits: self.workshop.limits) else { return nil }
        let last = log.lastLines.last { !$0.hasPrefix("slipway: ") }
        return "the build command `\(order.configuration.command.quotable)` \(how)"
            + (last.map { "; its last line: \($0.quotable)" } ?? "")
    }

    private func packed(_ place: String, name: String, in folder: String) async throws -> Artifact {
        let file = try FileTree.temporaryFile(in: folder)
        do {
            try await self.workshop.archive.pack(place, into: file)
            let blob = try await self.workshop.blobs.store(file: file)
            try await FileTree.remove(file)
            return Artifact(name: name, blob: blob)
        } catch {
            try? await FileTree.remove(file)
            throw error
        }
    }

    private func stored(log release: ReleaseID) async throws -> Blob {
        let path = self.logPath(release)
        let most = self.workshop.limits.logBytes + 2 * JobLog.tailBytes
        let bytes = try await FileWork.run { try FileTree.content(of: path, limit: most) }
        return try await self.workshop.blobs.store(bytes)
    }
}

/// Why a build came to nothing, as a sentence.
struct BuildFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension BuildOutcome {
    fileprivate var line: String {
        switch self {
        case .built(let artifact): "built \(artifact.name), \(artifact.blob.bytes) bytes, \(artifact.blob.digest)"
        case .failed(let sentence): "failed: \(sentence)"
        }
    }
}

extension ShellJob.Ending {
    /// The end of a sentence that begins with the command; nil if it ended well.
    func words(within: Milliseconds, limits: JobLimits) -> String? {
        switch self {
        case .exited(0): nil
        case .exited(126): "ended with 126: the shell could not run it (is it executable?)"
        case .exited(127): "ended with 127: the shell did not find it (is it installed, and in PATH?)"
        case .exited(let code): "ended with \(code)"
        case .signaled(SIGXFSZ):
            "wrote a file larger than the \(limits.diskBytes) bytes that are allowed, and was stopped; let it write less"
        case .signaled(let signal): "was ended by signal \(signal)"
        case .timedOut:
            "did not end within \(Double(within.count) / 1_000) s, and was stopped with all that it started; see in its log "
                + "what it waits for, or give it more time by its `within`"
        case .diskFull:
            "filled its folder with more than the \(limits.diskBytes) bytes that are allowed, and was stopped; let it "
                + "write less, or remove on its way what it needs no more"
        case .tooManyProcesses:
            "ran more than the \(limits.processes) processes at a time that are allowed, and was stopped with all of them; "
                + "look for what starts itself again and again"
        }
    }
}
