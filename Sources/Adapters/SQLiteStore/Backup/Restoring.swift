package import Core
import Glibc
import Ports

/// What a restored data folder holds.
package struct RestoreReport: Sendable, Equatable {
    package let folder: String
    /// Of the newest event in the backup.
    package let position: Int
    package let blobs: Int
    /// When the backup was made, RFC 3339.
    package let madeAt: String
    /// Where the folder that was there before stands now.
    package let movedAside: String?
}

extension SQLiteLedger {
    /// Makes a data folder from a backup: unpacks it beside the folder, compares every file with its digest, verifies
    /// the whole chain, starts a term of its own (the record says that it was restored), and only then puts it in
    /// place. Whatever is refused leaves everything as it was. It blocks its thread, like `backUp`.
    /// - Parameter agree: asked before a folder that has a record is moved aside.
    package static func restore(
        file: String, to folder: String, at now: Instant, agree: (_ question: String) -> Bool
    ) async throws -> RestoreReport {
        let folder = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        if let owner = Self.owner(of: folder) { throw Self.inUse(folder, owner) }
        let before = try Self.whatIs(in: folder)
        let tag = String(UInt32.random(in: .min ... .max), radix: 16)
        var staging = Staging(folder: "\(folder).restore-\(tag)")
        do {
            try makeFolder(String(folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)]))
            let manifest = try staging.unpack(file)
            try await staging.verify(manifest, file: file, at: now)
            let aside = "\(folder).before-restore-\(now.milliseconds)-\(tag)"
            switch before {
            case .nothing: try Self.place(staging.folder, at: folder)
            case .record:
                let question =
                    "\(folder) has a record already. It is moved to \(aside); what was started from it goes on "
                    + "running and holds its addresses (`slipway down` first would stop it). Move it aside?"
                guard agree(question) else {
                    throw LedgerError(
                        .invalid, "Nothing was restored: \(folder) has a record already. Say yes, or give --yes.")
                }
                // Held until the folder is in its new place: no server can start in between.
                let lock = try FolderLock.take(folder, owner: "slipway restore", since: now)
                defer { lock.release() }
                guard rename(folder, aside) == 0 else { throw LedgerError.cannot(folder, "moved aside") }
                do { try Self.place(staging.folder, at: folder) } catch {
                    _ = rename(aside, folder)
                    throw error
                }
            }
            return RestoreReport(
                folder: folder, position: manifest.position,
                blobs: manifest.files.count { $0.name.hasPrefix("blobs/") },
                madeAt: manifest.at.utcText,
                movedAside: before == .record ? aside : nil)
        } catch {
            staging.remove()
            throw error
        }
    }

    private enum Before {
        case nothing, record
    }

    private static func inUse(_ folder: String, _ owner: String) -> LedgerError {
        LedgerError(.inUse, "\(folder) is in use by \(owner): stop that one first. Nothing was changed.")
    }

    /// A folder with other people's files is no place for a record.
    private static func whatIs(in folder: String) throws -> Before {
        guard let listing = opendir(folder) else {
            if errno == ENOENT { return .nothing }
            throw LedgerError.cannot(folder, "read")
        }
        defer { closedir(listing) }
        var names: Set<String> = []
        while let entry = readdir(listing) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.insert(name) }
        }
        if names.isEmpty { return .nothing }
        guard names.contains("ledger.sqlite") || names.contains("acknowledged") else {
            throw LedgerError(
                .invalid, "\(folder) is neither empty nor a data folder of Slipway: name another one with --data.")
        }
        return .record
    }

    private static func place(_ staging: String, at folder: String) throws {
        guard rename(staging, folder) == 0 else { throw LedgerError.cannot(folder, "put in place") }
        try flushFolder(of: folder)
    }
}

/// A folder that a backup is unpacked into, before it becomes the data folder.
private struct Staging {
    let folder: String
    /// In the order that they were made.
    private var made: [String] = []

    init(folder: String) { self.folder = folder }

