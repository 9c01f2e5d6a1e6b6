import CanaryAnalysis
package import Core
import Ports

/// Everything that was seen of one deployment, and what the judge makes of it: a fold over looks, so that a new process
/// that reads the same looks comes to the same judgement.
package struct ObservedRun: Sendable {
    private let deployment: Deployment
    private let judging: Judging
    private var judge: CanaryJudge
    private var bake: BakeWatch?
    private let past: Past
    /// What served before: how long its answers took, by bucket.
    private let timesBefore: [Int]?
    private var latest: (new: Look, old: Look?)?
    private var interval = 0
    private var from: Instant?
    private var to: Instant?
    private var digest = FieldHasher()
    private var chain = ChainHash.origin
    private var fallbacks = Fallbacks()
    /// Requests of the new version, by the end of their interval.
    private var answered: [(at: Instant, requests: Int)] = []
    /// The end of what was seen last.
    package var lastLook: Instant? { self.to }

    /// The split was found wrong and that was said.
    package private(set) var splitIsWrong = false

    /// `old` is the look at what serves right before the new version has traffic: the bounds for its times are fixed by
    /// it. Throws `AnalysisProblem` for settings that say nothing.
    package init(_ deployment: Deployment, _ judging: Judging, past: Past, old: Look?) throws {
        self.deployment = deployment
        self.judging = judging
        self.past = past
        self.timesBefore = old?.counts?.times
        var settings = CanaryJudge.Settings()
        settings.objective = Double(judging.objective.perMillion) / 1_000_000
        settings.errors.dispersion = past.dispersion(before: deployment.startedAt)
        settings.split = try SplitCheck.Settings()
        // What silence means is the environment's word, at the end of a step: never the judge's.
        settings.silence = 1_000_000
        if let times = old?.counts?.times, times.count == LatencyLadder.buckets,
            let bounds = try CanaryAnalysis.LatencyBounds.nearest(
                bounds: LatencyLadder.bounds, baseline: times, resolution: LatencyLadder.resolution)
        {
            settings.latency = CanaryJudge.Settings.Latency(bounds: bounds)
        }
        self.judge = try CanaryJudge(settings)
    }

    // MARK: Learning

    package mutating func take(_ looks: Looks) throws {
        defer { self.latest = (looks.new, looks.old) }
        self.from = self.from ?? looks.from
        self.to = looks.to
        for body in looks.bodies { self.addToDigest(body) }
        if looks.new.acknowledges, self.splitIsWrong {
            self.judge.acknowledgeSplit()
            self.splitIsWrong = false
        }
        self.interval += 1
        guard let before = self.latest else { return }
        let (toOld, toNew) = self.fallbacks.take(looks, since: before)
        // What the new version answers beside its share is no measure of it.
        let new = toNew > 0 ? .missing : Self.reading(looks.new, since: before.new)
        let old = looks.old.map { Self.reading($0, since: before.old) } ?? .missing
        let share = looks.new.counts?.weight.count ?? 0
        self.judge.update(
            CanaryAnalysis.Interval(
                number: self.interval, weight: share, canary: new, baseline: old,
                // With an arm away the split is not what was asked for, and it is known why.
                arrivals: toOld + toNew > 0 ? nil : Self.arrivals(looks, since: before)))
        self.splitIsWrong = self.judge.split?.isAlarm ?? false
        if case .counts(let counts) = new {
            self.remember(counts.requests, at: looks.to)
            if share == BasisPoints.all.count { try self.bakeOn(counts, looks, since: before.new) }
        }
    }

    private mutating func remember(_ requests: Int, at: Instant) {
        guard requests > 0 else { return }
        self.answered.append((at, requests))
        // Only the running step is asked about, so the far past may be one sum.
        if self.answered.count > 4_096 {
            let old = self.answered.prefix(2_048).reduce(0) { $0 + $1.requests }
            let last = self.answered[2_047].at
            self.answered.replaceSubrange(0..<2_048, with: [(last, old)])
        }
    }

    private mutating func addToDigest(_ body: [UInt8]) {
        self.digest.add(self.chain.bytes)
        self.digest.add(body)
        self.chain = self.digest.finish()
    }

    private mutating func bakeOn(
        _ counts: CanaryAnalysis.Interval.Counts, _ looks: Looks, since before: Look
    ) throws {
        let bake =
            try self.bake
            ?? BakeWatch(
                past: self.past, ownPast: self.judge.errors.baseline, judging: self.judging,
                times: self.timesBefore,
                length: self.deployment.plan.bakeLength, began: looks.from)
        var next = bake
        next.take(counts, looks, since: before)
        self.bake = next
    }

    private static func reading(_ look: Look, since before: Look?) -> CanaryAnalysis.Interval.Reading {
        guard let counts = look.counts else { return .missing }
        guard look.capacity == before?.capacity else { return .missing }
        return counts.since(before?.counts)
    }

    /// Newcomers that drew their version in this interval, at one weight.
    private static func arrivals(
        _ looks: Looks, since before: (new: Look, old: Look?)
    ) -> CanaryAnalysis.Interval.Arrivals? {
        guard let new = looks.new.counts, let old = looks.old?.counts, let newBefore = before.new.counts,
            let oldBefore = before.old?.counts, new.weight == newBefore.weight, new.epoch == newBefore.epoch,
            old.epoch == oldBefore.epoch
        else { return nil }
        let arrivals = CanaryAnalysis.Interval.Arrivals(
            canary: new.newcomers - newBefore.newcomers, baseline: old.newcomers - oldBefore.newcomers)
        return arrivals.canary + arrivals.baseline > 0 ? arrivals : nil
    }

    // MARK: What it comes to

    /// The judge's word now. `timeIsUp`: the step's longest time is over.
    package func judgement(stepStartedAt: Instant, timeIsUp: Bool, version: String, old: String?) -> Judgement {
        let requests = self.answered.filter { $0.at > stepStartedAt }.reduce(0) { $0 + $1.requests }
        let atTheEnd = self.judge.decisionWhenTimeIsUp(
            requestsInStep: max(requests, self.judge.settings.minimumRequests))
        let mayAdvance = if case .pass = atTheEnd { true } else { false }
        let decision = timeIsUp && self.judge.decision == .pending ? atTheEnd : self.judge.decision
        let verdict = self.judge.verdict(decision)
        let errors = verdict.findings[0]
        var result = Judgement(
            verdict: Self.verdict(self.judge.decision), sentence: verdict.sentence,
            metric: decision == .pause ? "split" : verdict.findings[verdict.leading].metric,
            new: Judgement.Counts(
                version: version, requests: errors.canary.requests, errors: errors.canary.events),
            old: old.map {
                Judgement.Counts(version: $0, requests: errors.baseline.requests, errors: errors.baseline.events)
            },
            requestsInStep: requests, ratioAtLeast: errors.ratioAtLeast, ratioAtMost: errors.ratioAtMost,
            harm: verdict.harm, safe: errors.safety, mayAdvance: mayAdvance, warning: nil,
            from: self.from ?? stepStartedAt, to: self.to ?? stepStartedAt, observations: "sha256:\(self.chain)")
        self.bake?.amend(&result)
        self.fallbacks.amend(&result)
        return result
    }

    private static func verdict(_ decision: CanaryJudge.Decision) -> Core.Verdict? {
        switch decision {
        case .pending: nil
        case .pass: .pass
        case .fail: .fail
        case .pause: .error
        case .noData: .noData
        }
    }
}

extension ObservedRun {
    /// The judge's word at the time of a look, on the step that runs. `old`: the version that served before.
    func judgement(_ deployment: Deployment, at now: Instant, _ old: String?) -> Judgement {
        self.judgement(
            stepStartedAt: deployment.stepStartedAt, timeIsUp: deployment.stepUntil.map { $0 <= now } ?? false,
            version: deployment.candidate.version, old: old)
    }
}

extension Plan {
    /// Watched time after all traffic has moved.
    var bakeLength: Milliseconds {
        self.steps.reduce(.zero) { sum, step in
            if case .bake(let length) = step { sum + length } else { sum }
        }
    }
}
