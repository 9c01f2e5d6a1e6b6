import Glibc
import Ports
import Synchronization

/// The newest position that was ever answered for, in the file `acknowledged` beside the database. SQLite takes a
/// write-ahead log whose end it can't read for a torn write and drops it without a word, and nothing inside a database
/// can say that it is not the newest: this small file can. It is written after each commit and not flushed: it never
/// claims more than the disk has.
final class Acknowledged: Sendable {
    private let descriptor: Mutex<Int32?>

    init(folder: String) throws {
        let path = folder + "/acknowledged"
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw LedgerError(.cannotWrite, "\(path) can't be opened (\(errorText())).") }
        self.descriptor = Mutex(descriptor)
    }

    deinit { self.close() }

    func write(_ position: Int) {
        let bytes = Array(Self.line(position).utf8)
        self.descriptor.withLock { descriptor in
            guard let descriptor else { return }
            _ = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        }
    }

    func close() {
        self.descriptor.withLock { descriptor in
            if let descriptor { _ = Glibc.close(descriptor) }
            descriptor = nil
        }
    }

    /// The position in a folder's file; nil if there is none, or the file was cut by a loss of power.
    static func read(folder: String) -> Int? {
        let descriptor = Glibc.open(folder + "/acknowledged", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { _ = Glibc.close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        guard let position = text.split(separator: " ").first.flatMap({ Int($0) }) else { return nil }
        return text == Self.line(position) ? position : nil
    }

    /// The number twice, in a fixed width: a line that was cut or half-written is not taken for a number.
    private static func line(_ position: Int) -> String {
        let digits = String(position)
        let padded = String(repeating: "0", count: max(0, 20 - digits.count)) + digits
        return "\(padded) \(padded)\n"
    }
}
