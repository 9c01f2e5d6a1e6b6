import APIClient
import Core
import HTTPTypes

/// Every operation of `/api/v1`, once: what is registered is what is documented.
struct RouteTable: Sendable {
    let routes: [Route]

    static let prefix = ["api", "v1"]

    enum Found {
        case route(Route, [String: String])
        /// The path exists, with other methods.
        case otherMethods([HTTPRequest.Method])
        case nothing
    }

    /// `segments` come after the prefix. Routes are few (about 50), so a scan is enough; the first that fits wins.
    func find(_ method: HTTPRequest.Method, _ segments: [String]) -> Found {
        var others: [HTTPRequest.Method] = []
        for route in self.routes {
            guard let values = route.path.match(segments) else { continue }
            if route.method == method { return .route(route, values) }
            if !others.contains(route.method) { others.append(route.method) }
        }
        return others.isEmpty ? .nothing : .otherMethods(others)
    }

    init() throws {
        self.routes =
            try Self.services + Self.releases + Self.promotions + Self.lanes + Self.changes + Self.calendar
            + Self.secrets + Self.records + Self.audit + Self.people + Self.access + Self.signIn
            + [Self.document]
    }

    private static let limit = QueryParameter(name: "limit", kind: .number(1...1000), summary: "At most so many.")
    private static let offset = QueryParameter(
        name: "offset", kind: .number(0...Int.max), summary: "Byte offset to go on from.")
    private static let after = QueryParameter(
        name: "after", kind: .number(0...Int.max), summary: "Only what comes after this ledger position.")

    private static func text(_ name: String, _ summary: String) -> QueryParameter {
        QueryParameter(name: name, kind: .text, summary: summary)
    }

    private static var services: [Route] {
        get throws {
            [
                try .read(
                    "status", "Services by environments.", query: [Self.text("service", "Only this service.")],
                    needs: .in(.any, .view)
                ) {
                    try await $0.operations.status($0.caller, $0.query["service"])
                },
                try .write(
                    "services/apply", "Register or update a service from its slipway.yaml.",
                    needs: .in(.service, .operate)
                ) {
                    try await $0.operations.apply($0.caller, $1)
                },
                try .read("services/{service}", "One service.", needs: .in(.service, .view)) {
                    try await $0.operations.service($0.caller, $0.variable("service"))
                },
                try .write(
                    "services/{service}/poll", "Look at the branch that it watches now.", status: 202,
                    needs: .in(.service, .propose)
                ) {
                    (call, _: Wire.Poll) in
                    try await call.operations.poll(call.caller, call.variable("service"))
                },
            ]
        }
    }

    private static var releases: [Route] {
        get throws {
            [
                try .write(
                    "releases", "Build a release of a commit; answers at once.", status: 202,
                    needs: .in(.service, .propose)
                ) {
                    try await $0.operations.createRelease($0.caller, $1)
                },
                try .read(
                    "releases", "Releases, newest first.",
                    query: [Self.text("service", "Only of this service."), Self.limit], needs: .in(.any, .view)
                ) {
                    try await $0.operations.releases($0.caller, $0.query["service"], $0.number("limit") ?? 50)
                },
                try .read("releases/{release}", "One release, by id or `service@version`.", needs: .in(.service, .view))
                {
                    try await $0.operations.release($0.caller, $0.variable("release"))
                },
                try .write(
                    "prune", "Remove artifacts, logs and results of releases that nothing needs any more.",
                    needs: .in(.organisation, .operate)
                ) {
                    try await $0.operations.prune($0.caller, $1)
                },
                try .read(
                    "releases/{release}/log", "Output of its build.", query: [Self.offset], needs: .in(.service, .view)
                ) {
                    try await $0.operations.releaseLog($0.caller, $0.variable("release"), $0.number("offset") ?? 0)
                },
            ]
        }
    }

