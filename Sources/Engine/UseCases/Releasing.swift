package import Core
import Crypto
import Ports
import ServiceFile

extension ControlPlane {
    package struct ReleaseRequest: Sendable, Equatable {
        package var repository: String
        package var ref: String
        package var version: String?
        package var file: String?
        /// Whose release it has to be; nil: that of the service which the commit's file names.
        package var service: ServiceName?

        package init(
            repository: String, ref: String, version: String?, file: String?, service: ServiceName? = nil
        ) {
            self.repository = repository
            self.ref = ref
            self.version = version
            self.file = file
            self.service = service
        }
    }

    /// Asks for a release of a commit. The same commit with the same forced version and content is the same release; one that failed is
    /// built again. A release never changes its content: a file with other bytes than the version has is refused. Returns as soon as it is
    /// on record; a file is packed and stored before, so that what is on record is what was there when it was asked for.
    package func createRelease(_ request: ReleaseRequest, by caller: Caller) async throws -> Release {
        try Self.check(repository: request.repository)
        if let file = request.file { try Self.checkPath(file, of: "a file") }
        let source = self.doors.source
        let commit = try await source.resolve(request.ref, in: request.repository)
        guard let bytes = try await source.file("slipway.yaml", at: commit.id, in: request.repository) else {
            throw Refusal(
                .notFound,
                "\(commit.id.prefix(12)) has no slipway.yaml at its root. Commit one; `slipway init` writes it.")
        }
        let file = try ServiceFile.read(bytes)
        let (definition, configuration) = (file.definition, file.configuration)
        try await self.authorize(caller, .propose, on: .service(definition.service), ofReleases: true)
        if let wanted = request.service, wanted != definition.service {
            throw Refusal(
                .invalid,
                "slipway.yaml at \(commit.id.prefix(12)) is that of `\(definition.service)`, not of `\(wanted)`. Mend its "
                    + "`service`, or apply the file to watch the branch for `\(definition.service)`.")
        }
        _ = try await self.known(definition.service)
        guard request.file != nil || configuration.build != nil else {
            throw Refusal(
                .invalid,
                "slipway.yaml at \(commit.id.prefix(12)) has no `build`. Add one, or give the file with --artifact.")
        }
        if request.file != nil { try self.checkRoom() }
        let given = try await self.taken(request.file)
        let id = try ReleaseID.of(definition.service, commit.id, request.version, given?.blob.digest)
        let known = try await self.journal.release(id).machine
        if known.phase == .building || known.phase == .built { return try await self.again(known, by: caller) }
        try self.checkRoom()
        return try await self.journal.retrying {
            let existing = try await self.journal.releases(of: definition.service)
            let version = try await self.version(commit, request, existing)
            let same = try await self.same(version, commit, given, in: existing, of: definition.service)
            if let same {
                return try await self.again(same, by: caller)
            }
            let origin = Release.Origin(
                id: id, service: definition.service, version: version, repository: request.repository,
                commit: commit.id,
                author: "\(commit.authorName) <\(commit.authorEmail)>", subject: commit.subject, committedAt: commit.at,
                configuration: configuration, file: request.file, by: caller.actor, at: self.journal.time.now())
            return try await self.journal.reserving("\(definition.service)@\(version)") {
                try await self.record(origin, given, by: caller)
            }
        }
    }

    /// What is new waits for room on the disk; what serves never does.
    private func checkRoom() throws(Refusal) {
        guard let room = self.doors.room(), room.isLow else { return }
        throw Refusal(.wrongState, "Nothing is built now: \(room.sentence.asSentence)")
    }

    /// Why a release that is to be built is not being built; nil: it is.
    package var buildsWaitFor: String? {
        self.doors.room().flatMap { $0.isLow ? $0.sentence : nil }
    }

    /// A release that is there already. If its tag could not be made, it is tried now.
    private func again(_ release: Release, by caller: Caller) async throws -> Release {
        guard release.tagProblem != nil, let id = release.origin?.id else { return release }
        try await self.journal.decide(Release.self, .release(id), by: caller.actor) { now in
            .askForTag(by: caller.actor, at: now)
        }
        return try await self.journal.release(id).machine
    }

