extension Wire {
    /// `GET /audit/export?form=…`
    package enum ExportForm: String, Codable, Sendable, CaseIterable {
        /// JSON Lines that are verified without the ledger.
        case lines
        /// CSV for people.
        case table
    }

    /// `POST /audit/replay`: what was decided again, and where the answer is another one now.
    package struct Replay: Codable, Sendable, Equatable {
        package struct Difference: Codable, Sendable, Equatable {
            package var stream: String
            package var number: Int
            package var what: String
            package var recorded: String
            package var again: String

            package init(stream: String, number: Int, what: String, recorded: String, again: String) {
                self.stream = stream
                self.number = number
                self.what = what
                self.recorded = recorded
                self.again = again
            }
        }

        package var admissions: Int
        package var verdicts: Int
        package var decisions: Int
        package var notOnRecord: Int
        /// All of them; `differences` holds the first ones.
        package var differing: Int
        package var differences: [Difference]

        package init(
            admissions: Int, verdicts: Int, decisions: Int, notOnRecord: Int, differing: Int,
            differences: [Difference]
        ) {
            self.admissions = admissions
            self.verdicts = verdicts
            self.decisions = decisions
            self.notOnRecord = notOnRecord
            self.differing = differing
            self.differences = differences
        }
    }
}
