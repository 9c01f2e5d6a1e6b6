/// One step of a deployment. A strategy is a function from settings to a list of these; one machine executes them all.
package enum Step: Sendable, Equatable, Codable {
    /// A task of the release, once per deployment.
    case task(TaskKind, within: Milliseconds)
    /// The instances are up and healthy, before any traffic.
    case capacity(within: Milliseconds)
    /// Reachable by the preview header and the private preview listener only.
    case preview
    /// Every verify of the environment passes on the version under test.
    case verify(VerifyPlace, within: Milliseconds)
    /// Watched time on the preview before the switch.
    case hold(Milliseconds)
    /// This share of the traffic goes to the new version.
    case shift(BasisPoints)
    /// So many instances of the new version are up and healthy; at most all that the release asks for.
    case scale(replicas: Int, within: Milliseconds)
    /// This share is watched and judged: it ends early, after `atLeast`, when the version is certified.
    case observe(BasisPoints, StepTimes)
    /// Watched time after 100 %.
    case bake(Milliseconds)

    package var name: String {
        switch self {
        case .task(let kind, _): "task \(kind.rawValue)"
        case .capacity: "capacity"
        case .preview: "preview"
        case .verify(let place, _): "verify on \(place.rawValue)"
        case .hold: "hold"
        case .shift(let share): "shift to \(share.percent)"
        case .scale(let replicas, _): "scale to \(replicas)"
        case .observe(let share, _): "observe at \(share.percent)"
        case .bake: "bake"
        }
    }

    /// How long the step may take before its defined exit. Waits add a margin in which the wake-up must have come.
    package var allowed: Milliseconds {
        switch self {
        case .task(_, let within), .capacity(let within), .verify(_, let within), .scale(_, let within):
            within + .seconds(30)
        case .preview, .shift: .seconds(60)
        case .hold(let wait), .bake(let wait): wait + .minutes(5)
        case .observe(_, let times): times.atMost + .minutes(5)
        }
    }

    /// The wait of a step that only waits.
    package var wait: Milliseconds? {
        switch self {
        case .hold(let wait), .bake(let wait): wait
        case .task, .capacity, .preview, .verify, .shift, .scale, .observe: nil
        }
    }

    /// When a step's time is up: a wait then ends by itself, an observation then needs a verdict.
    package var until: Milliseconds? {
        switch self {
        case .hold(let wait), .bake(let wait): wait
        case .observe(_, let times): times.atMost
        case .task, .capacity, .preview, .verify, .shift, .scale: nil
        }
    }
}

package enum TaskKind: String, Sendable, Codable, CaseIterable {
    case before, afterTraffic, afterBake
}

package enum VerifyPlace: String, Sendable, Codable, CaseIterable {
    case preview, live
}

/// What a deployment will do, decided at its admission and kept in the event.
package struct Plan: Sendable, Equatable, Codable {
    package var strategy: String
    package var steps: [Step]
    /// How long the old version stays warm after the switch.
    package var keepWarm: Milliseconds
    package var drain: Milliseconds
    package var policy: QueuePolicy
    /// Once it has traffic there is no way back but forward.
    package var reversible: Bool
    /// How it is watched; nil: nothing to watch (no traffic, a move back, or stored before there was a judge).
    package var judging: Judging?
    /// Instances that it begins with; nil: all.
    package var firstReplicas: Int?
    /// Where the way back ends, as its release declares; nil: as `reversible` says.
    package var noReturns: [NoReturn]?

    package init(
        strategy: String, steps: [Step], keepWarm: Milliseconds, drain: Milliseconds, policy: QueuePolicy,
        reversible: Bool, judging: Judging? = nil, firstReplicas: Int? = nil
    ) {
        self.strategy = strategy
        self.steps = steps
        self.keepWarm = keepWarm
        self.drain = drain
        self.policy = policy
        self.reversible = reversible
        self.judging = judging
        self.firstReplicas = firstReplicas
    }
}

