import Foundation

/// What the demo found, as its JSON tells it. Keys that do not apply are null.
package struct DemoReport: Sendable, Equatable, Encodable {
    /// One deployment: a release in an environment.
    package struct Entry: Sendable, Equatable, Encodable {
        package var version: String
        package var environment: String
        package var strategy: String?
        /// completed, failed, aborted, rolledBack or superseded.
        package var outcome: String
        package var seconds: Double?
        /// Requests of the load while it ran; there is load on production only.
        package var requests: Int
        package var failed: Int
        package var failedByNewVersion: Int
        /// From the start of the step that found the fault to the record of the failure.
        package var detectSeconds: Double?
        /// From the append of the abort, or failure, to the last request that the new version got; of a rollback: from its
        /// append to the last request that the replaced version got.
        package var rollbackMilliseconds: Int?

        package init(
            version: String, environment: String, strategy: String?, outcome: String, seconds: Double?, requests: Int,
            failed: Int, failedByNewVersion: Int, detectSeconds: Double?, rollbackMilliseconds: Int?
        ) {
            self.version = version
            self.environment = environment
            self.strategy = strategy
            self.outcome = outcome
            self.seconds = seconds
            self.requests = requests
            self.failed = failed
            self.failedByNewVersion = failedByNewVersion
            self.detectSeconds = detectSeconds
            self.rollbackMilliseconds = rollbackMilliseconds
        }

        enum CodingKeys: String, CodingKey {
            case version, environment, strategy, outcome, seconds, requests, failed, failedByNewVersion, detectSeconds
            case rollbackMilliseconds
        }

        // Written out because the synthesised one leaves a nil key away instead of writing null.
        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(self.version, forKey: .version)
            try container.encode(self.environment, forKey: .environment)
            try container.encode(self.strategy, forKey: .strategy)
            try container.encode(self.outcome, forKey: .outcome)
            try container.encode(self.seconds, forKey: .seconds)
            try container.encode(self.requests, forKey: .requests)
            try container.encode(self.failed, forKey: .failed)
            try container.encode(self.failedByNewVersion, forKey: .failedByNewVersion)
            try container.encode(self.detectSeconds, forKey: .detectSeconds)
            try container.encode(self.rollbackMilliseconds, forKey: .rollbackMilliseconds)
        }
    }

    /// SIGKILL of the control plane: the load from there to the end of the deployment that it interrupted.
    package struct Crash: Sendable, Equatable, Encodable {
        package var requests: Int
        package var failed: Int
        /// From the start of the new server to the next event of the interrupted lane.
        package var resumeSeconds: Double
    }

    package struct Rollback: Sendable, Equatable, Encodable {
        /// From the append of the rollback to the last request that the version before it got.
        package var milliseconds: Int
        package var failed: Int
    }

    package struct Audit: Sendable, Equatable, Encodable {
        package var records: Int
        package var verified: Bool
    }

    package var releases: [Entry] = []
    package var crash: Crash?
    package var rollback: Rollback?
    package var audit: Audit?
    package var ok = false
    /// Why it is not ok.
    package var reason: String?

    package init() {}

    enum CodingKeys: String, CodingKey { case releases, crash, rollback, audit, ok, reason }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.releases, forKey: .releases)
        try container.encode(self.crash, forKey: .crash)
        try container.encode(self.rollback, forKey: .rollback)
        try container.encode(self.audit, forKey: .audit)
        try container.encode(self.ok, forKey: .ok)
        try container.encodeIfPresent(self.reason, forKey: .reason)
    }

    package var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}
