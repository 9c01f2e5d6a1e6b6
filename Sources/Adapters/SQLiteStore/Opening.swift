package import Core
import GRDB
import Glibc
import Ports

extension SQLiteLedger {
    /// Opens the ledger of a folder for writing, as its only owner, and starts a new term. The folder is made if it
    /// isn't there. What is there is checked first, without writing: a damaged or newer ledger is refused and left as
    /// it was.
    /// - Parameters:
    ///   - owner: what a second opener is told, and what the term's event holds.
    ///   - mostBytes: how large the file may become; beyond, appends are refused with `cannotWrite`.
    ///   - reserveBytes: room on the disk that is kept for urgent appends, and for the start of a term on a full disk.
    ///   - checkedWhole: a ledger of at most so many records is verified whole (a second or two); of a longer one the
    ///     end is checked here, each event when it is read, and all of it by `verify` (`isCheckedWhole` says whether that is still due).
    package static func open(
        folder: String, owner: String, time: @escaping @Sendable () -> Instant, mostBytes: Int = 1 << 40,
        reserveBytes: Int = 8 << 20, checkedWhole: Int = 500_000
    ) async throws -> SQLiteLedger {
        try makeFolder(folder)
        let lock = try FolderLock.take(folder, owner: owner, since: time())
        let path = Self.path(in: folder)
        do {
            let reserve = Reserve(folder: folder, bytes: reserveBytes)
            let (pool, isCheckedWhole, term, position) = try await Self.giving(reserve) {
                let isCheckedWhole = try await Self.check(folder, checkedWhole: checkedWhole)
                let pool = try DatabasePool(path: path, configuration: Self.configuration())
                let (term, position) = try await pool.writeWithoutTransaction { database in
                    try Self.setUp(database, mostBytes: mostBytes)
                    return try Self.startTerm(owner: owner, at: time(), in: database)
                }
                return (pool, isCheckedWhole, term, position)
            }
            let acknowledged = try Acknowledged(folder: folder)
            acknowledged.write(position)
            // Without room for it the first append that is not urgent is told so.
            try? reserve.keep(for: path)
            let queue = CommitQueue(pool: pool, term: term, acknowledged: acknowledged, reserve: reserve)
            return SQLiteLedger(
                term: term, isCheckedWhole: isCheckedWhole, path: path, reader: pool,
                owned: Ownership(
                    pool: pool, lock: lock, queue: queue, acknowledged: acknowledged, reserve: reserve, time: time))
        } catch {
            lock.release()
            throw LedgerError.from(error, path: path)
        }
    }

    /// A process that died on a full disk is started again all the same: nobody could abort without one.
    private static func giving<T>(_ reserve: Reserve, _ body: () async throws -> T) async throws -> T {
        while true {
            do {
                return try await body()
            } catch let error as DatabaseError where error.isOfFullDisk && reserve.giveUp() {
                continue
            }
        }
    }

    /// Opens the ledger of a folder for reading only, whoever owns it: no lock, no term, every write is refused. `term`
    /// is the newest.
    package static func openForReading(folder: String) async throws -> SQLiteLedger {
        let path = Self.path(in: folder)
        guard access(path, F_OK) == 0 else {
            throw LedgerError(
                .invalid,
                "There is no ledger in \(folder): name the data folder, or start `slipway serve`.")
        }
        do {
            let queue = try DatabaseQueue(path: path, configuration: Self.configuration(readonly: true))
            let term = try await queue.read { database in
                guard try Schema.check(database, path: path) else { return Term(0) }
                return try Appending.newestTerm(in: database)
            }
            return SQLiteLedger(term: term, isCheckedWhole: false, path: path, reader: queue, owned: nil)
        } catch {
            throw LedgerError.from(error, path: path)
        }
    }

    /// Who holds the folder, as a second opener is told; nil: nobody.
    package static func owner(of folder: String) -> String? {
        FolderLock.owner(of: folder)
    }

    private static let fileName = "ledger.sqlite"
    static func path(in folder: String) -> String { folder + "/" + Self.fileName }
    static func folder(of path: String) -> String { String(path.dropLast(Self.fileName.count + 1)) }

