import APIClient
import Core
import Engine

extension Wire.Service {
    init(_ view: ControlPlane.ServiceView) {
        self.init(
            name: view.definition.service.text, owner: view.definition.owner, definition: view.number,
            environments: view.lanes.map { Wire.Lane($0) }, watchTrouble: view.watchTrouble)
    }
}

extension Wire.Lane {
    init(_ view: LaneView) {
        let (id, environment, lane) = (view.id, view.environment, view.lane)
        self.init(service: id.service.text, environment: id.environment.text)
        self.listen = view.listen?.description
        self.preview = view.preview.map { "http://\($0)" }
        self.strategy = environment.strategy.name
        self.promote = environment.promotion.rawValue
        self.after = environment.after.map(\.text)
        self.serving = lane.confirmedServing.map { Wire.Serving($0.capacity, $0.weight, in: lane) }
        self.switchingTo = lane.switchingTo.map { Wire.Serving($0.capacity, $0.weight, in: lane) }
        self.warm = lane.capacities.values.filter { $0.warmUntil != nil && $0.state == .ready }
            .sorted { $0.number < $1.number }.map { Wire.Serving($0, .zero, in: lane) }
        self.deployment = lane.deployment.map { Wire.Promotion($0, in: view) }
        self.queue = lane.queue.map { Wire.Promotion($0, environment, of: id) }
        self.recent = lane.recent.reversed().prefix(20).map { Wire.Promotion($0, in: view) }
        self.hold = lane.hold.map {
            Wire.Guard(
                by: $0.by.description, reason: $0.reason, since: $0.since.wire, until: $0.until?.wire, subject: nil)
        }
        self.pin = lane.pin.map {
            Wire.Guard(by: $0.by.description, reason: $0.reason, since: nil, until: nil, subject: $0.version)
        }
        self.blocks = lane.blocks.map {
            Wire.Guard(
                by: $0.by.description, reason: $0.reason, since: $0.at.wire, until: nil, subject: $0.release.text)
        }
        self.alarm = lane.alarm.map {
            Wire.Alarm(
                kind: $0.kind.rawValue, reason: $0.reason, nextAction: $0.nextAction, since: $0.since.wire)
        }
        self.rollbackTo = view.rollback?.target.version
        self.rollback = view.rollback.map { Wire.RollbackPlan($0) }
        self.isGoingDown = lane.takingDown != nil
        self.hasRouter = lane.hasRouter
    }
}

extension Wire.RollbackPlan {
    init(_ forecast: RollbackForecast) {
        self.init(
            version: forecast.target.version, isWarm: forecast.isWarm, expected: forecast.expected.count,
            isMeasured: forecast.isMeasured, drain: forecast.drain.count, sentence: forecast.sentence)
    }
}

extension Wire.Serving {
    init(_ capacity: Capacity, _ weight: BasisPoints, in lane: Lane) {
        let state =
            if lane.deployment?.capacity == capacity.number {
                "in deployment"
            } else if lane.stable?.capacity == capacity.number { "verified" } else if capacity.warmUntil != nil {
                "warm"
            } else { "not verified" }
        self.init(
            version: capacity.candidate.version, release: capacity.candidate.release.text, weight: weight.count,
            state: state, until: capacity.warmUntil?.wire)
    }
}

extension Wire.Promotion {
    static func id(_ lane: LaneID, _ number: Int) -> String { "\(lane)/\(number)" }

    private init(
        _ lane: LaneID, _ number: Int, _ candidate: Candidate, _ state: Wire.PromotionState, _ kind: Deployment.Kind,
        by actor: Actor
    ) {
        self.init(
            id: Self.id(lane, number), service: lane.service.text, environment: lane.environment.text, number: number,
            release: candidate.release.text, version: candidate.version, state: state, kind: kind.rawValue,
            by: actor.description)
    }

    /// One that waits.
    init(_ queued: QueuedPromotion, _ environment: EnvironmentDefinition, of lane: LaneID) {
        self.init(lane, queued.number, queued.candidate, .waiting, .forward, by: queued.by)
        self.requestedAt = queued.requestedAt.wire
        self.notBefore = queued.notBefore?.wire
        self.waitsFor = queued.waitsFor.filter { $0.verdict != .pass }.map { Wire.Gate($0) }
        self.change = environment.needsChange ? ChangeID(lane, queued.number).text : nil
        self.strategy = environment.strategy.name
    }

    /// One that is being deployed.
    init(_ deployment: Deployment, in view: LaneView) {
        let (lane, id) = (view.lane, view.id)
        let state: Wire.PromotionState =
            switch deployment.phase {
            case .running: deployment.pause == nil ? .deploying : .paused
            case .returning: .returning
            }
        self.init(id, deployment.number, deployment.candidate, state, deployment.kind, by: deployment.by)
        self.startedAt = deployment.startedAt.wire
        self.strategy = deployment.plan.strategy
        self.steps = deployment.plan.steps.map(\.name)
        self.step = deployment.step
        self.stepStartedAt = deployment.stepStartedAt.wire
        self.stepUntil = deployment.stepUntil?.wire
        self.deadline = deployment.deadline.wire
        self.weight = lane.confirmedWeight(of: deployment.capacity).count
        let handOver = deployment.handOver.map { "\($0.by) lets the next take over: \($0.reason)" }
        self.reason = deployment.ending?.reason ?? deployment.pause?.reason ?? handOver ?? deployment.reason
        self.lastLines = deployment.ending?.lastLines ?? []
        self.pausedBy = deployment.pause?.by.description
        self.alertUntil = deployment.alert?.until.wire
        self.alertSince = deployment.alert?.since.wire
        self.handedOverBy = deployment.handOver?.by.description
        self.judgement = Wire.Judgement(deployment.judgement, deployment.judgedAt, view.judgements[deployment.number])
        self.answers = Wire.Answer.all(to: deployment.pause)
    }

    /// One that ended.
    init(_ ended: EndedPromotion, in view: LaneView) {
        self.init(view.id, ended.number, ended.candidate, Wire.PromotionState(ended.end), ended.kind, by: ended.by)
        self.strategy = ended.strategy
        self.startedAt = ended.startedAt?.wire
        self.endedAt = ended.endedAt.wire
        self.reason = ended.reason.isEmpty ? nil : ended.reason
        self.lastLines = ended.lastLines
        self.judgement = Wire.Judgement(ended.judgement, ended.judgedAt, view.judgements[ended.number])
    }
}

extension Wire.PromotionState {
    init(_ end: EndedPromotion.End) {
        self =
            switch end {
            case .deployment(.completed): .completed
            case .deployment(.failed): .failed
            case .deployment(.aborted): .aborted
            case .deployment(.rolledBack): .rolledBack
            case .deployment(.superseded), .removed(.superseded): .superseded
            case .removed(.cancelled): .cancelled
            case .removed(.rejected): .rejected
            case .removed(.expired): .expired
            }
    }
}

extension Wire.Gate {
    init(_ result: GateResult) {
        self.init(
            gate: result.gate, verdict: result.verdict?.rawValue, reason: result.reason, passesAt: result.passesAt?.wire
        )
    }
}
