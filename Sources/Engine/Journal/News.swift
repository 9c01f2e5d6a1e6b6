package import Core
import Synchronization

/// Tells those who wait that the ledger has grown. News carry no content: who hears of a position reads the ledger, so a missed or
/// merged piece of news loses nothing.
package final class News: Sendable {
    package struct Item: Sendable, Equatable {
        package let position: Int
        package let streams: Set<StreamID>
    }

    private struct State {
        var listeners: [Int: AsyncStream<Item>.Continuation] = [:]
        var next = 0
        var position = 0
        var isOver = false
    }

    private let state = Mutex(State())

    package init() {}

    package func publish(_ envelopes: [Envelope]) {
        guard let last = envelopes.last else { return }
        self.publish(changesOf: Set(envelopes.map(\.stream)), at: last.position)
    }

    /// `position` nil: not known; that of the last news.
    package func publish(changesOf streams: Set<StreamID>, at position: Int? = nil) {
        let (item, listeners) = self.state.withLock { state in
            state.position = max(state.position, position ?? 0)
            return (Item(position: position ?? state.position, streams: streams), Array(state.listeners.values))
        }
        // Not under the lock: waking a task takes that task's own lock, and cancelling a task holds it while `onTermination` waits for ours.
        for listener in listeners { listener.yield(item) }
    }

    package enum Backlog: Sendable {
        /// Every item, however far behind the listener is: for the engine, which is never behind for long.
        case everything
        /// The newest item only: for faces, which read the ledger on from the position they know.
        case newest
    }

    /// What comes from now on, until the listener's task ends or `finish`.
    package func listen(_ backlog: Backlog) -> AsyncStream<Item> {
        let policy: AsyncStream<Item>.Continuation.BufferingPolicy =
            switch backlog {
            case .everything: .unbounded
            case .newest: .bufferingNewest(1)
            }
        let (stream, continuation) = AsyncStream.makeStream(of: Item.self, bufferingPolicy: policy)
        let number = self.state.withLock { state -> Int? in
            guard !state.isOver else { return nil }
            state.next += 1
            state.listeners[state.next] = continuation
            return state.next
        }
        guard let number else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { $0.listeners[number] = nil }
        }
        return stream
    }

    /// Ends all listening: the server shuts down.
    package func finish() {
        let listeners = self.state.withLock { state in
            state.isOver = true
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.finish() }
    }
}
