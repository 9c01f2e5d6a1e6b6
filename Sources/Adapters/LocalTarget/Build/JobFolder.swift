import Glibc

/// The folder of one job: `content` to work in, `home` and `tmp` of its own. Its path is what the job's processes are found by, also after
/// Slipway itself was killed.
struct JobFolder: Sendable, Equatable {
    let path: String

    var content: String { self.path + "/content" }
    var home: String { self.path + "/home" }
    var temporary: String { self.path + "/tmp" }

    var variables: [String: String] {
        ["HOME": self.home, "TMPDIR": self.temporary, JobProcesses.mark: self.path]
    }

    /// Ends what an earlier run left behind, and begins with empty folders.
    func begin() async throws {
        await self.processes.kill()
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

    var processes: JobProcesses { JobProcesses(folder: self.path) }
}
