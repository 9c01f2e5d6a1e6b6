import Glibc
import SystemPackage

/// Packs a build's result into one file and takes it apart again. The same content gives the same bytes: sorted names,
/// no times, no owners, modes 0644 and 0755, uncompressed. Links that stay inside are kept; devices, sockets and links
/// that lead out are refused.
package struct ArtifactArchive: Sendable {
    package struct Limits: Sendable, Equatable {
        /// Bytes of all files together.
        package var bytes: Int64 = 2 << 30
        package var entries = 200_000

        package init() {}
    }

    private let limits: Limits

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// Packs a folder's content, or one file under its own name, into a new file at `archive`. Throws `ArchiveError`.
    package func pack(_ source: String, into archive: String) async throws {
        try await FileWork.run {
            try Self.named("pack `\(source.quotable)`") { try self.packNow(source, into: archive) }
        }
    }

    /// Writes the content of an archive into a new or empty folder. Nothing is written outside it, whatever the archive
    /// says. After an error the folder holds a part of the content: remove it. Throws `ArchiveError`.
    package func unpack(_ archive: String, into folder: String) async throws {
        try await FileWork.run {
            try Self.named("unpack into `\(folder.quotable)`") { try self.unpackNow(archive, into: folder) }
        }
    }

    /// What the file system refuses, in the words of this door.
    private static func named(_ what: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as Errno {
            throw ArchiveError(.failed, "can't \(what): \(error)")
        } catch let error as FileError {
            throw ArchiveError(.failed, "can't \(what): \(error)")
        }
    }
}

// MARK: Packing

extension ArtifactArchive {
    private func packNow(_ source: String, into archive: String) throws {
        var information = stat()
        guard lstat(source, &information) == 0 else {
            throw ArchiveError(.missing, "there is nothing at `\(source.quotable)` to pack")
        }
        var entries: [ArchiveEntry] = []
        let isFolder = information.st_mode & S_IFMT == S_IFDIR
        if isFolder {
            try self.collect(folder: source, path: [], into: &entries)
        } else {
            let name = source.split(separator: "/").last.map(String.init) ?? ""
            entries.append(try self.entry([name], at: source, information))
        }
        let total = entries.reduce(0) { $0 + $1.bytes }
        guard total <= self.limits.bytes else {
            throw ArchiveError(
                .tooLarge,
                "the artifact has \(total) bytes; at most \(self.limits.bytes) are allowed: leave out what need not run"
            )
        }
        let output = try FileDescriptor.open(
            FilePath(archive), .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: [.ownerReadWrite])
        try output.closeAfter {
            for entry in entries {
                try output.writeAll(entry.header)
                guard case .file(let bytes, _) = entry.kind else { continue }
                try Self.copy(isFolder ? "\(source)/\(entry.path.text)" : source, bytes: bytes, to: output)
            }
            try output.writeAll([UInt8](repeating: 0, count: 2 * ArchiveEntry.blockSize))
        }
    }

