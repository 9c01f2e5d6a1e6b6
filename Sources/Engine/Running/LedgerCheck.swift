import Core
package import Logging
package import Ports
import Synchronization

/// Verifies the whole of a ledger that was too long to be verified before the start, while everything else runs. Damage stops no traffic and
/// no deployment (each event is checked when it is read): it is an alarm that people see until the next start.
package final class LedgerCheck: Sendable {
    private let ledger: any Ledger
    private let time: any TimeSource
    private let logger: Logger
    private let found = Mutex<RecordAlarm?>(nil)

    package init(ledger: any Ledger, time: any TimeSource, logger: Logger) {
        self.ledger = ledger
        self.time = time
        self.logger = logger
    }

    /// nil: nothing is known to be damaged.
    package var alarm: RecordAlarm? { self.found.withLock { $0 } }

    /// Once, to the end.
    package func run() async {
        let clock = ContinuousClock()
        let start = clock.now
        do {
            let report = try await self.ledger.verify()
            let milliseconds = Int((clock.now - start) / .milliseconds(1))
            self.logger.info(
                "ledger: all \(report.records) records, \(report.seals) seals and \(report.snapshots) snapshots are as they were written",
                metadata: ["milliseconds": "\(milliseconds)"])
        } catch is CancellationError {
            self.logger.info("ledger: its verification was cut off by the shutdown; the next start begins it anew")
        } catch let error as LedgerError where error.code == .damaged {
            let alarm = RecordAlarm(
                kind: .damaged, reason: error.message,
                nextAction: "keep a copy of the data folder, run `slipway audit verify`, and restore a backup",
                since: self.time.now())
            self.found.withLock { $0 = alarm }
            self.logger.critical("ledger: \(alarm.reason) Next: \(alarm.nextAction). What serves goes on serving.")
        } catch {
            self.logger.error("ledger: it could not be verified: \(error). Run `slipway audit verify`.")
        }
    }
}
