import CommandLine
import Foundation
import Logging

// Words of the server go to standard error: standard output belongs to the data that was asked for.
LoggingSystem.bootstrap { label in StreamLogHandler.standardError(label: label) }

let wiring = Wiring(
    serve: { try await serve($0) },
    offlineStatus: { try await Offline.status($0, $1) },
    offlineRollback: { try await Offline.rollback($0) },
    offlineRollbackPlan: { try await Offline.rollbackPlan($0, $1, $2, $3) },
    offlineDown: { try await Offline.down($0) },
    offlineEvents: { try await Offline.events($0, $1) },
    offlineAudit: { try await Offline.audit($0) },
    offlineExport: { try await Offline.export($0, $1, upTo: $2, $3) },
    offlineReplay: { try await Offline.replay($0, $1) },
    offlinePrune: { try await Offline.prune($0, $1) },
    backUp: { try Offline.backUp($0, to: $1, withKey: $2) },
    restore: { try await Offline.restore($0, agree: $1) },
    lab: { try await lab($0) })

exit(await runSlipway(Array(ProcessInfo.processInfo.arguments.dropFirst()), shell: .system(), wiring: wiring))