    /// The entries of a folder in the order of their names' bytes, a folder before what is in it.
    private func collect(folder: String, path: [String], into entries: inout [ArchiveEntry]) throws {
        for name in try FileTree.names(in: Array(folder.utf8CString)) {
            let bytes = name.dropLast().map { UInt8(bitPattern: $0) }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                let shown = String(decoding: bytes, as: UTF8.self).quotable
                throw ArchiveError(.unsafe, "`\(shown)` in `\(folder.quotable)` is not UTF-8; rename it")
            }
            let inner = "\(folder)/\(text)"
            var information = stat()
            guard lstat(inner, &information) == 0 else { throw FileError(errno, "look at", inner) }
            guard entries.count < self.limits.entries else {
                throw ArchiveError(
                    .tooLarge, "the artifact has more than the \(self.limits.entries) files that are allowed")
            }
            let entry = try self.entry(path + [text], at: inner, information)
            entries.append(entry)
            if entry.kind == .folder { try self.collect(folder: inner, path: path + [text], into: &entries) }
        }
    }

    private func entry(_ components: [String], at place: String, _ information: stat) throws -> ArchiveEntry {
        guard let path = RelativePath(components.joined(separator: "/")) else {
            throw ArchiveError(.unsafe, "`\(place.quotable)` can't be packed: \(RelativePath.rule)")
        }
        switch information.st_mode & S_IFMT {
        case S_IFDIR: return ArchiveEntry(path: path, kind: .folder)
        case S_IFREG:
            let isExecutable = information.st_mode & 0o111 != 0
            return ArchiveEntry(path: path, kind: .file(bytes: Int64(information.st_size), isExecutable: isExecutable))
        case S_IFLNK:
            let target = try Self.target(of: place)
            guard ArchiveEntry.isInside(target: target, of: path) else { throw ArchiveError.link(path, target) }
            return ArchiveEntry(path: path, kind: .link(target: target))
        default:
            throw ArchiveError(
                .unsafe, "`\(place.quotable)` is no file, folder or symbolic link; leave it out of the artifact")
        }
    }

    private static func target(of link: String) throws -> String {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { readlink(link, $0, bytes.count) } ?? -1
        }
        guard count >= 0 else { throw FileError(errno, "read the link", link) }
        guard let target = String(validating: buffer.prefix(count), as: UTF8.self) else {
            throw ArchiveError(.unsafe, "the target of the link `\(link.quotable)` is not UTF-8; change it")
        }
        return target
    }

    private static func copy(_ path: String, bytes: Int64, to output: FileDescriptor) throws {
        let input = try FileDescriptor.open(FilePath(path), .readOnly, options: [.noFollow, .closeOnExec])
        try input.closeAfter {
            var left = bytes
            var buffer = [UInt8](repeating: 0, count: 1 << 18)
            while left > 0 {
                let room = Int(min(left, Int64(buffer.count)))
                let count = try buffer.withUnsafeMutableBytes { try input.read(into: .init(rebasing: $0[..<room])) }
                guard count > 0 else {
                    throw ArchiveError(.failed, "`\(path.quotable)` became shorter while it was packed; build again")
                }
                try output.writeAll(buffer[..<count])
                left -= Int64(count)
            }
            try output.writeAll([UInt8](repeating: 0, count: ArchiveEntry.padding(after: bytes)))
        }
    }
}

// MARK: Unpacking

extension ArtifactArchive {
    private func unpackNow(_ archive: String, into folder: String) throws {
        try FileTree.create(folder)
        guard try FileTree.names(in: Array(folder.utf8CString)).isEmpty else {
            throw ArchiveError(
                .failed, "`\(folder.quotable)` is not empty; artifacts are unpacked into empty folders only")
        }
        let input = try FileDescriptor.open(FilePath(archive), .readOnly, options: .closeOnExec)
        try input.closeAfter {
            let root = try FileDescriptor.open(
                FilePath(folder), .readOnly, options: [.directory, .noFollow, .closeOnExec])
            try root.closeAfter { try self.unpack(ArchiveReader(input), into: root) }
        }
    }

    private func unpack(_ reader: consuming ArchiveReader, into root: FileDescriptor) throws {
        var total: Int64 = 0
        for _ in 0..<self.limits.entries {
            guard let entry = try reader.next() else { return }
            total += entry.bytes
            guard total <= self.limits.bytes else {
                throw ArchiveError(
                    .tooLarge, "the artifact has more than the \(self.limits.bytes) bytes that are allowed")
            }
            try Self.inFolder(of: entry.path, below: root) { folder in
                try Self.write(entry, into: folder, from: &reader)
            }
        }
        guard try reader.next() == nil else {
            throw ArchiveError(
                .tooLarge, "the artifact has more than the \(self.limits.entries) files that are allowed")
        }
    }

