/// What is wrong with numbers that were handed in: a sentence for a person, and the code.
public struct AnalysisProblem: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// A count below zero, as a counter that went backwards gives.
        case negative
        /// More events than requests.
        case moreEventsThanRequests
        /// A count above `ArmCounts.greatest`.
        case tooLarge
        /// A setting outside of what is allowed.
        case badSetting
        /// A saved state that can't be one of ours.
        case badState
    }

    public let code: Code
    public let sentence: String

    public init(_ code: Code, _ sentence: String) {
        self.code = code
        self.sentence = sentence
    }

    public var description: String { self.sentence }
}

/// What one version did in one interval: how many requests it answered, and how many of them were events
/// (errors, crashes, answers slower than a bound). Always `0 <= events <= requests <= greatest`.
public struct ArmCounts: Sendable, Equatable {
    public let requests: Int
    public let events: Int

    /// The greatest count of one interval, 2^50 (about 10^15): products and sums of such counts stay exact enough in a
    /// double.
    public static let greatest = 1 << 50

    /// Throws `negative`, `moreEventsThanRequests`, `tooLarge`.
    public init(requests: Int, events: Int) throws(AnalysisProblem) {
        guard requests >= 0, events >= 0 else {
            throw AnalysisProblem(
                .negative,
                "\(requests) requests with \(events) events: counts of an interval are 0 or more. A counter that was "
                    + "reset gives no counts: hand in a reset.")
        }
        guard events <= requests else {
            throw AnalysisProblem(
                .moreEventsThanRequests,
                "\(events) events of \(requests) requests: take both from the same reading, at the end of the requests."
            )
        }
        guard requests <= Self.greatest else {
            throw AnalysisProblem(
                .tooLarge, "\(requests) requests in one interval: at most \(Self.greatest) are counted.")
        }
        self.init(accepted: requests, events)
    }

    /// For counts that were checked in another way.
    init(accepted requests: Int, _ events: Int) {
        self.requests = requests
        self.events = events
    }
}

/// The counts of both versions in the same interval: what the paired kernels learn from.
public struct PairedCounts: Sendable, Equatable {
    /// Events of the canary.
    let canaryEvents: Int
    /// Events of both together.
    let events: Int
    /// The canary's part of the arrivals, w. An event falls on it with this probability if the versions are alike.
    let share: Double
    /// Requests of each, 0 where there are none to know.
    let canaryRequests: Int
    let baselineRequests: Int

    /// The share is that of the arrivals: `w = n_c / (n_c + n_b)`. Without requests on one side nothing can be learned.
    public init(canary: ArmCounts, baseline: ArmCounts) {
        self.canaryEvents = canary.events
        self.events = canary.events + baseline.events
        self.canaryRequests = canary.requests
        self.baselineRequests = baseline.requests
        let all = canary.requests + baseline.requests
        self.share = all > 0 ? Double(canary.requests) / Double(all) : 0
    }

    /// Events without denominators (lines of a log, orders): `share` is the canary's configured part of the traffic,
    /// within 0...1.
    public init(canaryEvents: Int, baselineEvents: Int, share: Double) throws(AnalysisProblem) {
        let canary = try ArmCounts(requests: canaryEvents, events: canaryEvents)
        let baseline = try ArmCounts(requests: baselineEvents, events: baselineEvents)
        guard share >= 0, share <= 1 else {
            throw AnalysisProblem(.badSetting, "A share of \(share): it is 0 to 1.")
        }
        self.canaryEvents = canary.events
        self.events = canary.events + baseline.events
        self.canaryRequests = 0
        self.baselineRequests = 0
        self.share = share
    }

    /// Whether the interval can move evidence: there was an event, and it could have fallen on either version.
    var isInformative: Bool { self.events > 0 && self.share > 0 && self.share < 1 }
}

/// All requests and events of one version so far.
public struct Totals: Sendable, Equatable, Codable {
    public private(set) var requests = 0
    public private(set) var events = 0

    public init() {}

    /// Sums stop at the greatest Int: what is shown may be too low after 10^18 requests, evidence never is.
    mutating func add(_ requests: Int, _ events: Int) {
        let (sum, overflow) = self.requests.addingReportingOverflow(requests)
        let (eventSum, eventOverflow) = self.events.addingReportingOverflow(events)
        self.requests = overflow ? .max : sum
        self.events = eventOverflow ? .max : eventSum
    }

    public init(from decoder: any Decoder) throws {
        let numbers = try decoder.singleValueContainer().decode([Int].self)
        guard numbers.count == 2, numbers.allSatisfy({ $0 >= 0 }) else {
            throw AnalysisProblem(.badState, "Saved totals are \(numbers); two counts of 0 or more were expected.")
        }
        (self.requests, self.events) = (numbers[0], numbers[1])
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode([self.requests, self.events])
    }
}
