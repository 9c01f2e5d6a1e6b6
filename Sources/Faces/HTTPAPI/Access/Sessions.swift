import Synchronization

/// Browser sessions, in memory: they end with the process. A session holds its token and every request authenticates
/// it again, so a revoked token ends its sessions at once.
///
/// A class with a lock and not an actor: each use is one dictionary operation inside a request.
final class Sessions: Sendable {
    struct Session: Sendable {
        var token: String
        /// Every form carries it.
        var formToken: String
        var lastUsed: ContinuousClock.Instant
    }

    static let cookie = "slipway_session"
    private static let lifetime = Duration.seconds(12 * 3600)
    private static let most = 1000

    /// By the digest of their id, so that a look-up takes no time that depends on a stored id.
    private let sessions = Mutex<[TokenDigest: Session]>([:])

    /// The new session's id.
    func open(token: String, now: ContinuousClock.Instant = .now) -> String {
        let id = TokenDigest.randomSecret()
        self.sessions.withLock { sessions in
            if sessions.count >= Self.most, let oldest = sessions.min(by: { $0.value.lastUsed < $1.value.lastUsed }) {
                sessions[oldest.key] = nil
            }
            sessions[TokenDigest(of: id)] = Session(
                token: token, formToken: TokenDigest.randomSecret(), lastUsed: now)
        }
        return id
    }

    func find(_ id: String, now: ContinuousClock.Instant = .now) -> Session? {
        self.sessions.withLock { sessions in
            let key = TokenDigest(of: id)
            guard let session = sessions[key] else { return nil }
            guard now - session.lastUsed < Self.lifetime else {
                sessions[key] = nil
                return nil
            }
            sessions[key]?.lastUsed = now
            return session
        }
    }

    func close(_ id: String) {
        self.sessions.withLock { $0[TokenDigest(of: id)] = nil }
    }
}
