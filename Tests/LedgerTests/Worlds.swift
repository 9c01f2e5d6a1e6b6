import Core
import Foundation
import Kits
import Lab
import Ports
import SQLiteStore
import Synchronization

/// The stores that the kits run on.
enum Store: String, CaseIterable, Sendable {
    case sqlite, memory

    /// Gives a fresh store to a test, and removes it.
    func withKit(_ body: (LedgerKit) async throws -> Void) async throws {
        switch self {
        case .memory: try await body(LedgerKit(memoryWorld()))
        case .sqlite: try await withFolder { try await body(LedgerKit(sqliteWorld(in: $0))) }
        }
    }
}

/// The time of the tests: no test depends on it, but that of seals and terms.
let testTime: @Sendable () -> Instant = { Instant(milliseconds: 1_000) }

private func memoryWorld() -> LedgerWorld {
    let store = MemoryStore()
    return LedgerWorld(
        open: { try store.open(owner: $0, time: testTime) }, kill: { store.abandon() }, loseLock: { store.abandon() })
}

private func sqliteWorld(in root: String) -> LedgerWorld {
    let folder = Mutex(root + "/0")
    return LedgerWorld(
        open: { owner in
            let here = folder.withLock { $0 }
            return try await SQLiteLedger.open(folder: here, owner: owner, time: testTime)
        },
        // Files as they are while the owner still has them open: what a killed process leaves.
        kill: {
            let next = folder.withLock { here in
                let next = root + "/\((Int(here.split(separator: "/").last ?? "") ?? 0) + 1)"
                defer { here = next }
                return (from: here, to: next)
            }
            try copyLedger(from: next.from, to: next.to)
        },
        loseLock: { try FileManager.default.removeItem(atPath: folder.withLock { $0 } + "/lock") })
}

/// Copies what a process that is killed leaves behind; the shared memory of SQLite is not part of it.
func copyLedger(from: String, to: String) throws {
    try FileManager.default.createDirectory(atPath: to, withIntermediateDirectories: true)
    for name in ["acknowledged", "ledger.sqlite", "ledger.sqlite-wal"] {
        guard FileManager.default.fileExists(atPath: "\(from)/\(name)") else { continue }
        try FileManager.default.copyItem(atPath: "\(from)/\(name)", toPath: "\(to)/\(name)")
    }
}

func withFolder<T>(_ body: (String) async throws -> T) async throws -> T {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("slipway-ledger-\(UUID().uuidString)")
        .path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
}
