/// What goes over the wire of `/api/v1`, as JSON. Times are RFC 3339 in UTC with milliseconds; durations are whole
/// milliseconds; weights are basis points.
package enum Wire {}

extension Wire {
    // MARK: Services

    /// `POST /services/apply`: the text of a `slipway.yaml` of the repository at a path of the server's machine.
    package struct Apply: Codable, Sendable, Equatable {
        package var file: String
        package var repository: String
        /// Only say what would change.
        package var plan: Bool
        /// What mistakes in the text are told of; nil: `slipway.yaml`.
        package var name: String?

        package init(file: String, repository: String, plan: Bool, name: String? = nil) {
            self.file = file
            self.repository = repository
            self.plan = plan
            self.name = name
        }
    }

    package struct Applied: Codable, Sendable, Equatable {
        package var service: String
        /// Number of the definition now (with `plan`: of the one that stands).
        package var definition: Int
        package var changed: Bool
        /// One sentence a difference.
        package var differences: [String]
        /// What is allowed, and most likely not meant; one sentence each.
        package var warnings: [String]
        package var plan: Bool

        package init(
            service: String, definition: Int, changed: Bool, differences: [String], warnings: [String] = [], plan: Bool
        ) {
            self.service = service
            self.definition = definition
            self.changed = changed
            self.differences = differences
            self.warnings = warnings
            self.plan = plan
        }
    }

    package struct Status: Codable, Sendable, Equatable {
        /// Ledger position that this shows.
        package var position: Int
        package var services: [Service]
        /// The record itself is damaged (`ledgerDamaged`) or can't be written (`ledgerNotWritable`, such as on a full disk);
        /// alarms of lanes stand with them.
        package var alarm: Alarm?
        /// A person has stopped everything.
        package var stop: Guard?

        package init(position: Int, services: [Service], alarm: Alarm? = nil, stop: Guard? = nil) {
            self.position = position
            self.services = services
            self.alarm = alarm
            self.stop = stop
        }
    }

    package struct Service: Codable, Sendable, Equatable {
        package var name: String
        package var owner: String
        package var definition: Int
        package var environments: [Lane]
        /// Why the branch that it watches gives no release just now; nil: nothing keeps it from it.
        package var watchTrouble: String?

        package init(
            name: String, owner: String, definition: Int, environments: [Lane], watchTrouble: String? = nil
        ) {
            self.name = name
            self.owner = owner
            self.definition = definition
            self.environments = environments
            self.watchTrouble = watchTrouble
        }
    }

    /// One service in one environment.
    package struct Lane: Codable, Sendable, Equatable {
        package var service: String
        package var environment: String
        package var listen: String?
        /// Private address of the version on the preview, without trailing slash.
        package var preview: String?
        package var strategy: String
        package var promote: String
        package var after: [String]
        /// What has traffic by the router's word.
        package var serving: [Serving]
        /// What is to have it, and the router has not confirmed yet; empty: it does what is wanted.
        package var switchingTo: [Serving]
        package var warm: [Serving]
        package var deployment: Promotion?
        package var queue: [Promotion]
        /// Newest first, at most 20.
        package var recent: [Promotion]
        package var hold: Guard?
        package var pin: Guard?
        package var blocks: [Guard]
        package var alarm: Alarm?
        /// What a rollback without `--to` would go back to.
        package var rollbackTo: String?
        /// How long that would take; nil: there is nothing to go back to.
        package var rollback: RollbackPlan?
        /// Where the target's own word differs from the desired state (filled when asked for).
        package var isGoingDown: Bool
        /// A router was put up at its address, whether or not something serves; until `down`.
        package var hasRouter: Bool

        package init(service: String, environment: String) {
            self.service = service
            self.environment = environment
            self.listen = nil
            self.preview = nil
            self.strategy = "bigBang"
            self.promote = "by hand"
            self.after = []
            self.serving = []
            self.switchingTo = []
            self.warm = []
            self.deployment = nil
            self.queue = []
            self.recent = []
            self.hold = nil
            self.pin = nil
            self.blocks = []
            self.alarm = nil
            self.rollbackTo = nil
            self.rollback = nil
            self.isGoingDown = false
            self.hasRouter = false
        }
    }

