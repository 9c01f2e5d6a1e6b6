package import Core
package import Ports

/// Git repositories on this machine, and at addresses, through the `git` program. Submodules are left as empty folders, and files of Git
/// LFS as the pointers that the commit holds.
package struct GitRepository: SourceRepository {
    /// Bytes of a file that `file` gives out.
    package static let largestFile = 1 << 20

    let git: GitProgram
    /// For what is asked every few seconds.
    let quick: GitProgram
    let mirrors: String

    /// - Parameters:
    ///   - path: where `git` is looked for.
    ///   - within: how long one git command may take.
    ///   - mirrors: the folder for what is fetched from addresses.
    package init(
        path: String = "/usr/local/bin:/usr/bin:/bin", within: Milliseconds = .minutes(5),
        mirrors: String = "/nonexistent/slipway-mirrors"
    ) {
        self.mirrors = mirrors
        self.git = GitProgram(path: path, within: within)
        self.quick = GitProgram(path: path, within: min(within, .seconds(30)))
    }

    package func resolve(_ ref: String, in repository: String) async throws -> Commit {
        try Self.check(ref: ref)
        var ref = ref
        if ref == "HEAD", case .address(let address) = RepositoryPlace(repository) {
            ref = try await self.remoteHead(of: nil, at: address)
        }
        try await self.fetch(ref, from: repository)
        let repository = try await self.checked(repository)
        let id = try await self.commitID(ref, in: repository)
        let commits = try await self.log(.log(upTo: id, notReaching: nil, limit: 1, in: repository))
        guard let commit = commits.first else {
            throw SourceError(
                .failed, "git knows commit \(id) and prints nothing about it; run `git fsck` in \(repository)")
        }
        return commit
    }

    package func head(of branch: String, in repository: String) async throws -> String {
        try Self.check(ref: branch)
        if case .address(let address) = RepositoryPlace(repository) {
            return try await self.remoteHead(of: branch, at: address)
        }
        let answer = try await self.quick.run(.head(of: branch, in: repository))
        if answer.isSuccess { return answer.line }
        _ = try await self.checked(repository)
        throw SourceError(
            .refNotFound,
            "there is no branch `\(branch.quotable)` in `\(repository.quotable)`; `git branch` shows those that are there"
        )
    }

    package func versionTags(reaching commit: String, in repository: String) async throws -> [VersionTag] {
        let repository = try await self.checked(repository)
        try Self.check(ref: commit)
        let id = try await self.commitID(commit, in: repository)
        return try await self.tags(merged: id, in: repository)
            .sorted { ($0.version, $0.tag.name) > ($1.version, $1.tag.name) }.map(\.tag)
    }

    package func allVersions(in repository: String) async throws -> Set<String> {
        let repository = try await self.checked(repository)
        return Set(try await self.tags(merged: nil, in: repository).map(\.tag.version))
    }

    package func commits(
        since tag: String?, upTo commit: String, limit: Int, in repository: String
    ) async throws -> [Commit] {
        let repository = try await self.checked(repository)
        try Self.check(ref: commit)
        let id = try await self.commitID(commit, in: repository)
        var old: String?
        if let tag {
            try Self.check(ref: tag)
            old = try await self.commitID("refs/tags/" + tag, in: repository)
        }
        return try await self.log(.log(upTo: id, notReaching: old, limit: max(0, limit), in: repository))
    }

    package func file(_ path: String, at commit: String, in repository: String) async throws -> [UInt8]? {
        let repository = try await self.checked(repository)
        try Self.check(ref: commit)
        guard let path = RelativePath(path) else {
            throw SourceError(.invalid, "`\(path.quotable)` is no path inside a repository: \(RelativePath.rule)")
        }
        let id = try await self.commitID(commit, in: repository)
        let answer = try await self.git.succeed(.entry(path.text, at: id, in: repository))
        // `MODE SP KIND SP OBJECT TAB PATH NUL`
        let words = String(decoding: answer.prefix { $0 != UInt8(ascii: "\t") }, as: UTF8.self).split(separator: " ")
        guard words.count == 3 else { return nil }
        guard words[1] == "blob", words[0] != "120000" else {
            let kind = words[1] == "blob" ? "a symbolic link" : "no file"
            throw SourceError(
                .invalid, "`\(path.text.quotable)` is \(kind) at commit \(id.prefix(12)); make it a plain file")
        }
        return try await self.git.succeed(.content(of: String(words[2]), limit: Self.largestFile, in: repository))
    }

    package func checkOut(_ commit: String, of repository: String, to folder: String) async throws {
        let commit = try await self.resolve(commit, in: repository)
        let repository = try await self.checked(repository)
        let objects = try await self.git.line(.objectFolder(of: repository))
        let borrower = GitCommand.Borrower(folder: folder + ".git-borrower", objects: objects, workTree: folder)
        try await FileTree.remove(borrower.folder)
        do {
            let format = commit.id.utf8.count == 64 ? "sha256" : "sha1"
            _ = try await self.git.succeed(.createBorrower(at: borrower.folder, format: format))
            _ = try await self.git.succeed(.readTree(commit.id, borrower: borrower))
            _ = try await self.git.succeed(.writeFiles(borrower))
        } catch {
            try? await FileTree.remove(borrower.folder)
            throw error
        }
        try await FileTree.remove(borrower.folder)
        let seconds = commit.at.milliseconds / 1_000
        // A build that packs the times of its sources is reproducible too.
        try await FileWork.run { try FileTree.setTimes(of: folder, seconds: seconds) }
    }

    package func tag(_ name: String, commit: String, message: String, in repository: String) async throws {
        let repository = try await self.checked(repository)
        try Self.check(ref: name)
        try Self.check(ref: commit)
        let id = try await self.commitID(commit, in: repository)
        let answer = try await self.git.run(.resolve("refs/tags/" + name, in: repository))
        if answer.isSuccess {
            guard answer.line != id else { return }
            throw SourceError(
                .tagExists,
                "tag `\(name)` is on commit \(answer.line.prefix(12)) already, not on \(id.prefix(12)); "
                    + "choose another version, or delete it with `git tag -d \(name)`")
        }
        _ = try await self.git.succeed(.tag(name, commit: id, message: message, in: repository))
    }
}

