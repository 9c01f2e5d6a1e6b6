import Core
import Foundation

/// A file that gets its name only when it is whole and on the disk; readable by its owner alone.
struct ExportFile: Sendable {
    let path: String
    let temporary: String
    private let replaces: Bool

    init(_ path: String, replaces: Bool) throws {
        self.path = path
        self.temporary = "\(path).\(UUID().uuidString.prefix(8)).part"
        self.replaces = replaces
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return }
        guard replaces, !isFolder.boolValue else {
            throw VerbError(.refused, "\(path) is there already. Name another file, or replace it with --force.")
        }
    }

    func begin() throws {
        let descriptor = open(self.temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw self.failure("written", errno) }
        close(descriptor)
    }

    func write(_ bytes: [UInt8]) throws {
        try self.onDescriptor(O_WRONLY | O_APPEND) { descriptor in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
                if count >= 0 {
                    rest = rest.dropFirst(count)
                } else if errno != EINTR {
                    throw self.failure("written", errno)
                }
            }
        }
    }

    /// Flushes it and gives it its name. Without `--force` a file that came there meanwhile stays.
    func finish() throws {
        try self.onDescriptor(O_WRONLY) { descriptor in
            guard fsync(descriptor) == 0 else { throw self.failure("flushed to disk", errno) }
        }
        if self.replaces {
            guard rename(self.temporary, self.path) == 0 else { throw self.failure("renamed", errno) }
        } else {
            guard link(self.temporary, self.path) == 0 else { throw self.failure("written", errno) }
            unlink(self.temporary)
        }
        let folder = open((self.path as NSString).deletingLastPathComponent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw self.failure("flushed to disk", errno) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw self.failure("flushed to disk", errno) }
    }

    /// Nothing is left of what was not finished.
    func discard() { unlink(self.temporary) }

    private func onDescriptor(_ flags: Int32, _ body: (Int32) throws -> Void) throws {
        let descriptor = open(self.temporary, flags | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw self.failure("written", errno) }
        defer { close(descriptor) }
        try body(descriptor)
    }

    private func failure(_ deed: String, _ code: Int32) -> VerbError {
        VerbError(.refused, "\(self.path) can't be \(deed): \(String(cString: strerror(code))).")
    }

    /// Checks an export by itself alone, however large it is.
    static func verify(_ path: String) throws(ExportProblem) -> ExportReport {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw ExportProblem(line: 1, "\(path) can't be read")
        }
        defer { try? handle.close() }
        var verifier = ExportVerifier()
        while true {
            let data: Data?
            do { data = try handle.read(upToCount: 1 << 16) } catch {
                throw ExportProblem(line: 1, "\(path) can't be read: \(error)")
            }
            guard let data, !data.isEmpty else { return try verifier.finish() }
            try verifier.take(Array(data))
        }
    }
}