extension Plan {
    /// The steps of a forward move of `release` into an environment.
    ///
    /// `isFirst`: nothing serves there yet. The first deployment has nothing to compare with: whatever the strategy, it
    /// goes in whole after its verify on the preview, then bakes (DESIGN section 4).
    ///
    /// `prepared`: the deployment here that prepared for what the release needs; nothing before it can be gone back to.
    package static func forward(
        _ environment: EnvironmentDefinition, _ release: RunConfiguration, isFirst: Bool,
        preparedBy prepared: Int? = nil
    ) -> Plan {
        var steps: [Step] = []
        let tasks = release.tasks
        let health = release.run?.health.within ?? .seconds(20)
        let replicas = environment.replicas ?? release.run?.replicas ?? 1
        if let task = tasks.before { steps.append(.task(.before, within: task.within)) }
        steps.append(.capacity(within: health))
        steps +=
            isFirst
            ? Step.first(environment) : environment.strategy.steps(environment, replicas: replicas, health: health)
        if let task = tasks.afterTraffic { steps.append(.task(.afterTraffic, within: task.within)) }
        if environment.bake > .zero { steps.append(.bake(environment.bake)) }
        if let task = tasks.afterBake { steps.append(.task(.afterBake, within: task.within)) }
        var plan = Plan(
            strategy: environment.strategy.name, steps: steps, keepWarm: environment.keepWarm,
            drain: environment.drain, policy: environment.queue, reversible: release.reversible,
            judging: environment.listen == nil ? nil : environment.judging,
            firstReplicas: isFirst ? nil : environment.strategy.firstReplicas(of: replicas))
        plan.noReturns = Plan.noReturns(steps, release, preparedBy: prepared)
        return plan
    }

    /// Back to a release verified here: no analysis, no verify, no bake. Warm it is one switch.
    package static func rollback(isWarm: Bool, health: Milliseconds, drain: Milliseconds, policy: QueuePolicy) -> Plan {
        Plan(
            strategy: "rollback", steps: (isWarm ? [] : [.capacity(within: health)]) + [.shift(.all)],
            keepWarm: .zero, drain: drain, policy: policy, reversible: true)
    }
}

extension Strategy {
    /// Settings and environments that show every strategy: what the tests that cut histories run over.
    package static let examples: [Strategy] = [
        .bigBang, .blueGreen(hold: .zero), .blueGreen(hold: .seconds(5)), .canary(.standard), .rolling(.standard),
    ]

    fileprivate func steps(_ environment: EnvironmentDefinition, replicas: Int, health: Milliseconds) -> [Step] {
        switch self {
        case .bigBang:
            return [.shift(.all)] + Step.verify(environment, on: .live)
        case .blueGreen(let hold):
            let wait: [Step] = hold > .zero ? [.hold(hold)] : []
            return [.preview] + Step.verify(environment, on: .preview) + wait + [.shift(.all)]
        case .canary(let settings):
            let shares = settings.steps.filter { $0 < .all }
            return [.preview]
                + shares.enumerated().flatMap { index, share -> [Step] in
                    let verify = index == 0 ? Step.verify(environment, on: .preview) : []
                    return [.shift(share)] + verify + [.observe(share, settings.each)]
                } + [.shift(.all)]
        case .rolling(let settings):
            let batches = Array(stride(from: settings.batch, to: replicas, by: max(1, settings.batch)))
            let steps = batches.enumerated().flatMap { index, count -> [Step] in
                let share = BasisPoints(count * 10_000 / replicas) ?? .all
                let scale: [Step] = index == 0 ? [] : [.scale(replicas: count, within: health)]
                return scale + [.shift(share), .observe(share, settings.each)]
            }
            let last: [Step] = batches.isEmpty ? [] : [.scale(replicas: replicas, within: health)]
            return steps + last + [.shift(.all)] + Step.verify(environment, on: .live)
        }
    }

    fileprivate func firstReplicas(of replicas: Int) -> Int? {
        switch self {
        case .bigBang, .blueGreen, .canary: nil
        case .rolling(let settings): min(settings.batch, replicas)
        }
    }
}

extension EnvironmentDefinition {
    fileprivate var judging: Judging {
        var judging = Judging(noData: self.noData ?? .standard, objective: self.objective ?? .standard)
        switch self.strategy {
        case .bigBang, .blueGreen: break
        case .canary(let settings):
            judging.every = settings.observe
            judging.whenTimeIsUp = settings.whenTimeIsUp
        case .rolling(let settings):
            judging.every = settings.observe
            judging.whenTimeIsUp = settings.whenTimeIsUp
        }
        return judging
    }
}

extension Step {
    fileprivate static func first(_ environment: EnvironmentDefinition) -> [Step] {
        [.preview] + Step.verify(environment, on: .preview) + [.shift(.all)]
    }

    fileprivate static func verify(_ environment: EnvironmentDefinition, on place: VerifyPlace) -> [Step] {
        guard !environment.verify.isEmpty else { return [] }
        let total = environment.verify.reduce(Milliseconds.zero) { $0 + $1.within }
        return [.verify(place, within: total)]
    }
}

extension Verify {
    package var within: Milliseconds {
        switch self {
        case .run(_, let within): within
        case .http(_, _, let within): within
        }
    }
}
