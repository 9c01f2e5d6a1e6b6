extension Lane {
    /// What a lane is told. Time and actor come with every input.
    package enum Input: Sendable, Equatable {
        case intent(Intent, by: Actor, at: Instant)
        case answer(Answer, at: Instant)
        /// Facts about everything in the queue, gathered for the effect `evaluate`.
        case evaluated([Evaluation], at: Instant)
        case tick(at: Instant)
    }

    /// What a person, an account or the schedule wants.
    package enum Intent: Sendable, Equatable {
        /// With a time it waits for that, whatever else would let it pass.
        case promote(Candidate, notBefore: Instant? = nil)
        case cancel(number: Int, reason: String)
        /// A waiting promotion comes before all others that wait.
        case moveFirst(number: Int, reason: String)
        case pause(number: Int?, reason: String)
        case resume(number: Int?, reason: String)
        case abort(number: Int?, reason: String)
        /// Ends a step that waits or observes early; recorded as an override.
        case skip(number: Int?, reason: String)
        /// During the bake: what comes next takes over as soon as it may enter. The bake goes on until then, and what
        /// is taken over from ends as superseded, not as verified.
        case handOver(number: Int?, reason: String)
        /// Lifts the block of a release and asks for its promotion again.
        case retry(Candidate, reason: String)
        /// `to` nil: the release verified here before the one that serves.
        case rollback(to: String?, RollbackSettings, reason: String)
        /// The same, also past a point of no return: a person's word that the older version can work on the data.
        case forcedRollback(to: String?, RollbackSettings, reason: String)
        /// A waiting promotion may enter beside these (`service@version`), together with which it was never verified.
        case overrideCombination(number: Int, with: [String], reason: String)
        case hold(reason: String, until: Instant?)
        case releaseHold(reason: String)
        /// The release is a fact: whoever asks has found it.
        case pin(Candidate, reason: String)
        case unpin(reason: String)
        case block(ReleaseID, reason: String)
        case unblock(ReleaseID, reason: String)
        case clearAlarm(reason: String)
        case down(reason: String)
    }

    /// What a rollback needs to know of the definition: `health`, how long a cold start may take.
    package struct RollbackSettings: Sendable, Equatable, Codable {
        package let health: Milliseconds
        package let drain: Milliseconds
        package let policy: QueuePolicy
        package let definition: Int

        package init(health: Milliseconds, drain: Milliseconds, policy: QueuePolicy, definition: Int) {
            self.health = health
            self.drain = drain
            self.policy = policy
            self.definition = definition
        }
    }

    /// What the world answered to an effect.
    package enum Answer: Sendable, Equatable {
        case capacityReady(Int)
        case capacityFailed(Int, reason: String, lastLines: [String])
        case capacityGone(Int)
        /// By the target's own word none of its instances is ready any more, or some are again.
        case capacityLost(Int, reason: String)
        case capacityBack(Int)
        /// How many of its instances, or how often the router, ended by themselves and were started again since they
        /// were put up; and how the last one ended. Told again and again: what is known changes nothing.
        case instancesDied(Int, count: Int, last: String)
        case routerDied(count: Int, last: String)
        /// The router should run and can't be started; and it runs again. Told again and again, too.
        case routerDown(reason: String)
        case routerBack
        case routed(generation: Int)
        case verified(number: Int, Verdict, summary: String, lastLines: [String])
        /// The judge's word on the running deployment, each time it has looked.
        case judged(number: Int, Judgement)
        /// So many instances of a capacity are ready.
        case scaled(Int, replicas: Int)
        case scaleFailed(Int, reason: String, lastLines: [String])
        case taskEnded(number: Int, TaskKind, Verdict, summary: String, lastLines: [String], irreversible: Bool)
        case routerRemoved
        /// The effect can't be done, and doing it again would not help.
        case impossible(Effect, reason: String)
    }

    /// What the engine found out about one queued promotion.
    package struct Evaluation: Sendable, Equatable {
        package let number: Int
        package let facts: AdmissionFacts
        package let plan: Plan

        package init(number: Int, facts: AdmissionFacts, plan: Plan) {
            self.number = number
            self.facts = facts
            self.plan = plan
        }
    }

    /// What is to be done in the world. Idempotent, and derived from the state.
    package enum Effect: Sendable, Hashable {
        case route(generation: Int)
        case raise(capacity: Int)
        case scale(capacity: Int, replicas: Int)
        case retire(capacity: Int)
        case verify(number: Int, step: Int, VerifyPlace)
        case task(number: Int, step: Int, TaskKind)
        case evaluate
        case wake(at: Instant)
        case removeRouter
    }
}
