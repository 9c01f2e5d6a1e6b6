import Glibc
import Ports

/// The processes of this machine since its boot, read from `/proc`. Finds a detached process by its identity, never by
/// number alone.
package struct ProcessTable: Sendable {
    /// Identity of this boot of the machine.
    package let boot: String

    /// `bootIdentityFile` is a parameter so that tests can play a reboot. Throws `TargetError` if it can't be read.
    package init(bootIdentityFile: String = "/proc/sys/kernel/random/boot_id") throws {
        guard let bytes = try Self.read(bootIdentityFile, limit: 128) else {
            throw TargetError(
                .failed, "The identity of this boot can't be read: there is no \(bootIdentityFile).", retryable: false)
        }
        let text = String(decoding: bytes, as: UTF8.self)
        self.boot = String(text.prefix { !$0.isWhitespace })
    }

    /// Starts a process that outlives us. Throws `TargetError`.
    package func start(_ launch: DetachedProcess.Launch) throws -> DetachedProcess {
        let pid = try DetachedProcess.spawn(launch)
        // Our own child stays in the table until we collect it, even if it ended at once.
        guard let status = try self.status(of: pid) else {
            throw TargetError(
                .failed, "\(launch.program) was started as process \(pid) and vanished. Is SIGCHLD ignored?",
                retryable: true)
        }
        return DetachedProcess(boot: self.boot, pid: pid, startTime: status.startTime)
    }

    /// Whether it runs. A zombie doesn't, nor does a later process with the same number, nor anything of another boot.
    package func isRunning(_ process: DetachedProcess) throws -> Bool {
        guard let status = try self.status(matching: process) else { return false }
        return !status.isDead
    }

    /// How it ended; collects it if it is a child of ours. nil while it runs.
    package func ending(of process: DetachedProcess) throws -> DetachedProcess.Ending? {
        guard let status = try self.status(matching: process) else { return .unknown }
        guard status.isDead else { return nil }
        var code: Int32 = 0
        // Only after the identity was seen: a number that went on to another child of ours must not be collected here.
        guard waitpid(process.pid, &code, WNOHANG) == process.pid else { return .unknown }
        let signal = code & 0x7f
        return signal == 0 ? .exited((code >> 8) & 0xff) : .signalled(signal)
    }

    /// Its living processes, oldest first: its group, and what left the group but still carries `mark`, an entry
    /// `NAME=VALUE` that only it was started with. When the leader is gone its number alone proves nothing, so then
    /// only those that carry the mark count.
    package func group(of process: DetachedProcess, mark: String) throws -> [DetachedProcess] {
        guard process.boot == self.boot else { return try self.carriers(of: mark) }
        let isLeaderKnown = try self.status(matching: process) != nil
        return try self.all { status in
            if isLeaderKnown && status.group == process.pid { return true }
            return try self.carries(mark, pid: status.pid)
        }
    }

    /// Living processes that carry `mark` in their environment, oldest first: also finds what was started and could not
    /// be written down.
    package func carriers(of mark: String) throws -> [DetachedProcess] {
        try self.all { try self.carries(mark, pid: $0.pid) }
    }

    /// Resident memory of these processes and their groups together, in bytes (the second field of proc_pid_statm(5)).
    package func memory(ofGroups leaders: [DetachedProcess]) throws -> Int64 {
        let groups = Set(try leaders.filter { try self.status(matching: $0) != nil }.map(\.pid))
        guard !groups.isEmpty else { return 0 }
        let pages = try self.all { groups.contains($0.group) }.reduce(Int64(0)) { sum, process in
            guard let bytes = try Self.read("/proc/\(process.pid)/statm", limit: 256) else { return sum }
            let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
            return sum + (fields.count > 1 ? Int64(fields[1]) ?? 0 : 0)
        }
        return pages * Int64(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Sends a signal to the group. Says false, and sends nothing, if nothing of it runs.
    @discardableResult
    package func signal(_ number: Int32, groupOf process: DetachedProcess, mark: String) throws -> Bool {
        let members = try self.group(of: process, mark: mark)
        let isLeaderKnown = try self.status(matching: process) != nil
        if isLeaderKnown { Glibc.kill(-process.pid, number) }
        for member in members {
            guard let status = try self.status(matching: member), !status.isDead else { continue }
            if !isLeaderKnown || status.group != process.pid { Glibc.kill(member.pid, number) }
        }
        return !members.isEmpty
    }

    /// Ends at once, by SIGKILL, whatever carries `mark`.
    package func kill(carriersOf mark: String) throws {
        for process in try self.carriers(of: mark) where try self.isRunning(process) {
            Glibc.kill(process.pid, SIGKILL)
        }
    }

    /// SIGTERM to the group, SIGKILL after `grace`; returns when nothing of it runs any more, and collects it.
    package func stop(_ process: DetachedProcess, mark: String, grace: Duration) async throws {
        let clock = ContinuousClock()
        try self.signal(SIGTERM, groupOf: process, mark: mark)
        let deadline = clock.now + grace
        while try !self.group(of: process, mark: mark).isEmpty {
            if clock.now >= deadline { try self.signal(SIGKILL, groupOf: process, mark: mark) }
            try await clock.sleep(for: .milliseconds(30))
        }
        _ = try self.ending(of: process)
    }
}

extension ProcessTable {
    /// The fields of proc_pid_stat(5) that we need.
    struct Status: Equatable {
        var pid: Int32
        var state: Character
        var group: Int32
        var session: Int32
        var startTime: UInt64

        /// Zombie, dead, being torn down.
        var isDead: Bool { self.state == "Z" || self.state == "X" || self.state == "x" }

        /// The name (field 2) is in brackets and may hold anything, brackets and blanks included; so fields count from
        /// the last bracket.
        init?(_ text: String) {
            guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"),
                let pid = Int32(text[..<open].filter { $0 != " " })
            else { return nil }
            let fields = text[text.index(after: close)...].split(separator: " ")
            guard fields.count >= 20, let state = fields[0].first, let group = Int32(fields[2]),
                let session = Int32(fields[3]), let startTime = UInt64(fields[19])
            else { return nil }
            self.pid = pid
            self.state = state
            self.group = group
            self.session = session
            self.startTime = startTime
        }
    }

    private func status(matching process: DetachedProcess) throws -> Status? {
        guard process.boot == self.boot, let status = try self.status(of: process.pid),
            status.startTime == process.startTime
        else { return nil }
        return status
    }

    private func status(of pid: Int32) throws -> Status? {
        guard pid > 0, let bytes = try Self.read("/proc/\(pid)/stat", limit: 4_096) else { return nil }
        return Status(String(decoding: bytes, as: UTF8.self))
    }

    private func all(where isWanted: (Status) throws -> Bool) throws -> [DetachedProcess] {
        guard let folder = opendir("/proc") else { throw Self.unreadable("/proc", errno) }
        defer { closedir(folder) }
        var found: [DetachedProcess] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let pid = Int32(name), pid != getpid(), let status = try self.status(of: pid), !status.isDead,
                try isWanted(status)
            else { continue }
            found.append(DetachedProcess(boot: self.boot, pid: pid, startTime: status.startTime))
        }
        return found.sorted { $0.startTime < $1.startTime }
    }

    private func carries(_ mark: String, pid: Int32) throws -> Bool {
        guard let bytes = try Self.read("/proc/\(pid)/environ", limit: 4 << 20) else { return false }
        return bytes.split(separator: 0).contains { $0.elementsEqual(mark.utf8) }
    }

    /// nil if the process or file is not there, or belongs to somebody else. Any other failure is thrown: "can't say"
    /// must never be taken for "dead", or a second one would be started.
    private static func read(_ path: String, limit: Int) throws -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if [ENOENT, ESRCH, EACCES, EPERM].contains(errno) { return nil }
            throw Self.unreadable(path, errno)
        }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while content.count < limit {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count > 0 {
                content += buffer[..<count]
            } else if count == 0 {
                break
            } else if errno == ESRCH || errno == EACCES || errno == EPERM {
                return nil
            } else if errno != EINTR {
                throw Self.unreadable(path, errno)
            }
        }
        return content
    }

    private static func unreadable(_ path: String, _ code: Int32) -> TargetError {
        TargetError(.failed, "\(path) can't be read: \(String(cString: strerror(code))).", retryable: true)
    }
}
