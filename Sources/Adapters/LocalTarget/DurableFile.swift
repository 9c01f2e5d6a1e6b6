import Glibc
import Ports

/// A small file that is either as it was or as it should be, also after a crash at any moment: written beside, flushed,
/// renamed.
struct DurableFile: Sendable, Equatable {
    let path: String

    func write(_ bytes: [UInt8]) throws {
        let temporary = self.path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw self.failure("written", errno) }
        do {
            defer { close(descriptor) }
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
                if count >= 0 {
                    rest = rest.dropFirst(count)
                } else if errno != EINTR {
                    throw self.failure("written", errno)
                }
            }
            guard fsync(descriptor) == 0 else { throw self.failure("flushed to disk", errno) }
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, self.path) == 0 else { throw self.failure("renamed", errno) }
        try self.flushFolder()
    }

    /// nil if there is no such file. Refuses one of more than `limit` bytes.
    func read(limit: Int) throws -> [UInt8]? {
        let descriptor = open(self.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw self.failure("read", errno)
        }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return content }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw self.failure("read", errno)
            }
            content += buffer[..<count]
            guard content.count <= limit else {
                throw TargetError(.failed, "\(self.path) has more than \(limit) bytes.", retryable: false)
            }
        }
    }

    private func flushFolder() throws {
        let slash = self.path.lastIndex(of: "/") ?? self.path.startIndex
        let descriptor = open(String(self.path[..<slash]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw self.failure("flushed to disk", errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw self.failure("flushed to disk", errno) }
    }

    private func failure(_ deed: String, _ code: Int32) -> TargetError {
        TargetError(
            .failed, "\(self.path) can't be \(deed): \(String(cString: strerror(code))).",
            retryable: [ENOSPC, EDQUOT, EMFILE, ENFILE, EAGAIN, EIO].contains(code))
    }
}