    private static var promotions: [Route] {
        get throws {
            let one = "promotions/{service}/{environment}/{number}"
            let verbs = try Wire.PromotionVerb.allCases.map { verb in
                try Route.write(
                    "\(one)/\(verb.rawValue)", Self.summary(verb),
                    needs: .in(.lane, verb == .retry ? .promote : .operate)
                ) {
                    try await $0.operations.actOnPromotion($0.caller, $0.promotionID, verb, $1)
                }
            }
            return [
                try .write(
                    "promotions", "Ask for a release to enter an environment.", status: 202, needs: .in(.lane, .promote)
                ) {
                    try await $0.operations.promote($0.caller, $1)
                },
                try .read("queue", "Every promotion that waits, with what it waits for.", needs: .in(.any, .view)) {
                    try await $0.operations.queue($0.caller)
                },
                try .read(one, "One promotion.", needs: .in(.lane, .view)) {
                    try await $0.operations.promotion($0.caller, $0.promotionID)
                },
                try .read(
                    "\(one)/traffic", "What the new and the old version answered, interval by interval.",
                    query: [
                        QueryParameter(
                            name: "points", kind: .number(Wire.trafficPoints),
                            summary: "At most so many for each version; intervals are merged.")
                    ], needs: .in(.lane, .view)
                ) {
                    try await $0.operations.traffic(
                        $0.caller, $0.promotionID, $0.number("points") ?? Wire.trafficPoints.upperBound)
                },
            ] + verbs
        }
    }

    private static var lanes: [Route] {
        get throws {
            let one = "lanes/{service}/{environment}"
            let lines = QueryParameter(name: "lines", kind: .number(1...10_000), summary: "The last so many lines.")
            let verbs = try Wire.LaneVerb.allCases.map { verb in
                let path = "\(one)/\(verb.rawValue)"
                if verb == .rollback {
                    return try Route.write(path, Self.summary(verb), needs: .in(.lane, .operate)) {
                        try await $0.operations.rollback(
                            $0.caller, $0.variable("service"), $0.variable("environment"), $1)
                    }
                }
                return try Route.write(path, Self.summary(verb), needs: .in(.lane, .operate)) {
                    try await $0.operations.actOnLane(
                        $0.caller, $0.variable("service"), $0.variable("environment"), verb, $1)
                }
            }
            return [
                try .read(one, "One service in one environment.", needs: .in(.lane, .view)) {
                    try await $0.operations.lane($0.caller, $0.variable("service"), $0.variable("environment"))
                },
                try .read(
                    "\(one)/rollback", "What a rollback would do, and how long it would take; does nothing.",
                    query: [Self.text("to", "The version to go back to; without: the one before.")],
                    needs: .in(.lane, .view)
                ) {
                    try await $0.operations.rollbackPlan(
                        $0.caller, $0.variable("service"), $0.variable("environment"), $0.query["to"])
                },
                try .read(
                    "\(one)/logs", "Output of the lane's instances.", query: [lines, Self.offset],
                    needs: .in(.lane, .view)
                ) {
                    try await $0.operations.logs(
                        $0.caller, $0.variable("service"), $0.variable("environment"), $0.number("lines") ?? 200,
                        $0.number("offset"))
                },
            ] + verbs
        }
    }

    private static var changes: [Route] {
        get throws {
            let verbs = try Wire.ChangeVerb.allCases.map { verb in
                try Route.write(
                    "changes/{change}/\(verb.rawValue)", Self.summary(verb), needs: .in(.lane, .approve)
                ) {
                    try await $0.operations.actOnChange($0.caller, $0.variable("change"), verb, $1)
                }
            }
            return [
                try .read(
                    "changes", "Change requests.",
                    query: [Self.text("state", "requested, approved, rejected or closed.")],
                    needs: .in(.any, .view)
                ) {
                    try await $0.operations.changes($0.caller, $0.query["state"])
                },
                try .read("changes/{change}", "One change request.", needs: .in(.lane, .view)) {
                    try await $0.operations.change($0.caller, $0.variable("change"))
                },
            ] + verbs
        }
    }

