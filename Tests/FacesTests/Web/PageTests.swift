import APIClient
import Foundation
import Testing
import WebUI

/// The pages as values.
@Suite struct PageTests {
    static let viewer = Viewer(actor: "person:ana", formToken: "f0rm")
    static let words = Words(now: (try? Date("2026-11-24T05:40:00Z", strategy: .iso8601)) ?? .distantPast)

    /// Every page there is, from wire values whose texts went through `change`.
    private func pages(_ change: (String) -> String) throws -> [Page] {
        func changed<Value: Codable>(_ value: Value) throws -> Value {
            let json = try JSONSerialization.jsonObject(
                with: try JSONEncoder().encode(value), options: .fragmentsAllowed)
            let data = try JSONSerialization.data(withJSONObject: Self.texts(json, change), options: .fragmentsAllowed)
            return try JSONDecoder().decode(Value.self, from: data)
        }
        let promotion = try changed(Samples.promotion())
        let why = try changed(Samples.why)
        let problem = Wire.Problem(title: change("Refused"), status: 409, detail: change("held"), code: "held")
        return [
            .status(
                try changed(Samples.status), traffic: [try changed(Samples.traffic)],
                changes: [try changed(Samples.change())], viewer: Self.viewer, words: Self.words),
            .lane(
                try changed(Samples.lane()), traffic: try changed(Samples.traffic), viewer: Self.viewer,
                words: Self.words),
            .promotion(
                promotion, traffic: try changed(Samples.traffic), why: why, viewer: Self.viewer, words: Self.words),
            .change(try changed(Samples.change()), why: why, viewer: Self.viewer, words: Self.words),
            .releases([try changed(Samples.release())], words: Self.words),
            .release(try changed(Samples.release()), why: why, log: change("log"), words: Self.words),
            .events([try changed(Samples.event(1))], stream: change("lane"), after: 0, words: Self.words),
            .logs(service: change("shop"), environment: change("production"), try changed(Samples.output)),
            .calendar(try changed(Samples.calendar), viewer: Self.viewer, words: Self.words),
            .signIn(problem: change("wrong"), provider: change("id.example"), back: Link(change("lanes"))),
            .link(
                secret: change("s3"), person: change("ana"), problem: change("short"), words: Self.words,
                expiresAt: change(Samples.at)),
            .me(
                [try changed(Samples.session)], current: change("0123456789ab"), viewer: Self.viewer, words: Self.words),
            .problem(problem, back: Link(change("lanes"))),
        ]
    }

    /// Changes every text of a JSON value that is not one of a closed set.
    private static func texts(_ value: Any, _ change: (String) -> String, key: String = "") -> Any {
        let closed = ["state", "verdict", "verb"].contains(key)
        return switch value {
        case let fields as [String: Any]:
            Dictionary(uniqueKeysWithValues: fields.map { ($0, Self.texts($1, change, key: $0)) })
        case let items as [Any]: items.map { Self.texts($0, change, key: key) }
        case let text as String where !closed: change(text)
        default: value
        }
    }

