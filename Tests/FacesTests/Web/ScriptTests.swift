import APIClient
import Foundation
import HTTPAPI
import Testing
import WebUI

/// The script and the page name the same things: no browser is needed to see where they drift apart.
@Suite(.timeLimit(.minutes(1))) struct ScriptTests {
    private let page = Page.status(
        Samples.status, changes: [Samples.change()], viewer: PageTests.viewer, words: PageTests.words)

    @Test func `every element, and every value of one, that the script asks for is on the page`() throws {
        let read = try Markup(self.page.markup(for: PageTests.viewer))
        let ids = Set(read.elements.compactMap { $0.attributes["id"] })
        let asked = Script.text.matches(of: /getElementById\("([a-z]+)"\)/).map { String($0.1) }
        #expect(Set(asked) == ["main", "spoken", "offline"])
        for id in asked { #expect(ids.contains(id), "\(id)") }
        let main = try #require(read.elements.first { $0.tag == "main" })
        #expect(main.attributes["data-fragment"]?.hasPrefix("/fragments/") == true)
        #expect(main.attributes["data-summary"]?.isEmpty == false)
        for name in ["since", "until"] {
            #expect(Script.text.contains("time[data-\(name)]"))
            let times = read.elements.filter { $0.tag == "time" && $0.attributes["data-\(name)"] != nil }
            #expect(!times.isEmpty, "no time with data-\(name)")
            for time in times { #expect(time.attributes["data-\(name)"]?.contains("T") == true) }
        }
        // What a person has open or is writing is kept by its id.
        for element in read.elements where element.tag == "details" {
            #expect(element.attributes["id"]?.isEmpty == false)
        }
        for element in read.elements where element.tag == "input" && element.attributes["type"] != "hidden" {
            #expect(element.attributes["id"]?.isEmpty == false, "\(element)")
        }
    }

    @Test func `a page that changes has the script, and reloads itself where scripts don't run`() throws {
        let markup = self.page.markup(for: PageTests.viewer)
        #expect(markup.contains("<script src=\"/app.js\" defer></script>"))
        #expect(markup.contains("<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>"))
        let still = Page.signIn(problem: nil, provider: nil, back: Link()).markup(for: nil)
        #expect(!still.contains("script"))
    }

    /// What the script does: a position comes over the stream, then the fragment is asked for and has the news.
    @Test func `after an event the fragment shows what is new`() async throws {
        let fragment = try #require(
            try Markup(self.page.markup(for: PageTests.viewer)).elements.first { $0.tag == "main" }?
                .attributes["data-fragment"])
        let stream = try #require(Script.text.firstMatch(of: /new EventSource\("([^"]+)"\)/)).1
        try await LiveServer.with { server in
            let signedIn = try await server.send(
                "POST", "/sign-in", body: "token=\(World.token)", type: "application/x-www-form-urlencoded", token: nil)
            let cookie = try #require(signedIn.headers["set-cookie"]?.split(separator: ";").first.map(String.init))
            let before = try await server.send("GET", fragment, token: nil, headers: [("Cookie", cookie)])
            #expect(before.headers["slipway-time"].flatMap { Double($0) } != nil)
            let socket = try RawSocket(port: server.port)
            socket.send("GET \(stream) HTTP/1.1\r\nHost: x\r\nCookie: \(cookie)\r\n\r\n")
            _ = await socket.read(until: "retry")
            server.world.change { $0.status.services[0].environments[0].serving[0].version = "9.8.7" }
            server.world.append(1)
            #expect(await socket.read(until: "data: 1").contains("data: 1"))
            let after = try await server.send("GET", fragment, token: nil, headers: [("Cookie", cookie)])
            #expect(!before.text.contains("9.8.7") && after.text.contains("9.8.7"))
            #expect(after.text.hasPrefix("<main"))
        }
    }
}
