import Core
import Engine
import Lab
import Ports
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct JournalTests {
    private let file = Shop.file(Shop.line("dev", "promote: automatically"))

    @Test func `a decision on a stream that moved on meanwhile is made again`() async throws {
        let world = World()
        let ledger = try world.open()
        // The first append finds that somebody else was faster, on the same stream.
        let isFirst = Once()
        let watched = WatchedLedger(
            ledger: ledger,
            before: {
                guard isFirst.take() else { return }
                let other = Journal(ledger: ledger, time: world.clock, news: News())
                try await other.decide(Access.self, .access, by: .system) { now in
                    .refuse(Access.Refused(actor: .system, intent: "other", scope: "x", at: now))
                }
            })
        let plane = world.plane(over: watched)
        _ = try await plane.addToken("phone", owner: .person("ada"), mayAdminister: false, by: .ada)
        let events = try await ledger.events(of: .access, after: 0, limit: 10)
        #expect(events.map(\.kind.name) == ["access.refused", "access.tokenAdded"])
        #expect(try await plane.journal.access().machine.tokens.map(\.name) == ["phone"])
    }

    @Test func `what was stored though its answer was lost is done, and not twice`() async throws {
        let world = World()
        world.repository.commit("feat: open", file: self.file)
        try await world.running { plane in
            try await plane.define(self.file)
            // All that runs is under way: nothing is found because somebody just began.
            _ = try await plane.build()
            try await plane.verified("0.1.0", in: "dev")
            world.repository.commit("feat: more", file: self.file)
            world.store.fail(.afterStored)
            await #expect(throws: LedgerError.self) { try await plane.create() }
            try await plane.verified("0.2.0", in: "dev")
            let release = try await plane.build()
            #expect(release.phase == .built)
            #expect(release.attempt == 1)
        }
    }

    @Test(arguments: 0..<14) func `an append that fails anywhere on the way holds nothing up for long`(_ count: Int)
        async throws
    {
        let world = World()
        world.repository.commit("feat: open", file: self.file)
        try await world.running { plane in
            try await plane.define(self.file)
            _ = try await plane.create()
            world.store.fail(.beforeStored, after: count)
            try await plane.verified("0.1.0", in: "dev")
        }
    }

    @Test func `a listener that ends while news are published holds nobody up`() async throws {
        let envelope = Envelope(
            NewEvent(kind: EventKind("access.refused"), body: []), of: .access, after: nil, position: 1,
            at: Instant(milliseconds: 0), actor: .system, cause: nil)
        for _ in 0..<5_000 {
            let news = News()
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { for await _ in news.listen(.newest) {} } }
                group.addTask { for _ in 0..<4 { news.publish([envelope]) } }
                await Task.yield()
                group.cancelAll()
            }
        }
    }

    @Test func `rows made anew from nothing are the same bytes`() async throws {
        let world = World()
        let approval = "gates: [ { approval: { from: [bob], count: 1 } } ]"
        let file = self.file + Shop.line("prod", "after: dev", approval) + "\n"
        world.repository.commit("feat: open", file: file)
        try await world.running { plane in
            try await plane.define(file)
            _ = try await plane.build()
            try await plane.verified("0.1.0", in: "dev")
            _ = try await plane.promote("0.1.0", to: "prod")
            _ = try await eventually("the change") {
                try await plane.changes(in: .requested, limit: 1, by: .ada).first
            }
            _ = try await eventually("the tag") { world.repository.tags.isEmpty ? nil : true }
            _ = try await eventually("the row") {
                try await plane.journal.releases(of: try Shop.lane("dev").service).allSatisfy { !$0.isToBeTagged }
                    ? true : nil
            }
        }
        let ledger = try world.open()
        let plane = world.plane(over: ledger)
        let before = try await Self.rows(ledger)
        #expect(Set(before.map(\.table)) == Set(ProjectionTable.allCases))
        try await ledger.replaceRows([])
        #expect(try await Self.rows(ledger).isEmpty)
        #expect(try await plane.rebuildProjections(by: .ada) == before.count)
        #expect(try await Self.rows(ledger) == before)
        await #expect(throws: Refusal.self) { try await plane.rebuildProjections(by: .bob) }
    }

    private static func rows(_ ledger: MemoryLedger) async throws -> [ProjectionRow] {
        var rows: [ProjectionRow] = []
        for table in ProjectionTable.allCases {
            rows += try await ledger.rows(table, scope: nil, after: nil, limit: 1_000)
        }
        return rows
    }

    @Test func `a long stream is read from its snapshot on`() async throws {
        let world = World()
        let ledger = try world.open()
        let plane = world.plane(over: ledger)
        let id = try Shop.lane("dev")
        for number in 0..<500 {
            for isHeld in [true, false] {
                try await LaneJournal(plane.journal).decide(id, by: .person("ada")) { now in
                    let intent: Lane.Intent =
                        isHeld ? .hold(reason: "hold \(number)", until: nil) : .releaseHold(reason: "go")
                    return .intent(intent, by: .person("ada"), at: now)
                }
            }
        }
        #expect(try await ledger.snapshot(of: .lane(id))?.number == 1_000)
        let release = try #require(ReleaseID("r-1"))
        try await LaneJournal(plane.journal).decide(id, by: .person("ada")) { now in
            .intent(.block(release, reason: "last"), by: .person("ada"), at: now)
        }
        let afters = Mutex<[Int]>([])
        let reader = WatchedLedger(ledger: ledger, reading: { after in afters.withLock { $0.append(after) } })
        let loaded = try await Journal(ledger: reader, time: world.clock, news: News()).lane(id)
        #expect(loaded.number == 1_001)
        #expect(loaded.machine == (try await plane.machine("dev")))
        #expect(afters.withLock { $0 } == [1_000])
    }

    @Test func `a snapshot of an older build is ignored`() async throws {
        let world = World()
        let ledger = try world.open()
        let id = try Shop.lane("dev")
        // What it says is not what the events say, so reading it would show.
        let old = Array(Stored.laneState.utf8)
        let held = #"{"by":"person:ada","reason":"x","since":1800000000000}"#
        let batch = StreamBatch(
            stream: .lane(id), expected: 0,
            events: [NewEvent(kind: EventKind("lane.held"), body: Array(held.utf8))])
        _ = try await ledger.append(
            AppendRequest(
                [batch], snapshots: [Snapshot(stream: .lane(id), number: 1, version: 1, body: old)],
                actor: .person("ada"), at: world.clock.now()))
        let loaded = try await Journal(ledger: ledger, time: world.clock, news: News()).lane(id)
        #expect(loaded.number == 1)
        #expect(loaded.machine.hold?.reason == "x")
        #expect(loaded.machine.lastNumber == 0)
    }

    @Test func `an event of a newer build is refused by its name`() async throws {
        let world = World()
        let ledger = try world.open()
        let id = try Shop.lane("dev")
        for kind in [EventKind("lane.held", version: 2), EventKind("lane.teleported")] {
            let stream = StreamID.lane(
                LaneID(service: id.service, environment: try #require(EnvironmentName("e\(kind.version)"))))
            _ = try await ledger.append(
                AppendRequest(
                    [StreamBatch(stream: stream, expected: 0, events: [NewEvent(kind: kind, body: Array("{}".utf8))])],
                    actor: .system, at: world.clock.now()))
            let plane = world.plane(over: ledger)
            await #expect { try await plane.journal.load(Lane.self, stream) } throws: { error in
                (error as? LedgerError)?.code == .newer && "\(error)".contains(kind.description)
            }
        }
    }

    @Test func `a body that can't be read is called damaged, with its place`() async throws {
        let world = World()
        let ledger = try world.open()
        let stream = StreamID.lane(try Shop.lane("dev"))
        let event = NewEvent(kind: EventKind("lane.held"), body: Array("{}".utf8))
        _ = try await ledger.append(
            AppendRequest(
                [StreamBatch(stream: stream, expected: 0, events: [event])], actor: .system, at: world.clock.now()))
        await #expect { try await world.plane(over: ledger).journal.load(Lane.self, stream) } throws: { error in
            (error as? LedgerError)?.code == .damaged && "\(error)".contains("lane/shop/dev 1")
        }
    }
}

/// True the first time.
final class Once: Sendable {
    private let isLeft = Atomic(true)
    func take() -> Bool { self.isLeft.exchange(false, ordering: .relaxed) }
}
