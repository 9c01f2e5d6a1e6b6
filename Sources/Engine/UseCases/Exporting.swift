import Core
import Ports

/// What an export looks like.
package enum ExportForm: String, Sendable, CaseIterable {
    /// JSON Lines with all that the chain is made of: verified without the ledger.
    case lines
    /// CSV, for people: what happened when, by whom, in words. It proves nothing.
    case table
}

/// The ledger from its first event to one position, piece by piece: a consistent beginning of it, however much is appended meanwhile.
package struct LedgerExport: Sendable {
    private let ledger: any Ledger
    private let form: ExportForm
    private let header: (at: Instant, by: Actor)
    private let last: Int
    private var seals: ArraySlice<Seal>
    private var writer = ExportWriter()
    private var position = 0
    private var stage = Stage.header

    private enum Stage { case header, events, over }

    /// Events that are in memory at a time: at most 100 MiB, usually some tens of KiB.
    private static let page = 100

    init(_ ledger: any Ledger, _ form: ExportForm, at: Instant, by: Actor, last: Int, seals: [Seal]) {
        self.ledger = ledger
        self.form = form
        self.header = (at, by)
        self.last = last
        self.seals = seals.filter { $0.position <= last }[...]
    }

    /// The next bytes; nil at the end. Throws `LedgerError(.damaged)` for an event that can't be right.
    package mutating func next() async throws -> [UInt8]? {
        switch self.stage {
        case .header:
            self.stage = .events
            switch self.form {
            case .lines: return self.writer.header(at: self.header.at, by: self.header.by, last: self.last)
            case .table: return CSV.row(["position", "time", "stream", "kind", "actor", "sentence"])
            }
        case .events:
            guard self.position < self.last else {
                self.stage = .over
                return self.form == .lines ? self.writer.end() : []
            }
            let events = try await self.ledger.events(
                after: self.position, limit: min(Self.page, self.last - self.position))
            guard let newest = events.last?.position else {
                throw LedgerError(.damaged, "The events after position \(self.position) are not there any more.")
            }
            self.position = newest
            return events.flatMap { self.bytes(of: $0) }
        case .over: return nil
        }
    }

    private mutating func bytes(of event: Envelope) -> [UInt8] {
        switch self.form {
        case .table:
            return CSV.row([
                String(event.position), event.at.wire, event.stream.description, event.kind.name,
                event.actor.description, event.sentence,
            ])
        case .lines:
            var bytes = self.writer.event(event)
            while let seal = self.seals.first, seal.position <= event.position {
                bytes += self.writer.seal(seal)
                self.seals.removeFirst()
            }
            return bytes
        }
    }
}

extension ControlPlane {
    /// The whole ledger up to `last` (nil: as it stands). Bodies hold what people wrote: only who administers may take them out.
    package func exportLedger(_ form: ExportForm, upTo last: Int?, by caller: Caller) async throws -> LedgerExport {
        try await self.authorize(caller, .administer, on: .organisation, "the export of the ledger")
        let ledger = self.journal.ledger
        let newest = try await ledger.position()
        if let last, last > newest {
            throw Refusal(.invalid, "There is no position \(last): the newest is \(newest).")
        }
        return LedgerExport(
            ledger, form, at: self.journal.time.now(), by: caller.actor, last: last ?? newest,
            seals: form == .lines ? try await ledger.seals() : [])
    }
}

extension Envelope {
    /// What happened, for a person; empty for bookkeeping, and for what this build can't read.
    fileprivate var sentence: String {
        switch self.stream {
        case .lane: (try? EventJSON.event(Lane.Event.self, of: self))?.sentence?.text ?? ""
        case .release: (try? EventJSON.event(Release.Event.self, of: self))?.sentence ?? ""
        case .change: (try? EventJSON.event(ChangeRequest.Event.self, of: self))?.sentence ?? ""
        case .calendar: (try? EventJSON.event(FreezeCalendar.Event.self, of: self))?.sentence ?? ""
        case .service: (try? EventJSON.event(Service.Event.self, of: self))?.sentence ?? ""
        case .directory: (try? EventJSON.event(Directory.Event.self, of: self))?.sentence ?? ""
        case .access: (try? EventJSON.event(Access.Event.self, of: self))?.sentence ?? ""
        case .train, .flag, .ledger: ""
        }
    }
}

/// RFC 4180, with every field in quotes.
package enum CSV {
    package static func row(_ fields: [String]) -> [UInt8] {
        Array((fields.map(Self.field).joined(separator: ",") + "\r\n").utf8)
    }

    /// A field that a spreadsheet would take for a formula gets an apostrophe before it, which makes it text (OWASP, CSV injection). Full-width
    /// signs count: some programs take them for the others.
    private static func field(_ text: String) -> String {
        let first = text.unicodeScalars.first { !$0.properties.isWhitespace && $0.value > 0x20 }
        let leads = text.unicodeScalars.first.map { "\t\r\n".unicodeScalars.contains($0) } ?? false
        let isFormula = first.map { "=+-@\u{FF1D}\u{FF0B}\u{FF0D}\u{FF20}|".unicodeScalars.contains($0) } ?? false
        // A NUL ends the text for some programs.
        let safe = text.replacing("\0", with: "\u{FFFD}").replacing("\"", with: "\"\"")
        return "\"" + (isFormula || leads ? "'" : "") + safe + "\""
    }
}
