import Core
import Foundation
import GRDB
import Glibc
import Ports
import SQLiteStore
import Testing

@Suite struct `The SQLite ledger` {
    @Test func `flushes every commit on the connection that writes`() async throws {
        try await withFolder { folder in
            let ledger = try await open(folder)
            let settings = try await ledger.settings()
            #expect(settings.synchronous == 2)
            #expect(settings.journalMode == "wal")
            try await append(ledger, 0, count: 3)
            #expect(try await ledger.settings() == settings)
            try await ledger.close()
        }
    }

    @Test func `tells a second owner who the first is, since when and where`() async throws {
        try await withFolder { folder in
            let time: @Sendable () -> Instant = { Instant(milliseconds: 1_770_000_000_000) }
            let ledger = try await SQLiteLedger.open(folder: folder, owner: "slipway serve", time: time)
            ledger.announce("listens on http://127.0.0.1:8080")
            let error = await ledgerError { try await open(folder) }
            #expect(error?.code == .inUse)
            let words = [
                "slipway serve", "process \(getpid())", "since 2026-02-02T02:40:00Z", "http://127.0.0.1:8080", folder,
            ]
            for word in words {
                #expect(error?.message.contains(word) == true, "\(error?.message ?? "") lacks \(word)")
            }
            #expect(SQLiteLedger.owner(of: folder)?.contains("slipway serve") == true)
            try await ledger.close()
            #expect(SQLiteLedger.owner(of: folder) == nil)
        }
    }

    @Test func `leaves no side files behind when it is closed`() async throws {
        try await withFolder { folder in
            for _ in 0..<2 { try await open(folder).close() }
            let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            #expect(files == ["acknowledged", "ledger.sqlite", "lock", "reserve"])
        }
    }

    @Test func `can be read while it is owned, and when nobody owns it, but not written`() async throws {
        try await withFolder { folder in
            #expect(await ledgerError { try await SQLiteLedger.openForReading(folder: folder) }?.code == .invalid)
            let ledger = try await open(folder)
            try await append(ledger, 0, count: 3)
            let beside = try await SQLiteLedger.openForReading(folder: folder)
            #expect(try await beside.number(of: .calendar) == 3)
            #expect(beside.term == ledger.term)
            try await append(ledger, 3, count: 1)
            #expect(try await beside.number(of: .calendar) == 4)
            #expect(await ledgerError { try await append(beside, 4, count: 1) }?.code == .invalid)
            #expect(await ledgerError { try await beside.replaceRows([]) }?.code == .invalid)
            try await beside.close()
            try await ledger.close()
            let after = try await SQLiteLedger.openForReading(folder: folder)
            #expect(try await after.verify().records == 5)
            #expect(try await after.number(of: .ledger) == 1)
            try await after.close()
        }
    }

    @Test func `refuses a newer format and leaves it as it was`() async throws {
        try await withFolder { folder in
            try await makeLedger(folder)
            try await change(folder, "PRAGMA user_version = 7")
            let before = try contents(folder)
            let error = await ledgerError { try await open(folder) }
            #expect(error?.code == .newer)
            #expect(error?.message.contains("format 7; this one knows 1") == true)
            #expect(try contents(folder) == before)
            #expect(await ledgerError { try await SQLiteLedger.openForReading(folder: folder) }?.code == .newer)
        }
    }

    @Test func `refuses files that are no ledger and leaves them as they were`() async throws {
        try await withFolder { folder in
            let path = folder + "/ledger.sqlite"
            try Data(
                "This is no database, and it is longer than the header of one: \(String(repeating: "x", count: 99))"
                    .utf8
            )
            .write(to: URL(fileURLWithPath: path))
            let before = try contents(folder)
            #expect(await ledgerError { try await open(folder) }?.code == .damaged)
            #expect(try contents(folder) == before)
            try FileManager.default.removeItem(atPath: path)
            let other = try DatabaseQueue(path: path)
            try await other.write { try $0.execute(sql: "CREATE TABLE cats (name TEXT)") }
            try other.close()
            #expect(await ledgerError { try await open(folder) }?.code == .damaged)
        }
    }

    @Test func `starts in a folder that a crash left with an empty file`() async throws {
        try await withFolder { folder in
            try Data().write(to: URL(fileURLWithPath: folder + "/ledger.sqlite"))
            let ledger = try await open(folder + "/")
            #expect(ledger.term == Term(1))
            try await ledger.close()
        }
    }

