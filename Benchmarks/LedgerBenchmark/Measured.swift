import Core
import Ports
import SQLiteStore

/// Rates of a ledger: whole appends, each answered for before the next one of its writer.
struct Measured {
    let ledger: any Ledger

    /// Appends of one event each, by `writers` at once, each to a stream of its own; per second.
    func rate(writers: Int, round: Int, body: [UInt8], for duration: Duration) async throws -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for writer in 0..<writers {
                let stream = StreamID.flag("r\(round)-w\(writer)")
                group.addTask {
                    var number = 0
                    while clock.now - start < duration {
                        let event = NewEvent(kind: EventKind("bench.happened"), body: body)
                        _ = try await self.ledger.append(
                            AppendRequest(
                                [StreamBatch(stream: stream, expected: number, events: [event])], actor: .system,
                                at: Instant(milliseconds: 1_770_000_000_000)))
                        number += 1
                    }
                    return number
                }
            }
            return try await group.reduce(0, +)
        }
        return Double(count) / (clock.now - start).seconds
    }

    /// Appends of 1,000 events to 100 streams, until there are `records`.
    func fill(to records: Int, body: [UInt8]) async throws {
        var numbers = [Int](repeating: 0, count: 100)
        while try await self.ledger.position() < records {
            let batches = numbers.enumerated().map { index, number in
                StreamBatch(
                    stream: .flag("f\(index)"), expected: number,
                    events: Array(repeating: NewEvent(kind: EventKind("bench.happened"), body: body), count: 10))
            }
            _ = try await self.ledger.append(
                AppendRequest(batches, actor: .system, at: Instant(milliseconds: 1_770_000_000_000)))
            numbers = numbers.map { $0 + 10 }
        }
    }

    func verifyRate() async throws -> (records: Int, rate: Double) {
        let clock = ContinuousClock()
        let start = clock.now
        let report = try await self.ledger.verify()
        return (report.records, Double(report.records) / (clock.now - start).seconds)
    }
}
