/// How a deployment is watched: decided at its admission and kept in the event.
package struct Judging: Sendable, Equatable, Codable {
    /// Time between two looks at the counts.
    package var every: Milliseconds
    package var whenTimeIsUp: WhenTimeIsUp
    package var noData: NoDataPolicy
    /// The error rate that the version must be shown to stay below, or that the bake guards.
    package var objective: ErrorRate

    package init(
        every: Milliseconds = .seconds(5), whenTimeIsUp: WhenTimeIsUp = .advanceUnlessDoubt,
        noData: NoDataPolicy = .standard, objective: ErrorRate = .standard
    ) {
        self.every = every
        self.whenTimeIsUp = whenTimeIsUp
        self.noData = noData
        self.objective = objective
    }
}

/// What the judge says about a running deployment, with what it rests on. Integers only: it is stored as it is.
package struct Judgement: Sendable, Equatable, Codable {
    /// What one version answered since the deployment's first traffic.
    package struct Counts: Sendable, Equatable, Codable {
        package var version: String
        package var requests: Int
        package var errors: Int

        package init(version: String, requests: Int, errors: Int) {
            self.version = version
            self.requests = requests
            self.errors = errors
        }
    }

    /// pass: certified; fail: shown to do harm; error: the measurement can't be trusted (the split is not what was asked
    /// for); noData: nothing to judge by; nil: no verdict yet.
    package var verdict: Verdict?
    /// Metric, both counts, ratio interval and evidence in words: the same in record, API, page and command line.
    package var sentence: String
    /// What the verdict is about: `errors`, `latency`, `split` …
    package var metric: String?
    package var new: Counts
    /// nil: nothing to compare with.
    package var old: Counts?
    /// Requests of the new version since the step began.
    package var requestsInStep: Int
    /// Bounds of the ratio of error odds, in thousandths; `ratioAtMost` nil: not bounded yet.
    package var ratioAtLeast: Int
    package var ratioAtMost: Int?
    /// Natural logarithms of the e-values for harm and for safety, in millionths.
    package var harm: Int
    package var safe: Int
    /// The ratio's upper bound is below the limit, or the version's own error rate is certified below the objective.
    package var mayAdvance: Bool
    /// Worth telling people, and no reason to act: latency after 100 %, restarts, growing memory.
    package var warning: String?
    /// The observations that it rests on: their range and SHA-256.
    package var from: Instant
    package var to: Instant
    package var observations: String

    package init(
        verdict: Verdict?, sentence: String, metric: String?, new: Counts, old: Counts?, requestsInStep: Int,
        ratioAtLeast: Int, ratioAtMost: Int?, harm: Int, safe: Int, mayAdvance: Bool, warning: String?, from: Instant,
        to: Instant, observations: String
    ) {
        self.verdict = verdict
        self.sentence = sentence
        self.metric = metric
        self.new = new
        self.old = old
        self.requestsInStep = requestsInStep
        self.ratioAtLeast = ratioAtLeast
        self.ratioAtMost = ratioAtMost
        self.harm = harm
        self.safe = safe
        self.mayAdvance = mayAdvance
        self.warning = warning
        self.from = from
        self.to = to
        self.observations = observations
    }

    /// Requests of a step below which it says nothing (DESIGN section 4).
    package static let fewestRequests = 30
}
