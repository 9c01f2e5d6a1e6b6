import APIClient

/// What the judge says, with both versions' counts beside it.
struct JudgementView {
    let judgement: Wire.Judgement
    let words: Words

    var html: HTML {
        el("section", .class("judgement"), .named("aria-label", "The judge's word")) {
            el("p", .class("running-head")) {
                self.chip
                el("span", .class("faint-text")) {
                    "as of \(Words.clock(self.judgement.at)), "
                    self.words.since(self.judgement.at)
                }
            }
            el("p", .class("sentence")) { name(self.judgement.sentence) }
            self.counts
            el("p", .class("faint-text")) { self.judgement.support }
            if let warning = self.judgement.warning {
                el("p", .class("note", "warn")) {
                    el("strong") { "Watch out: " }
                    name(warning)
                }
            }
        }
    }

    private var chip: HTML {
        switch self.judgement.verdict {
        case nil: el("span", .class("chip", "going")) { "no verdict yet" }
        case "pass": el("span", .class("chip", "good")) { "✓ certified" }
        case "fail": el("span", .class("chip", "bad")) { "✕ does harm" }
        case "error": el("span", .class("chip", "warn")) { "can't be measured" }
        case "noData": el("span", .class("chip", "warn")) { "no data" }
        case let other?: el("span", .class("chip", "warn")) { name(other) }
        }
    }

    private var counts: HTML {
        el("div", .class("scroll")) {
            el("table", .class("arms")) {
                el("thead") {
                    el("tr") {
                        for title in ["Version", "Requests", "Errors", "Share of errors"] {
                            el("th", .named("scope", "col")) { title }
                        }
                    }
                }
                el("tbody") {
                    self.row(self.judgement.new)
                    if let old = self.judgement.old { self.row(old) }
                }
            }
        }
    }

    private func row(_ arm: Wire.Arm) -> HTML {
        el("tr") {
            el("td") { name(arm.version) }
            el("td") { "\(arm.requests)" }
            el("td") { "\(arm.errors)" }
            el("td") {
                arm.requests > 0 ? "\(Wire.decimal(Double(arm.errors) / Double(arm.requests) * 100)) %" : "-"
            }
        }
    }
}
