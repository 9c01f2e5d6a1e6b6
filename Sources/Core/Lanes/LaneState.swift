/// One service in one environment: its queue, what serves, holds and pins, the running deployment. The consistency
/// boundary: promote, abort, retry, rollback and supersede are decided here one after the other, so no two of them
/// race.
///
///     (no deployment) --admitted--> running --stepStarted/stepCompleted--> … --ended(completed)--> (no deployment)
///     running --aborted | failed--> returning --routingConfirmed--> ended(aborted | failed)
///     running --ended(superseded), admitted--> running (one append)
///     (no deployment) --rollbackStarted--> running --ended(rolledBack)--> (no deployment), held
package struct Lane: Sendable, Equatable, Codable {
    /// Which lane this is, for its words alone: no rule reads it. nil: nobody said (a lane that is only played through).
    package var id: LaneID?
    /// Number of the newest promotion or rollback. A promotion keeps its number as a deployment.
    package internal(set) var lastNumber = 0
    package internal(set) var queue: [QueuedPromotion] = []
    package internal(set) var deployment: Deployment?
    /// Instances that are, or should be, there; by the number of the deployment that put them up.
    package internal(set) var capacities: [Int: Capacity] = [:]
    package internal(set) var routing = DesiredRouting()
    package internal(set) var confirmedGeneration = 0
    /// What the router last confirmed: what really serves.
    package internal(set) var confirmed = DesiredRouting()
    /// Wanted before `routing`, and neither confirmed nor passed over yet; oldest first, at most `unconfirmedLimit`.
    package internal(set) var unconfirmed: [DesiredRouting] = []
    package internal(set) var times = Times()
    /// The generation at which there was last no router: before the first one, and after `down`.
    package internal(set) var routerlessGeneration = 0
    /// The newest deployment that ended as verified: the last known good. Advances only after the bake.
    package internal(set) var stable: Placed?
    /// Releases verified here, oldest first; at most `historyLimit`.
    package internal(set) var history: [VerifiedRelease] = []
    /// Waits of the running and of the verified deployments that a person ended early, by number.
    package internal(set) var skips: [Int: [Overridden]] = [:]
    package internal(set) var blocks: [Block] = []
    package internal(set) var hold: Hold?
    package internal(set) var pin: Pin?
    package internal(set) var alarm: Alarm?
    /// Nothing before this deployment can be gone back to.
    package internal(set) var noReturnBefore = 0
    /// Whose point of no return that is, and why; nil: none, or stored before it was kept.
    package internal(set) var noReturn: PassedNoReturn?
    package internal(set) var takingDown: TakingDown?
    /// The newest on record; nil: none since the router was put up.
    package internal(set) var routerDeaths: Deaths?
    /// A rollback that waits for the running deployment to have returned its traffic.
    package internal(set) var nextRollback: RollbackOrder?

    /// How the newest promotions ended, oldest first; at most `recentLimit`.
    package internal(set) var recent: [EndedPromotion] = []
    /// Releases that were asked for here, oldest first: automation asks once. At most `seenLimit`.
    package internal(set) var seen: [ReleaseID] = []

    package static let historyLimit = 50
    package static let recentLimit = 50
    package static let seenLimit = 200
    package static let queueLimit = 100
    package static let blockLimit = 500

    package init() {}

    /// The last known good, if there is still a way back to it.
    package var lastKnownGood: Placed? {
        self.stable.flatMap { $0.number >= self.noReturnBefore ? $0 : nil }
    }

    /// The capacity that traffic goes back to: the last known good, or what serves if there is none. Fixed while a
    /// deployment runs, because its own switch changes what serves.
    package var fallback: Int? {
        if let deployment { return deployment.returnsTo }
        if let lastKnownGood { return lastKnownGood.capacity }
        return self.routing.weights.filter { $0.value > .zero }
            .max { ($0.value, $0.key) < ($1.value, $1.key) }?.key
    }

    /// Has traffic and has passed its point of no return: going back would break on changed data.
    package func isForwardOnly(_ deployment: Deployment) -> Bool {
        self.noReturnBefore == deployment.number && self.weight(of: deployment.capacity) > .zero
    }

    /// Its instances are there, or on their way, and not being stopped.
    func stands(_ capacity: Int) -> Bool { self.capacities[capacity].map { $0.state != .retiring } ?? false }

    /// A router was put up, or is to be, since there was last none: it listens even where nothing serves.
    package var hasRouter: Bool { self.routing.generation > self.routerlessGeneration }

    /// Nothing of it is at the target, or on its way there or back, and nothing waits.
    package var isVacant: Bool {
        self.deployment == nil && self.capacities.isEmpty && self.takingDown == nil && self.queue.isEmpty
            && !self.hasRouter
    }

    /// Whether everything with traffic is ready, and is what the router does.
    var servesReady: Bool {
        self.routing.generation == self.confirmedGeneration
            && self.routing.weights.allSatisfy { $0.value == .zero || self.capacities[$0.key]?.state == .ready }
    }

    /// What has traffic and no ready instance.
    var lostWithTraffic: Capacity? {
        self.capacities.values.filter { $0.state == .wanted && self.weight(of: $0.number) > .zero }
            .min { $0.number < $1.number }
    }

    package func weight(of capacity: Int) -> BasisPoints { self.routing.weights[capacity] ?? .zero }

    /// What is to have traffic, with its weight; `confirmedServing` is what has it by the router's word.
    package var serving: [(capacity: Capacity, weight: BasisPoints)] { self.shares(of: self.routing) }

    /// Releases whose content this lane may still want: what runs or stands by, what waits or is under way, and whatever
    /// a rollback, by itself or by name, could go to.
    package var neededReleases: Set<ReleaseID> {
        var candidates = self.capacities.values.map(\.candidate) + self.queue.map(\.candidate)
        candidates += self.history.map(\.candidate)
        candidates += [self.deployment?.candidate, self.stable?.candidate, self.nextRollback?.target.candidate]
            .compactMap(\.self)
        return Set(candidates.map(\.release))
    }

    /// Values of secrets that what runs or stands by has, or what a rollback could go to had.
    package var neededSecrets: Set<SecretVersion> {
        Set(self.capacities.values.flatMap { $0.secrets ?? [] } + self.history.flatMap { $0.secrets ?? [] })
            .union(self.nextRollback?.target.secrets ?? [])
    }

    package func block(of release: ReleaseID) -> Block? {
        self.blocks.first { $0.release == release }
    }

    /// How the newest promotion of a release ended here, if that was a failure or an abort, which left a block behind.
    package func stop(of release: ReleaseID) -> EndedPromotion? {
        guard let last = self.recent.last(where: { $0.candidate.release == release }) else { return nil }
        return switch last.end {
        case .deployment(.failed), .deployment(.aborted): last
        case .deployment(.completed), .deployment(.rolledBack), .deployment(.superseded), .removed: nil
        }
    }

    /// The longest continuous stay of a release here, verified (the soak of what comes after); it does not lapse.
    package func longestStay(of release: ReleaseID, at now: Instant) -> Milliseconds? {
        self.history.filter { $0.release == release }.map { ($0.leftAt ?? now) - $0.verifiedAt }.max()
    }
}

