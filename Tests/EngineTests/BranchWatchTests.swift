import Core
import Engine
import Lab
import Logging
import Ports
import Testing

/// `watch: BRANCH`: releases of a branch's new commits, made by nobody.
@Suite(.timeLimit(.minutes(2))) struct BranchWatchTests {
    private let world: World
    private let file = "watch: main\n" + Shop.file(Shop.line("dev", "promote: automatically"))

    init() {
        var world = World()
        world.pollEvery = .milliseconds(20)
        self.world = world
    }

    @Test
    func `a new commit is released and serves without any further word, and a start later it is the same release`()
        async throws
    {
        let (world, file) = (self.world, self.file)
        world.repository.commit("feat: open", file: file)
        try await world.running { plane in
            try await plane.define(file)
            try await plane.verified("0.1.0", in: "dev")
            world.repository.commit("fix: close", file: file)
            try await plane.verified("0.1.1", in: "dev")
        }
        try await world.running { plane in
            try await world.looks(5)
            let releases = try await plane.all
            #expect(releases.map(\.version) == ["0.1.0", "0.1.1"])
            #expect(try await plane.journal.release(releases[0].id).machine.origin?.by == .schedule)
        }
    }

    @Test func `of 500 commits that come while one builds, each with a poke, the newest is built and no other`()
        async throws
    {
        let (world, file) = (self.world, self.file)
        world.repository.commit("feat: open", file: file)
        try await world.running { plane in
            try await plane.define(file)
            world.builder.hold(true)
            _ = try await eventually("the first release") { try await plane.all.first }
            let before = try await plane.journal.ledger.position()
            for number in 1...500 {
                world.repository.commit("fix: \(number)", file: file)
                _ = try await plane.poll(try Shop.lane("dev").service, by: .robot)
            }
            try await world.looks(3)
            #expect(try await plane.journal.ledger.position() == before)
            world.builder.hold(false)
            let newest = try await eventually("the newest") { try await plane.all.dropFirst().first }
            #expect(newest.commit.hasSuffix("0501"))
            try await plane.verified(newest.version, in: "dev")
            try await world.looks(3)
            #expect(try await plane.all.count == 2)
        }
    }

    @Test func `pokes make no more releases than the usual pace, and the last commit is never left out`() async throws {
        var world = self.world
        world.pollEvery = .milliseconds(400)
        let file = self.file
        world.repository.commit("feat: open", file: file)
        try await world.running { [world] plane in
            try await plane.define(file)
            let begin = ContinuousClock.now
            for number in 1...500 {
                world.repository.commit("fix: \(number)", file: file)
                _ = try await plane.poll(try Shop.lane("dev").service, by: .robot)
                try await Task.sleep(for: .milliseconds(2))
            }
            let last = try await eventually("the last commit") {
                try await plane.all.last { $0.commit.hasSuffix("0501") }
            }
            let turns = (ContinuousClock.now - begin) / .milliseconds(300)
            #expect(Double(try await plane.all.count) <= turns + 2)
            try await plane.verified(last.version, in: "dev")
        }
    }

    @Test func `a commit that changes nothing for users makes no release and no noise, and the next one does`()
        async throws
    {
        let (world, file) = (self.world, self.file)
        let words = RecordedLog()
        world.repository.commit("feat: open", file: file)
        try await world.running(logger: words.logger) { plane in
            try await plane.define(file)
            try await plane.verified("0.1.0", in: "dev")
            _ = try await eventually("its tag") { world.repository.tags.first }
            world.repository.commit("chore: tidy", file: file)
            let position = try await plane.journal.ledger.position()
            try await world.looks(10)
            #expect(
                try await plane.journal.ledger.position() == position + 1, "that it was looked at is on record, once")
            world.repository.commit("fix: close", file: file)
            try await plane.verified("0.1.1", in: "dev")
            #expect(words.lines(.warning) == [])
        }
    }

    @Test func `a build that fails is not tried again until there is another commit or a person asks`() async throws {
        let (world, file) = (self.world, self.file)
        let broken = world.repository.commit("feat: open", file: file)
        world.builder.fail(broken, times: 2)
        try await world.running { plane in
            try await plane.define(file)
            _ = try await eventually("its failure") { try await plane.all.first { $0.phase == .failed } }
            try await world.looks(10)
            #expect(world.builder.orders.count == 1)
        }
        try await world.running { plane in
            try await world.looks(5)
            #expect(world.builder.orders.count == 1)
            #expect(try await plane.build().phase == .failed)
            world.repository.commit("fix: build", file: file)
            try await plane.verified("0.1.0", in: "dev")
            #expect(world.builder.orders.count == 3)
        }
    }

    @Test func `a branch that is forced back to a released commit makes none, and forced on it makes the next`()
        async throws
    {
        let (world, file) = (self.world, self.file)
        let first = world.repository.commit("feat: open", file: file)
        try await world.running { plane in
            try await plane.define(file)
            try await plane.verified("0.1.0", in: "dev")
            let dropped = world.repository.commit("feat: two", file: file)
            try await plane.verified("0.2.0", in: "dev")
            world.repository.move(to: first)
            try await world.looks(10)
            #expect(try await plane.all.count == 2)
            world.repository.commit("feat: another two", file: file)
            world.repository.move(to: nil)
            let newest = try await eventually("the new head") { try await plane.all.dropFirst(2).first }
            #expect(newest.commit != dropped)
            try await plane.verified(newest.version, in: "dev")
        }
    }

    @Test func `a repository that is gone is one warning, and is looked at again by itself`() async throws {
        let (world, file) = (self.world, self.file)
        let words = RecordedLog()
        world.repository.commit("feat: open", file: file)
        try await world.running(logger: words.logger) { plane in
            try await plane.define(file)
            try await plane.verified("0.1.0", in: "dev")
            world.repository.vanish(SourceError(.notARepository, "there is no folder"))
            let begin = ContinuousClock.now
            let looks = world.repository.looks
            try await world.looks(5)
            // 20 ms, then 2, 4, 8 and 16 times as long.
            #expect(ContinuousClock.now - begin > .milliseconds(20 * 2 + 20 * 4 + 20 * 8 + 20 * 15))
            #expect(world.repository.looks - looks < 8)
            #expect(words.lines(.warning).count == 1)
            #expect(try await plane.watchTrouble?.contains("there is no folder. It is tried again") == true)
            world.repository.vanish(nil)
            world.repository.commit("fix: close", file: file)
            try await plane.verified("0.1.1", in: "dev")
            _ = try await eventually("no trouble") { try await plane.watchTrouble == nil ? true : nil }
            #expect(words.lines(.warning).count == 1)
        }
    }

    @Test func `a commit whose file is broken or another service's is refused once, and the next one is released`()
        async throws
    {
        let (world, file) = (self.world, self.file)
        let words = RecordedLog()
        world.repository.commit("feat: open", file: "service: [")
        try await world.running(logger: words.logger) { plane in
            try await plane.define(file)
            try await world.looks(10)
            #expect(words.lines(.warning).count == 1)
            world.repository.commit("feat: open", file: file.replacing("service: shop", with: "service: blog"))
            try await world.looks(10)
            #expect(words.lines(.warning).count == 2)
            #expect(words.lines(.warning).last?.contains("`blog`") == true)
            let told = try await plane.watchTrouble
            #expect(told?.hasPrefix("no release of ") == true && told?.contains("`blog`") == true, "\(told ?? "-")")
            #expect(try await plane.all.isEmpty)
            world.repository.commit("feat: open it", file: file)
            try await plane.verified("0.1.0", in: "dev")
            #expect(try await plane.watchTrouble == nil)
        }
    }

    @Test func `a refused commit is on record, is not tried again after a start, and is after a new definition`()
        async throws
    {
        let (world, file) = (self.world, self.file)
        let words = RecordedLog()
        let broken = world.repository.commit("feat: open", file: "service: [")
        try await world.running(logger: words.logger) { plane in
            try await plane.define(file)
            try await world.looks(10)
            let refused = try await plane.journal.service(try Shop.lane("dev").service).machine.refused
            #expect(refused?.commit == broken)
            #expect(refused?.reason.isEmpty == false)
            #expect(words.lines(.warning).count == 1)
        }
        let before = world.repository.reads
        try await world.running(logger: words.logger) { plane in
            try await world.looks(10)
            #expect(words.lines(.warning).count == 1)
            #expect(world.repository.reads == before, "its file is not read again")
            try await plane.define(file.replacing("web-team", with: "shop-team"))
            _ = try await eventually("another try") { words.lines(.warning).count == 2 ? true : nil }
            world.repository.commit("feat: open it", file: file)
            try await plane.verified("0.1.0", in: "dev")
        }
    }

    @Test func `a commit that there is no room to build is no refused commit: it is released when there is`()
        async throws
    {
        let (world, file) = (self.world, self.file)
        world.repository.commit("feat: open", file: file)
        world.disk.leave(10 << 20, of: 100 << 30)
        try await world.running { plane in
            try await plane.define(file)
            try await world.looks(3)
            #expect(try await plane.journal.service(try Shop.lane("dev").service).machine.refused == nil)
            world.disk.leave(2 << 30, of: 100 << 30)
            try await plane.verified("0.1.0", in: "dev")
        }
    }

    @Test func `what was applied last decides which branch is watched, and a plan names the change`() async throws {
        let (world, file) = (self.world, self.file)
        let unwatched = file.replacing("watch: main\n", with: "")
        world.repository.commit("feat: open", file: file)
        try await world.running { plane in
            try await plane.define(unwatched)
            await #expect(throws: Refusal.self) { try await plane.poll(try Shop.lane("dev").service, by: .ada) }
            let plan = try await plane.apply(file, repository: Shop.folder, isPlan: true, by: .ada)
            #expect(plan.differences == ["service: watch nothing -> main"])
            #expect(world.repository.looks == 0)
            #expect(try await plane.define(file).number == 2)
            try await plane.verified("0.1.0", in: "dev")
            #expect(try await plane.define(unwatched).number == 3)
            world.repository.commit("fix: close", file: file)
            let looks = world.repository.looks
            try await Task.sleep(for: .milliseconds(200))
            #expect(world.repository.looks <= looks + 1)
            #expect(try await plane.all.count == 1)
        }
    }
}

extension World {
    /// Waits for so many more looks at the branch.
    fileprivate func looks(_ count: Int) async throws {
        let before = self.repository.looks
        _ = try await eventually("\(count) looks") { self.repository.looks >= before + count ? true : nil }
    }
}

extension ControlPlane {
    /// What a face shows of the shop.
    fileprivate var watchTrouble: String? {
        get async throws { try await self.status(of: nil, by: .ada).services.first?.watchTrouble }
    }

    /// Of the shop, oldest first.
    fileprivate var all: [ReleaseRow] {
        get async throws { try await self.journal.releases(of: try Shop.lane("dev").service) }
    }
}
