import Core
import Engine
import Lab
import Ports
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct PruneTests {
    private let file = Shop.file(Shop.line("prod"))

    @Test func `what serves, could be gone back to or is new stays, the rest goes and is on record`() async throws {
        let world = World()
        try await world.running { plane in
            for number in 1...14 {
                world.repository.commit("feat: change \(number)", file: self.file)
                if number == 1 { try await plane.define(self.file) }
                _ = try await plane.build()
                if number == 2 || number == 3 {
                    try await plane.end(try await plane.promote("0.\(number).0", to: "prod"), in: "prod")
                }
            }
            let look = try await plane.prune(isDryRun: true, by: .ada)
            #expect(look.pruned.map(\.version) == ["0.1.0", "0.4.0"])
            #expect(look.kept == 12)
            let report = try await plane.prune(isDryRun: false, by: .ada)
            #expect(report == look)
            #expect(try await plane.prune(isDryRun: false, by: .ada).pruned.isEmpty)
            let gone = try await plane.release(named: "shop@0.4.0", by: .ada)
            #expect(gone.prunedAt != nil)
            let id = try #require(gone.origin?.id)
            #expect(try await plane.why(id, by: .ada).contains { $0.text.contains("pruned its content") })
            let log = try await plane.buildLog(of: id, from: 0, by: .ada)
            #expect(String(decoding: log.text, as: UTF8.self).contains("pruned"))
            #expect(try await plane.verifyAudit(by: .ada).records > 0)
            var (export, verifier) = (try await plane.exportLedger(.lines, upTo: nil, by: .ada), ExportVerifier())
            while let bytes = try await export.next() { try verifier.take(bytes) }
            #expect(try verifier.finish().events > 0)
            await #expect { try await plane.promote("0.4.0", to: "prod") } throws: { error in
                (error as? Refusal)?.message.contains("was pruned") == true
            }
            let back = try await plane.rollBack(
                try Shop.lane("prod"), to: "0.2.0", reason: "it still can", by: .ada)
            #expect(try await plane.end(back, in: "prod").end == .deployment(.rolledBack))
        }
    }

    @Test
    func `content that no event names goes, what a record names stays, and work under way is named to who clears`()
        async throws
    {
        var world = World()
        let asked = Asked()
        world.clearWork = { order in
            asked.orders.withLock { $0.append(order) }
            var cleared = Cleared()
            cleared.add(4_096)
            return cleared
        }
        world.repository.commit("feat: open", file: Shop.file(Shop.line("prod", "bake: 1h")))
        try await world.running { [world] plane in
            let blobs = plane.doors.blobs
            let results = try await blobs.store(Array("results".utf8))
            let orphan = try await blobs.store(Array("of a build that was killed".utf8))
            world.builder.report(
                TestSummary(passed: 1, failed: 0, errors: 0, skipped: 0, failures: [], results: results))
            try await plane.define(Shop.file(Shop.line("prod", "bake: 1h")))
            let id = try await plane.build().origin?.id
            let number = try await plane.promote("0.1.0", to: "prod")
            _ = try await eventually("its deployment") { try await plane.machine("prod").deployment }
            world.builder.hold(true)
            world.repository.commit("feat: more", file: Shop.file(Shop.line("prod", "bake: 1h")))
            let building = try #require(try await plane.create().origin?.id)
            #expect(id != building)
            let look = try await plane.prune(isDryRun: true, by: .ada)
            #expect(look.orphans.count == 1 && look.orphans.bytes == orphan.bytes)
            #expect(try await blobs.path(orphan.digest) != nil, "only said")
            let report = try await plane.prune(isDryRun: false, by: .ada)
            #expect(report == look)
            #expect(try await blobs.path(orphan.digest) == nil)
            #expect(try await blobs.path(results.digest) != nil)
            #expect(try await plane.prune(isDryRun: false, by: .ada).orphans == Cleared())
            let orders = asked.orders.withLock { $0 }
            #expect(orders.map(\.isDryRun) == [true, false, false])
            #expect(orders.allSatisfy { $0.building == [building] && $0.commands == ["shop/prod/\(number)/"] })
            world.builder.hold(false)
        }
    }

    private final class Asked: Sendable {
        let orders = Mutex<[WorkOrder]>([])
    }
}
