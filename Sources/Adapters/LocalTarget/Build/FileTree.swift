import Glibc
import NIOPosix
import Ports
import Subprocess
import SystemPackage

/// Blocking work on files, on threads made for that: the threads of Swift's tasks never wait for a disk.
enum FileWork {
    static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await NIOThreadPool.singleton.runIfActive(body)
    }
}

/// Whole folders. What stands in them may be hostile: names of any bytes, links to anywhere, any depth. Links are never
/// followed.
enum FileTree {
    /// What one walk looks at; a tree with more is an error.
    static let entryLimit = 2_000_000

    static func isFolder(_ path: String) -> Bool {
        var information = stat()
        return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
    }

    static func exists(_ path: String) -> Bool {
        var information = stat()
        return lstat(path, &information) == 0
    }

    static func create(_ path: String) throws {
        guard mkdir(path, 0o700) == 0 || (errno == EEXIST && self.isFolder(path)) else {
            throw FileError(errno, "make the folder", path)
        }
    }

    /// A new, empty file with a name that nobody has.
    static func temporaryFile(in folder: String) throws -> String {
        // mkstemp(3) puts characters of its own in place of the X.
        var template = Array("\(folder)/tmp-XXXXXX".utf8CString)
        let number = mkstemp(&template)
        guard number >= 0 else { throw FileError(errno, "make a file in", folder) }
        close(number)
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// A plain file's bytes; refuses one that is longer than `limit`, and a link.
    static func content(of path: String, limit: Int) throws -> [UInt8] {
        let number = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard number >= 0 else { throw FileError(errno, "read", path) }
        let file = FileDescriptor(rawValue: number)
        return try file.closeAfter {
            var information = stat()
            guard fstat(number, &information) == 0 else { throw FileError(errno, "read", path) }
            guard information.st_mode & S_IFMT == S_IFREG else { throw FileError(EINVAL, "read", path) }
            guard information.st_size <= limit else { throw FileError(EFBIG, "read", path) }
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while bytes.count <= limit {
                let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
                guard count > 0 else { return bytes }
                bytes += buffer[..<count]
            }
            throw FileError(EFBIG, "read", path)
        }
    }

    /// `rm -rf`: it also takes trees away that are deeper than a path can be long. Folders without the right to write
    /// are opened first.
    static func remove(_ path: String) async throws {
        var information = stat()
        guard lstat(path, &information) == 0 else { return }
        if try await Self.run("/bin/rm", ["-rf", "--", path]) { return }
        _ = try await Self.run("/bin/chmod", ["-R", "u+rwX", "--", path])
        guard try await Self.run("/bin/rm", ["-rf", "--", path]) else { throw FileError(EACCES, "remove", path) }
    }

    private static func run(_ program: String, _ arguments: [String]) async throws -> Bool {
        // A task that was cancelled still clears up: cancelling would kill the child.
        try await Task {
            try await Subprocess.run(
                .path(FilePath(program)), arguments: Arguments(arguments), environment: .custom(["LC_ALL": "C"]),
                output: .discarded, error: .discarded
            ).terminationStatus.isSuccess
        }.value
    }

    /// Bytes that the tree takes up on the disk (what is allocated, so holes don't count), and how many entries it has.
    static func size(of path: String) throws -> (bytes: Int64, entries: Int) {
        var bytes: Int64 = 0
        var entries = 0
        try self.walk(path) { _, information in
            bytes += Int64(information.st_blocks) * 512
            entries += 1
        }
        return (bytes, entries)
    }

    static func setTimes(of path: String, seconds: Int64) throws {
        let time = timespec(tv_sec: Int(seconds), tv_nsec: 0)
        try self.walk(path) { path, _ in
            guard utimensat(AT_FDCWD, path, [time, time], AT_SYMLINK_NOFOLLOW) == 0 else {
                throw FileError(errno, "set the time of", path)
            }
        }
    }

    /// Every entry below a folder. One that vanishes meanwhile is passed over; a folder that can't be read is an error.
    private static func walk(_ path: String, _ visit: ([CChar], stat) throws -> Void) throws {
        var folders = [Array(path.utf8CString)]
        var entries = 0
        while let folder = folders.popLast() {
            for name in try self.readableNames(in: folder) {
                let path = folder.dropLast() + [CChar(bitPattern: UInt8(ascii: "/"))] + name
                var information = stat()
                guard lstat(Array(path), &information) == 0 else {
                    if errno == ENOENT || errno == ENOTDIR { continue }
                    throw FileError(errno, "look at", Array(path))
                }
                entries += 1
                guard entries <= self.entryLimit else { throw FileError(EOVERFLOW, "count the files of", folder) }
                try visit(Array(path), information)
                if information.st_mode & S_IFMT == S_IFDIR { folders.append(Array(path)) }
            }
        }
    }

    /// A folder that its owner has closed counts as empty: what stands in it can't grow either.
    private static func readableNames(in folder: [CChar]) throws -> [[CChar]] {
        do {
            return try self.names(in: folder)
        } catch let error as FileError where error.number == EACCES {
            return []
        }
    }

    /// Names with their final NUL, in the order of their bytes.
    static func names(in folder: [CChar]) throws -> [[CChar]] {
        guard let stream = opendir(folder) else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw FileError(errno, "read the folder", folder)
        }
        defer { closedir(stream) }
        var names: [[CChar]] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    Array(UnsafeBufferPointer(start: $0, count: strnlen($0, 255) + 1))
                }
            }
            if name == [46, 0] || name == [46, 46, 0] { continue }
            names.append(name)
        }
        return names.sorted { one, other in
            one.lexicographicallyPrecedes(other) { UInt8(bitPattern: $0) < UInt8(bitPattern: $1) }
        }
    }
}

