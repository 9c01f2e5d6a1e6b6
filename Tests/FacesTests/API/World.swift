import APIClient
import HTTPAPI
import Synchronization

/// The engine's stand-in: answers from samples, notes what was asked, and lets a test append events and revoke tokens.
final class World: Sendable {
    static let token = "sekret-of-ana"

    struct State: Sendable {
        var events: [Wire.Event] = []
        var listeners: [Int: AsyncStream<Int>.Continuation] = [:]
        var listenersEver = 0
        var tokens = [World.token: Caller(actor: "ana", token: "laptop")]
        /// How often events were asked for.
        var fetched = 0
        /// `verb subject reason`, oldest first.
        var asked: [String] = []
        var status = Samples.status
        /// Who is signed in, by the session's id.
        var sessions: [String: Caller] = [:]
        var opened = 0
        /// Of people, by name.
        var passwords = ["ana": "correct horse battery staple"]
        /// Whose, by secret.
        var links: [String: String] = [:]
        var failure: (any Error)?
    }

    private let state = Mutex(State())

    func change<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
        self.state.withLock { body(&$0) }
    }

    var asked: [String] { self.change { $0.asked } }
    var fetched: Int { self.change { $0.fetched } }
    var listening: Int { self.change { $0.listeners.count } }

    func append(_ count: Int = 1, stream: String = "lane/shop/production", body: String? = nil) {
        let (position, listeners) = self.change { state in
            for _ in 0..<count {
                var event = Samples.event(state.events.count + 1, stream: stream)
                if let body { event.body = body }
                state.events.append(event)
            }
            return (state.events.count, Array(state.listeners.values))
        }
        for listener in listeners { listener.yield(position) }
    }

    private func note(_ text: String) throws {
        let failure = self.change { state in
            state.asked.append(text)
            return state.failure
        }
        if let failure { throw failure }
    }

    private func positions() -> AsyncStream<Int> {
        let (stream, continuation) = AsyncStream.makeStream(of: Int.self, bufferingPolicy: .bufferingNewest(1))
        let key = self.change { state in
            state.listenersEver += 1
            state.listeners[state.listenersEver] = continuation
            return state.listenersEver
        }
        continuation.onTermination = { _ in self.change { $0.listeners[key] = nil } }
        return stream
    }

    private func known(_ service: String) throws {
        guard service == "shop" else {
            throw Wire.Problem.notFound("There is no service `\(service)`. Known: shop.")
        }
    }

    private func events(_ stream: String?, _ after: Int, _ limit: Int) -> [Wire.Event] {
        self.change { state in
            state.fetched += 1
            return Array(
                state.events.lazy.filter { $0.position > after && (stream == nil || $0.stream == stream) }.prefix(limit)
            )
        }
    }

    /// As the engine's, without its limits: sessions of tokens end with the token.
    private var signIn: SignInOperations {
        SignInOperations(
            provider: "id.example",
            password: { person, password, origin in
                try self.note("signIn \(person) \(origin.address)")
                guard self.change({ $0.passwords[person] }) == password else { throw Self.wrongPassword }
                return self.open(Caller(actor: "person:\(person)", token: "password"))
            },
            token: { secret, _ in
                guard var caller = self.change({ $0.tokens[secret] }) else { return nil }
                caller.token = secret
                return self.open(caller)
            },
            beginProvider: { ("https://id.example/authorize?state=s", "sealed") },
            finishProvider: { query, cookie, _ in
                guard query["code"] == "good", cookie == "sealed" else { throw Self.notBelieved }
                return self.open(Caller(actor: "person:ana", token: "https://id.example"))
            },
            session: { id in
                self.change { state in
                    guard let caller = state.sessions[id] else { return nil }
                    if caller.actor.hasPrefix("person:") { return caller }
                    return state.tokens[caller.token].map {
                        Caller(actor: $0.actor, token: $0.token, session: caller.session)
                    }
                }
            },
            signOut: { id in self.change { $0.sessions[id] = nil } },
            sessions: { _ in [Samples.session] },
            endSessions: { caller, name in
                try self.note("endSessions \(name ?? "*") \(caller.actor)")
                return Wire.SessionsEnded(ended: 1)
            },
            changePassword: { caller, old, new, _ in
                try self.note("changePassword \(caller.actor) \(old.count) \(new.count)")
                return self.open(caller)
            },
            invite: { caller, person in
                try self.note("invite \(person) \(caller.actor)")
                return Samples.invitation
            },
            link: { secret in
                guard let person = self.change({ $0.links[secret] }) else { throw Self.noLink }
                return (person, Samples.at)
            },
            follow: { secret, password, _ in
                guard password.count >= 12 else {
                    throw Wire.Problem(title: "Not taken", status: 400, detail: "too short", code: "sign-in-password")
                }
                guard let person = self.change({ $0.links.removeValue(forKey: secret) }) else { throw Self.noLink }
                return self.open(Caller(actor: "person:\(person)", token: "link"))
            })
    }

    private func open(_ caller: Caller) -> String {
        self.change { state in
            state.opened += 1
            let id = "session-\(state.opened)"
            state.sessions[id] = Caller(actor: caller.actor, token: caller.token, session: "hash-\(state.opened)")
            return id
        }
    }

    private static let wrongPassword = Wire.Problem(
        title: "Not signed in", status: 401, detail: "This name or this password is wrong.", code: "sign-in-wrong")
    private static let notBelieved = Wire.Problem(
        title: "Not signed in", status: 403, detail: "not believed", code: "sign-in-provider")
    private static let noLink = Wire.Problem(
        title: "This link is over", status: 410, detail: "used, over, or never one", code: "sign-in-link")

    var operations: Operations {
        Operations(
            authenticate: { token in self.change { $0.tokens[token] } },
            status: { caller, service in
                try self.note("status \(service ?? "*") \(caller.actor)")
                if let service { try self.known(service) }
                return self.change { $0.status }
            },
            apply: { _, apply in
                try self.note("apply \(apply.repository) \(apply.plan)")
                return Wire.Applied(
                    service: "shop", definition: 3, changed: true, differences: ["bake 30m"],
                    warnings: ["nobody can approve"], plan: apply.plan)
            },
            service: { _, name in
                try self.note("service \(name)")
                try self.known(name)
                return Samples.status.services[0]
            },
            poll: { _, name in
                try self.note("poll \(name)")
                return Wire.Polled(service: name, branch: "main", repository: "/shop")
            },
            createRelease: { _, create in
                try self.note("createRelease \(create.ref)")
                return Samples.release(state: .building)
            },
            releases: { _, service, limit in
                try self.note("releases \(service ?? "*") \(limit)")
                return [Samples.release()]
            },
            release: { _, id in
                try self.note("release \(id)")
                return Samples.release(id)
            },
            releaseLog: { _, id, offset in
                try self.note("releaseLog \(id) \(offset)")
                return Samples.output
            },
            prune: { _, prune in
                try self.note("prune \(prune.dryRun)")
                return Samples.pruned
            },
            promote: { _, promote in
                try self.note("promote \(promote.release) \(promote.environment)")
                return Samples.promotion(state: .waiting)
            },
            promotion: { _, id in
                try self.note("promotion \(id)")
                return Samples.promotion()
            },
            traffic: { _, id, points in
                try self.note("traffic \(id) \(points)")
                return Samples.traffic
            },
            actOnPromotion: { caller, id, verb, act in
                try self.note("\(verb.rawValue) \(id) \(act.reason) \(caller.actor)")
                return Samples.promotion(state: .paused)
            },
            queue: { _ in [Samples.promotion(4, state: .waiting)] },
            lane: { _, service, environment in
                try self.known(service)
                return Samples.lane(service, environment)
            },
            rollback: { _, service, environment, act in
                try self.note("rollback \(service)/\(environment) \(act.subject ?? "") \(act.reason)")
                return Samples.promotion()
            },
            rollbackPlan: { _, service, environment, version in
                try self.note("rollbackPlan \(service)/\(environment) \(version ?? "-")")
                return Samples.rollbackPlan
            },
            actOnLane: { _, service, environment, verb, act in
                try self.note("\(verb.rawValue) \(service)/\(environment) \(act.reason)")
                return Samples.lane(service, environment)
            },
            logs: { _, service, environment, lines, offset in
                try self.note("logs \(service)/\(environment) \(lines) \(offset.map(String.init) ?? "")")
                return Samples.output
            },
            changes: { _, state in [Samples.change(state ?? "requested")] },
            change: { _, id in
                try self.note("change \(id)")
                return Samples.change()
            },
            actOnChange: { caller, id, verb, act in
                try self.note("\(verb.rawValue) \(id) \(act.reason) \(caller.actor)")
                return Samples.change("approved")
            },
            calendar: CalendarOperations(
                calendar: { _ in Samples.calendar },
                add: { caller, entry in
                    try self.note("addToCalendar \(entry.name) \(entry.kind) \(entry.reason) \(caller.actor)")
                    return Samples.calendar
                },
                remove: { _, name, act in
                    try self.note("removeFromCalendar \(name) \(act.reason)")
                    return Samples.calendar
                },
                outlook: { _, service, environment, direction in
                    try self.note("outlook \(service)/\(environment) \(direction)")
                    return Samples.outlook
                },
                override: { caller, id, act in
                    try self.note("override \(id) \(act.reason) \(caller.actor)")
                    return Samples.override
                },
                stop: { caller, act in
                    try self.note("stop \(act.reason) \(caller.actor)")
                    return Wire.Stopped(paused: ["shop/production/3"])
                },
                lift: { _, act in
                    try self.note("lift \(act.reason)")
                    return Samples.calendar
                }),
            audit: AuditOperations(
                export: { caller, form, last in
                    try self.note("export \(form.rawValue) \(last ?? -1) \(caller.actor)")
                    return Samples.export()
                },
                replay: { _, service in
                    try self.note("replay \(service ?? "-")")
                    return Samples.replay
                }, verify: { _ in Samples.audit }),
            secrets: SecretOperations(
                secrets: { _, _ in Samples.secrets },
                set: { caller, service, name, body in
                    try self.note("setSecret \(service) \(name) \(body.environment ?? "") \(caller.actor)")
                    return Samples.secrets
                },
                remove: { _, service, name, body in
                    try self.note("removeSecret \(service) \(name) \(body.reason)")
                    return Samples.secrets
                },
                rotateKey: { _, act in
                    try self.note("rotateKey \(act.reason)")
                    return Wire.KeyRotated(values: 3)
                }),
            signIn: self.signIn,
            people: PeopleOperations(
                whoAmI: { _ in Samples.whoAmI }, people: { _ in [Samples.person] },
                addPerson: { caller, person in
                    try self.note("addPerson \(person.id) \(caller.actor)")
                    return Samples.person
                },
                deactivate: { _, id, act in
                    try self.note("deactivate \(id) \(act.reason)")
                    return Samples.person
                },
                teams: { _ in [Samples.team] },
                addTeam: { _, team in
                    try self.note("addTeam \(team.name)")
                    return Samples.team
                },
                member: { _, team, person, isIn in
                    try self.note("member \(person) \(team) \(isIn)")
                    return Samples.team
                },
                account: { _, team, name, isIn in
                    try self.note("account \(name) \(team) \(isIn)")
                    return Samples.team
                },
                grants: { _ in [Samples.grant] },
                grant: { _, grant, isGiven in
                    try self.note("grant \(grant.subject) \(grant.right) \(grant.scope) \(isGiven)")
                    return [Samples.grant]
                }),
            events: { _, stream, after, limit in self.events(stream, after, limit) },
            positions: { _ in self.positions() },
            why: { _, id in
                try self.note("why \(id)")
                return Samples.why
            },
            tokens: { _ in [Samples.token(secret: nil)] },
            addToken: { _, add in
                try self.note("addToken \(add.name) \(add.owner)")
                return Samples.token(secret: "s3")
            },
            revokeToken: { _, name in
                try self.note("revokeToken \(name)")
                return Samples.token(secret: nil)
            })
    }
}
