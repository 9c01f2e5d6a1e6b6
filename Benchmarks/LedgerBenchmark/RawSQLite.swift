import Foundation
import GRDB

/// What SQLite itself reaches here through the same binding and settings, with rows of the same content: the measure of
/// the ledger.
struct RawSQLite {
    private static let insert = "INSERT INTO events (stream, number, body) VALUES (?, ?, ?)"

    let pool: DatabasePool

    init(folder: String) throws {
        self.pool = try DatabasePool(path: folder + "/raw.sqlite")
        try self.pool.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA synchronous = FULL")
            try database.execute(
                sql: "CREATE TABLE events (position INTEGER PRIMARY KEY, stream INTEGER, number INTEGER, body BLOB)")
        }
    }

    func synchronous() throws -> Int {
        try self.pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") ?? -1 }
    }

    /// Rows per second, in transactions of `rows`.
    func rate(rows: Int, body: [UInt8], for duration: Duration) throws -> Double {
        try self.pool.writeWithoutTransaction { database in
            let statement = try database.cachedStatement(sql: Self.insert)
            let clock = ContinuousClock()
            let start = clock.now
            var count = 0
            while clock.now - start < duration {
                try database.inTransaction(.immediate) {
                    for row in 0..<rows {
                        try statement.execute(arguments: [row, count + row, body.databaseValue])
                    }
                    return .commit
                }
                count += rows
            }
            return Double(count) / (clock.now - start).seconds
        }
    }
}

extension [UInt8] {
    fileprivate var databaseValue: DatabaseValue {
        self.withUnsafeBytes { Data($0).databaseValue }
    }
}

extension Duration {
    var seconds: Double { Double(self.components.seconds) + Double(self.components.attoseconds) / 1e18 }
}
