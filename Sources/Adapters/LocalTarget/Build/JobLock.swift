import Glibc

/// Keeps a second run of the same job out, in this process and in others; given back when the process dies too.
struct JobLock: ~Copyable {
    private let number: Int32

    /// nil: somebody has it.
    static func take(_ path: String) throws -> JobLock? {
        let number = open(path, O_RDWR | O_CREAT | O_CLOEXEC, mode_t(0o600))
        guard number >= 0 else { throw FileError(errno, "open the lock", path) }
        guard flock(number, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            close(number)
            if reason == EWOULDBLOCK { return nil }
            throw FileError(reason, "lock", path)
        }
        return JobLock(number: number)
    }

    deinit {
        // A program that is being started right now holds a copy of the number until its exec: closing ours would not give the lock back.
        _ = flock(self.number, LOCK_UN)
        close(self.number)
    }
}
