import Glibc

/// The processes of one job. They are found by the job's folder: its path stands in the environment that they were started with, or they
/// stand in it. So those that left the group by `setsid` are found, and those that emptied their environment; one that did both and went to
/// another folder is not.
struct JobProcesses: Sendable {
    static let mark = "SLIPWAY_JOB"

    let folder: String

    /// Stops and kills all, until a look finds none: one that forks meanwhile is found by the next look.
    func kill() async {
        // A task of its own: also what was cancelled has to be cleared up to the end.
        await Task {
            for _ in 0..<200 {
                // Stopped first: what is stopped keeps its place under the limit on processes, so that the rest can't fork on.
                var stopped: Set<pid_t> = []
                for _ in 0..<20 {
                    let new = self.all().filter { stopped.insert($0).inserted }
                    if new.isEmpty { break }
                    for process in new { _ = Glibc.kill(process, SIGSTOP) }
                }
                if stopped.isEmpty { return }
                for process in stopped { _ = Glibc.kill(process, SIGKILL) }
                // A killed process may keep its number until it is reaped, but its environment and folder are gone.
                try? await Task.sleep(for: .milliseconds(10))
            }
        }.value
    }

    func all() -> [pid_t] {
        guard let names = try? FileTree.names(in: Array("/proc".utf8CString)) else { return [] }
        let needle = Array("\(Self.mark)=\(self.folder)".utf8)
        return names.compactMap { name in
            let text = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            guard let process = pid_t(text), process != getpid() else { return nil }
            return self.isMarked(process, needle) || self.isInside(process) ? process : nil
        }
    }

    private func isMarked(_ process: pid_t, _ needle: [UInt8]) -> Bool {
        Self.environment(of: process)?.split(separator: 0).contains { $0.elementsEqual(needle) } ?? false
    }

    private func isInside(_ process: pid_t) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { readlink("/proc/\(process)/cwd", $0, bytes.count) } ?? -1
        }
        guard count > 0 else { return false }
        let place = buffer[..<count]
        let folder = Array(self.folder.utf8)
        // With the slash, so that the folder of another job, whose name begins alike, is another one.
        return place.starts(with: folder + [UInt8(ascii: "/")]) || place.elementsEqual(folder)
    }

    /// The environment that a process was started with; nil if it is gone or another user's.
    private static func environment(of process: pid_t) -> [UInt8]? {
        let number = open("/proc/\(process)/environ", O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return nil }
        defer { close(number) }
        var block: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while block.count < 4 << 20 {
            let count = buffer.withUnsafeMutableBytes { bytes in
                bytes.baseAddress.map { read(number, $0, bytes.count) } ?? -1
            }
            guard count > 0 else { break }
            block += buffer[..<count]
        }
        return block
    }
}

/// Tasks (processes and their threads) of this machine, as the kernel counts them.
enum MachineTasks {
    /// Of everybody; cheap.
    static func all() -> Int {
        // `0.10 0.20 0.30 2/345 6789`: running and all tasks, newest process.
        guard let bytes = try? FileTree.content(of: "/proc/loadavg", limit: 256) else { return 0 }
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        return fields.count > 3 ? fields[3].split(separator: "/").last.flatMap { Int($0) } ?? 0 : 0
    }

    /// Of the user that this process runs as: what the kernel holds against `RLIMIT_NPROC`.
    static func ofThisUser() -> Int {
        guard let names = try? FileTree.names(in: Array("/proc".utf8CString)) else { return 0 }
        return names.reduce(0) { sum, name in
            let place = "/proc/" + String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            var information = stat()
            guard stat(place, &information) == 0, information.st_uid == getuid(),
                let bytes = try? FileTree.content(of: place + "/stat", limit: 4_096)
            else { return sum }
            // The name in brackets may hold anything; the 18th field after it is the number of threads.
            let fields = String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
            return sum + (fields.count > 17 ? Int(fields[17]) ?? 0 : 0)
        }
    }
}