    @Test(arguments: [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)", "</main></body>",
        "<!--",
        "javascript:alert(1)", "&lt;b&gt;", "\u{0}\u{1b}[31m", "\u{202E}txt.exe", "\u{1F680}\n\r\t", "]]>",
        "../../etc/passwd",
    ])
    func `text from outside never becomes markup, on any page, in any field`(hostile: String) throws {
        let plain = try self.pages { $0 }.map { try Markup($0.markup(for: Self.viewer)) }
        let pages = try self.pages { _ in hostile }
        #expect(pages.count == plain.count)
        for page in pages {
            let markup = page.markup(for: Self.viewer)
            let read = try Markup(markup)
            let tags = Set(read.elements.map(\.tag))
            #expect(!tags.contains("img") && !tags.contains("b0"))
            #expect(read.elements.filter { $0.tag == "script" }.allSatisfy { $0.attributes["src"] == "/app.js" })
            for element in read.elements {
                #expect(element.attributes.keys.allSatisfy { !$0.hasPrefix("on") })
                for name in ["href", "action"] {
                    let value = element.attributes[name] ?? "/"
                    #expect(
                        value.hasPrefix("/") && !value.hasPrefix("//") || value.hasPrefix("#")
                            || value.hasPrefix("http")
                            || value.hasPrefix("data:image/svg+xml"), "\(value)")
                    #expect(value.hasPrefix("#") || !value.split(separator: "/").contains(".."))
                }
            }
            #expect(!markup.unicodeScalars.contains("\u{202E}") && !markup.unicodeScalars.contains("\u{0}"))
        }
    }

    @Test(arguments: Scenes.all.map(\.name))
    func `every scene is well formed, and every button is a form with the viewer's token`(scene: String) throws {
        let found = try #require(Scenes.all.first { $0.name == scene })
        let page = Page.status(
            found.status, traffic: found.traffic, changes: found.changes, viewer: Self.viewer, words: Self.words)
        let markup = page.markup(for: Self.viewer)
        let read = try Markup(markup)
        let posts = read.elements.filter { $0.tag == "form" && $0.attributes["method"] == "post" }
        let tokens = read.elements.filter { $0.attributes["name"] == "csrf" && $0.attributes["value"] == "f0rm" }
        #expect(posts.count == tokens.count)
        let ids = read.elements.compactMap { $0.attributes["id"] }
        #expect(Set(ids).count == ids.count)
        try self.keep(markup, "\(scene).html")
    }

    /// Leaves the page in the folder that SLIPWAY_PAGES names, to be looked at.
    private func keep(_ markup: String, _ name: String) throws {
        guard let folder = ProcessInfo.processInfo.environment["SLIPWAY_PAGES"] else { return }
        let base = URL(fileURLWithPath: folder)
        try Data(markup.utf8).write(to: base.appendingPathComponent(name))
        try Data(Style.sheet.utf8).write(to: base.appendingPathComponent("app.css"))
    }

    @Test func `the calendar says what is closed until when, and has the button that stops or lets go`() throws {
        var calendar = Samples.calendar
        calendar.entries[0].problem = nil
        let stopped = Page.calendar(calendar, viewer: Self.viewer, words: Self.words).markup(for: Self.viewer)
        for text in [
            "year-end", "frozen", "the books &lt;are&gt; closed", "FREQ=YEARLY", "action=\"/lift\"", "it burns",
        ] {
            #expect(stopped.contains(text), "\(text)")
        }
        #expect(!stopped.contains("action=\"/stop\""))
        let empty = Page.calendar(Wire.Calendar(entries: [], stop: nil), viewer: Self.viewer, words: Self.words)
            .markup(for: Self.viewer)
        #expect(empty.contains("action=\"/stop\"") && !empty.contains("action=\"/lift\""))
        #expect(empty.contains("slipway freeze add"))
    }

    @Test func `the other pages are well formed`() throws {
        for (index, page) in try self.pages({ $0 }).enumerated() {
            let markup = page.markup(for: index == 8 ? nil : Self.viewer)
            _ = try Markup(markup)
            try self.keep(markup, "page-\(index).html")
        }
    }

    @Test func `the page says what runs, which step is under way, how long it lasts, and what waits for whom`() throws {
        let scene = try #require(Scenes.all.first { $0.name == "running" })
        let page = Page.status(scene.status, changes: scene.changes, viewer: Self.viewer, words: Self.words)
        let text = try Markup(page.fragmentMarkup).text
        for words in [
            "Deploying 1.1.0", "25 % of traffic", "3 min 20 s left", "verify on the preview (done)", "waits for",
            "1 of release-managers: ben or dora", "4 min left", "1.5.0 asks to enter production", "Roll back to 1.0.0",
            "position 96",
        ] {
            #expect(text.contains(words), "\(words)")
        }
        #expect(page.summary.contains("storefront 1.1.0 in production: under way"))
    }

    @Test func `in its bake a deployment has buttons to skip the wait and to hand over, and says so once it is`() throws
    {
        var lane = Samples.lane()
        lane.deployment?.answers = []
        lane.deployment?.steps = ["capacity", "shift to 100 %", "bake"]
        lane.deployment?.step = 2
        lane.deployment?.handedOverBy = nil
        func actions(_ lane: Wire.Lane) throws -> [String] {
            try Markup(Page.lane(lane, viewer: Self.viewer, words: Self.words).fragmentMarkup).elements
                .compactMap { $0.tag == "form" ? $0.attributes["action"] : nil }
        }
        let one = "/promotions/shop/production/3"
        #expect(try actions(lane).filter { $0 == "\(one)/hand-over" || $0 == "\(one)/skip" }.count == 2)
        lane.deployment?.handedOverBy = "person:ben"
        #expect(try !actions(lane).contains("\(one)/hand-over"))
        lane.deployment?.handedOverBy = nil
        lane.deployment?.step = 1
        lane.deployment?.stepUntil = nil
        #expect(try !actions(lane).contains { $0 == "\(one)/hand-over" || $0 == "\(one)/skip" })
    }

    @Test func `while it is paused the alert period stands still, and the page says so`() throws {
        var promotion = Samples.promotion(state: .paused)
        let page = { (promotion: Wire.Promotion) in
            try Markup(
                Page.promotion(promotion, why: Samples.why, viewer: Self.viewer, words: Self.words).fragmentMarkup
            ).text
        }
        #expect(try page(promotion).contains("The release team is on alert; its time stands still"))
        promotion.alertUntil = nil
        #expect(try !page(promotion).contains("on alert"))
    }

    @Test func `what the judge says stands beside both versions' counts`() throws {
        var lane = Samples.lane()
        lane.deployment?.judgement?.verdict = nil
        let text = try Markup(Page.lane(lane, viewer: Self.viewer, words: Self.words).fragmentMarkup).text
        for words in [
            "no verdict yet", Samples.judgement.sentence, "1.4.0300124 %", "1.3.25700" + "30.053 %",
            "Error odds, new to old: at least 12.5, at most 90.25. Evidence in nats: harm 14.2, safe -3.125.",
            "Watch out: memory grows by 3 MiB a minute",
        ] {
            #expect(text.contains(words), "\(words)")
        }
        lane.deployment?.judgement = nil
        #expect(!Page.lane(lane, viewer: Self.viewer, words: Self.words).fragmentMarkup.contains("Evidence"))
    }

    @Test(
        arguments: [
            (nil, "no verdict yet"), ("pass", "certified"), ("fail", "does harm"), ("error", "be measured"),
            ("noData", "no data"),
        ] as [(String?, String)])
    func `a verdict is a word`(verdict: String?, word: String) throws {
        var promotion = Samples.promotion(state: .aborted)
        promotion.judgement?.verdict = verdict
        let page = Page.promotion(promotion, why: Samples.why, viewer: Self.viewer, words: Self.words)
        #expect(try Markup(page.fragmentMarkup).text.contains(word))
    }

    @Test func `a question of the judge has its three answers as buttons, a person's pause has not`() throws {
        var lane = Samples.lane()
        var paused = Samples.promotion(state: .paused)
        lane.deployment = paused
        let asks = { (lane: Wire.Lane) in
            try Markup(Page.lane(lane, viewer: Self.viewer, words: Self.words).fragmentMarkup).elements
                .compactMap { $0.attributes["action"] }.filter { $0.hasPrefix("/promotions/shop/production/3/") }
        }
        let path = "/promotions/shop/production/3"
        #expect(try asks(lane) == ["\(path)/skip", "\(path)/resume", "\(path)/abort"])
        let text = try Markup(Page.lane(lane, viewer: Self.viewer, words: Self.words).fragmentMarkup).text
        for words in ["Continue", "goes on to the next step", "Extend", "watches this step once more", "Abort"] {
            #expect(text.contains(words), "\(words)")
        }
        var status = Samples.status
        status.services[0].environments = [lane]
        let head = { (status: Wire.Status) in
            try Markup(Page.status(status, changes: [], viewer: Self.viewer, words: Self.words).fragmentMarkup).text
        }
        #expect(try head(status).contains("shop 1.4.0 waits for a decision in production"))
        paused.answers = []
        lane.deployment = paused
        status.services[0].environments = [lane]
        #expect(try asks(lane) == ["\(path)/resume", "\(path)/abort"])
        #expect(try head(status).contains("shop 1.4.0 is paused in production"))
    }

    @Test func `an alarm and a hold come first, with who, why and until when`() throws {
        let scene = try #require(Scenes.all.first { $0.name == "alarm" })
        let page = Page.status(scene.status, changes: scene.changes, viewer: Self.viewer, words: Self.words)
        let text = try Markup(page.fragmentMarkup).text
        #expect(text.hasPrefix("Services by environmentsNeeds a person"))
        for words in [
            "On hold", "incident 12", "person:ana", "1 h 20 min left", "Next: roll back to 1.0.0", "paused",
            "1.2.0 is blocked", "Retry", "Unblock",
        ] {
            #expect(text.contains(words), "\(words)")
        }
    }

    @Test(arguments: [
        (0, "0 %"), (1, "0.01 %"), (50, "0.5 %"), (99, "0.99 %"), (100, "1 %"), (2500, "25 %"), (3333, "33.33 %"),
        (10_000, "100 %"),
    ])
    func `a weight is a share in percent`(weight: Int, share: String) {
        var lane = Samples.lane()
        lane.serving = [Wire.Serving(version: "1", release: "r", weight: weight, state: "verified", until: nil)]
        lane.deployment?.weight = weight
        let page = Page.lane(lane, viewer: Self.viewer, words: Self.words)
        #expect(page.fragmentMarkup.contains("\(share) of traffic"))
    }
}
