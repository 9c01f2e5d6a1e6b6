import GRDB
import Ports

/// The tables, and how an older file becomes a newer one. `PRAGMA user_version` is the number of migrations that a file has had.
enum Schema {
    /// "SLIP": tells a ledger from any other SQLite file.
    static let applicationID = 0x534C_4950

    /// Every so many events of a stream a mark says where one stands. Events are only ever written at the end of their table: each
    /// holds the position of its stream's one before (`previous`), and a reader walks back from the next mark. An index over streams
    /// would instead change a page of its own for each of 64 writers' streams.
    static let markEvery = 64

    static var version: Int { Self.migrations.count }

    /// Each brings a file from its index to the next version. One that was released is never changed.
    private static let migrations: [[String]] = [
        [
            """
            CREATE TABLE streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, number INTEGER NOT NULL, \
            position INTEGER NOT NULL, hash BLOB NOT NULL) STRICT
            """,
            """
            CREATE TABLE events (position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, number INTEGER NOT NULL, \
            previous INTEGER NOT NULL, kind TEXT NOT NULL, kindVersion INTEGER NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL, \
            cause TEXT NOT NULL, body BLOB NOT NULL, previousHash BLOB NOT NULL, hash BLOB NOT NULL) STRICT
            """,
            """
            CREATE TABLE marks (stream INTEGER NOT NULL, number INTEGER NOT NULL, position INTEGER NOT NULL, \
            PRIMARY KEY (stream, number)) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE seals (position INTEGER PRIMARY KEY, at INTEGER NOT NULL, previousHash BLOB NOT NULL, \
            hash BLOB NOT NULL) STRICT
            """,
            """
            CREATE TABLE snapshots (stream INTEGER PRIMARY KEY, number INTEGER NOT NULL, version INTEGER NOT NULL, \
            body BLOB NOT NULL, digest BLOB NOT NULL) STRICT
            """,
            """
            CREATE TABLE projections (name TEXT NOT NULL, key TEXT NOT NULL, scope TEXT NOT NULL, body BLOB NOT NULL, \
            PRIMARY KEY (name, key)) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX projectionsByScope ON projections (name, scope, key)",
            """
            CREATE TABLE observations (id INTEGER PRIMARY KEY, lane TEXT NOT NULL, version TEXT NOT NULL, \
            start INTEGER NOT NULL, finish INTEGER NOT NULL, body BLOB NOT NULL) STRICT
            """,
            "CREATE INDEX observationsOfLane ON observations (lane, start)",
            "CREATE TABLE places (reader TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID",
        ]
    ]

    /// Brings a file that was checked to this build's version, in one transaction.
    static func migrate(_ database: Database) throws {
        let found = try Self.version(of: database)
        guard found < Self.version else { return }
        try database.inTransaction(.immediate) {
            for statement in Self.migrations[found...].joined() { try database.execute(sql: statement) }
            try database.execute(sql: "PRAGMA application_id = \(Self.applicationID)")
            try database.execute(sql: "PRAGMA user_version = \(Self.version)")
            return .commit
        }
    }

    static func version(of database: Database) throws -> Int {
        try database.first("PRAGMA user_version") { $0.int(0) } ?? 0
    }

    /// Refuses a file that is not ours, is newer, or whose tables are not the ones that we made. True: there is something in it.
    static func check(_ database: Database, path: String) throws -> Bool {
        let found = try Self.version(of: database)
        let application = try database.first("PRAGMA application_id") { $0.int(0) } ?? 0
        let tables = try database.all("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid") { $0.text(0) }
        if found == 0, application == 0, tables.isEmpty { return false }
        guard application == Self.applicationID else {
            throw LedgerError(
                .damaged, "\(path) is no ledger of Slipway (application id \(application)): name another data folder.")
        }
        guard found <= Self.version else {
            throw LedgerError(
                .newer,
                "\(path) was written by a newer Slipway (format \(found); this one knows \(Self.version)): use that one. Nothing was changed.")
        }
        guard found >= 1 else {
            throw LedgerError(.damaged, "The format number of \(path) is \(found); it begins at 1.")
        }
        guard tables == Self.migrations[..<found].flatMap({ $0 }) else {
            throw LedgerError(.damaged, "The tables of \(path) are not the ones of format \(found).")
        }
        return true
    }
}
