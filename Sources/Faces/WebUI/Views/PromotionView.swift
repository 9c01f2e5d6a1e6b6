import APIClient

extension Wire.PromotionState {
    var words: String {
        switch self {
        case .waiting: "waiting"
        case .deploying: "under way"
        case .paused: "paused"
        case .returning: "returning traffic"
        case .completed: "completed"
        case .failed: "failed"
        case .aborted: "aborted"
        case .rolledBack: "rolled back"
        case .superseded: "superseded"
        case .cancelled: "cancelled"
        case .rejected: "rejected"
        case .expired: "expired"
        }
    }

    /// How it looks: the colour is always beside the word, never alone.
    var chip: HTML {
        switch self {
        case .waiting: el("span", .class("chip")) { self.words }
        case .deploying, .returning: el("span", .class("chip", "going")) { self.words }
        case .paused: el("span", .class("chip", "warn")) { self.words }
        case .completed, .rolledBack: el("span", .class("chip", "good")) { self.words }
        case .failed, .aborted, .rejected, .expired: el("span", .class("chip", "bad")) { self.words }
        case .superseded, .cancelled: el("span", .class("chip", "faint")) { self.words }
        }
    }
}

extension Wire.Promotion {
    var link: Link { Link("promotions", self.service, self.environment, String(self.number)) }
}

/// A promotion in words: what it is doing, or what it waits for.
struct PromotionView {
    let promotion: Wire.Promotion
    let words: Words

    /// The deployment under way: steps, weight, time left.
    func running(_ forms: Forms?, _ traffic: TrafficView? = nil) -> HTML {
        el("section", .class("running"), .named("aria-label", "Deployment under way")) {
            el("p", .class("running-head")) {
                self.promotion.state.chip
                el("a", .href(self.promotion.link)) {
                    self.promotion.kind == "rollback" ? "Rollback to " : "Deploying "
                    el("strong") { name(self.promotion.version) }
                }
                if let strategy = self.promotion.strategy {
                    el("span", .class("faint-text")) { Words.strategy(strategy) }
                }
            }
            self.weight
            self.steps
            self.alert
            if let traffic { traffic.html }
            if let judgement = self.promotion.judgement {
                JudgementView(judgement: judgement, words: self.words).html
            }
            if let by = self.promotion.pausedBy {
                el("p", .class("note", "warn")) {
                    "Paused by "
                    name(by)
                    if let reason = self.promotion.reason { ": "; name(reason) }
                }
            } else if let reason = self.promotion.reason {
                el("p", .class("note")) { name(reason) }
            }
            if let forms { forms.promotion(self.promotion) }
        }
    }

    @HTMLBuilder private var weight: HTML {
        if let weight = self.promotion.weight {
            el("div", .class("weight")) {
                el(
                    "svg", .class("bar"), .named("viewBox", "0 0 10000 100"), .named("preserveAspectRatio", "none"),
                    .named("aria-hidden", "true")
                ) {
                    el("rect", .class("bar-back"), .named("width", "10000"), .named("height", "100"))
                    el(
                        "rect", .class("bar-front"), .named("width", String(Swift.max(0, Swift.min(weight, 10_000)))),
                        .named("height", "100"))
                }
                el("span") { "\(Words.share(weight)) of traffic" }
            }
        }
    }

    /// While the release team stands by.
    @HTMLBuilder private var alert: HTML {
        if let until = self.promotion.alertUntil {
            el("p", .class("note")) {
                if self.promotion.pausedBy == nil {
                    "The release team is on alert until "
                    self.words.exact(until)
                    " · "
                    self.words.until(until)
                } else {
                    "The release team is on alert; its time stands still while this is paused"
                }
            }
        }
    }

    @HTMLBuilder var steps: HTML {
        if !self.promotion.steps.isEmpty {
            el("ol", .class("steps")) {
                for (index, step) in self.promotion.steps.enumerated() {
                    self.step(index, Words.step(step))
                }
            }
        }
    }

    private func step(_ index: Int, _ text: String) -> HTML {
        let current = self.promotion.step ?? (self.promotion.state == .completed ? self.promotion.steps.count : 0)
        let isOver = index < current
        if isOver {
            return el("li", .class("done")) {
                text
                el("span", .class("hidden")) { " (done)" }
            }
        }
        guard index == current, !self.promotion.state.isEnd else { return el("li") { text } }
        return el("li", .class("now"), .named("aria-current", "step")) {
            el("strong") { text }
            if self.promotion.pausedBy != nil {
                el("span", .class("faint-text")) { " · its time does not run" }
            } else if let until = self.promotion.stepUntil {
                el("span", .class("faint-text")) {
                    " · "; self.words.until(until)
                }
            } else if let since = self.promotion.stepStartedAt {
                el("span", .class("faint-text")) {
                    " · begun "; self.words.since(since)
                }
            }
        }
    }

    /// One that waits: `1.4.0 waits for: soak in staging …`.
    /// With `approves`, the buttons of its change stand here too.
    func waiting(_ forms: Forms?, approves: Bool) -> HTML {
        el("li", .class("waiting")) {
            el("p") {
                el("a", .href(self.promotion.link)) { el("strong") { name(self.promotion.version) } }
                " waits"
                if self.open.isEmpty { " for the one under way" } else { " for" }
            }
            self.gates(self.open)
            if let forms, self.promotion.state == .waiting {
                el("div", .class("row")) {
                    if approves, let change = self.promotion.change { forms.change(change) }
                    forms.promotion(self.promotion)
                }
            }
        }
    }

    private var open: [Wire.Gate] { self.promotion.waitsFor.filter { $0.verdict != "pass" } }

    @HTMLBuilder func gates(_ gates: [Wire.Gate]) -> HTML {
        if !gates.isEmpty {
            el("ul", .class("gates")) {
                for gate in gates {
                    el("li") {
                        self.verdict(gate.verdict)
                        el("span") {
                            el("b") { name(gate.gate) }
                            ": "
                            name(gate.reason)
                            if let at = gate.passesAt { " · "; self.words.until(at) }
                        }
                    }
                }
            }
        }
    }

    private func verdict(_ verdict: String?) -> HTML {
        switch verdict {
        case nil:
            el("span", .class("mark")) {
                "…"; el("span", .class("hidden")) { " pending" }
            }
        case "pass":
            el("span", .class("mark", "good")) {
                "✓"; el("span", .class("hidden")) { " passed" }
            }
        case let other?:
            el("span", .class("mark", "bad")) {
                "✕"; el("span", .class("hidden")) { " \(other)" }
            }
        }
    }

    /// One that is over, in a line.
    var row: HTML {
        el("tr") {
            el("td") { el("a", .href(self.promotion.link)) { "#\(self.promotion.number)" } }
            el("td") { el("a", .href(Link("releases", self.promotion.release))) { name(self.promotion.version) } }
            el("td") { self.promotion.state.chip }
            el("td") { self.promotion.kind == "rollback" ? "rollback" : Words.strategy(self.promotion.strategy ?? "") }
            el("td") { name(self.promotion.by) }
            el("td") { if let at = self.promotion.endedAt ?? self.promotion.startedAt { self.words.since(at) } }
            el("td", .class("wide")) { name(self.promotion.reason ?? "") }
        }
    }
}
