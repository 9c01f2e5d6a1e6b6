import Core
import Foundation
import GRDB
import Ports
import SQLiteStore
import Testing

@Suite struct `A damaged ledger` {
    /// One change, and the words that must name what it hit.
    struct Damage: Sendable, CustomTestStringConvertible {
        let sql: String
        let names: [String]
        var testDescription: String { self.sql }

        init(_ sql: String, _ names: String...) {
            self.sql = sql
            self.names = names
        }
    }

    // The ledger: position 1 is the term, 2 and 3 the train, 4 to 1,103 the calendar; seals at 1,000 and 1,103.
    static let damages: [Damage] = [
        Damage("UPDATE events SET position = 9999 WHERE position = 500", "position 500", "missing"),
        Damage("DELETE FROM events WHERE position = 500", "position 500", "missing"),
        Damage("DELETE FROM events WHERE position > 1050", "seal at position 1103", "missing"),
        Damage("UPDATE events SET stream = 1 WHERE position = 500", "position 500", "number 497 of ledger"),
        Damage("UPDATE events SET stream = 77 WHERE position = 500", "position 500", "stream 77"),
        Damage("UPDATE events SET number = 5000 WHERE position = 500", "position 500", "number 5000 of calendar"),
        Damage("UPDATE events SET previous = 498 WHERE position = 500", "position 500", "number 497 of calendar"),
        Damage(
            "UPDATE events SET kind = 'test.happenec' WHERE position = 500", "position 500", "number 497 of calendar"),
        Damage("UPDATE events SET kindVersion = 2 WHERE position = 500", "position 500", "number 497 of calendar"),
        Damage("UPDATE events SET at = 10 WHERE position = 1103", "position 1103", "number 1100 of calendar"),
        Damage("UPDATE events SET at = 8 WHERE position = 1103", "position 1103", "number 1100 of calendar"),
        Damage("UPDATE events SET actor = 'person:adb' WHERE position = 500", "position 500", "number 497 of calendar"),
        Damage("UPDATE events SET cause = '' WHERE position = 500", "position 500", "number 497 of calendar"),
        Damage("UPDATE events SET body = X'00' WHERE position = 500", "position 500", "number 497 of calendar"),
        Damage("UPDATE events SET previousHash = zeroblob(32) WHERE position = 500", "position 500", "number 497"),
        Damage("UPDATE events SET hash = zeroblob(32) WHERE position = 500", "position 500", "number 497 of calendar"),
        Damage("UPDATE events SET hash = X'01' WHERE position = 500", "position 500", "number 497 of calendar"),
        Damage("UPDATE seals SET position = 1001 WHERE position = 1000", "seal at position 1000"),
        Damage("UPDATE seals SET at = at + 1 WHERE position = 1000", "seal at position 1000"),
        Damage("UPDATE seals SET previousHash = zeroblob(31) WHERE position = 1000", "seal at position 1000"),
        Damage("UPDATE seals SET hash = zeroblob(32) WHERE position = 1103", "seal at position 1103"),
        Damage("UPDATE seals SET position = 1104 WHERE position = 1103", "seal at position 1104"),
        Damage("DELETE FROM seals WHERE position = 1000", "seal at position 1000"),
        Damage("UPDATE snapshots SET stream = 1", "snapshot of ledger"),
        Damage("UPDATE snapshots SET stream = 77", "snapshot", "stream 77"),
        Damage("UPDATE snapshots SET number = 1", "snapshot of train/weekly"),
        Damage("UPDATE snapshots SET version = 2", "snapshot of train/weekly"),
        Damage("UPDATE snapshots SET body = X'7B7D'", "snapshot of train/weekly"),
        Damage("UPDATE snapshots SET digest = zeroblob(32)", "snapshot of train/weekly"),
        Damage("UPDATE streams SET name = 'calendas' WHERE name = 'calendar'", "position 4"),
        Damage("UPDATE streams SET number = 1099 WHERE name = 'calendar'", "head of calendar", "1099"),
        Damage("UPDATE streams SET hash = zeroblob(32) WHERE name = 'calendar'", "head of calendar"),
        Damage("DELETE FROM streams WHERE name = 'train/weekly'", "position 2", "stream 2"),
        Damage("UPDATE streams SET position = 1102 WHERE name = 'calendar'", "head of calendar", "1102"),
        Damage(
            "INSERT INTO streams (name, number, position, hash) VALUES ('access', 1, 9, zeroblob(32))",
            "head of "
                + "access"),
        Damage("UPDATE marks SET position = 68 WHERE number = 64", "marks"),
        Damage("DELETE FROM marks WHERE number = 128", "marks"),
        Damage("CREATE TABLE more (a)", "tables"),
    ]

