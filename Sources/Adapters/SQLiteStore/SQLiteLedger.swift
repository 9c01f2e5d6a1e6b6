package import Core
import GRDB
package import Ports

/// The ledger in one SQLite file, `ledger.sqlite` in the data folder: write-ahead log, flushed at every commit.
package struct SQLiteLedger: Ledger {
    package let term: Term
    /// Everything was verified before it was opened: what is longer, or opened for reading, was not.
    package let isCheckedWhole: Bool
    let path: String
    private let reader: any DatabaseReader
    /// nil: opened for reading.
    private let owned: Ownership?

    /// What only the owner has.
    struct Ownership: Sendable {
        let pool: DatabasePool
        let lock: FolderLock
        let queue: CommitQueue
        let acknowledged: Acknowledged
        let reserve: Reserve
        let time: @Sendable () -> Instant
    }

    init(term: Term, isCheckedWhole: Bool, path: String, reader: any DatabaseReader, owned: Ownership?) {
        self.term = term
        self.isCheckedWhole = isCheckedWhole
        self.path = path
        self.reader = reader
        self.owned = owned
    }

    /// Adds to what a second opener is told, for example `listens on http://127.0.0.1:8080`.
    package func announce(_ text: String) {
        self.owned?.lock.announce(text)
    }

    /// How the connection that writes is set, as SQLite says itself (for one that only reads: that one).
    package func settings() async throws -> StoreSettings {
        guard let pool = self.owned?.pool else { return try await self.read { try StoreSettings($0) } }
        do {
            return try await pool.writeWithoutTransaction { try StoreSettings($0) }
        } catch {
            throw LedgerError.from(error, path: self.path)
        }
    }

    // MARK: Writing

    package func append(_ request: AppendRequest) async throws -> [Envelope] {
        try request.check()
        return try await self.ownership().queue.append(request)
    }

    package func replaceRows(_ rows: [ProjectionRow]) async throws {
        try checkRows(rows)
        try await self.write { database in
            try database.run("DELETE FROM projections")
            try Appending.write(rows, in: database)
        }
    }

    package func place(of reader: String) async throws -> Int {
        try await self.read { database in
            try database.first("SELECT position FROM places WHERE reader = ?", reader) { $0.int(0) } ?? 0
        }
    }

    package func setPlace(_ position: Int, of reader: String) async throws {
        try await self.write { database in
            try database.run("INSERT OR REPLACE INTO places (reader, position) VALUES (?, ?)", reader, position)
        }
    }

    package func record(_ observations: [Observation]) async throws {
        try checkObservations(observations)
        try await self.write { try Appending.write(observations, in: $0) }
    }

    package func close() async throws {
        guard let owned = self.owned else {
            return try self.named { try self.reader.close() }
        }
        owned.queue.refuse(with: .closed)
        defer {
            owned.acknowledged.close()
            owned.lock.release()
        }
        do {
            // The writer is serial: this comes after every append that was taken.
            try await self.write { database in
                var end = try Appending(database)
                try end.seal(at: owned.time(), in: database)
            }
        } catch {
            // Without room for a seal, or under a newer owner, the ledger is given back all the same.
            try self.named { try owned.pool.close() }
            throw error
        }
        try self.named { try owned.pool.close() }
    }

    private func ownership() throws -> Ownership {
        guard let owned = self.owned else {
            throw LedgerError(.invalid, "\(self.path) was opened for reading: nothing can be written through this one.")
        }
        return owned
    }

    /// One transaction under this owner's term. The end of the task that asks does not cut it off, as GRDB's own would.
    private func write(_ body: @escaping @Sendable (Database) throws -> Void) async throws {
        let owned = try self.ownership()
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            owned.pool.asyncWriteWithoutTransaction { database in
                continuation.resume(
                    with: Result {
                        try self.named {
                            try owned.reserve.keep(for: self.path)
                            try database.inTransaction(.immediate) {
                                try Appending.check(self.term, in: database)
                                try body(database)
                                return .commit
                            }
                        }
                    })
            }
        }
    }

    // MARK: Reading

    package func events(of stream: StreamID, after number: Int, limit: Int) async throws -> [Envelope] {
        try await self.read {
            try EnvelopeReader.events(of: stream, after: max(0, number), limit: limit, in: $0)
        }
    }

    package func events(after position: Int, limit: Int) async throws -> [Envelope] {
        try await self.read {
            try EnvelopeReader.events(after: max(0, position), limit: max(0, limit), in: $0)
        }
    }

    package func number(of stream: StreamID) async throws -> Int {
        try await self.read { try Appending.place(of: stream, in: $0).number }
    }

    package func heads() async throws -> [StreamHead] {
        try await self.read { try Appending.heads(in: $0) }
    }

    package func position() async throws -> Int {
        try await self.read { try $0.first("SELECT max(position) FROM events") { $0.int(0) } ?? 0 }
    }

    package func snapshot(of stream: StreamID) async throws -> Snapshot? {
        try await self.read { database in
            guard let id = try Appending.place(of: stream, in: database).id else { return nil }
            return try database.first(
                "SELECT number, version, body, digest FROM snapshots WHERE stream = ?", id
            ) { row in
                let snapshot = Snapshot(stream: stream, number: row.int(0), version: row.int(1), body: row.bytes(2))
                guard snapshot.digest.bytes == row.bytes(3) else {
                    throw LedgerError(.damaged, "The snapshot of \(stream) is damaged: its digest does not fit.")
                }
                return snapshot
            }
        }
    }

    package func rows(
        _ table: ProjectionTable, scope: String?, after: String?, limit: Int
    ) async throws -> [ProjectionRow] {
        try await self.read { database in
            let read = { (row: Query) in
                ProjectionRow(table: table, key: row.text(0), scope: row.text(1), body: row.bytes(2))
            }
            // No key is empty, so every key comes after "".
            let columns = "SELECT key, scope, body FROM projections WHERE name = ? AND key > ?"
            if let scope {
                return try database.all(
                    columns + " AND scope = ? ORDER BY key LIMIT ?", table.rawValue, after ?? "", scope, max(0, limit),
                    read: read)
            }
            return try database.all(
                columns + " ORDER BY key LIMIT ?", table.rawValue, after ?? "", max(0, limit), read: read)
        }
    }

    package func row(_ table: ProjectionTable, key: String) async throws -> ProjectionRow? {
        try await self.read { database in
            try database.first("SELECT scope, body FROM projections WHERE name = ? AND key = ?", table.rawValue, key) {
                ProjectionRow(table: table, key: key, scope: $0.text(0), body: $0.bytes(1))
            }
        }
    }

    package func observations(
        of lane: LaneID, from: Instant, to: Instant, limit: Int
    ) async throws -> [Observation] {
        try await self.read { database in
            try database.all(
                """
                SELECT version, start, finish, body FROM observations WHERE lane = ? AND start >= ? AND start < ? \
                ORDER BY start, id LIMIT ?
                """, lane.description, Int(from.milliseconds), Int(to.milliseconds), max(0, limit)
            ) { row in
                Observation(
                    lane: lane, version: row.text(0), from: Instant(milliseconds: Int64(row.int(1))),
                    to: Instant(milliseconds: Int64(row.int(2))), body: row.bytes(3))
            }
        }
    }

    package func seals() async throws -> [Seal] {
        try await self.read { database in
            try database.all("SELECT position, at, previousHash, hash FROM seals ORDER BY position") { row in
                let name = "the seal at position \(row.int(0))"
                return Seal(
                    position: row.int(0), at: Instant(milliseconds: Int64(row.int(1))),
                    previousHash: try chainHash(row.bytes(2), name), hash: try chainHash(row.bytes(3), name))
            }
        }
    }

    package func verify() async throws -> AuditReport {
        let path = self.path
        // Read first: what was answered for before cannot be missing afterwards.
        let folder = Self.folder(of: path)
        let acknowledged = Acknowledged.read(folder: folder) ?? 0
        return try await self.read { database in
            let report = try Verification.run(database, path: path)
            guard report.records >= acknowledged else {
                throw Self.missing(after: report.records, upTo: acknowledged, in: folder, verified: report)
            }
            return report
        }
    }

    private func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        do {
            return try await self.reader.read(body)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw LedgerError.from(error, path: self.path)
        }
    }

    /// A failure of SQLite as the ledger's own.
    private func named<T>(_ body: () throws -> T) throws -> T {
        do { return try body() } catch { throw LedgerError.from(error, path: self.path) }
    }
}
