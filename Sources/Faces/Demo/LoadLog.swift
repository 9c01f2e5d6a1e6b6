import Synchronization

/// What happened to one request of the load.
package struct Sample: Sendable, Equatable {
    /// When it was sent: milliseconds of UTC since 1970, the clock of the ledger.
    package var sentAt: Int64
    /// Since it was due, not since it was sent: a late generator can't hide a slow service.
    package var milliseconds: Int32
    /// When its answer was there whole, by the same clock; nil: it never was.
    package var answeredAt: Int64?
    /// The version that answered; nil if none is known.
    package var version: String?
    /// nil: it got its proper answer in time.
    package var failure: String?

    package init(sentAt: Int64, milliseconds: Int32, version: String?, failure: String?) {
        self.sentAt = sentAt
        self.milliseconds = milliseconds
        self.version = version
        self.failure = failure
    }
}

/// Counts over a span of time.
package struct LoadCounts: Sendable, Equatable {
    package var requests = 0
    package var failed = 0
    /// Failures that a version answered itself.
    package var failedByVersion: [String: Int] = [:]
    package var byVersion: [String: Int] = [:]
}

/// Every request of the load, by the generator's own count. Bounded: beyond `limit` nothing more is sent.
package final class LoadLog: Sendable {
    package static let limit = 1_000_000

    private let samples = Mutex<[Sample]>([])

    package init() {}

    package func add(_ sample: Sample) {
        self.samples.withLock { $0.append(sample) }
    }

    package var count: Int { self.samples.withLock { $0.count } }

    /// Requests sent from `start` on and before `end`; nil: without that bound.
    package func counts(from start: Int64? = nil, to end: Int64? = nil) -> LoadCounts {
        self.samples.withLock { samples in
            var counts = LoadCounts()
            for sample in samples where sample.sentAt >= start ?? .min && sample.sentAt < end ?? .max {
                counts.requests += 1
                if let version = sample.version { counts.byVersion[version, default: 0] += 1 }
                guard sample.failure != nil else { continue }
                counts.failed += 1
                if let version = sample.version { counts.failedByVersion[version, default: 0] += 1 }
            }
            return counts
        }
    }

    /// When the last request was sent that this version answered.
    package func lastSent(to version: String, before end: Int64? = nil) -> Int64? {
        self.samples.withLock { samples in
            samples.lazy.filter { $0.version == version && $0.sentAt < end ?? .max }.map(\.sentAt).max()
        }
    }

    /// When the first request was sent that this version answered wrongly.
    package func firstFailure(of version: String) -> Int64? {
        self.samples.withLock { samples in
            samples.lazy.filter { $0.version == version && $0.failure != nil }.map(\.sentAt).min()
        }
    }

    /// When the last answer of this version had come.
    package func lastAnswer(of version: String) -> Int64? {
        self.samples.withLock { samples in
            samples.lazy.filter { $0.version == version }.compactMap(\.answeredAt).max()
        }
    }

    /// The first failures, as sentences.
    package func failures(limit: Int) -> [String] {
        self.samples.withLock { samples in
            samples.lazy.filter { $0.failure != nil }.prefix(limit).map { sample in
                let version = sample.version ?? "no version"
                return "\(sample.sentAt): \(sample.failure ?? "") (\(version), \(sample.milliseconds) ms)"
            }
        }
    }

    /// The time that `share` (0 to 1) of the requests took at most, in milliseconds.
    package func percentile(_ share: Double) -> Int32? {
        let sorted = self.samples.withLock { $0.map(\.milliseconds) }.sorted()
        guard !sorted.isEmpty else { return nil }
        return sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
    }
}
