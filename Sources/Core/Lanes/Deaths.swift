/// Processes that ended by themselves and were started again, as they are put on record: the first at once, those of a
/// crash loop together and less and less often, so that a ledger is not filled by one.
package struct Deaths: Sendable, Equatable, Codable {
    /// All so far.
    package let count: Int
    /// How the last one ended.
    package let last: String
    package let at: Instant
    /// Later ones are put on record together, at the earliest after this time.
    package let quiet: Milliseconds

    package static let firstQuiet = Milliseconds.seconds(10)
    /// A time without any also ends the series: the next is put on record at once.
    package static let longestQuiet = Milliseconds.hours(1)
}

extension Deaths {
    /// What is to be put on record after `before`; nil: nothing new, or not yet.
    init?(_ count: Int, last: String, after before: Deaths?, at now: Instant) {
        // A smaller count is of something that was put up anew.
        guard count > 0, count != before?.count else { return nil }
        var quiet = Self.firstQuiet
        if let before, now < before.at + before.quiet + Self.longestQuiet {
            guard now >= before.at + before.quiet else { return nil }
            quiet = min(Milliseconds(before.quiet.count * 2), Self.longestQuiet)
        }
        self.init(count: count, last: last, at: now, quiet: quiet)
    }
}