    /// Opens the folder of an entry part by part, following no link: so an archive can't write through a link that it
    /// made.
    private static func inFolder(
        of path: RelativePath, below root: FileDescriptor, _ body: (FileDescriptor) throws -> Void
    ) throws {
        var folder = try root.duplicate()
        for component in path.components.dropLast() {
            let next = openat(folder.rawValue, component, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            let number = errno
            try folder.close()
            guard next >= 0 else {
                if number == ENOENT || number == ENOTDIR || number == ELOOP {
                    throw ArchiveError(.unsafe, "`\(path.text.quotable)` lies in no folder of the archive")
                }
                throw FileError(number, "open the folder of", path.text)
            }
            folder = FileDescriptor(rawValue: next)
        }
        try folder.closeAfter { try body(folder) }
    }

    private static func write(
        _ entry: ArchiveEntry, into folder: FileDescriptor, from reader: inout ArchiveReader
    ) throws {
        let name = entry.path.name
        switch entry.kind {
        case .folder:
            guard mkdirat(folder.rawValue, name, 0o755) == 0 else { throw FileError(errno, "make", entry.path.text) }
            guard fchmodat(folder.rawValue, name, 0o755, 0) == 0 else {
                throw FileError(errno, "make", entry.path.text)
            }
        case .link(let target):
            guard symlinkat(target, folder.rawValue, name) == 0 else { throw FileError(errno, "make", entry.path.text) }
        case .file(let bytes, let isExecutable):
            let number = openat(
                folder.rawValue, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode_t(0o600))
            guard number >= 0 else { throw FileError(errno, "make", entry.path.text) }
            let file = FileDescriptor(rawValue: number)
            try file.closeAfter {
                try reader.copy(bytes, to: file)
                guard fchmod(number, isExecutable ? 0o755 : 0o644) == 0 else {
                    throw FileError(errno, "make", entry.path.text)
                }
            }
        }
    }
}

/// Reads an archive from the front, one entry after the other.
private struct ArchiveReader: ~Copyable {
    private let input: FileDescriptor
    private var buffer = [UInt8](repeating: 0, count: 1 << 18)

    init(_ input: FileDescriptor) { self.input = input }

    /// The next entry, whose content has to be read before the next one; nil at the end, after which nothing may
    /// follow.
    mutating func next() throws -> ArchiveEntry? {
        var override = ArchiveEntry.Override()
        var hasOverride = false
        while true {
            switch try ArchiveEntry.read(try self.bytes(ArchiveEntry.blockSize), override: override) {
            case .entry(let entry): return entry
            case .pax(let bytes):
                guard bytes <= 8_192, !hasOverride else {
                    throw ArchiveError(.damaged, "an extended header of the archive is too large")
                }
                hasOverride = true
                override = try ArchiveEntry.override(from: try self.bytes(Int(bytes)))
                _ = try self.bytes(ArchiveEntry.padding(after: bytes))
            case .end:
                let rest = try self.bytes(ArchiveEntry.blockSize)
                guard !hasOverride, rest.allSatisfy({ $0 == 0 }), try self.isAtEnd() else {
                    throw ArchiveError(.damaged, "something stands after the end of the archive")
                }
                return nil
            }
        }
    }

    mutating func copy(_ bytes: Int64, to output: FileDescriptor) throws {
        var left = bytes
        while left > 0 {
            let count = try self.fill(Int(min(left, Int64(self.buffer.count))))
            try output.writeAll(self.buffer[..<count])
            left -= Int64(count)
        }
        guard try self.bytes(ArchiveEntry.padding(after: bytes)).allSatisfy({ $0 == 0 }) else {
            throw ArchiveError(.damaged, "the archive is damaged between two files")
        }
    }

    private mutating func bytes(_ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let got = try self.fill(count - bytes.count)
            bytes += self.buffer[..<got]
        }
        return bytes
    }

    private mutating func fill(_ most: Int) throws -> Int {
        let room = min(most, self.buffer.count)
        let input = self.input
        let count = try self.buffer.withUnsafeMutableBytes { try input.read(into: .init(rebasing: $0[..<room])) }
        guard count > 0 else { throw ArchiveError(.damaged, "the archive ends too early") }
        return count
    }

    private mutating func isAtEnd() throws -> Bool {
        let input = self.input
        return try self.buffer.withUnsafeMutableBytes { try input.read(into: .init(rebasing: $0[..<1])) } == 0
    }
}
