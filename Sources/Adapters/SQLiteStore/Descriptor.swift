import Glibc
import Ports

/// A file descriptor that is closed with its last use.
struct Descriptor: ~Copyable {
    let number: Int32

    init(_ path: String, _ flags: Int32) throws {
        self.number = Glibc.open(path, flags | O_CLOEXEC, 0o600)
        guard self.number >= 0 else {
            throw LedgerError(
                flags & O_CREAT == 0 ? .invalid : .cannotWrite, "\(path) can't be opened (\(errorText())).")
        }
    }

    deinit { if self.number >= 0 { Glibc.close(self.number) } }

    func fileSize(_ name: String) throws -> Int64 {
        var status = stat()
        guard fstat(self.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw LedgerError(.invalid, "\(name) is no regular file.")
        }
        return Int64(status.st_size)
    }

    /// Fills `chunk` with what comes next; empty at the end.
    func read(into chunk: inout [UInt8], most: Int) throws {
        chunk = try [UInt8](unsafeUninitializedCapacity: most) { space, count in
            repeat { count = Glibc.read(self.number, space.baseAddress, most) } while count < 0 && errno == EINTR
            guard count >= 0 else {
                count = 0
                throw LedgerError(.cannotWrite, "A file can't be read (\(errorText())).")
            }
        }
    }

    func write(_ chunk: [UInt8], _ name: String) throws {
        try chunk.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(self.number, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw LedgerError.cannot(name, "written") }
                rest = rest.dropFirst(count)
            }
        }
    }

    /// Cuts the file at `size`, and goes on writing there.
    func cut(to size: Int64, _ name: String) throws {
        guard ftruncate(self.number, off_t(size)) == 0, lseek(self.number, off_t(size), SEEK_SET) == size else {
            throw LedgerError.cannot(name, "cut")
        }
    }

    func makeReadOnly(_ name: String) throws {
        guard fchmod(self.number, 0o444) == 0 else { throw LedgerError.cannot(name, "made read-only") }
    }

    func flush(_ name: String) throws {
        guard fsync(self.number) == 0 else { throw LedgerError.cannot(name, "flushed") }
    }
}

extension LedgerError {
    /// A file that something can't be done with, by `errno`.
    static func cannot(_ path: String, _ verb: String) -> LedgerError {
        LedgerError(
            .cannotWrite,
            "\(path) can't be \(verb) (\(errorText())): look at the disk's room and the folder's rights.")
    }
}
