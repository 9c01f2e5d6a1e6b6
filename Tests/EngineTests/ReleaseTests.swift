import Core
import Engine
import Ports
import Testing

@Suite(.timeLimit(.minutes(2))) struct ReleaseTests {
    private let file = Shop.file(Shop.line("dev"))

    @Test func `a plan says what would change and records nothing`() async throws {
        let world = World()
        try await world.running { plane in
            let plan = try await plane.apply(self.file, repository: Shop.folder, isPlan: true, by: .ada)
            #expect(plan.isChanged)
            #expect(plan.number == 0)
            #expect(!plan.differences.isEmpty)
            #expect(try await plane.journal.ledger.number(of: .service(plan.service)) == 0)
            let applied = try await plane.define(self.file)
            #expect(applied.number == 1)
            let again = try await plane.define(self.file)
            #expect(!again.isChanged)
            #expect(again.number == 1)
            let more = try await plane.define(Shop.file(Shop.line("dev") + "\n" + Shop.line("prod", "after: dev")))
            #expect(more.number == 2)
            #expect(more.differences.contains { $0.contains("prod") })
        }
    }

    @Test func `a commit becomes a release once, with the version its messages ask for`() async throws {
        let world = World()
        world.repository.commit("feat: open", file: self.file)
        try await world.running { plane in
            try await plane.define(self.file)
            let first = try await plane.build()
            #expect(first.phase == .built)
            #expect(first.origin?.version == "0.1.0")
            let again = try await plane.build()
            #expect(again.origin?.id == first.origin?.id)
            #expect(world.builder.orders.count == 1)
            _ = try await eventually("the tag") { world.repository.tags == ["v0.1.0"] ? true : nil }
            world.repository.commit("fix: a door", file: self.file)
            #expect(try await plane.build().origin?.version == "0.1.1")
        }
    }

    @Test func `a failed build uses no version up and is built again on request`() async throws {
        let world = World()
        let commit = world.repository.commit("feat: open", file: self.file)
        world.builder.fail(commit, times: 1)
        try await world.running { plane in
            try await plane.define(self.file)
            let failed = try await plane.build()
            #expect(failed.phase == .failed)
            #expect(failed.reason == "the compiler says no")
            await #expect { try await plane.promote("0.1.0", to: "dev") } throws: { error in
                (error as? Refusal)?.code == .wrongState
            }
            let built = try await plane.build()
            #expect(built.phase == .built)
            #expect(built.origin?.version == "0.1.0")
            #expect(built.attempt == 2)
        }
    }

    @Test func `a fix on top of a failed build gets the version that failed`() async throws {
        let world = World()
        let commit = world.repository.commit("feat: open", file: self.file)
        world.builder.fail(commit, times: 1)
        try await world.running { plane in
            try await plane.define(self.file)
            #expect(try await plane.build().phase == .failed)
            world.repository.commit("fix: open at last", file: self.file)
            #expect(try await plane.build().origin?.version == "0.1.0")
        }
    }

    @Test func `two releases asked for at once never get the same version`() async throws {
        let world = World()
        let commits = (1...6).map { world.repository.commit("feat: part \($0)", file: self.file) }
        let versions = try await world.running { plane in
            try await plane.define(self.file)
            return try await withThrowingTaskGroup(of: String?.self) { group in
                for commit in commits { group.addTask { try await plane.create(commit).origin?.version } }
                return try await group.reduce(into: Set<String>()) { versions, version in
                    if let version { versions.insert(version) }
                }
            }
        }
        #expect(versions.count == commits.count)
    }

    @Test func `a forced version that is taken, or tagged elsewhere, is refused`() async throws {
        let world = World()
        let first = world.repository.commit("feat: open", file: self.file)
        world.repository.addTag("v3.0.0", on: first)
        try await world.running { plane in
            try await plane.define(self.file)
            _ = try await plane.build(first, version: "1.0.0")
            world.repository.commit("feat: more", file: self.file)
            for version in ["1.0.0", "3.0.0"] {
                await #expect { try await plane.create(version: version) } throws: { error in
                    (error as? Refusal)?.code == .alreadyExists
                }
            }
        }
    }

    @Test(
        arguments: [
            "v1", "", "..", "../1.0.0", "1.0.0/..", "1.0.0\n", "1.0\n.0", "\"1.0.0\"", "'1.0.0'", "1.0.0;id",
            "\u{1F680}",
            "1.0.0-\u{1F680}", "01.0.0", "1.0", "1.0.0 ", "-1.0.0", "1.0.0\u{1B}[31m",
            String(repeating: "1", count: 9_999),
        ])
    func `a version that is none is refused, and shown without what acts on a terminal`(version: String) async throws {
        let world = World()
        world.repository.commit("feat: open", file: self.file)
        try await world.running { plane in
            try await plane.define(self.file)
            let refusal = await #expect(throws: Refusal.self) { _ = try await plane.create(version: version) }
            #expect(refusal?.code == .invalid)
            let message = refusal?.message ?? ""
            #expect(message.contains("Allowed is SemVer"))
            #expect(message.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }, "\(message)")
            #expect(message.count < 500)
            #expect(try await plane.journal.releases(of: try Shop.lane("dev").service).isEmpty)
        }
    }

    @Test(arguments: [
        "", ".", "../shop", "shop", "~/shop", "\u{1F680}", "/a\0b", "/" + String(repeating: "a", count: 4_096),
    ])
    func `a path that the server would read otherwise than its writer is refused`(path: String) async throws {
        let world = World()
        world.repository.commit("feat: open", file: self.file)
        try await world.running { plane in
            try await plane.define(self.file)
            for (repository, file) in [(path, nil), (Shop.folder, path)] {
                let refusal = await #expect(throws: Refusal.self) {
                    _ = try await plane.createRelease(
                        .init(repository: repository, ref: "HEAD", version: nil, file: file), by: .ada)
                }
                #expect(refusal?.message.contains("absolute path") == true)
            }
            await #expect(throws: Refusal.self) {
                try await plane.apply(self.file, repository: path, isPlan: true, by: .ada)
            }
        }
    }

    @Test(arguments: [Int.min, -1, 0, 1, Int.max]) func `any offset into a build's log is answered`(_ offset: Int)
        async throws
    {
        let world = World()
        world.repository.commit("feat: open", file: self.file)
        try await world.running { plane in
            try await plane.define(self.file)
            let release = try await plane.build()
            let id = try #require(release.origin?.id)
            #expect(try await plane.buildLog(of: id, from: offset, by: .ada).isComplete)
        }
    }

    @Test func `an unknown service, release or environment is refused with the known ones`() async throws {
        let world = World()
        world.repository.commit("feat: open", file: self.file)
        try await world.running { plane in
            await #expect { try await plane.create() } throws: { error in
                (error as? Refusal)?.message.contains("slipway apply") == true
            }
            try await plane.define(self.file)
            _ = try await plane.build()
            await #expect { try await plane.promote("9.9.9", to: "dev") } throws: { error in
                (error as? Refusal)?.message.contains("0.1.0") == true
            }
            await #expect { try await plane.promote("0.1.0", to: "moon") } throws: { error in
                (error as? Refusal)?.message.contains("dev") == true
            }
        }
    }
}
