package import Core

/// Something is wrong with the record itself. No traffic and no lane depends on it: people see it until it is over.
package struct RecordAlarm: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case damaged
        /// The disk is full, or does not take what is written. Nothing moves forward until it does; what serves, serves.
        /// Traffic can still be taken back while the ledger's reserve lasts.
        case notWritable
    }

    package let kind: Kind
    /// What is wrong, and where.
    package let reason: String
    package let nextAction: String
    package let since: Instant

    static func notWritable(_ reason: String, since: Instant) -> RecordAlarm {
        RecordAlarm(
            kind: .notWritable, reason: reason,
            nextAction: "make room on the disk of the data folder, or see to it. Until it takes what is written "
                + "nothing moves forward, and what serves goes on serving as it does; an abort, a rollback and "
                + "the judge's stop still work while the ledger's reserve lasts",
            since: since)
    }
}

extension ControlPlane {
    /// nil: the record is as it was written, as far as is known, and takes what is to be recorded.
    package var recordAlarm: RecordAlarm? { self.ledgerCheck.alarm ?? self.journal.alarm }
}
