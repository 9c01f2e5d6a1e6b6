import Core
package import Ports
import Testing

/// A store as this kit sees it: something that outlives its owners.
package struct LedgerWorld: Sendable {
    /// Opens the store for the next owner.
    package var open: @Sendable (_ owner: String) async throws -> any Ledger
    /// The owner ends as by SIGKILL: the next `open` finds what was durable, and nothing else.
    package var kill: @Sendable () async throws -> Void
    /// The lock on the store is lost while its owner lives: the next `open` works on the same store.
    package var loseLock: @Sendable () async throws -> Void

    package init(
        open: @escaping @Sendable (_ owner: String) async throws -> any Ledger,
        kill: @escaping @Sendable () async throws -> Void, loseLock: @escaping @Sendable () async throws -> Void
    ) {
        self.open = open
        self.kill = kill
        self.loseLock = loseLock
    }
}

/// What every ledger has to do. Each function is one test; it opens the world's store anew.
package struct LedgerKit: Sendable {
    let world: LedgerWorld

    package init(_ world: LedgerWorld) { self.world = world }

    func open(_ owner: String = "the kit") async throws -> any Ledger { try await self.world.open(owner) }

    // MARK: Order and conflicts

    package func keepsOrder() async throws {
        let ledger = try await self.open()
        let first = try await ledger.append(request([batch(.calendar, 0, ["a", "b"])], at: 10))
        let second = try await ledger.append(
            request([batch(.calendar, 2, ["c"])], at: 20, actor: .person("ada"), cause: .request("r1")))
        let all = first + second
        let start = try #require(first.first).position
        #expect(all.map(\.position) == Array(start..<start + 3))
        #expect(all.map(\.number) == [1, 2, 3])
        #expect(all.map { String(decoding: $0.body, as: UTF8.self) } == ["\"a\"", "\"b\"", "\"c\""])
        #expect(all[0].previousHash == .origin)
        #expect(all[1].previousHash == all[0].hash && all[2].previousHash == all[1].hash)
        #expect(all.allSatisfy { $0.hasRightHash })
        #expect(all[2].actor == .person("ada") && all[2].cause == .request("r1") && all[0].cause == nil)
        #expect(try await ledger.events(of: .calendar, after: 0, limit: 100) == all)
        #expect(try await ledger.events(of: .calendar, after: 1, limit: 1) == [all[1]])
        #expect(try await ledger.events(of: .access, after: 0, limit: 10).isEmpty)
        #expect(try await ledger.events(after: start - 1, limit: 100) == all)
        #expect(try await ledger.events(after: start, limit: 1) == [all[1]])
        #expect(try await ledger.events(of: .calendar, after: 0, limit: 0).isEmpty)
        #expect(try await ledger.position() == start + 2)
        #expect(try await ledger.number(of: .calendar) == 3)
        #expect(try await ledger.number(of: .access) == 0)
        #expect(try await ledger.heads().contains(StreamHead(stream: .calendar, number: 3, hash: all[2].hash)))
        try await ledger.close()
    }

    /// Two streams whose events alternate, read in pages of any size from any number.
    package func pagesThroughAStream() async throws {
        let ledger = try await self.open()
        for round in 0..<20 {
            let names = (0..<13).map { "\(round)-\($0)" }
            _ = try await ledger.append(request([batch(.calendar, round * 13, names), batch(.access, round * 13, names)]))
        }
        let whole = try await ledger.events(of: .calendar, after: 0, limit: 1_000)
        #expect(whole.map(\.number) == Array(1...260))
        for (after, limit) in [(0, 1), (0, 63), (0, 64), (1, 64), (63, 1), (64, 1), (100, 100), (190, 70), (259, 5), (-3, 2)] {
            let page = try await ledger.events(of: .calendar, after: after, limit: limit)
            #expect(page == Array(whole.dropFirst(max(0, after)).prefix(limit)), "\(limit) after \(after)")
        }
        #expect(try await ledger.events(of: .calendar, after: 260, limit: 5).isEmpty)
        #expect(try await ledger.events(of: .calendar, after: .max, limit: .max).isEmpty)
        #expect(try await ledger.events(of: .calendar, after: 258, limit: .max).count == 2)
        #expect(try await ledger.events(of: .calendar, after: 0, limit: -1).isEmpty)
        try await ledger.close()
    }

    package func refusesAStreamThatMovedOn() async throws {
        let ledger = try await self.open()
        _ = try await ledger.append(request([batch(.calendar, 0, ["a"])]))
        for wrong in [0, 2] {
            let error = await refusal { try await ledger.append(request([batch(.calendar, wrong, ["b"])])) }
            #expect(error?.code == .conflict)
            #expect(error?.message.contains("calendar is at number 1, the append expected \(wrong)") == true)
        }
        #expect(try await ledger.number(of: .calendar) == 1)
        try await ledger.close()
    }

    package func holdsReadOnlyExpectations() async throws {
        let ledger = try await self.open()
        _ = try await ledger.append(request([batch(.calendar, 0, ["a"])]))
        let right = [StreamReading(stream: .calendar, number: 1), StreamReading(stream: .access, number: 0)]
        _ = try await ledger.append(request([batch(.train("t"), 0, ["x"])], readings: right))
        let wrong = [StreamReading(stream: .calendar, number: 0)]
        let error = await refusal { try await ledger.append(request([batch(.train("t"), 1, ["y"])], readings: wrong)) }
        #expect(error?.code == .conflict)
        #expect(try await ledger.number(of: .train("t")) == 1)
        try await ledger.close()
    }

    package func appendsToAllStreamsOrNone() async throws {
        let ledger = try await self.open()
        let before = try await ledger.position()
        let stored = try await ledger.append(
            request([batch(.calendar, 0, ["a"]), batch(.access, 0, ["b", "c"]), batch(.flag("f"), 0, ["d"])]))
        #expect(stored.map(\.stream) == [.calendar, .access, .access, .flag("f")])
        #expect(stored.map(\.position) == Array(before + 1...before + 4))
        let row = ProjectionRow(table: .lanes, key: "k", scope: "", body: [1])
        let error = await refusal {
            try await ledger.append(
                request([batch(.calendar, 1, ["e"]), batch(.access, 1, ["f"]), batch(.train("t"), 0, ["g"])], rows: [row]))
        }
        #expect(error?.code == .conflict)
        #expect(try await ledger.position() == before + 4)
        #expect(try await ledger.number(of: .calendar) == 1)
        #expect(try await ledger.number(of: .train("t")) == 0)
        #expect(try await ledger.heads().contains { $0.stream == .train("t") } == false)
        #expect(try await ledger.row(.lanes, key: "k") == nil)
        _ = try await ledger.verify()
        try await ledger.close()
    }

    package func refusesWhatCanNotBeStored() async throws {
        let ledger = try await self.open()
        let position = try await ledger.position()
        let large = NewEvent(kind: EventKind("k"), body: [UInt8](repeating: 32, count: LedgerLimits.bodyBytes + 1))
        let snapshot = Snapshot(stream: .calendar, number: 2, version: 1, body: [1])
        let cases: [(AppendRequest, String)] = [
            (request([]), "holds nothing"),
            (request([batch(.calendar, 0, [])]), "holds no event"),
            (request([batch(.calendar, 0, ["a"]), batch(.calendar, 1, ["b"])]), "names calendar twice"),
            (request([batch(.calendar, -1, ["a"])]), "numbers begin at 0"),
            (request([batch(.ledger, 1, ["a"])]), "written by the store alone"),
            (request([batch(.train("a/b"), 0, ["a"])]), "can't name a stream"),
            (request([batch(.flag(""), 0, ["a"])]), "can't name a stream"),
            (request([batch(.flag("caf\u{E9}"), 0, ["a"])]), "can't name a stream"),
            (request([batch(.calendar, 0, ["a"])], actor: .person("")), "actor's id has 0 bytes"),
            (request([batch(.calendar, 0, ["a"])], cause: Cause(text: "")), "cause has 0 bytes"),
            (request([batch(.calendar, 0, (0...1_000).map(String.init))]), "holds 1001 events"),
            (request([StreamBatch(stream: .calendar, expected: 0, events: [large])]), "1048577 bytes"),
            (request([batch(.calendar, 0, ["a"])], snapshots: [snapshot]), "its newest event is 1"),
            (
                request([batch(.calendar, 0, ["a"])], rows: [ProjectionRow(table: .lanes, key: "", scope: "", body: [])]),
                "row's key has 0 bytes"
            ),
        ]
        for (request, words) in cases {
            let error = await refusal { try await ledger.append(request) }
            #expect(error?.code == .invalid, "\(words)")
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "no error") lacks `\(words)`")
        }
        #expect(try await ledger.position() == position)
        let most = NewEvent(kind: EventKind("k"), body: [UInt8](repeating: 32, count: LedgerLimits.bodyBytes))
        _ = try await ledger.append(request([StreamBatch(stream: .calendar, expected: 0, events: [most])]))
        try await ledger.close()
    }

    package func keepsTimeFromGoingBack() async throws {
        let ledger = try await self.open()
        let far = Instant(milliseconds: 9_000_000_000_000)
        let first = try await ledger.append(request([batch(.calendar, 0, ["a"])], at: far.milliseconds))
        let second = try await ledger.append(request([batch(.access, 0, ["b"])], at: 5))
        #expect(first.map(\.at) == [far] && second.map(\.at) == [far])
        try await ledger.close()
        let next = try await self.open()
        #expect(try await next.events(after: 0, limit: 100).last?.at == far)
        try await next.close()
        #expect(try #require(try await self.open().seals().last).at >= far)
    }

    package func letsManyWriteAtOnce() async throws {
        let ledger = try await self.open()
        let start = try await ledger.position()
        let stored = try await withThrowingTaskGroup(of: [Envelope].self) { group in
            for writer in 0..<64 {
                group.addTask {
                    var mine: [Envelope] = []
                    for number in 0..<10 {
                        mine += try await ledger.append(
                            request([batch(.train("t\(writer)"), number, ["\(number)"])]))
                        // What was just written is there for the one who wrote it.
                        let seen = try await ledger.number(of: .train("t\(writer)"))
                        #expect(seen == number + 1)
                        let clash = await refusal {
                            try await ledger.append(request([batch(.train("t\(writer)"), number, ["late"])]))
                        }
                        #expect(clash?.code == .conflict)
                    }
                    return mine
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(stored.map(\.position).sorted() == Array(start + 1...start + 640))
        #expect(try await ledger.events(after: start, limit: 1_000) == stored.sorted { $0.position < $1.position })
        _ = try await ledger.verify()
        try await ledger.close()
    }

    package func givesAStreamToOneOfManyWriters() async throws {
        let ledger = try await self.open()
        let winners = await withTaskGroup(of: Bool.self) { group in
            for writer in 0..<32 {
                group.addTask {
                    await refusal { try await ledger.append(request([batch(.calendar, 0, ["\(writer)"])])) } == nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(winners == 1)
        #expect(try await ledger.number(of: .calendar) == 1)
        try await ledger.close()
    }

    package func answersReadersMeanwhile() async throws {
        let ledger = try await self.open()
        let start = try await ledger.position()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for number in 0..<200 {
                    _ = try await ledger.append(
                        request([batch(.calendar, number * 2, ["a", "b"]), batch(.access, number, ["c"])]))
                }
            }
            for _ in 0..<4 {
                group.addTask {
                    var seen = 0
                    while seen < 600 {
                        let events = try await ledger.events(after: start, limit: 1_000)
                        // An append is seen whole or not at all, and never less than before.
                        #expect(events.count.isMultiple(of: 3) && events.count >= seen)
                        #expect(events.map(\.position) == events.indices.map { start + 1 + $0 })
                        seen = events.count
                        await Task.yield()
                    }
                }
            }
            try await group.waitForAll()
        }
        try await ledger.close()
    }

    /// 10^5 events in 100 streams: order, paging, seals and a verification over all of them.
    package func holdsAHundredThousandEvents() async throws {
        let ledger = try await self.open()
        let start = try await ledger.position()
        for round in 0..<100 {
            let batches = (0..<100).map { stream in
                batch(.flag("f\(stream)"), round * 10, (0..<10).map { "\(round)-\($0)" })
            }
            _ = try await ledger.append(request(batches, at: Int64(round)))
        }
        #expect(try await ledger.position() == start + 100_000)
        var after = start
        while true {
            let page = try await ledger.events(after: after, limit: 7_000)
            guard let last = page.last else { break }
            #expect(page.first?.position == after + 1)
            after = last.position
        }
        #expect(after == start + 100_000)
        #expect(try await ledger.events(of: .flag("f42"), after: 990, limit: 1_000).map(\.number) == Array(991...1_000))
        let report = try await ledger.verify()
        #expect(report == AuditReport(records: start + 100_000, streams: 101, seals: 100, snapshots: 0))
        try await ledger.close()
    }
}

// MARK: Requests in few words

func request(
    _ batches: [StreamBatch], readings: [StreamReading] = [], rows: [ProjectionRow] = [], snapshots: [Snapshot] = [],
    at: Int64 = 1, actor: Actor = .system, cause: Cause? = nil
) -> AppendRequest {
    AppendRequest(
        batches, readings: readings, rows: rows, snapshots: snapshots, actor: actor, cause: cause,
        at: Instant(milliseconds: at))
}

func batch(_ stream: StreamID, _ expected: Int, _ bodies: [String]) -> StreamBatch {
    StreamBatch(
        stream: stream, expected: expected,
        events: bodies.map { NewEvent(kind: EventKind("kit.happened"), body: Array("\"\($0)\"".utf8)) })
}

/// The ledger's refusal, or nil if it did what was asked. Any other error fails the test.
func refusal(_ body: () async throws -> some Sendable) async -> LedgerError? {
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
