extension Wire {
    /// What the judge says about a deployment, with what it rests on: by what was seen up to `at`. `sentence` is
    /// the same, byte for byte, here, on the pages and in the command line, and in the record where it was news.
    package struct Judgement: Codable, Sendable, Equatable {
        /// pass: certified; fail: shown to do harm; error: the measurement can't be trusted; noData: nothing to judge
        /// by; nil: no verdict yet.
        package var verdict: String?
        package var sentence: String
        /// What the verdict is about, such as `errors`.
        package var metric: String?
        package var new: Arm
        /// nil: nothing to compare with.
        package var old: Arm?
        /// Requests of the new version since the step began.
        package var requestsInStep: Int
        /// Bounds of the ratio of error odds, new to old; `ratioAtMost` nil: not bounded yet.
        package var ratioAtLeast: Double
        package var ratioAtMost: Double?
        package var evidence: Evidence
        /// Good enough to go on when the step's time is up.
        package var mayAdvance: Bool
        /// Worth knowing, and no reason to act.
        package var warning: String?
        /// Up to when it was looked.
        package var at: String
        /// SHA-256 over the observations that it rests on.
        package var observations: String

        package init(
            verdict: String?, sentence: String, metric: String?, new: Arm, old: Arm?, requestsInStep: Int,
            ratioAtLeast: Double, ratioAtMost: Double?, evidence: Evidence, mayAdvance: Bool, warning: String?,
            at: String, observations: String
        ) {
            self.verdict = verdict
            self.sentence = sentence
            self.metric = metric
            self.new = new
            self.old = old
            self.requestsInStep = requestsInStep
            self.ratioAtLeast = ratioAtLeast
            self.ratioAtMost = ratioAtMost
            self.evidence = evidence
            self.mayAdvance = mayAdvance
            self.warning = warning
            self.at = at
            self.observations = observations
        }

        /// Ratio and evidence in words.
        package var support: String {
            let least = "at least \(Wire.decimal(self.ratioAtLeast))"
            let most = self.ratioAtMost.map { "at most \(Wire.decimal($0))" } ?? "not bounded above yet"
            return "Error odds, new to old: \(least), \(most). Evidence in nats: harm "
                + "\(Wire.decimal(self.evidence.harm)), safe \(Wire.decimal(self.evidence.safe))."
        }
    }

    /// The numbers of a judgement as people read them, the same in every face: at most three decimals, none where they
    /// are zero.
    package static func decimal(_ value: Double) -> String {
        guard value.isFinite, value.magnitude < 1e12 else { return "\(value)" }
        let rounded = (value * 1_000).rounded() / 1_000
        return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
    }

    /// What one version answered since the deployment's first traffic.
    package struct Arm: Codable, Sendable, Equatable {
        package var version: String
        package var requests: Int
        package var errors: Int

        package init(version: String, requests: Int, errors: Int) {
            self.version = version
            self.requests = requests
            self.errors = errors
        }
    }

    /// Natural logarithms of the e-values (nats): for harm, and for safety.
    package struct Evidence: Codable, Sendable, Equatable {
        package var harm: Double
        package var safe: Double

        package init(harm: Double, safe: Double) {
            self.harm = harm
            self.safe = safe
        }
    }

    /// One way on from a question of the judge: its name for people, and the verb that takes it.
    package struct Answer: Codable, Sendable, Equatable {
        package var name: String
        package var verb: PromotionVerb
        package var text: String

        package init(name: String, verb: PromotionVerb, text: String) {
            self.name = name
            self.verb = verb
            self.text = text
        }
    }
}
