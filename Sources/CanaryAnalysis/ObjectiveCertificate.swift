/// Evidence that a version's own error rate is below its objective q, whatever the baseline does. Without it a version
/// with no errors beside a baseline with none could never be certified: no event, no evidence on a ratio.
///
/// Derivation. Requests are answered one after the other; `x_i` is 1 for an error. Hypothesis: given all before, each
/// request fails with some probability `p_i >= q`. For `θ < q` one request multiplies the evidence by
///
///     θ/q if x_i = 1,   (1-θ)/(1-q) if x_i = 0
///
/// with the expectation `f(p_i) = p_i θ/q + (1 - p_i)(1-θ)/(1-q)`. f falls in p_i, as θ/q < 1 < (1-θ)/(1-q), and `f(q)
/// = 1`. So under the hypothesis each factor has an expectation of 1 at most, their product is a non-negative
/// supermartingale that begins at 1, and so is a mean of such products over several θ:
///
///     E = mean_j (r_j)^k ((1 - q r_j)/(1-q))^(n-k),    θ_j = q r_j,    r_j in { 0, 2^(-1/2), 2^(-2/2), …, 2^(-12/2) }
///
/// with n requests and k errors so far. By Ville's inequality it reaches 1/β with probability β at most, whenever one
/// looks: one-sided and anytime-valid, whatever the batches. It depends on n and k alone, so the state is two counts.
/// `r_0 = 0` makes it fast without any error: at q = 1 % and β = 5 % 342 requests suffice.
///
/// Dispersion φ takes the φ-th root of every factor: still an expectation of 1 at most (Jensen), and errors that come
/// in clusters of φ weigh like one. What is certified is that the rate was not at or above q all the time; a rate that
/// is above q at times is the business of the comparison and of the bake.
public struct ObjectiveCertificate: Sendable, Equatable {
    /// The error rate q to stay below.
    public let objective: Double
    public let dispersion: Double
    public private(set) var totals = Totals()

    /// Throws `badSetting`; the objective is from 10^-9 to below 1.
    public init(objective: Double, dispersion: Double = 1) throws(AnalysisProblem) {
        guard objective >= 1e-9, objective < 1, dispersion >= 1, dispersion <= 1e6 else {
            throw AnalysisProblem(
                .badSetting,
                "An objective of \(objective) with dispersion \(dispersion): 10^-9 to below 1, and 1 to 1,000,000.")
        }
        self.objective = objective
        self.dispersion = dispersion
    }

    public mutating func update(_ counts: ArmCounts) { self.totals.add(counts.requests, counts.events) }

    /// `ln E`, in nats.
    public var evidence: Double {
        let errors = Double(self.totals.events)
        let successes = Double(self.totals.requests) - errors
        let spared = -Arithmetic.lnOnePlus(-self.objective)
        var sum = self.totals.events == 0 ? successes * spared / self.dispersion : -.infinity
        for place in 1...Self.places {
            let logFraction = -Double(place) / 2 * Arithmetic.ln(2)
            let gain = Arithmetic.lnOnePlus(-self.objective * Arithmetic.e(logFraction)) + spared
            sum = Arithmetic.logAdd(sum, (errors * logFraction + successes * gain) / self.dispersion)
        }
        return sum - Arithmetic.ln(Double(Self.places + 1))
    }

    private static let places = 12
}

extension ObjectiveCertificate: Codable {
    private enum Key: String, CodingKey { case settings, totals }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let numbers = try container.decode(ExactDoubles.self, forKey: .settings).checked(count: 2)
        try self.init(objective: numbers[0], dispersion: numbers[1])
        self.totals = try container.decode(Totals.self, forKey: .totals)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(ExactDoubles([self.objective, self.dispersion]), forKey: .settings)
        try container.encode(self.totals, forKey: .totals)
    }
}