/// A call on files that failed, as a sentence with the system's reason.
struct FileError: Error, Sendable, CustomStringConvertible {
    let number: Int32
    let description: String

    init(_ number: Int32, _ what: String, _ path: String) {
        self.number = number
        let reason = number == ENOSPC ? "the disk is full; make room and try again" : String(cString: strerror(number))
        self.description = "can't \(what) `\(path.quotable)`: \(reason)"
    }
}

extension FileError {
    /// For a path as the system gives it: any bytes, with a NUL at the end.
    init(_ number: Int32, _ what: String, _ path: [CChar]) {
        self.init(number, what, String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
}

/// A path below some folder, in its plain form.
struct RelativePath: Sendable, Hashable {
    static let rule = "relative, at most 1,024 bytes and 64 levels, without `.`, `..` and empty parts"
    static let depthLimit = 64

    let components: [String]

    /// One `/` at the end, for a folder, is allowed.
    init?(_ text: String) {
        let text = text.hasSuffix("/") ? text.dropLast() : text[...]
        let components = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard text.utf8.count <= 1_024, components.count <= Self.depthLimit, !text.utf8.contains(0),
            components.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." })
        else { return nil }
        self.components = components
    }

    var text: String { self.components.joined(separator: "/") }
    var name: String { self.components.last ?? "" }
}

extension String {
    /// For a message: at most 200 characters, with control characters and back quotes spelled out.
    var quotable: String {
        let cut = self.count > 200 ? self.prefix(200) + "…" : self[...]
        return cut.unicodeScalars.map { $0.actsOnTerminal || $0 == "`" ? $0.escaped(asASCII: true) : String($0) }
            .joined()
    }
}

extension Unicode.Scalar {
    /// Acts on a terminal instead of being shown: controls of both sets (U+009B begins an escape too), and marks that turn the direction.
    var actsOnTerminal: Bool {
        self.properties.generalCategory == .control || (0x202A...0x202E).contains(self.value)
            || (0x2066...0x2069).contains(self.value)
    }
}