    /// `GET /lanes/S/E/rollback`: what a rollback would do, and how long it would take.
    package struct RollbackPlan: Codable, Sendable, Equatable {
        package var version: String
        /// Its instances are up: it takes a switch and no start.
        package var isWarm: Bool
        /// Milliseconds until the traffic is back.
        package var expected: Int64
        /// By what it took in this lane before; otherwise it is the most that the settings allow.
        package var isMeasured: Bool
        /// Milliseconds that what serves now then has to answer what it has begun; not part of `expected`.
        package var drain: Int64
        /// All of it in words.
        package var sentence: String

        package init(
            version: String, isWarm: Bool, expected: Int64, isMeasured: Bool, drain: Int64, sentence: String
        ) {
            self.version = version
            self.isWarm = isWarm
            self.expected = expected
            self.isMeasured = isMeasured
            self.drain = drain
            self.sentence = sentence
        }
    }

    package struct Serving: Codable, Sendable, Equatable {
        package var version: String
        package var release: String
        package var weight: Int
        /// verified, or in deployment.
        package var state: String
        package var until: String?

        package init(version: String, release: String, weight: Int, state: String, until: String?) {
            self.version = version
            self.release = release
            self.weight = weight
            self.state = state
            self.until = until
        }
    }

    /// A hold, pin or block: who, why, until when, and of what.
    package struct Guard: Codable, Sendable, Equatable {
        package var by: String
        package var reason: String
        package var since: String?
        package var until: String?
        /// Version (pin) or release (block).
        package var subject: String?

        package init(by: String, reason: String, since: String?, until: String?, subject: String?) {
            self.by = by
            self.reason = reason
            self.since = since
            self.until = until
            self.subject = subject
        }
    }

    package struct Alarm: Codable, Sendable, Equatable {
        package var kind: String
        package var reason: String
        package var nextAction: String
        package var since: String

        package init(kind: String, reason: String, nextAction: String, since: String) {
            self.kind = kind
            self.reason = reason
            self.nextAction = nextAction
            self.since = since
        }
    }

    // MARK: Promotions

    /// Where a promotion is in its life. The last eight are ends.
    package enum PromotionState: String, Codable, Sendable, CaseIterable {
        case waiting, deploying, paused, returning
        case completed, failed, aborted, rolledBack, superseded, cancelled, rejected, expired

        package var isEnd: Bool {
            switch self {
            case .waiting, .deploying, .paused, .returning: false
            case .completed, .failed, .aborted, .rolledBack, .superseded, .cancelled, .rejected, .expired: true
            }
        }
    }

    /// A promotion, from its request to the end of its deployment. Its id is `SERVICE/ENVIRONMENT/NUMBER`.
    package struct Promotion: Codable, Sendable, Equatable {
        package var id: String
        package var service: String
        package var environment: String
        package var number: Int
        package var release: String
        package var version: String
        package var state: PromotionState
        /// forward or rollback.
        package var kind: String
        package var by: String
        package var requestedAt: String?
        /// It was planned for then.
        package var notBefore: String?
        package var startedAt: String?
        package var endedAt: String?
        package var waitsFor: [Gate]
        package var change: String?
        package var strategy: String?
        package var steps: [String]
        /// Index of the step under way.
        package var step: Int?
        package var stepStartedAt: String?
        /// When the step ends by itself, if it only waits.
        package var stepUntil: String?
        package var deadline: String?
        package var weight: Int?
        package var reason: String?
        package var lastLines: [String]
        package var pausedBy: String?
        /// The release team is on alert for it until then, unless something ends that earlier; nil: it is not.
        package var alertUntil: String?
        package var alertSince: String?
        /// Who let the next take over during its bake.
        package var handedOverBy: String?
        /// The judge's newest word that is on record.
        package var judgement: Judgement?
        /// Not empty: the judge has asked, and a person decides.
        package var answers: [Answer]

        package init(
            id: String, service: String, environment: String, number: Int, release: String, version: String,
            state: PromotionState, kind: String, by: String
        ) {
            self.id = id
            self.service = service
            self.environment = environment
            self.number = number
            self.release = release
            self.version = version
            self.state = state
            self.kind = kind
            self.by = by
            self.requestedAt = nil
            self.notBefore = nil
            self.startedAt = nil
            self.endedAt = nil
            self.waitsFor = []
            self.change = nil
            self.strategy = nil
            self.steps = []
            self.step = nil
            self.stepStartedAt = nil
            self.stepUntil = nil
            self.deadline = nil
            self.weight = nil
            self.reason = nil
            self.lastLines = []
            self.pausedBy = nil
            self.alertUntil = nil
            self.alertSince = nil
            self.handedOverBy = nil
            self.judgement = nil
            self.answers = []
        }
    }

