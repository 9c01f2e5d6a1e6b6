import Core
import Foundation
import Ports
import SQLiteStore
import Synchronization
import Testing

@Suite struct `A crash` {
    /// The files are copied, as a kill would leave them, while four writers append; what was answered for before a copy
    /// began is in it, whatever the moment.
    @Test func `between any two writes keeps what was answered for`() async throws {
        try await withFolder { folder in
            let ledger = try await open(folder + "/live")
            let progress = Progress()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<4 {
                    group.addTask {
                        var number = 0
                        while !progress.isDone {
                            try await self.append(ledger, writer: writer, number: number)
                            number += 1
                            progress.note(number, by: writer)
                        }
                    }
                }
                group.addTask {
                    defer { progress.end() }
                    for round in 0..<25 {
                        try await progress.waitForNews()
                        let before = progress.answered
                        try copyLedger(from: folder + "/live", to: "\(folder)/\(round)")
                        let copy = try await open("\(folder)/\(round)")
                        for writer in 0..<4 {
                            let number = try await copy.number(of: .flag("w\(writer)"))
                            #expect(number >= before[writer], "round \(round): writer \(writer) lost events")
                        }
                        _ = try await copy.verify()
                        try await self.append(copy, writer: 5, number: 0)
                        try await copy.close()
                    }
                }
                try await group.waitForAll()
            }
            try await ledger.close()
        }
    }

    /// Cuts the write-ahead log at any byte, as a loss of power in the last write would: what opens is the history up
    /// to some append, whole; where the log was cut below what was answered for, it is refused and the missing
    /// positions are named.
    @Test func `in the middle of a write leaves a whole prefix`() async throws {
        try await withFolder { folder in
            let ledger = try await open(folder + "/live")
            for number in 0..<12 {
                try await self.append(ledger, writer: 0, number: number * 3, count: 3)
            }
            try copyLedger(from: folder + "/live", to: folder + "/whole")
            let truth = try await ledger.events(after: 0, limit: 1_000)
            try await ledger.close()
            let log = try Data(contentsOf: URL(fileURLWithPath: folder + "/whole/ledger.sqlite-wal"))
            var generator = SplitMix(state: 7)
            var lengths = Set<Int>()
            for round in 0..<60 {
                let cut = "\(folder)/cut\(round)"
                try copyLedger(from: folder + "/whole", to: cut)
                let length = Int(generator.next() % UInt64(log.count))
                try log.prefix(length).write(to: URL(fileURLWithPath: cut + "/ledger.sqlite-wal"))
                let before = try contents(cut).filter { !$0.key.hasSuffix("-shm") }
                let refused = await ledgerError { try await open(cut) }
                #expect(refused?.code == .damaged)
                #expect(refused?.message.contains("to \(truth.count) were acknowledged and are missing") == true)
                #expect(try contents(cut).filter { !$0.key.hasSuffix("-shm") } == before)
                // The disk never promised these: without the promise, the rest is a ledger.
                try FileManager.default.removeItem(atPath: cut + "/acknowledged")
                let rest = try await open(cut)
                let events = try await rest.events(after: 0, limit: 1_000)
                let kept = events.dropLast()
                #expect(Array(kept) == Array(truth.prefix(kept.count)), "round \(round)")
                #expect(kept.isEmpty || (kept.count - 1).isMultiple(of: 3), "round \(round): half an append was kept")
                lengths.insert(kept.count)
                _ = try await rest.verify()
                try await rest.close()
            }
            #expect(lengths.count > 5)
        }
    }

    @Test func `that loses the log or the file is seen`() async throws {
        try await withFolder { folder in
            let ledger = try await open(folder + "/live")
            try await self.append(ledger, writer: 0, number: 0, count: 5)
            for name in ["ledger.sqlite", "ledger.sqlite-wal"] {
                let copy = "\(folder)/without-\(name)"
                try copyLedger(from: folder + "/live", to: copy)
                try FileManager.default.removeItem(atPath: "\(copy)/\(name)")
                let error = await ledgerError { try await open(copy) }
                #expect(error?.code == .damaged)
                #expect(error?.message.contains("positions 1 to 6") == true, "\(error?.message ?? "opened")")
            }
            try await ledger.close()
        }
    }

    private func append(_ ledger: SQLiteLedger, writer: Int, number: Int, count: Int = 1) async throws {
        let event = NewEvent(kind: EventKind("test.happened"), body: [UInt8](repeating: 0x31, count: 300))
        let batch = StreamBatch(
            stream: .flag("w\(writer)"), expected: number, events: Array(repeating: event, count: count))
        _ = try await ledger.append(AppendRequest([batch], actor: .system, at: Instant(milliseconds: 1)))
    }
}

/// How many appends each writer was answered for.
private final class Progress: Sendable {
    private let state = Mutex((answered: [Int](repeating: 0, count: 4), done: false))

    var answered: [Int] { self.state.withLock { $0.answered } }
    var isDone: Bool { self.state.withLock { $0.done } }

    func note(_ number: Int, by writer: Int) { self.state.withLock { $0.answered[writer] = number } }
    func end() { self.state.withLock { $0.done = true } }

    /// Until at least one more append was answered.
    func waitForNews() async throws {
        let before = self.answered
        let deadline = ContinuousClock.now + .seconds(20)
        while self.answered == before {
            try #require(ContinuousClock.now < deadline, "no append was answered for 20 s")
            await Task.yield()
        }
    }
}
