import APIClient
import CommandLine
import Foundation
import Synchronization

/// One run of the command line as a test sees it: no process, no real streams.
struct CommandRun {
    var code: Int32
    var out: String
    var err: String
    /// What was asked of the data folder, in order.
    var offline: [String]

    static func of(
        _ words: String..., environment: [String: String] = [:], folder: String = "/nowhere", answer: String? = nil,
        status: Wire.Status = Wire.Status(position: 0, services: [])
    ) async -> CommandRun {
        await Self.of(words, environment: environment, folder: folder, answer: answer, status: status)
    }

    static func of(
        _ words: [String], environment: [String: String] = [:], folder: String = "/nowhere", answer: String? = nil,
        status: Wire.Status = Wire.Status(position: 0, services: [])
    ) async -> CommandRun {
        let seen = Seen()
        let shell = Shell(
            out: { seen.add(out: $0) }, err: { seen.add(err: $0) }, ask: { _ in answer }, isTerminal: false,
            environment: ["HOME": "/nowhere"].merging(environment) { $1 }, folder: folder,
            columns: 120)
        let code = await runSlipway(words, shell: shell, wiring: Self.wiring(seen, status))
        return seen.run(code)
    }

    private static func wiring(_ seen: Seen, _ status: Wire.Status) -> Wiring {
        Wiring(
            serve: {
                seen.add(offline: "serve \($0.dataFolder) \($0.host) \($0.port)\($0.rebuilds ? " rebuilds" : "")")
            },
            offlineStatus: { folder, service in
                seen.add(offline: "status \(folder) \(service ?? "-")")
                return status
            },
            offlineRollback: { order in
                seen.add(
                    offline: "rollback \(order.service) \(order.environment) \(order.version ?? "-") \(order.reason)")
                return .sample(.rolledBack)
            },
            offlineRollbackPlan: { _, service, environment, version in
                seen.add(offline: "plan \(service) \(environment) \(version ?? "-")")
                return Samples.rollbackPlan
            },
            offlineDown: { order in
                seen.add(offline: "down \(order.service) \(order.environment)")
                return Wire.Lane(service: order.service, environment: order.environment)
            },
            offlineEvents: { _, stream in
                seen.add(offline: "events \(stream)")
                return [.sample(1, "lane.requested", #"{"number":3}"#)]
            },
            offlineAudit: { folder in
                seen.add(offline: "audit \(folder)")
                return Wire.Audit(records: 7, streams: 2, seals: 1, verified: false, problem: "event 5 was changed")
            },
            offlineExport: { folder, form, last, take in
                seen.add(offline: "export \(folder) \(form.rawValue) \(last ?? -1)")
                let next = Samples.export()
                while let bytes = try await next() { try await take(bytes) }
            },
            offlineReplay: { folder, service in
                seen.add(offline: "replay \(folder) \(service ?? "-")")
                return Samples.replay
            },
            offlinePrune: { folder, prune in
                seen.add(offline: "prune \(folder) \(prune.dryRun)")
                return Wire.Pruned(dryRun: prune.dryRun, bytes: 0, kept: 3, releases: [])
            },
            backUp: { folder, file, withKey in
                seen.add(offline: "backup \(folder) \(file)\(withKey ? " with key" : "")")
                return BackupSummary(file: file, bytes: 3_000_000, position: 7, blobs: 2, damaged: [])
            },
            restore: { order, agree in
                let agreed = agree("There is a record. Move it aside?")
                let running = order.leavesRunning ? " leaves running" : ""
                seen.add(offline: "restore \(order.file) \(order.dataFolder) \(agreed)\(running)")
                return RestoreSummary(
                    folder: order.dataFolder, position: 7, blobs: 2, madeAt: "2026-01-05T09:00:00Z",
                    movedAside: order.dataFolder + ".old")
            },
            lab: { options in
                LabReport(lines: ["\(options.histories) from \(options.seed)"], passed: options.seed != 13)
            })
    }
}

/// What a run wrote; several tasks may write.
private final class Seen: Sendable {
    private let lines = Mutex<(out: [String], err: [String], offline: [String])>(([], [], []))

    func add(out line: String) { self.lines.withLock { $0.out.append(line) } }
    func add(err line: String) { self.lines.withLock { $0.err.append(line) } }
    func add(offline line: String) { self.lines.withLock { $0.offline.append(line) } }

    func run(_ code: Int32) -> CommandRun {
        self.lines.withLock { lines in
            CommandRun(
                code: code, out: lines.out.joined(separator: "\n"), err: lines.err.joined(separator: "\n"),
                offline: lines.offline)
        }
    }
}

extension Wire.Promotion {
    static func sample(_ state: Wire.PromotionState, number: Int = 3) -> Wire.Promotion {
        Wire.Promotion(
            id: "shop/production/\(number)", service: "shop", environment: "production", number: number,
            release: "r-aa", version: "1.2.0", state: state, kind: state == .rolledBack ? "rollback" : "forward",
            by: "ada")
    }
}

extension Wire.Event {
    static func sample(_ position: Int, _ kind: String, _ body: String) -> Wire.Event {
        Wire.Event(
            position: position, stream: "lane/shop/production", number: position, kind: kind, kindVersion: 1,
            at: "2026-01-05T09:00:00.250Z", actor: "ada", cause: nil, body: body, hash: "00")
    }
}
