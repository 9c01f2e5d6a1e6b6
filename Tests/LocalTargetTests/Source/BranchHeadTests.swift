import LocalTarget
import Ports
import Testing

/// What `watch: BRANCH` asks a repository for.
@Suite struct BranchHeadTests {
    private let scratch: JobScratch
    private let source: GitRepository

    init() throws {
        self.scratch = try JobScratch()
        self.source = GitRepository(mirrors: self.scratch.path + "/mirrors")
    }

    private func code(_ body: () async throws -> Void) async -> SourceError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? SourceError)?.code
        }
    }

    @Test(arguments: ["", "file://"])
    func `the head of a branch follows commits and a forced push, and not what is checked out`(_ scheme: String)
        async throws
    {
        let repository = try RepositoryFixture(in: self.scratch)
        let place = scheme + repository.path
        let first = try repository.commit("feat: first")
        #expect(try await self.source.head(of: "main", in: place) == first)
        let second = try repository.commit("feat: second", second: 1)
        #expect(try await self.source.head(of: "main", in: place) == second)
        try repository.git("reset", "--quiet", "--hard", first)
        let forced = try repository.commit("feat: another second", second: 2)
        #expect(try await self.source.head(of: "main", in: place) == forced)
        try repository.git("checkout", "--quiet", "-b", "other")
        try repository.commit("feat: elsewhere", second: 3)
        // A tag and a remote branch of the same name are no branch.
        try repository.git("tag", "main")
        try repository.git("update-ref", "refs/remotes/x/refs/heads/main", "HEAD")
        #expect(try await self.source.head(of: "main", in: place) == forced)
        #expect(await self.code { _ = try await self.source.head(of: "gone", in: place) } == .refNotFound)
        #expect(await self.code { _ = try await self.source.head(of: "--all", in: place) } == .invalid)
    }

    @Test(arguments: ["", "file://"])
    func `a repository that is gone is told, and is found again when it is back`(_ scheme: String) async throws {
        let repository = try RepositoryFixture(in: self.scratch)
        let head = try repository.commit("feat: first")
        try program("/bin/mv", [repository.path, repository.path + "-away"])
        let place = scheme + repository.path
        #expect(await self.code { _ = try await self.source.head(of: "main", in: place) } == .notARepository)
        try program("/bin/mv", [repository.path + "-away", repository.path])
        #expect(try await self.source.head(of: "main", in: place) == head)
    }

    @Test func `a repository at an address gives commits, files, tags and checkouts, and is never written to`()
        async throws
    {
        let repository = try RepositoryFixture(in: self.scratch)
        try repository.write("service: shop", to: "slipway.yaml")
        let first = try repository.commit("feat: first")
        try repository.git("tag", "v0.1.0")
        let before = try repository.fingerprint()
        let place = "file://" + repository.path
        #expect(try await self.source.resolve(first, in: place).message == "feat: first\n")
        #expect(try await self.source.resolve("HEAD", in: place).id == first)
        #expect(try await self.source.versionTags(reaching: first, in: place).map(\.name) == ["v0.1.0"])
        #expect(try await self.source.file("slipway.yaml", at: first, in: place) == Array("service: shop".utf8))
        try await self.source.checkOut(first, of: place, to: try self.scratch.folder("out"))
        #expect(try self.scratch.text("out/slipway.yaml") == "service: shop")
        try await self.source.tag("v0.1.1", commit: first, message: "m", in: place)
        #expect(try repository.fingerprint() == before)
        // A forced push takes the commit away there; the new one is fetched, and our tag is still ours.
        let forced = try { () in
            try repository.git("checkout", "--quiet", "--orphan", "new")
            let id = try repository.commit("feat: forced", second: 9)
            try repository.git("branch", "--force", "main", id)
            return id
        }()
        #expect(try await self.source.resolve(forced, in: place).id == forced)
        #expect(try await self.source.resolve("main", in: place).id == forced)
        #expect(try await self.source.allVersions(in: place) == ["0.1.0", "0.1.1"])
        // A mirror that was lost is made again.
        try program("/bin/rm", ["-rf", self.scratch.path + "/mirrors"])
        #expect(try await self.source.file("slipway.yaml", at: forced, in: place) != nil)
    }

    @Test(arguments: [
        "shop", "ext::sh -c id", "https://ada:secret@git.example/shop.git", "https://", "ssh://-oProxyCommand=id/x",
        "https://git.example/a b", "https://git.example/\n", "", "git.example:shop.git", "git@git.example:",
        "git@git.example:2222/shop.git", "git@git.example:2222", "git@git.example::shop", "-oProxyCommand=id@host:x",
        "git@-oProxyCommand=id:x", "git@git.example:-upload-pack", "git@git.example:a b", "git@git.example:$(id)",
        "git@git.example:a'b", "@git.example:x", "git@:x", "git@[::1]:x", "a:b@git.example:x", "../git@host:x",
        "git@git.example:a\u{202E}b", "ext::git@host:x",
    ])
    func `what is no place of a repository is refused`(_ text: String) {
        #expect(RepositoryPlace(text) == nil)
    }

    @Test(arguments: [
        "git@git.example:shop.git", "git@git.example:team/shop.git", "git@git.example:/srv/git/shop.git",
        "deploy_1@git-2.example:~ada/shop", "git@git.example:2024-shop/a.git", "ssh://git@git.example:2222/shop.git",
    ])
    func `an address is taken as git has it`(_ text: String) {
        #expect(RepositoryPlace(text) == .address(text))
    }

    @Test func `git itself reads the short form as ssh, to this user and host, with this path`() async throws {
        // An ssh that says how it was called, first in PATH.
        let said = self.scratch.path + "/said"
        try self.scratch.write(
            "#!/bin/sh\nprintf '%s\\n' \"$@\" > '\(said)'\nexit 1\n", to: "bin/ssh", isExecutable: true)
        let source = GitRepository(
            path: self.scratch.path + "/bin:/usr/bin:/bin", mirrors: self.scratch.path + "/mirrors")
        let place = "git@git.example:team/shop.git"
        #expect(await self.code { _ = try await source.head(of: "main", in: place) } == .notARepository)
        let words = try self.scratch.text("said").split(separator: "\n").map(String.init)
        #expect(words.suffix(2) == ["git@git.example", "git-upload-pack 'team/shop.git'"])
        #expect(words.contains("-oBatchMode=yes"))
    }
}
