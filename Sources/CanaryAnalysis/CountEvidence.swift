/// Closed forms of evidence on shares, for probabilities that stay the same: counts `x_i` against `θ_i`, with the prior
/// Dirichlet(κθ) on what the true shares are.
///
///     ln E = ln Γ(κ) - ln Γ(κ + N) + Σ (ln Γ(κθ_i + x_i) - ln Γ(κθ_i) - x_i ln θ_i),   N = Σ x_i
///
/// E is the posterior predictive probability over the multinomial one: a martingale under "the shares are θ", so that
/// it ever reaches 1/α with probability α at most (Lindon and Malek, arXiv 2011.03567). In nats. The rounding error
/// grows with the counts: 10^-3 nats at 10^11 requests.
public enum CountEvidence {
    /// Against "the shares are `probabilities`". Throws `badSetting`, `negative`, `tooLarge`.
    public static func multinomial(
        _ counts: [Int], probabilities: [Double], strength: Double
    ) throws(AnalysisProblem) -> Double {
        guard counts.count == probabilities.count, (2...64).contains(counts.count),
            probabilities.allSatisfy({ $0 > 0 && $0 < 1 }), abs(probabilities.reduce(0, +) - 1) < 1e-9
        else {
            throw AnalysisProblem(
                .badSetting, "Probabilities \(probabilities): 2 to 64, one for each count, above 0, with sum 1.")
        }
        try Self.check(strength)
        var evidence = Arithmetic.logGamma(strength)
        var all = 0
        for (count, probability) in zip(counts, probabilities) {
            all += try ArmCounts(requests: count, events: 0).requests
            let prior = strength * probability
            evidence += Arithmetic.logGamma(prior + Double(count)) - Arithmetic.logGamma(prior)
            evidence -= Double(count) * Arithmetic.ln(probability)
        }
        return evidence - Arithmetic.logGamma(strength + Double(all))
    }

    /// Against "the canary's share is `share`", in either direction.
    public static func share(
        canary: Int, baseline: Int, share: Double, strength: Double
    ) throws(AnalysisProblem) -> Double {
        try Self.check(strength)
        _ = try ArmCounts(requests: canary, events: 0)
        _ = try ArmCounts(requests: baseline, events: 0)
        guard share > 0, share < 1 else {
            throw AnalysisProblem(.badSetting, "A share of \(share): it is above 0 and below 1.")
        }
        return Self.ofShare(Double(canary), Double(baseline), share: share, strength: strength)
    }

    /// The same for what was checked before; allocates nothing.
    static func ofShare(_ canary: Double, _ baseline: Double, share: Double, strength: Double) -> Double {
        let (a, b) = (strength * share, strength * (1 - share))
        return Arithmetic.logGamma(strength) - Arithmetic.logGamma(strength + canary + baseline)
            + Arithmetic.logGamma(a + canary) - Arithmetic.logGamma(a) - canary * Arithmetic.ln(share)
            + Arithmetic.logGamma(b + baseline) - Arithmetic.logGamma(b) - baseline * Arithmetic.lnOnePlus(-share)
    }

    /// Against "the canary's share is `share` or less": the prior is cut to shares above it, which adds
    /// `ln((1 - I_θ(κθ + x_c, κ(1-θ) + x_b)) / (1 - I_θ(κθ, κ(1-θ))))`.
    public static func greaterShare(
        canary: Int, baseline: Int, share: Double, strength: Double
    ) throws(AnalysisProblem) -> Double {
        let both = try Self.share(canary: canary, baseline: baseline, share: share, strength: strength)
        let (a, b) = (strength * share, strength * (1 - share))
        return both + Arithmetic.logUpperBeta(share, a + Double(canary), b + Double(baseline))
            - Arithmetic.logUpperBeta(share, a, b)
    }

    private static func check(_ strength: Double) throws(AnalysisProblem) {
        guard strength > 0, strength <= 1e9 else {
            throw AnalysisProblem(.badSetting, "A prior strength of \(strength): above 0, at most 10^9.")
        }
    }
}
