import CanaryAnalysis

extension CaseKind {
    // MARK: Shares

    func betaBinomial(_ reader: CaseReader) throws -> CaseResult {
        let (share, strength) = (try reader.required("theta"), try reader.required("kappa"))
        var sums = [0, 0]
        return .array(
            try reader.list("batches").enumerated().map { index, batch in
                let field = "batches[\(index)]"
                sums = try self.added(sums, batch, reader, field)
                return try reader.checked("theta, kappa, \(field)") {
                    .object([
                        "two_sided": .finite(
                            try CountEvidence.share(
                                canary: sums[0], baseline: sums[1], share: share, strength: strength)),
                        "one_sided": .finite(
                            try CountEvidence.greaterShare(
                                canary: sums[0], baseline: sums[1], share: share, strength: strength)),
                    ])
                }
            })
    }

    func dirichletMultinomial(_ reader: CaseReader) throws -> CaseResult {
        let (shares, strength) = (try reader.numbers("theta"), try reader.required("kappa"))
        var sums = shares.map { _ in 0 }
        return .array(
            try reader.list("batches").enumerated().map { index, batch in
                let field = "batches[\(index)]"
                sums = try self.added(sums, batch, reader, field)
                return try reader.checked("theta, kappa, \(field)") {
                    .finite(try CountEvidence.multinomial(sums, probabilities: shares, strength: strength))
                }
            })
    }

    private func added(
        _ sums: [Int], _ batch: CaseValue, _ reader: CaseReader, _ field: String
    ) throws -> [Int] {
        let counts = try reader.counts(batch, field)
        guard counts.count == sums.count, counts.allSatisfy({ $0 >= 0 && $0 <= ArmCounts.greatest }) else {
            throw reader.wrong(field, "is \(sums.count) counts of 0 to \(ArmCounts.greatest)", batch)
        }
        return zip(sums, counts).map { $0 + $1 }
    }

    // MARK: Latency

    /// `le`: bounds; `batches`: {c, b}, the counts of the buckets of both versions, one more than there are bounds.
    func histogram(_ reader: CaseReader) throws -> CaseResult {
        let bounds = try reader.numbers("le")
        guard (1...256).contains(bounds.count), zip(bounds, bounds.dropFirst()).allSatisfy(<) else {
            throw reader.wrong("le", "is 1 to 256 ascending bounds")
        }
        let horizon = try reader.int("T") ?? 160
        let settings = try reader.checked("T") { try OddsEvidence.Settings(horizon: horizon) }
        let alpha = try self.level(reader, "alpha", else: 0.01)
        var streams = bounds.map { _ in OddsEvidence(settings) }
        var terms = ShareTerms()
        var sums = (canary: [Int](repeating: 0, count: bounds.count + 1), baseline: [Int]())
        sums.baseline = sums.canary
        return .array(
            try reader.objects("batches").map { batch in
                let canary = try self.buckets(batch, "c", sums.canary.count)
                let baseline = try self.buckets(batch, "b", sums.canary.count)
                sums = (zip(sums.canary, canary).map(+), zip(sums.baseline, baseline).map(+))
                for index in bounds.indices {
                    let counts = try batch.checked("c, b") {
                        PairedCounts(
                            canary: try Self.slower(canary, index), baseline: try Self.slower(baseline, index))
                    }
                    streams[index].update(counts, terms: &terms)
                }
                return Self.histogram(streams, sums, alpha)
            })
    }

    private static func histogram(
        _ streams: [OddsEvidence], _ sums: (canary: [Int], baseline: [Int]), _ alpha: Double
    ) -> CaseResult {
        let requests = (sums.canary.reduce(0, +), sums.baseline.reduce(0, +))
        let band =
            LatencyBand.radius(requests: requests.0, alpha: alpha / 2)
            + LatencyBand.radius(requests: requests.1, alpha: alpha / 2)
        return .object([
            "log_harm": .array(streams.map { .finite($0.harm) }),
            "log_mean": .finite(Combination.mean(streams.map(\.harm))),
            "log_mean_sr": .finite(Combination.mean(streams.map(\.harmFromAnyStart))),
            "ks_plus": .finite(LatencyBand.lag(canary: sums.canary, baseline: sums.baseline)),
            "dkw_band": .finite(band),
        ])
    }

    /// With sums that can't run over, whatever the file's number of batches.
    private func buckets(_ batch: CaseReader, _ field: String, _ count: Int) throws -> [Int] {
        let list = CaseValue.array(try batch.list(field))
        let counts = try batch.counts(list, field)
        guard counts.count == count, counts.allSatisfy({ $0 >= 0 && $0 <= 1 << 36 }) else {
            throw batch.wrong(field, "is \(count) counts of 0 to \(1 << 36)", list)
        }
        return counts
    }

    private static func slower(_ buckets: [Int], _ bound: Int) throws(AnalysisProblem) -> ArmCounts {
        try ArmCounts(requests: buckets.reduce(0, +), events: buckets[(bound + 1)...].reduce(0, +))
    }

    // MARK: Several metrics, and the time after a release

    func combine(_ reader: CaseReader) throws -> CaseResult {
        let evidence = try reader.numbers("log_e")
        guard !evidence.isEmpty else { throw reader.wrong("log_e", "holds at least one number") }
        let alpha = try self.level(reader, "alpha", else: 0.01)
        let mean = Combination.mean(evidence)
        return .object([
            "log_mean": .finite(mean), "reject_global": .bool(Combination.rejects(mean, alpha: alpha)),
            "bonferroni": .array(Combination.bonferroni(evidence, alpha: alpha).map(CaseResult.int)),
            "ebh": .array(Combination.eBenjaminiHochberg(evidence, alpha: alpha).map(CaseResult.int)),
        ])
    }

    /// `n`, `k`: requests and events of each interval; `p`: the rate that was forecast.
    func esr(_ reader: CaseReader) throws -> CaseResult {
        let rates = try reader.numbers("p")
        let requests = try reader.counts(.array(try reader.list("n")), "n")
        let events = try reader.counts(.array(try reader.list("k")), "k")
        guard requests.count == events.count, requests.count == rates.count else {
            throw reader.wrong("n", "is as long as `k` and `p`")
        }
        guard rates.allSatisfy({ $0 > 0 && $0 <= 1 }) else { throw reader.wrong("p", "holds rates above 0, at most 1") }
        let (tolerated, dispersion) = (try reader.number("rho0", else: 1), try reader.number("phi", else: 1))
        var detector = try reader.checked("rho0, phi") {
            ForecastDetector(
                try ForecastDetector.Settings(
                    horizon: max(1, requests.count), tolerated: tolerated, dispersion: dispersion))
        }
        var rows: (sr: [CaseResult], cusum: [CaseResult]) = ([], [])
        for index in requests.indices {
            let counts = try reader.checked("n[\(index)], k[\(index)]") {
                try ArmCounts(requests: requests[index], events: events[index])
            }
            detector.update(counts, forecast: rates[index])
            rows.sr.append(.finite(detector.evidence))
            rows.cusum.append(.finite(detector.cusum))
        }
        return .object(["log_sr": .array(rows.sr), "log_cusum": .array(rows.cusum)])
    }
}
