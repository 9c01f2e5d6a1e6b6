import Glibc
package import Ports

/// The output of one instance: a file that its processes append to, and one older file beside it.
///
/// The processes hold the file open for append, so it can't be renamed away from them: its tail is copied and the file
/// is cut to nothing; what is appended next stands at its begin. What is written in the microseconds between the last
/// read and the cut is lost.
package struct InstanceLog: Sendable, Equatable {
    /// Bytes.
    package static let rotatedAt = 10 << 20

    package let path: String
    package var older: String { self.path + ".1" }

    /// A place in the output: which file it was (the inode of the older file changes at each rotation) and how far it
    /// was read.
    package struct Place: Sendable, Hashable, Codable {
        var rotation: UInt64
        var offset: Int
    }

    package init(path: String) { self.path = path }

    /// Keeps the last `limit` bytes (at most twice as many) in the older file once there are more in the file. Says
    /// whether it did. Two at once would cut off each other's tail, so the second leaves it to the first.
    @discardableResult
    package func rotate(limit: Int = Self.rotatedAt) throws -> Bool {
        guard self.size() > limit else { return false }
        let source = open(self.path, O_RDWR | O_CLOEXEC)
        guard source >= 0 else { throw self.failure(errno) }
        defer { close(source) }
        guard flock(source, LOCK_EX | LOCK_NB) == 0 else { return false }
        let size = self.size()
        guard size > limit else { return false }
        let temporary = self.older + ".new"
        let target = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard target >= 0 else { throw self.failure(errno) }
        defer { close(target) }
        lseek(source, off_t(size - limit), SEEK_SET)
        // What is written meanwhile is taken along, up to as much again: a fast writer would never let us come to the
        // end.
        let copied = Self.copy(from: source, to: target, limit: 2 * limit)
        // Cut even if the copy failed: a full disk is the reason to do this.
        guard ftruncate(source, 0) == 0 else { throw self.failure(errno) }
        guard copied >= limit, rename(temporary, self.older) == 0 else {
            unlink(temporary)
            throw TargetError(.failed, "The tail of \(self.path) could not be kept; the file was cut.", retryable: true)
        }
        return true
    }

    private static func copy(from source: Int32, to target: Int32, limit: Int) -> Int {
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        var copied = 0
        while copied < limit {
            let count = read(source, &buffer, min(buffer.count, limit - copied))
            guard count > 0, write(target, buffer, count) == count else { break }
            copied += count
        }
        return copied
    }

    /// Adds a line of ours to it. Best effort: a full disk must not keep an instance from being started.
    func note(_ sentence: String) {
        let descriptor = open(self.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let line = Array("slipway: \(sentence)\n".utf8)
        _ = write(descriptor, line, line.count)
    }

    /// The last lines, oldest first, from both files; control characters are visible, long lines are cut.
    package func lastLines(_ count: Int, characters: Int, hiding mask: SecretMask = SecretMask([])) throws -> [String] {
        let window = min(4 << 20, max(64 << 10, count * 512))
        var bytes = try self.tail(of: self.path, window)
        if bytes.count < window { bytes = try self.tail(of: self.older, window - bytes.count) + bytes }
        // Where the window cuts a line, the rest of a value could not be told from other text.
        if !mask.isEmpty, bytes.count >= window {
            bytes = Array(bytes[((bytes.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count - 1) + 1)...])
        }
        return Array(VisibleText.lines(mask.hide(bytes), characters: characters).suffix(count))
    }

    /// Whole lines after a place, at most 64 KiB of them, and the place after them. nil: the last 20 lines, and from
    /// there.
    package func lines(
        after place: Place?, characters: Int, hiding mask: SecretMask = SecretMask([])
    ) throws -> (lines: [String], next: Place) {
        let rotation = self.rotation()
        guard let place else {
            let end = self.size()
            let lines = try self.lastLines(20, characters: characters, hiding: mask)
            return (lines, Place(rotation: rotation, offset: end))
        }
        let isSame = place.rotation == rotation && place.offset <= self.size()
        let offset = isSame ? place.offset : 0
        var bytes = try self.bytes(of: self.path, from: offset, limit: 64 << 10)
        // The last line may still be under way, unless there is no room for more of it.
        if bytes.count < 64 << 10 { bytes = Array(bytes[..<((bytes.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1)]) }
        let note = isSame ? [] : ["slipway: the log was rotated here"]
        return (
            note + VisibleText.lines(mask.hide(bytes), characters: characters),
            Place(rotation: rotation, offset: offset + bytes.count)
        )
    }

    private func rotation() -> UInt64 {
        var status = stat()
        return stat(self.older, &status) == 0 ? UInt64(status.st_ino) : 0
    }

    private func size() -> Int {
        var status = stat()
        return stat(self.path, &status) == 0 ? Int(status.st_size) : 0
    }

    private func tail(of path: String, _ limit: Int) throws -> [UInt8] {
        var status = stat()
        guard stat(path, &status) == 0 else { return [] }
        return try self.bytes(of: path, from: max(0, Int(status.st_size) - limit), limit: limit)
    }

    private func bytes(of path: String, from offset: Int, limit: Int) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return [] }
            throw self.failure(errno)
        }
        defer { close(descriptor) }
        var content = [UInt8](repeating: 0, count: limit)
        var count = 0
        while count < limit {
            let more = content.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress?.advanced(by: count), limit - count, off_t(offset + count))
            }
            guard more > 0 else { break }
            count += more
        }
        return Array(content[..<count])
    }

    private func failure(_ code: Int32) -> TargetError {
        TargetError(.failed, "The log \(self.path) can't be read: \(String(cString: strerror(code))).", retryable: true)
    }
}

/// Output of programs as text that is safe on a terminal and a page: nothing in it moves the cursor or turns the
/// direction of writing.
package enum VisibleText {
    static func lines(_ bytes: [UInt8], characters: Int) -> [String] {
        bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
            .filter { !$0.element.isEmpty }
            .map { Self.line($0.element, characters: characters) }
    }

    package static func line(_ bytes: some Collection<UInt8>, characters: Int) -> String {
        // A character has at most a few scalars in honest text; the bound on bytes keeps dishonest text short as well.
        let scalars = String(decoding: bytes.prefix(characters * 8), as: UTF8.self).unicodeScalars
        var text = ""
        for scalar in scalars where scalar != "\r" { text += Self.visible(scalar) }
        let isCut = text.count > characters || bytes.count > characters * 8
        return isCut ? text.prefix(characters - 1) + "…" : text
    }

    private static func visible(_ scalar: Unicode.Scalar) -> String {
        switch scalar.value {
        case 0x09: return "    "
        case 0x00..<0x20: return Unicode.Scalar(0x2400 + scalar.value).map { String($0) } ?? "?"
        case 0x7F: return "\u{2421}"
        case 0x80..<0xA0, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069:
            return "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
        default: return String(scalar)
        }
    }
}