package struct DesiredRouting: Sendable, Equatable, Codable {
    /// Rises with every change; targets refuse an older one.
    package var generation = 0
    package var weights: [Int: BasisPoints] = [:]
    package var preview: Int?
}

/// A release, as far as a lane needs to know it.
package struct Candidate: Sendable, Equatable, Codable {
    package let release: ReleaseID
    package let version: String

    package init(release: ReleaseID, version: String) {
        self.release = release
        self.version = version
    }
}

package struct Capacity: Sendable, Equatable, Codable {
    package enum State: String, Sendable, Codable {
        /// To be brought up: not ready yet, or (by the target's own word) not any more.
        case wanted
        case ready
        /// To be drained and stopped.
        case retiring
    }

    package let number: Int
    package let candidate: Candidate
    package internal(set) var state: State
    /// Number of the definition that it was admitted under.
    package let definition: Int
    /// Stands by without traffic until then.
    package internal(set) var warmUntil: Instant?
    package internal(set) var drain: Milliseconds
    /// Deadline of a retiring one; later than that raises the alarm.
    package internal(set) var goneBy: Instant?
    /// The newest on record; nil: none.
    package internal(set) var deaths: Deaths?
    /// Instances that it has so far; nil: all that its release and environment ask for.
    package internal(set) var replicas: Int?
    /// The values of secrets that its instances get; nil: none.
    package let secrets: [SecretVersion]?
}

