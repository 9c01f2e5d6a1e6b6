import APIClient
import Foundation
import HTTPAPI
import Testing

/// Sign-in through the server, as a browser does it.
@Suite(.timeLimit(.minutes(1))) struct SignInPageTests {
    private static let form = "application/x-www-form-urlencoded"
    private static let good = "correct+horse+battery+staple"

    private func post(
        _ server: LiveServer, _ path: String, _ body: String, cookie: String? = nil, site: String? = nil,
        origin: String? = nil
    ) async throws -> LiveServer.Answer {
        var headers: [(String, String)] = []
        if let cookie { headers.append(("Cookie", cookie)) }
        if let site { headers.append(("Sec-Fetch-Site", site)) }
        if let origin { headers.append(("Origin", origin)) }
        return try await server.send("POST", path, body: body, type: Self.form, token: nil, headers: headers)
    }

    private func cookie(_ answer: LiveServer.Answer, _ name: String = "slipway_session") -> String? {
        answer.headers["set-cookie"]?.split(separator: "\n").first { $0.hasPrefix("\(name)=") }?
            .split(separator: ";").first.map(String.init)
    }

    private func csrf(_ page: LiveServer.Answer) throws -> String {
        try #require(
            try Markup(page.text).elements.first { $0.attributes["name"] == "csrf" }?.attributes["value"])
    }

    @Test func `a name and a password sign in, and lead to where one wanted to go`() async throws {
        try await LiveServer.with { server in
            let wanted = try await server.send("GET", "/changes/chg-7", token: nil)
            let door = try #require(wanted.headers["location"])
            #expect(door == "/sign-in?back=%2Fchanges%2Fchg-7")
            let page = try await server.send("GET", door, token: nil)
            #expect(page.text.contains("value=\"/changes/chg-7\"") && page.text.contains("id.example"))
            let answer = try await self.post(
                server, "/sign-in", "person=+ana+&password=\(Self.good)&back=%2Fchanges%2Fchg-7")
            #expect(answer.status == 303 && answer.headers["location"] == "/changes/chg-7")
            let mine = try #require(self.cookie(answer))
            let me = try await server.send("GET", "/me", token: nil, headers: [("Cookie", mine)])
            #expect(me.status == 200 && me.text.contains("person:ana") && me.text.contains("Sign out everywhere"))
        }
    }

    @Test func `a wrong password is said on the same page, with no word about which was wrong`() async throws {
        try await LiveServer.with { server in
            let answers = [
                try await self.post(server, "/sign-in", "person=ana&password=wrong"),
                try await self.post(server, "/sign-in", "person=nobody&password=\(Self.good)"),
            ]
            for answer in answers {
                #expect(answer.status == 401 && answer.headers["set-cookie"] == nil)
                #expect(answer.text.contains("This name or this password is wrong."))
            }
            #expect(answers[0].text == answers[1].text)
        }
    }

    @Test(arguments: ["https://evil.example/x", "//evil.example", "/\\evil.example", "javascript:alert(1)", "..%2F.."])
    func `the way back leads nowhere else`(back: String) async throws {
        try await LiveServer.with { server in
            let answer = try await self.post(server, "/sign-in", "person=ana&password=\(Self.good)&back=\(back)")
            let location = try #require(answer.headers["location"])
            #expect(location.hasPrefix("/") && !location.hasPrefix("//") && !location.contains("\\"))
        }
    }

    @Test func `no other site signs a browser in, out, or follows its link`() async throws {
        try await LiveServer.with { server in
            server.world.change { $0.links["s3"] = "bob" }
            for (site, origin) in [
                ("cross-site", nil), ("same-site", nil), (nil, "https://evil.example"), (nil, "null"),
                ("cross-site", "http://127.0.0.1"),
            ] as [(String?, String?)] {
                for (path, body) in [
                    ("/sign-in", "person=ana&password=\(Self.good)"), ("/sign-in", "token=\(World.token)"),
                    ("/link", "secret=s3&password=\(Self.good)&again=\(Self.good)"),
                ] {
                    let answer = try await self.post(server, path, body, site: site, origin: origin)
                    #expect(answer.status == 403 && answer.headers["set-cookie"] == nil)
                }
            }
            let own = try await self.post(
                server, "/sign-in", "person=ana&password=\(Self.good)", origin: server.address)
            #expect(own.status == 303)
        }
    }

    @Test func `a form's token is good for its own session alone`() async throws {
        try await LiveServer.with { server in
            func session() async throws -> (cookie: String, csrf: String) {
                let answer = try await self.post(server, "/sign-in", "person=ana&password=\(Self.good)")
                let mine = try #require(self.cookie(answer))
                let page = try await server.send("GET", "/me", token: nil, headers: [("Cookie", mine)])
                return (mine, try self.csrf(page))
            }
            let (one, other) = (try await session(), try await session())
            #expect(one.csrf != other.csrf && !one.cookie.contains(one.csrf))
            for path in ["/sign-out", "/sign-out-everywhere", "/me/password", "/sessions/x/end", "/stop"] {
                for token in [other.csrf, "", String(one.csrf.dropLast())] {
                    let answer = try await self.post(server, path, "csrf=\(token)&reason=x", cookie: one.cookie)
                    #expect(answer.status == 403, "\(path)")
                }
            }
            #expect(!server.world.asked.contains { $0.hasPrefix("endSessions") || $0.hasPrefix("stop") })
            let ended = try await self.post(
                server, "/sessions/0123456789ab/end", "csrf=\(one.csrf)", cookie: one.cookie)
            #expect(ended.status == 303 && server.world.asked.last == "endSessions 0123456789ab person:ana")
            let out = try await self.post(server, "/sign-out", "csrf=\(one.csrf)", cookie: one.cookie)
            #expect(out.status == 303 && self.cookie(out) == "slipway_session=")
            #expect(
                try await server.send("GET", "/me", token: nil, headers: [("Cookie", one.cookie)]).status == 303)
            #expect(
                try await server.send("GET", "/me", token: nil, headers: [("Cookie", other.cookie)]).status == 200)
        }
    }

    @Test func `a password is changed by who knows the old one, and the session is a new one`() async throws {
        try await LiveServer.with { server in
            let answer = try await self.post(server, "/sign-in", "person=ana&password=\(Self.good)")
            let mine = try #require(self.cookie(answer))
            let page = try await server.send("GET", "/me", token: nil, headers: [("Cookie", mine)])
            let token = try self.csrf(page)
            let differ = try await self.post(
                server, "/me/password", "csrf=\(token)&old=a&new=longer+than+twelve&again=another", cookie: mine)
            #expect(differ.status == 400)
            let done = try await self.post(
                server, "/me/password", "csrf=\(token)&old=a&new=longer+than+twelve&again=longer+than+twelve",
                cookie: mine)
            #expect(done.status == 303 && done.headers["location"] == "/me")
            #expect(self.cookie(done) != mine && server.world.asked.last == "changePassword person:ana 1 18")
        }
    }

    @Test func `a link may be looked at often and is used up by one click`() async throws {
        try await LiveServer.with { server in
            server.world.change { $0.links["s3cret"] = "bob" }
            for _ in 0..<3 {
                let page = try await server.send("GET", "/link/s3cret", token: nil)
                #expect(page.status == 200 && page.text.contains("Welcome") && page.text.contains("bob"))
            }
            let short = try await self.post(server, "/link", "secret=s3cret&password=short&again=short")
            #expect(short.status == 400 && short.text.contains("too short"))
            let differ = try await self.post(server, "/link", "secret=s3cret&password=\(Self.good)&again=x")
            #expect(differ.status == 400 && differ.text.contains("differ"))
            let done = try await self.post(server, "/link", "secret=s3cret&password=\(Self.good)&again=\(Self.good)")
            #expect(done.status == 303 && self.cookie(done) != nil)
            let again = try await self.post(server, "/link", "secret=s3cret&password=\(Self.good)&again=\(Self.good)")
            #expect(again.status == 410 && again.headers["set-cookie"] == nil)
            #expect(try await server.send("GET", "/link/s3cret", token: nil).status == 410)
            #expect(try await server.send("GET", "/link/forged", token: nil).status == 410)
        }
    }

    @Test func `by the provider: the cookie goes along and comes back, and a refusal is said`() async throws {
        try await LiveServer.with { server in
            let begun = try await server.send("GET", "/sign-in/provider?back=%2Freleases", token: nil)
            #expect(begun.status == 303 && begun.headers["location"] == "https://id.example/authorize?state=s")
            let sealed = try #require(self.cookie(begun, "slipway_provider"))
            let back = try #require(self.cookie(begun, "slipway_back"))
            #expect(begun.headers["set-cookie"]?.contains("Max-Age=600") == true)
            let forged = try await server.send("GET", "/sign-in/provider/return?code=good&state=s", token: nil)
            #expect(forged.status == 403 && forged.headers["set-cookie"] == nil)
            #expect(forged.text.contains("not believed"))
            let done = try await server.send(
                "GET", "/sign-in/provider/return?code=good&state=s", token: nil,
                headers: [("Cookie", "\(sealed); \(back)")])
            #expect(done.status == 303 && done.headers["location"] == "/releases")
            #expect(self.cookie(done) != nil && self.cookie(done, "slipway_provider") == "slipway_provider=")
        }
    }

    @Test func `no cookie opens the API, and no token opens a page`() async throws {
        try await LiveServer.with { server in
            let answer = try await self.post(server, "/sign-in", "person=ana&password=\(Self.good)")
            let mine = try #require(self.cookie(answer))
            let api = try await server.send("GET", "/api/v1/whoami", token: nil, headers: [("Cookie", mine)])
            #expect(api.status == 401)
            #expect(try await server.send("GET", "/me").status == 303)
        }
    }
}
