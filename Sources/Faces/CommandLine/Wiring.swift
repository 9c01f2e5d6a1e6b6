package import APIClient

/// What the command line can't do as a client: run the server, and work on a data folder without one.
/// The executable fills it in.
package struct Wiring: Sendable {
    /// Runs the server until it is told to stop (SIGTERM, SIGINT).
    package var serve: @Sendable (ServeOptions) async throws -> Void
    package var offlineStatus: @Sendable (_ dataFolder: String, _ service: String?) async throws -> Wire.Status
    /// Takes the folder's lock and a new term, moves the traffic, and returns when it is there.
    package var offlineRollback: @Sendable (OfflineRollback) async throws -> Wire.Promotion
    /// What a rollback would do, and how long it would take. `version` nil: the one before.
    package var offlineRollbackPlan: RollbackPlan
    /// Stops everything of one lane and returns when it is gone.
    package var offlineDown: @Sendable (OfflineDown) async throws -> Wire.Lane
    /// All events of one stream, oldest first.
    package var offlineEvents: @Sendable (_ dataFolder: String, _ stream: String) async throws -> [Wire.Event]
    package var offlineAudit: @Sendable (_ dataFolder: String) async throws -> Wire.Audit
    /// Gives the bytes of an export, `last` nil: of all there is.
    package var offlineExport: Export
    package var offlineReplay: @Sendable (_ dataFolder: String, _ service: String?) async throws -> Wire.Replay
    package var offlinePrune: @Sendable (_ dataFolder: String, Wire.Prune) async throws -> Wire.Pruned
    /// Copies the record of a data folder, in use or not, into one new file.
    /// `withKey`: with the key file of the secrets.
    package var backUp: BackUp
    /// Makes a data folder from a backup; `agree` is asked before a folder that has a record is moved aside.
    package var restore: @Sendable (OfflineRestore, _ agree: Agree) async throws -> RestoreSummary
    package var lab: @Sendable (LabOptions) async throws -> LabReport

    package typealias RollbackPlan =
        @Sendable (_ dataFolder: String, _ service: String, _ environment: String, _ version: String?) async throws
        -> Wire.RollbackPlan

    package typealias Export =
        @Sendable (
            _ dataFolder: String, Wire.ExportForm, _ last: Int?, _ take: @Sendable ([UInt8]) async throws -> Void
        ) async throws -> Void

    package typealias BackUp =
        @Sendable (_ dataFolder: String, _ file: String, _ withKey: Bool) async throws -> BackupSummary

    /// Puts a question to a person.
    package typealias Agree = (_ question: String) -> Bool

    package init(
        serve: @escaping @Sendable (ServeOptions) async throws -> Void,
        offlineStatus: @escaping @Sendable (_ dataFolder: String, _ service: String?) async throws -> Wire.Status,
        offlineRollback: @escaping @Sendable (OfflineRollback) async throws -> Wire.Promotion,
        offlineRollbackPlan: @escaping RollbackPlan,
        offlineDown: @escaping @Sendable (OfflineDown) async throws -> Wire.Lane,
        offlineEvents: @escaping @Sendable (_ dataFolder: String, _ stream: String) async throws -> [Wire.Event],
        offlineAudit: @escaping @Sendable (_ dataFolder: String) async throws -> Wire.Audit,
        offlineExport: @escaping Export,
        offlineReplay: @escaping @Sendable (_ dataFolder: String, _ service: String?) async throws -> Wire.Replay,
        offlinePrune: @escaping @Sendable (_ dataFolder: String, Wire.Prune) async throws -> Wire.Pruned,
        backUp: @escaping BackUp,
        restore: @escaping @Sendable (OfflineRestore, _ agree: Agree) async throws -> RestoreSummary,
        lab: @escaping @Sendable (LabOptions) async throws -> LabReport
    ) {
        self.serve = serve
        self.offlineStatus = offlineStatus
        self.offlineRollback = offlineRollback
        self.offlineRollbackPlan = offlineRollbackPlan
        self.offlineDown = offlineDown
        self.offlineEvents = offlineEvents
        self.offlineAudit = offlineAudit
        self.offlineExport = offlineExport
        self.offlineReplay = offlineReplay
        self.offlinePrune = offlinePrune
        self.backUp = backUp
        self.restore = restore
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
    package var transport = Transport.loopback
    /// Where browsers reach the server, without trailing slash; nil: where it listens.
    package var publicAddress: String?
    package var provider: Provider?

    /// How what is said is hidden from others.
    package enum Transport: Sendable, Equatable {
        case loopback, behindProxy
        case tls(certificate: String, key: String)
    }

    /// An OpenID Connect provider.
    package struct Provider: Sendable, Equatable {
        package var issuer: String
        package var clientID: String
        package var clientSecret: String?
        package var personClaim: String
        package var groupsClaim: String
    }
}

package struct OfflineRollback: Sendable, Equatable {
    package var dataFolder: String
    package var service: String
    package var environment: String
    /// nil: the release verified there before.
    package var version: String?
    package var reason: String
    /// Also past a point of no return.
    package var isForced: Bool
}

package struct OfflineDown: Sendable, Equatable {
    package var dataFolder: String
    package var service: String
    package var environment: String
    package var reason: String
}

/// `slipway backup`
package struct BackupSummary: Sendable, Equatable, Encodable {
    package var file: String
    package var bytes: Int64
    /// Of the newest event in it.
    package var position: Int
    package var blobs: Int
    /// Digests of blobs whose bytes are not theirs any more: left out.
    package var damaged: [String]
    /// Encrypted values of secrets.
    package var secrets: Int
    /// Their key file is in it too.
    package var hasKey: Bool

    package init(
        file: String, bytes: Int64, position: Int, blobs: Int, damaged: [String], secrets: Int = 0,
        hasKey: Bool = false
    ) {
        self.file = file
        self.bytes = bytes
        self.position = position
        self.blobs = blobs
        self.damaged = damaged
        self.secrets = secrets
        self.hasKey = hasKey
    }
}

/// `slipway restore`
package struct OfflineRestore: Sendable, Equatable {
    package var file: String
    package var dataFolder: String
    /// What was started from the folder that is moved aside may go on running.
    package var leavesRunning: Bool
}

/// What `slipway restore` has made.
package struct RestoreSummary: Sendable, Equatable, Encodable {
    package var folder: String
    package var position: Int
    package var blobs: Int
    /// When the backup was made, RFC 3339.
    package var madeAt: String
    /// Where the folder that was there before stands now.
    package var movedAside: String?

    package init(folder: String, position: Int, blobs: Int, madeAt: String, movedAside: String?) {
        self.folder = folder
        self.position = position
        self.blobs = blobs
        self.madeAt = madeAt
        self.movedAside = movedAside
    }
}

/// `slipway lab`
package struct LabOptions: Sendable, Equatable {
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
