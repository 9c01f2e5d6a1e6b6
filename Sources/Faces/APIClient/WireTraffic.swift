extension Wire {
    /// `GET /promotions/S/E/N/traffic`: what both versions answered since the deployment was first looked at, interval
    /// by interval. Intervals are merged so that an arm has at most as many points as were asked for.
    package struct Traffic: Codable, Sendable, Equatable {
        /// Id of the promotion.
        package var promotion: String
        /// The new version, then the one that served before. Empty: nothing was seen.
        package var arms: [TrafficArm]

        package init(promotion: String, arms: [TrafficArm]) {
            self.promotion = promotion
            self.arms = arms
        }

        package var isEmpty: Bool { self.arms.allSatisfy(\.points.isEmpty) }
    }

    package struct TrafficArm: Codable, Sendable, Equatable {
        /// new or old.
        package var arm: String
        package var version: String
        package var points: [TrafficPoint]

        package init(arm: String, version: String, points: [TrafficPoint]) {
            self.arm = arm
            self.version = version
            self.points = points
        }

        package var isNew: Bool { self.arm == "new" }
    }

    /// One version in one interval.
    package struct TrafficPoint: Codable, Sendable, Equatable {
        /// The interval's begin and end.
        package var from: String
        package var at: String
        /// Answered in the interval; nil where `gap` says why.
        package var requests: Int?
        /// Those answered with a status of 500 to 599.
        package var errors: Int?
        /// How long half, and 99 of 100, took at most, in milliseconds, as the upper bound of a bucket (a quarter
        /// octave); above 10,240 that bound. nil: not known.
        package var p50: Int?
        package var p99: Int?
        /// The share of the traffic that it was to have, in percent.
        package var share: Double?
        /// missing: it could not be looked at; reset: the counters began anew; loss: times of some requests were lost,
        /// so there are no percentiles; impossible: the counters went backwards. nil: nothing is missing.
        package var gap: String?
        /// Requests of its users that the other version answered, since none of its instances took connections. nil: not
        /// known.
        package var fallback: Int?

        package init(
            from: String, at: String, requests: Int?, errors: Int?, p50: Int?, p99: Int?, share: Double?, gap: String?,
            fallback: Int? = nil
        ) {
            self.from = from
            self.at = at
            self.requests = requests
            self.errors = errors
            self.p50 = p50
            self.p99 = p99
            self.share = share
            self.gap = gap
            self.fallback = fallback
        }
    }

    /// Points of an arm in an answer: at least and at most.
    package static let trafficPoints = 2...240
}