    /// The file that was built elsewhere, packed and stored.
    private func taken(_ file: String?) async throws -> Artifact? {
        guard let file else { return nil }
        do {
            return try await self.doors.builder.take(file: file)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw Refusal(
                .invalid,
                "The file of --artifact can't be taken: \("\(error)".asSentence) Nothing was recorded; name another one."
            )
        }
    }

    /// The release that holds this version already, if its content is what is asked for.
    private func same(
        _ version: String, _ commit: Commit, _ given: Artifact?, in rows: [ReleaseRow], of service: ServiceName
    ) async throws -> Release? {
        guard let row = rows.last(where: { $0.version == version && $0.phase != .failed }) else { return nil }
        let holder = try await self.journal.release(row.id).machine
        let isFile = holder.origin?.file != nil
        let isSame = isFile ? holder.artifact?.blob.digest == given?.blob.digest : given == nil
        // Whether the version was decided or forced makes no difference then.
        if isSame, row.commit == commit.id { return holder }
        let has =
            holder.artifact.map { "the artifact \($0.blob.digest) of \(isFile ? "a file" : "its build")" }
            ?? "a build that has not ended yet"
        let asked =
            given.map { "the file of --artifact has \($0.blob.digest)" }
            ?? "a build of \(commit.id.prefix(12)) is asked for"
        let rule = isFile == (given != nil) ? "" : "A version is a build or a file, never both. "
        throw Refusal(
            .alreadyExists,
            "\(service) \(version) is release \(row.id) of commit \(row.commit.prefix(12)) with \(has), but \(asked). "
                + rule
                + "A release never changes its content: commit the change, or give this content a version of its own with "
                + "--version.")
    }

    /// The version is reserved: nobody else gives it away meanwhile, so what is on record now decides.
    private func record(_ origin: Release.Origin, _ given: Artifact?, by caller: Caller) async throws -> Release {
        let rows = try await self.journal.releases(of: origin.service)
        let isTaken = rows.contains { $0.version == origin.version && $0.phase != .failed && $0.id != origin.id }
        guard !isTaken else {
            throw LedgerError(.conflict, "\(origin.version) was taken meanwhile: read again and decide again.")
        }
        let loaded = try await self.journal.release(origin.id)
        let now = self.journal.time.now()
        var events = try loaded.machine.decide(.request(origin))
        if let given, !events.isEmpty {
            var requested = loaded.machine
            for event in events { try requested.apply(event) }
            events += try requested.decide(.built(given, tests: nil, log: nil, at: now))
        }
        if let draft = try self.journal.draft(loaded, events) {
            try await self.journal.append([draft], by: caller.actor, at: now)
        }
        return try await self.journal.release(origin.id).machine
    }

    private func version(_ commit: Commit, _ request: ReleaseRequest, _ existing: [ReleaseRow]) async throws -> String {
        let repository = request.repository
        let tags = try await self.doors.source.versionTags(reaching: commit.id, in: repository)
        let used = try await self.doors.source.allVersions(in: repository)
        let here = tags.filter { $0.commit == commit.id }.compactMap { SemanticVersion($0.version) }
        let taken = Set(existing.filter { $0.phase != .failed && $0.commit != commit.id }.map(\.version))
        if let forced = request.version {
            guard let version = SemanticVersion(forced) else {
                throw Refusal(
                    .invalid,
                    "\(forced.prefix(200).debugDescription) is no version. Allowed is SemVer 2.0.0 without a leading v, such as 1.4.2 or 2.0.0-rc.1."
                )
            }
            guard !taken.contains(version.description) else {
                throw Refusal(
                    .alreadyExists, "\(version) is another release of this service already. Choose another one.")
            }
            guard !used.contains(version.description) || here.contains(version) else {
                throw Refusal(
                    .alreadyExists, "\(version) is the tag of another commit in \(repository). Choose another version.")
            }
            return version.description
        }
        let newest = tags.first
        let commits = try await self.doors.source.commits(
            since: newest?.name, upTo: commit.id, limit: 10_000, in: repository)
        let answer = NextVersion.decide(
            here: here,
            newest: newest.flatMap { SemanticVersion($0.version) },
            changes: commits.map { NextVersion.Change(commit: $0.id, message: $0.message) },
            inUse: Set(used.union(taken).compactMap { SemanticVersion($0) }))
        guard let version = answer.version else { throw Refusal(.nothingToDo, answer.sentence) }
        return version.description
    }

