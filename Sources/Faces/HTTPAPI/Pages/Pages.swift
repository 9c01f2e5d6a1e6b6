import APIClient
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import WebUI

/// The web pages: sessions, forms, and which page shows what. The pages themselves are values of WebUI.
struct Pages: Sendable {
    let api: API

    var operations: Operations { self.api.operations }
    var cookies: BrowserCookies { BrowserCookies(isSecure: self.api.security.isSecure) }

    /// A signed-in request.
    struct Visit {
        var caller: Caller
        var viewer: Viewer
        /// Of the session.
        var id: String
        var origin: SignInOperations.Origin
        var query: [String: String]
        var words: Words
    }

    func answer(_ request: Request, _ location: Location, _ body: Body, _ context: Context) async throws -> Response {
        switch (request.method, location.segments) {
        case (.get, ["app.css"]): return Asset.style.response(request)
        case (.get, ["app.js"]): return Asset.script.response(request)
        default: break
        }
        if let answer = try await self.entrance(request, location, body, context) { return answer }
        guard let visit = try await self.visit(request, location, context) else {
            guard request.method == .get || request.method == .head, location.segments.first != "fragments" else {
                return Self.answer(to: .unauthenticated)
            }
            return Self.redirect(Link(segments: ["sign-in"], query: Self.backQuery(location)).target)
        }
        switch request.method {
        case .get, .head: return try await self.show(location.segments, visit, context)
        case .post:
            try Self.checkSite(request)
            return try await self.submit(request, location.segments, visit, body)
        default: throw Wire.Problem.notFound("There is no such page.")
        }
    }

    // MARK: Showing

    private func show(_ segments: [String], _ visit: Visit, _ context: Context) async throws -> Response {
        if segments == ["fragments", "events"] { return try self.follow(visit, context) }
        let isFragment = segments.first == "fragments"
        let page = try await self.page(isFragment ? Array(segments.dropFirst()) : segments, visit)
        return isFragment ? Self.fragment(page) : Self.html(page, viewer: visit.viewer)
    }

    private func page(_ segments: [String], _ visit: Visit) async throws -> Page {
        let (caller, words) = (visit.caller, visit.words)
        switch segments.first {
        case nil where segments.isEmpty, "status" where segments.count == 1:
            let status = try await self.operations.status(caller, nil)
            let changes = try await self.operations.changes(caller, "requested")
            let traffic = try await self.traffic(status.services.flatMap(\.environments), caller)
            return .status(status, traffic: traffic, changes: changes, viewer: visit.viewer, words: words)
        case "lanes" where segments.count == 3:
            let lane = try await self.operations.lane(caller, segments[1], segments[2])
            let traffic = try await self.traffic([lane], caller).first { !$0.isEmpty }
            return .lane(lane, traffic: traffic, viewer: visit.viewer, words: words)
        case "lanes" where segments.count == 4 && segments[3] == "logs":
            let output = try await self.operations.logs(caller, segments[1], segments[2], 200, nil)
            return .logs(service: segments[1], environment: segments[2], output)
        case "promotions" where segments.count == 4:
            let id = segments.dropFirst().joined(separator: "/")
            let promotion = try await self.operations.promotion(caller, id)
            let why = try await self.operations.why(caller, id)
            // What only waits has none.
            let traffic =
                promotion.startedAt == nil
                ? nil : try await self.operations.traffic(caller, id, Wire.trafficPoints.upperBound)
            return .promotion(promotion, traffic: traffic, why: why, viewer: visit.viewer, words: words)
        case "changes" where segments.count == 2:
            let change = try await self.operations.change(caller, segments[1])
            let why = try await self.operations.why(caller, segments[1])
            return .change(change, why: why, viewer: visit.viewer, words: words)
        case "calendar" where segments.count == 1:
            return .calendar(try await self.operations.calendar.calendar(caller), viewer: visit.viewer, words: words)
        case "me" where segments.count == 1:
            let sessions = try await self.operations.signIn.sessions(caller)
            return .me(sessions, current: caller.session, viewer: visit.viewer, words: words)
        case "releases" where segments.count == 1:
            return .releases(try await self.operations.releases(caller, nil, 100), words: words)
        case "releases" where segments.count == 2:
            return try await self.release(segments[1], visit)
        case "events":
            let stream = segments.count > 1 ? segments.dropFirst().joined(separator: "/") : nil
            return try await self.events(stream, visit)
        default: throw Wire.Problem.notFound("There is no such page.")
        }
    }

    /// Of what is judged now; a small chart needs few points, and a page few charts.
    private func traffic(_ lanes: [Wire.Lane], _ caller: Caller) async throws -> [Wire.Traffic] {
        var found: [Wire.Traffic] = []
        for deployment in lanes.compactMap(\.deployment).prefix(24) where deployment.kind == "forward" {
            found.append(try await self.operations.traffic(caller, deployment.id, 60))
        }
        return found
    }

