package import Core
import Dispatch
import Glibc
import Ports

import struct Crypto.SHA256

/// Blobs as files, `ab/cdef…` under one folder, named by their content. A file appears whole, flushed and read-only, by
/// a rename; storing the same content again replaces it by itself, which also heals a damaged one.
package struct FileBlobs: BlobStore {
    private static let chunk = 1 << 20

    private let folder: String
    private let mostBytes: Int64
    /// Disk work leaves the threads that tasks run on.
    private let disk = DispatchQueue(label: "blobs", attributes: .concurrent)
    /// A name is given and taken away by one at a time: what was just stored again is not removed for its age of before.
    private let names = DispatchQueue(label: "names of blobs")

    /// - Parameter mostBytes: the largest blob that is taken.
    package init(folder: String, mostBytes: Int64 = 4 << 30) throws {
        try makeFolder(folder)
        self.folder = folder
        self.mostBytes = mostBytes
        self.removeRemains()
    }

    package func store(file path: String) async throws -> Blob {
        try await self.onDisk {
            let source = try Descriptor(path, O_RDONLY | O_NONBLOCK)
            let size = try source.fileSize(path)
            guard size <= self.mostBytes else { throw self.tooLarge("\(path) has \(size)") }
            return try self.store { chunk in try source.read(into: &chunk, most: Self.chunk) }
        }
    }

    package func store(_ bytes: [UInt8]) async throws -> Blob {
        guard bytes.count <= self.mostBytes else { throw self.tooLarge("The content has \(bytes.count)") }
        return try await self.onDisk {
            var rest = bytes[...]
            return try self.store { chunk in
                chunk = Array(rest.prefix(Self.chunk))
                rest = rest.dropFirst(Self.chunk)
            }
        }
    }

    package func read(_ digest: Digest, limit: Int) async throws -> [UInt8]? {
        try await self.onDisk { () -> [UInt8]? in
            guard let file = try self.open(digest) else { return nil }
            let size = try file.fileSize(digest.text)
            guard size <= limit else {
                throw LedgerError(.invalid, "\(digest) has \(size) bytes; at most \(limit) are read here.")
            }
            var content: [UInt8] = []
            content.reserveCapacity(Int(size))
            try self.check(file, digest) { content += $0 }
            return content
        }
    }

    package func path(_ digest: Digest) async throws -> String? {
        try await self.onDisk { () -> String? in
            guard let file = try self.open(digest) else { return nil }
            try self.check(file, digest) { _ in }
            return self.place(of: digest)
        }
    }

    package func remove(_ digest: Digest, storedBefore time: Instant) async throws -> Int64 {
        try await self.onDisk {
            let place = self.place(of: digest)
            return try self.names.sync {
                guard let bytes = Self.bytes(of: place, storedBefore: time) else { return 0 }
                guard unlink(place) == 0 else { throw LedgerError.cannot(place, "removed") }
                return bytes
            }
        }
    }

    package func stored(before time: Instant) async throws -> [Blob] {
        try await self.onDisk {
            var found: [Blob] = []
            for folder in try Self.entries(of: self.folder) where folder.utf8.count == 2 {
                for name in try Self.entries(of: "\(self.folder)/\(folder)") {
                    guard let digest = Digest("sha256:\(folder)\(name)"),
                        let bytes = Self.bytes(of: self.place(of: digest), storedBefore: time)
                    else { continue }
                    found.append(Blob(digest: digest, bytes: bytes))
                }
            }
            return found
        }
    }

    /// nil: it is not there, or was stored later.
    private static func bytes(of place: String, storedBefore time: Instant) -> Int64? {
        var status = stat()
        guard lstat(place, &status) == 0 else { return nil }
        let storedAt = Int64(status.st_mtim.tv_sec) * 1_000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
        return storedAt < time.milliseconds ? Int64(status.st_size) : nil
    }

    private static func entries(of folder: String) throws -> [String] {
        guard let listing = opendir(folder) else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw LedgerError.cannot(folder, "read")
        }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names
    }

    // MARK: Files

    private func place(of digest: Digest) -> String { "\(self.folder)/\(Self.name(of: digest))" }

    /// Where a blob stands below the folder.
    static func name(of digest: Digest) -> String {
        "\(digest.hexadecimal.prefix(2))/\(digest.hexadecimal.dropFirst(2))"
    }

    private func open(_ digest: Digest) throws -> Descriptor? {
        let place = self.place(of: digest)
        guard access(place, F_OK) == 0 else { return nil }
        return try Descriptor(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    }

    /// Reads a file through, and refuses it unless its bytes are those that its name says.
    private func check(_ file: borrowing Descriptor, _ digest: Digest, each: ([UInt8]) -> Void) throws {
        var hasher = SHA256()
        var chunk: [UInt8] = []
        while true {
            try file.read(into: &chunk, most: Self.chunk)
            if chunk.isEmpty { break }
            hasher.update(data: chunk)
            each(chunk)
        }
        guard ChainHash(Array(hasher.finalize()))?.description == digest.hexadecimal else {
            throw LedgerError(
                .damaged,
                "The file \(self.place(of: digest)) is damaged: its content is not \(digest). Store it again.")
        }
    }

    /// Writes what `next` gives, until it gives nothing, to a temporary file beside the blobs, and moves it to its
    /// name.
    private func store(_ next: (inout [UInt8]) throws -> Void) throws -> Blob {
        let temporary = "\(self.folder)/.new-\(UInt64.random(in: .min ... .max))"
        let file = try Descriptor(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
        do {
            var hasher = SHA256()
            var size: Int64 = 0
            var chunk: [UInt8] = []
            while true {
                try next(&chunk)
                if chunk.isEmpty { break }
                size += Int64(chunk.count)
                guard size <= self.mostBytes else { throw self.tooLarge("The content has more than \(self.mostBytes)") }
                hasher.update(data: chunk)
                try file.write(chunk, temporary)
            }
            guard let hash = ChainHash(Array(hasher.finalize())), let digest = Digest("sha256:\(hash)") else {
                throw LedgerError(.invalid, "No digest of \(temporary).")
            }
            try file.makeReadOnly(temporary)
            try file.flush(temporary)
            try self.move(temporary, to: digest)
            return Blob(digest: digest, bytes: size)
        } catch {
            unlink(temporary)
            throw error
        }
    }

    private func move(_ temporary: String, to digest: Digest) throws {
        let folder = "\(self.folder)/\(digest.hexadecimal.prefix(2))"
        if mkdir(folder, 0o700) == 0 {
            try Descriptor(self.folder, O_RDONLY | O_DIRECTORY).flush(self.folder)
        } else if errno != EEXIST {
            throw LedgerError.cannot(folder, "made")
        }
        let place = self.place(of: digest)
        try self.names.sync {
            guard rename(temporary, place) == 0 else { throw LedgerError.cannot(place, "named") }
        }
        try Descriptor(folder, O_RDONLY | O_DIRECTORY).flush(folder)
    }

    /// Temporary files of a process that was killed. The folder's lock says that no other one is alive.
    private func removeRemains() {
        for name in (try? Self.entries(of: self.folder)) ?? [] where name.hasPrefix(".new-") {
            unlink("\(self.folder)/\(name)")
        }
    }

    private func onDisk<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            self.disk.async { continuation.resume(with: Result(catching: work)) }
        }
    }

    private func tooLarge(_ what: String) -> LedgerError {
        LedgerError(.invalid, "\(what) bytes; a blob may have \(self.mostBytes).")
    }
}
