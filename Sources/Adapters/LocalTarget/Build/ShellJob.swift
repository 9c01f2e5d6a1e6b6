package import Core
import Glibc
import Subprocess
import SystemPackage

/// What a command of the user's may use. Beyond it the command is stopped, with all that it started.
package struct JobLimits: Sendable, Equatable {
    /// Bytes of output that are kept; more is left out, and the command goes on.
    package var logBytes = 16 << 20
    /// Bytes on the disk of everything that the command's folder holds; one file may not become larger either.
    package var diskBytes: Int64 = 2 << 30
    /// Processes of one command at a time. The same number of tasks (processes and threads) is what its user may have beyond those that run
    /// when it starts; the kernel does not hold that against root.
    package var processes = 4_096
    /// Between SIGTERM and SIGKILL.
    package var grace: Milliseconds = .seconds(2)

    package init() {}
}

/// One command of the user's, `/bin/sh -c TEXT`, in a folder of its own: a session and process group of its own, an
/// environment that holds what is named and nothing else.
///
/// When the command has ended, nothing of it goes on: the group is killed, and then every process whose environment
/// names the job's folder, or that stands in it (`JobProcesses`), which finds those that left the group by `setsid`.
struct ShellJob: Sendable {
    /// Holds the working folder, HOME and TMPDIR; watched for its size.
    let folder: JobFolder
    let command: String
    let environment: [String: String]
    let workingFolder: String
    let within: Milliseconds
    let limits: JobLimits

    enum Ending: Sendable, Equatable {
        case exited(Int32)
        case signaled(Int32)
        case timedOut
        case diskFull
        case tooManyProcesses

        init(_ status: TerminationStatus) {
            switch status {
            case .exited(let code): self = .exited(code)
            case .signaled(let signal): self = .signaled(signal)
            }
        }
    }

    /// Runs the command to its end, writing its output to `log`.
    func run(_ log: JobLog) async throws -> (ending: Ending, log: JobLog) {
        var options = PlatformOptions()
        options.createSession = true
        do {
            let result = try await Subprocess.run(
                .path("/bin/sh"), arguments: Arguments(self.arguments), environment: .custom(self.variables),
                workingDirectory: FilePath(self.workingFolder), platformOptions: options,
                input: .none, output: .sequence, error: .combinedWithOutput
            ) { execution in
                try await self.follow(execution.processIdentifier.value, output: execution.standardOutput, log: log)
            }
            await self.folder.processes.kill()
            try Task.checkCancellation()
            let (stopped, newLog) = result.closureResult
            return (stopped ?? Ending(result.terminationStatus), newLog)
        } catch {
            await self.folder.processes.kill()
            throw error
        }
    }

    /// The limits on one file (in blocks of 512 bytes) and on the user's tasks are set by the outer shell, where dash calls the second one
    /// `-p` and others `-u`; the text is an argument, never part of another text.
    private var arguments: [String] {
        let blocks = Self.allowed(UInt64(self.limits.diskBytes), of: RLIMIT_FSIZE) / 512
        let tasks = Self.allowed(UInt64(MachineTasks.ofThisUser() + self.limits.processes), of: __RLIMIT_NPROC)
        let setUp = """
            umask 022; ulimit -c 0; ulimit -f \(blocks)
            ulimit -p \(tasks) 2> /dev/null || ulimit -u \(tasks) 2> /dev/null
            exec /bin/sh -c -- "$1"
            """
        return ["-c", setUp, "sh", self.command]
    }

    /// What is wanted, or less if this process itself may not have so much.
    private static func allowed(_ wanted: UInt64, of resource: __rlimit_resource) -> UInt64 {
        var limit = rlimit()
        let isKnown = getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0
        return isKnown ? min(wanted, UInt64(limit.rlim_max)) : wanted
    }

    private var variables: [String: String] {
        self.environment.merging(self.folder.variables) { _, own in own }
    }
}

// MARK: Following a running command

extension ShellJob {
    private enum Event: Sendable {
        case exited, timedOut, diskFull, tooManyProcesses, cancelled
        case outputEnded(JobLog)
        case failed(any Error)

        /// A limit was reached after which the command may still clear up.
        var isPatient: Bool {
            switch self {
            case .timedOut, .diskFull: true
            case .exited, .tooManyProcesses, .cancelled, .outputEnded, .failed: false
            }
        }
    }

