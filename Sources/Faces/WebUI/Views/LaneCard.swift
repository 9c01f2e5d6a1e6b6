import APIClient

/// One service in one environment, on the status page.
struct LaneCard {
    let lane: Wire.Lane
    let words: Words
    let forms: Forms
    /// Of the deployment under way.
    var traffic: Wire.Traffic?

    var html: HTML {
        el("article", .class("lane"), .id("lane/\(self.lane.service)/\(self.lane.environment)")) {
            el("header") {
                el("h3") {
                    el("a", .href(Link("lanes", self.lane.service, self.lane.environment))) {
                        name(self.lane.environment)
                    }
                }
                self.address
            }
            self.serving
            self.alarm
            self.guards
            if let deployment = self.lane.deployment {
                PromotionView(promotion: deployment, words: self.words).running(
                    self.forms, self.traffic.map { TrafficView($0, of: deployment, isFull: false) })
            }
            self.queue
            self.last
            self.actions
        }
    }

    @HTMLBuilder private var address: HTML {
        if let listen = self.lane.listen {
            if let link = Link(address: "http://\(listen)") {
                el("a", .class("address"), .href(link), .named("rel", "noreferrer")) { listen }
            } else {
                el("span", .class("address")) { name(listen) }
            }
        }
    }

    @HTMLBuilder var serving: HTML {
        if self.lane.serving.isEmpty {
            el("p", .class("version", "none")) { self.lane.isGoingDown ? "Going down" : "Nothing serves yet" }
        }
        for serving in self.lane.serving {
            el("div", .class("version")) {
                self.number(serving)
                self.chip(serving.state)
                if serving.weight != 10_000 { el("span", .class("share")) { Words.share(serving.weight) } }
            }
        }
        if !self.lane.switchingTo.isEmpty {
            el("p", .class("faint-text")) {
                "Switching to "
                for (index, next) in self.lane.switchingTo.enumerated() {
                    if index > 0 { " + " }
                    name(next.version)
                    if next.weight != 10_000 { " \(Words.share(next.weight))" }
                }
                ": the router has not confirmed yet"
            }
        }
        for warm in self.lane.warm {
            el("p", .class("warm", "faint-text")) {
                name(warm.version)
                " kept warm"
                if let until = warm.until { " · "; self.words.until(until) }
            }
        }
    }

    private func number(_ serving: Wire.Serving) -> HTML {
        let link = Attribute.href(Link("releases", serving.release))
        return serving.version.count > 16
            ? el("a", .class("number", "long"), link) { name(serving.version) }
            : el("a", .class("number"), link) { name(serving.version) }
    }

    private func chip(_ state: String) -> HTML {
        switch state {
        case "verified": el("span", .class("chip", "good")) { "✓ verified" }
        case "in deployment": el("span", .class("chip", "going")) { "in deployment" }
        case let other: el("span", .class("chip", "warn")) { name(other) }
        }
    }

    @HTMLBuilder var alarm: HTML {
        if let alarm = self.lane.alarm {
            el("div", .class("note", "alarm"), .named("role", "alert")) {
                el("p") {
                    el("strong") {
                        "Alarm: "; name(alarm.kind)
                    }
                    " · "
                    self.words.since(alarm.since)
                }
                el("p") { name(alarm.reason) }
                el("p") {
                    "Next: "; name(alarm.nextAction)
                }
                self.forms.lane(self.lane, .clearAlarm, "Clear alarm")
            }
        }
    }

    @HTMLBuilder var guards: HTML {
        if let hold = self.lane.hold {
            self.guardNote("On hold", "automation is suspended here", hold) {
                self.forms.lane(self.lane, .unhold, "End the hold")
            }
        }
        if let pin = self.lane.pin {
            self.guardNote("Pinned to \(pin.subject ?? "a version")", "no other version enters", pin) {
                self.forms.lane(self.lane, .unpin, "End the pin")
            }
        }
        for block in self.lane.blocks {
            self.guardNote("\(self.shown(block.subject)) is blocked", "it may not enter here", block) {
                el("div", .class("row")) {
                    if let last = self.lane.recent.first, last.release == block.subject, self.isRetryable(last) {
                        self.forms.promotion(last)
                    }
                    self.forms.lane(self.lane, .unblock, "Unblock", subject: block.subject)
                }
            }
        }
    }

    /// A release by its version, where the lane knows it.
    private func shown(_ release: String?) -> String {
        let promotions = self.lane.recent + self.lane.queue + [self.lane.deployment].compactMap { $0 }
        return promotions.first { $0.release == release }?.version ?? release ?? "A release"
    }

    private func isRetryable(_ promotion: Wire.Promotion) -> Bool {
        self.lane.deployment == nil && (promotion.state == .failed || promotion.state == .aborted)
    }

    private func guardNote(
        _ title: String, _ meaning: String, _ item: Wire.Guard, @HTMLBuilder action: () -> HTML
    ) -> HTML {
        el("div", .class("note", "warn")) {
            el("p") {
                el("strong") { name(title) }
                ": \(meaning)."
            }
            el("p") {
                "By "
                name(item.by)
                if let since = item.since { ", "; self.words.since(since) }
                if let until = item.until { " · "; self.words.until(until) }
            }
            el("p") {
                "Reason: "; name(item.reason)
            }
            action()
        }
    }

    @HTMLBuilder private var queue: HTML {
        let shown = self.lane.queue.prefix(3)
        if !shown.isEmpty {
            el("ul", .class("queue"), .named("aria-label", "Waiting")) {
                // What asks for approval stands at the head of the page, with its buttons.
                for promotion in shown {
                    PromotionView(promotion: promotion, words: self.words).waiting(self.forms, approves: false)
                }
            }
            if self.lane.queue.count > shown.count {
                el("p", .class("faint-text")) {
                    el("a", .href(Link("lanes", self.lane.service, self.lane.environment))) {
                        "and \(self.lane.queue.count - shown.count) more"
                    }
                }
            }
        }
    }

    /// In a quiet lane, how the last one went, or how the next gets here.
    @HTMLBuilder private var last: HTML {
        if self.lane.deployment == nil {
            if let last = self.lane.recent.first {
                el("p", .class("last", "faint-text")) {
                    el("a", .href(last.link)) { "Last: \(last.state.words)" }
                    if last.state != .completed { " ("; name(last.version); ")" }
                    if let at = last.endedAt { " "; self.words.since(at) }
                }
                // What is blocked has its reason and its buttons in the note above.
                if self.isRetryable(last), !self.lane.blocks.contains(where: { $0.subject == last.release }) {
                    if let reason = last.reason { el("p", .class("note")) { name(reason) } }
                    self.forms.promotion(last)
                }
            } else if self.lane.queue.isEmpty {
                el("p", .class("last", "faint-text")) {
                    self.lane.after.isEmpty
                        ? "Enters \(self.lane.promote)"
                        : "Enters \(self.lane.promote), after \(self.lane.after.joined(separator: ", "))"
                }
            }
        }
    }

    @HTMLBuilder private var actions: HTML {
        if let version = self.lane.rollbackTo, self.lane.deployment?.kind != "rollback" {
            el("div", .class("actions", "lane-actions")) {
                self.forms.lane(self.lane, .rollback, "Roll back to \(version)")
                if let plan = self.lane.rollback { el("p", .class("faint-text")) { name(plan.sentence) } }
            }
        }
    }
}
