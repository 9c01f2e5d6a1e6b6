import Core
import Engine
import Lab
import Ports
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct RoomTests {
    private let file = Shop.file(Shop.line("prod"))
    private let disk: Int64 = 100 << 30

    @Test func `the mark is 1 GiB, or 5 % of a small disk`() {
        #expect(DiskRoom(free: (1 << 30) - 1, total: self.disk).isLow)
        #expect(!DiskRoom(free: 1 << 30, total: self.disk).isLow)
        #expect(!DiskRoom(free: 51 << 20, total: 1_000 << 20).isLow)
        #expect(DiskRoom(free: 49 << 20, total: 1_000 << 20).isLow)
        #expect(DiskRoom(free: 300 << 20, total: self.disk).sentence.contains("300 MiB free of 102400 MiB"))
    }

    @Test func `a full disk stops builds, and neither deployments nor rollbacks`() async throws {
        let world = World()
        try await world.running { plane in
            for number in 1...2 {
                world.repository.commit("feat: change \(number)", file: self.file)
                if number == 1 { try await plane.define(self.file) }
                _ = try await plane.build()
            }
            try await plane.end(try await plane.promote("0.1.0", to: "prod"), in: "prod")
            world.disk.leave(10 << 20, of: self.disk)
            world.repository.commit("feat: more", file: self.file)
            await #expect { try await plane.create() } throws: { error in
                (error as? Refusal)?.message.contains("10 MiB free of 102400 MiB") == true
            }
            try await plane.end(try await plane.promote("0.2.0", to: "prod"), in: "prod")
            let back = try await plane.rollBack(try Shop.lane("prod"), to: nil, reason: "slow", by: .ada)
            #expect(try await plane.end(back, in: "prod").end == .deployment(.rolledBack))
            world.disk.leave(2 << 30, of: self.disk)
            #expect(try await plane.build().phase == .built)
        }
    }

    @Test func `what can't be written is an alarm of the record, until something is written`() async throws {
        let world = World()
        let isFull = Atomic(false)
        let ledger = WatchedLedger(
            ledger: try world.open(),
            before: {
                if isFull.load(ordering: .relaxed) { throw LedgerError(.cannotWrite, "database or disk is full.") }
            })
        try await world.running(over: ledger) { plane in
            try await plane.define(self.file)
            #expect(plane.recordAlarm == nil)
            isFull.store(true, ordering: .relaxed)
            for _ in 1...2 {
                await #expect(throws: LedgerError.self) { try await plane.define(Shop.file(Shop.line("other"))) }
                world.clock.move(.seconds(5))
            }
            let alarm = try #require(plane.recordAlarm)
            #expect(alarm.kind == .notWritable && alarm.reason == "database or disk is full.")
            #expect(alarm.nextAction.contains("make room on the disk"))
            #expect(world.clock.now() - alarm.since >= .seconds(10), "since the first that failed")
            isFull.store(false, ordering: .relaxed)
            try await plane.define(Shop.file(Shop.line("other")))
            #expect(plane.recordAlarm == nil)
        }
    }

    @Test func `on a full disk an abort comes to its end, all else is refused, and the alarm stays`()
        async throws
    {
        let world = World()
        let file = Shop.file(Shop.line("prod", "bake: 5m"))
        try await world.running { plane in
            for number in 1...2 {
                world.repository.commit("feat: change \(number)", file: file)
                if number == 1 { try await plane.define(file) }
                _ = try await plane.build()
            }
            let id = try Shop.lane("prod")
            let first = try await plane.promote("0.1.0", to: "prod")
            _ = try await eventually("its bake") { try await plane.machine("prod").deployment?.stepUntil }
            world.clock.move(.minutes(6))
            try await plane.end(first, in: "prod")
            let number = try await plane.promote("0.2.0", to: "prod")
            _ = try await eventually("its bake") { try await plane.machine("prod").deployment?.stepUntil }
            world.store.fillDisk()
            await #expect(throws: LedgerError.self) {
                try await plane.intend(.pause(number: number, reason: "look"), in: id, by: .ada)
            }
            try await plane.intend(.abort(number: number, reason: "bad"), in: id, by: .ada)
            #expect(try await plane.end(number, in: "prod").end == .deployment(.aborted))
            #expect(try await plane.machine("prod").serving.map(\.capacity.candidate.version) == ["0.1.0"])
            let other = Shop.file(Shop.line("prod"))
            await #expect(throws: LedgerError.self) { try await plane.define(other) }
            let alarm = try #require(plane.recordAlarm)
            #expect(alarm.kind == .notWritable && alarm.nextAction.contains("an abort"))
            world.store.makeRoom()
            try await plane.define(other)
            #expect(plane.recordAlarm == nil)
        }
    }

    @Test func `a build that was asked for before waits until there is room`() async throws {
        let world = World()
        world.repository.commit("feat: open", file: self.file)
        let ledger = try world.open()
        let plane = world.plane(over: ledger)
        try await plane.define(self.file)
        let id = try #require(try await plane.create().origin?.id)
        world.store.abandon()
        world.disk.leave(10 << 20, of: self.disk)
        let looks = world.disk.looks
        try await world.running { plane in
            _ = try await eventually("a look at the disk") { world.disk.looks > looks ? true : nil }
            #expect(world.builder.orders.isEmpty)
            #expect(plane.buildsWaitFor?.contains("10 MiB free") == true)
            world.disk.leave(2 << 30, of: self.disk)
            world.clock.move(.seconds(16))
            _ = try await eventually("the build") {
                try await plane.journal.release(id).machine.phase == .built ? true : nil
            }
        }
    }
}