    package struct Gate: Codable, Sendable, Equatable {
        package var gate: String
        /// nil: pending.
        package var verdict: String?
        package var reason: String
        package var passesAt: String?

        package init(gate: String, verdict: String?, reason: String, passesAt: String?) {
            self.gate = gate
            self.verdict = verdict
            self.reason = reason
            self.passesAt = passesAt
        }
    }

    /// `POST /promotions`. `release` is an id or `service@version`.
    package struct Promote: Codable, Sendable, Equatable {
        package var release: String
        package var environment: String
        /// Not before then; nil: as soon as it may.
        package var at: String?
        /// Why it can't wait for approval, freezes and soak: an emergency, approved afterwards. Needs the right to operate there.
        package var emergency: String?

        package init(release: String, environment: String, at: String? = nil, emergency: String? = nil) {
            self.release = release
            self.environment = environment
            self.at = at
            self.emergency = emergency
        }
    }

    /// `POST /prune`
    package struct Prune: Codable, Sendable, Equatable {
        /// Only say what would go.
        package var dryRun: Bool

        package init(dryRun: Bool) { self.dryRun = dryRun }
    }

    package struct PrunedRelease: Codable, Sendable, Equatable {
        package var release: String
        package var service: String
        package var version: String
        package var bytes: Int64

        package init(release: String, service: String, version: String, bytes: Int64) {
            self.release = release
            self.service = service
            self.version = version
            self.bytes = bytes
        }
    }

    package struct Pruned: Codable, Sendable, Equatable {
        package var dryRun: Bool
        package var bytes: Int64
        /// Releases whose content stays.
        package var kept: Int
        package var releases: [PrunedRelease]
        /// Content that no event names.
        package var orphans: Int
        package var orphanBytes: Int64
        /// Work of builds and commands that ended or were cut off.
        package var work: Int
        package var workBytes: Int64

        package init(dryRun: Bool, bytes: Int64, kept: Int, releases: [PrunedRelease]) {
            self.dryRun = dryRun
            self.bytes = bytes
            self.kept = kept
            self.releases = releases
            (self.orphans, self.orphanBytes, self.work, self.workBytes) = (0, 0, 0, 0)
        }
    }

    /// Body of every verb on a promotion or lane.
    package struct Act: Codable, Sendable, Equatable {
        package var reason: String
        /// Version to go back to, to pin, or release to block.
        package var subject: String?
        /// End of a hold.
        package var until: String?
        /// Of a rollback: also past a point of no return, by the word of a person.
        package var force: Bool?

        package init(reason: String, subject: String? = nil, until: String? = nil, force: Bool? = nil) {
            self.reason = reason
            self.subject = subject
            self.until = until
            self.force = force
        }
    }

    /// `POST /promotions/S/E/N/VERB`
    package enum PromotionVerb: String, Codable, Sendable, CaseIterable {
        case pause, resume, abort, retry, skip, handOver = "hand-over", cancel, moveFirst = "move-first"
        case overrideCombination = "override-combination"
    }
    /// `POST /lanes/S/E/VERB`
    package enum LaneVerb: String, Codable, Sendable, CaseIterable {
        case rollback, hold, unhold, pin, unpin, block, unblock, clearAlarm = "clear-alarm", down
    }
}
