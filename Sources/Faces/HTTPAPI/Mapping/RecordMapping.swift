import APIClient
import Core
import Engine

extension Wire.Release {
    /// nil for a release that nobody asked for.
    init?(_ release: Release) {
        guard let origin = release.origin else { return nil }
        let state: Wire.ReleaseState
        switch release.phase {
        case .building: state = .building
        case .built: state = .built
        case .failed: state = .failed
        case .unknown: return nil
        }
        self.init(
            id: origin.id.text, service: origin.service.text, version: origin.version, commit: origin.commit,
            state: state, by: origin.by.description, createdAt: origin.at.wire)
        self.artifacts =
            release.artifact.map {
                [Wire.Artifact(name: $0.name, digest: $0.blob.digest.text, bytes: $0.blob.bytes)]
            } ?? []
        self.reason = release.reason
        self.subject = origin.subject
        self.author = origin.author
        self.endedAt = release.endedAt?.wire
        self.tests = release.tests.map {
            Wire.Tests(
                passed: $0.passed, failed: $0.failed, errors: $0.errors, skipped: $0.skipped, failures: $0.failures)
        }
        self.tag = release.isTagged ? origin.tag : nil
        self.tagProblem = release.tagProblem
        self.prunedAt = release.prunedAt?.wire
        self.reversible = origin.configuration.reversible
        self.wayBack = origin.configuration.wayBack.inWords
        self.data = origin.configuration.data?.inWords
        self.needs = origin.configuration.needs.map { "\($0.versions), verified for \($0.bakedFor.words)" }
        self.verifiedIn = release.verifiedIn.map(\.text)
        self.blockedIn = release.blockedIn.map(\.text)
    }
}

extension Wire.Change {
    init?(_ change: ChangeRequest, missing needs: [ChangeRequest.Need]) {
        guard let request = change.request else { return nil }
        let missing =
            switch change.state {
            case .requested, .approved, .unknown: ChangeRequest.inWords(needs)
            case .closed, .rejected, .expired: ""
            }
        self.init(
            id: request.id.text, promotion: Wire.Promotion.id(request.lane, request.promotion),
            service: request.lane.service.text, environment: request.lane.environment.text,
            release: request.candidate.release.text, version: request.candidate.version, state: change.state.rawValue,
            by: request.by.description, from: Array(Set(request.needs.flatMap(\.from))).sorted(),
            count: request.needs.reduce(0) { $0 + $1.count },
            approvals: change.words.filter(\.isYes).map {
                Wire.Word(by: $0.by.description, at: $0.at.wire, reason: $0.reason)
            }, missing: missing.isEmpty ? nil : missing)
        self.emergency = change.emergency.map { "\($0.by): \($0.reason)" }
        self.until = change.deadline?.wire
        self.escalatedAt = change.state == .requested ? change.escalatedAt?.wire : nil
    }
}

extension Wire.Event {
    init(_ envelope: Envelope) {
        self.init(
            position: envelope.position, stream: envelope.stream.description, number: envelope.number,
            kind: envelope.kind.name, kindVersion: envelope.kind.version, at: envelope.at.wire,
            actor: envelope.actor.description, cause: envelope.cause?.text,
            body: String(decoding: envelope.body, as: UTF8.self), hash: envelope.hash.description)
    }
}

extension Wire.Token {
    init(_ token: Access.Token, secret: String?) {
        self.init(
            name: token.name, owner: token.owner.description, createdAt: token.createdAt.wire,
            revokedAt: token.revokedAt?.wire, secret: secret,
            scope: token.scope?.words ?? token.rights.map { $0.map(\.words).joined(separator: ", ") },
            expiresAt: token.expiresAt?.wire)
    }
}

extension Access.TokenRight {
    fileprivate var words: String { "\(self.right.rawValue) on \(self.scope)" }
}

extension Access.Scope {
    fileprivate var words: String {
        switch self {
        case .release(let services): "release of \(services.map(\.text).joined(separator: ", "))"
        }
    }
}
