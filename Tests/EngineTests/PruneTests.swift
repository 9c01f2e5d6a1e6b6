import Core
import Engine
import Lab
import Ports
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
            await #expect { try await plane.promote("0.4.0", to: "prod") } throws: { error in
                (error as? Refusal)?.message.contains("was pruned") == true
            }
            let back = try await plane.rollBack(
                try Shop.lane("prod"), to: "0.2.0", reason: "it still can", by: .ada)
            #expect(try await plane.end(back, in: "prod").end == .deployment(.rolledBack))
        }
    }
}