    private static var records: [Route] {
        get throws {
            let stream = Self.text("stream", "Only this stream, as in `lane/shop/production`.")
            let follow = Route(
                method: .get, path: Path("events/stream"),
                summary: "Events as they are appended; ids are ledger positions, `Last-Event-ID` resumes.",
                query: [Self.after, stream], body: nil, answer: .events(try Schema.of(Wire.Event.self)),
                needs: .in(.subject, .view)
            ) { call in
                let resumed = try call.lastEventID.map { text in
                    guard let position = Int(text), position >= 0 else {
                        throw Wire.Problem.invalid("`Last-Event-ID` is a ledger position: a whole number from 0 on.")
                    }
                    return position
                }
                return .events(after: resumed ?? call.number("after") ?? 0, stream: call.query["stream"])
            }
            return [
                try .read(
                    "events", "Events, oldest first.", query: [Self.after, stream, Self.limit],
                    needs: .in(.subject, .view)
                ) {
                    try await $0.operations.events(
                        $0.caller, $0.query["stream"], $0.number("after") ?? 0, $0.number("limit") ?? 100)
                },
                follow,
                try .read("why/{id}", "The decisions on a release or change, in words.", needs: .in(.subject, .view)) {
                    try await $0.operations.why($0.caller, $0.variable("id"))
                },
                try .read(
                    "why/{service}/{environment}/{number}", "The decisions on a promotion, in words.",
                    needs: .in(.lane, .view)
                ) {
                    try await $0.operations.why($0.caller, $0.promotionID)
                },
                try .read(
                    "audit/verify", "Check every hash and seal of the ledger.", method: .post,
                    needs: .in(.organisation, .view)
                ) {
                    try await $0.operations.audit.verify($0.caller)
                },
            ]
        }
    }

    private static var access: [Route] {
        get throws {
            [
                try .read("tokens", "Names and owners of the tokens.", needs: .in(.organisation, .administer)) {
                    try await $0.operations.tokens($0.caller)
                },
                try .write(
                    "tokens", "Make a token; the answer holds its secret, this once.", status: 201,
                    needs: .in(.organisation, .administer)
                ) {
                    try await $0.operations.addToken($0.caller, $1)
                },
                try .read("tokens/{name}", "Revoke a token.", method: .delete, needs: .in(.organisation, .administer)) {
                    try await $0.operations.revokeToken($0.caller, $0.variable("name"))
                },
            ]
        }
    }

    private static var document: Route {
        Route(
            method: .get, path: Path("openapi.json"), summary: "This document.", query: [], body: nil,
            answer: .document,
            needs: nil
        ) { _ in .document }
    }
}

// MARK: What the verbs do, in a line

extension RouteTable {
    private static func summary(_ verb: Wire.PromotionVerb) -> String {
        switch verb {
        case .pause: "Stop where it is; no step and no deadline runs until it is resumed."
        case .resume: "Go on after a pause."
        case .abort: "Return the traffic to what served before, and block the release here."
        case .retry: "Let a failed or aborted release try again."
        case .skip: "End a hold or bake early; recorded as an override, and the deployment goes on."
        case .handOver: "In the bake: let the next promotion take over; this one then ends superseded, not verified."
        case .cancel: "Take a waiting promotion out of the queue."
        case .overrideCombination: "Let a waiting promotion enter beside what it was never verified together with."
        case .moveFirst: "Let a waiting promotion come before all others that wait in its lane."
        }
    }

    private static func summary(_ verb: Wire.LaneVerb) -> String {
        switch verb {
        case .rollback: "Go back to a verified version (`subject`; the last one if none is named)."
        case .hold: "Suspend automation in this lane, `until` a time if one is given."
        case .unhold: "End the hold."
        case .pin: "Fix the lane to a version (`subject`)."
        case .unpin: "End the pin."
        case .block: "A release (`subject`) may not enter here."
        case .unblock: "A release (`subject`) may enter again."
        case .clearAlarm: "A person has seen the alarm and ends it."
        case .down: "Stop what Slipway started in this lane."
        }
    }

    private static func summary(_ verb: Wire.ChangeVerb) -> String {
        switch verb {
        case .approve: "Approve the change."
        case .reject: "Reject the change; its promotion ends."
        }
    }
}
