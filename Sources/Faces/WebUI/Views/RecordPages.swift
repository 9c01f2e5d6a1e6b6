package import APIClient

extension Page {
    /// `/releases`
    package static func releases(_ releases: [Wire.Release], words: Words) -> Page {
        Page(title: "Releases", fragment: Link("fragments", "releases")) {
            el("h1") { "Releases" }
            if releases.isEmpty {
                el("p", .class("faint-text")) {
                    "None yet: run "; el("code") { "slipway release create" }
                }
            }
            el("div", .class("scroll")) {
                el("table") {
                    el("tbody") {
                        for release in releases {
                            el("tr") {
                                el("td") { name(release.service) }
                                el("td") { el("a", .href(Link("releases", release.id))) { name(release.version) } }
                                el("td") { Self.chip(release.state) }
                                el("td") { el("code") { release.commit.prefix(10).description } }
                                el("td", .class("wide")) { name(release.subject ?? "") }
                                el("td") { words.since(release.createdAt) }
                            }
                        }
                    }
                }
            }
        }
    }

    private static func chip(_ state: Wire.ReleaseState) -> HTML {
        switch state {
        case .building: el("span", .class("chip", "going")) { "building" }
        case .built: el("span", .class("chip", "good")) { "built" }
        case .failed: el("span", .class("chip", "bad")) { "failed" }
        }
    }

    /// `/releases/ID`
    package static func release(_ release: Wire.Release, why: Wire.Why, log: String, words: Words) -> Page {
        Page(title: "\(release.service) \(release.version)", fragment: Link("fragments", "releases", release.id)) {
            el("nav", .class("trail"), .named("aria-label", "Where you are")) {
                el("a", .href(Link("releases"))) { "Releases" }
            }
            el("h1") {
                name(release.service); " "; name(release.version)
            }
            el("p") {
                Self.chip(release.state)
                " "
                name(release.subject ?? "")
                " · "
                el("a", .href(Link("events", "release", release.id))) { "events" }
            }
            el("section", .class("panel")) { Self.facts(release, words) }
            if let reason = release.reason {
                if release.state == .failed {
                    el("p", .class("note", "alarm")) { name(reason) }
                } else {
                    el("p", .class("note")) { name(reason) }
                }
            }
            Self.whySection(why, words)
            if !log.isEmpty {
                el("h2") { "Build output" }
                el("pre", .class("log"), .named("tabindex", "0")) { log }
            }
        }
    }

    private static func facts(_ release: Wire.Release, _ words: Words) -> HTML {
        func fact(_ title: String, @HTMLBuilder _ value: () -> HTML) -> HTML {
            el("div") {
                el("dt") { title }; el("dd") { value() }
            }
        }
        return el("dl", .class("facts")) {
            fact("Commit") { el("code") { release.commit } }
            if let author = release.author { fact("Author") { name(author) } }
            fact("Made") {
                words.exact(release.createdAt); " by "; name(release.by)
            }
            for artifact in release.artifacts {
                fact("Artifact") {
                    name(artifact.name)
                    " · \(Words.bytes(artifact.bytes)) · "
                    el("code", .named("title", artifact.digest)) { Words.short(artifact.digest) }
                }
            }
            if let tests = release.tests {
                fact("Tests") {
                    "\(tests.passed) passed, \(tests.failed) failed, \(tests.errors) errors, \(tests.skipped) skipped"
                    for failure in tests.failures.prefix(20) { el("div", .class("bad")) { name(failure) } }
                }
            }
            if let tag = release.tag { fact("Tag") { name(tag) } }
            if let problem = release.tagProblem {
                fact("Tag") { el("span", .class("bad")) { name("could not be made, and is tried again: \(problem)") } }
            }
            fact("Verified in") {
                name(release.verifiedIn.isEmpty ? "nowhere yet" : release.verifiedIn.joined(separator: ", "))
            }
            if !release.blockedIn.isEmpty { fact("Blocked in") { name(release.blockedIn.joined(separator: ", ")) } }
            fact("Reversible") { release.wayBack ?? (release.reversible ? "yes" : "no: forward only") }
        }
    }

    /// `/events` and `/events/STREAM`
    package static func events(_ events: [Wire.Event], stream: String?, after: Int, words: Words) -> Page {
        let segments = ["events"] + (stream ?? "").split(separator: "/").map(String.init)
        return Page(title: stream ?? "Events", fragment: nil) {
            el("h1") { stream == nil ? HTML("Events") : name(stream ?? "") }
            el("p", .class("faint-text")) {
                "After position \(after), oldest first. "
                if after > 0 {
                    el("a", .href(Link(segments: segments, query: [("after", String(max(0, after - 100)))]))) {
                        "Earlier"
                    }
                    " "
                }
                if let last = events.last {
                    el("a", .href(Link(segments: segments, query: [("after", String(last.position))]))) { "Later" }
                } else {
                    "Nothing here."
                }
            }
            el("ol", .class("events")) {
                for event in events { Self.event(event, words) }
            }
        }
    }

    private static func event(_ event: Wire.Event, _ words: Words) -> HTML {
        el("li", .id("event/\(event.position)")) {
            el("details") {
                el("summary") {
                    el("span", .class("position")) { "#\(event.position)" }
                    el("strong") { name(event.kind) }
                    el("span") {
                        name(event.stream); " · \(event.number)"
                    }
                    el("span", .class("faint-text")) { name(event.actor) }
                    el("span", .class("faint-text")) { words.exact(event.at) }
                }
                el("pre", .named("tabindex", "0")) { event.body }
                el("p", .class("faint-text")) {
                    "version \(event.kindVersion)"
                    if let cause = event.cause { " · cause "; name(cause) }
                    " · hash "
                    el("code") { event.hash }
                    " · "
                    el("a", .href(Link(segments: ["events"] + event.stream.split(separator: "/").map(String.init)))) {
                        "this stream"
                    }
                }
            }
        }
    }

    /// `/lanes/S/E/logs`
    package static func logs(service: String, environment: String, _ output: Wire.Output) -> Page {
        Page(
            title: "Output of \(service) in \(environment)",
            fragment: Link("fragments", "lanes", service, environment, "logs")
        ) {
            Self.trail(service, environment)
            el("h1") {
                "Output of "; name(service); " in "; name(environment)
            }
            el("pre", .class("log"), .named("tabindex", "0")) { output.text.isEmpty ? "No output yet." : output.text }
        }
    }

    /// What was refused, and the way back.
    package static func problem(_ problem: Wire.Problem, back: Link) -> Page {
        Page(title: problem.title, fragment: nil) {
            el("section", .class("sign-in")) {
                el("h1") { problem.title }
                el("p", .class("note", "alarm"), .named("role", "alert")) { problem.detail }
                el("p") { el("a", .href(back)) { "Back" } }
            }
        }
    }
}
