package import Core
import GRDB
import Glibc
import Ports

/// What a backup has become.
package struct BackupReport: Sendable, Equatable {
    package let path: String
    package let bytes: Int64
    /// Of the newest event in it.
    package let position: Int
    package let blobs: Int
    /// Blobs whose bytes are not what their name says any more: they are not in it.
    package let damaged: [Digest]
    /// Encrypted values of secrets.
    package let secrets: Int
    /// The key file of the data folder is in it too.
    package let hasKey: Bool
}

extension SQLiteLedger {
    /// Copies the record of a data folder, whoever owns it, into one new file: the ledger as it stands at one moment,
    /// verified whole, and the blobs that its events name and that are there. The file appears whole, under a name that
    /// was free, or not at all. It blocks its thread: it is made for a process that does nothing else.
    /// - Parameter withKey: also what the secrets are encrypted with, so that whoever has the file can read them.
    package static func backUp(
        folder: String, to file: String, withKey: Bool = false, at now: Instant
    ) throws -> BackupReport {
        guard access(self.path(in: folder), F_OK) == 0 else {
            throw LedgerError(
                .invalid, "There is no ledger in \(folder) to back up: name the data folder with --data.")
        }
        var status = stat()
        guard lstat(file, &status) != 0 else {
            throw LedgerError(.invalid, "\(file) is there already: name a new file, or remove it first.")
        }
        let parent = file.lastIndex(of: "/").map { String(file[..<$0]) } ?? "."
        guard access(parent.isEmpty ? "/" : parent, W_OK | X_OK) == 0 else {
            throw LedgerError(
                .invalid,
                "\(file) can't be made: \(String(cString: strerror(errno))). Name a file in a folder that is there and "
                    + "may be written to.")
        }
        let temporary = "\(file).new-\(String(UInt32.random(in: .min ... .max), radix: 16))"
        let copy = temporary + ".ledger"
        defer {
            for end in ["", "-wal", "-shm", "-journal"] { unlink(copy + end) }
            unlink(temporary)
        }
        let (position, digests) = try Self.copy(folder, to: copy)
        var writer = try TarWriter(temporary)
        var files: [Packed] = []
        let source = try Descriptor(copy, O_RDONLY | O_NOFOLLOW)
        if let packed = try writer.add(Manifest.ledger, from: source) { files.append(packed) }
        var damaged: [Digest] = []
        for digest in digests.sorted(by: { $0.text < $1.text }) {
            let name = "blobs/\(FileBlobs.name(of: digest))"
            // A digest may be of a key, and a blob may have been pruned.
            guard access("\(folder)/\(name)", F_OK) == 0 else { continue }
            let blob = try Descriptor("\(folder)/\(name)", O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
            if let packed = try writer.add(name, from: blob, where: { $0.sha256 == digest.hexadecimal }) {
                files.append(packed)
            } else {
                damaged.append(digest)
            }
        }
        let blobs = files.count - 1
        let secrets = try Self.add(secretsOf: folder, withKey: withKey, to: &writer)
        files += secrets
        let manifest = Manifest(at: now, position: position, files: files)
        let bytes = try writer.finish(Manifest.name, manifest.encoded)
        guard rename(temporary, file) == 0 else { throw LedgerError.cannot(file, "named") }
        try flushFolder(of: file)
        let hasKey = secrets.contains { $0.name == Manifest.key }
        return BackupReport(
            path: file, bytes: bytes, position: position, blobs: blobs, damaged: damaged,
            secrets: secrets.count { Manifest.isSecret($0.name) }, hasKey: hasKey)
    }

    /// As `SUBFOLDER/NAME`.
    private static func names(in folder: String, _ subfolder: String) -> [String] {
        guard let listing = opendir("\(folder)/\(subfolder)") else { return [] }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append("\(subfolder)/\(name)")
        }
        return names
    }

    /// The encrypted values; with the keys that are kept here, if they are wanted, what people sign in with as well.
    private static func add(
        secretsOf folder: String, withKey: Bool, to writer: inout TarWriter
    ) throws -> [Packed] {
        var names = Self.names(in: folder, Manifest.secrets).filter(Manifest.isSecret).sorted()
        if withKey {
            names += Self.names(in: folder, Manifest.credentials).filter(Manifest.isCredential).sorted()
            names += [Manifest.credentialKey, Manifest.key].filter { access("\(folder)/\($0)", F_OK) == 0 }
        }
        return try names.compactMap { name in
            // One that went meanwhile is needed by nothing any more.
            guard access("\(folder)/\(name)", F_OK) == 0 else { return nil }
            return try writer.add(name, from: try Descriptor("\(folder)/\(name)", O_RDONLY | O_NOFOLLOW | O_NONBLOCK))
        }
    }

    /// The ledger at one moment, in one file, verified; its newest position, and every digest that an event names.
    private static func copy(_ folder: String, to copy: String) throws -> (position: Int, digests: Set<Digest>) {
        let path = self.path(in: folder)
        do {
            // Read first: what was answered for before cannot be missing afterwards.
            let acknowledged = Acknowledged.read(folder: folder) ?? 0
            var reading = Configuration()
            reading.readonly = true
            reading.busyMode = .timeout(5)
            let source = try DatabaseQueue(path: path, configuration: reading)
            _ = try source.read { try Schema.check($0, path: path) }
            let target = try DatabaseQueue(path: copy)
            try source.backup(to: target)
            try source.close()
            chmod(copy, 0o600)
            let found = try target.writeWithoutTransaction { database in
                // No side files: the copy is all there is.
                try database.execute(sql: "PRAGMA journal_mode = DELETE")
                let report = try Verification.run(database, path: path)
                guard report.records >= acknowledged else {
                    throw Self.missing(after: report.records, upTo: acknowledged, in: folder, verified: report)
                }
                var digests: Set<Digest> = []
                try database.each("SELECT body FROM events") { Digest.collect($0.raw(0), into: &digests) }
                return (report.records, digests)
            }
            try target.close()
            return found
        } catch {
            throw LedgerError.from(error, path: path)
        }
    }
}

func flushFolder(of path: String) throws {
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    try Descriptor(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY).flush(folder)
}
