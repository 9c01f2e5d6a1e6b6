extension Lane {
    /// The facts of a lane. One payload type per kind; its JSON is the stored body.
    package enum Event: Sendable, Equatable {
        case requested(Requested)
        case waiting(Waiting)
        case movedFirst(MovedFirst)
        case removed(Removed)
        case admitted(Admitted)
        case rollbackOrdered(RollbackOrder)
        case rollbackStarted(RollbackStarted)
        case capacityWanted(CapacityWanted)
        case capacityReady(CapacityNumber)
        case capacityLost(CapacityNumber)
        case capacityWarm(CapacityWarm)
        case capacityRetiring(CapacityRetiring)
        case capacityGone(CapacityNumber)
        case instancesDied(InstancesDied)
        case routerDied(Deaths)
        case stepStarted(StepStarted)
        case stepCompleted(StepCompleted)
        case judged(Judged)
        case alertPeriodBegan(AlertPeriodBegan)
        case alertPeriodEnded(AlertPeriodEnded)
        case capacityScaled(CapacityScaled)
        case routingWanted(DesiredRouting)
        case routingConfirmed(RoutingConfirmed)
        case paused(Paused)
        case resumed(Resumed)
        case skipped(Overridden)
        case handedOver(Overridden)
        case aborted(Returned)
        case failed(Returned)
        case ended(Ended)
        case verified(Verified)
        case withdrawn(Withdrawn)
        case passedNoReturn(PassedNoReturn)
        case noReturnOverridden(ByReason)
        case combinationOverridden(CombinationOverridden)
        case blocked(Block)
        case unblocked(Unblocked)
        case held(Hold)
        case holdReleased(ByReason)
        case pinned(Pin)
        case unpinned(ByReason)
        case alarmRaised(Alarm)
        case alarmCleared(ByReason)
        case downOrdered(ByReason)
        case routerRemoved(At)
        case downFinished(At)
    }

    package struct Requested: Sendable, Equatable, Codable {
        package let number: Int
        package let candidate: Candidate
        package let by: Actor
        package let at: Instant
        package let expiresAt: Instant
        /// It was planned for then.
        package var notBefore: Instant?
    }

    /// A named person let a waiting promotion come before all others that wait.
    package struct MovedFirst: Sendable, Equatable, Codable {
        package let number: Int
        package let by: Actor
        package let reason: String
        package let at: Instant
    }

    /// The verdicts of the gates changed; the promotion stays in the queue.
    package struct Waiting: Sendable, Equatable, Codable {
        package let number: Int
        package let gates: [GateResult]
    }

    /// A promotion left the queue without a deployment.
    package struct Removed: Sendable, Equatable, Codable {
        package enum Why: String, Sendable, Codable {
            case cancelled, superseded, rejected, expired
        }

        package let number: Int
        package let why: Why
        package let by: Actor
        package let reason: String
        package let at: Instant
    }

    package struct Admitted: Sendable, Equatable, Codable {
        package let number: Int
        package let plan: Plan
        package let facts: AdmissionFacts
        package let at: Instant
    }

    package struct RollbackStarted: Sendable, Equatable, Codable {
        package let number: Int
        package let candidate: Candidate
        package let capacity: Int
        package let definition: Int
        package let plan: Plan
        package let by: Actor
        package let reason: String
        package let at: Instant
    }

    package struct CapacityWanted: Sendable, Equatable, Codable {
        package let number: Int
        package let candidate: Candidate
        package let definition: Int
        package let drain: Milliseconds
        /// nil: all that the release and the environment ask for.
        package let replicas: Int?
        /// Which values its instances get, and get again whenever they are started; nil: none.
        package let secrets: [SecretVersion]?
    }

    package struct CapacityScaled: Sendable, Equatable, Codable {
        package let number: Int
        package let replicas: Int
    }

    package struct CapacityNumber: Sendable, Equatable, Codable {
        package let number: Int
    }

    package struct CapacityWarm: Sendable, Equatable, Codable {
        package let number: Int
        package let until: Instant
    }

    package struct CapacityRetiring: Sendable, Equatable, Codable {
        package let number: Int
        /// When the alarm is raised if it is not gone.
        package let goneBy: Instant
    }

    /// Instances ended by themselves and were started again.
    package struct InstancesDied: Sendable, Equatable, Codable {
        package let number: Int
        package let deaths: Deaths
    }

    package struct StepStarted: Sendable, Equatable, Codable {
        package let number: Int
        package let step: Int
        package let at: Instant
        package let until: Instant?
        package let deadline: Instant
    }

    package struct StepCompleted: Sendable, Equatable, Codable {
        package let number: Int
        package let step: Int
        package let summary: String
    }

    /// The verdict changed, a step ended by it, or ten minutes have passed.
    package struct Judged: Sendable, Equatable, Codable {
        package let number: Int
        package let step: Int
        package let judgement: Judgement
        package let at: Instant
    }

    package struct RoutingConfirmed: Sendable, Equatable, Codable {
        package let generation: Int
        package let at: Instant
    }

    package struct Paused: Sendable, Equatable, Codable {
        package let number: Int
        package let pause: Pause
    }

    package struct Resumed: Sendable, Equatable, Codable {
        package let number: Int
        package let by: Actor
        package let reason: String
        package let at: Instant
        /// How long the clock of the step stood still.
        package let stoodStill: Milliseconds
    }

    /// A named person let a step not be waited for (`skipped`), or not to its end (`handedOver`).
    package struct Overridden: Sendable, Equatable, Codable {
        package let number: Int
        package let step: Int
        package let by: Actor
        package let reason: String
        package let at: Instant
    }

    /// The deployment is taken back: abort by a person or the judge, or failure of a step.
    package struct Returned: Sendable, Equatable, Codable {
        package let number: Int
        package let ending: Ending
        package let at: Instant
        package let deadline: Instant
    }

    package struct Ended: Sendable, Equatable, Codable {
        package let number: Int
        package let outcome: Outcome
        package let candidate: Candidate
        package let reason: String
        package let at: Instant
    }

    package struct Verified: Sendable, Equatable, Codable {
        package let number: Int
        package let candidate: Candidate
        package let capacity: Int
        package let at: Instant
    }

    /// Gone back from: these are no longer what a rollback goes to by itself.
    package struct Withdrawn: Sendable, Equatable, Codable {
        package let numbers: [Int]
        package let at: Instant
    }

    /// Nothing before deployment `number` can be gone back to.
    package struct PassedNoReturn: Sendable, Equatable, Codable {
        package let number: Int
        /// Whose point of no return it is; nil: that of deployment `number`.
        package let version: String?
        package let because: String?
    }

    /// A named person lets one waiting promotion enter beside what it was never verified together with.
    package struct CombinationOverridden: Sendable, Equatable, Codable {
        package let number: Int
        /// As `service@version`; beside anything else it does not hold.
        package let with: [String]
        package let by: Actor
        package let reason: String
        package let at: Instant
    }

    package struct Unblocked: Sendable, Equatable, Codable {
        package let release: ReleaseID
        package let by: Actor
        package let reason: String
    }

    package struct ByReason: Sendable, Equatable, Codable {
        package let by: Actor
        package let reason: String
        package let at: Instant
    }

    package struct At: Sendable, Equatable, Codable {
        package let at: Instant
    }
}

