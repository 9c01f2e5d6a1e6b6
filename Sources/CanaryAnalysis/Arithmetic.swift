#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The few functions of real numbers that the kernels need. Evidence stays in logarithms (nats) throughout: sums of
/// exponentials are taken relative to their greatest term, so nothing overflows.
enum Arithmetic {
    static func ln(_ x: Double) -> Double { log(x) }
    static func lnOnePlus(_ x: Double) -> Double { log1p(x) }
    static func e(_ x: Double) -> Double { exp(x) }
    static func root(_ x: Double) -> Double { x.squareRoot() }

    /// `ln Σ exp(x_i)`. A term more than 45 nats below the greatest adds less than a double can hold, and is not
    /// computed.
    static func logSumExp(_ terms: some Collection<Double>) -> Double {
        var greatest = -Double.infinity
        for term in terms where term > greatest { greatest = term }
        guard greatest > -.infinity else { return -.infinity }
        let least = greatest - Self.negligible
        var sum = 0.0
        // `>=`: among numbers so great that 45 is lost in them, the greatest itself still counts.
        for term in terms where term >= least { sum += exp(term - greatest) }
        return greatest + log(sum)
    }

    /// `ln (1/n) Σ exp(x_i)`
    static func logMeanExp(_ terms: some Collection<Double>) -> Double {
        Self.logSumExp(terms) - log(Double(terms.count))
    }

    /// `ln(exp(x) + exp(y))`
    static func logAdd(_ x: Double, _ y: Double) -> Double {
        let greater = max(x, y)
        guard greater > -.infinity else { return -.infinity }
        return greater + log1p(exp(min(x, y) - greater))
    }

    /// `ln Γ(x)` for x > 0, without the C library's global sign.
    static func logGamma(_ x: Double) -> Double {
        var sign: Int32 = 0
        return lgamma_r(x, &sign)
    }

    /// `ln(1 - I_x(a, b))`: the logarithm of the regularised incomplete beta function's upper part, which is the
    /// probability that a Beta(a, b) variable is above x. Continued fraction of NIST DLMF 8.17.22 by Lentz's method, on
    /// the side of the mean where it converges fast.
    static func logUpperBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
        if x <= 0 { return 0 }
        if x >= 1 { return -.infinity }
        let front =
            Self.logGamma(a + b) - Self.logGamma(a) - Self.logGamma(b) + a * log(x) + b * log1p(-x)
        if x < (a + 1) / (a + b + 2) {
            let lower = front + log(Self.betaFraction(x, a, b)) - log(a)
            return log1p(-min(1, exp(lower)))
        }
        return front + log(Self.betaFraction(1 - x, b, a)) - log(b)
    }

    private static let negligible = 45.0

    /// Enough for parameters up to about 10^9: the fraction needs of the order of √max(a, b) steps.
    private static let fractionSteps = 200_000

    private static func betaFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
        let tiny = 1e-300
        var c = 1.0
        var d = 1 - (a + b) * x / (a + 1)
        d = 1 / (abs(d) < tiny ? tiny : d)
        var fraction = d
        for step in 1...Self.fractionSteps {
            let m = Double(step)
            let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            fraction *= Self.lentz(even, &c, &d)
            let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            let change = Self.lentz(odd, &c, &d)
            fraction *= change
            if abs(change - 1) < 1e-15 { break }
        }
        return fraction
    }

    /// One step of Lentz's method; gives the factor by which the fraction changes.
    private static func lentz(_ coefficient: Double, _ c: inout Double, _ d: inout Double) -> Double {
        let tiny = 1e-300
        d = 1 + coefficient * d
        d = 1 / (abs(d) < tiny ? tiny : d)
        c = 1 + coefficient / c
        if abs(c) < tiny { c = tiny }
        return d * c
    }
}
