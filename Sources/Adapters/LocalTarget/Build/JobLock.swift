import Glibc

/// Keeps a second run of the same job out, in this process and in others; given back when the process dies too.
struct JobLock: ~Copyable {
    private let number: Int32

    /// nil: somebody has it.
    static func take(_ path: String) throws -> JobLock? {
        for _ in 0..<100 {
            guard let lock = try self.takeOnce(path) else { return nil }
            var (mine, named) = (stat(), stat())
            guard fstat(lock.number, &mine) == 0 else { throw FileError(errno, "look at the lock", path) }
            // Who clears up removes the file while holding it: a lock on a file without a name keeps nobody out.
            if stat(path, &named) == 0, named.st_ino == mine.st_ino, named.st_dev == mine.st_dev { return lock }
        }
        return nil
    }

    /// Tries for a moment: who clears up holds it for an instant.
    static func take(_ path: String, within limit: Duration) async throws -> JobLock? {
        let end = ContinuousClock.now + limit
        while true {
            if let lock = try self.take(path) { return lock }
            guard ContinuousClock.now < end else { return nil }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private static func takeOnce(_ path: String) throws -> JobLock? {
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