extension GitRepository {
    /// The folder to work on. Refuses one that is no repository, and a shallow clone: its missing history would give a wrong version.
    func checked(_ place: String) async throws -> String {
        let repository = try self.folder(of: place)
        // A mirror that is not there is made anew.
        if !FileTree.isFolder(repository) { try await self.fetch(nil, from: place) }
        guard !repository.isEmpty, !repository.utf8.contains(0), FileTree.isFolder(repository) else {
            throw SourceError(
                .notARepository, "there is no folder `\(repository.quotable)`; name the folder of a git repository")
        }
        let answer = try await self.git.run(.isShallow(repository))
        guard answer.isSuccess else {
            throw SourceError(
                .notARepository,
                "`\(repository.quotable)` is not a git repository; name a folder that has one, or make one with `git init`"
                    + " (git says: \(answer.complaint))")
        }
        guard answer.line != "true" else {
            throw SourceError(
                .shallow,
                "`\(repository.quotable)` is a shallow clone: tags and commits before its cut are missing, and the version "
                    + "would be wrong; get them with `git fetch --unshallow --tags`")
        }
        return repository
    }

    /// What we let near git as a ref; git itself then says whether it names a commit.
    static func check(ref: String) throws {
        let isClean = ref.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F }
        guard !ref.isEmpty, ref.utf8.count <= 255, !ref.hasPrefix("-"), !ref.contains(".."), isClean else {
            throw SourceError(
                .invalid,
                "`\(ref.quotable)` is no ref: a branch, tag or commit of 1 to 255 characters, without spaces, control "
                    + "characters and `..`, that does not begin with `-`")
        }
    }

    func commitID(_ ref: String, in repository: String) async throws -> String {
        let answer = try await self.git.run(.resolve(ref, in: repository))
        if answer.isSuccess { return answer.line }
        if try await self.git.succeed(.anyCommit(in: repository)).isEmpty {
            throw SourceError(.empty, "`\(repository.quotable)` has no commit yet; make one with `git commit`")
        }
        throw SourceError(
            .refNotFound,
            "`\(ref.quotable)` names no commit in `\(repository.quotable)`; "
                + "`git branch -a` and `git tag` show what there is"
        )
    }

    private func log(_ command: GitCommand) async throws -> [Commit] {
        let output = try await self.git.succeed(command)
        var fields = output.split(separator: 0, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        // Each record ends with a NUL, so an empty piece is left at the end.
        if fields.last?.isEmpty == true { fields.removeLast() }
        return try stride(from: 0, to: fields.count, by: 5).map { start in
            guard start + 5 <= fields.count, let seconds = Int64(fields[start + 3]), seconds.magnitude < 1 << 48 else {
                throw SourceError(.failed, "git printed a history that can't be read; run `git fsck`")
            }
            return Commit(
                id: fields[start], authorName: fields[start + 1], authorEmail: fields[start + 2],
                at: Instant(milliseconds: seconds * 1_000), message: fields[start + 4])
        }
    }

    private func tags(
        merged commit: String?, in repository: String
    ) async throws -> [(version: SemanticVersion, tag: VersionTag)] {
        let output = try await self.git.succeed(.tags(merged: commit, in: repository))
        var tags: [(version: SemanticVersion, tag: VersionTag)] = []
        for line in output.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: 0, omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
            guard fields.count == 4, let version = SemanticVersion(tag: fields[0]) else { continue }
            var commit = fields[2].isEmpty ? fields[1] : fields[2]
            if fields[3] == "tag" {
                // A tag of a tag: git peels one layer only in a list.
                commit = try await self.commitID("refs/tags/" + fields[0], in: repository)
            }
            tags.append((version, VersionTag(name: fields[0], version: version.description, commit: commit)))
        }
        return tags
    }
}
