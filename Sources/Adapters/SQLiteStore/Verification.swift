import Core
import GRDB
import Ports

/// Recomputes everything that the ledger says of itself, over the stored bytes: every event's hash and place, the
/// heads, every seal, every snapshot's digest, the index of events. Changes nothing; throws `damaged` naming the first
/// thing that is wrong.
struct Verification {
    /// A stream as folded so far, beside the head that is stored.
    private struct Slot {
        let id: Int
        let name: [UInt8]
        let storedNumber: Int
        let storedPosition: Int
        let storedHash: Hash32
        var number = 0
        var position = 0
        var hash = Hash32.zero
    }

    /// In the order of the names' bytes, as seals want them.
    private var slots: [Slot]
    private let places: [Int: Int]
    private var seals: ArraySlice<StoredSeal>
    private var lastSeal = Hash32.zero
    private var rightSeals = 0
    private var rightSnapshots = 0
    private var hasher = FieldHasher(capacity: 4_096)
    private var position = 0
    private var at = Int.min
    /// A sum over (stream, number, position) of the events that a mark stands for, and their count: equal to those of
    /// the marks, or a mark is wrong.
    private var marks = (sum: UInt64(0), count: 0)

    private struct StoredSeal {
        let position: Int
        let at: Int
        let previous: Hash32?
        let hash: Hash32?

        init(_ row: Query) {
            self.position = row.int(0)
            self.at = row.int(1)
            self.previous = Hash32(row.raw(2))
            self.hash = Hash32(row.raw(3))
        }
    }

    private static let sealColumns = "SELECT position, at, previousHash, hash FROM seals"

    /// The whole ledger.
    static func run(_ database: Database, path: String) throws -> AuditReport {
        var verification = try Verification(database, after: nil)
        do {
            try verification.checkEvents(database)
            try verification.checkIndexes(database)
            try verification.checkSnapshots(database)
        } catch {
            let error = LedgerError.from(error, path: path)
            throw error.code == .damaged ? LedgerError(.damaged, error.message, verified: verification.report) : error
        }
        return verification.report
    }

    /// What was found right so far.
    private var report: AuditReport {
        AuditReport(
            records: self.position, streams: self.slots.count { $0.number > 0 }, seals: self.rightSeals,
            snapshots: self.rightSnapshots)
    }

    /// What can be checked quickly, however long the ledger is: a seal at least 1,000 positions back, all after it, the
    /// snapshots.
    static func runEnd(_ database: Database) throws {
        let base = try database.first(
            Self.sealColumns
                + " WHERE position <= (SELECT max(position) FROM events) - ? ORDER BY position DESC LIMIT 1",
            LedgerLimits.sealEvery, read: StoredSeal.init)
        var verification = try Verification(database, after: base)
        if let base { try verification.begin(after: base, in: database) }
        try verification.checkEvents(database)
        try verification.checkSnapshots(database)
    }

