package import Core
import Glibc
import Ports

/// The machine's clock: UTC for what is recorded, the continuous clock for waiting.
package struct SystemClock: TimeSource {
    package init() {}

    package func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// Looks at the wall clock again at least once a minute: it may have been set.
    package func wait(until instant: Instant) async {
        while !Task.isCancelled {
            let left = instant - self.now()
            guard left > .zero else { return }
            try? await Task.sleep(for: min(left.duration, .seconds(60)))
        }
    }
}
