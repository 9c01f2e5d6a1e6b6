import APIClient
import Core
import Engine

extension AuditOperations {
    init(_ bridge: Bridge) {
        self.init(
            export: { caller, form, last in
                try await bridge.saying { try await bridge.export(caller, form, upTo: last) }
            },
            replay: { caller, service in try await bridge.saying { try await bridge.replay(caller, service) } },
            verify: { caller in try await bridge.saying { try await bridge.verifyAudit(caller) } })
    }
}

/// An export that is read piece by piece. An actor, because whoever sends it may be another task each time.
private actor ExportReader {
    private var export: LedgerExport

    init(_ export: LedgerExport) { self.export = export }

    func next() async throws -> [UInt8]? {
        var export = self.export
        let bytes = try await export.next()
        self.export = export
        return bytes
    }
}

extension Bridge {
    fileprivate func export(_ caller: Caller, _ form: Wire.ExportForm, upTo last: Int?) async throws
        -> AuditOperations.Bytes
    {
        let form: ExportForm =
            switch form {
            case .lines: .lines
            case .table: .table
            }
        let reader = ExportReader(
            try await self.plane.exportLedger(form, upTo: last, by: try await self.caller(caller)))
        return { try await reader.next() }
    }

    fileprivate func replay(_ caller: Caller, _ service: String?) async throws -> Wire.Replay {
        let report = try await self.plane.replay(
            try service.map { try self.service($0) }, by: try await self.caller(caller))
        return Wire.Replay(
            admissions: report.admissions, verdicts: report.verdicts, decisions: report.decisions,
            notOnRecord: report.notOnRecord, differing: report.differing,
            differences: report.differences.map {
                Wire.Replay.Difference(
                    stream: $0.stream.description, number: $0.number, what: $0.what, recorded: $0.recorded,
                    again: $0.again)
            })
    }
}
