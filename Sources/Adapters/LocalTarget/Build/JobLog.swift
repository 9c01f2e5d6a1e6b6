import Core
import Glibc
import SystemPackage

/// The output of a command: written to a file as it comes, so that it can be read meanwhile. Of an output that is
/// longer than the limit the beginning and the last 64 KiB are kept, with a line that says so between them: the command
/// goes on.
struct JobLog: Sendable {
    static let tailBytes = 64 * 1_024

    private let path: String
    private let file: FileDescriptor
    private let limit: Int
    private(set) var bytes: Int64 = 0
    private var written = 0
    /// The newest output, at most twice `tailBytes`.
    private var tail: [UInt8] = []

    /// Makes the file anew. The caller closes the log.
    init(creating path: String, limit: Int) throws {
        guard unlink(path) == 0 || errno == ENOENT else { throw FileError(errno, "replace", path) }
        let number = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, mode_t(0o600))
        guard number >= 0 else { throw FileError(errno, "make the log", path) }
        self.path = path
        self.file = FileDescriptor(rawValue: number)
        self.limit = limit
    }

    /// Ends the log: writes the line on what was left out, and the end.
    mutating func finish() throws {
        guard self.bytes > Int64(self.written) else { return }
        let kept = self.tail.suffix(Int(min(Int64(Self.tailBytes), self.bytes - Int64(self.written))))
        let left = self.bytes - Int64(self.written) - Int64(kept.count)
        self.written = Int(clamping: self.bytes)
        if left > 0 { try self.write("\nslipway: \(left) bytes of output were left out here\n".utf8) }
        try self.write(kept)
    }

    func close() throws { try self.file.close() }

    private func write(_ bytes: some Sequence<UInt8>) throws {
        do {
            try self.file.writeAll(bytes)
        } catch let error as Errno {
            throw FileError(error.rawValue, "write the log", self.path)
        }
    }

    /// A line of our own.
    mutating func note(_ line: String) throws { try self.append(Array("slipway: \(line)\n".utf8)[...]) }

    mutating func append(_ output: ArraySlice<UInt8>) throws {
        self.bytes += Int64(output.count)
        let room = max(0, self.limit - self.written)
        if self.bytes - Int64(output.count) == Int64(self.written), room > 0 {
            let head = output.prefix(room)
            try self.write(head)
            self.written += head.count
        }
        self.tail += output.suffix(Self.tailBytes)
        if self.tail.count > 2 * Self.tailBytes { self.tail.removeFirst(self.tail.count - Self.tailBytes) }
    }

    /// At most 20 last lines of 500 characters, without the escapes of a terminal.
    var lastLines: [String] {
        let text = String(decoding: self.tail.suffix(Self.tailBytes), as: UTF8.self)
        let lines = text.split(whereSeparator: \.isNewline).suffix(20)
        return lines.map { line in
            String(
                String.UnicodeScalarView(line.unicodeScalars.filter { !$0.actsOnTerminal || $0 == "\t" }).prefix(500))
        }
    }
}
