import Core
import Foundation
import Lab
import Ports
import SQLiteStore

/// Raw SQLite and the ledger by turns on the same disk in one run; prints medians, their ratios, and exits with 1 below
/// a bound.
let rounds = 5
let seconds = Duration.seconds(1)
let body = [UInt8](repeating: UInt8(ascii: "x"), count: 600)
let folder = FileManager.default.temporaryDirectory.appendingPathComponent("slipway-bench-\(UUID().uuidString)").path
try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(atPath: folder) }

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

func time() -> Instant { Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) }

var missed = false
/// Each round's rate beside that of raw SQLite right before it: a disk that others slow down changes both.
@MainActor func report(_ name: String, _ rates: [Double], of raws: [Double], least: Double) {
    let ratio = median(zip(rates, raws).map { $0 / $1 })
    missed = missed || ratio < least
    defer { fflush(nil) }
    let rounded = Double(Int(ratio * 100)) / 100
    print("\(name): \(Int(median(rates)))/s, \(rounded) of \(Int(median(raws)))/s (at least \(least))")
}

let raw = try RawSQLite(folder: folder)
let ledger = try await SQLiteLedger.open(folder: folder + "/data", owner: "benchmark", time: { time() })
let ours = Measured(ledger: ledger)
print("raw synchronous = \(try raw.synchronous()), ledger synchronous = \(try await ledger.settings().synchronous)")

var single: (raw: [Double], ours: [Double]) = ([], [])
var grouped: (raw: [Double], ours: [Double]) = ([], [])
for round in 0..<rounds {
    single.raw.append(try raw.rate(rows: 1, body: body, for: seconds))
    single.ours.append(try await ours.rate(writers: 1, round: round * 2, body: body, for: seconds))
    grouped.raw.append(try raw.rate(rows: 64, body: body, for: seconds))
    grouped.ours.append(try await ours.rate(writers: 64, round: round * 2 + 1, body: body, for: seconds))
}
report("one writer", single.ours, of: single.raw, least: 0.5)
report("64 writers", grouped.ours, of: grouped.raw, least: 0.5)

try await ours.fill(to: 200_000, body: body)
var verified: [Double] = []
var records = 0
for _ in 0..<3 {
    let (count, rate) = try await ours.verifyRate()
    records = count
    verified.append(rate)
}
report("verify, \(records) records", verified, of: verified.map { _ in 200_000 }, least: 1)
try await ledger.close()

let clock = ContinuousClock()
let start = clock.now
let again = try await SQLiteLedger.open(folder: folder + "/data", owner: "benchmark", time: { time() })
print("opening, everything checked: \(Double(Int((clock.now - start).seconds * 1_000)) / 1_000) s")
try await again.close()

let memory = try MemoryStore().open(owner: "benchmark", time: { time() })
let inMemory = try await Measured(ledger: memory).rate(writers: 1, round: 0, body: body, for: seconds)
print("in memory, one writer: \(Int(inMemory))/s")
if missed {
    print("below a bound")
    try? FileManager.default.removeItem(atPath: folder)
    exit(1)
}
