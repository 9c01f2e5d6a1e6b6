package import Core

/// What a lane's router has counted, by capacity. Everything only rises until the epoch changes, so that an interval is
/// the difference of two looks, and a look that is missed loses nothing.
package struct TrafficCounts: Sendable, Equatable {
    package var arms: [CapacityKey: ArmCounts]

    package init(arms: [CapacityKey: ArmCounts]) { self.arms = arms }
}

/// Counts of one capacity since its epoch began.
package struct ArmCounts: Sendable, Equatable, Codable {
    /// Another one: the counting began anew, and the difference to an earlier look says nothing.
    package var epoch: String
    /// The share that the router was told to give it when this was read.
    package var weight: BasisPoints
    /// Requests that were answered, or whose client or server went away.
    package var requests: Int
    /// Those of them that were answered with a status of 500 to 599, by an instance or in its place.
    package var errors: Int
    /// Requests whose times are known: fewer than `requests` if lines of the log were lost.
    package var timed: Int
    /// `timed`, by how long they took: one more than `LatencyBounds.milliseconds`, the last one for what is above all.
    package var times: [Int]
    /// Clients without a key, that were given one by this request: independent draws of the split.
    package var newcomers: Int
    /// Requests of this arm's users that the other arm got, since no instance of this one took connections; counted for
    /// the arm that answered. nil: not known.
    package var fallback: Int?

    package init(
        epoch: String, weight: BasisPoints, requests: Int, errors: Int, timed: Int = 0, times: [Int] = [],
        newcomers: Int = 0, fallback: Int? = nil
    ) {
        self.epoch = epoch
        self.weight = weight
        self.requests = requests
        self.errors = errors
        self.timed = timed
        self.times = times
        self.newcomers = newcomers
        self.fallback = fallback
    }
}

/// The bounds that request times are counted between: whole milliseconds, each about a quarter octave above the one
/// before (factor 2^(1/4)), from 1 ms to 10 s.
package enum LatencyBounds {
    package static let milliseconds: [Int] = [
        1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 24, 28, 34, 40, 48, 57, 67, 80, 95, 113, 135, 160, 190, 226, 269,
        320, 381, 453, 538, 640, 761, 905, 1_076, 1_280, 1_522, 1_810, 2_153, 2_560, 3_044, 3_620, 4_305, 5_120, 6_089,
        7_241, 8_611, 10_240,
    ]

    /// The place of a time in `ArmCounts.times`: the first bound that it does not exceed.
    package static func index(of milliseconds: Int) -> Int {
        var low = 0
        var high = Self.milliseconds.count
        while low < high {
            let middle = (low + high) / 2
            if Self.milliseconds[middle] < milliseconds { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
