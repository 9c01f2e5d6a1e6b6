import GRDB
import Ports

extension DatabaseError {
    /// There is no room for what was to be written.
    var isOfFullDisk: Bool {
        switch self.extendedResultCode {
        case .SQLITE_FULL, .SQLITE_IOERR_WRITE, .SQLITE_IOERR_SHMSIZE, .SQLITE_IOERR_TRUNCATE: true
        // An open set of codes.
        default: false
        }
    }
}

extension LedgerError {
    /// What a failure of SQLite means for the ledger.
    static func from(_ error: any Error, path: String) -> LedgerError {
        if let error = error as? LedgerError { return error }
        guard let error = error as? DatabaseError else {
            return LedgerError(.cannotWrite, "\(path) can't be used: \(error)")
        }
        let text = error.message ?? "no message"
        switch error.resultCode {
        case .SQLITE_FULL:
            return LedgerError(
                .cannotWrite,
                "\(path) can't be written, nothing was stored: \(text). Make room on the disk, then try again.")
        case .SQLITE_IOERR, .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_NOMEM, .SQLITE_PERM, .SQLITE_AUTH:
            return LedgerError(
                .cannotWrite,
                "\(path) can't be read or written (\(text)): look at the disk's room and health, and the file's "
                    + "rights.")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return LedgerError(.inUse, "Another program holds \(path) (\(text)): end it, then try again.")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH:
            return LedgerError(
                .damaged, "\(path) is damaged (SQLite says: \(text)): restore a backup. Nothing was changed.")
        case .SQLITE_MISUSE, .SQLITE_INTERRUPT, .SQLITE_ABORT:
            return .closed
        default:
            return LedgerError(.damaged, "\(path) can't be read (SQLite says: \(text)).")
        }
    }
}
