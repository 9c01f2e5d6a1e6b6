import Synchronization

/// Counts wrong tokens by client address. Over the limit, only tokens that were right a short while ago are still
/// looked at, so that guessing from an address stops and its honest programs go on.
///
/// A class with a lock and not an actor: each use is a few dictionary operations inside a request.
final class WrongTokens: Sendable {
    private struct State {
        var wrong: [String: (count: Int, since: ContinuousClock.Instant)] = [:]
        var right: [TokenDigest: ContinuousClock.Instant] = [:]
    }

    private static let most = 20
    private static let window = Duration.seconds(60)
    private static let remembered = Duration.seconds(600)
    /// Addresses and tokens kept; beyond, the oldest are forgotten.
    private static let entriesMax = 4096

    private let state = Mutex(State())

    func mayTry(_ token: String, from address: String, now: ContinuousClock.Instant = .now) -> Bool {
        self.state.withLock { state in
            guard let entry = state.wrong[address], now - entry.since < Self.window, entry.count >= Self.most else {
                return true
            }
            guard let seen = state.right[TokenDigest(of: token)] else { return false }
            return now - seen < Self.remembered
        }
    }

    func note(_ token: String, isRight: Bool, from address: String, now: ContinuousClock.Instant = .now) {
        self.state.withLock { state in
            if isRight {
                if state.right.count >= Self.entriesMax { state.right.removeAll() }
                state.right[TokenDigest(of: token)] = now
                return
            }
            if state.wrong.count >= Self.entriesMax {
                state.wrong = state.wrong.filter { now - $0.value.since < Self.window }
                if state.wrong.count >= Self.entriesMax { state.wrong.removeAll() }
            }
            if let entry = state.wrong[address], now - entry.since < Self.window {
                state.wrong[address] = (entry.count + 1, entry.since)
            } else {
                state.wrong[address] = (1, now)
            }
        }
    }
}