    /// By id, or `service@version`.
    package func release(named text: String, by caller: Caller) async throws -> Release {
        let scope = try await self.service(ofRelease: text).map { AccessScope.service($0) }
        try await self.authorize(caller, .view, on: scope ?? .organisation, ofReleases: true, "that release")
        if let id = ReleaseID(text) {
            let release = try await self.journal.release(id).machine
            guard release.phase != .unknown else {
                throw Refusal(.notFound, "There is no release `\(text)`. `slipway release list` shows them.")
            }
            return release
        }
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let name = ServiceName(parts[0]) else {
            throw Refusal(.invalid, "`\(text)` names no release. Give its id (r-…) or service@version.")
        }
        _ = try await self.known(name)
        let rows = try await self.journal.releases(of: name)
        guard
            let row = rows.last(where: { $0.version == parts[1] && $0.phase != .failed })
                ?? rows.last(where: { $0.version == parts[1] })
        else {
            let newest = rows.filter { $0.phase != .failed }.suffix(5).reversed().map(\.version).joined(separator: ", ")
            throw Refusal(
                .notFound,
                "There is no release `\(name)@\(parts[1])`. "
                    + (newest.isEmpty ? "\(name) has none yet: `slipway release create`." : "Newest: \(newest)."))
        }
        return try await self.journal.release(row.id).machine
    }

    /// Whose release a text names, as far as that can be told.
    private func service(ofRelease text: String) async throws -> ServiceName? {
        guard let id = ReleaseID(text) else { return ServiceName(String(text.prefix { $0 != "@" })) }
        return try await self.journal.release(id).machine.origin?.service
    }

    /// Newest first.
    package func releases(of service: ServiceName, limit: Int, by caller: Caller) async throws -> [Release] {
        try await self.authorize(caller, .view, on: .service(service), ofReleases: true)
        _ = try await self.known(service)
        var releases: [Release] = []
        for row in try await self.journal.releases(of: service).reversed().prefix(limit) {
            releases.append(try await self.journal.release(row.id).machine)
        }
        return releases
    }

    package func buildLog(of id: ReleaseID, from offset: Int, by caller: Caller) async throws -> (
        text: [UInt8], isComplete: Bool
    ) {
        let release = try await self.journal.release(id).machine
        let scope = release.origin.map { AccessScope.service($0.service) }
        try await self.authorize(caller, .view, on: scope ?? .organisation, ofReleases: true, "that release")
        let offset = max(0, offset)
        if let log = release.log, let bytes = try await self.doors.blobs.read(log.digest, limit: 32 << 20) {
            return (Array(bytes.dropFirst(offset).prefix(65_536)), bytes.count - offset <= 65_536)
        }
        if release.prunedAt != nil {
            let note = Array("slipway: this log was pruned: nothing needed it any more.\n".utf8)
            return (Array(note.dropFirst(offset)), true)
        }
        let live = try await self.doors.builder.output(of: id, from: offset) ?? []
        return (live, release.phase != .building)
    }
}

extension ReleaseID {
    /// `r-` and the first 12 hexadecimal digits of the SHA-256 of what makes a release the same release. `given`: the content, where it
    /// was built elsewhere; nil: the commit says it all.
    static func of(
        _ service: ServiceName, _ commit: String, _ version: String?, _ given: Core.Digest?
    ) throws(Refusal) -> ReleaseID {
        let text = "\(service)\n\(commit)\n\(version ?? "")\n\(given?.text ?? "")"
        let digits = ChainHash(SHA256.hash(data: Array(text.utf8))).description.prefix(12)
        guard let id = ReleaseID("r-\(digits)") else { throw Refusal(.invalid, "no release id for \(service)") }
        return id
    }
}

extension Commit {
    /// The first line of the message.
    package var subject: String { String(self.message.prefix { !$0.isNewline }.prefix(200)) }
}
