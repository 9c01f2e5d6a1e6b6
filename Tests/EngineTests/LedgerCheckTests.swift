import Core
import Engine
import Logging
import Ports
import Synchronization
import Testing

/// The verification of a long ledger beside everything else.
@Suite(.timeLimit(.minutes(2))) struct LedgerCheckTests {
    @Test func `damage is an alarm and an entry of the log, and stops nothing`() async throws {
        let world = World()
        let file = Shop.file(Shop.line("dev"))
        world.repository.commit("feat: open", file: file)
        let ledger = WatchedLedger(
            ledger: try world.open(),
            verifying: { throw LedgerError(.damaged, "The event at position 500 is damaged.") })
        let log = RecordedLog()
        try await world.running(over: ledger, logger: log.logger) { plane in
            #expect(plane.ledgerCheck.alarm == nil)
            await plane.ledgerCheck.run()
            let alarm = try #require(plane.ledgerCheck.alarm)
            #expect(alarm.reason.contains("position 500"))
            #expect(alarm.nextAction.contains("slipway audit verify"))
            #expect(log.lines(.critical).contains { $0.contains("position 500") })
            try await plane.define(file)
            _ = try await plane.build()
            try await plane.end(try await plane.promote("0.1.0", to: "dev"), in: "dev")
            try await plane.verified("0.1.0", in: "dev")
        }
    }

    @Test func `a whole ledger is told in the log, with how much it is`() async throws {
        let world = World()
        let log = RecordedLog()
        try await world.running(logger: log.logger) { plane in
            try await plane.define(Shop.file(Shop.line("dev")))
            let records = try await plane.journal.ledger.position()
            await plane.ledgerCheck.run()
            #expect(plane.ledgerCheck.alarm == nil)
            #expect(log.lines(.info).contains { $0.contains("all \(records) records") })
        }
    }

    @Test func `a ledger that can't be read just now is no damage`() async throws {
        let world = World()
        let ledger = WatchedLedger(
            ledger: try world.open(), verifying: { throw LedgerError(.cannotWrite, "the disk does not answer") })
        let log = RecordedLog()
        try await world.running(over: ledger, logger: log.logger) { plane in
            await plane.ledgerCheck.run()
            #expect(plane.ledgerCheck.alarm == nil)
            #expect(log.lines(.error).contains { $0.contains("the disk does not answer") })
        }
    }
}

/// Keeps what is logged.
private final class RecordedLog: Sendable {
    private let entries = Mutex<[(level: Logger.Level, text: String)]>([])

    func lines(_ level: Logger.Level) -> [String] {
        self.entries.withLock { $0.filter { $0.level == level }.map(\.text) }
    }

    var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

    private struct Handler: LogHandler {
        let log: RecordedLog
        var logLevel: Logger.Level = .trace
        var metadata: Logger.Metadata = [:]

        init(log: RecordedLog) { self.log = log }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { self.metadata[key] }
            set { self.metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            self.log.entries.withLock { $0.append((event.level, "\(event.message)")) }
        }
    }
}