/// What an admission was decided on: copied into its event, so that it can be replayed.
package struct AdmissionFacts: Sendable, Equatable, Codable {
    package var definition: Int
    package var gates: [GateResult]
    /// Streams that must not have moved on since, as `stream@number`.
    package var readings: [String]
    /// Version of the rules that decided; nil: before they had one.
    package var rules: Int?
    /// The values of secrets that it gets; nil: none.
    package var secrets: [SecretVersion]?
    /// What the release declares of its way back and of its data; nil: nothing.
    package var reversibility: Reversibility?
    package var data: DataPhase?

    package init(definition: Int, gates: [GateResult], readings: [String], rules: Int? = nil) {
        self.definition = definition
        self.gates = gates
        self.readings = readings
        self.rules = rules
    }
}

extension Lane.Event: LedgerEvent {
    package var kind: EventKind { Self.newest("lane.\(self.entry.name)") }

    /// Kinds that have grown since version 1, with the version that is written. What was added is optional, so one
    /// reader reads them all: what an older version does not say is nil.
    private static let grown = [
        "lane.admitted": 4, "lane.capacityWanted": 3, "lane.alarmRaised": 3, "lane.rollbackOrdered": 2,
        "lane.passedNoReturn": 2,
    ]

    private static func newest(_ name: String) -> EventKind { EventKind(name, version: Self.grown[name] ?? 1) }
    package var payload: any Encodable & Sendable { self.entry.payload }