    mutating func unpack(_ file: String) throws -> Manifest {
        let reader = try TarReader(file)
        try self.makeFolder(self.folder)
        try self.makeFolder(self.folder + "/blobs")
        var files: [Packed] = []
        var manifest: Manifest?
        while let header = try reader.next() {
            guard manifest == nil else { throw reader.damaged("\(header.name) stands after its \(Manifest.name)") }
            if header.name == Manifest.name {
                guard header.bytes <= Manifest.mostBytes else {
                    throw reader.damaged("its \(Manifest.name) is too long")
                }
                var content: [UInt8] = []
                _ = try reader.content(of: header) { content += $0 }
                guard let read = Manifest(content) else { throw reader.damaged("its \(Manifest.name) can't be read") }
                manifest = read
            } else {
                files.append(try self.unpack(header, from: reader))
            }
        }
        guard let manifest else { throw reader.damaged("it has no \(Manifest.name)") }
        guard manifest.files.first?.name == Manifest.ledger, manifest.files.count == files.count else {
            throw reader.damaged("it does not hold the files that its \(Manifest.name) names")
        }
        for (said, found) in zip(manifest.files, files) where said != found {
            throw reader.damaged("\(found.name) in it is not what its \(Manifest.name) says")
        }
        return manifest
    }

    /// Only names that a backup gives: nothing is written outside of the folder.
    private mutating func unpack(_ header: TarHeader, from reader: borrowing TarReader) throws -> Packed {
        let isLedger = header.name == Manifest.ledger
        let parts = header.name.split(separator: "/", omittingEmptySubsequences: false)
        let digest = parts.count == 3 && parts[0] == "blobs" ? Digest("sha256:\(parts[1])\(parts[2])") : nil
        let isCredential = Manifest.isCredential(header.name)
        let isSecret = Manifest.isSecret(header.name) || isCredential
        let isKey = [Manifest.key, Manifest.credentialKey].contains(header.name)
        guard isLedger || isSecret || isKey || digest.map({ "blobs/\(FileBlobs.name(of: $0))" == header.name }) == true
        else {
            throw reader.damaged("a file of the name `\(header.name.prefix(100))` does not belong into it")
        }
        if Manifest.isSecret(header.name) { try self.makeFolder("\(self.folder)/\(Manifest.secrets)") }
        if isCredential { try self.makeFolder("\(self.folder)/\(Manifest.credentials)") }
        if let digest { try self.makeFolder("\(self.folder)/blobs/\(digest.hexadecimal.prefix(2))") }
        let path = "\(self.folder)/\(header.name)"
        let target = try Descriptor(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
        self.made.append(path)
        let packed = try reader.content(of: header) { try target.write($0, path) }
        if let digest {
            guard packed.sha256 == digest.hexadecimal else { throw reader.damaged("\(header.name) is damaged") }
            try target.makeReadOnly(path)
        }
        try target.flush(path)
        return packed
    }

    /// Opens it as its owner, which checks the whole chain first, and closes it again, which seals it.
    mutating func verify(_ manifest: Manifest, file: String, at now: Instant) async throws {
        let path = self.folder + "/" + Manifest.ledger
        self.made += ["acknowledged", "lock", "ledger.sqlite-wal", "ledger.sqlite-shm"].map { self.folder + "/" + $0 }
        let beside = try await SQLiteLedger.openForReading(folder: self.folder)
        let report = try await beside.verify()
        try await beside.close()
        guard report.records == manifest.position else {
            throw LedgerError(
                .damaged,
                "\(file) is no whole backup of Slipway: its ledger ends at position \(report.records), not at "
                    + "\(manifest.position). Nothing was changed; use another backup.")
        }
        let words = "slipway restore of a backup at position \(manifest.position), made at \(manifest.at.utcText)"
        let ledger = try await SQLiteLedger.open(
            folder: self.folder, owner: words, time: { now }, reserveBytes: 0, checkedWhole: 0)
        try await ledger.close()
        try Descriptor(path, O_RDONLY).flush(path)
        for made in self.made
        where made.hasSuffix("blobs") || made.hasSuffix(Manifest.secrets)
            || made.hasSuffix(Manifest.credentials) || made == self.folder
        {
            try Descriptor(made, O_RDONLY | O_DIRECTORY).flush(made)
        }
    }

    private mutating func makeFolder(_ path: String) throws {
        if mkdir(path, 0o700) == 0 {
            self.made.append(path)
        } else if errno != EEXIST || path == self.folder {
            throw LedgerError.cannot(path, "made")
        }
    }

    func remove() {
        for path in self.made.reversed() where unlink(path) != 0 { rmdir(path) }
    }
}
