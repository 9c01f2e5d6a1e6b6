import APIClient
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import WebUI

/// Sign-in as a browser does it: what is there for those who are not signed in, and for each about the own sessions and password.
extension Pages {
    /// What needs no session; nil: all else.
    func entrance(
        _ request: Request, _ location: Location, _ body: Body, _ context: Context
    ) async throws -> Response? {
        let origin = self.origin(request, context)
        switch (request.method, location.segments) {
        case (.get, ["sign-in"]): return self.door(problem: nil, back: Self.back(location.query["back"]))
        case (.post, ["sign-in"]):
            try Self.checkSite(request)
            return try await self.signIn(try await Form(request, body), origin)
        case (.get, ["sign-in", "provider"]):
            return try await self.refusing(Self.back(location.query["back"])) {
                let (target, cookie) = try await self.operations.signIn.beginProvider()
                let back = Self.back(location.query["back"])
                return Self.redirect(
                    target,
                    cookies: [self.cookies.set(.provider, cookie), self.cookies.set(.back, back.target)])
            }
        case (.get, ["sign-in", "provider", "return"]):
            let back = Self.back(self.cookies.read(.back, of: request))
            return try await self.refusing(back) {
                let id = try await self.operations.signIn.finishProvider(
                    location.query, self.cookies.read(.provider, of: request), origin)
                return self.welcome(id, to: back, ending: [.provider, .back])
            }
        case (.get, let segments) where segments.count == 2 && segments[0] == "link":
            let link = try await self.operations.signIn.link(segments[1])
            return Self.html(
                .link(
                    secret: segments[1], person: link.person, problem: nil, words: Words(now: Date()),
                    expiresAt: link.expiresAt), viewer: nil)
        case (.post, ["link"]):
            try Self.checkSite(request)
            return try await self.follow(try await Form(request, body), origin)
        default: return nil
        }
    }

    /// Forms about the own sessions and password; nil: all else. The form's token has been checked.
    func own(_ segments: [String], _ form: Form, _ visit: Visit) async throws -> Response? {
        let signIn = self.operations.signIn
        switch segments {
        case ["sign-out"]:
            try await signIn.signOut(visit.id)
            return Self.redirect("/sign-in", cookies: [self.cookies.set(.session, "")])
        case ["sign-out-everywhere"]:
            _ = try await signIn.endSessions(visit.caller, nil)
            return Self.redirect("/sign-in", cookies: [self.cookies.set(.session, "")])
        case let segments where segments.count == 3 && segments[0] == "sessions" && segments[2] == "end":
            _ = try await signIn.endSessions(visit.caller, segments[1])
            return Self.redirect("/me")
        case ["me", "password"]:
            let (old, new) = (form["old"] ?? "", form["new"] ?? "")
            guard new == form["again"] else { throw Self.notTwice }
            let id = try await signIn.changePassword(visit.caller, old, new, visit.origin)
            return self.welcome(id, to: Link("me"))
        default: return nil
        }
    }

    // MARK: In

    private func signIn(_ form: Form, _ origin: SignInOperations.Origin) async throws -> Response {
        let back = Self.back(form["back"])
        return try await self.refusing(back) {
            if let person = form["person"] {
                let id = try await self.operations.signIn.password(
                    person.trimmingCharacters(in: .whitespaces), form["password"] ?? "", origin)
                return self.welcome(id, to: back)
            }
            let token = (form["token"] ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
            guard !token.isEmpty, token.utf8.count <= 512 else { throw Self.wrongToken }
            do {
                _ = try await self.api.caller(token: token, from: origin.address)
            } catch let problem as Wire.Problem where problem.status == 401 { throw Self.wrongToken }
            guard let id = try await self.operations.signIn.token(token, origin) else { throw Self.wrongToken }
            return self.welcome(id, to: back)
        }
    }

    private func follow(_ form: Form, _ origin: SignInOperations.Origin) async throws -> Response {
        let (secret, password) = (form["secret"] ?? "", form["password"] ?? "")
        do {
            guard password == form["again"] else { throw Self.notTwice }
            let id = try await self.operations.signIn.follow(secret, password, origin)
            return self.welcome(id, to: Link())
        } catch let problem as Wire.Problem where problem.status == 400 || problem.status == 503 {
            let link = try await self.operations.signIn.link(secret)
            return Self.html(
                .link(
                    secret: secret, person: link.person, problem: problem.detail, words: Words(now: Date()),
                    expiresAt: link.expiresAt), viewer: nil, status: problem.status)
        }
    }

    /// What is refused is said on the page where it is tried again.
    private func refusing(_ back: Link, _ body: () async throws -> Response) async throws -> Response {
        do {
            return try await body()
        } catch let problem as Wire.Problem where [401, 403, 429, 503].contains(problem.status) {
            var response = self.door(problem: problem.detail, back: back, status: problem.status)
            if problem.status == 429 || problem.status == 503 { response.headers[.retryAfter] = "5" }
            return response
        }
    }

    private func door(problem: String?, back: Link, status: Int = 200) -> Response {
        Self.html(
            .signIn(problem: problem, provider: self.operations.signIn.provider, back: back), viewer: nil,
            status: status)
    }

    /// A session of before does not become the new one: the id is always new.
    private func welcome(_ id: String, to back: Link, ending: [BrowserCookies.Name] = []) -> Response {
        Self.redirect(
            back.target, cookies: [self.cookies.set(.session, id)] + ending.map { self.cookies.set($0, "") })
    }

    private static var wrongToken: Wire.Problem {
        Wire.Problem(
            title: "Not signed in", status: 401, detail: "This token is wrong or revoked.", code: "unauthenticated")
    }

    private static var notTwice: Wire.Problem {
        Wire.Problem(
            title: "Not taken", status: 400, detail: "The two passwords differ. Write the same one twice.",
            code: "sign-in-password")
    }

    // MARK: Who and where from

    func visit(_ request: Request, _ location: Location, _ context: Context) async throws -> Visit? {
        guard let id = self.cookies.read(.session, of: request),
            let caller = try await self.operations.signIn.session(id)
        else { return nil }
        // Bound to the session and useless without it: nobody who sees it learns the id.
        let formToken = TokenDigest(of: "slipway form \(id)").hexadecimal
        return Visit(
            caller: caller, viewer: Viewer(actor: caller.actor, formToken: formToken), id: id,
            origin: self.origin(request, context), query: location.query, words: Words(now: Date()))
    }

    private func origin(_ request: Request, _ context: Context) -> SignInOperations.Origin {
        SignInOperations.Origin(
            address: self.api.security.address(of: request, context), agent: request.headers[.userAgent] ?? "")
    }

    /// Another site may not post to us: not to sign a browser in as somebody else either.
    static func checkSite(_ request: Request) throws {
        let site = request.headers[.secFetchSite]
        let origin = request.headers[.origin]
        let host = request.head.authority ?? ""
        let isOwn = origin == nil || origin == "https://\(host)" || origin == "http://\(host)"
        guard site == nil || site == "same-origin" || site == "none", isOwn || site == "same-origin" else {
            throw Wire.Problem(
                title: "From another site", status: 403, detail: "Send forms from Slipway's own pages.",
                code: "cross-site")
        }
    }

    /// A path of this server, taken apart and put together again, so it can't lead elsewhere.
    static func back(_ text: String?) -> Link { Link(segments: text.flatMap { try? Location($0) }?.segments ?? []) }

    /// Where to go after the sign-in.
    static func backQuery(_ location: Location) -> [(StaticString, String)] {
        guard !location.segments.isEmpty else { return [] }
        return [("back", Link(segments: location.segments).target)]
    }
}
