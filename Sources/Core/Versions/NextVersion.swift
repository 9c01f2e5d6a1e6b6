/// Which version a commit becomes, from the tags and commits before it. Simple on purpose: one service per repository.
///
/// - A commit that has a version tag is that version.
/// - A repository without a version tag begins at 0.1.0.
/// - `feat` raises the minor number, `fix` the patch, a breaking change the major (Conventional Commits 1.0.0). Other
///   types have no effect by the specification (`perf` too). It leaves reverts to the tool: one counts as a patch here,
///   because it changes what runs, and a repair by `git revert` has to be releasable.
/// - Before 1.0.0 a breaking change raises the minor number. 1.0.0 is a promise about an interface (SemVer, item 5)
///   that a person makes, by `--version 1.0.0`; a `!` in a commit should not make it by accident. Package managers read
///   0.x the same way: `^0.3.1` allows 0.3.2 and not 0.4.0.
/// - After a pre-release comes the release that it announced, if that is high enough: 1.2.0-rc.1 and a `fix` give
///   1.2.0.
/// - A version in use anywhere is stepped over at the same level.
package enum NextVersion {
    /// A commit since the newest tag.
    package struct Change: Sendable, Equatable {
        package let commit: String
        package let message: String

        package init(commit: String, message: String) {
            self.commit = commit
            self.message = message
        }
    }

    /// How much a commit changes for those who use the service.
    package enum Level: Int, Sendable, Comparable, CaseIterable {
        case patch, minor, breaking

        package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    package enum Answer: Sendable, Equatable {
        /// The commit has this version's tag.
        case tagged(SemanticVersion)
        /// The first version of the repository.
        case first(SemanticVersion)
        /// One step from `from`, because of the newest commit of the highest level.
        case stepped(SemanticVersion, from: SemanticVersion, Level, because: Change)
        /// Nothing since `newest` counts; `commits` were looked at.
        case nothingCounts(since: SemanticVersion, commits: Int)

        package var version: SemanticVersion? {
            switch self {
            case .tagged(let version), .first(let version), .stepped(let version, _, _, _): version
            case .nothingCounts: nil
            }
        }

        /// Why it is so, as a sentence for a person.
        package var sentence: String {
            switch self {
            case .tagged(let version): return "\(version): the commit has this version's tag"
            case .first(let version): return "\(version): the repository has no version tag yet"
            case .stepped(let version, let from, let level, let change):
                let subject = change.message.prefix { !$0.isNewline }.prefix(100)
                return "\(version): \(level.words) since \(from), commit \(change.commit.prefix(8)) `\(subject)`"
            case .nothingCounts(let newest, let commits):
                let what = commits == 1 ? "the one commit" : "none of the \(commits) commits"
                let verb = commits == 1 ? "is no" : "is a"
                return "no new version: \(what) since \(newest) \(verb) `feat:`, `fix:`, `revert:` or breaking change; "
                    + "release it all the same by naming a version, for example `--version \(newest.raised(by: .patch))`"
            }
        }
    }

    /// - Parameters:
    ///   - here: the versions of the tags on the commit itself.
    ///   - newest: the newest version that the commit's past has as a tag.
    ///   - changes: the commits since that tag, newest first.
    ///   - inUse: every version that a tag or a release has already, on whatever branch.
    package static func decide(
        here: [SemanticVersion], newest: SemanticVersion?, changes: [Change], inUse: Set<SemanticVersion>
    ) -> Answer {
        if let version = here.max() { return .tagged(version) }
        let taken = Set(inUse.map(\.withoutBuild))
        guard let newest else { return .first(SemanticVersion(0, 1, 0).free(of: taken, by: .minor)) }
        var highest: (level: Level, change: Change)?
        for change in changes {
            guard let level = Self.level(of: change.message), level > highest?.level ?? .patch || highest == nil else {
                continue
            }
            highest = (level, change)
        }
        guard let highest else { return .nothingCounts(since: newest, commits: changes.count) }
        let version = newest.raised(by: highest.level).free(of: taken, by: highest.level)
        return .stepped(version, from: newest, highest.level, because: highest.change)
    }

    /// nil: the commit does not count.
    package static func level(of message: String) -> Level? {
        guard let commit = ConventionalCommit(message) else { return Self.isGitRevert(message) ? .patch : nil }
        if commit.isBreaking { return .breaking }
        switch commit.type {
        case "feat": return .minor
        case "fix", "revert": return .patch
        default: return nil
        }
    }

    /// What `git revert` writes by itself.
    private static func isGitRevert(_ message: String) -> Bool {
        message.hasPrefix("Revert \"") && message.contains("This reverts commit ")
    }
}

extension NextVersion.Level {
    fileprivate var words: String {
        switch self {
        case .patch: "a fix"
        case .minor: "a feature"
        case .breaking: "a breaking change"
        }
    }
}

extension SemanticVersion {
    fileprivate var withoutBuild: SemanticVersion {
        SemanticVersion(major: self.major, minor: self.minor, patch: self.patch, prerelease: self.prerelease)
    }

    /// The next released version at a level.
    fileprivate func raised(by level: NextVersion.Level) -> SemanticVersion {
        let zero = DecimalNumber(0)
        let level = level == .breaking && self.major.isZero ? .minor : level
        switch level {
        case .breaking:
            if self.isPrerelease, self.minor.isZero, self.patch.isZero { return self.released }
            return SemanticVersion(major: self.major.next, minor: zero, patch: zero)
        case .minor:
            if self.isPrerelease, self.patch.isZero { return self.released }
            return SemanticVersion(major: self.major, minor: self.minor.next, patch: zero)
        case .patch:
            if self.isPrerelease { return self.released }
            return SemanticVersion(major: self.major, minor: self.minor, patch: self.patch.next)
        }
    }

    private var released: SemanticVersion {
        SemanticVersion(major: self.major, minor: self.minor, patch: self.patch)
    }

    /// This version, or the next at the level that nobody has. Ends: every step rises, and the set is finite.
    fileprivate func free(of taken: Set<SemanticVersion>, by level: NextVersion.Level) -> SemanticVersion {
        var version = self
        while taken.contains(version) { version = version.raised(by: level) }
        return version
    }
}
