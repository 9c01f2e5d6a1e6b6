package import APIClient

extension Page {
    /// `/`: services by environments, and first what asks for a person.
    package static func status(
        _ status: Wire.Status, traffic: [Wire.Traffic] = [], changes: [Wire.Change], viewer: Viewer, words: Words
    ) -> Page {
        let forms = Forms(viewer: viewer, back: Link())
        return Page(title: "Status", fragment: Link("fragments", "status"), summary: Self.summary(status, changes)) {
            el("h1", .class("hidden")) { "Services by environments" }
            if let stop = status.stop { Self.stopNote(stop, words) }
            if let alarm = status.alarm {
                el("p", .class("note", "alarm"), .named("role", "alert")) {
                    name(alarm.reason); " Next: "; name(alarm.nextAction)
                }
            }
            if status.services.isEmpty {
                Self.welcome
            } else {
                Self.decisions(status, changes, forms)
                for service in status.services { Self.service(service, traffic, words, forms) }
            }
            el("p", .class("foot", "faint-text")) {
                "Shows the ledger at "
                el("a", .href(Link(segments: ["events"], query: [("after", String(max(0, status.position - 50)))]))) {
                    "position \(status.position)"
                }
            }
        }
    }

    private static func summary(_ status: Wire.Status, _ changes: [Wire.Change]) -> String {
        let lanes = status.services.flatMap(\.environments)
        let running = lanes.compactMap(\.deployment)
        let alarms = lanes.filter { $0.alarm != nil }
        var parts = ["\(status.services.count) services"]
        if let alarm = status.alarm {
            parts.insert("the record \(alarm.kind == "ledgerDamaged" ? "is damaged" : "can't be written")", at: 0)
        }
        if !alarms.isEmpty {
            parts.append("alarm in " + alarms.map { "\($0.service) \($0.environment)" }.joined(separator: ", "))
        }
        parts += running.map { "\($0.service) \($0.version) in \($0.environment): \($0.state.words)" }
        if !changes.isEmpty { parts.append("\(changes.count) to approve") }
        return parts.prefix(8).joined(separator: "; ") + "."
    }

    private static var welcome: HTML {
        el("section", .class("welcome")) {
            el("h2") { "No service yet" }
            el("p") { "In the repository of your service:" }
            el("pre") {
                "slipway init             # writes slipway.yaml from what is in the repository\n"
                "slipway apply            # registers the service and its environments here\n"
                "slipway release create   # builds a release of the current commit"
            }
            el("p") { "This page shows the rest as it happens. " }
            el("p") {
                "To see the whole story with a sample service, run "; el("code") { "slipway demo" }; "."
            }
        }
    }

    @HTMLBuilder
    private static func decisions(_ status: Wire.Status, _ changes: [Wire.Change], _ forms: Forms) -> HTML {
        let lanes = status.services.flatMap(\.environments)
        let alarms = lanes.filter { $0.alarm != nil }
        let paused = lanes.compactMap(\.deployment).filter { $0.state == .paused }
        if !(alarms.isEmpty && paused.isEmpty && changes.isEmpty) {
            el("section", .class("decisions"), .named("aria-labelledby", "decisions")) {
                el("h2", .id("decisions")) { "Needs a person" }
                el("ul") {
                    for lane in alarms { Self.alarmLine(lane) }
                    for promotion in paused { Self.pausedLine(promotion) }
                    for change in changes { Self.changeLine(change, forms) }
                }
            }
        }
    }

    private static func alarmLine(_ lane: Wire.Lane) -> HTML {
        el("li", .class("bad")) {
            el("a", .named("href", "#lane/\(lane.service)/\(lane.environment)")) {
                el("strong") {
                    name(lane.service); " in "; name(lane.environment)
                }
            }
            ": "
            name(lane.alarm?.reason ?? "")
        }
    }

    private static func pausedLine(_ promotion: Wire.Promotion) -> HTML {
        el("li", .class("warn")) {
            el("a", .named("href", "#lane/\(promotion.service)/\(promotion.environment)")) {
                el("strong") {
                    name(promotion.service); " "; name(promotion.version)
                }
            }
            promotion.answers.isEmpty ? " is paused in " : " waits for a decision in "
            name(promotion.environment)
            if let reason = promotion.reason { ": "; name(reason) }
        }
    }

    private static func changeLine(_ change: Wire.Change, _ forms: Forms) -> HTML {
        el("li") {
            el("p") {
                el("a", .href(Link("changes", change.id))) {
                    el("strong") {
                        name(change.service); " "; name(change.version)
                    }
                }
                " asks to enter "
                el("strong") { name(change.environment) }
                ", by "
                name(change.by)
                if let emergency = change.emergency { ". Emergency: "; name(emergency) }
                if let missing = change.missing { ". "; name(missing) }
                if change.escalatedAt != nil { ". It was not approved in time" }
            }
            forms.change(change.id)
        }
    }

    private static func service(
        _ service: Wire.Service, _ traffic: [Wire.Traffic], _ words: Words, _ forms: Forms
    ) -> HTML {
        el("section", .class("service")) {
            el("header") {
                el("h2") { name(service.name) }
                el("p", .class("faint-text")) {
                    name(service.owner)
                    " · "
                    el("a", .href(Link("events", "service", service.name))) { "definition \(service.definition)" }
                }
            }
            if let trouble = service.watchTrouble {
                el("p", .class("note", "alarm")) {
                    "The branch that it watches: "; name(trouble)
                }
            }
            el("div", .class("lanes")) {
                for lane in service.environments {
                    let seen = traffic.first { $0.promotion == lane.deployment?.id && !$0.isEmpty }
                    LaneCard(lane: lane, words: words, forms: forms, traffic: seen).html
                }
            }
        }
    }
}
