import CommandLine
import Foundation
import Lab

private struct LabJSON: Encodable {
    let histories: Int
    let events: Int
    let violations: Int
    let seed: UInt64
    let seconds: Double
    let perSecond: Int
    let broken: [String]
}

/// `slipway lab`: random histories of a simulated world, and what broke.
func lab(_ options: LabOptions) async throws -> LabReport {
    let clock = ContinuousClock()
    let start = clock.now
    let report = HistoryExplorer(seed: options.seed).run(count: options.histories)
    let seconds = (clock.now - start) / .seconds(1)
    let perSecond = Int(Double(report.histories) / max(seconds, 0.001))
    let passed = report.violations.isEmpty
    let broken = report.violations.map(\.description)
    if options.isJSON {
        let json = LabJSON(
            histories: report.histories, events: report.events, violations: broken.count, seed: report.seed,
            seconds: seconds, perSecond: perSecond, broken: broken)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return LabReport(lines: [String(decoding: try encoder.encode(json), as: UTF8.self)], passed: passed)
    }
    let summary =
        "\(report.histories) histories, \(report.events) events, \(broken.count) violations, seed \(report.seed), "
        + "\(perSecond) histories/s"
    let seen = "histories with each trouble and each kind of event: \(report.coverage.words)"
    return LabReport(lines: broken + [seen, summary], passed: passed)
}
