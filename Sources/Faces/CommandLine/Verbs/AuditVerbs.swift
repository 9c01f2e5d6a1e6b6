import APIClient
import ArgumentParser
import Core
import Foundation

struct AuditVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Prove that the record is whole, and that it was decided as it says.",
        subcommands: [Verify.self, Export.self, Replay.self])

    struct Verify: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Check every hash and seal of the ledger, or of an export.",
            discussion:
                "Works without a running server too; with --file without any data folder. 1 if anything is wrong.")
        @Option(help: ArgumentHelp("An export, checked by itself alone.", valueName: "file"))
        var file: String?
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        func run(in session: Session) async throws -> Ending {
            if let file { return try self.verify(session.shell.absolute(file), in: session) }
            let audit = try await session.either(self.place) {
                try await $0.verifyAudit()
            } offline: { folder in
                try await session.wiring.offlineAudit(folder)
            }
            try session.show(audit, json: self.format.json, EventText.audit(audit))
            return audit.verified ? .done : .refused
        }

        private func verify(_ file: String, in session: Session) throws -> Ending {
            let result = Result { () throws(ExportProblem) in try ExportFile.verify(file) }
            switch result {
            case .success(let report):
                let audit = Wire.Audit(
                    records: report.events, streams: report.streams, seals: report.seals, verified: true, problem: nil)
                try session.show(
                    audit, json: self.format.json,
                    EventText.audit(audit) + ["Exported by \(report.by). Its digest: \(report.digest)."])
                return .done
            case .failure(let problem):
                let audit = Wire.Audit(
                    records: 0, streams: 0, seals: 0, verified: false, problem: problem.description)
                try session.show(
                    audit, json: self.format.json, ["\(file) is NOT what was exported. \(problem)"])
                return .refused
            }
        }
    }

    struct Export: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Write the whole record to a file that is verified without the ledger.",
            discussion: """
                JSON Lines: every event as stored, every seal, and a digest. `slipway audit verify --file FILE` checks it anywhere. \
                Works without a running server too. It holds what people wrote: keep it as you keep the data folder.
                """)

        @Argument(help: "The new file.")
        var file: String
        @Option(help: ArgumentHelp("The same for people, in words, as CSV.", valueName: "file"))
        var csv: String?
        @Flag(help: "Replace files that are there.")
        var force = false
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        struct Made: Encodable {
            var file: String
            var csv: String?
            var records: Int
            var streams: Int
            var seals: Int
            var digest: String
        }

        func run(in session: Session) async throws -> Ending {
            let path = session.shell.absolute(self.file)
            let table = self.csv.map(session.shell.absolute)
            let files = try [path, table].compactMap(\.self).map { try ExportFile($0, replaces: self.force) }
            let report = try await session.either(self.place) { client in
                try await Self.write(files) { form, last, take in
                    try await client.exportAudit(form, upTo: last) { try await take($0) }
                }
            } offline: { folder in
                try await Self.write(files) { form, last, take in
                    try await session.wiring.offlineExport(folder, form, last, take)
                }
            }
            let made = Made(
                file: path, csv: table, records: report.events, streams: report.streams, seals: report.seals,
                digest: report.digest.description)
            let also = table.map { ["The same in words: \($0)."] } ?? []
            try session.show(
                made, json: self.format.json,
                [
                    "\(path): \(Plain.count(made.records, "record")), \(Plain.count(made.streams, "stream")), "
                        + "\(Plain.count(made.seals, "seal")), verified.",
                    "Its digest: \(made.digest). Keep it elsewhere: it tells this export from any other.",
                ] + also)
            return .done
        }

        typealias Source = (Wire.ExportForm, Int?, @Sendable ([UInt8]) async throws -> Void) async throws -> Void

        /// What came is verified before it gets its name.
        private static func write(_ files: [ExportFile], _ source: Source) async throws -> ExportReport {
            let (lines, table) = (files[0], files.dropFirst().first)
            try lines.begin()
            defer { for file in files { file.discard() } }
            try await source(.lines, nil) { try lines.write($0) }
            let report: ExportReport
            do throws(ExportProblem) {
                report = try ExportFile.verify(lines.temporary)
            } catch {
                throw VerbError(.refused, "What came is no whole export; nothing was kept. \(error.description)")
            }
            if let table {
                try table.begin()
                try await source(.table, report.events) { try table.write($0) }
                try table.finish()
            }
            try lines.finish()
            return report
        }
    }

    struct Replay: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Decide again from the record, and report differences.",
            discussion: """
                Admissions with their gates, verdicts of the judge from the stored counts, and what lanes did upon them. \
                Works without a running server too. 1 if any answer is another one now.
                """)

        @Argument(help: "Only this service.")
        var service: String?
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        func run(in session: Session) async throws -> Ending {
            let replay = try await session.either(self.place) {
                try await $0.replayAudit(service: self.service)
            } offline: { folder in
                try await session.wiring.offlineReplay(folder, self.service)
            }
            try session.show(replay, json: self.format.json, EventText.replay(replay))
            return replay.differing == 0 ? .done : .refused
        }
    }
}
