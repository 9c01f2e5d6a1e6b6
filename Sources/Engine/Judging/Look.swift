import CanaryAnalysis
package import Core
package import Ports

/// One look at the counters of one arm, as it is kept beside the events. Counters only, never differences: what follows
/// from looks is computed again from them, to the same bits.
package struct Look: Sendable, Equatable, Codable {
    package enum Arm: String, Sendable, Codable {
        /// What serves, while nothing is deployed.
        case serving
        case old, new
    }

    /// The deployment that it was made for; 0: none.
    package var deployment: Int
    package var arm: Arm
    package var capacity: Int
    /// nil: the router could not be asked, or knows nothing of this arm.
    package var counts: Ports.ArmCounts?
    /// A person has seen that the split was wrong, and goes on.
    package var acknowledges: Bool
    /// Instances that were started again since this capacity was put up.
    package var restarts: Int
    /// Memory of its instances together, in bytes; nil: not known.
    package var memory: Int64?

    package init(
        deployment: Int, arm: Arm, capacity: Int, counts: Ports.ArmCounts?, acknowledges: Bool, restarts: Int,
        memory: Int64?
    ) {
        self.deployment = deployment
        self.arm = arm
        self.capacity = capacity
        self.counts = counts
        self.acknowledges = acknowledges
        self.restarts = restarts
        self.memory = memory
    }
}

/// The looks of both arms at one moment.
package struct Looks: Sendable, Equatable {
    package var from: Instant
    package var to: Instant
    package var new: Look
    package var old: Look?
    /// The bytes as stored, for the digest.
    package var bodies: [[UInt8]]

    package init(from: Instant, to: Instant, new: Look, old: Look?, bodies: [[UInt8]]) {
        self.from = from
        self.to = to
        self.new = new
        self.old = old
        self.bodies = bodies
    }
}

extension Ports.ArmCounts {
    /// What happened since an earlier look. Without one, or over a new epoch, nothing is known.
    func since(_ earlier: Ports.ArmCounts?) -> CanaryAnalysis.Interval.Reading {
        guard let earlier else { return .missing }
        guard earlier.epoch == self.epoch else { return .reset }
        let requests = self.requests - earlier.requests
        let timed = self.timed - earlier.timed
        // Lines may arrive a little before their request is counted; only ones that never come are a loss.
        let missing = self.requests - self.timed
        let wasMissing = max(0, earlier.requests - earlier.timed)
        let times: CanaryAnalysis.Interval.Times
        if self.times.isEmpty || self.times.count != LatencyLadder.buckets || timed < 0 {
            times = .none
        } else if missing > wasMissing {
            times = .lost(missing - wasMissing)
        } else {
            let before = earlier.times.isEmpty ? Array(repeating: 0, count: self.times.count) : earlier.times
            guard before.count == self.times.count else { return .reset }
            times = .buckets(zip(self.times, before).map(-))
        }
        return .counts(
            CanaryAnalysis.Interval.Counts(requests: requests, errors: self.errors - earlier.errors, times: times))
    }
}

/// The router's buckets, as the judge takes them.
enum LatencyLadder {
    static let bounds = Ports.LatencyBounds.milliseconds
    static let buckets = Self.bounds.count + 1
    /// The router's clock ticks once a millisecond.
    static let resolution = 1
}
