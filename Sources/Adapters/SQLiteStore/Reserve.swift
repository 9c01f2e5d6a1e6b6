import Glibc
import Ports
import Synchronization

/// Room on the disk that is kept for what takes traffic back: the file `reserve` in the data folder, really allocated.
/// It is given up a piece at a time, so that whatever else fills the disk can't take all of it at once. Nothing else is
/// written until it is whole again.
final class Reserve: Sendable {
    /// What is given up at once: many appends, with a checkpoint that has to add pages to the file.
    private static let piece: Int64 = 1 << 20

    private let path: String
    private let bytes: Int64
    private let left: Mutex<Int64>

    /// Takes up what an earlier owner left of it. `bytes` 0: no reserve.
    init(folder: String, bytes: Int) {
        self.path = folder + "/reserve"
        self.bytes = Int64(bytes)
        var status = stat()
        let isThere = lstat(self.path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        // A file with holes keeps no room.
        self.left = Mutex(isThere ? min(Int64(status.st_size), Int64(status.st_blocks) * 512, self.bytes) : 0)
    }

    /// Makes it whole if it is not, and refuses (`cannotWrite`) what is not urgent if there is no room for that.
    func keep(for path: String) throws {
        let isWhole = self.left.withLock { left in
            if left < self.bytes, self.make() { left = self.bytes }
            return left >= self.bytes
        }
        guard isWhole else {
            throw LedgerError(
                .cannotWrite,
                "\(path) takes only what takes traffic back: the disk has no room for the reserve of "
                    + "\(self.bytes >> 20) MiB that this needs. Make room on the disk, then try again.")
        }
    }

    /// Gives up the next piece; false: nothing is left.
    func giveUp() -> Bool {
        self.left.withLock { left in
            guard left > 0 else { return false }
            left = max(0, left - Self.piece)
            if left == 0 { unlink(self.path) } else { truncate(self.path, off_t(left)) }
            // Some file systems free the room only with their own next commit.
            try? flushFolder(of: self.path)
            return true
        }
    }

    /// With less than twice its size free, it would only be given up again at once.
    private func make() -> Bool {
        var disk = statvfs()
        guard statvfs(self.path.parent, &disk) == 0, Int64(disk.f_bavail) * Int64(disk.f_frsize) >= 2 * self.bytes,
            let file = try? Descriptor(self.path, O_WRONLY | O_CREAT | O_NOFOLLOW)
        else { return false }
        return posix_fallocate(file.number, 0, off_t(self.bytes)) == 0
    }
}

extension String {
    /// The folder that this path stands in.
    fileprivate var parent: String { self.lastIndex(of: "/").map { String(self[..<$0]) } ?? "." }
}
