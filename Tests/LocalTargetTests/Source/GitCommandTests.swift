import LocalTarget
import Testing

@Suite struct GitCommandTests {
    private static let settings = [
        "-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c",
        "protocol.allow=never",
        "-c", "gc.auto=0", "--no-pager",
    ]

    @Test func `a ref stands behind the end of the options`() {
        let command = GitCommand.resolve("main", in: "/r")
        #expect(
            command.arguments == Self.settings + [
                "-C", "/r", "rev-parse", "--verify", "--quiet", "--end-of-options", "main^{commit}",
            ])
    }

    @Test func `a branch is looked up by its full name, here and at an address`() {
        let here = GitCommand.head(of: "main", in: "/r")
        #expect(
            here.arguments == Self.settings + [
                "-C", "/r", "rev-parse", "--verify", "--quiet", "--end-of-options", "refs/heads/main^{commit}",
            ])
        let there = GitCommand.remoteHead("refs/heads/main", at: "ssh://git@git.example/shop.git")
        #expect(
            there.arguments == Self.settings + Self.reaching + [
                "ls-remote", "--quiet", "--", "ssh://git@git.example/shop.git", "refs/heads/main",
            ])
        let fetch = GitCommand.fetch("https://git.example/shop.git", into: "/m.git")
        #expect(
            fetch.arguments == Self.settings + ["-C", "/m.git"] + Self.reaching + [
                "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--", "https://git.example/shop.git",
                "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*",
            ])
        for command in [there, fetch] {
            #expect(command.environment["GIT_SSH_COMMAND"] == "ssh -oBatchMode=yes -oConnectTimeout=10")
            #expect(command.environment["GIT_ASKPASS"] == "/bin/false")
        }
    }

    private static let reaching = [
        "-c", "protocol.https.allow=always", "-c", "protocol.http.allow=always", "-c", "protocol.ssh.allow=always",
        "-c", "protocol.git.allow=always", "-c", "protocol.file.allow=always",
    ]

    @Test func `a path stands behind the two hyphens`() {
        let command = GitCommand.entry("a/b", at: "c0", in: "/r")
        #expect(command.arguments == Self.settings + ["-C", "/r", "ls-tree", "-z", "--full-tree", "c0", "--", "a/b"])
    }

    @Test func `the log of a range is limited and printed apart by NULs`() {
        let command = GitCommand.log(upTo: "c1", notReaching: "c0", limit: 7, in: "/r")
        #expect(
            command.arguments == Self.settings + [
                "-C", "/r", "log", "--max-count=7", "-z", "--format=tformat:%H%x00%an%x00%ae%x00%ct%x00%B",
                "--no-show-signature", "--no-color", "--no-notes", "--encoding=UTF-8", "--end-of-options", "c1", "^c0",
                "--",
            ])
    }

    @Test func `a checkout uses a repository, an index and a work tree of ours`() {
        let borrower = GitCommand.Borrower(folder: "/b", objects: "/r/.git/objects", workTree: "/w")
        for command in [GitCommand.readTree("c0", borrower: borrower), .writeFiles(borrower)] {
            #expect(command.environment["GIT_DIR"] == "/b")
            #expect(command.environment["GIT_INDEX_FILE"] == "/b/index")
            #expect(command.environment["GIT_WORK_TREE"] == "/w")
            #expect(command.environment["GIT_OBJECT_DIRECTORY"] == "/r/.git/objects")
        }
    }

    @Test func `no command reads the configuration of the machine or the person, or asks anything`() {
        let commands = [
            GitCommand.isShallow("/r"), .resolve("a", in: "/r"), .tags(merged: nil, in: "/r"), .anyCommit(in: "/r"),
            .tag("v1.0.0", commit: "c0", message: "m", in: "/r"), .createBorrower(at: "/b", format: "sha1"),
        ]
        for command in commands {
            #expect(command.environment["GIT_CONFIG_NOSYSTEM"] == "1")
            #expect(command.environment["GIT_CONFIG_GLOBAL"] == "/dev/null")
            #expect(command.environment["GIT_TERMINAL_PROMPT"] == "0")
            #expect(command.environment["HOME"] == nil)
            #expect(command.arguments.starts(with: Self.settings))
        }
    }
}
