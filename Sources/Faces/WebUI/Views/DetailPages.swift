package import APIClient

extension Page {
    /// `/lanes/S/E`
    package static func lane(
        _ lane: Wire.Lane, traffic: Wire.Traffic? = nil, viewer: Viewer, words: Words
    ) -> Page {
        let link = Link("lanes", lane.service, lane.environment)
        let card = LaneCard(lane: lane, words: words, forms: Forms(viewer: viewer, back: link), traffic: traffic)
        let fragment = Link("fragments", "lanes", lane.service, lane.environment)
        return Page(title: "\(lane.service) in \(lane.environment)", fragment: fragment) {
            Self.trail(lane.service, lane.environment)
            el("h1") {
                name(lane.service); " in "; name(lane.environment)
            }
            el("p", .class("faint-text")) {
                "\(Words.strategy(lane.strategy)) · enters \(lane.promote)"
                if !lane.after.isEmpty { ", after "; name(lane.after.joined(separator: ", ")) }
                " · "
                el("a", .href(Link("events", "lane", lane.service, lane.environment))) { "events" }
                " · "
                el("a", .href(Link("lanes", lane.service, lane.environment, "logs"))) { "output" }
                if let preview = lane.preview, let link = Link(address: preview) {
                    " · "
                    el("a", .href(link), .named("rel", "noreferrer")) { "preview" }
                }
            }
            el("section", .class("panel")) { card.full }
            el("h2") { "Waiting" }
            if lane.queue.isEmpty { el("p", .class("faint-text")) { "Nothing waits here." } }
            el("ul", .class("queue", "panel")) {
                for promotion in lane.queue {
                    PromotionView(promotion: promotion, words: words).waiting(card.forms, approves: true)
                }
            }
            el("h2") { "Recent deployments" }
            Self.history(lane.recent, words)
        }
    }

    private static func history(_ promotions: [Wire.Promotion], _ words: Words) -> HTML {
        if promotions.isEmpty { return el("p", .class("faint-text")) { "None yet." } }
        return el("div", .class("scroll")) {
            el("table") {
                el("thead") {
                    el("tr") {
                        for title in ["", "Version", "Outcome", "Strategy", "By", "When", "Reason"] {
                            el("th", .named("scope", "col")) { title }
                        }
                    }
                }
                el("tbody") {
                    for promotion in promotions { PromotionView(promotion: promotion, words: words).row }
                }
            }
        }
    }

    /// `/promotions/S/E/N`
    package static func promotion(
        _ promotion: Wire.Promotion, traffic: Wire.Traffic? = nil, why: Wire.Why, viewer: Viewer, words: Words
    ) -> Page {
        let view = PromotionView(promotion: promotion, words: words)
        let charts = traffic.map { TrafficView($0, of: promotion, isFull: true) }
        let forms = Forms(viewer: viewer, back: promotion.link)
        let fragment = Link(
            "fragments", "promotions", promotion.service, promotion.environment, String(promotion.number))
        return Page(title: promotion.id, fragment: promotion.state.isEnd ? nil : fragment) {
            Self.trail(promotion.service, promotion.environment)
            el("h1") {
                name(promotion.service)
                " "
                el("a", .href(Link("releases", promotion.release))) { name(promotion.version) }
                " to "
                name(promotion.environment)
            }
            el("p") {
                promotion.state.chip
                " asked by "
                name(promotion.by)
                if let at = promotion.requestedAt { ", "; words.exact(at) }
                if let change = promotion.change { " · "; el("a", .href(Link("changes", change))) { "change" } }
            }
            el("section", .class("panel")) {
                if promotion.state == .waiting {
                    el("ul", .class("queue")) { view.waiting(forms, approves: true) }
                } else if !promotion.state.isEnd {
                    view.running(forms, charts)
                } else {
                    view.steps
                    if let reason = promotion.reason { el("p") { name(reason) } }
                    if let charts, !charts.traffic.isEmpty { charts.html }
                    if let judgement = promotion.judgement {
                        JudgementView(judgement: judgement, words: words).html
                    }
                    forms.promotion(promotion)
                }
                if !promotion.lastLines.isEmpty {
                    el("h2") { "Last lines of its output" }
                    el("pre", .named("tabindex", "0")) { promotion.lastLines.joined(separator: "\n") }
                }
            }
            Self.whySection(why, words)
        }
    }

    /// `/changes/ID`
    package static func change(_ change: Wire.Change, why: Wire.Why, viewer: Viewer, words: Words) -> Page {
        let forms = Forms(viewer: viewer, back: Link("changes", change.id))
        return Page(title: "Change \(change.id)", fragment: Link("fragments", "changes", change.id)) {
            Self.trail(change.service, change.environment)
            el("h1") {
                name(change.service); " "; name(change.version); " to "; name(change.environment)
            }
            el("p") {
                el("span", .class("chip")) { name(change.state) }
                " asked by "
                name(change.by)
                " · "
                el("a", .href(Link("releases", change.release))) { "the release and its evidence" }
                " · "
                el("a", .href(Link(segments: ["promotions"] + change.promotion.split(separator: "/").map(String.init))))
                {
                    "the promotion"
                }
            }
            el("section", .class("panel")) {
                el("p") {
                    "Needs \(change.count) approval of: "; name(change.from.joined(separator: ", "))
                }
                if let emergency = change.emergency {
                    el("p", .class("note", "warn")) {
                        "Emergency, to be approved afterwards. "
                        name(emergency)
                    }
                }
                if let missing = change.missing { el("p", .class("note", "warn")) { name(missing) } }
                if let escalated = change.escalatedAt {
                    el("p", .class("note", "bad")) {
                        "Not approved in time, escalated "; words.exact(escalated)
                    }
                } else if let until = change.until {
                    el("p") {
                        change.emergency == nil ? "Expires " : "Escalates "; words.exact(until)
                    }
                }
                el("ul", .class("why")) {
                    for word in change.approvals {
                        el("li") {
                            words.exact(word.at); " "; el("b") { name(word.by) }; ": "; name(word.reason)
                        }
                    }
                }
                if change.state == "requested" { forms.change(change.id) }
            }
            Self.whySection(why, words)
        }
    }

    static func trail(_ service: String, _ environment: String) -> HTML {
        el("nav", .class("trail"), .named("aria-label", "Where you are")) {
            el("a", .href(Link())) { "Status" }
            " / "
            el("a", .href(Link("lanes", service, environment))) {
                name(service); " in "; name(environment)
            }
        }
    }

    @HTMLBuilder
    static func whySection(_ why: Wire.Why, _ words: Words) -> HTML {
        el("h2") { "Decisions" }
        if why.sentences.isEmpty { el("p", .class("faint-text")) { "None yet." } }
        el("ol", .class("why")) {
            for sentence in why.sentences {
                el("li") {
                    words.exact(sentence.at)
                    " "
                    el("b") { name(sentence.actor) }
                    ": "
                    name(sentence.text)
                    " "
                    el(
                        "a",
                        .href(Link(segments: ["events"], query: [("after", String(max(0, sentence.position - 1)))]))
                    ) {
                        "#\(sentence.position)"
                    }
                }
            }
        }
    }
}

extension LaneCard {
    /// Everything but the queue, which has its own place on the lane's page.
    var full: HTML {
        var quiet = self.lane
        quiet.queue = []
        return LaneCard(lane: quiet, words: self.words, forms: self.forms, traffic: self.traffic).html
    }
}
