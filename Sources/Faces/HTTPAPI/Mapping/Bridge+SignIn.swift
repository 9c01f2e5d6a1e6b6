import APIClient
import Core
import Engine
import Foundation
import Logging
import Ports

extension SignInOperations {
    /// - Parameter address: of this server, as browsers reach it: what links begin with.
    init(_ bridge: Bridge, address: @escaping @Sendable () -> String) {
        let plane = bridge.plane
        self.init(
            provider: plane.signIn?.provider.map { $0.settings.shownName },
            password: { person, password, origin in
                try await bridge.signing { try await plane.signIn(person, password: password, from: origin.engine).id }
            },
            token: { secret, origin in
                try await bridge.signing { try await plane.signIn(token: secret, from: origin.engine)?.id }
            },
            beginProvider: { try await bridge.signing { try await plane.beginProviderSignIn() } },
            finishProvider: { query, cookie, origin in
                try await bridge.signing {
                    try await plane.finishProviderSignIn(query, cookie: cookie, from: origin.engine).id
                }
            },
            session: { id in
                try await bridge.signing {
                    guard let hash = try plane.sessionHash(id),
                        let (session, caller) = try await plane.caller(session: hash)
                    else { return nil }
                    return Caller(actor: caller.actor.description, token: session.shownMeans, session: hash)
                }
            },
            signOut: { id in
                try await bridge.signing {
                    if let hash = try plane.sessionHash(id) { try plane.signOut(session: hash) }
                }
            },
            sessions: { caller in
                try await bridge.signing {
                    try plane.sessions(of: try await bridge.caller(caller)).map { Wire.Session($0) }
                }
            },
            endSessions: { caller, name in
                try await bridge.signing {
                    let who = try await bridge.caller(caller)
                    return Wire.SessionsEnded(ended: try await plane.endSessions(of: who, named: name))
                }
            },
            changePassword: { caller, old, new, origin in
                try await bridge.signing {
                    let who = try await bridge.caller(caller)
                    return try await plane.changePassword(of: who, from: old, to: new, at: origin.engine).id
                }
            },
            invite: { caller, person in
                try await bridge.signing {
                    let (secret, link) = try await plane.invite(person, by: try await bridge.caller(caller))
                    return Wire.Invitation(
                        person: link.person, link: "\(address())/link/\(secret)", expiresAt: link.expiresAt.wire)
                }
            },
            link: { secret in
                try await bridge.signing {
                    let link = try plane.link(secret)
                    return (link.person, link.expiresAt.wire)
                }
            },
            follow: { secret, password, origin in
                try await bridge.signing {
                    try await plane.follow(link: secret, password: password, from: origin.engine).id
                }
            })
    }
}

extension SignInOperations.Origin {
    fileprivate var engine: SignInOrigin { SignInOrigin(address: self.address, agent: self.agent) }
}

extension IdentityProvider.Settings {
    /// The issuer's host.
    fileprivate var shownName: String { URLComponents(string: self.issuer)?.host ?? self.issuer }
}

extension SignedInSession {
    fileprivate var shownMeans: String {
        switch self.means {
        case .password: "password"
        case .link: "link"
        case .provider(let issuer): issuer
        case .token(let name): "token \(name)"
        }
    }
}

extension Wire.Session {
    fileprivate init(_ session: SignedInSession) {
        self.init(
            name: session.name, actor: session.actor.description, means: session.shownMeans, address: session.address,
            agent: session.agent, createdAt: session.createdAt.wire, lastUsedAt: session.lastUsedAt.wire)
    }
}

extension Bridge {
    /// As `saying`, and for what sign-in refuses. A store that can't be read is in the log; the page says what to do.
    fileprivate func signing<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        do {
            return try await self.saying(body)
        } catch let refusal as SignInRefusal {
            throw refusal.problem
        } catch let error as SecretError {
            self.plane.logger.error("what people sign in with can't be read or kept: \(error)")
            throw Wire.Problem(
                title: "Sign-in is not to be had", status: 503,
                detail: "What people sign in with can't be read or kept; the server's log says why. The local token of "
                    + "`slipway serve` works all the same.", code: "sign-in-store")
        }
    }
}

extension SignInRefusal {
    fileprivate var problem: Wire.Problem {
        let (status, title): (Int, String) =
            switch self.code {
            case .wrong: (401, "Not signed in")
            case .slow: (429, "Too many tries")
            case .busy: (503, "Too many at once")
            case .link: (410, "This link is over")
            case .provider, .unknown: (403, "Not signed in")
            case .password: (400, "Not taken")
            }
        return Wire.Problem(title: title, status: status, detail: self.message, code: "sign-in-\(self.code.rawValue)")
    }
}
