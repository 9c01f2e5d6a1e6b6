import Glibc

/// The folder of one job: `content` to work in, `home` and `tmp` of its own. Its path in the environment of every
/// process of the job is what they are found by, also after Slipway itself was killed.
struct JobFolder: Sendable, Equatable {
    let path: String

    var content: String { self.path + "/content" }
    var home: String { self.path + "/home" }
    var temporary: String { self.path + "/tmp" }

    private static let mark = "SLIPWAY_JOB"

    var variables: [String: String] {
        ["HOME": self.home, "TMPDIR": self.temporary, Self.mark: self.path]
    }

    /// Ends what an earlier run left behind, and begins with empty folders.
    func begin() async throws {
        await self.killLeftovers()
        try await FileTree.remove(self.path)
        for folder in [self.path, self.home, self.temporary] { try FileTree.create(folder) }
    }

    /// Where a path below `content` is; nil if nothing is there. Refuses one that goes over a symbolic link.
    func contentPath(_ path: RelativePath) throws -> String? {
        guard let root = realpath(self.content, nil) else { throw FileError(errno, "find", self.content) }
        defer { free(root) }
        let expected = String(cString: root) + "/" + path.text
        guard let real = realpath(expected, nil) else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw FileError(errno, "find", expected)
        }
        defer { free(real) }
        guard String(cString: real) == expected else {
            throw BuildFailure("`\(path.text.quotable)` goes over a symbolic link; name the place itself")
        }
        return expected
    }

    func remove() async throws { try await FileTree.remove(self.path) }

    /// Kills every process of the job, until a look finds none: one that forks meanwhile is found by the next look.
    func killLeftovers() async {
        let needle = Array("\(Self.mark)=\(self.path)".utf8)
        // A task of its own: also what was cancelled has to be cleared up to the end.
        await Task {
            for _ in 0..<200 {
                let found = Self.processes(withVariable: needle)
                if found.isEmpty { return }
                for process in found { _ = kill(process, SIGKILL) }
                // A killed process may keep its number until it is reaped, but its environment is gone.
                try? await Task.sleep(for: .milliseconds(10))
            }
        }.value
    }

    private static func processes(withVariable needle: [UInt8]) -> [pid_t] {
        guard let names = try? FileTree.names(in: Array("/proc".utf8CString)) else { return [] }
        return names.compactMap { name in
            let text = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            guard let process = pid_t(text), process != getpid(), let block = Self.environment(of: process) else {
                return nil
            }
            return block.split(separator: 0).contains { $0.elementsEqual(needle) } ? process : nil
        }
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
