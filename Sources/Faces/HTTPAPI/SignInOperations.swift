package import APIClient

/// Sign-in, sessions and one-time links. What is refused is a `Wire.Problem` with status 401 (wrong), 429 (too often), 503 (too many at
/// once), 400 (a new password that is not taken), 403 (the provider, or somebody unknown) or 410 (a link that is over).
package struct SignInOperations: Sendable {
    /// Where a sign-in comes from.
    package struct Origin: Sendable, Equatable {
        package var address: String
        package var agent: String

        package init(address: String, agent: String) {
            self.address = address
            self.agent = agent
        }
    }

    /// What the browser gets: the session's id goes into its cookie and nowhere else.
    package typealias SessionID = String

    /// How the provider is called on the button; nil: there is none.
    package var provider: String?
    package var password: @Sendable (_ person: String, _ password: String, Origin) async throws -> SessionID
    /// nil: the token is wrong or revoked.
    package var token: @Sendable (_ secret: String, Origin) async throws -> SessionID?
    /// Where the browser goes, and the cookie that it comes back with.
    package var beginProvider: @Sendable () async throws -> (target: String, cookie: String)
    package var finishProvider:
        @Sendable (_ query: [String: String], _ cookie: String?, Origin) async throws -> SessionID
    /// Whose session it is; nil: there is none, or it is over. Called on every request of a browser.
    package var session: @Sendable (_ id: SessionID) async throws -> Caller?
    package var signOut: @Sendable (_ id: SessionID) async throws -> Void

    // MARK: For those who are signed in

    package var sessions: @Sendable (Caller) async throws -> [Wire.Session]
    /// nil: all of the caller's.
    package var endSessions: @Sendable (Caller, _ name: String?) async throws -> Wire.SessionsEnded
    package var changePassword: @Sendable (Caller, _ old: String, _ new: String, Origin) async throws -> SessionID

    // MARK: Links

    /// The secret of the link, not yet an address.
    package var invite: @Sendable (Caller, _ person: String) async throws -> Wire.Invitation
    /// Whose link it is, without using it up.
    package var link: @Sendable (_ secret: String) async throws -> (person: String, expiresAt: String)
    /// Uses it up.
    package var follow: @Sendable (_ secret: String, _ password: String, Origin) async throws -> SessionID

    package init(
        provider: String?,
        password: @escaping @Sendable (_ person: String, _ password: String, Origin) async throws -> SessionID,
        token: @escaping @Sendable (_ secret: String, Origin) async throws -> SessionID?,
        beginProvider: @escaping @Sendable () async throws -> (target: String, cookie: String),
        finishProvider:
            @escaping @Sendable (_ query: [String: String], _ cookie: String?, Origin) async throws -> SessionID,
        session: @escaping @Sendable (_ id: SessionID) async throws -> Caller?,
        signOut: @escaping @Sendable (_ id: SessionID) async throws -> Void,
        sessions: @escaping @Sendable (Caller) async throws -> [Wire.Session],
        endSessions: @escaping @Sendable (Caller, _ name: String?) async throws -> Wire.SessionsEnded,
        changePassword: @escaping @Sendable (Caller, _ old: String, _ new: String, Origin) async throws -> SessionID,
        invite: @escaping @Sendable (Caller, _ person: String) async throws -> Wire.Invitation,
        link: @escaping @Sendable (_ secret: String) async throws -> (person: String, expiresAt: String),
        follow: @escaping @Sendable (_ secret: String, _ password: String, Origin) async throws -> SessionID
    ) {
        self.provider = provider
        self.password = password
        self.token = token
        (self.beginProvider, self.finishProvider) = (beginProvider, finishProvider)
        (self.session, self.signOut) = (session, signOut)
        (self.sessions, self.endSessions) = (sessions, endSessions)
        self.changePassword = changePassword
        (self.invite, self.link, self.follow) = (invite, link, follow)
    }
}
