import CanaryAnalysis

/// Kinds of cases that are judged, by their names in the file.
enum CaseKind: String, CaseIterable {
    case oddsGrid = "odds_grid"
    case judge
    case betaBinomial = "beta_binomial"
    case dirichletMultinomial = "dirichlet_multinomial"
    case histogram
    case combine
    case esr

    /// Kinds that files may hold and that no kernel judges yet: gauges, means, quantiles and Kayenta's way.
    static let later = [
        "normal_mixture", "mean_diff", "selfnorm", "betting", "quantile", "poly_stitch", "kayenta", "kayenta_score",
    ]

    enum Known {
        case judged(CaseKind)
        case later(String)

        init?(_ name: String) {
            if let kind = CaseKind(rawValue: name) {
                self = .judged(kind)
            } else if CaseKind.later.contains(name) {
                self = .later(name)
            } else {
                return nil
            }
        }
    }

    func result(of reader: CaseReader) throws -> CaseResult {
        switch self {
        case .oddsGrid: try self.oddsGrid(reader)
        case .judge: try self.judge(reader)
        case .betaBinomial: try self.betaBinomial(reader)
        case .dirichletMultinomial: try self.dirichletMultinomial(reader)
        case .histogram: try self.histogram(reader)
        case .combine: try self.combine(reader)
        case .esr: try self.esr(reader)
        }
    }

    // MARK: Ratios

    /// `batches`: [n_c, k_c, n_b, k_b] each, or with the canary's share as a fifth where requests are not counted.
    private func oddsGrid(_ reader: CaseReader) throws -> CaseResult {
        let settings = try self.evidence(reader, horizon: try reader.int("T") ?? 160)
        let alpha = try self.level(reader, "alpha", else: 0.01)
        var evidence = OddsEvidence(settings)
        var terms = ShareTerms()
        return .array(
            try reader.list("batches").enumerated().map { index, batch in
                evidence.update(try self.pair(batch, reader, "batches[\(index)]"), terms: &terms)
                let interval = evidence.interval(alpha: alpha)
                return .object([
                    "log_harm": .finite(evidence.harm), "log_harm_sr": .finite(evidence.harmFromAnyStart),
                    "log_safe": .finite(evidence.safety(certificate: 0)),
                    "cs": .array([.finite(interval.lower), .finite(interval.upper)]),
                ])
            })
    }

    private func evidence(
        _ reader: CaseReader, outer: CaseReader? = nil, horizon: Int? = nil
    ) throws -> OddsEvidence.Settings {
        let cap = try reader.number("cap") ?? outer?.number("cap")
        let tolerated = try reader.number("rho0") ?? outer?.number("rho0") ?? 1
        let certificate = try reader.number("rho1") ?? outer?.number("rho1") ?? 2
        let dispersion = try reader.number("phi") ?? outer?.number("phi") ?? 1
        return try reader.checked("rho0, rho1, phi, cap, T") {
            try OddsEvidence.Settings(
                tolerated: tolerated, certificates: [certificate], dispersion: dispersion, cap: cap, horizon: horizon)
        }
    }

    private func pair(_ batch: CaseValue, _ reader: CaseReader, _ field: String) throws -> PairedCounts {
        let row = try reader.numbers(batch, field)
        guard row.count == 4 || row.count == 5 else {
            throw reader.wrong(field, "is [n_c, k_c, n_b, k_b], or with a share as fifth", batch)
        }
        let counts = try reader.counts(.array(row[..<4].map(CaseValue.number)), field)
        return try reader.checked(field) {
            if row.count == 5 {
                return try PairedCounts(canaryEvents: counts[1], baselineEvents: counts[3], share: row[4])
            }
            return PairedCounts(
                canary: try ArmCounts(requests: counts[0], events: counts[1]),
                baseline: try ArmCounts(requests: counts[2], events: counts[3]))
        }
    }

    func level(_ reader: CaseReader, _ field: String, else standard: Double) throws -> Double {
        let level = try reader.number(field, else: standard)
        guard level >= 1e-12, level < 0.5 else { throw reader.wrong(field, "is 10^-12 to below 0.5") }
        return level
    }

    // MARK: The rule

    private func judge(_ reader: CaseReader) throws -> CaseResult {
        let metrics = try reader.objects("metrics")
        let streams = try metrics.map { metric in
            try metric.list("streams").enumerated().map { index, stream in
                guard case .array(let batches) = stream else {
                    throw metric.wrong("streams[\(index)]", "is a list of batches", stream)
                }
                return try batches.enumerated().map {
                    try self.pair($1, metric, "streams[\(index)][\($0)]")
                }
            }
        }
        let length = streams.first?.first?.count ?? 0
        guard streams.allSatisfy({ $0.allSatisfy { $0.count == length } }) else {
            throw reader.wrong("metrics", "has streams that are all equally long")
        }
        var rule = try self.rule(reader, metrics, streams.map(\.count))
        return .array(
            (0..<length).map { index in
                for (metric, rows) in streams.enumerated() {
                    for (stream, row) in rows.enumerated() { rule.observe(metric: metric, stream: stream, row[index]) }
                }
                rule.closeInterval()
                return .object([
                    "log_e": .finite(rule.harm), "metrics": .array(rule.metrics.map { .finite($0.harm) }),
                    "state": .string(Self.word(rule.state())),
                ])
            })
    }

    private func rule(_ reader: CaseReader, _ metrics: [CaseReader], _ streams: [Int]) throws -> RolloutRule {
        let rows = try zip(metrics, streams).map { metric, count in
            let settings = try self.evidence(metric, outer: reader)
            let name = try metric.text("name")
            let weight = try metric.number("weight", else: 1)
            let gates = try metric.flag("certify", else: true)
            return try metric.checked("name, weight, streams") {
                try RolloutRule.Metric(name: name, weight: weight, gates: gates, streams: count, settings: settings)
            }
        }
        let alpha = try self.level(reader, "alpha", else: 0.01)
        let beta = try self.level(reader, "beta", else: 0.05)
        let warmUp = try reader.int("warmup") ?? 0
        return try reader.checked("metrics, warmup") {
            try RolloutRule(alpha: alpha, beta: beta, warmUp: warmUp, metrics: rows)
        }
    }

    /// The file's words for the verdicts.
    private static func word(_ state: RolloutRule.State) -> String {
        switch state {
        case .pending: "continue"
        case .pass: "certified"
        case .fail: "rollback"
        }
    }
}