package struct QueuedPromotion: Sendable, Equatable, Codable {
    package let number: Int
    package let candidate: Candidate
    package let by: Actor
    package let requestedAt: Instant
    package let expiresAt: Instant
    package var notBefore: Instant?
    /// By whose word it comes before what was asked for earlier.
    package internal(set) var movedBy: Actor?
    /// A person let it enter beside what it was never verified together with.
    package internal(set) var combination: Lane.CombinationOverridden?
    /// Why it waits; empty until first evaluated.
    package internal(set) var waitsFor: [GateResult]
}

/// What a gate says about one promotion now.
package struct GateResult: Sendable, Equatable, Codable {
    package let gate: String
    /// nil: pending.
    package let verdict: Verdict?
    /// Which rule, which value, who can change it.
    package let reason: String
    /// When it would pass by itself, if it would.
    package let passesAt: Instant?

    package init(gate: String, verdict: Verdict?, reason: String, passesAt: Instant? = nil) {
        self.gate = gate
        self.verdict = verdict
        self.reason = reason
        self.passesAt = passesAt
    }
}

extension GateResult {
    /// A time to pass that is over already would wake the lane again and again for nothing.
    package func known(at now: Instant) -> GateResult {
        guard let passesAt, passesAt <= now else { return self }
        return GateResult(gate: self.gate, verdict: self.verdict, reason: self.reason)
    }
}

/// One execution of putting a release onto an environment's targets by a strategy.
package struct Deployment: Sendable, Equatable, Codable {
    package enum Kind: String, Sendable, Codable {
        case forward, rollback
    }

    package enum Phase: Sendable, Equatable, Codable {
        case running
        /// Desired state is the old version again; ends with this outcome once the router confirmed.
        case returning(Outcome)
    }

    package let number: Int
    package let candidate: Candidate
    package let kind: Kind
    package let by: Actor
    package let reason: String?
    package let plan: Plan
    /// The capacity under deployment: its own number, or an older one that is still warm.
    package let capacity: Int
    /// Number of the definition that it was decided under.
    package let definition: Int
    package let startedAt: Instant
    /// Where the traffic goes back to: `Lane.fallback` as it was at the start. nil: nothing served.
    package let returnsTo: Int?
    package internal(set) var phase: Phase = .running
    /// Index into the plan's steps.
    package internal(set) var step = 0
    package internal(set) var stepStartedAt: Instant
    package internal(set) var stepIsDone = false
    package internal(set) var stepWasPaused = false
    /// End of a step that only waits.
    package internal(set) var stepUntil: Instant?
    package internal(set) var deadline: Instant
    package internal(set) var pause: Pause?
    /// A person said during its bake that the next may take over.
    package internal(set) var handOver: Lane.Overridden?
    /// The release team is on alert for it.
    package internal(set) var alert: AlertPeriod?
    /// The newest judgement on record.
    package internal(set) var judgement: Judgement?
    /// When that was recorded.
    package internal(set) var judgedAt: Instant?
    /// Why it is being taken back.
    package internal(set) var ending: Ending?

    package var currentStep: Step? {
        self.plan.steps.indices.contains(self.step) ? self.plan.steps[self.step] : nil
    }

    /// Its capacity, while its own step has still to bring that up, or nothing needs it any more.
    var unraisedCapacity: Int? {
        switch self.phase {
        case .returning: return self.capacity
        case .running:
            let left = self.plan.steps[min(self.stepIsDone ? self.step + 1 : self.step, self.plan.steps.count)...]
            let isToCome = left.contains { if case .capacity = $0 { true } else { false } }
            return isToCome ? self.capacity : nil
        }
    }

    /// Its step is the router's to do. (What a deployment before it left unconfirmed is not its fault.)
    var waitsForRouter: Bool {
        guard !self.stepIsDone else { return false }
        switch self.currentStep {
        case .preview, .shift: return true
        case .task, .capacity, .verify, .hold, .bake, .scale, .observe, nil: return false
        }
    }

    /// Its next move is the router's; being late raises the alarm, and it is tried again.
    var onlyAlarmsAtDeadline: Bool {
        switch self.phase {
        case .returning: return true
        case .running:
            guard self.kind == .rollback, case .shift = self.currentStep else { return false }
            return true
        }
    }

    /// Stands in its bake, and nobody has paused it.
    package var bakes: Bool {
        guard self.phase == .running, !self.stepIsDone, self.pause == nil, case .bake = self.currentStep else {
            return false
        }
        return true
    }

    /// What waits may take its place now: a person let it, or its policy does.
    package var mayBeTakenOver: Bool {
        self.handOver != nil && self.bakes || self.plan.policy == .latest && self.mayBeSuperseded
    }

    /// Automation may end it for something newer: never a rollback, nor what a person started or paused.
    package var mayBeSuperseded: Bool {
        self.kind == .forward && !self.by.isNamed && self.pause == nil && self.phase == .running
    }
}