    /// What was answered for is not there any more.
    static func missing(
        after newest: Int, upTo acknowledged: Int, in folder: String, verified: AuditReport?
    ) -> LedgerError {
        LedgerError(
            .damaged,
            "The ledger is damaged: events at positions \(newest + 1) to \(acknowledged) were acknowledged and "
                + "are missing at the end of \(Self.path(in: folder)) (or of its -wal file). Restore a backup; nothing "
                + "was changed. To go on without them, remove \(folder)/acknowledged.", verified: verified)
    }

    private static func configuration(readonly: Bool = false) -> Configuration {
        var configuration = Configuration()
        configuration.readonly = readonly
        configuration.label = "ledger"
        configuration.maximumReaderCount = 4
        configuration.busyMode = .timeout(5)
        return configuration
    }

    /// Settings of the connection that writes. After opening, because GRDB sets `synchronous` to NORMAL while it opens.
    private static func setUp(_ database: Database, mostBytes: Int) throws {
        try database.execute(sql: "PRAGMA synchronous = FULL")
        let settings = try StoreSettings(database)
        guard settings.synchronous == 2, settings.journalMode == "wal" else {
            throw LedgerError(
                .cannotWrite,
                "SQLite would not keep what it acknowledges here (journal \(settings.journalMode), synchronous "
                    + "\(settings.synchronous)): use a local disk.")
        }
        try Schema.migrate(database)
        let pageSize = try database.first("PRAGMA page_size") { $0.int(0) } ?? 4_096
        try database.execute(sql: "PRAGMA max_page_count = \(max(1, mostBytes / pageSize))")
    }

    private static func startTerm(
        owner: String, at: Instant, in database: Database
    ) throws -> (term: Term, position: Int) {
        var started = (term: Term(0), position: 0)
        try database.inTransaction(.immediate) {
            var end = try Appending(database)
            started.term = try end.startTerm(owner: owner, at: at, in: database)
            started.position = end.position
            return .commit
        }
        return started
    }

    // MARK: Checks before anything is written

    /// Checks what is there, and says whether that was all of it. No file at all is fine, unless something was answered for.
    private static func check(_ folder: String, checkedWhole: Int) async throws -> Bool {
        let path = Self.path(in: folder)
        let acknowledged = Acknowledged.read(folder: folder) ?? 0
        let newest = access(path, F_OK) == 0 ? try await Self.check(file: path, checkedWhole: checkedWhole) : 0
        guard newest >= acknowledged else {
            throw Self.missing(after: newest, upTo: acknowledged, in: folder, verified: nil)
        }
        return newest <= checkedWhole
    }

    /// Reads through a connection that can't write; the newest position.
    private static func check(file path: String, checkedWhole: Int) async throws -> Int {
        let had = sideFiles(of: path)
        let queue = try DatabaseQueue(path: path, configuration: Self.configuration(readonly: true))
        do {
            let newest = try await queue.read { database in
                guard try Schema.check(database, path: path) else { return 0 }
                let newest = try database.first("SELECT max(position) FROM events") { $0.int(0) } ?? 0
                if newest <= checkedWhole {
                    _ = try Verification.run(database, path: path)
                } else {
                    try Verification.runEnd(database)
                }
                return newest
            }
            try queue.close()
            return newest
        } catch {
            // Reading a ledger in write-ahead mode makes two side files. Only here, where nobody goes on to write, may
            // they go: another reader may have them open.
            try queue.close()
            for file in sideFiles(of: path) where !had.contains(file) { unlink(file) }
            throw error
        }
    }
}

/// How the connection that writes is set.
package struct StoreSettings: Sendable, Equatable {
    /// `wal` here.
    package let journalMode: String
    /// 2 is FULL: every commit is flushed before it is answered.
    package let synchronous: Int

    init(_ database: Database) throws {
        self.journalMode = try database.first("PRAGMA journal_mode") { $0.text(0) } ?? ""
        self.synchronous = try database.first("PRAGMA synchronous") { $0.int(0) } ?? -1
    }
}

private func sideFiles(of path: String) -> [String] {
    [path + "-wal", path + "-shm"].filter { access($0, F_OK) == 0 }
}

/// Makes a folder that only its owner can enter, with those above it.
func makeFolder(_ path: String) throws {
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
        made += "/" + part
        if mkdir(made, 0o700) != 0, errno != EEXIST {
            throw LedgerError(.cannotWrite, "The folder \(made) can't be made (\(errorText())): name another one.")
        }
    }
}
