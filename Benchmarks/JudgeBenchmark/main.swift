import CanaryAnalysis
import Foundation
import PlainLoop

// The judge's kernel beside a plain C loop of the same arithmetic, by turns in one run; then what one interval of a
// whole judge costs. Prints times and their ratio, allocations per update and the size of a saved stream; exits with 1
// beyond a bound (release build).

let rounds = 15
let intervals = 2_000
let streams = 9
let slowest = 1.3
let largest = 4_096

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

/// Microseconds that `body` took.
func time(_ body: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let duration = try clock.measure(body)
    return Double(duration.components.seconds) * 1e6 + Double(duration.components.attoseconds) / 1e12
}

func text(_ value: Double) -> String { "\((value * 1_000).rounded() / 1_000)" }

var missed: [String] = []
@MainActor func check(_ holds: Bool, _ sentence: String) {
    print(sentence + (holds ? "" : "   <- beyond the bound"))
    if !holds { missed.append(sentence) }
}

var generator = Generator(state: 1)
let input = (0..<intervals).map { _ in Batch(streams: streams, &generator) }
let pairs = try input.map { try $0.pairs() }

/// Each way once over all intervals, from a fresh state: every stream of an interval is updated and read. Both sums of
/// all that was read must be the same.
func plain(_ input: [Batch]) -> Double {
    var states = [plain_stream](repeating: plain_stream(), count: streams)
    var terms = plain_terms()
    plain_begin_terms(&terms)
    var sum = 0.0
    for batch in input {
        plain_share(&terms, batch.share)
        for (index, counts) in batch.events.enumerated() {
            plain_update(
                &states[index], &terms, batch.share, counts.canary, counts.all, 1, batch.cap, 2)
            sum += plain_harm(&states[index]) + plain_safety(&states[index], 80)
        }
    }
    return sum
}

let settings = try OddsEvidence.Settings(cap: Batch.cap)
func ours(_ pairs: [[PairedCounts]], _ settings: OddsEvidence.Settings) -> Double {
    var states = [OddsEvidence](repeating: OddsEvidence(settings), count: streams)
    var terms = ShareTerms()
    var sum = 0.0
    for batch in pairs {
        for index in 0..<streams {
            states[index].update(batch[index], terms: &terms)
            sum += states[index].harm + states[index].safety(certificate: 0)
        }
    }
    return sum
}

var sums = (plain: 0.0, ours: 0.0)
var times: (plain: [Double], ours: [Double]) = ([], [])
for _ in 0..<rounds {
    times.plain.append(time { sums.plain = plain(input) })
    times.ours.append(time { sums.ours = ours(pairs, settings) })
}
let steps = Double(intervals * streams)
let ratio = median(zip(times.ours, times.plain).map { $0 / $1 })
print("plain C loop: \(text(median(times.plain) / steps)) us per stream and interval")
print("CanaryAnalysis: \(text(median(times.ours) / steps)) us per stream and interval")
check(ratio <= slowest, "ratio: \(text(ratio)) (at most \(slowest))")
check(abs(sums.ours - sums.plain) <= 1e-9 * abs(sums.plain), "the same sums: \(sums.ours), \(sums.plain)")

// MARK: A whole judge: errors, eight latency bounds, objective, split

var judgeSettings = CanaryJudge.Settings()
judgeSettings.latency = .init(
    bounds: try LatencyBounds(ladder: [5, 10, 20, 40, 80, 160, 320, 640, 1_280], places: Array(0..<8)))
judgeSettings.split = try SplitCheck.Settings()
var judge = try CanaryJudge(judgeSettings)
let observed = input.indices.map { input[$0].interval(number: $0) }
judge.update(observed[0])
let before = plain_allocations()
let judgeTime = time { for interval in observed.dropFirst() { judge.update(interval) } }
let allocated = plain_allocations() - before
print("a judge of 9 streams: \(text(judgeTime / Double(intervals - 1))) us per interval; \(judge.verdict().word)")
check(allocated == 0, "allocations in \(intervals - 1) updates: \(allocated) (none)")

let saved = try JSONEncoder().encode(judge.rule.metrics[1].streams)
let perStream = saved.count / 8
check(perStream <= largest, "a saved stream: \(perStream) bytes (at most \(largest))")
print("a saved judge: \(try JSONEncoder().encode(judge).count) bytes")

if !missed.isEmpty {
    print("beyond a bound")
    exit(1)
}