    /// Waits for the end, or brings it about. While this runs nobody reaps the process, so its number, which is the
    /// group's, is still its own when it is killed. nil: it ended by itself.
    private func follow(
        _ process: pid_t, output: SubprocessOutputSequence, log: JobLog
    ) async throws -> (Ending?, JobLog) {
        try await withThrowingTaskGroup(of: Event.self) { group in
            group.addTask { await Self.copy(output, to: log) }
            group.addTask { await Self.waitForEnd(of: process) }
            group.addTask { await self.watchTime() }
            group.addTask { await self.watchDisk() }
            group.addTask { await self.watchProcesses() }
            var end: Event?
            var newLog: JobLog?
            var failure: (any Error)?
            while let event = try await group.next() {
                switch event {
                case .outputEnded(let log): newLog = log
                case .failed(let error):
                    failure = failure ?? error
                    end = end ?? event
                case .exited, .timedOut, .diskFull, .tooManyProcesses, .cancelled: end = end ?? event
                }
                if end != nil { break }
            }
            await self.stop(process, politely: end?.isPatient ?? false)
            while newLog == nil, failure == nil, let event = try await group.next() {
                if case .outputEnded(let log) = event { newLog = log }
                if case .failed(let error) = event { failure = error }
            }
            group.cancelAll()
            if let failure { throw failure }
            guard let newLog else { throw CancellationError() }
            switch end {
            case .timedOut: return (.timedOut, newLog)
            case .diskFull: return (.diskFull, newLog)
            case .tooManyProcesses: return (.tooManyProcesses, newLog)
            case .cancelled: throw CancellationError()
            case .exited, .outputEnded, .failed, nil: return (nil, newLog)
            }
        }
    }

    private static func copy(_ output: SubprocessOutputSequence, to log: JobLog) async -> Event {
        var log = log
        do {
            for try await buffer in output {
                try log.append(buffer.withUnsafeBytes { Array($0) }[...])
            }
            return .outputEnded(log)
        } catch {
            return .failed(error)
        }
    }

    private static func waitForEnd(of process: pid_t) async -> Event {
        while !self.hasEnded(process) {
            do { try await Task.sleep(for: .milliseconds(10)) } catch { return .cancelled }
        }
        return .exited
    }

    /// Looks without reaping.
    private static func hasEnded(_ process: pid_t) -> Bool {
        var information = siginfo_t()
        let answer = waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT)
        return answer != 0 || information.si_signo == SIGCHLD
    }

    private func watchTime() async -> Event {
        do { try await Task.sleep(for: self.within.duration) } catch { return .cancelled }
        return .timedOut
    }

    /// Looks at the folder's size at least four times a second; for a large one, at most a tenth of the time goes into
    /// looking.
    private func watchDisk() async -> Event {
        let clock = ContinuousClock()
        do {
            while true {
                let start = clock.now
                let size = try await FileWork.run { [path = self.folder.path] in try FileTree.size(of: path) }
                if size.bytes > self.limits.diskBytes { return .diskFull }
                try await Task.sleep(for: max(.milliseconds(250), (clock.now - start) * 9))
            }
        } catch is CancellationError {
            return .cancelled
        } catch {
            return .failed(error)
        }
    }

    /// Counts the command's processes every two seconds; and at once when the machine's tasks have grown by half of what is allowed, which
    /// costs nothing to see, so that what forks without end is found while it is some hundreds or thousands. At most a tenth of the time
    /// goes into counting.
    private func watchProcesses() async -> Event {
        let clock = ContinuousClock()
        do {
            while true {
                let start = clock.now
                let count = try await FileWork.run { [processes = self.folder.processes] in processes.all().count }
                if count > self.limits.processes { return .tooManyProcesses }
                let (counted, tasks) = (clock.now, MachineTasks.all())
                try await Task.sleep(for: (counted - start) * 9)
                while clock.now - counted < .seconds(2), MachineTasks.all() - tasks <= self.limits.processes / 2 {
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
        } catch is CancellationError {
            return .cancelled
        } catch {
            return .failed(error)
        }
    }

    /// Kills the group, after SIGTERM and the grace if asked to be polite.
    private func stop(_ process: pid_t, politely: Bool) async {
        if politely {
            _ = kill(-process, SIGTERM)
            let clock = ContinuousClock()
            let deadline = clock.now + self.limits.grace.duration
            while !Self.hasEnded(process), clock.now < deadline, !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(10))
            }
        }
        _ = kill(-process, SIGKILL)
    }
}
