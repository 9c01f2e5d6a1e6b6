import Foundation
import LocalTarget
import Ports
import Testing

/// `tags: push`, to real bare repositories.
@Suite struct PushTagTests {
    private let scratch: JobScratch
    private let source: GitRepository
    private let repository: RepositoryFixture
    private let bare: String

    init() throws {
        self.scratch = try JobScratch()
        self.source = GitRepository(mirrors: self.scratch.path + "/mirrors")
        self.repository = try RepositoryFixture(in: self.scratch)
        self.bare = self.scratch.path + "/there.git"
        try program("/usr/bin/git", ["init", "--quiet", "--bare", "--initial-branch=main", self.bare])
        try self.repository.commit("feat: first")
        try self.repository.git("remote", "add", "origin", self.bare)
        try self.repository.git("push", "--quiet", "origin", "main")
    }

    @discardableResult
    private func there(_ words: String...) throws -> String {
        try program("/usr/bin/git", ["-C", self.bare] + words).trimmingCharacters(in: .newlines)
    }

    private func error(_ body: () async throws -> Void) async -> SourceError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? SourceError
        }
    }

    @Test(arguments: ["folder", "address"])
    func `a tag is at the remote with what it stands on, alone, and a second time changes nothing`(_ kind: String)
        async throws
    {
        let place = kind == "folder" ? self.repository.path : "file://" + self.bare
        let commit = try self.repository.git("rev-parse", "HEAD")
        try self.repository.git("tag", "private")
        try await self.source.tag("v0.1.0", commit: commit, message: "Release 0.1.0", in: place)
        #expect(try self.there("tag") == "", "local until it is pushed")
        try await self.source.pushTag("v0.1.0", in: place)
        #expect(try self.there("tag") == "v0.1.0")
        #expect(try self.there("rev-parse", "v0.1.0^{commit}") == commit)
        #expect(try self.there("cat-file", "-t", "v0.1.0") == "tag")
        try await self.source.pushTag("v0.1.0", in: place)
        let left = try FileManager.default.contentsOfDirectory(atPath: self.scratch.path + "/mirrors")
        #expect(left.allSatisfy { !$0.hasPrefix("push-") })
    }

    @Test func `a tag that somebody made there on the same commit is done, on another one it is an error`() async throws
    {
        let commit = try self.repository.git("rev-parse", "HEAD")
        try await self.source.tag("v0.1.0", commit: commit, message: "ours", in: self.repository.path)
        try self.there("tag", "v0.1.0", commit)
        try await self.source.pushTag("v0.1.0", in: self.repository.path)
        let second = try self.repository.commit("feat: second", second: 1)
        try self.repository.git("push", "--quiet", "origin", "main")
        try self.there("tag", "v0.2.0", commit)
        try await self.source.tag("v0.2.0", commit: second, message: "ours", in: self.repository.path)
        let refused = await self.error { try await self.source.pushTag("v0.2.0", in: self.repository.path) }
        #expect(refused?.code == .tagExists)
        #expect(refused?.message.contains(String(commit.prefix(12))) == true)
        #expect(try self.there("rev-parse", "v0.2.0") == commit, "never moved")
    }

    @Test func `without a remote, and at one that is gone, it is told what to do, and works when it is there`()
        async throws
    {
        let commit = try self.repository.git("rev-parse", "HEAD")
        try await self.source.tag("v0.1.0", commit: commit, message: "m", in: self.repository.path)
        try program("/bin/mv", [self.bare, self.bare + "-away"])
        let gone = await self.error { try await self.source.pushTag("v0.1.0", in: self.repository.path) }
        #expect(gone?.code == .failed)
        #expect(gone?.message.contains("did not take tag `v0.1.0`") == true)
        try program("/bin/mv", [self.bare + "-away", self.bare])
        try await self.source.pushTag("v0.1.0", in: self.repository.path)
        #expect(try self.there("tag") == "v0.1.0")
        try self.repository.git("remote", "remove", "origin")
        let none = await self.error { try await self.source.pushTag("v0.1.0", in: self.repository.path) }
        #expect(none?.message.contains("git remote add origin") == true)
    }

    @Test(arguments: [
        "https://ada:s3cret@127.0.0.1:1/shop.git", "https://s3cret@127.0.0.1:1/shop.git", "ext::sh -c s3cret",
        "../s3cret",
        "--receive-pack=s3cret", "https://s3cret:@127.0.0.1:1/x",
    ])
    func `what stands in an address is in no message`(_ url: String) async throws {
        let commit = try self.repository.git("rev-parse", "HEAD")
        try await self.source.tag("v0.1.0", commit: commit, message: "m", in: self.repository.path)
        try self.repository.git("config", "remote.origin.url", url)
        let refused = await self.error { try await self.source.pushTag("v0.1.0", in: self.repository.path) }
        #expect(refused != nil)
        #expect(refused?.message.contains("s3cret") == false, "\(refused?.message ?? "")")
    }

    @Test func `nothing that the folder's configuration names is run, and the folder is left as it was`() async throws {
        let commit = try self.repository.git("rev-parse", "HEAD")
        try await self.source.tag("v0.1.0", commit: commit, message: "m", in: self.repository.path)
        let (ran, trap) = (self.scratch.path + "/ran", self.scratch.path + "/trap")
        try self.scratch.write("#!/bin/sh\ntouch '\(ran)'\nexit 1\n", to: "trap", isExecutable: true)
        try self.scratch.write("#!/bin/sh\ntouch '\(ran)'\n", to: "repository/.git/hooks/pre-push", isExecutable: true)
        for key in [
            "remote.origin.receivepack", "core.sshCommand", "credential.helper", "core.gitProxy", "gpg.program",
        ] {
            try self.repository.git("config", key, trap)
        }
        try self.repository.git("config", "push.gpgSign", "true")
        try self.repository.git("config", "url.ext::\(trap) .insteadOf", self.scratch.path)
        let before = try self.repository.fingerprint()
        try await self.source.pushTag("v0.1.0", in: self.repository.path)
        #expect(try self.there("tag") == "v0.1.0")
        #expect(!self.scratch.exists("ran"))
        #expect(try self.repository.fingerprint() == before)
    }
}
