import APIClient
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// `/api/v1`: authentication, then the route table.
struct API: Sendable {
    let operations: Operations
    let table: RouteTable
    let document: Data
    let wrongTokens: WrongTokens
    let feeds: EventFeeds
    let security: Security

    init(_ operations: Operations, wrongTokens: WrongTokens, feeds: EventFeeds, security: Security) throws {
        self.operations = operations
        self.security = security
        self.table = try RouteTable()
        self.document = try Route.encoded(try OpenAPI(table: self.table).document())
        self.wrongTokens = wrongTokens
        self.feeds = feeds
    }

    func answer(
        _ request: Request, _ segments: [String], _ query: [String: String], _ body: Body, _ context: Context
    ) async throws -> Response {
        let token = Self.bearer(request)
        let caller = try await self.caller(token, from: self.security.address(of: request, context))
        let (route, path) = try self.route(request.method, segments)
        try route.checkQuery(query)
        var data = Data()
        if let schema = route.body {
            try Self.checkContentType(request)
            data = try await body.read()
            try schema.check(body: data)
        }
        let call = Call(
            operations: self.operations, caller: caller, path: path, query: query, body: data,
            lastEventID: request.headers[.lastEventID])
        switch try await route.handle(call) {
        case .json(let data):
            return Self.json(data, status: route.status)
        case .document:
            return Self.json(self.document, status: 200)
        case .bytes(let type, let next):
            return try self.feeds.response(next, type: type, context)
        case .events(let after, let stream):
            // What is refused is refused before the head goes out: an empty stream would only be asked for again.
            _ = try await self.operations.events(caller, stream, after, 1)
            let feed = EventFeed(
                source: { try await self.operations.events(caller, stream, $0, $1) },
                positions: { self.operations.positions($0) },
                isAllowed: { try await self.operations.authenticate(token ?? "") != nil },
                after: after, content: .events)
            return try self.feeds.response(feed, context)
        }
    }

    private func caller(_ token: String?, from address: String) async throws -> Caller {
        guard let token, !token.isEmpty, token.utf8.count <= 512 else { throw Wire.Problem.unauthenticated }
        return try await self.caller(token: token, from: address)
    }

    /// Who owns the token; counts wrong ones.
    func caller(token: String, from address: String) async throws -> Caller {
        guard self.wrongTokens.mayTry(token, from: address) else { throw Wire.Problem.tooManyWrongTokens }
        let caller = try await self.operations.authenticate(token)
        self.wrongTokens.note(token, isRight: caller != nil, from: address)
        guard let caller else { throw Wire.Problem.unauthenticated }
        return caller
    }

    private func route(_ method: HTTPRequest.Method, _ segments: [String]) throws -> (Route, [String: String]) {
        switch self.table.find(method == .head ? .get : method, segments) {
        case .route(let route, let values): return (route, values)
        case .otherMethods(let methods):
            let known = methods.map(\.rawValue).joined(separator: ", ")
            throw Wire.Problem(
                title: "Method not allowed", status: 405, detail: "This path takes \(known), not \(method).",
                code: "method-not-allowed")
        case .nothing:
            throw Wire.Problem.notFound(
                "There is no such path under /api/v1. GET /api/v1/openapi.json lists all that are.")
        }
    }

    private static func bearer(_ request: Request) -> String? {
        guard let field = request.headers[.authorization] else { return nil }
        let parts = field.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }

    private static func checkContentType(_ request: Request) throws {
        let type = request.headers[.contentType]?.split(separator: ";").first?.lowercased() ?? ""
        guard type == "application/json" else {
            throw Wire.Problem(
                title: "Unsupported media type", status: 415,
                detail: "The body has to be `Content-Type: application/json`.", code: "unsupported-media-type")
        }
    }

    private static func json(_ data: Data, status: Int) -> Response {
        Response(
            status: .init(code: status), headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: data)))
    }
}