    @Test(arguments: damages)
    func `is refused by name and left as it was`(damage: Damage) async throws {
        try await withFolder { folder in
            try await makeLedger(folder)
            try await change(folder, damage.sql)
            let before = try contents(folder)
            let error = await ledgerError { try await open(folder) }
            #expect(error?.code == .damaged)
            for name in damage.names {
                #expect(error?.message.contains(name) == true, "\(error?.message ?? "nothing") does not name \(name)")
            }
            #expect(try contents(folder) == before)
            // Nothing of it is taken for an owner: the folder can be opened once it is whole again.
            #expect(SQLiteLedger.owner(of: folder) == nil)
        }
    }

    /// A ledger too long to be read whole has its end checked: heads, last seal, what comes after it.
    @Test(arguments: [
        Damage("UPDATE events SET body = X'00' WHERE position = 2104", "position 2104"),
        Damage("DELETE FROM events WHERE position = 2104", "position 2104 (number 2 of ledger)"),
        Damage("UPDATE events SET at = 7 WHERE position = 1950", "position 1950"),
        Damage("UPDATE snapshots SET version = 2", "snapshot of train/weekly"),
        Damage("UPDATE seals SET hash = zeroblob(32) WHERE position = 2104", "seal at position 2104"),
        Damage("UPDATE seals SET at = at + 1 WHERE position = 2104", "seal at position 2104"),
        Damage("UPDATE streams SET hash = zeroblob(32) WHERE name = 'train/weekly'", "seal at position 1000"),
        Damage("UPDATE streams SET number = 5 WHERE name = 'train/weekly'", "seal at position 1000"),
        Damage("UPDATE streams SET number = 2099 WHERE name = 'calendar'", "head of calendar"),
        Damage("DELETE FROM streams WHERE name = 'ledger'", "seal at position 1000"),
    ])
    func `is seen at its end however long it is`(damage: Damage) async throws {
        try await withFolder { folder in
            try await makeLedger(folder, events: 2_100)
            try await open(folder).close()
            try copyLedger(from: folder, to: folder + "/whole")
            let whole = try await SQLiteLedger.open(
                folder: folder + "/whole", owner: "a test", time: testTime, checkedWhole: 0)
            try await whole.close()
            try await change(folder, damage.sql)
            let before = try contents(folder)
            let error = await ledgerError {
                try await SQLiteLedger.open(folder: folder, owner: "a test", time: testTime, checkedWhole: 0)
            }
            #expect(error?.code == .damaged)
            for name in damage.names { #expect(error?.message.contains(name) == true, "\(error?.message ?? "opened")") }
            #expect(try contents(folder) == before)
        }
    }

    /// What `serve` does with a ledger that is too long to be verified before it starts.
    @Test func `that is longer than what is checked at its opening says so, and serves while the rest is verified`()
        async throws
    {
        try await withFolder { folder in
            try await makeLedger(folder, events: 2_100)
            try await open(folder).close()
            let short = try await SQLiteLedger.open(folder: folder, owner: "a test", time: testTime)
            #expect(short.isCheckedWhole)
            try await short.close()
            try await change(folder, "UPDATE events SET body = X'00' WHERE position = 500")
            let long = try await SQLiteLedger.open(folder: folder, owner: "a test", time: testTime, checkedWhole: 1_000)
            #expect(!long.isCheckedWhole)
            let error = await ledgerError { try await long.verify() }
            #expect(error?.code == .damaged)
            #expect(error?.message.contains("position 500 (number 497 of calendar)") == true)
            #expect(try await long.events(of: .calendar, after: 1_500, limit: 10).count == 10)
            try await long.close()
        }
    }

    @Test(
        arguments: [
            ("UPDATE events SET body = X'00' WHERE position = 500", 499, 0),
            ("UPDATE events SET hash = zeroblob(32) WHERE position = 1050", 1_049, 1),
            ("UPDATE seals SET hash = zeroblob(32) WHERE position = 1000", 1_000, 0),
            ("UPDATE snapshots SET body = X'7B7D'", 1_103, 2),
        ])
    func `tells a verification how much is right before it`(sql: String, records: Int, seals: Int) async throws {
        try await withFolder { folder in
            try await makeLedger(folder)
            try await change(folder, sql)
            let ledger = try await SQLiteLedger.openForReading(folder: folder)
            let error = await ledgerError { try await ledger.verify() }
            #expect(error?.code == .damaged)
            #expect(error?.verified?.records == records)
            #expect(error?.verified?.seals == seals)
        }
    }

    @Test func `that lost its end is not whole for a verification either`() async throws {
        try await withFolder { folder in
            try await makeLedger(folder)
            // As if events up to 1,200 had been answered for.
            let line = "00000000000000001200 00000000000000001200\n"
            try Data(line.utf8).write(to: URL(fileURLWithPath: folder + "/acknowledged"))
            let ledger = try await SQLiteLedger.openForReading(folder: folder)
            let error = await ledgerError { try await ledger.verify() }
            #expect(error?.message.contains("positions 1104 to 1200 were acknowledged and are missing") == true)
            #expect(error?.verified?.records == 1_103)
        }
    }

    @Test func `tells readers before they act on an event`() async throws {
        try await withFolder { folder in
            try await makeLedger(folder)
            try await change(folder, "UPDATE events SET body = X'00' WHERE position = 500")
            try await change(folder, "UPDATE snapshots SET body = X'00'")
            let ledger = try await SQLiteLedger.openForReading(folder: folder)
            #expect(try await ledger.events(of: .calendar, after: 497, limit: 10).count == 10)
            let errors = [
                await ledgerError { try await ledger.events(of: .calendar, after: 490, limit: 10) },
                await ledgerError { try await ledger.events(after: 0, limit: 1_000) },
                await ledgerError { try await ledger.verify() },
            ]
            for error in errors { #expect(error?.message.contains("position 500 (number 497 of calendar)") == true) }
            let error = await ledgerError { try await ledger.snapshot(of: .train("weekly")) }
            #expect(error?.message.contains("snapshot of train/weekly") == true)
            try await ledger.close()
        }
    }

    /// Every byte of a row of each table that counts: its values, and what SQLite keeps of them (length, row id, kinds).
    @Test(arguments: ["events", "seals", "snapshots"])
    func `is refused after a flip of any byte of a row`(table: String) async throws {
        try await withFolder { folder in
            try await makeLedger(folder, events: 3)
            let path = folder + "/ledger.sqlite"
            let whole = try Data(contentsOf: URL(fileURLWithPath: path))
            let row = try await self.rows(of: table, in: path, whole)[0]
            #expect(row.count > 40)
            for offset in row {
                var bytes = whole
                bytes[offset] ^= UInt8(1 << (offset % 8))
                try bytes.write(to: URL(fileURLWithPath: path))
                let place = "a flip at byte \(offset - row.lowerBound) of \(row.count)"
                let error = await ledgerError { try await open(folder) }
                #expect(error?.code == .damaged, "\(place): \(error?.message ?? "opened")")
                #expect(error?.message.contains("damaged") == true, "\(place): \(error?.message ?? "")")
                #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes, "\(place): the file was changed")
            }
        }
    }

    /// Where the rows of a small table lie in the file, the first row first (sqlite.org/fileformat2.html, 1.6: a leaf page has
    /// the places of its cells in order, and the cells without gaps at its end).
    private func rows(of table: String, in path: String, _ file: Data) async throws -> [Range<Int>] {
        let queue = try DatabaseQueue(path: path)
        let found = try await queue.read { database in
            (
                page: try Int.fetchOne(
                    database, sql: "SELECT rootpage FROM sqlite_schema WHERE name = ?", arguments: [table]),
                size: try Int.fetchOne(database, sql: "PRAGMA page_size")
            )
        }
        try queue.close()
        let size = try #require(found.size)
        let start = (try #require(found.page) - 1) * size
        let short = { (offset: Int) in Int(file[start + offset]) << 8 | Int(file[start + offset + 1]) }
        try #require(file[start] == 13, "the table has grown over one page")
        let cells = (0..<short(3)).map { short(8 + 2 * $0) }
        let ends = cells.sorted() + [size]
        return cells.map { cell in start + cell..<start + (ends.first { $0 > cell } ?? size) }
    }

    /// A flip anywhere in the file: refused, or it hit nothing that the ledger says (free space, projections).
    @Test func `never tells anything else after a flip anywhere`() async throws {
        try await withFolder { folder in
            try await makeLedger(folder, events: 60)
            let whole = try Data(contentsOf: URL(fileURLWithPath: folder + "/ledger.sqlite"))
            let truth = try await self.story(folder)
            var generator = SplitMix(state: 42)
            // The last page of events is where most bytes mean something; the rest of the file gets its share.
            let dense = try #require(whole.range(of: Data("test.happened".utf8))).lowerBound
            for round in 0..<300 {
                let copy = "\(folder)/copy"
                try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
                var bytes = whole
                let spread = Int(generator.next() % UInt64(whole.count))
                let offset = round.isMultiple(of: 2) ? spread : min(whole.count - 1, dense + spread % 4_096)
                bytes[offset] ^= UInt8(1 << (generator.next() % 8))
                try bytes.write(to: URL(fileURLWithPath: copy + "/ledger.sqlite"))
                if let error = await ledgerError({ try await open(copy).close() }) {
                    #expect([.damaged, .newer, .cannotWrite].contains(error.code), "round \(round): \(error)")
                    #expect(try Data(contentsOf: URL(fileURLWithPath: copy + "/ledger.sqlite")) == bytes)
                } else {
                    let events = try await self.story(copy)
                    #expect(events == truth, "round \(round): a flip at byte \(offset) changed what is told")
                }
                try FileManager.default.removeItem(atPath: copy)
            }
        }
    }

    private func story(_ folder: String) async throws -> [Envelope] {
        let ledger = try await SQLiteLedger.openForReading(folder: folder)
        let events = try await ledger.events(after: 0, limit: 63)
        try await ledger.close()
        return events
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers in every run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var bits = self.state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}
