import APIClient
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// Everything between a request's head and its answer: takes the target apart, finds whose it is (API, pages, health),
/// and turns whatever is thrown into an answer.
struct Front: HTTPResponder {
    let api: API
    let pages: Pages
    let limits: Limits
    let security: Security

    func respond(to request: Request, context: Context) async throws -> Response {
        var response: Response
        let body = Body(request, limits: self.limits)
        do {
            let location = try Location(request.head.path ?? "/")
            response = try await self.answer(request, location, body, context)
        } catch {
            response = Self.answer(to: error, request, context)
        }
        if request.method == .head { response = response.createHeadResponse() }
        self.addSafetyHeaders(&response)
        // What is left of a long body is not read: the answer goes out and the connection ends.
        return body.isLeftUnread ? Refusal(response, channel: context.channel).response : response
    }

    private func answer(
        _ request: Request, _ location: Location, _ body: Body, _ context: Context
    ) async throws -> Response {
        if location.segments == ["healthz"] {
            let text = ByteBuffer(string: "ok\n")
            return Response(status: .ok, headers: [.contentType: "text/plain"], body: .init(byteBuffer: text))
        }
        if location.segments.starts(with: RouteTable.prefix) {
            let rest = Array(location.segments.dropFirst(RouteTable.prefix.count))
            return try await self.api.answer(request, rest, location.query, body, context)
        }
        do {
            return try await self.pages.answer(request, location, body, context)
        } catch let problem as Wire.Problem {
            return Pages.answer(to: problem)
        }
    }

    private static func answer(to error: any Error, _ request: Request, _ context: Context) -> Response {
        if let problem = error as? Wire.Problem { return Self.answer(to: problem) }
        let id = String(TokenDigest.randomSecret().prefix(12))
        context.logger.error(
            "request failed",
            metadata: [
                "error.id": "\(id)", "method": "\(request.method)", "path": "\(request.uri.path.prefix(300))",
                "error": "\(String(reflecting: error).prefix(2000))",
            ])
        return Self.answer(to: .unexpected(id))
    }

    static func answer(to problem: Wire.Problem) -> Response {
        var headers: HTTPFields = [.contentType: "application/problem+json"]
        switch problem.status {
        case 401: headers[.wwwAuthenticate] = "Bearer"
        case 429, 503: headers[.retryAfter] = problem.code == "sign-in-busy" ? "5" : "60"
        default: break
        }
        let status = (400...599).contains(problem.status) ? problem.status : 500
        let data = (try? Route.encoded(problem)) ?? Data()
        return Response(
            status: .init(code: status), headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: data)))
    }

    private func addSafetyHeaders(_ response: inout Response) {
        // RFC 6797: browsers come by https alone from now on.
        if self.security.isSecure { response.headers[.strictTransportSecurity] = "max-age=31536000" }
        response.headers[.xContentTypeOptions] = "nosniff"
        if !response.headers.contains(.cacheControl) { response.headers[.cacheControl] = "no-store" }
        response.headers[.referrerPolicy] = "same-origin"
        response.headers[.contentSecurityPolicy] =
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
            + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    }
}

extension HTTPField.Name {
    /// Constant tokens of RFC 9110, so the initialiser can't answer nil; `.accept` would show a mistake at once.
    static let referrerPolicy = HTTPField.Name("Referrer-Policy") ?? .accept
    static let slipwayTime = HTTPField.Name("Slipway-Time") ?? .accept
    static let lastEventID = HTTPField.Name("Last-Event-ID") ?? .accept
    static let forwardedFor = HTTPField.Name("X-Forwarded-For") ?? .accept
    static let secFetchSite = HTTPField.Name("Sec-Fetch-Site") ?? .accept
}
