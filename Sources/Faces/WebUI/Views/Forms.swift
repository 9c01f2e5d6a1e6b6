import APIClient

extension Wire.PromotionVerb {
    /// How much its button is to be noticed.
    fileprivate var kind: Forms.Kind {
        switch self {
        case .abort: .danger
        case .skip, .resume, .pause, .retry, .handOver, .cancel, .moveFirst, .overrideCombination: .plain
        }
    }
}

extension Wire.Promotion {
    private var stepName: String? {
        self.step.flatMap { self.steps.indices.contains($0) ? self.steps[$0] : nil }
    }

    /// Its step only waits, or observes: what `skip` ends early.
    fileprivate var isWaitingItsTime: Bool { self.stepUntil != nil }

    /// A freeze or change window keeps it waiting, which a person with the right may override for it.
    fileprivate var waitsForCalendar: Bool { self.waitsFor.contains { $0.gate == "calendar" && $0.verdict == nil } }

    /// Stands in its bake, and nobody has let the next take over yet.
    fileprivate var mayBeHandedOver: Bool { self.stepName == "bake" && self.handedOverBy == nil }
}

extension String {
    fileprivate var capitalised: String { self.prefix(1).uppercased() + self.dropFirst() }
}

/// The forms of a page. Each asks for a reason and carries the viewer's form token.
struct Forms {
    let viewer: Viewer
    /// The page to come back to.
    let back: Link

    /// Buttons of a running or waiting promotion.
    func promotion(_ promotion: Wire.Promotion) -> HTML {
        let segments = ["promotions", promotion.service, promotion.environment, String(promotion.number)]
        func button(_ verb: Wire.PromotionVerb, _ label: String, _ kind: Kind = .plain) -> HTML {
            self.act(Link(segments: segments + [verb.rawValue]), label, "\(promotion.id)/\(verb.rawValue)", kind)
        }
        return el("div", .class("actions")) {
            switch promotion.state {
            case .waiting:
                button(.moveFirst, "Go first")
                if promotion.waitsForCalendar {
                    self.act(
                        Link(segments: segments + ["override"]), "Let through the freeze", "\(promotion.id)/override",
                        .danger)
                }
                button(.cancel, "Cancel")
            case .deploying:
                button(.abort, "Abort", .danger)
                button(.pause, "Pause")
                if promotion.isWaitingItsTime { button(.skip, "Skip the wait") }
                if promotion.mayBeHandedOver { button(.handOver, "Hand over to the next") }
            case .paused where !promotion.answers.isEmpty:
                for answer in promotion.answers {
                    button(answer.verb, answer.name.capitalised, answer.verb.kind)
                    el("span", .class("faint-text")) { name(answer.text) }
                }
            case .paused:
                button(.resume, "Resume", .primary)
                button(.abort, "Abort", .danger)
            case .returning, .completed, .rolledBack, .superseded, .cancelled, .rejected, .expired: HTML()
            case .failed, .aborted: button(.retry, "Retry")
            }
        }
    }

    func change(_ id: String) -> HTML {
        el("div", .class("actions")) {
            self.act(Link("changes", id, "approve"), "Approve", "\(id)/approve", .primary)
            self.act(Link("changes", id, "reject"), "Reject", "\(id)/reject", .danger)
        }
    }

    func lane(
        _ lane: Wire.Lane, _ verb: Wire.LaneVerb, _ label: String, _ kind: Kind = .plain, subject: String? = nil
    ) -> HTML {
        let id = [lane.service, lane.environment, verb.rawValue, subject ?? ""].joined(separator: "/")
        return self.act(
            Link("lanes", lane.service, lane.environment, verb.rawValue), label, id, kind, subject: subject)
    }

    enum Kind { case plain, primary, danger }

    /// A button that opens a reason field and the button that sends it; works without a script.
    func act(
        _ action: Link, _ label: String, _ id: String, _ kind: Kind, subject: String? = nil
    ) -> HTML {
        el("details", .class("act"), .id("act/\(id)")) {
            switch kind {
            case .plain: el("summary", .class("button")) { label }
            case .primary: el("summary", .class("button", "primary")) { label }
            case .danger: el("summary", .class("button", "danger")) { label }
            }
            el("form", .named("method", "post"), .action(action)) {
                el("input", .named("type", "hidden"), .named("name", "csrf"), .named("value", self.viewer.formToken))
                el("input", .named("type", "hidden"), .named("name", "back"), .named("value", self.back.target))
                if let subject {
                    el("input", .named("type", "hidden"), .named("name", "subject"), .named("value", subject))
                }
                el("label") {
                    "Reason"
                    el(
                        "input", .named("name", "reason"), .id("reason/\(id)"), .flag("required"),
                        .named("maxlength", "500"), .named("autocomplete", "off"))
                }
                switch kind {
                case .plain, .primary: el("button", .class("primary")) { label }
                case .danger: el("button", .class("danger")) { label }
                }
            }
        }
    }
}
