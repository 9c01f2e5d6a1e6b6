import Core
import Foundation
import Glibc
import Kits
import Lab
import Ports
import SQLiteStore
import Testing

/// On real file systems of a few MiB.
@Suite(.serialized, .timeLimit(.minutes(2))) struct `A ledger on a full disk` {
    @Test func `keeps room for what takes traffic back, in memory`() async throws {
        let store = MemoryStore()
        let world = LedgerWorld(
            open: { try store.open(owner: $0, time: testTime) }, kill: { store.abandon() },
            loseLock: { store.abandon() })
        try await LedgerKit(world).keepsRoomForWhatTakesTrafficBack(
            fill: { store.fillDisk() }, makeRoom: { store.makeRoom() })
    }

    @Test(.enabled(if: geteuid() == 0, "mounting a small disk needs root"))
    func `keeps room for what takes traffic back, in a file`() async throws {
        try await withDisk { disk in
            let world = LedgerWorld(
                open: { try await SQLiteLedger.open(folder: disk + "/data", owner: $0, time: testTime) }, kill: {},
                loseLock: {})
            try await LedgerKit(world).keepsRoomForWhatTakesTrafficBack(
                fill: { try fill(disk) }, makeRoom: { unlink(disk + "/ballast") })
            #expect(size(disk + "/data/reserve") == 8 << 20, "made anew")
        }
    }

    @Test(.enabled(if: geteuid() == 0, "mounting a small disk needs root"))
    func `the reserve lasts for hundreds of aborts, and is refused whole at its end`() async throws {
        try await withDisk { disk in
            let ledger = try await open(disk + "/data")
            try fill(disk)
            var number = 0
            var refused: LedgerError?
            while refused == nil, number < 20_000 {
                refused = await ledgerError { _ = try await ledger.append(abort(number)) }
                if refused == nil { number += 1 }
            }
            print("figure: a reserve of 8 MiB took \(number) appends of an abort's size")
            #expect(number >= 200)
            #expect(refused?.code == .cannotWrite && refused?.message.contains("room on the disk") == true)
            #expect(try await ledger.number(of: .calendar) == 6 * number)
            #expect(size(disk + "/data/reserve") == nil)
            unlink(disk + "/ballast")
            _ = try await ledger.append(abort(number))
            _ = try await ledger.verify()
            try await ledger.close()
        }
    }

    @Test(.enabled(if: geteuid() == 0, "mounting a small disk needs root"))
    func `is opened on a full disk, and then takes only what takes traffic back`() async throws {
        try await withDisk { disk in
            let ledger = try await open(disk + "/data")
            try await append(ledger, 0, count: 6)
            try await ledger.close()
            try fill(disk)
            let again = try await open(disk + "/data")
            #expect(again.term == Term(2))
            #expect(await ledgerError { try await append(again, 6, count: 1) }?.code == .cannotWrite)
            _ = try await again.append(abort(1))
            #expect(await ledgerError { try await again.close() }?.code == .cannotWrite, "without room for a seal")
            unlink(disk + "/ballast")
            let last = try await open(disk + "/data")
            try await append(last, 12, count: 1)
            #expect(try await last.verify().records == 16)
            #expect(size(disk + "/data/reserve") == 8 << 20)
            try await last.close()
        }
    }

    /// Of the size that an abort has: six events, and a row.
    private func abort(_ expected: Int) -> AppendRequest {
        let body = Array("\"\(String(repeating: "x", count: 400))\"".utf8)
        let events = (0..<6).map { _ in NewEvent(kind: EventKind("test.happened"), body: body) }
        var request = AppendRequest(
            [StreamBatch(stream: .calendar, expected: 6 * expected, events: events)],
            rows: [ProjectionRow(table: .lanes, key: "shop/prod", scope: "shop", body: body)], actor: .system,
            at: Instant(milliseconds: 5))
        request.isUrgent = true
        return request
    }

    private func withDisk(_ body: (String) async throws -> Void) async throws {
        try await withFolder { folder in
            try #require(mount("tmpfs", folder, "tmpfs", 0, "size=48m") == 0)
            defer { umount2(folder, Int32(MNT_DETACH)) }
            try await body(folder)
        }
    }
}

/// To the last byte.
private func fill(_ disk: String) throws {
    let file = Glibc.open(disk + "/ballast", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    try #require(file >= 0)
    defer { close(file) }
    let page = [UInt8](repeating: 0, count: 4_096)
    while write(file, page, page.count) > 0 {}
    try #require(errno == ENOSPC)
}

/// nil: no such file.
private func size(_ path: String) -> Int? {
    var status = stat()
    return lstat(path, &status) == 0 ? Int(status.st_size) : nil
}
