import CanaryAnalysis
package import Core
import Ports

/// What both versions of a deployment answered, interval by interval, for people to look at. The judge reads the same
/// looks; what it sets aside is a gap here.
package struct Traffic: Sendable, Equatable {
    /// Why numbers of an interval are not there. Nothing is ever guessed in their place.
    package enum Gap: String, Sendable, Equatable, CaseIterable {
        /// The router could not be asked at one end of the interval, or knew nothing of this version.
        case missing
        /// The counters began anew in the interval.
        case reset
        /// Requests were counted, and the times of some of them were lost: no percentiles.
        case loss
        /// The counters went backwards, or more failed than were answered.
        case impossible
    }

    /// One version in one interval.
    package struct Point: Sendable, Equatable {
        package var from: Instant
        package var to: Instant
        /// nil where `gap` says why; of a `loss` the counts are known.
        package var requests: Int?
        package var errors: Int?
        /// Upper bounds of the buckets that the percentiles fall into, in milliseconds; of what is slower than every
        /// bound, the highest bound. nil: no request, or their times are not known.
        package var p50: Int?
        package var p99: Int?
        /// The share that the router was told to give it, at the interval's end; nil: not known.
        package var share: BasisPoints?
        /// Requests of its users that the other version got, since none of its instances took connections; nil: not known.
        package var fallback: Int?
        package var gap: Gap?
    }

    package struct Arm: Sendable, Equatable {
        package var isNew: Bool
        package var version: String
        package var points: [Point]
    }

    /// Points of an arm: over more looks, intervals are merged.
    package static let mostPoints = 240

    /// The deployment's, then that of what served before, if anything did and was looked at.
    package var arms: [Arm]

    /// `looks` are those of one deployment, oldest first.
    package init(_ looks: [Seen], most: Int = Self.mostPoints) {
        self.arms = [Look.Arm.new, .old].compactMap { arm in
            let own = looks.filter { $0.look.arm == arm }
            guard let version = own.last?.version else { return nil }
            // Before its first counts it was not there to be missed.
            let begin = own.firstIndex { $0.look.counts != nil } ?? 0
            let looks = Self.thinned(Array(own[begin...]), most)
            return Arm(isNew: arm == .new, version: version, points: Self.points(looks))
        }
    }

    /// A look with its version and time.
    package struct Seen: Sendable, Equatable {
        package var version: String
        package var from: Instant
        package var to: Instant
        package var look: Look

        package init(version: String, from: Instant, to: Instant, look: Look) {
            self.version = version
            self.from = from
            self.to = to
            self.look = look
        }
    }

    /// The first look, and the last of every group of as many as keep within `most` intervals: counters only rise, so
    /// the looks between them add nothing to the sums. A group's last one may be missing: then the last that is not.
    private static func thinned(_ looks: [Seen], _ most: Int) -> [Seen] {
        let intervals = looks.count - 1
        let most = max(1, most)
        guard intervals > most, let first = looks.first else { return looks }
        let stride = (intervals + most - 1) / most
        var kept = [first]
        var end = looks.count
        var later: [Seen] = []
        while end > 1 {
            let group = looks[max(1, end - stride)..<end]
            if let look = group.last(where: { $0.look.counts != nil }) ?? group.last { later.append(look) }
            end -= stride
        }
        kept += later.reversed()
        return kept
    }

    private static func points(_ looks: [Seen]) -> [Point] {
        zip(looks, looks.dropFirst()).map { Self.point($1, since: $0) }
    }

    private static func point(_ seen: Seen, since earlier: Seen) -> Point {
        var point = Point(from: earlier.to, to: seen.to, share: seen.look.counts?.weight, gap: .missing)
        guard let counts = seen.look.counts, seen.look.capacity == earlier.look.capacity else { return point }
        switch counts.since(earlier.look.counts) {
        case .missing: point.gap = .missing
        case .reset: point.gap = .reset
        case .counts(let interval):
            guard interval.errors >= 0, interval.requests >= interval.errors else {
                point.gap = .impossible
                return point
            }
            point.requests = interval.requests
            point.errors = interval.errors
            point.fallback = counts.fallback.map { max(0, $0 - (earlier.look.counts?.fallback ?? 0)) }
            switch interval.times {
            case .none: point.gap = nil
            case .lost: point.gap = .loss
            case .buckets(let buckets):
                guard buckets.allSatisfy({ $0 >= 0 }) else {
                    point.gap = .impossible
                    return point
                }
                point.gap = nil
                point.p50 = Self.percentile(50, of: buckets)
                point.p99 = Self.percentile(99, of: buckets)
            }
        }
        return point
    }

    /// The bound of the bucket that holds the smallest time which so many percent do not exceed (nearest rank).
    private static func percentile(_ percent: Int, of buckets: [Int]) -> Int? {
        let all = buckets.reduce(0.0) { $0 + Double($1) }
        guard all > 0 else { return nil }
        let rank = (all * Double(percent) / 100).rounded(.up)
        var below = 0.0
        for (bound, count) in zip(LatencyLadder.bounds, buckets) {
            below += Double(count)
            if below >= rank { return bound }
        }
        return LatencyLadder.bounds.last
    }
}
