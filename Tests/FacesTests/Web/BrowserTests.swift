import APIClient
import Foundation
import HTTPAPI
import Testing

/// The pages through the server, as a browser uses them.
@Suite(.timeLimit(.minutes(1))) struct BrowserTests {
    /// Signs in; the cookie to send, and the form token of the page.
    private func signIn(_ server: LiveServer) async throws -> (cookie: String, csrf: String) {
        let answer = try await server.send(
            "POST", "/sign-in", body: "token=\(World.token)", type: "application/x-www-form-urlencoded", token: nil)
        #expect(answer.status == 303 && answer.headers["location"] == "/")
        let set = try #require(answer.headers["set-cookie"])
        #expect(set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.contains("Path=/"))
        let cookie = try #require(set.split(separator: ";").first.map(String.init))
        let page = try await server.send("GET", "/", token: nil, headers: [("Cookie", cookie)])
        #expect(page.status == 200)
        let csrf = try #require(
            try Markup(page.text).elements.first { $0.attributes["name"] == "csrf" }?.attributes["value"])
        return (cookie, csrf)
    }

    @Test func `without a session every page leads to the sign-in, and a fragment says so`() async throws {
        try await LiveServer.with { server in
            for path in ["/", "/lanes/shop/production", "/events", "/releases/x"] {
                let answer = try await server.send("GET", path)
                let back = path == "/" ? "" : "?back=\(path.replacingOccurrences(of: "/", with: "%2F"))"
                #expect(answer.status == 303 && answer.headers["location"] == "/sign-in\(back)", "\(path)")
            }
            #expect(try await server.send("GET", "/fragments/status", token: nil).status == 401)
            #expect(try await server.send("GET", "/fragments/events", token: nil).status == 401)
            #expect(try await server.send("POST", "/lanes/shop/production/rollback", token: nil).status == 401)
            #expect(try await server.send("GET", "/sign-in", token: nil).text.contains("Token"))
            #expect(server.world.asked == [])
        }
    }

    @Test func `a wrong token does not sign in, and many are slowed down`() async throws {
        try await LiveServer.with { server in
            var statuses: [Int] = []
            for _ in 0..<22 {
                let answer = try await server.send(
                    "POST", "/sign-in", body: "token=nope", type: "application/x-www-form-urlencoded", token: nil)
                statuses.append(answer.status)
                #expect(answer.headers["set-cookie"] == nil)
            }
            #expect(statuses.first == 401 && statuses.last == 429)
        }
    }

    @Test func `another site can't sign a browser in`() async throws {
        try await LiveServer.with { server in
            let answer = try await server.send(
                "POST", "/sign-in", body: "token=\(World.token)", type: "application/x-www-form-urlencoded", token: nil,
                headers: [("Sec-Fetch-Site", "cross-site")])
            #expect(answer.status == 403)
        }
    }

    @Test func `every page and fragment is shown to a session`() async throws {
        try await LiveServer.with { server in
            server.world.append(3)
            let (cookie, _) = try await self.signIn(server)
            let paths = [
                "", "lanes/shop/production", "lanes/shop/production/logs", "promotions/shop/production/3",
                "changes/chg-7",
                "releases", "releases/rel-1.4.0", "events", "events/lane/shop/production",
            ]
            for path in paths {
                let page = try await server.send("GET", "/\(path)", token: nil, headers: [("Cookie", cookie)])
                #expect(page.status == 200 && page.type == "text/html; charset=utf-8", "\(path)")
                let read = try Markup(page.text)
                let fragment = read.elements.first { $0.tag == "main" }?.attributes["data-fragment"] ?? ""
                guard !fragment.isEmpty else { continue }
                let part = try await server.send("GET", fragment, token: nil, headers: [("Cookie", cookie)])
                #expect(part.status == 200 && part.text.hasPrefix("<main"), "\(fragment)")
                #expect(page.text.contains(try Markup(part.text).elements.count > 3 ? "<main" : "nothing"))
            }
            let nothing = try await server.send("GET", "/nothing", token: nil, headers: [("Cookie", cookie)])
            #expect(nothing.status == 404 && nothing.type.hasPrefix("text/html"))
        }
    }

    @Test func `every link on every page leads to a page`() async throws {
        try await LiveServer.with { server in
            server.world.append(3)
            let (cookie, _) = try await self.signIn(server)
            var seen: Set<String> = []
            var open = ["/"]
            while let path = open.popLast() {
                guard seen.insert(path).inserted else { continue }
                let page = try await server.send("GET", path, token: nil, headers: [("Cookie", cookie)])
                #expect(page.status == 200, "\(path)")
                guard page.type.hasPrefix("text/html") else { continue }
                open += try Markup(page.text).elements.compactMap { $0.attributes["href"] }
                    .filter { $0.hasPrefix("/") }.map { $0.replacingOccurrences(of: "&amp;", with: "&") }
            }
            #expect(seen.count >= 12)
        }
    }

    @Test func `a form acts with its reason, and leads back to its page`() async throws {
        try await LiveServer.with { server in
            let (cookie, csrf) = try await self.signIn(server)
            let forms = [
                ("/promotions/shop/production/3/abort", "abort shop/production/3 too slow ana"),
                ("/lanes/shop/production/rollback", "rollback shop/production  too slow"),
                ("/lanes/shop/production/unhold", "unhold shop/production too slow"),
                ("/changes/chg-7/approve", "approve chg-7 too slow ana"),
            ]
            for (path, asked) in forms {
                let answer = try await server.send(
                    "POST", path, body: "csrf=\(csrf)&reason=too+slow&back=%2Flanes%2Fshop%2Fproduction",
                    type: "application/x-www-form-urlencoded", token: nil, headers: [("Cookie", cookie)])
                #expect(answer.status == 303 && answer.headers["location"] == "/lanes/shop/production")
                #expect(server.world.asked.last == asked)
            }
        }
    }

    @Test(arguments: ["", "csrf=wrong&reason=x", "reason=x"])
    func `a form without its session's token is refused`(body: String) async throws {
        try await LiveServer.with { server in
            let (cookie, _) = try await self.signIn(server)
            let answer = try await server.send(
                "POST", "/promotions/shop/production/3/abort", body: body, type: "application/x-www-form-urlencoded",
                token: nil, headers: [("Cookie", cookie)])
            #expect(answer.status == 403)
            #expect(!server.world.asked.contains { $0.hasPrefix("abort") })
        }
    }

    @Test(arguments: ["//evil.example", "https://evil.example", "/\\evil", "/..//x", "javascript:x"])
    func `a form never leads to another site`(back: String) async throws {
        try await LiveServer.with { server in
            let (cookie, csrf) = try await self.signIn(server)
            let encoded = back.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
            let answer = try await server.send(
                "POST", "/changes/chg-7/reject", body: "csrf=\(csrf)&reason=x&back=\(encoded)",
                type: "application/x-www-form-urlencoded", token: nil, headers: [("Cookie", cookie)])
            let location = try #require(answer.headers["location"])
            #expect(location == "/" || location == "/%5Cevil")
        }
    }

    @Test func `what the rules refuse is shown on a page with the way back`() async throws {
        try await LiveServer.with { server in
            let (cookie, csrf) = try await self.signIn(server)
            server.world.change {
                $0.failure = Wire.Problem(title: "Refused", status: 409, detail: "held by ben <b>", code: "held")
            }
            let answer = try await server.send(
                "POST", "/promotions/shop/production/3/abort", body: "csrf=\(csrf)&reason=x&back=%2Freleases",
                type: "application/x-www-form-urlencoded", token: nil, headers: [("Cookie", cookie)])
            #expect(answer.status == 409)
            #expect(answer.text.contains("held by ben &lt;b&gt;") && answer.text.contains("href=\"/releases\""))
        }
    }

    @Test func `signing out and revoking the token both end the session`() async throws {
        try await LiveServer.with { server in
            let (first, csrf) = try await self.signIn(server)
            let out = try await server.send(
                "POST", "/sign-out", body: "csrf=\(csrf)", type: "application/x-www-form-urlencoded", token: nil,
                headers: [("Cookie", first)])
            #expect(out.status == 303)
            #expect(try await server.send("GET", "/", token: nil, headers: [("Cookie", first)]).status == 303)
            let (second, _) = try await self.signIn(server)
            server.world.change { $0.tokens = [:] }
            #expect(try await server.send("GET", "/", token: nil, headers: [("Cookie", second)]).status == 303)
        }
    }

    @Test func `a session's cookie gives no access to the API`() async throws {
        try await LiveServer.with { server in
            let (cookie, _) = try await self.signIn(server)
            let answer = try await server.send("GET", "/api/v1/status", token: nil, headers: [("Cookie", cookie)])
            #expect(answer.status == 401)
        }
    }

    @Test func `no answer lets a page run or load what is not the server's own`() async throws {
        try await LiveServer.with { server in
            for path in ["/sign-in", "/api/v1/status", "/nothing", "/app.js"] {
                let answer = try await server.send("GET", path)
                let policy = try #require(answer.headers["content-security-policy"])
                #expect(policy.contains("default-src 'none'") && policy.contains("script-src 'self'"))
                #expect(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"))
                #expect(answer.headers["x-content-type-options"] == "nosniff")
            }
        }
    }

    @Test func `style and script are kept by the browser until they change`() async throws {
        try await LiveServer.with { server in
            for path in ["/app.css", "/app.js"] {
                let first = try await server.send("GET", path, token: nil)
                let tag = try #require(first.headers["etag"])
                let again = try await server.send("GET", path, token: nil, headers: [("If-None-Match", tag)])
                #expect(first.status == 200 && again.status == 304 && again.text.isEmpty)
            }
        }
    }

    @Test func `the page's stream tells positions, and no contents`() async throws {
        try await LiveServer.with { server in
            let (cookie, _) = try await self.signIn(server)
            let socket = try RawSocket(port: server.port)
            socket.send("GET /fragments/events HTTP/1.1\r\nHost: x\r\nCookie: \(cookie)\r\n\r\n")
            _ = await socket.read(until: "retry")
            server.world.append(2)
            let text = await socket.read(until: "data: 2")
            #expect(!text.contains("quoted"))
        }
    }
}