    @Test func `a full file refuses the append whole, and takes it when there is room`() async throws {
        try await withFolder { folder in
            let ledger = try await SQLiteLedger.open(folder: folder, owner: "small", time: testTime, mostBytes: 400_000)
            try await fillUp(ledger)
            try await ledger.close()
            let larger = try await open(folder)
            let number = try await larger.number(of: .calendar)
            try await append(larger, number, count: 1)
            try await larger.close()
        }
    }

    /// On a real file system of 24 MiB. Mounting one needs root: elsewhere the test above stands alone.
    @Test(.enabled(if: geteuid() == 0, "mounting a small disk needs root"))
    func `a full disk refuses the append whole, and takes it when there is room`() async throws {
        try await withFolder { folder in
            try #require(mount("tmpfs", folder, "tmpfs", 0, "size=24m") == 0)
            defer { umount2(folder, Int32(MNT_DETACH)) }
            let ledger = try await open(folder + "/data")
            let ballast = folder + "/ballast"
            try Data(count: 14_500_000).write(to: URL(fileURLWithPath: ballast))
            let stored = try await fillUp(ledger)
            try FileManager.default.removeItem(atPath: ballast)
            try await append(ledger, stored, count: 1)
            #expect(try await ledger.number(of: .calendar) == stored + 1)
            _ = try await ledger.verify()
            try await ledger.close()
            let again = try await open(folder + "/data")
            #expect(try await again.number(of: .calendar) == stored + 1)
            try await again.close()
        }
    }

    /// Appends until there is no room; the number that is then stored.
    @discardableResult
    private func fillUp(_ ledger: SQLiteLedger) async throws -> Int {
        var error: LedgerError?
        var number = 0
        while error == nil, number < 10_000 {
            error = await ledgerError { try await append(ledger, number, count: 2, bytes: 5_000) }
            if error == nil { number += 2 }
        }
        #expect(error?.code == .cannotWrite)
        #expect(error?.message.contains("room") == true)
        #expect(try await ledger.number(of: .calendar) == number)
        _ = try await ledger.verify()
        return number
    }
}

// MARK: What the tests of this store share

func open(_ folder: String) async throws -> SQLiteLedger {
    try await SQLiteLedger.open(folder: folder, owner: "a test", time: testTime)
}

func append(_ ledger: SQLiteLedger, _ expected: Int, count: Int, bytes: Int = 10) async throws {
    let body = Array("\"\(String(repeating: "x", count: bytes))\"".utf8)
    let events = (0..<count).map { _ in NewEvent(kind: EventKind("test.happened"), body: body) }
    _ = try await ledger.append(
        AppendRequest(
            [StreamBatch(stream: .calendar, expected: expected, events: events)], actor: .person("ada"),
            cause: .request("r1"), at: Instant(milliseconds: 5)))
}

/// The ledger's refusal, or nil if it did what was asked.
func ledgerError(_ body: () async throws -> some Any) async -> LedgerError? {
    do {
        _ = try await body()
        return nil
    } catch let error as LedgerError {
        return error
    } catch {
        Issue.record("not a LedgerError: \(error)")
        return nil
    }
}

/// A closed ledger of a few streams with a seal inside and one at its end, a snapshot and rows.
func makeLedger(_ folder: String, events: Int = 1_100) async throws {
    let ledger = try await open(folder)
    let service = StreamID.train("weekly")
    let half = NewEvent(kind: EventKind("test.happened", version: 2), body: Array("{\"n\":1}".utf8))
    let batch = StreamBatch(stream: service, expected: 0, events: [half, half])
    let snapshot = Snapshot(stream: service, number: 2, version: 1, body: Array("{\"state\":2}".utf8))
    let row = ProjectionRow(table: .lanes, key: "k", scope: "s", body: [1])
    _ = try await ledger.append(
        AppendRequest([batch], rows: [row], snapshots: [snapshot], actor: .judge, at: Instant(milliseconds: 9)))
    var stored = 0
    while stored < events {
        let count = min(500, events - stored)
        try await append(ledger, stored, count: count)
        stored += count
    }
    try await ledger.close()
}

/// Changes a closed ledger behind its back.
func change(_ folder: String, _ sql: String) async throws {
    let queue = try DatabaseQueue(path: folder + "/ledger.sqlite")
    try await queue.writeWithoutTransaction { try $0.execute(sql: sql) }
    try queue.close()
}

/// The files of a ledger that hold its content, by name.
func contents(_ folder: String) throws -> [String: Data] {
    var found: [String: Data] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder)
    where name.hasPrefix("ledger") || name == "acknowledged" {
        found[name] = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
    }
    return found
}
