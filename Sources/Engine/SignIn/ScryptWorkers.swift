import Dispatch
import Synchronization

/// Runs what takes much memory and time: so many at once, and no more waiting than is bearable. On threads of its own: one check of a
/// password blocks a thread for about half a second, and the threads that tasks run on are as few as the cores.
package final class ScryptWorkers: Sendable {
    private let queues: [DispatchQueue]
    private let most: Int
    private let state = Mutex((under: 0, turn: 0))

    /// - Parameters:
    ///   - atOnce: each takes 128 MiB with the usual cost.
    ///   - waiting: beyond, `SignInRefusal` with `busy`.
    package init(atOnce: Int = 2, waiting: Int = 16) {
        self.queues = (0..<max(1, atOnce)).map { DispatchQueue(label: "slipway.scrypt.\($0)") }
        self.most = max(1, atOnce) + waiting
    }

    package func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        let queue: DispatchQueue? = self.state.withLock { state in
            guard state.under < self.most else { return nil }
            state.under += 1
            state.turn = (state.turn + 1) % self.queues.count
            return self.queues[state.turn]
        }
        guard let queue else { throw SignInRefusal.busy }
        defer { self.state.withLock { $0.under -= 1 } }
        return try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Swift.Result { try body() }) }
        }
    }
}
