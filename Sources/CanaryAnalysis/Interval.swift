/// What was observed of both versions between two readings of the counters. Numbers may be anything: what can't be is
/// set aside as neutral, with its reason, and never read as good or bad.
public struct Interval: Sendable, Equatable {
    /// Rises from interval to interval, by as much as time went on. One that is not above the last is late, and set
    /// aside.
    public var number: Int
    /// The canary's configured share, in basis points. Where it changed within the interval, hand in no arrivals.
    public var weight: Int
    public var canary: Reading
    public var baseline: Reading
    /// Arrivals for the check of the split; nil where each user keeps his version and new users can't be told from old
    /// ones.
    public var arrivals: Arrivals?

    public init(
        number: Int, weight: Int, canary: Reading, baseline: Reading, arrivals: Arrivals? = nil
    ) {
        self.number = number
        self.weight = weight
        self.canary = canary
        self.baseline = baseline
        self.arrivals = arrivals
    }

    public enum Reading: Sendable, Equatable {
        case counts(Counts)
        /// The version was not seen in this interval.
        case missing
        /// Its counters began anew (a new process): what they counted before is lost.
        case reset
    }

    public struct Counts: Sendable, Equatable {
        public var requests: Int
        public var errors: Int
        public var times: Times

        public init(requests: Int, errors: Int, times: Times = .none) {
            self.requests = requests
            self.errors = errors
            self.times = times
        }
    }

    public enum Times: Sendable, Equatable {
        case none
        /// So many requests were counted whose times never arrived. Times that are lost are not lost at random.
        case lost(Int)
        /// Requests by bucket of the ladder of `LatencyBounds`, one more than it has bounds.
        case buckets([Int])
    }

    public struct Arrivals: Sendable, Equatable {
        public var canary: Int
        public var baseline: Int

        public init(canary: Int, baseline: Int) {
            self.canary = canary
            self.baseline = baseline
        }
    }
}

/// What an interval was used for.
public struct Reception: Sendable, Equatable {
    public internal(set) var errors = Use.counted
    public internal(set) var latency = Use.counted
    public internal(set) var split = Use.counted

    public enum Use: Sendable, Equatable {
        case counted
        case neutral(Reason)
    }

    /// Why something was set aside, for good: it moved no evidence in either direction.
    public enum Reason: String, Sendable, Equatable, CaseIterable {
        case notGiven
        case missingCanary
        case missingBaseline
        case missingBoth
        case reset
        /// Negative, more errors than requests, too large, a wrong number of buckets, a weight that is none.
        case impossible
        case late
        case warmUp
        /// Times of some requests were lost.
        case loss
    }

    static func all(_ reason: Reason) -> Reception {
        Reception(errors: .neutral(reason), latency: .neutral(reason), split: .neutral(reason))
    }
}
