import APIClient

/// What both versions of a deployment answer, as small charts; with `isFull` the numbers behind them as a table.
struct TrafficView {
    let traffic: Wire.Traffic
    let promotion: Wire.Promotion
    let isFull: Bool
    private let series: [Series]

    init(_ traffic: Wire.Traffic, of promotion: Wire.Promotion, isFull: Bool) {
        self.traffic = traffic
        self.promotion = promotion
        self.isFull = isFull
        self.series = traffic.arms.prefix(2).map { Series($0) }
    }

    /// Seconds after which the page looks again while the deployment runs: looks are no events.
    private static let every = "2"

    var html: HTML {
        let look = self.isFull ? Attribute.class("traffic") : .class("traffic", "small")
        let live = self.promotion.state.isEnd ? [] : [Attribute.named("data-every", Self.every)]
        return .element("section", [look, .named("aria-label", "Traffic of both versions")] + live, self.content)
    }

    @HTMLBuilder private var content: HTML {
        self.legend
        el("div", .class("charts")) {
            for measure in Measure.allCases { self.figure(TrafficChart(measure, self.series)) }
        }
        if self.isFull { self.table }
    }

    private var events: Link { Link("events", "lane", self.promotion.service, self.promotion.environment) }

    // MARK: Charts

    private var legend: HTML {
        el("p", .class("legend")) {
            for series in self.series {
                el("span") {
                    self.key(series.arm)
                    name(series.arm.version)
                    el("span", .class("faint-text")) { series.arm.isNew ? " new" : " before" }
                }
            }
            if self.traffic.isEmpty {
                el("span", .class("faint-text")) { "nothing was seen yet" }
            } else if self.isFull, let first = self.traffic.arms.compactMap({ $0.points.first?.from }).min(),
                let last = self.traffic.arms.compactMap({ $0.points.last?.at }).max()
            {
                el("span", .class("faint-text")) {
                    "\(Self.time(first)) to \(Self.time(last)) UTC · "
                    el("a", .href(self.events)) { "events" }
                }
            }
        }
    }

    private func key(_ arm: Wire.TrafficArm) -> HTML {
        el("svg", .class("key"), .named("viewBox", "0 0 24 8"), .named("aria-hidden", "true")) {
            arm.isNew
                ? el("path", .class("line", "new"), .named("d", "M1 4H23"))
                : el("path", .class("line", "old"), .named("d", "M1 4H23"))
        }
    }

    private func figure(_ chart: TrafficChart) -> HTML {
        el("figure", .class("chart")) {
            el("figcaption") {
                el("b") { chart.measure.title }
                " "
                el("span", .class("faint-text")) { chart.measure.unit }
            }
            el("p", .class("latest")) {
                for series in self.series {
                    el("span") {
                        self.key(series.arm)
                        el("span", .class("hidden")) {
                            name(series.arm.version); ": "
                        }
                        if let latest = chart.latest(series) {
                            el("a", .href(self.events)) { Measure.short(latest) }
                        } else {
                            "–"
                        }
                    }
                }
                el("span", .class("top"), .named("aria-hidden", "true")) { Measure.short(chart.top) }
            }
            el("div", .class("plot")) { chart.html }
        }
    }

    // MARK: Numbers

    private var table: HTML {
        el("details", .class("numbers"), .id("numbers/\(self.promotion.id)")) {
            el("summary") { "The numbers, newest first" }
            el(
                "div", .class("scroll"), .id("numbers-table/\(self.promotion.id)"), .named("tabindex", "0"),
                .named("role", "region"), .named("aria-label", "The numbers")
            ) {
                el("table") {
                    self.head
                    el("tbody") {
                        for row in self.rows {
                            el("tr") {
                                el("th", .named("scope", "row")) { Self.time(row.at) }
                                for point in row.points { self.cells(point) }
                            }
                        }
                    }
                }
            }
        }
    }

    private var head: HTML {
        el("thead") {
            el("tr") {
                el("th", .named("scope", "col"), .named("rowspan", "2")) { "Until" }
                for series in self.series {
                    el("th", .named("scope", "colgroup"), .named("colspan", "6")) { name(series.arm.version) }
                }
            }
            el("tr") {
                for _ in self.series {
                    for title in ["Share", "Requests", "Errors", "p50", "p99", "Gap"] {
                        el("th", .named("scope", "col")) { title }
                    }
                }
            }
        }
    }

    /// Both versions are looked at together, so an interval's end is its name.
    private var rows: [(at: String, points: [Wire.TrafficPoint?])] {
        let arms = self.series.map { Dictionary($0.arm.points.map { ($0.at, $0) }) { _, last in last } }
        let ends = Set(arms.flatMap(\.keys)).sorted(by: >).prefix(Wire.trafficPoints.upperBound)
        return ends.map { at in (at, arms.map { $0[at] }) }
    }

    @HTMLBuilder private func cells(_ point: Wire.TrafficPoint?) -> HTML {
        el("td") { point?.share.map { "\(Wire.decimal($0)) %" } ?? "–" }
        el("td") { point?.requests.map(String.init) ?? "–" }
        el("td") { point?.errors.map(String.init) ?? "–" }
        el("td") { point?.p50.map { "\($0) ms" } ?? "–" }
        el("td") { point?.p99.map { "\($0) ms" } ?? "–" }
        el("td", .class("faint-text")) { name(Self.words(point)) }
    }

    private static func words(_ point: Wire.TrafficPoint?) -> String {
        switch point?.gap {
        case nil: (point?.fallback ?? 0) > 0 ? "\(point?.fallback ?? 0) answered by the other (fallback)" : ""
        case "missing": "not seen"
        case "reset": "counters began anew"
        case "loss": "times lost"
        case "impossible": "counters went backwards"
        case let other?: other
        }
    }

    /// `05:36:35`
    private static func time(_ text: String) -> String {
        Words.date(text) == nil ? text : String(text.prefix(19).suffix(8))
    }
}
