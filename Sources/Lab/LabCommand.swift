/// `slipway lab --histories N --seed S`: random histories on every core, told in words. The executable gives it the
/// options.
package struct LabCommand: Sendable {
    package let count: Int
    package let seed: UInt64
    /// How many histories are played at a time.
    package let cores: Int

    package init(count: Int, seed: UInt64, cores: Int) {
        self.count = count
        self.seed = seed
        self.cores = max(1, cores)
    }

    /// The result does not depend on `cores`: history N of a seed is the same wherever it is played.
    package func run() async -> HistoriesReport {
        let share = (self.count + self.cores - 1) / self.cores
        var report = HistoriesReport(seed: self.seed)
        let clock = ContinuousClock()
        let start = clock.now
        await withTaskGroup(of: HistoriesReport.self) { group in
            for first in stride(from: 0, to: self.count, by: max(1, share)) {
                let count = min(share, self.count - first)
                group.addTask { HistoryExplorer(seed: self.seed).run(count: count, from: first) }
            }
            for await part in group { report.add(part) }
        }
        report.elapsed = start.duration(to: clock.now)
        return report
    }
}

/// Plays `count` histories of `seed` on this core.
package func runHistories(count: Int, seed: UInt64) -> HistoriesReport {
    let clock = ContinuousClock()
    let start = clock.now
    var report = HistoryExplorer(seed: seed).run(count: count)
    report.elapsed = start.duration(to: clock.now)
    return report
}

extension HistoriesReport {
    /// Histories in a second of wall time.
    package var perSecond: Int {
        let seconds = Double(self.elapsed.components.seconds) + Double(self.elapsed.components.attoseconds) / 1e18
        return seconds > 0 ? Int(Double(self.histories) / seconds) : 0
    }

    /// The report as a person reads it.
    package var words: String {
        let figures =
            "seed \(self.seed): \(self.histories) histories, \(self.events) events, \(self.perSecond) histories/s"
        guard !self.violations.isEmpty else { return "\(figures), no violation" }
        return self.violations.map(\.description).joined(separator: "\n\n")
            + "\n\n\(figures), \(self.violations.count) violation\(self.violations.count == 1 ? "" : "s")"
    }

    mutating func add(_ part: HistoriesReport) {
        self.histories += part.histories
        self.events += part.events
        self.coverage.add(part.coverage)
        self.violations = (self.violations + part.violations).sorted { $0.history < $1.history }
    }
}
