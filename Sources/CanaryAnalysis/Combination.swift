/// Evidence on several metrics of the same requests, put together. The metrics depend on each other, so their evidence
/// is averaged and never multiplied. All in nats.
public enum Combination {
    /// `ln Σ w_m E_m` with weights that sum to 1 after division: an e-process under any dependence. Reaching 1/α is the
    /// decision; it is never later than that of Bonferroni, since one `w_m E_m >= 1/α` is enough.
    public static func mean(_ evidence: [Double], weights: [Double]? = nil) -> Double {
        let all = weights?.reduce(0, +) ?? Double(evidence.count)
        return evidence.indices.reduce(-.infinity) { sum, index in
            Arithmetic.logAdd(sum, Arithmetic.ln((weights?[index] ?? 1) / all) + evidence[index])
        }
    }

    /// Whether evidence decides at `alpha`: `E >= 1/α`.
    public static func rejects(_ evidence: Double, alpha: Double) -> Bool { evidence >= Arithmetic.ln(1 / alpha) }

    /// Which metrics are shown to be harmed by themselves: `E_m >= M/α`; any false one with probability α at most
    /// (Bonferroni).
    public static func bonferroni(_ evidence: [Double], alpha: Double) -> [Int] {
        let needed = Arithmetic.ln(Double(evidence.count) / alpha)
        return evidence.indices.filter { evidence[$0] >= needed }
    }

    /// Which metrics to name if at most a part α of those named may be false: the k greatest, with the greatest k for
    /// which the k-th is `M/(kα)` or more (e-BH: Wang and Ramdas, arXiv 2009.02824). In ascending order.
    public static func eBenjaminiHochberg(_ evidence: [Double], alpha: Double) -> [Int] {
        let order = evidence.indices.sorted { evidence[$0] > evidence[$1] }
        let count = Double(evidence.count)
        let last = order.indices.last { evidence[order[$0]] >= Arithmetic.ln(count / (Double($0 + 1) * alpha)) }
        return last.map { order[...$0].sorted() } ?? []
    }
}
