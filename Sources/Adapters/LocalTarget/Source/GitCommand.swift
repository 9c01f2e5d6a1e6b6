/// One call of git as a value: what is run, in which environment. Nothing of it comes near a shell.
///
/// The environment holds nothing of ours but PATH: no configuration of the machine or the person, no prompt, no hook,
/// no signing, no replaced objects, and no network but where an address is asked. What the repository says about its own folder is read
/// (`safe.directory=*`, as a server may run under another user than the one who owns the clone).
package struct GitCommand: Sendable, Equatable {
    package var arguments: [String]
    package var environment: [String: String]
    /// Bytes of output; a command that prints more is an error.
    package var outputLimit: Int

    private init(_ arguments: [String], outputLimit: Int, environment: [String: String] = [:]) {
        self.arguments = Self.settings + arguments
        self.environment = Self.scrubbed.merging(environment) { _, new in new }
        self.outputLimit = outputLimit
    }

    private static let settings = [
        "-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c",
        "protocol.allow=never", "-c", "gc.auto=0", "--no-pager",
    ]

    private static let scrubbed = [
        "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_LITERAL_PATHSPECS": "1", "LC_ALL": "C", "TZ": "UTC",
    ]

    private static let short = 64 * 1_024

    // MARK: Questions

    /// `true` or `false`; fails outside a repository.
    package static func isShallow(_ repository: String) -> GitCommand {
        GitCommand(["-C", repository, "rev-parse", "--is-shallow-repository"], outputLimit: self.short)
    }

    /// The full name of the commit that a ref names; fails quietly if it names none.
    package static func resolve(_ ref: String, in repository: String) -> GitCommand {
        GitCommand(
            ["-C", repository, "rev-parse", "--verify", "--quiet", "--end-of-options", ref + "^{commit}"],
            outputLimit: self.short)
    }

    /// The full name of a branch's newest commit; fails quietly if there is no such branch.
    package static func head(of branch: String, in repository: String) -> GitCommand {
        self.resolve("refs/heads/" + branch, in: repository)
    }

    /// Names at an address that end so, each with its commit. Nothing is fetched.
    package static func remoteHead(_ name: String, at address: String) -> GitCommand {
        GitCommand(
            self.reaching + ["ls-remote", "--quiet", "--", address, name], outputLimit: self.short,
            environment: self.alone)
    }

    /// Brings a bare repository of ours up to date with branches and tags of an address; what is there wins.
    package static func fetch(_ address: String, into folder: String) -> GitCommand {
        GitCommand(
            ["-C", folder] + self.reaching + [
                "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--", address,
                "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*",
            ],
            outputLimit: self.short, environment: self.alone)
    }

    private static let reaching = ["https", "http", "ssh", "git", "file"].flatMap {
        ["-c", "protocol.\($0).allow=always"]
    }

    /// Nobody is there to be asked for a password, or whether a host is known.
    private static let alone = [
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oConnectTimeout=10", "GIT_ASKPASS": "/bin/false",
    ]

    /// Prints one commit if the repository has any.
    package static func anyCommit(in repository: String) -> GitCommand {
        GitCommand(["-C", repository, "rev-list", "--max-count=1", "--all"], outputLimit: self.short)
    }

    /// Five fields a commit, each ended by a NUL: id, author's name and address, committer's time in seconds, message.
    package static func log(
        upTo commit: String, notReaching old: String?, limit: Int, in repository: String
    ) -> GitCommand {
        let format = "--format=tformat:%H%x00%an%x00%ae%x00%ct%x00%B"
        let options = ["-z", format, "--no-show-signature", "--no-color", "--no-notes", "--encoding=UTF-8"]
        let range = [commit] + (old.map { ["^" + $0] } ?? [])
        return GitCommand(
            ["-C", repository, "log", "--max-count=\(limit)"] + options + ["--end-of-options"] + range + ["--"],
            outputLimit: 64 << 20)
    }

    /// One line a tag: name, object, what an annotated tag points at, and its kind, apart by NULs. `merged`: only those
    /// in its past.
    package static func tags(merged commit: String?, in repository: String) -> GitCommand {
        let format = "--format=%(refname:strip=2)%00%(objectname)%00%(*objectname)%00%(*objecttype)"
        let merged = commit.map { ["--merged=" + $0] } ?? []
        return GitCommand(
            ["-C", repository, "for-each-ref"] + merged + [format, "refs/tags"], outputLimit: 16 << 20)
    }

    /// Mode, kind, object and path of one path at a commit; nothing if it is not there.
    package static func entry(_ path: String, at commit: String, in repository: String) -> GitCommand {
        GitCommand(
            ["-C", repository, "ls-tree", "-z", "--full-tree", commit, "--", path], outputLimit: self.short)
    }

    package static func content(of blob: String, limit: Int, in repository: String) -> GitCommand {
        GitCommand(["-C", repository, "cat-file", "blob", blob], outputLimit: limit)
    }

    /// Where the repository keeps its objects, as an absolute path (a linked work tree shares those of its main one).
    package static func objectFolder(of repository: String) -> GitCommand {
        GitCommand(
            ["-C", repository, "rev-parse", "--path-format=absolute", "--git-path", "objects"], outputLimit: self.short)
    }

    // MARK: Checkout: through an empty repository of our own that borrows the objects

    package static func createBorrower(at folder: String, format: String) -> GitCommand {
        GitCommand(
            ["init", "--quiet", "--bare", "--template=", "--object-format=" + format, "--", folder],
            outputLimit: self.short)
    }

    package static func readTree(_ commit: String, borrower: Borrower) -> GitCommand {
        GitCommand(["read-tree", commit], outputLimit: self.short, environment: borrower.environment)
    }

    package static func writeFiles(_ borrower: Borrower) -> GitCommand {
        GitCommand(
            ["checkout-index", "--all", "--quiet"], outputLimit: self.short, environment: borrower.environment)
    }

    /// A repository without configuration, hooks, filters and attributes of its own: a checkout through it depends on
    /// the commit alone, and neither index nor work tree of the person who owns the objects is touched.
    package struct Borrower: Sendable, Equatable {
        package var folder: String
        package var objects: String
        package var workTree: String

        package init(folder: String, objects: String, workTree: String) {
            self.folder = folder
            self.objects = objects
            self.workTree = workTree
        }

        fileprivate var environment: [String: String] {
            [
                "GIT_DIR": self.folder, "GIT_OBJECT_DIRECTORY": self.objects, "GIT_WORK_TREE": self.workTree,
                "GIT_INDEX_FILE": self.folder + "/index",
            ]
        }
    }

    // MARK: A push: from the borrower, so that nothing of a repository's own configuration has a say

    /// What the repository's own file says of one key; fails quietly if it says nothing. Included files are not read.
    package static func setting(_ key: String, in repository: String) -> GitCommand {
        GitCommand(["-C", repository, "config", "--local", "--no-includes", "--get", key], outputLimit: self.short)
    }

    /// The object of a tag, which of an annotated one is not its commit.
    package static func tagObject(_ name: String, in repository: String) -> GitCommand {
        GitCommand(
            ["-C", repository, "rev-parse", "--verify", "--quiet", "--end-of-options", "refs/tags/" + name],
            outputLimit: self.short)
    }

    /// A tag at an address, and what it stands on if it is an annotated one.
    package static func remoteTag(_ name: String, at address: String) -> GitCommand {
        GitCommand(
            self.reaching + [
                "ls-remote", "--quiet", "--", address, "refs/tags/" + name, "refs/tags/" + name + "^{}",
            ],
            outputLimit: self.short, environment: self.alone)
    }

    /// This one tag and nothing else; one that is there already is never moved.
    package static func push(_ object: String, as name: String, to address: String, from borrower: Borrower)
        -> GitCommand
    {
        GitCommand(
            self.reaching + [
                "push", "--quiet", "--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no", "--",
                address, "\(object):refs/tags/\(name)",
            ],
            outputLimit: self.short, environment: self.alone.merging(borrower.environment) { _, new in new })
    }

    // MARK: The one change that we make in a repository

    package static func tag(_ name: String, commit: String, message: String, in repository: String) -> GitCommand {
        let person = ["NAME": "Slipway", "EMAIL": "slipway@localhost"]
        let identity = Dictionary(uniqueKeysWithValues: person.map { ("GIT_COMMITTER_" + $0, $1) })
        return GitCommand(
            [
                "-C", repository, "tag", "--annotate", "--no-sign", "--cleanup=verbatim", "--message=" + message, "--",
                name, commit,
            ],
            outputLimit: self.short, environment: identity)
    }
}
