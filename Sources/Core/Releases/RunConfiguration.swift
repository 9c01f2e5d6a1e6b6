/// What the service's file at a release's commit says about building and running it. Part of the release: going back restores it.
package struct RunConfiguration: Sendable, Equatable, Codable {
    package var build: BuildConfiguration?
    package var run: RunCommand?
    package var tasks = TaskConfiguration()
    package var version: VersionScheme = .semver
    /// The branch of which every new commit becomes a release; nil: releases are made by hand. What counts is `Service.watch`, of the
    /// file that was applied last; here it is what the commit's file says.
    package var watch: String?
    /// False: once it serves, there is no way back but forward.
    package var reversible = true
    /// nil: as `reversible` says.
    package var reversibility: Reversibility?
    /// nil: it says nothing of data.
    package var data: DataPhase?
    /// What must be verified in an environment before; nil: nothing.
    package var needs: Prerequisite?
    /// Where the release's tag goes; nil: what was stored before there was a choice, `TagPlace.standard`.
    package var tags: TagPlace?

    package init() {}
}

/// Who sees the tag that a release gets when its build succeeded.
package enum TagPlace: String, Sendable, Codable, CaseIterable {
    /// The repository that Slipway works on, and nobody else.
    case local
    /// Also where that repository is fetched from: its address, or the remote `origin` of a folder.
    case push

    package static let standard = TagPlace.local
}

package enum VersionScheme: String, Sendable, Codable, CaseIterable {
    /// Semantic Versioning 2.0.0, stepped by Conventional Commits 1.0.0.
    case semver
}

/// How the artifact is made from a clean checkout of the commit.
package struct BuildConfiguration: Sendable, Equatable, Codable {
    package var command: String
    /// File or folder, relative to the checkout, that is packed.
    package var artifact: String
    /// JUnit XML relative to the checkout.
    package var tests: String?
    package var within: Milliseconds = .minutes(30)

    package init(command: String, artifact: String) {
        self.command = command
        self.artifact = artifact
    }
}

/// How an instance of the release is started and when it counts as ready.
package struct RunCommand: Sendable, Equatable, Codable {
    package var command: String
    package var replicas: Int = 1
    package var health = HealthCheck()
    package var variables: [String: String] = [:]
    /// Names of secrets that an instance can't start without; nil: none.
    package var secrets: [SecretName]?

    package init(command: String) { self.command = command }
}

/// An instance is ready when a GET of `path` answers 200 to 399; it must become so `within` this time.
package struct HealthCheck: Sendable, Equatable, Codable {
    package var path: String = "/"
    package var within: Milliseconds = .seconds(20)

    package init() {}
}

/// Commands once per deployment: logged, limited in time, idempotent by key.
package struct TaskConfiguration: Sendable, Equatable, Codable {
    package var before: TaskCommand?
    package var afterTraffic: TaskCommand?
    package var afterBake: TaskCommand?

    package init() {}
}

package struct TaskCommand: Sendable, Equatable, Codable {
    package var run: String
    package var within: Milliseconds = .minutes(10)
    /// After it ran, the release is forward-only.
    package var irreversible = false

    package init(run: String) { self.run = run }
}