    private init(_ database: Database, after base: StoredSeal?) throws {
        self.slots = try database.all("SELECT id, name, number, position, hash FROM streams ORDER BY name") { row in
            guard let hash = Hash32(row.raw(4)) else {
                throw Self.damaged("the head of \(row.text(1)) has a hash of \(row.raw(4).count) bytes")
            }
            return Slot(
                id: row.int(0), name: row.bytes(1), storedNumber: row.int(2), storedPosition: row.int(3),
                storedHash: hash)
        }
        self.places = Dictionary(
            self.slots.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        self.seals = try database.all(
            Self.sealColumns + " WHERE position >= ? ORDER BY position", base?.position ?? 0, read: StoredSeal.init)[
                ...]
    }

    /// Takes the heads back to what they were at a seal: what the first event after it follows. Then that seal must fit
    /// them.
    private mutating func begin(after base: StoredSeal, in database: Database) throws {
        for index in self.slots.indices {
            self.slots[index].number = self.slots[index].storedNumber
            self.slots[index].position = self.slots[index].storedPosition
            self.slots[index].hash = self.slots[index].storedHash
        }
        var seen: Set<Int> = []
        try database.each(
            "SELECT stream, number, previousHash, previous FROM events WHERE position > ? ORDER BY "
                + "position", base.position
        ) { row in
            guard let place = self.places[row.int(0)], seen.insert(place).inserted else { return }
            self.slots[place].number = row.int(1) - 1
            self.slots[place].position = row.int(3)
            self.slots[place].hash = Hash32(row.raw(2)) ?? .zero
        }
        for (place, slot) in self.slots.enumerated() where slot.storedPosition > base.position && !seen.contains(place)
        {
            throw self.damaged(slot.storedPosition, slot.storedNumber, place, "it is missing")
        }
        self.position = base.position
        self.lastSeal = base.previous ?? .zero
        try self.checkSeal()
    }

    // MARK: Events and seals

    private mutating func checkEvents(_ database: Database) throws {
        try database.each(EnvelopeReader.columns + " WHERE position > ? ORDER BY position", self.position) {
            try self.check(event: $0)
        }
        try self.checkEnds()
    }

    private mutating func check(event row: Query) throws {
        let position = row.int(0)
        let number = row.int(2)
        guard position == self.position + 1 else {
            throw Self.damaged("the event at position \(self.position + 1) is missing (the next one is \(position))")
        }
        guard let place = self.places[row.int(1)] else {
            throw Self.damaged("the event at position \(position) belongs to stream \(row.int(1)), which is not there")
        }
        let expected = self.slots[place].number + 1
        guard number == expected else {
            throw self.damaged(position, number, place, "its number should be \(expected)")
        }
        guard row.int(11) == self.slots[place].position else {
            throw self.damaged(position, number, place, "its stream's event before is at \(self.slots[place].position)")
        }
        guard Hash32(row.raw(9)) == self.slots[place].hash else {
            throw self.damaged(position, number, place, "its hash of the event before does not fit")
        }
        let at = row.int(5)
        guard at >= self.at else { throw self.damaged(position, number, place, "its time is before the last one") }
        let hash = self.hash(of: row, in: self.slots[place].name)
        guard Hash32(row.raw(10)) == hash else {
            throw self.damaged(position, number, place, "its hash does not fit its content")
        }
        self.slots[place].number = number
        self.slots[place].position = position
        self.slots[place].hash = hash
        self.position = position
        self.at = at
        if number.isMultiple(of: Schema.markEvery) {
            self.marks.sum &+= Self.mark(row.int(1), number, position)
            self.marks.count += 1
        }
        try self.checkSeal()
    }

    private mutating func hash(of row: Query, in stream: [UInt8]) -> Hash32 {
        self.hasher.add(row.raw(9))
        self.hasher.add(stream)
        self.hasher.add(row.int(2))
        self.hasher.add(row.raw(3))
        self.hasher.add(row.int(4))
        self.hasher.add(row.int(5))
        self.hasher.add(row.raw(6))
        self.hasher.add(row.raw(7))
        self.hasher.add(row.raw(8))
        return Hash32(self.hasher.finish())
    }

    private mutating func checkSeal() throws {
        let due = self.position.isMultiple(of: LedgerLimits.sealEvery)
        guard let seal = self.seals.first, seal.position <= self.position else {
            if due { throw Self.damaged("the seal at position \(self.position) is missing") }
            return
        }
        guard seal.position == self.position else {
            throw Self.damaged("the seal at position \(seal.position) stands at no event")
        }
        guard seal.previous == self.lastSeal else {
            throw Self.damaged("the seal at position \(seal.position) does not follow the seal before it")
        }
        self.lastSeal.withBytes { self.hasher.add($0) }
        self.hasher.add(seal.position)
        self.hasher.add(seal.at)
        for slot in self.slots where slot.number > 0 {
            self.hasher.add(slot.name)
            self.hasher.add(slot.number)
            slot.hash.withBytes { self.hasher.add($0) }
        }
        let hash = Hash32(self.hasher.finish())
        guard seal.hash == hash else {
            throw Self.damaged(
                "the seal at position \(seal.position) does not fit: the seal, or a stream's events before it, were "
                    + "changed")
        }
        self.lastSeal = hash
        self.rightSeals += 1
        self.seals.removeFirst()
    }

    private func checkEnds() throws {
        if let seal = self.seals.first {
            throw Self.damaged(
                "the seal at position \(seal.position) covers events that are missing: the newest is at "
                    + "\(self.position)")
        }
        for slot in self.slots {
            let name = String(decoding: slot.name, as: UTF8.self)
            guard slot.number == slot.storedNumber else {
                throw Self.damaged(
                    "the head of \(name) says number \(slot.storedNumber), but its newest event is number "
                        + "\(slot.number)")
            }
            guard slot.position == slot.storedPosition else {
                throw Self.damaged(
                    "the head of \(name) says position \(slot.storedPosition), but its newest event is at "
                        + "\(slot.position)")
            }
            guard slot.hash == slot.storedHash else {
                throw Self.damaged(
                    "the head of \(name) (number \(slot.number)) has a hash that does not fit its newest event")
            }
        }
    }

    // MARK: Indexes and snapshots

    /// A wrong mark or index would hide events from a stream's readers.
    private func checkIndexes(_ database: Database) throws {
        var marks = (sum: UInt64(0), count: 0)
        try database.each("SELECT stream, number, position FROM marks") { row in
            marks.sum &+= Self.mark(row.int(0), row.int(1), row.int(2))
            marks.count += 1
        }
        guard marks == self.marks else { throw Self.damaged("the marks of streams do not fit the events") }
        for slot in self.slots {
            let name = String(decoding: slot.name, as: UTF8.self)
            let found = try database.first("SELECT id FROM streams WHERE name = ?", name) { $0.int(0) }
            guard found == slot.id else { throw Self.damaged("the index of stream names does not find \(name)") }
        }
        try self.checkPages(database)
    }

    /// What SQLite keeps beside the values (lengths of rows, places in pages): no hash of ours covers it.
    private func checkPages(_ database: Database) throws {
        let said = try database.first("PRAGMA quick_check(1)") { $0.text(0) } ?? "nothing"
        guard said == "ok" else {
            let words = said.split(separator: "\n").filter { !$0.hasPrefix("***") }.joined(separator: "; ")
            throw Self.damaged("its file is not as SQLite wrote it (\(words))")
        }
    }

    private mutating func checkSnapshots(_ database: Database) throws {
        try database.each("SELECT stream, number, version, body, digest FROM snapshots ORDER BY stream") { row in
            guard let place = self.places[row.int(0)] else {
                throw Self.damaged("a snapshot belongs to stream \(row.int(0)), which is not there")
            }
            let slot = self.slots[place]
            let name = String(decoding: slot.name, as: UTF8.self)
            let snapshot = Snapshot(
                stream: try streamID(name), number: row.int(1), version: row.int(2), body: row.bytes(3))
            guard snapshot.digest.bytes == row.bytes(4) else {
                throw Self.damaged("the snapshot of \(name) at number \(row.int(1)) has a digest that does not fit")
            }
            guard snapshot.number <= slot.number else {
                throw Self.damaged(
                    "the snapshot of \(name) is of number \(snapshot.number), but its newest event is \(slot.number)")
            }
            self.rightSnapshots += 1
        }
    }

    // MARK: Words and sums

    private func damaged(_ position: Int, _ number: Int, _ place: Int, _ why: String) -> LedgerError {
        EnvelopeReader.damaged(position, number, StreamID(String(decoding: self.slots[place].name, as: UTF8.self)), why)
    }

    static func damaged(_ what: String) -> LedgerError {
        LedgerError(.damaged, "The ledger is damaged: \(what). Restore a backup; nothing was changed.")
    }

    /// Mixes the bits (the finalizer of SplitMix64), so that two wrong entries don't cancel out in the sum.
    private static func mark(_ stream: Int, _ number: Int, _ position: Int) -> UInt64 {
        var bits = UInt64(bitPattern: Int64(stream)) &* 0x9E37_79B9_7F4A_7C15
        bits ^= UInt64(bitPattern: Int64(number)) &* 0xC2B2_AE3D_27D4_EB4F
        bits ^= UInt64(bitPattern: Int64(position)) &* 0x1656_67B1_9E37_79F9
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}

/// A hash without memory of its own: a verification compares hundreds of thousands.
struct Hash32: Equatable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    static let zero = Hash32()

    private init() {}

    /// nil unless there are exactly 32 bytes.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 32 else { return nil }
        withUnsafeMutableBytes(of: &self.words) { $0.copyMemory(from: bytes) }
    }

    init(_ hash: ChainHash) {
        hash.bytes.withUnsafeBytes { bytes in
            withUnsafeMutableBytes(of: &self.words) { $0.copyMemory(from: bytes) }
        }
    }

    func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
        withUnsafeBytes(of: self.words, body)
    }

    static func == (left: Hash32, right: Hash32) -> Bool { left.words == right.words }
}