package struct Pause: Sendable, Equatable, Codable {
    package let by: Actor
    package let reason: String
    package let since: Instant
}

package struct Ending: Sendable, Equatable, Codable {
    package let by: Actor
    package let reason: String
    /// The last lines of an instance or a command.
    package let lastLines: [String]
}

package enum Outcome: String, Sendable, Codable, CaseIterable {
    case completed, failed, aborted, rolledBack, superseded
}

package struct Placed: Sendable, Equatable, Codable {
    package let candidate: Candidate
    package let capacity: Int
    /// The deployment that was verified.
    package let number: Int
}

/// How a promotion ended, with or without a deployment.
package struct EndedPromotion: Sendable, Equatable, Codable {
    package enum End: Sendable, Equatable, Codable {
        case deployment(Outcome)
        case removed(Lane.Removed.Why)
    }

    package let number: Int
    package let candidate: Candidate
    package let kind: Deployment.Kind
    package let end: End
    package let by: Actor
    /// nil: it never started.
    package let strategy: String?
    package let startedAt: Instant?
    package let endedAt: Instant
    package let reason: String
    package let lastLines: [String]
    /// The last judgement on record.
    package internal(set) var judgement: Judgement?
    package internal(set) var judgedAt: Instant?
}

package struct VerifiedRelease: Sendable, Equatable, Codable {
    package let candidate: Candidate
    package let number: Int
    package let verifiedAt: Instant
    package internal(set) var leftAt: Instant?
    /// Gone back from: no longer a target of a rollback unless named.
    package internal(set) var isWithdrawn: Bool
    /// The values of secrets that it was verified with, and is gone back to with; nil: none.
    package let secrets: [SecretVersion]?

    package var release: ReleaseID { self.candidate.release }
}

package struct Block: Sendable, Equatable, Codable {
    package let release: ReleaseID
    package let by: Actor
    package let reason: String
    package let at: Instant
}

package struct Hold: Sendable, Equatable, Codable {
    package let by: Actor
    package let reason: String
    package let since: Instant
    package let until: Instant?
}

package struct Pin: Sendable, Equatable, Codable {
    package let version: String
    package let by: Actor
    package let reason: String
}

/// What needs a person, and the next action.
package struct Alarm: Sendable, Equatable, Codable {
    package enum Kind: String, Sendable, Codable, CaseIterable {
        /// A version with traffic has no ready instance.
        case noReadyCapacity
        /// Something that must happen did not come in its time; it is still being tried.
        case stuck
        case rollbackFailed
        /// A release without a way back failed: roll forward.
        case forwardOnly
        /// The judge stopped a release: nothing else moves forward by itself until a person has looked.
        case stoppedByJudge
        /// The lane's router ended and can't be started again: nobody is served. It is still being tried.
        case routerDown
    }

    package let kind: Kind
    package let reason: String
    package let nextAction: String
    package let since: Instant
}

package struct TakingDown: Sendable, Equatable, Codable {
    package let by: Actor
    package internal(set) var routerIsGone: Bool
    /// Later than that raises the alarm; it is still being tried.
    package let deadline: Instant
}

package struct RollbackOrder: Sendable, Equatable, Codable {
    package let number: Int
    package let target: VerifiedRelease
    package let by: Actor
    package let reason: String
    package let settings: Lane.RollbackSettings
    package let at: Instant
}