    private var entry: (name: String, payload: any Encodable & Sendable) {
        switch self {
        case .requested(let body): ("requested", body)
        case .waiting(let body): ("waiting", body)
        case .movedFirst(let body): ("movedFirst", body)
        case .removed(let body): ("removed", body)
        case .admitted(let body): ("admitted", body)
        case .rollbackOrdered(let body): ("rollbackOrdered", body)
        case .rollbackStarted(let body): ("rollbackStarted", body)
        case .capacityWanted(let body): ("capacityWanted", body)
        case .capacityReady(let body): ("capacityReady", body)
        case .capacityLost(let body): ("capacityLost", body)
        case .capacityWarm(let body): ("capacityWarm", body)
        case .capacityRetiring(let body): ("capacityRetiring", body)
        case .capacityGone(let body): ("capacityGone", body)
        case .instancesDied(let body): ("instancesDied", body)
        case .routerDied(let body): ("routerDied", body)
        case .stepStarted(let body): ("stepStarted", body)
        case .stepCompleted(let body): ("stepCompleted", body)
        case .judged(let body): ("judged", body)
        case .alertPeriodBegan(let body): ("alertPeriodBegan", body)
        case .alertPeriodEnded(let body): ("alertPeriodEnded", body)
        case .capacityScaled(let body): ("capacityScaled", body)
        case .routingWanted(let body): ("routingWanted", body)
        case .routingConfirmed(let body): ("routingConfirmed", body)
        case .paused(let body): ("paused", body)
        case .resumed(let body): ("resumed", body)
        case .skipped(let body): ("skipped", body)
        case .handedOver(let body): ("handedOver", body)
        case .aborted(let body): ("aborted", body)
        case .failed(let body): ("failed", body)
        case .ended(let body): ("ended", body)
        case .verified(let body): ("verified", body)
        case .withdrawn(let body): ("withdrawn", body)
        case .passedNoReturn(let body): ("passedNoReturn", body)
        case .noReturnOverridden(let body): ("noReturnOverridden", body)
        case .combinationOverridden(let body): ("combinationOverridden", body)
        case .blocked(let body): ("blocked", body)
        case .unblocked(let body): ("unblocked", body)
        case .held(let body): ("held", body)
        case .holdReleased(let body): ("holdReleased", body)
        case .pinned(let body): ("pinned", body)
        case .unpinned(let body): ("unpinned", body)
        case .alarmRaised(let body): ("alarmRaised", body)
        case .alarmCleared(let body): ("alarmCleared", body)
        case .downOrdered(let body): ("downOrdered", body)
        case .routerRemoved(let body): ("routerRemoved", body)
        case .downFinished(let body): ("downFinished", body)
        }
    }

    package static func decode<D: PayloadDecoder>(_ kind: EventKind, from decoder: D) throws -> Lane.Event? {
        guard (1...Self.newest(kind.name).version).contains(kind.version), let read = Self.readers(decoder)[kind.name]
        else { return nil }
        return try read()
    }

    private static func readers<D: PayloadDecoder>(_ decoder: D) -> [String: () throws -> Lane.Event] {
        func reader<T: Decodable>(_ make: @escaping (T) -> Lane.Event) -> () throws -> Lane.Event {
            { make(try decoder.decode(T.self)) }
        }
        return [
            "lane.requested": reader(Self.requested), "lane.waiting": reader(Self.waiting),
            "lane.movedFirst": reader(Self.movedFirst),
            "lane.removed": reader(Self.removed), "lane.admitted": reader(Self.admitted),
            "lane.rollbackOrdered": reader(Self.rollbackOrdered), "lane.rollbackStarted": reader(Self.rollbackStarted),
            "lane.capacityWanted": reader(Self.capacityWanted), "lane.capacityReady": reader(Self.capacityReady),
            "lane.capacityLost": reader(Self.capacityLost),
            "lane.capacityWarm": reader(Self.capacityWarm), "lane.capacityRetiring": reader(Self.capacityRetiring),
            "lane.capacityGone": reader(Self.capacityGone), "lane.stepStarted": reader(Self.stepStarted),
            "lane.instancesDied": reader(Self.instancesDied), "lane.routerDied": reader(Self.routerDied),
            "lane.stepCompleted": reader(Self.stepCompleted), "lane.judged": reader(Self.judged),
            "lane.alertPeriodBegan": reader(Self.alertPeriodBegan),
            "lane.alertPeriodEnded": reader(Self.alertPeriodEnded),
            "lane.capacityScaled": reader(Self.capacityScaled),
            "lane.routingWanted": reader(Self.routingWanted),
            "lane.routingConfirmed": reader(Self.routingConfirmed), "lane.paused": reader(Self.paused),
            "lane.resumed": reader(Self.resumed), "lane.skipped": reader(Self.skipped),
            "lane.handedOver": reader(Self.handedOver), "lane.aborted": reader(Self.aborted),
            "lane.failed": reader(Self.failed), "lane.ended": reader(Self.ended),
            "lane.verified": reader(Self.verified), "lane.withdrawn": reader(Self.withdrawn),
            "lane.passedNoReturn": reader(Self.passedNoReturn),
            "lane.noReturnOverridden": reader(Self.noReturnOverridden),
            "lane.combinationOverridden": reader(Self.combinationOverridden), "lane.blocked": reader(Self.blocked),
            "lane.unblocked": reader(Self.unblocked), "lane.held": reader(Self.held),
            "lane.holdReleased": reader(Self.holdReleased), "lane.pinned": reader(Self.pinned),
            "lane.unpinned": reader(Self.unpinned), "lane.alarmRaised": reader(Self.alarmRaised),
            "lane.alarmCleared": reader(Self.alarmCleared), "lane.downOrdered": reader(Self.downOrdered),
            "lane.routerRemoved": reader(Self.routerRemoved), "lane.downFinished": reader(Self.downFinished),
        ]
    }
}
