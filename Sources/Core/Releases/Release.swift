/// An immutable bundle of one service: version, commit, artifact, run configuration, evidence, and where it was verified or stopped.
///
///     (unknown) --requested--> building --built--> built
///     building --failed--> failed --requested--> building        (a failed build uses no version up)
package struct Release: Machine, Codable {
    package enum Phase: String, Sendable, Codable {
        case unknown, building, built, failed
    }

    package private(set) var phase: Phase = .unknown
    package private(set) var origin: Origin?
    package private(set) var artifact: Artifact?
    package private(set) var tests: TestSummary?
    package private(set) var log: Blob?
    /// Why the build failed.
    package private(set) var reason: String?
    package private(set) var endedAt: Instant?
    /// The local tag `v` + version is there.
    package private(set) var isTagged = false
    /// Why the local tag could not be made so far. The release stands without it, and it is tried again.
    package private(set) var tagProblem: String?
    /// How often a build was started.
    package private(set) var attempt = 0
    /// Since then its artifact, log and results are gone; the record of it stays.
    package private(set) var prunedAt: Instant?
    package private(set) var verifiedIn: [EnvironmentName] = []
    package private(set) var blockedIn: [EnvironmentName] = []

    package init() {}

    /// What is fixed when a release is asked for.
    package struct Origin: Sendable, Equatable, Codable {
        package let id: ReleaseID
        package let service: ServiceName
        package let version: String
        package let repository: String
        package let commit: String
        package let author: String
        package let subject: String
        package let committedAt: Instant
        package let configuration: RunConfiguration
        /// A file that was built elsewhere, in place of a build.
        package let file: String?
        package let by: Actor
        package let at: Instant

        /// The local tag of a release that was built from its commit.
        package var tag: String { "v\(self.version)" }

        package init(
            id: ReleaseID, service: ServiceName, version: String, repository: String, commit: String, author: String,
            subject: String, committedAt: Instant, configuration: RunConfiguration, file: String?, by: Actor,
            at: Instant
        ) {
            self.id = id
            self.service = service
            self.version = version
            self.repository = repository
            self.commit = commit
            self.author = author
            self.subject = subject
            self.committedAt = committedAt
            self.configuration = configuration
            self.file = file
            self.by = by
            self.at = at
        }
    }

    /// Every blob that its record names.
    package var blobs: [Blob] { [self.artifact?.blob, self.tests?.results, self.log].compactMap(\.self) }

    package var candidate: Candidate? { self.origin.map { Candidate(release: $0.id, version: $0.version) } }

    package enum Input: Sendable, Equatable {
        case request(Origin)
        case built(Artifact, tests: TestSummary?, log: Blob?, at: Instant)
        case failed(String, tests: TestSummary?, log: Blob?, at: Instant)
        case tagged(at: Instant)
        case tagFailed(String, at: Instant)
        /// Somebody asks for the release again, whose tag could not be made.
        case askForTag(by: Actor, at: Instant)
        /// Nothing needs its content any more, whose last bytes these are.
        case prune([Digest], bytes: Int64, by: Actor, at: Instant)
        case verified(EnvironmentName, at: Instant)
        case blocked(EnvironmentName, reason: String, by: Actor, at: Instant)
        case unblocked(EnvironmentName, reason: String, by: Actor, at: Instant)
    }

    package enum Event: Sendable, Equatable {
        case requested(Origin)
        case built(Built)
        case failed(Failed)
        case tagged(Tagged)
        case tagFailed(TagFailed)
        case tagAsked(TagAsked)
        case pruned(Pruned)
        case verified(Verified)
        case blocked(Guarded)
        case unblocked(Guarded)
    }

    package struct Built: Sendable, Equatable, Codable {
        package let artifact: Artifact
        package let tests: TestSummary?
        package let log: Blob?
        package let at: Instant
    }

    package struct Failed: Sendable, Equatable, Codable {
        package let reason: String
        package let tests: TestSummary?
        package let log: Blob?
        package let at: Instant
    }

    package struct Tagged: Sendable, Equatable, Codable {
        package let at: Instant
    }

    package struct TagFailed: Sendable, Equatable, Codable {
        package let reason: String
        package let at: Instant
    }

    package struct TagAsked: Sendable, Equatable, Codable {
        package let by: Actor
        package let at: Instant
    }

    package struct Pruned: Sendable, Equatable, Codable {
        package let blobs: [Digest]
        package let bytes: Int64
        package let by: Actor
        package let at: Instant
    }

    package struct Verified: Sendable, Equatable, Codable {
        package let environment: EnvironmentName
        package let at: Instant
    }

    package struct Guarded: Sendable, Equatable, Codable {
        package let environment: EnvironmentName
        package let reason: String
        package let by: Actor
        package let at: Instant
    }

    package enum Effect: Sendable, Hashable {
        case build(attempt: Int)
        case tag
    }

    package var pending: [Effect] {
        switch self.phase {
        case .building: [.build(attempt: self.attempt)]
        case .built: self.isTagged || self.origin?.file != nil ? [] : [.tag]
        case .unknown, .failed: []
        }
    }

    package func decide(_ input: Input) throws(Refusal) -> [Event] {
        switch input {
        case .request(let origin):
            guard self.phase == .unknown || self.phase == .failed else { return [] }
            return [.requested(origin)]
        case .built(let artifact, let tests, let log, let now):
            guard self.phase == .building else { return [] }
            return [.built(Built(artifact: artifact, tests: tests, log: log, at: now))]
        case .failed(let reason, let tests, let log, let now):
            guard self.phase == .building else { return [] }
            return [.failed(Failed(reason: reason, tests: tests, log: log, at: now))]
        case .tagged(let now): return self.isTagged ? [] : [.tagged(Tagged(at: now))]
        case .tagFailed(let reason, let now):
            // Tried again and again, it is told once.
            guard !self.isTagged, self.tagProblem != reason else { return [] }
            return [.tagFailed(TagFailed(reason: reason, at: now))]
        case .askForTag(let actor, let now):
            return self.tagProblem == nil ? [] : [.tagAsked(TagAsked(by: actor, at: now))]
        case .prune(let blobs, let bytes, let actor, let now):
            guard self.phase == .built || self.phase == .failed, self.prunedAt == nil else { return [] }
            return [.pruned(Pruned(blobs: blobs, bytes: bytes, by: actor, at: now))]
        case .verified(let environment, let now):
            return self.verifiedIn.contains(environment)
                ? [] : [.verified(Verified(environment: environment, at: now))]
        case .blocked(let environment, let reason, let actor, let now):
            return self.blockedIn.contains(environment)
                ? [] : [.blocked(Guarded(environment: environment, reason: reason, by: actor, at: now))]
        case .unblocked(let environment, let reason, let actor, let now):
            return self.blockedIn.contains(environment)
                ? [.unblocked(Guarded(environment: environment, reason: reason, by: actor, at: now))] : []
        }
    }

    package mutating func apply(_ event: Event) throws(IllegalEvent) {
        switch event {
        case .requested(let origin):
            guard self.phase == .unknown || self.phase == .failed else {
                throw IllegalEvent("release requested while \(self.phase.rawValue)")
            }
            self.phase = .building
            self.origin = origin
            self.attempt += 1
            self.reason = nil
            self.endedAt = nil
            self.prunedAt = nil
        case .built(let body):
            guard self.phase == .building else { throw IllegalEvent("built while \(self.phase.rawValue)") }
            self.phase = .built
            self.artifact = body.artifact
            (self.tests, self.log, self.endedAt) = (body.tests, body.log, body.at)
        case .failed(let body):
            guard self.phase == .building else { throw IllegalEvent("failed while \(self.phase.rawValue)") }
            self.phase = .failed
            self.reason = body.reason
            (self.tests, self.log, self.endedAt) = (body.tests, body.log, body.at)
        case .tagged: (self.isTagged, self.tagProblem) = (true, nil)
        case .tagFailed(let body): self.tagProblem = body.reason
        case .tagAsked: self.tagProblem = nil
        case .pruned(let body): self.prunedAt = body.at
        case .verified(let body): self.verifiedIn.append(body.environment)
        case .blocked(let body): self.blockedIn.append(body.environment)
        case .unblocked(let body): self.blockedIn.removeAll { $0 == body.environment }
        }
    }
}

