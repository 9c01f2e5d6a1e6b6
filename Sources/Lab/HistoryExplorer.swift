import Core

/// Random histories of one lane in a world with faults. The same seed tells the same histories on every machine.
package struct HistoryExplorer: Sendable {
    package let seed: UInt64
    package let bug: PlantedBug?
    private let environment: EnvironmentName

    package init(seed: UInt64, bug: PlantedBug? = nil) {
        self.seed = seed
        self.bug = bug
        self.environment = EnvironmentName("production")!  // 1 to 40 of a-z: always a name
    }

    /// A history, before it is played.
    package struct Script: Sendable {
        package let setting: HistorySetting
        package var steps: [HistoryStep]
    }

    package func script(_ number: Int) -> Script {
        var generator = SeededGenerator(seed: self.seed, history: number)
        let setting = HistorySetting.random(&generator, self.environment)
        let length = 30 + generator.below(31)
        var steps: [HistoryStep] = []
        steps.reserveCapacity(length)
        // Most of what matters needs something to go back to.
        for _ in 0..<generator.below(3) {
            steps += HistoryStep.whole(release: generator.below(HistorySetting.releaseCount))
        }
        while steps.count < length {
            if generator.chance(3) {
                steps += HistoryStep.scene(&generator)
            } else {
                steps.append(HistoryStep.random(&generator))
            }
        }
        return Script(setting: setting, steps: steps)
    }

    /// Plays a history to its end and returns it, or the violation.
    package func play(_ script: Script) -> Result<HistoryRun, Violation> {
        var run = HistoryRun(script.setting, bug: self.bug)
        do throws(Violation) {
            for step in script.steps { try run.play(step) }
            try run.end()
            return .success(run)
        } catch {
            return .failure(error)
        }
    }

    /// The shortest history that still breaks the same invariant: steps are taken out, in halves first and one by one
    /// last.
    package func shortest(_ script: Script, breaking invariant: Invariant) -> (script: Script, violation: Violation?) {
        var best = script
        var found: Violation?
        var chunk = max(1, script.steps.count / 2)
        while chunk >= 1 {
            var start = 0
            var gotShorter = false
            while start < best.steps.count {
                var shorter = best
                shorter.steps.removeSubrange(start..<min(start + chunk, best.steps.count))
                if case .failure(let violation) = self.play(shorter), violation.invariant == invariant {
                    best = shorter
                    found = violation
                    gotShorter = true
                } else {
                    start += chunk
                }
            }
            if !gotShorter || chunk > 1 { chunk /= 2 }
        }
        return (best, found)
    }
}

/// A history that broke an invariant, as short as it gets.
package struct BrokenHistory: Sendable, Equatable, CustomStringConvertible {
    package let seed: UInt64
    package let history: Int
    package let violation: Violation
    package let setting: String
    package let steps: [HistoryStep]

    package var description: String {
        let lines = self.steps.enumerated().map { "  \($0 + 1). \($1.words)" }
        let head = "  seed \(self.seed), history \(self.history), shortest form of \(self.steps.count) steps:"
        return (["\(self.violation)", head, "  \(self.setting)"] + lines).joined(separator: "\n")
    }
}

/// What a run over many histories saw.
package struct HistoriesReport: Sendable, Equatable {
    package var seed: UInt64
    package var histories = 0
    package var events = 0
    package var coverage = Coverage()
    package var violations: [BrokenHistory] = []
    /// Wall time; zero where nobody measured it.
    package var elapsed: Duration = .zero

    package init(seed: UInt64) { self.seed = seed }
}

extension HistoryExplorer {
    /// Plays histories from `first` on, and stops at `limit` violations.
    package func run(count: Int, from first: Int = 0, limit: Int = 1) -> HistoriesReport {
        var report = HistoriesReport(seed: self.seed)
        for number in first..<(first + count) {
            let script = self.script(number)
            report.histories += 1
            switch self.play(script) {
            case .success(let run):
                report.events += run.events.count
                report.coverage.add(run)
            case .failure(let violation):
                let (short, found) = self.shortest(script, breaking: violation.invariant)
                report.violations.append(
                    BrokenHistory(
                        seed: self.seed, history: number, violation: found ?? violation, setting: short.setting.words,
                        steps: short.steps))
                if report.violations.count >= limit { return report }
            }
        }
        return report
    }
}