    private func release(_ id: String, _ visit: Visit) async throws -> Page {
        let release = try await self.operations.release(visit.caller, id)
        let why = try await self.operations.why(visit.caller, release.id)
        let log = try await BuildLog(operations: self.operations, caller: visit.caller).tail(of: release.id)
        return .release(release, why: why, log: log, words: visit.words)
    }

    /// A stream from its beginning; the whole ledger from its last hundred on.
    private func events(_ stream: String?, _ visit: Visit) async throws -> Page {
        var after = visit.query["after"].flatMap { Int($0) }.map { max(0, $0) }
        if after == nil, stream == nil {
            after = max(0, try await self.operations.status(visit.caller, nil).position - 100)
        }
        let events = try await self.operations.events(visit.caller, stream, after ?? 0, 100)
        return .events(events, stream: stream, after: after ?? 0, words: visit.words)
    }

    private func follow(_ visit: Visit, _ context: Context) throws -> Response {
        let feed = EventFeed(
            source: { try await self.operations.events(visit.caller, nil, $0, $1) },
            positions: { self.operations.positions($0) },
            isAllowed: { try await self.operations.signIn.session(visit.id) != nil },
            after: visit.query["after"].flatMap { Int($0) } ?? 0, content: .positions)
        return try self.api.feeds.response(feed, context)
    }

    // MARK: Forms

    private func submit(_ request: Request, _ segments: [String], _ visit: Visit, _ body: Body) async throws -> Response
    {
        let form = try await Form(request, body)
        guard TokenDigest(of: form["csrf"] ?? "") == TokenDigest(of: visit.viewer.formToken) else {
            throw Wire.Problem(
                title: "Old form", status: 403,
                detail: "The form belongs to another session. Go back, load the page anew and send it again.",
                code: "form-token")
        }
        if let answer = try await self.own(segments, form, visit) { return answer }
        let back = form.back
        do {
            try await self.act(segments, form.act, visit.caller)
        } catch let problem as Wire.Problem {
            return Self.html(.problem(problem, back: back.link), viewer: visit.viewer, status: problem.status)
        }
        return Self.redirect(back.target)
    }

    private func act(_ segments: [String], _ act: Wire.Act, _ caller: Caller) async throws {
        let unknown = Wire.Problem.notFound("There is no such form.")
        switch (segments.first, segments.count) {
        case ("promotions", 5) where segments[4] == "override":
            _ = try await self.operations.calendar.override(caller, segments[1...3].joined(separator: "/"), act)
        case ("calendar", 3) where segments[2] == "remove":
            _ = try await self.operations.calendar.remove(caller, segments[1], act)
        case ("stop", 1): _ = try await self.operations.calendar.stop(caller, act)
        case ("lift", 1): _ = try await self.operations.calendar.lift(caller, act)
        case ("promotions", 5):
            guard let verb = Wire.PromotionVerb(rawValue: segments[4]) else { throw unknown }
            let id = segments[1...3].joined(separator: "/")
            _ = try await self.operations.actOnPromotion(caller, id, verb, act)
        case ("lanes", 4):
            guard let verb = Wire.LaneVerb(rawValue: segments[3]) else { throw unknown }
            if verb == .rollback {
                _ = try await self.operations.rollback(caller, segments[1], segments[2], act)
            } else {
                _ = try await self.operations.actOnLane(caller, segments[1], segments[2], verb, act)
            }
        case ("changes", 3):
            guard let verb = Wire.ChangeVerb(rawValue: segments[2]) else { throw unknown }
            _ = try await self.operations.actOnChange(caller, segments[1], verb, act)
        default: throw unknown
        }
    }

    // MARK: Answers

    static func answer(to problem: Wire.Problem) -> Response {
        self.html(.problem(problem, back: Link()), viewer: nil, status: problem.status)
    }

    static func html(_ page: Page, viewer: Viewer?, status: Int = 200) -> Response {
        self.html(page.markup(for: viewer), status: status)
    }

    private static func fragment(_ page: Page) -> Response {
        var response = self.html(page.fragmentMarkup, status: 200)
        response.headers[.slipwayTime] = String(Date().timeIntervalSince1970)
        return response
    }

    private static func html(_ markup: String, status: Int) -> Response {
        Response(
            status: .init(code: (200...599).contains(status) ? status : 500),
            headers: [.contentType: "text/html; charset=utf-8"], body: .init(byteBuffer: ByteBuffer(string: markup)))
    }

    static func redirect(_ target: String, cookies: [String] = []) -> Response {
        var headers: HTTPFields = [.location: target]
        for cookie in cookies { headers.append(HTTPField(name: .setCookie, value: cookie)) }
        return Response(status: .seeOther, headers: headers)
    }
}
