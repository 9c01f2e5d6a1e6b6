import GRDB
import GRDBSQLite

/// One prepared statement, bound and stepped by hand: the hot paths of the ledger read and write bytes without boxing them.
/// A statement is used by one query at a time, and reset before and after, so that no read stays open.
struct Query {
    private let statement: Statement
    private let handle: OpaquePointer

    init(_ database: Database, _ sql: String) throws {
        self.statement = try database.cachedStatement(sql: sql)
        self.handle = self.statement.sqliteStatement
        sqlite3_reset(self.handle)
    }

    init(_ database: Database, _ sql: String, _ values: [any Bindable]) throws {
        try self.init(database, sql)
        for (offset, value) in values.enumerated() { try self.bind(Int32(offset + 1), value) }
    }

    /// Gives the parameter at an index, from 1, its value.
    func bind(_ index: Int32, _ value: some Bindable) throws {
        let code = value.bind(to: self.handle, at: index)
        guard code == SQLITE_OK else { throw self.failure(code) }
    }

    /// Runs it to its end with what is bound, and makes it ready for the next time.
    func run() throws {
        defer { self.reset() }
        while try self.step() {}
    }

    /// One more row?
    func step() throws -> Bool {
        let code = sqlite3_step(self.handle)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw self.failure(code)
        }
    }

    func reset() {
        sqlite3_reset(self.handle)
        sqlite3_clear_bindings(self.handle)
    }

    func int(_ column: Int32) -> Int { Int(sqlite3_column_int64(self.handle, column)) }

    /// The column's bytes, valid until the next step.
    func raw(_ column: Int32) -> UnsafeRawBufferPointer {
        let start = sqlite3_column_blob(self.handle, column)
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(self.handle, column)))
    }

    func bytes(_ column: Int32) -> [UInt8] { Array(self.raw(column)) }

    func text(_ column: Int32) -> String { String(decoding: self.raw(column), as: UTF8.self) }

    private func failure(_ code: Int32) -> DatabaseError {
        let connection = sqlite3_db_handle(self.handle)
        let extended = connection.map { sqlite3_extended_errcode($0) } ?? code
        let message = connection.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) }
        return DatabaseError(resultCode: ResultCode(rawValue: extended), message: message, sql: self.statement.sql)
    }
}

extension Database {
    /// Runs a statement that gives no rows.
    func run(_ sql: String, _ values: any Bindable...) throws {
        let query = try Query(self, sql, values)
        defer { query.reset() }
        while try query.step() {}
    }

    /// The first row, or nil.
    func first<T>(_ sql: String, _ values: any Bindable..., read: (Query) throws -> T) throws -> T? {
        let query = try Query(self, sql, values)
        defer { query.reset() }
        return try query.step() ? try read(query) : nil
    }

    func all<T>(_ sql: String, _ values: any Bindable..., read: (Query) throws -> T) throws -> [T] {
        let query = try Query(self, sql, values)
        defer { query.reset() }
        var rows: [T] = []
        while try query.step() { rows.append(try read(query)) }
        return rows
    }

    func each(_ sql: String, _ values: any Bindable..., body: (Query) throws -> Void) throws {
        let query = try Query(self, sql, values)
        defer { query.reset() }
        while try query.step() { try body(query) }
    }
}

/// What can stand for a `?`.
protocol Bindable {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32
}

extension Int: Bindable {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        sqlite3_bind_int64(statement, index, Int64(self))
    }
}

/// SQLite copies what it is given: the value may be gone before the statement runs.
private var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

extension String: Bindable {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        var text = self
        return text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                guard let start = characters.baseAddress else { return sqlite3_bind_text(statement, index, "", 0, copied) }
                return sqlite3_bind_text(statement, index, start, Int32(characters.count), copied)
            }
        }
    }
}

extension [UInt8]: Bindable {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        self.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress, !bytes.isEmpty else { return sqlite3_bind_zeroblob(statement, index, 0) }
            return sqlite3_bind_blob(statement, index, start, Int32(bytes.count), copied)
        }
    }
}
