import CanaryAnalysis
import Foundation
import RolloutSimulation

// Simulated rollouts and days after a release, from one seed: false alarms on healthy versions, detection of broken ones,
// and whether the judge decides in the same scrape as the reference rule. Prints the figures; exits with 1 beyond a
// bound (release build). `JudgeSimulation RUNS` for other than 300 runs a scenario.

let seed: UInt64 = 20_261_124
let runs = CommandLine.arguments.dropFirst().first.flatMap(Int.init) ?? 300
let days = 150
let leastAgreement = 0.99
let mostFalse = 0.005
let slowestMinutes = 45.0

guard (1...100_000).contains(runs) else {
    print("runs a scenario: 1 to 100,000")
    exit(2)
}

var missed: [String] = []
@MainActor func check(_ holds: Bool, _ sentence: String) {
    print(sentence + (holds ? "" : "   <- beyond the bound"))
    if !holds { missed.append(sentence) }
}

func percent(_ part: Double) -> String { String(format: "%.2f %%", 100 * part) }
func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}
func median(_ values: [Double]) -> Double? { values.isEmpty ? nil : values.sorted()[values.count / 2] }
func minutes(_ value: Double?) -> String { value.map { String(format: "%.1f min", $0) } ?? "never" }

/// `count` results of `body`, in order, by as many tasks as there are processors.
func parallel<Result: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (Int) throws -> Result
) async throws -> [Result] {
    let tasks = ProcessInfo.processInfo.activeProcessorCount
    return try await withThrowingTaskGroup(of: [(Int, Result)].self) { group in
        for task in 0..<tasks {
            group.addTask { try stride(from: task, to: count, by: tasks).map { ($0, try body($0)) } }
        }
        var all: [(Int, Result)] = []
        for try await part in group { all += part }
        return all.sorted { $0.0 < $1.0 }.map(\.1)
    }
}

let clock = ContinuousClock()
let began = clock.now
print("seed \(seed), \(runs) runs a scenario, alpha 1 %, beta 5 %")

// MARK: Rollouts

var (compared, same, healthy, alarms) = (0, 0, 0, 0)
for (number, scenario) in (Scenario.healthy + Scenario.broken).enumerated() {
    let rollouts = try await parallel(runs) { try Rollout(scenario, seed: seed, number: number, run: $0) }
    let agreeing = rollouts.count { $0.judge == $0.reference }
    (compared, same) = (compared + runs, same + agreeing)
    var words = [padded(scenario.name, 28)]
    let breaksAt = Int(4 * (scenario.breaksAt ?? 0))
    let early = rollouts.count { ($0.judge.rolledBack ?? .max) < (scenario.isHealthy ? .max : breaksAt) }
    if scenario.isHealthy {
        (healthy, alarms) = (healthy + runs, alarms + early)
        words.append("false \(early) (\(percent(Double(early) / Double(runs))))")
        let unmeasured = rollouts.count { $0.unmeasured.rolledBack != nil }
        words.append("with dispersion 1: \(unmeasured) (\(percent(Double(unmeasured) / Double(runs))))")
        let certified = (0..<4).map { step in
            percent(Double(rollouts.count { $0.judge.certified[step] != nil }) / Double(runs))
        }
        words.append("certified by step " + certified.joined(separator: ", "))
    } else {
        let found = rollouts.filter { ($0.judge.rolledBack ?? -1) >= breaksAt }
        words.append("found \(percent(Double(found.count) / Double(runs)))")
        let times = found.compactMap { $0.judge.rolledBack }.map { Double($0 + 1) / 4 }
        words.append("after \(minutes(median(times))) in the median")
        words.append("exposed \(percent(rollouts.map(\.exposed).reduce(0, +) / Double(runs)))")
        if early > 0 { words.append("early false \(early)") }
    }
    words.append("same as the reference \(agreeing) of \(runs)")
    print(words.joined(separator: "  "))
}
check(
    Double(same) >= leastAgreement * Double(compared),
    "decided in the reference's scrape: \(same) of \(compared), \(percent(Double(same) / Double(compared))) "
        + "(at least \(percent(leastAgreement)))")
check(
    Double(alarms) <= mostFalse * Double(healthy),
    "false alarms, all healthy scenarios: \(alarms) of \(healthy), \(percent(Double(alarms) / Double(healthy))) "
        + "(at most \(percent(mostFalse)))")

// MARK: The day after

struct Watch: Sendable {
    let name: String
    var ratio = 1.0
    var levels = DayAfter.Levels.equal
    var release: Int?
}

let watches = [
    Watch(name: "no change"), Watch(name: "no change, day level sd 10 %", levels: .byDay(0.1)),
    Watch(name: "no change, level anew at midnight", levels: .byMidnight(0.1)),
    Watch(name: "x1.5", ratio: 1.5), Watch(name: "x2", ratio: 2),
    Watch(name: "x2 at the least traffic", ratio: 2, release: DayAfter.releaseSixHoursBeforeLeast),
    Watch(name: "x2, day level sd 10 %", ratio: 2, levels: .byDay(0.1)),
]
print("the day after: \(days) days each, errors change at 6 h")
for (number, watch) in watches.enumerated() {
    let found = try await parallel(days) { day in
        try DayAfter(
            ratio: watch.ratio, levels: watch.levels, release: watch.release, seed: seed, number: 100 + number, run: day
        ).alarmAt
    }
    let changeAt = watch.ratio == 1 ? Int.max : DayAfter.changeAt
    let early = found.count { ($0 ?? .max) < changeAt }
    let delays = found.compactMap { $0 }.filter { $0 >= changeAt }.map { Double($0 + 1 - changeAt) / 4 }
    let name = padded(watch.name, 34)
    if watch.ratio == 1 {
        print("\(name)  false \(early) of \(days) days")
    } else {
        let sentence =
            "\(name)  found \(delays.count) of \(days) days, after \(minutes(median(delays))) in the median, "
            + "false before it \(early)"
        if watch.ratio == 2, case .equal = watch.levels {
            // Days on which it was never found count as later than any other.
            let all = delays + Array(repeating: .infinity, count: days - early - delays.count)
            check((median(all) ?? .infinity) <= slowestMinutes, sentence + " (at most \(Int(slowestMinutes)) min)")
        } else {
            print(sentence)
        }
    }
}
let seconds = (clock.now - began).components.seconds
print("took \(seconds) s")
if !missed.isEmpty {
    print("beyond a bound")
    exit(1)
}
