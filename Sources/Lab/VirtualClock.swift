package import Core
import Ports
import Synchronization

/// A clock that stands still until it is told to move. Whoever waits wakes up when it has moved far enough.
package final class VirtualClock: TimeSource {
    private struct Sleeper {
        let until: Instant
        let wakeUp: CheckedContinuation<Void, Never>
    }

    private struct State {
        var now: Instant
        var lastSleeper = 0
        var sleepers: [Int: Sleeper] = [:]
        var cancelled: Set<Int> = []
    }

    private let state: Mutex<State>

    package init(_ start: Instant = Instant(milliseconds: 1_800_000_000_000)) { self.state = Mutex(State(now: start)) }

    package func now() -> Instant { self.state.withLock { $0.now } }

    /// How many wait now: a test moves on when those it started are asleep.
    package var sleepers: Int { self.state.withLock { $0.sleepers.count } }

    /// The next instant that somebody waits for.
    package var nextWake: Instant? { self.state.withLock { $0.sleepers.values.map(\.until).min() } }

    /// Sets the clock, forward or back, and wakes up those whose time has come.
    package func set(_ instant: Instant) {
        let due = self.state.withLock { state in
            state.now = instant
            let due = state.sleepers.filter { $0.value.until <= instant }
            for key in due.keys { state.sleepers[key] = nil }
            return due.values.sorted { $0.until < $1.until }
        }
        for sleeper in due { sleeper.wakeUp.resume() }
    }

    package func advance(_ time: Milliseconds) { self.set(self.now() + time) }

    package func wait(until instant: Instant) async {
        let number = self.state.withLock { state in
            state.lastSleeper += 1
            return state.lastSleeper
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = self.state.withLock { state in
                    if state.now >= instant || state.cancelled.remove(number) != nil { return true }
                    state.sleepers[number] = Sleeper(until: instant, wakeUp: continuation)
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            let sleeper = self.state.withLock { state -> Sleeper? in
                if let sleeper = state.sleepers.removeValue(forKey: number) { return sleeper }
                state.cancelled.insert(number)
                return nil
            }
            sleeper?.wakeUp.resume()
        }
        self.state.withLock { _ = $0.cancelled.remove(number) }
    }
}
