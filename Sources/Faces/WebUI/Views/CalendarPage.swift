package import APIClient

extension Page {
    /// `/calendar`: what may move when, and the button that stops everything.
    package static func calendar(_ calendar: Wire.Calendar, viewer: Viewer, words: Words) -> Page {
        let forms = Forms(viewer: viewer, back: Link("calendar"))
        let active = calendar.entries.filter { $0.activeUntil != nil && $0.kind == "freeze" }
        let summary =
            calendar.stop != nil
            ? "Everything is stopped." : active.isEmpty ? "No freeze." : "\(active.count) in force."
        return Page(title: "Calendar", fragment: Link("fragments", "calendar"), summary: summary) {
            el("h1") { "Calendar" }
            el("p", .class("faint-text")) {
                "Freezes deny, change windows allow; a freeze wins. Rollbacks ask neither."
            }
            if let stop = calendar.stop {
                Self.stopNote(stop, words)
                forms.act(Link("lift"), "Lift the stop", "calendar/lift", .primary)
            } else {
                forms.act(Link("stop"), "Stop everything", "calendar/stop", .danger)
            }
            if calendar.entries.isEmpty {
                el("p", .class("faint-text")) {
                    "Nothing here yet: "
                    el("code") { "slipway freeze add NAME --from … --to … --zone … --reason …" }
                }
            } else {
                Self.table(calendar.entries, forms, words)
            }
        }
    }

    /// On every page that shows what moves.
    static func stopNote(_ stop: Wire.Guard, _ words: Words) -> HTML {
        el("p", .class("note", "alarm"), .named("role", "alert")) {
            "Everything is stopped by "
            name(stop.by)
            if let since = stop.since {
                " since "; words.exact(since)
            }
            ": "
            name(stop.reason)
        }
    }

    private static func table(_ entries: [Wire.CalendarEntry], _ forms: Forms, _ words: Words) -> HTML {
        el("div", .class("scroll")) {
            el("table") {
                el("thead") {
                    el("tr") {
                        for title in ["Entry", "Now", "Where", "When", ""] { el("th") { title } }
                    }
                }
                el("tbody") {
                    for entry in entries { Self.row(entry, forms, words) }
                }
            }
        }
    }

    private static func row(_ entry: Wire.CalendarEntry, _ forms: Forms, _ words: Words) -> HTML {
        el("tr") {
            el("td") {
                el("div") {
                    name(entry.name); " "; Self.chip(entry)
                }
                el("div") { name(entry.reason) }
                el("div", .class("faint-text")) { name(entry.by) }
            }
            el("td") {
                el("div") { Self.now(entry, words) }
                if let next = entry.beginsNext {
                    el("div", .class("faint-text")) {
                        "next "; words.exact(next)
                    }
                }
            }
            el("td") {
                el("div") { name(entry.scope) }
                if entry.directions != ["forward"] {
                    el("div", .class("faint-text")) { name(entry.directions.joined(separator: ", ")) }
                }
            }
            el("td") {
                el("div") { "\(entry.start)" }
                el("div") { "to \(entry.end)" }
                el("div", .class("faint-text")) { name(entry.zone) }
                if let rule = entry.recurrence { el("div") { el("code") { rule } } }
            }
            el("td") {
                forms.act(Link("calendar", entry.name, "remove"), "Remove", "calendar/\(entry.name)", .plain)
            }
        }
    }

    private static func now(_ entry: Wire.CalendarEntry, _ words: Words) -> HTML {
        if let problem = entry.problem { return el("span", .class("bad")) { name(problem) } }
        guard let until = entry.activeUntil else { return HTML("not now") }
        return el("span") {
            "until "; words.exact(until)
        }
    }

    private static func chip(_ entry: Wire.CalendarEntry) -> HTML {
        switch (entry.kind, entry.activeUntil != nil) {
        case ("freeze", true): el("span", .class("chip", "bad")) { "frozen" }
        case ("window", true): el("span", .class("chip", "good")) { "open" }
        default: el("span", .class("chip")) { name(entry.kind) }
        }
    }
}
