import Logging

/// Pauses between tries of the same thing.
enum BackOff {
    /// None before the first try, then from 200 ms on twice as long each time, at most 10 s.
    static func pause(after failures: Int) -> Duration {
        failures == 0 ? .zero : min(.milliseconds(100 << min(failures, 8)), .seconds(10))
    }
}

extension AsyncStream<Void> {
    /// Does `body` at each poke, and again after a pause while it fails: the event that poked will not come a second time. Ends with the
    /// stream or the task.
    func atEachPoke(_ what: String, _ logger: Logger, _ body: () async throws -> Void) async {
        for await _ in self {
            var failures = 0
            while !Task.isCancelled {
                do {
                    try await body()
                    break
                } catch is CancellationError {
                    return
                } catch {
                    failures += 1
                    logger.error("\(what), try \(failures): \(error)")
                    try? await Task.sleep(for: BackOff.pause(after: failures))
                }
            }
        }
    }
}
