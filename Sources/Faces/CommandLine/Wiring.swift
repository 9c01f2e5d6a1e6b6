package import APIClient

/// What the command line can't do as a client: run the server, and work on a data folder without one.
/// The executable fills it in.
package struct Wiring: Sendable {
    /// Runs the server until it is told to stop (SIGTERM, SIGINT).
    package var serve: @Sendable (ServeOptions) async throws -> Void
    package var offlineStatus: @Sendable (_ dataFolder: String, _ service: String?) async throws -> Wire.Status
    /// Takes the folder's lock and a new term, moves the traffic, and returns when it is there.
    package var offlineRollback: @Sendable (OfflineRollback) async throws -> Wire.Promotion
    /// Stops everything of one lane and returns when it is gone.
    package var offlineDown: @Sendable (OfflineDown) async throws -> Wire.Lane
    /// All events of one stream, oldest first.
    package var offlineEvents: @Sendable (_ dataFolder: String, _ stream: String) async throws -> [Wire.Event]
    package var offlineAudit: @Sendable (_ dataFolder: String) async throws -> Wire.Audit
    package var lab: @Sendable (LabOptions) async throws -> LabReport

    package init(
        serve: @escaping @Sendable (ServeOptions) async throws -> Void,
        offlineStatus: @escaping @Sendable (_ dataFolder: String, _ service: String?) async throws -> Wire.Status,
        offlineRollback: @escaping @Sendable (OfflineRollback) async throws -> Wire.Promotion,
        offlineDown: @escaping @Sendable (OfflineDown) async throws -> Wire.Lane,
        offlineEvents: @escaping @Sendable (_ dataFolder: String, _ stream: String) async throws -> [Wire.Event],
        offlineAudit: @escaping @Sendable (_ dataFolder: String) async throws -> Wire.Audit,
        lab: @escaping @Sendable (LabOptions) async throws -> LabReport
    ) {
        self.serve = serve
        self.offlineStatus = offlineStatus
        self.offlineRollback = offlineRollback
        self.offlineDown = offlineDown
        self.offlineEvents = offlineEvents
        self.offlineAudit = offlineAudit
        self.lab = lab
    }
}

/// `slipway serve`
package struct ServeOptions: Sendable, Equatable {
    package var dataFolder: String
    package var host: String
    /// 0: a free one, chosen by the system.
    package var port: Int
    /// The projections are made anew from the events before anything else.
    package var rebuilds: Bool
}

package struct OfflineRollback: Sendable, Equatable {
    package var dataFolder: String
    package var service: String
    package var environment: String
    /// nil: the release verified there before.
    package var version: String?
    package var reason: String
}

package struct OfflineDown: Sendable, Equatable {
    package var dataFolder: String
    package var service: String
    package var environment: String
    package var reason: String
}

/// `slipway lab`
package struct LabOptions: Sendable, Equatable {
    /// nil: random histories.
    package var scenario: String?
    package var histories: Int
    package var seed: UInt64
    package var isJSON: Bool
}

/// What the lab found, ready to print.
package struct LabReport: Sendable, Equatable {
    /// For people, one line each; or, where JSON was asked for, the one JSON text.
    package var lines: [String]
    /// No invariant was violated.
    package var passed: Bool

    package init(lines: [String], passed: Bool) {
        self.lines = lines
        self.passed = passed
    }
}
