import Core
import Glibc
import Ports
import Synchronization

/// The ownership of a data folder: an advisory lock (flock(2)) on its file `lock`, which says who holds it. The kernel
/// gives the lock back when the process ends, however it ends. The file stays: removing it would let two owners lock
/// two files.
final class FolderLock: Sendable {
    private struct Holder {
        var descriptor: Int32?
        var text: String
    }

    private let holder: Mutex<Holder>

    private init(descriptor: Int32, text: String) {
        self.holder = Mutex(Holder(descriptor: descriptor, text: text))
    }

    deinit { self.release() }

    /// Takes the folder, or refuses (`inUse`) with what the first owner wrote.
    static func take(_ folder: String, owner: String, since: Instant) throws -> FolderLock {
        let path = folder + "/lock"
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw LedgerError(.cannotWrite, "\(path) can't be opened (\(errorText())): look at the folder's rights.")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            let first = Self.read(descriptor)
            close(descriptor)
            guard code == EWOULDBLOCK else {
                throw LedgerError(.cannotWrite, "\(path) can't be locked (\(errorText(code))).")
            }
            throw LedgerError(
                .inUse, "\(folder) is in use by \(first.isEmpty ? "another process" : first): stop that one first.")
        }
        let lock = FolderLock(
            descriptor: descriptor, text: "\(owner) (process \(getpid()), since \(since.utcText))")
        lock.write()
        return lock
    }

    /// What the holder of a folder wrote, or nil if nobody holds it.
    static func owner(of folder: String) -> String? {
        let descriptor = Glibc.open(folder + "/lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer {
            _ = flock(descriptor, LOCK_UN)
            close(descriptor)
        }
        guard flock(descriptor, LOCK_SH | LOCK_NB) != 0 else { return nil }
        return Self.read(descriptor)
    }

    /// Adds to what a second opener is told, for example the server's address.
    func announce(_ text: String) {
        self.holder.withLock { $0.text += ", " + text }
        self.write()
    }

    func release() {
        self.holder.withLock { holder in
            guard let descriptor = holder.descriptor else { return }
            _ = ftruncate(descriptor, 0)
            // A program that is being started right now holds a copy until its exec: closing ours would not give the lock back.
            _ = flock(descriptor, LOCK_UN)
            close(descriptor)
            holder.descriptor = nil
        }
    }

    private func write() {
        self.holder.withLock { holder in
            guard let descriptor = holder.descriptor else { return }
            let bytes = Array(String(holder.text.unicodeScalars.filter { $0.value >= 0x20 }.prefix(1_000)).utf8)
            _ = ftruncate(descriptor, 0)
            _ = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        }
    }

    private static func read(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}

/// The system's words for an error of a call.
func errorText(_ code: Int32 = errno) -> String {
    String(cString: strerror(code))
}

extension Instant {
    /// For example `2026-02-03T04:05:06Z`.
    fileprivate var utcText: String {
        var seconds = time_t(self.milliseconds / 1_000)
        var parts = tm()
        guard gmtime_r(&seconds, &parts) != nil else { return "\(self.milliseconds) ms" }
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(parts.tm_year + 1_900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
            + "T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
    }
}
