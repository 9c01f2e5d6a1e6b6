import Core
import Engine
import Ports
import Testing

/// `release create --artifact FILE`: a release is its content, and never changes it.
@Suite(.timeLimit(.minutes(2))) struct FileReleaseTests {
    private let file = Shop.file(Shop.line("dev"))
    private let one = String(repeating: "1", count: 40)
    private let two = String(repeating: "2", count: 40)

    private func world() -> World {
        let world = World()
        world.repository.commit("feat: open", file: self.file)
        world.builder.put("/app", "1")
        return world
    }

    @Test func `a file is a release as soon as it is asked for, with the bytes that it has then`() async throws {
        let world = self.world()
        try await world.running { plane in
            try await plane.define(self.file)
            let release = try await plane.create(file: "/app")
            #expect(release.phase == .built)
            #expect(release.origin?.version == "0.1.0")
            #expect(release.artifact?.blob.digest.text.hasSuffix(self.one) == true)
            try await plane.end(try await plane.promote("0.1.0", to: "dev"), in: "dev")
            #expect(world.builder.orders.isEmpty)
        }
    }

    @Test func `the same content at the same commit is the same release, from wherever it comes`() async throws {
        let world = self.world()
        world.builder.put("/elsewhere/app", "1")
        try await world.running { plane in
            try await plane.define(self.file)
            let id = try await plane.create(file: "/app").origin?.id
            #expect(try await plane.create(file: "/app").origin?.id == id)
            #expect(try await plane.create(file: "/elsewhere/app").origin?.id == id)
            #expect(try await plane.create(version: "0.1.0", file: "/app").origin?.id == id)
            #expect(try await plane.journal.releases(of: try Shop.lane("dev").service).count == 1)
        }
    }

    @Test func `other content at the same commit is refused with both digests, and gets a version of its own`()
        async throws
    {
        let world = self.world()
        try await world.running { plane in
            try await plane.define(self.file)
            let first = try await plane.create(file: "/app")
            world.builder.put("/app", "2")
            for version in [nil, "0.1.0"] {
                let refusal = await #expect(throws: Refusal.self) {
                    _ = try await plane.create(version: version, file: "/app")
                }
                #expect(refusal?.code == .alreadyExists)
                for words in [self.one, self.two, "--version", "0.1.0", first.origin?.id.text ?? "-"] {
                    #expect(refusal?.message.contains(words) == true, "\(refusal?.message ?? "") lacks \(words)")
                }
            }
            let second = try await plane.create(version: "0.1.1", file: "/app")
            #expect(second.origin?.id != first.origin?.id)
            #expect(second.artifact?.blob.digest.text.hasSuffix(self.two) == true)
            #expect(try await plane.release(named: "shop@0.1.0", by: .ada).artifact == first.artifact)
            // A new commit is a new version by itself.
            world.repository.commit("fix: a door", file: self.file)
            #expect(try await plane.create(file: "/app").origin?.commit != first.origin?.commit)
        }
    }

    @Test func `a version is never both a build and a file`() async throws {
        let world = self.world()
        try await world.running { plane in
            try await plane.define(self.file)
            let built = try await plane.build()
            _ = try await eventually("the tag") { world.repository.tags == ["v0.1.0"] ? true : nil }
            let asFile = await #expect(throws: Refusal.self) { _ = try await plane.create(file: "/app") }
            #expect(asFile?.message.contains("A version is a build or a file, never both.") == true)
            #expect(try await plane.create(version: "0.1.0").origin?.id == built.origin?.id)
            world.repository.commit("feat: more", file: self.file)
            let given = try await plane.create(file: "/app")
            #expect(given.origin?.version == "0.2.0")
            let refusal = await #expect(throws: Refusal.self) { _ = try await plane.create() }
            #expect(refusal?.message.contains(self.one) == true)
            #expect(world.builder.orders.count == 1)
        }
    }

    @Test func `different files asked for at once never share a version`() async throws {
        let world = self.world()
        let contents: [Character] = ["3", "4", "5", "6"]
        for content in contents { world.builder.put("/\(content)", content) }
        try await world.running { plane in
            try await plane.define(self.file)
            let made = await withTaskGroup(of: Release?.self) { group in
                for content in contents { group.addTask { try? await plane.create(file: "/\(content)") } }
                return await group.reduce(into: [Release]()) { made, release in release.map { made.append($0) } }
            }
            #expect(made.count == 1)
            #expect(try await plane.journal.releases(of: try Shop.lane("dev").service).count == 1)
        }
    }

    @Test func `a file that is not there is refused and nothing is recorded`() async throws {
        let world = self.world()
        try await world.running { plane in
            try await plane.define(self.file)
            let refusal = await #expect(throws: Refusal.self) { _ = try await plane.create(file: "/none") }
            #expect(refusal?.code == .invalid)
            #expect(refusal?.message.contains("/none") == true)
            #expect(try await plane.journal.releases(of: try Shop.lane("dev").service).isEmpty)
        }
    }
}
