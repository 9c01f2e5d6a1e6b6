package import Core

/// A commit as a release needs it.
package struct Commit: Sendable, Equatable, Codable {
    /// Full hexadecimal object name.
    package var id: String
    package var authorName: String
    package var authorEmail: String
    package var at: Instant
    /// Subject, blank line, body, as written.
    package var message: String

    package init(id: String, authorName: String, authorEmail: String, at: Instant, message: String) {
        self.id = id
        self.authorName = authorName
        self.authorEmail = authorEmail
        self.at = at
        self.message = message
    }
}

/// A version tag of the repository (`v1.2.3` or `1.2.3`) that can be reached from a commit.
package struct VersionTag: Sendable, Equatable {
    package var name: String
    package var version: String
    package var commit: String

    package init(name: String, version: String, commit: String) {
        self.name = name
        self.version = version
        self.commit = commit
    }
}

/// Where releases come from. Never touches the work tree of the person who owns the repository.
package protocol SourceRepository: Sendable {
    /// The commit that a ref names. Refuses a ref that does not exist, a folder that is no repository, and a shallow clone.
    func resolve(_ ref: String, in repository: String) async throws -> Commit
    /// The full name of the newest commit of one branch, cheaply and soon: it is asked for every few seconds. Refuses a
    /// branch or a repository that is not there.
    func head(of branch: String, in repository: String) async throws -> String
    /// Version tags reachable from a commit (`exactly` on it, or in its past), newest version first.
    func versionTags(reaching commit: String, in repository: String) async throws -> [VersionTag]
    /// All version names in use as tags anywhere in the repository.
    func allVersions(in repository: String) async throws -> Set<String>
    /// Commits reachable from `commit` and not from `tag` (all, if nil), newest first, at most `limit`.
    func commits(since tag: String?, upTo commit: String, limit: Int, in repository: String) async throws -> [Commit]
    /// A file at a commit; nil if it is not there. At most 1 MiB.
    func file(_ path: String, at commit: String, in repository: String) async throws -> [UInt8]?
    /// Writes the commit's tree into an empty folder, without `.git`.
    func checkOut(_ commit: String, of repository: String, to folder: String) async throws
    /// Makes a local, annotated tag; the same tag on the same commit is done already, on another one an error.
    func tag(_ name: String, commit: String, message: String, in repository: String) async throws
    /// Pushes a local tag to where the repository is fetched from: its address, or the remote `origin` of a folder. The same
    /// tag on the same commit there is done already, on another one an error. No error holds what an address says before
    /// its `@`.
    func pushTag(_ name: String, in repository: String) async throws
}

/// What a repository refuses or can't do. A failed git command or a full disk is `failed`; the rest gives the same answer again.
package struct SourceError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        case refNotFound, notARepository, shallow, empty, tagExists, invalid, tooLarge, programMissing, failed
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { self.message }
}

/// What to build: a clean checkout of a commit, by the command of its own file.
package struct BuildOrder: Sendable, Equatable {
    package var release: ReleaseID
    package var service: ServiceName
    package var version: String
    package var commit: String
    package var repository: String
    package var configuration: BuildConfiguration

    package init(
        release: ReleaseID, service: ServiceName, version: String, commit: String, repository: String,
        configuration: BuildConfiguration
    ) {
        self.release = release
        self.service = service
        self.version = version
        self.commit = commit
        self.repository = repository
        self.configuration = configuration
    }
}

/// What a build came to. Artifact, log and results are blobs already.
package struct BuildReport: Sendable, Equatable {
    package var outcome: BuildOutcome
    package var log: Blob?
    package var tests: TestSummary?

    package init(outcome: BuildOutcome, log: Blob?, tests: TestSummary?) {
        self.outcome = outcome
        self.log = log
        self.tests = tests
    }
}

package enum BuildOutcome: Sendable, Equatable {
    case built(Artifact)
    /// A sentence for a person: what, which value, what is allowed, what to do next.
    case failed(String)
}

/// Makes artifacts. Idempotent by release: a build that was cut off is thrown away and done anew.
package protocol Builder: Sendable {
    func build(_ order: BuildOrder) async throws -> BuildReport
    /// Packs and stores a file that was built elsewhere (`release create --artifact FILE`).
    func take(file: String) async throws -> Artifact
    /// What the build has printed so far (the live log), from a byte offset, at most 64 KiB; nil if there is no such build here.
    func output(of release: ReleaseID, from offset: Int) async throws -> [UInt8]?
}

/// A command of the user's: a task, or a verify.
package struct CommandOrder: Sendable, Equatable {
    /// Done once per key: a command that ended under this key is not run again, its outcome is given again.
    package var key: String
    package var command: String
    package var within: Milliseconds
    package var environment: [String: String]
    package var place: Place

    package enum Place: Sendable, Equatable {
        /// A clean checkout of the release's commit (verify).
        case checkout(commit: String, repository: String)
        /// A copy of the artifact's content (tasks).
        case artifact(Digest)
        /// An empty folder (notices).
        case empty
    }

    package init(key: String, command: String, within: Milliseconds, environment: [String: String], place: Place) {
        self.key = key
        self.command = command
        self.within = within
        self.environment = environment
        self.place = place
    }
}

package struct CommandReport: Sendable, Equatable {
    package var verdict: Verdict
    /// A sentence: how it ended.
    package var summary: String
    /// At most 20 last lines of 500 characters.
    package var lastLines: [String]

    package init(verdict: Verdict, summary: String, lastLines: [String]) {
        self.verdict = verdict
        self.summary = summary
        self.lastLines = lastLines
    }
}

/// Runs commands of the user's as `/bin/sh -c TEXT`, values in the environment only.
package protocol CommandRunner: Sendable {
    func run(_ order: CommandOrder) async throws -> CommandReport
}

/// Asks a version under test by HTTP (`verify: http`).
package protocol Probe: Sendable {
    /// Status of a GET, or a sentence on why there was none.
    func get(_ path: String, at address: ListenAddress, within: Milliseconds) async -> ProbeAnswer
}

package enum ProbeAnswer: Sendable, Equatable {
    case status(Int)
    case unreachable(String)
}
