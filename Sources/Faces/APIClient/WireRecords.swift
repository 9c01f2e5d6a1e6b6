extension Wire {
    // MARK: Releases

    /// `POST /releases`: a release of the service whose `slipway.yaml` stands in the repository at `ref`. Answers 202 at once, with state `building`;
    /// with `artifact`, as soon as the file is packed and stored, with state `built`.
    package struct CreateRelease: Codable, Sendable, Equatable {
        package var repository: String
        package var ref: String
        /// Forces the version; nil: decided from tags and commits.
        package var version: String?
        /// A file of the server's machine that was built elsewhere. A version whose release has other content is refused.
        package var artifact: String?

        package init(repository: String, ref: String, version: String?, artifact: String?) {
            self.repository = repository
            self.ref = ref
            self.version = version
            self.artifact = artifact
        }
    }

    package enum ReleaseState: String, Codable, Sendable, CaseIterable { case building, built, failed }

    package struct Release: Codable, Sendable, Equatable {
        package var id: String
        package var service: String
        package var version: String
        package var commit: String
        package var artifacts: [Artifact]
        package var state: ReleaseState
        package var reason: String?
        package var subject: String?
        package var author: String?
        package var by: String
        package var createdAt: String
        package var endedAt: String?
        package var tests: Tests?
        /// The local tag, once it is made.
        package var tag: String?
        /// Why the local tag could not be made so far; it is tried again.
        package var tagProblem: String?
        /// Since then its artifact, log and results are gone.
        package var prunedAt: String?
        package var reversible: Bool
        /// Whether there is a way back, until when, and why not; in words.
        package var wayBack: String?
        /// What it does to stored data, in words.
        package var data: String?
        /// Releases of which one must be verified before it, and for how long; in words.
        package var needs: String?
        package var verifiedIn: [String]
        package var blockedIn: [String]

        package init(
            id: String, service: String, version: String, commit: String, state: ReleaseState, by: String,
            createdAt: String
        ) {
            self.id = id
            self.service = service
            self.version = version
            self.commit = commit
            self.artifacts = []
            self.state = state
            self.reason = nil
            self.subject = nil
            self.author = nil
            self.by = by
            self.createdAt = createdAt
            self.endedAt = nil
            self.tests = nil
            self.tag = nil
            self.tagProblem = nil
            self.prunedAt = nil
            self.reversible = true
            self.verifiedIn = []
            self.blockedIn = []
        }
    }

    package struct Artifact: Codable, Sendable, Equatable {
        package var name: String
        package var digest: String
        package var bytes: Int64

        package init(name: String, digest: String, bytes: Int64) {
            self.name = name
            self.digest = digest
            self.bytes = bytes
        }
    }

    package struct Tests: Codable, Sendable, Equatable {
        package var passed: Int
        package var failed: Int
        package var errors: Int
        package var skipped: Int
        package var failures: [String]

        package init(passed: Int, failed: Int, errors: Int, skipped: Int, failures: [String]) {
            self.passed = passed
            self.failed = failed
            self.errors = errors
            self.skipped = skipped
            self.failures = failures
        }
    }

    // MARK: Changes

    /// A change request of a promotion that needs people's word.
    package struct Change: Codable, Sendable, Equatable {
        package var id: String
        package var promotion: String
        package var service: String
        package var environment: String
        package var release: String
        package var version: String
        /// requested, approved, rejected, expired or closed.
        package var state: String
        package var by: String
        package var from: [String]
        package var count: Int
        package var approvals: [Word]
        /// In words: who is missing.
        package var missing: String?
        /// Why it goes ahead before people have approved it; nil: a normal change.
        package var emergency: String?
        /// When it expires, or an emergency escalates; nil: it is decided.
        package var until: String?
        /// Since when an emergency has not been approved in time.
        package var escalatedAt: String?

        package init(
            id: String, promotion: String, service: String, environment: String, release: String, version: String,
            state: String, by: String, from: [String], count: Int, approvals: [Word], missing: String?
        ) {
            self.id = id
            self.promotion = promotion
            self.service = service
            self.environment = environment
            self.release = release
            self.version = version
            self.state = state
            self.by = by
            self.from = from
            self.count = count
            self.approvals = approvals
            self.missing = missing
        }
    }

    /// A person's word on a change.
    package struct Word: Codable, Sendable, Equatable {
        package var by: String
        package var at: String
        package var reason: String

        package init(by: String, at: String, reason: String) {
            self.by = by
            self.at = at
            self.reason = reason
        }
    }

    package enum ChangeVerb: String, Codable, Sendable, CaseIterable { case approve, reject }

    // MARK: Records

    package struct Event: Codable, Sendable, Equatable {
        package var position: Int
        package var stream: String
        package var number: Int
        package var kind: String
        package var kindVersion: Int
        package var at: String
        package var actor: String
        package var cause: String?
        /// The stored body: a JSON object, as text.
        package var body: String
        package var hash: String

        package init(
            position: Int, stream: String, number: Int, kind: String, kindVersion: Int, at: String, actor: String,
            cause: String?, body: String, hash: String
        ) {
            self.position = position
            self.stream = stream
            self.number = number
            self.kind = kind
            self.kindVersion = kindVersion
            self.at = at
            self.actor = actor
            self.cause = cause
            self.body = body
            self.hash = hash
        }
    }

    /// `POST /audit/verify`: what is right; where something is wrong, what is right before it.
    package struct Audit: Codable, Sendable, Equatable {
        package var records: Int
        package var streams: Int
        package var seals: Int
        package var verified: Bool
        /// What is wrong, and where, if anything.
        package var problem: String?

        package init(records: Int, streams: Int, seals: Int, verified: Bool, problem: String?) {
            self.records = records
            self.streams = streams
            self.seals = seals
            self.verified = verified
            self.problem = problem
        }
    }

    /// `GET /why/…`: the decisions on a promotion, release or change, in words, oldest first.
    package struct Why: Codable, Sendable, Equatable {
        package var id: String
        package var sentences: [Sentence]

        package init(id: String, sentences: [Sentence]) {
            self.id = id
            self.sentences = sentences
        }
    }

    package struct Sentence: Codable, Sendable, Equatable {
        package var at: String
        package var actor: String
        package var text: String
        package var position: Int

        package init(at: String, actor: String, text: String, position: Int) {
            self.at = at
            self.actor = actor
            self.text = text
            self.position = position
        }
    }

    /// A piece of a log: build, or output of instances. `next` is the offset to go on from.
    package struct Output: Codable, Sendable, Equatable {
        package var text: String
        package var next: Int
        package var isComplete: Bool

        package init(text: String, next: Int, isComplete: Bool) {
            self.text = text
            self.next = next
            self.isComplete = isComplete
        }

        /// The lines that came since an earlier answer, where both hold the newest ones. Of more equal lines than were
        /// asked for, some are not told apart.
        package func added(since before: Output) -> String {
            func lines(_ text: String) -> [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
            let changes = lines(self.text).dropLast().difference(from: lines(before.text).dropLast())
            return changes.insertions.map { change in
                switch change {
                case .insert(_, let line, _), .remove(_, let line, _): line + "\n"
                }
            }.joined()
        }
    }

    // MARK: Access

    package struct Token: Codable, Sendable, Equatable {
        package var name: String
        package var owner: String
        package var createdAt: String
        package var revokedAt: String?
        /// The secret, once, in the answer that made it.
        package var secret: String?
        /// What it is good for, in words; nil: all that its owner may do.
        package var scope: String?
        /// nil: when it is revoked.
        package var expiresAt: String?

        package init(
            name: String, owner: String, createdAt: String, revokedAt: String?, secret: String?, scope: String? = nil,
            expiresAt: String? = nil
        ) {
            self.name = name
            self.owner = owner
            self.createdAt = createdAt
            self.revokedAt = revokedAt
            self.secret = secret
            self.scope = scope
            self.expiresAt = expiresAt
        }
    }

    /// `POST /services/NAME/poll`: empty.
    package struct Poll: Codable, Sendable, Equatable {
        package init() {}
    }

    /// Which branch is looked at now.
    package struct Polled: Codable, Sendable, Equatable {
        package var service: String
        package var branch: String
        package var repository: String

        package init(service: String, branch: String, repository: String) {
            self.service = service
            self.branch = branch
            self.repository = repository
        }
    }

    package struct AddToken: Codable, Sendable, Equatable {
        package var name: String
        package var owner: String
        /// nil: all that its owner may do; `release`: make releases of the named services, and look at them.
        package var scope: String?
        /// Of the scope: names of services with commas between.
        package var services: String?
        /// `RIGHT@SCOPE` with commas between, as in `promote@lane:shop/production`; nil: not limited to some.
        package var rights: String?
        /// Milliseconds until it expires; nil: it does not.
        package var lasting: Int?

        package init(
            name: String, owner: String, scope: String? = nil, services: String? = nil, rights: String? = nil,
            lasting: Int? = nil
        ) {
            self.name = name
            self.owner = owner
            self.scope = scope
            self.services = services
            self.rights = rights
            self.lasting = lasting
        }
    }

    /// RFC 9457 problem details; `code` is stable for programs, `detail` says what, which value, what is allowed, what to do next.
    package struct Problem: Codable, Sendable, Equatable, Error {
        package var type: String
        package var title: String
        package var status: Int
        package var detail: String
        package var code: String

        package init(title: String, status: Int, detail: String, code: String) {
            self.type = "about:blank"
            self.title = title
            self.status = status
            self.detail = detail
            self.code = code
        }
    }
}
