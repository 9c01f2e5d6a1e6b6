import Core
import Ports
import Synchronization

/// A clock that begins where it is told, goes `rate` times as fast as the machine's, and can be moved forward.
final class PacedClock: TimeSource {
    private let begin = ContinuousClock.now
    private let start: Instant
    private let rate: Int64
    private let moved = Mutex(Milliseconds.zero)

    init(_ start: Instant = Instant(milliseconds: 1_800_000_000_000), rate: Int64 = 1) {
        self.start = start
        self.rate = rate
    }

    func now() -> Instant {
        let passed = (ContinuousClock.now - self.begin).components
        let milliseconds = passed.seconds * 1_000 + passed.attoseconds / 1_000_000_000_000_000
        return self.start + Milliseconds(milliseconds * self.rate) + self.moved.withLock { $0 }
    }

    func move(_ time: Milliseconds) {
        self.moved.withLock { $0 = $0 + time }
    }

    func wait(until instant: Instant) async {
        while self.now() < instant, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(5)) }
    }
}

/// Waited too long for what must come.
struct NeverCame: Error, CustomStringConvertible {
    let description: String
}

/// Looks again and again until there is something to see.
func eventually<Seen>(
    _ what: String, within limit: Duration = .seconds(30), _ look: () async throws -> Seen?
) async throws -> Seen {
    let end = ContinuousClock.now + limit
    while true {
        if let seen = try await look() { return seen }
        guard ContinuousClock.now < end else { throw NeverCame(description: "waited \(limit) for \(what)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}
