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
                "Freezes deny, change windows allow; a freeze wins. Neither stops a rollback unless it names that direction."
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
                        for title in ["Name", "Now", "Next", "Where", "When", "Reason", ""] { el("th") { title } }
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
                name(entry.name); " "; Self.chip(entry)
            }
            el("td") {
                if let problem = entry.problem {
                    el("span", .class("bad")) { name(problem) }
                } else if let until = entry.activeUntil {
                    "until "; words.exact(until)
                } else {
                    "not now"
                }
            }
            el("td") {
                if let next = entry.beginsNext { words.exact(next) } else { "–" }
            }
            el("td") {
                name(entry.scope)
                if entry.directions != ["forward"] { name(" (\(entry.directions.joined(separator: ", ")))") }
            }
            el("td") {
                name("\(entry.start) to \(entry.end) \(entry.zone)")
                if let rule = entry.recurrence {
                    " "; el("code") { rule }
                }
            }
            el("td", .class("wide")) {
                name(entry.reason); " "
                el("span", .class("faint-text")) { name(entry.by) }
            }
            el("td") {
                forms.act(Link("calendar", entry.name, "remove"), "Remove", "calendar/\(entry.name)", .plain)
            }
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