extension Release.Event: LedgerEvent {
    package var kind: EventKind {
        switch self {
        // Version 2 knows ways back, data and needs. All that is optional, so one reader reads both.
        case .requested: EventKind("release.requested", version: 2)
        case .built: EventKind("release.built")
        case .failed: EventKind("release.failed")
        case .tagged: EventKind("release.tagged")
        case .tagFailed: EventKind("release.tagFailed")
        case .tagAsked: EventKind("release.tagAsked")
        case .pruned: EventKind("release.pruned")
        case .verified: EventKind("release.verified")
        case .blocked: EventKind("release.blocked")
        case .unblocked: EventKind("release.unblocked")
        }
    }

    package var payload: any Encodable & Sendable {
        switch self {
        case .requested(let body): body
        case .built(let body): body
        case .failed(let body): body
        case .tagged(let body): body
        case .tagFailed(let body): body
        case .tagAsked(let body): body
        case .pruned(let body): body
        case .verified(let body): body
        case .blocked(let body): body
        case .unblocked(let body): body
        }
    }

    package static func decode<D: PayloadDecoder>(_ kind: EventKind, from decoder: D) throws -> Release.Event? {
        guard kind.version == 1 || kind == EventKind("release.requested", version: 2) else { return nil }
        switch kind.name {
        case "release.requested": return .requested(try decoder.decode(Release.Origin.self))
        case "release.built": return .built(try decoder.decode(Release.Built.self))
        case "release.failed": return .failed(try decoder.decode(Release.Failed.self))
        case "release.tagged": return .tagged(try decoder.decode(Release.Tagged.self))
        case "release.tagFailed": return .tagFailed(try decoder.decode(Release.TagFailed.self))
        case "release.tagAsked": return .tagAsked(try decoder.decode(Release.TagAsked.self))
        case "release.pruned": return .pruned(try decoder.decode(Release.Pruned.self))
        case "release.verified": return .verified(try decoder.decode(Release.Verified.self))
        case "release.blocked": return .blocked(try decoder.decode(Release.Guarded.self))
        case "release.unblocked": return .unblocked(try decoder.decode(Release.Guarded.self))
        default: return nil
        }
    }
}
