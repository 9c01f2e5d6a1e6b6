import Core
import LocalTarget
import Ports
import Testing

@Suite struct GitRepositoryTests {
    private let scratch: JobScratch
    private let source = GitRepository()

    init() throws { self.scratch = try JobScratch() }

    private func code(_ body: () async throws -> Void) async -> SourceError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? SourceError)?.code
        }
    }

    @Test func `a ref names a commit with its author, time and message`() async throws {
        let repository = try RepositoryFixture(in: self.scratch)
        let id = try repository.commit("feat: first \u{1F680} \"quoted\"\n\nBody line\n", second: 5)
        let expected = Commit(
            id: id, authorName: "Ada", authorEmail: "ada@example.org", at: Instant(milliseconds: 1_700_000_005_000),
            message: "feat: first \u{1F680} \"quoted\"\n\nBody line\n")
        for ref in ["HEAD", "main", id, String(id.prefix(10)), "refs/heads/main", "HEAD~0"] {
            #expect(try await self.source.resolve(ref, in: repository.path) == expected)
        }
    }

    @Test(
        arguments: [
            ("nowhere", SourceError.Code.refNotFound), ("0000000000000000000000000000000000000000", .refNotFound),
            ("HEAD:file", .refNotFound), ("--all", .invalid), ("-n1", .invalid), ("HEAD..main", .invalid),
            ("a b", .invalid),
            ("a\nb", .invalid), ("", .invalid), ("../main", .invalid), ("\"; rm -rf /", .invalid),
            ("'$(id)'", .refNotFound),
            ("\u{1F680}", .refNotFound), (String(repeating: "a", count: 256), .invalid),
        ])
    func `a ref that names no commit is refused`(ref: String, code: SourceError.Code) async throws {
        let repository = try RepositoryFixture(in: self.scratch)
        try repository.write("x", to: "file")
        try repository.commit("fix: a")
        #expect(await self.code { _ = try await self.source.resolve(ref, in: repository.path) } == code)
    }

    @Test func `a folder that is no repository is refused, and one that is not there`() async throws {
        let folder = try self.scratch.folder("plain")
        for path in [folder, self.scratch.path + "/missing", "", "a\0b"] {
            #expect(await self.code { _ = try await self.source.resolve("HEAD", in: path) } == .notARepository)
        }
    }

    @Test func `an empty repository says that it has no commit`() async throws {
        let repository = try RepositoryFixture(in: self.scratch)
        #expect(await self.code { _ = try await self.source.resolve("HEAD", in: repository.path) } == .empty)
        #expect(try await self.source.allVersions(in: repository.path).isEmpty)
    }

    @Test func `a shallow clone is refused and says how to deepen it`() async throws {
        let repository = try RepositoryFixture(in: self.scratch)
        for number in 1...3 { try repository.commit("fix: \(number)", second: number) }
        let clone = self.scratch.path + "/clone"
        try repository.git("clone", "--quiet", "--depth=1", "file://\(repository.path)", clone)
        let error = await #expect(throws: SourceError.self) { _ = try await self.source.resolve("HEAD", in: clone) }
        #expect(error?.code == .shallow)
        #expect(error?.message.contains("git fetch --unshallow --tags") == true)
    }

    @Test func `a repository may have any name`() async throws {
        for name in ["with space", "qu'o\"te", "new\nline", "\u{1F680}", "-dash", "semi;colon $(id)"] {
            let repository = try RepositoryFixture(in: self.scratch, name: name)
            try repository.write("x", to: "file")
            let id = try repository.commit("fix: a")
            #expect(try await self.source.resolve("main", in: repository.path).id == id)
            let folder = try self.scratch.folder("out/" + name)
            try await self.source.checkOut(id, of: repository.path, to: folder)
            #expect(try self.scratch.text("out/\(name)/file") == "x")
        }
    }

    @Test func `version tags are found by reachability, newest version first`() async throws {
        let repository = try RepositoryFixture(in: self.scratch)
        let first = try repository.commit("feat: a", second: 1)
        try repository.git("tag", "v1.9.0")
        try repository.git("tag", "-a", "-m", "x", "v1.10.0")
        try repository.git("tag", "-a", "-m", "a tag of a tag", "2.0.0-rc.1", "v1.10.0")
        try repository.git("tag", "release-7")
        let second = try repository.commit("fix: b", second: 2)
        try repository.git("switch", "--quiet", "-c", "other", first)
        try repository.commit("feat: c", second: 3)
        try repository.git("tag", "v3.0.0")
        let tags = try await self.source.versionTags(reaching: second, in: repository.path)
        #expect(tags.map(\.name) == ["2.0.0-rc.1", "v1.10.0", "v1.9.0"])
        #expect(tags.map(\.version) == ["2.0.0-rc.1", "1.10.0", "1.9.0"])
        #expect(tags.allSatisfy { $0.commit == first })
        let all = try await self.source.allVersions(in: repository.path)
        #expect(all == ["1.9.0", "1.10.0", "2.0.0-rc.1", "3.0.0"])
    }

    @Test func `commits since a tag are those that it does not reach, newest first`() async throws {
        let repository = try RepositoryFixture(in: self.scratch)
        try repository.commit("feat: a", second: 1)
        try repository.git("tag", "v1.0.0")
        try repository.commit("fix: b\n\nbody\n", second: 2)
        let head = try repository.commit("fix: c", second: 3)
        let commits = try await self.source.commits(since: "v1.0.0", upTo: head, limit: 10, in: repository.path)
        #expect(commits.map(\.message) == ["fix: c\n", "fix: b\n\nbody\n"])
        let all = try await self.source.commits(since: nil, upTo: "main", limit: 2, in: repository.path)
        #expect(all.map(\.message) == ["fix: c\n", "fix: b\n\nbody\n"])
        let code = await self.code {
            _ = try await self.source.commits(since: "v9.0.0", upTo: head, limit: 10, in: repository.path)
        }
        #expect(code == .refNotFound)
    }

    @Test func `work merged from a branch after the release is not part of the release`() async throws {
        let repository = try RepositoryFixture(in: self.scratch)
        try repository.commit("feat: base", second: 1)
        try repository.git("switch", "--quiet", "-c", "work")
        try repository.commit("feat: late", second: 2)
        try repository.git("switch", "--quiet", "main")
        try repository.commit("fix: released", second: 3)
        try repository.git("tag", "v1.0.0")
        try repository.git("switch", "--quiet", "work")
        // The foxtrot: main is merged into the branch, and main is moved onto the result.
        try repository.git("merge", "--quiet", "--no-edit", "main", second: 4)
        try repository.git("switch", "--quiet", "main")
        try repository.git("merge", "--quiet", "--ff-only", "work")
        let commits = try await self.source.commits(since: "v1.0.0", upTo: "main", limit: 10, in: repository.path)
        let subjects = commits.map { $0.message.prefix { !$0.isNewline } }
        #expect(subjects.contains("feat: late"))
        #expect(!subjects.contains("fix: released"))
    }

    @Test func `a file is read as it is at a commit`() async throws {
        let repository = try RepositoryFixture(in: self.scratch)
        try repository.write("old", to: "slipway.yaml")
        try repository.write("deep", to: "a/b \u{1F680}*.txt")
        let old = try repository.commit("fix: a")
        try repository.write("new", to: "slipway.yaml")
        try repository.commit("fix: b", second: 1)
        try repository.write("not committed", to: "slipway.yaml")
        let source = self.source
        #expect(try await source.file("slipway.yaml", at: old, in: repository.path) == Array("old".utf8))
        #expect(try await source.file("slipway.yaml", at: "main", in: repository.path) == Array("new".utf8))
        #expect(try await source.file("a/b \u{1F680}*.txt", at: old, in: repository.path) == Array("deep".utf8))
        #expect(try await source.file("a/*", at: old, in: repository.path) == nil)
        #expect(try await source.file("missing", at: old, in: repository.path) == nil)
        for path in ["../slipway.yaml", "/etc/passwd", "./slipway.yaml", "a//b", "", ".", "a\0b"] {
            #expect(await self.code { _ = try await source.file(path, at: old, in: repository.path) } == .invalid)
        }
        #expect(await self.code { _ = try await source.file("a", at: old, in: repository.path) } == .invalid)
    }

    @Test func `a file of more than 1 MiB is refused`() async throws {
        let repository = try RepositoryFixture(in: self.scratch)
        try repository.write(String(repeating: "x", count: 1 << 20), to: "fits")
        try repository.write(String(repeating: "x", count: 1 << 20 + 1), to: "large")
        let id = try repository.commit("fix: a")
        #expect(try await self.source.file("fits", at: id, in: repository.path)?.count == 1 << 20)
        #expect(await self.code { _ = try await self.source.file("large", at: id, in: repository.path) } == .tooLarge)
    }

    @Test func `a checkout holds the commit and touches nothing of the owner's`() async throws {
        let repository = try RepositoryFixture(in: self.scratch)
        try repository.write("#!/bin/sh\n", to: "run", isExecutable: true)
        try repository.write("one\ntwo\n", to: "text")
        try repository.write("text export-ignore ident\nfiltered filter=evil\n*.crlf eol=crlf\n", to: ".gitattributes")
        try repository.write("x", to: "filtered")
        try program("/bin/ln", ["-s", "text", repository.path + "/link"])
        let id = try repository.commit("fix: a", second: 7)
        // What the owner's folder says must not count: filters run programs, autocrlf changes bytes, hooks run
        // programs.
        try repository.git("config", "filter.evil.smudge", "touch \(self.scratch.path)/evil; cat")
        try repository.git("config", "core.autocrlf", "true")
        try repository.git("config", "core.fsmonitor", "touch \(self.scratch.path)/evil")
        for hook in ["post-checkout", "post-index-change", "reference-transaction"] {
            try repository.write(
                "#!/bin/sh\ntouch \(self.scratch.path)/evil\n", to: ".git/hooks/\(hook)", isExecutable: true)
        }
        try repository.write("staged", to: "text")
        try program(
            "/usr/bin/git",
            ["-C", repository.path, "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "add", "text"])
        try repository.write("dirty", to: "run")
        let before = try program(
            "/bin/sh", ["-c", "cd \"$1\" && find . -type f -exec sha256sum {} + | sort", "sh", repository.path])
        let folder = try self.scratch.folder("out")
        try await self.source.checkOut("main", of: repository.path, to: folder)
        try await self.source.tag("v1.0.0", commit: id, message: "x", in: repository.path)
        try repository.git(
            "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "update-ref", "-d", "refs/tags/v1.0.0")
        let list = try program("/bin/ls", ["-A", folder])
        #expect(list == ".gitattributes\nfiltered\nlink\nrun\ntext\n")
        #expect(try self.scratch.text("out/text") == "one\ntwo\n")
        #expect(try program("/usr/bin/stat", ["-c", "%a %Y", folder + "/run"]) == "755 1700000007\n")
        #expect(try program("/usr/bin/readlink", [folder + "/link"]) == "text\n")
        #expect(!self.scratch.exists("evil"))
        #expect(!self.scratch.exists("out.git-borrower"))
        let after = try program(
            "/bin/sh", ["-c", "cd \"$1\" && find . -type f -exec sha256sum {} + | sort", "sh", repository.path])
        let objects = { (text: String) in text.split(separator: "\n").filter { !$0.contains(".git/objects/") } }
        #expect(objects(before) == objects(after))
    }

    @Test func `a linked work tree and a bare repository are sources too`() async throws {
        let repository = try RepositoryFixture(in: self.scratch)
        try repository.write("x", to: "file")
        let id = try repository.commit("fix: a")
        try repository.git("worktree", "add", "--quiet", self.scratch.path + "/linked", "-b", "linked")
        try repository.git("clone", "--quiet", "--bare", repository.path, self.scratch.path + "/bare")
        for name in ["linked", "bare"] {
            let folder = try self.scratch.folder("out-" + name)
            try await self.source.checkOut(id, of: self.scratch.path + "/" + name, to: folder)
            #expect(try self.scratch.text("out-\(name)/file") == "x")
        }
    }

    @Test func `a repository with SHA-256 names is a source too`() async throws {
        let repository = try RepositoryFixture(in: self.scratch, format: "sha256")
        try repository.write("x", to: "file")
        let id = try repository.commit("fix: a")
        #expect(id.utf8.count == 64)
        let folder = try self.scratch.folder("out")
        try await self.source.checkOut("main", of: repository.path, to: folder)
        #expect(try self.scratch.text("out/file") == "x")
    }

    @Test func `a submodule is left as an empty folder`() async throws {
        let inner = try RepositoryFixture(in: self.scratch, name: "inner")
        try inner.write("x", to: "file")
        try inner.commit("fix: a")
        let outer = try RepositoryFixture(in: self.scratch, name: "outer")
        try outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.path, "sub")
        try outer.commit("feat: sub")
        let folder = try self.scratch.folder("out")
        try await self.source.checkOut("main", of: outer.path, to: folder)
        #expect(try program("/bin/ls", ["-A", folder]) == ".gitmodules\nsub\n")
        #expect(try program("/bin/ls", ["-A", folder + "/sub"]).isEmpty)
    }

    @Test func `a tag is made once, and never moved`() async throws {
        let repository = try RepositoryFixture(in: self.scratch)
        let first = try repository.commit("fix: a")
        let second = try repository.commit("fix: b", second: 1)
        try await self.source.tag("v1.0.0", commit: first, message: "say \"hi\"\n\u{1F680}", in: repository.path)
        try await self.source.tag("v1.0.0", commit: first, message: "again", in: repository.path)
        #expect(try repository.git("cat-file", "-t", "v1.0.0") == "tag")
        #expect(try repository.git("tag", "-l", "--format=%(contents)", "v1.0.0").contains("\u{1F680}"))
        let source = self.source
        #expect(
            await self.code { try await source.tag("v1.0.0", commit: second, message: "x", in: repository.path) }
                == .tagExists)
        for name in ["-d", "a b", "v1..0", "v1\n", ""] {
            #expect(
                await self.code { try await source.tag(name, commit: first, message: "x", in: repository.path) }
                    == .invalid)
        }
        #expect(try repository.git("rev-parse", "v1.0.0^{commit}") == first)
    }

    @Test func `a machine without git says how to install it`() async throws {
        let repository = try RepositoryFixture(in: self.scratch)
        let source = GitRepository(path: self.scratch.path)
        let error = await #expect(throws: SourceError.self) {
            _ = try await source.resolve("HEAD", in: repository.path)
        }
        #expect(error?.code == .programMissing)
        #expect(error?.message.contains("apt-get install git") == true)
    }

    @Test func `a git that does not end is stopped`() async throws {
        let repository = try RepositoryFixture(in: self.scratch)
        let folder = try self.scratch.folder("bin")
        try self.scratch.write("#!/bin/sh\nsleep 100\n", to: "bin/git", isExecutable: true)
        let source = GitRepository(path: folder + ":/usr/bin:/bin", within: Milliseconds(200))
        let start = ContinuousClock.now
        let error = await #expect(throws: SourceError.self) {
            _ = try await source.resolve("HEAD", in: repository.path)
        }
        #expect(error?.code == .failed)
        #expect(ContinuousClock.now - start < .seconds(20))
    }
}
