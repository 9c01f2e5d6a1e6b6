import APIClient
import CommandLine
import Core
import Engine
import HTTPAPI
import LocalTarget
import Logging
import Ports
import SQLiteStore

/// What works on a data folder while no server runs on it.
enum Offline {
    /// `body` with everything of the folder; only `isReadOnly` works beside a live server.
    private static func with<T>(
        _ folder: String, isReadOnly: Bool, _ body: (Assembly, Operations, HTTPAPI.Caller) async throws -> T
    ) async throws -> T {
        var logger = Logger(label: "slipway")
        logger.logLevel = .error
        let assembly = try await Assembly(folder: folder, path: searchPath(), logger: logger, isReadOnly: isReadOnly)
        let result: Result<T, any Error>
        do {
            let caller = HTTPAPI.Caller(actor: Assembly.user.description, token: "local")
            result = .success(try await body(assembly, Operations(assembly.plane, owner: Assembly.owner), caller))
        } catch {
            result = .failure(error)
        }
        try await assembly.close()
        return try result.get()
    }

    static func status(_ folder: String, _ service: String?) async throws -> Wire.Status {
        try await Self.with(folder, isReadOnly: true) { _, operations, caller in
            try await operations.status(caller, service)
        }
    }

    static func events(_ folder: String, _ stream: String) async throws -> [Wire.Event] {
        try await Self.with(folder, isReadOnly: true) { _, operations, caller in
            var all: [Wire.Event] = []
            while true {
                let page = try await operations.events(caller, stream, all.last?.position ?? 0, 1_000)
                all += page
                if page.count < 1_000 { return all }
            }
        }
    }

    /// A ledger that can't even be opened is a finding too.
    static func audit(_ folder: String) async throws -> Wire.Audit {
        do {
            return try await Self.with(folder, isReadOnly: true) { _, operations, caller in
                try await operations.audit.verify(caller)
            }
        } catch let damage as LedgerError where damage.code == .damaged {
            return Wire.Audit(damage)
        }
    }

    static func export(
        _ folder: String, _ form: Wire.ExportForm, upTo last: Int?, _ take: @Sendable ([UInt8]) async throws -> Void
    ) async throws {
        try await Self.with(folder, isReadOnly: true) { _, operations, caller in
            let next = try await operations.audit.export(caller, form, last)
            while let bytes = try await next() { try await take(bytes) }
        }
    }

    static func replay(_ folder: String, _ service: String?) async throws -> Wire.Replay {
        try await Self.with(folder, isReadOnly: true) { _, operations, caller in
            try await operations.audit.replay(caller, service)
        }
    }

    static func rollback(_ order: OfflineRollback) async throws -> Wire.Promotion {
        try await Self.with(order.dataFolder, isReadOnly: false) { assembly, operations, caller in
            let id = try Self.lane(order.service, order.environment)
            return try await assembly.plane.running(id) {
                let act = Wire.Act(
                    reason: order.reason, subject: order.version, force: order.isForced ? true : nil)
                let begun = try await operations.rollback(caller, order.service, order.environment, act)
                _ = try await assembly.plane.wait(for: id, upTo: .minutes(10)) { lane in
                    lane.recent.contains { $0.number == begun.number }
                }
                return try await operations.promotion(caller, begun.id)
            }
        }
    }

    static func rollbackPlan(
        _ folder: String, _ service: String, _ environment: String, _ version: String?
    ) async throws -> Wire.RollbackPlan {
        try await Self.with(folder, isReadOnly: true) { _, operations, caller in
            try await operations.rollbackPlan(caller, service, environment, version)
        }
    }

    static func down(_ order: OfflineDown) async throws -> Wire.Lane {
        try await Self.with(order.dataFolder, isReadOnly: false) { assembly, operations, caller in
            let id = try Self.lane(order.service, order.environment)
            return try await assembly.plane.running(id) {
                _ = try await operations.actOnLane(
                    caller, order.service, order.environment, .down, Wire.Act(reason: order.reason))
                _ = try await assembly.plane.wait(for: id, upTo: .minutes(10)) { $0.takingDown == nil }
                return try await operations.lane(caller, order.service, order.environment)
            }
        }
    }

    static func prune(_ folder: String, _ prune: Wire.Prune) async throws -> Wire.Pruned {
        try await Self.with(folder, isReadOnly: prune.dryRun) { _, operations, caller in
            try await operations.prune(caller, prune)
        }
    }

    /// Works beside a live server: it reads what is committed.
    static func backUp(_ folder: String, to file: String, withKey: Bool) throws -> BackupSummary {
        let report = try SQLiteLedger.backUp(folder: folder, to: file, withKey: withKey, at: SystemClock().now())
        return BackupSummary(
            file: report.path, bytes: report.bytes, position: report.position, blobs: report.blobs,
            damaged: report.damaged.map(\.text), secrets: report.secrets, hasKey: report.hasKey)
    }

    static func restore(_ order: OfflineRestore, agree: Wiring.Agree) async throws -> RestoreSummary {
        if !order.leavesRunning { try Self.refuseRunning(order.dataFolder) }
        let report = try await SQLiteLedger.restore(
            file: order.file, to: order.dataFolder, at: SystemClock().now(), agree: agree)
        return RestoreSummary(
            folder: report.folder, position: report.position, blobs: report.blobs,
            madeAt: report.madeAt, movedAside: report.movedAside)
    }

    /// Under the restored record nothing would know of what runs now: it would serve, hold its addresses, and never be stopped.
    private static func refuseRunning(_ folder: String) throws {
        let running = try ProcessTable().running(from: folder)
        guard !running.isEmpty else { return }
        let named = running.prefix(10).map(\.description).joined(separator: "; ")
        let more = running.count > 10 ? "; and \(running.count - 10) more" : ""
        throw Refusal(
            .wrongState,
            "Nothing was restored: what was started from \(folder) still runs (\(named)\(more)). Stop it with `slipway down "
                + "--data \(folder)`, or let it run on, looked after by nobody, with --leave-running.")
    }

    private static func lane(_ service: String, _ environment: String) throws -> LaneID {
        guard let service = ServiceName(service), let environment = EnvironmentName(environment) else {
            throw Refusal(
                .invalid, "`\(service)/\(environment)` names no service and environment: \(ServiceName.rule).")
        }
        return LaneID(service: service, environment: environment)
    }
}
