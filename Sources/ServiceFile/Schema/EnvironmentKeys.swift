import Core

// What belongs to the service: held by the server under a number, changed only by `apply` (DESIGN section 4).

enum GateKeys {
    static let from = Key.required(
        "from",
        Kind<String>.line("a person or a team", atMost: 100).listOrOne(atMost: Limits.names, "people and teams"),
        "who may approve: people, or teams of the directory; the author of a change never approves it")
    static let count = Key.optional("count", .integer(1...Limits.names), standard: 1, "how many of them must say yes")

    static let approval = Kind<Gate>.section("approval", [Self.from.line, Self.count.line]) { fields, problems in
        let from = fields.value(Self.from, &problems)
        let count = fields.value(Self.count, &problems)
        guard let from, let count else { return nil }
        guard !from.isEmpty else {
            problems.add(
                .missing, fields.place(Self.from), "\(fields.tree.path): `from` names nobody: give at least one")
            return nil
        }
        // A name may be a team: whether so many people are there, the server says.
        return Gate.approval(from: from, count: count)
    }

    static let kind = Kind<Gate>.oneOf(
        "gate", under: "gates",
        [
            Choice(
                name: "tests", text: "the tests of the build passed; needs `build.tests`", word: .tests, settings: nil,
                example: "tests"),
            Choice(
                name: "soak", text: "the longest verified stay in each environment of `after`", word: nil,
                settings: Kind<Milliseconds>.duration(Milliseconds(1)...(.hours(90 * 24))).map(Gate.soak),
                example: "soak: 10m"),
            Choice(
                name: "approval", text: "people said yes to the change", word: nil, settings: Self.approval,
                example: "approval: { from: [release-managers], count: 1 }"),
            Choice(
                name: "like", text: "it does not differ from the environment that its `like` names", word: .like,
                settings: nil, example: "like"),
        ]
    ) { $0.text }
}

enum StrategyKeys {
    static let hold = Key.optional(
        "hold", .duration(.zero...(.hours(7 * 24))), standard: .zero,
        "time on the preview, after its verify, before the switch")

    static let blueGreen = Kind<Strategy>.section("blueGreen", [Self.hold.line]) { fields, problems in
        fields.value(Self.hold, &problems).map { .blueGreen(hold: $0) }
    }

    static let kind = Kind<Strategy>.oneOf(
        "strategy", under: "strategy",
        [
            Choice(
                name: "bigBang", text: "all traffic at once, verified after the switch", word: .bigBang, settings: nil,
                example: "bigBang"),
            Choice(
                name: "blueGreen", text: "verified on a private preview, then one switch; the old version stays warm",
                word: .blueGreen(hold: .zero), settings: Self.blueGreen, example: "blueGreen: { hold: 5s }"),
            Choice(
                name: "canary",
                text: "a growing share of the users gets it, and at each share it is judged against the old version",
                word: .canary(.standard), settings: CanaryKeys.kind,
                example: "canary: { steps: [5, 25, 50, 100], each: { atLeast: 1m, atMost: 10m } }"),
            Choice(
                name: "rolling",
                text: "its instances come in batches, each with its share of the traffic, judged as a canary is",
                word: .rolling(.standard), settings: RollingKeys.kind, example: "rolling: { batch: 1 }"),
        ], later: Later.strategies
    ) { $0.name }
}

enum VerifyKeys {
    static let path = Key.optional("path", .urlPath, standard: "/", "asked by GET on the version under test")
    static let status = Key.optional("status", .integer(100...599), standard: 200, "the status that must be answered")
    static let httpWithin = Key.optional(
        "within", .duration(.seconds(1)...(.hours(1))), standard: .seconds(10), "asked again until then")

    static let http = Kind<Verify>.section(
        "http", [Self.path.line, Self.status.line, Self.httpWithin.line]
    ) { fields, problems in
        let path = fields.value(Self.path, &problems)
        let status = fields.value(Self.status, &problems)
        let within = fields.value(Self.httpWithin, &problems)
        guard let path, let status, let within else { return nil }
        return Verify.http(path: path, status: status, within: within)
    }.orText(.urlPath) { .http(path: $0, status: 200, within: .seconds(10)) }

    static let httpKey = Key.optional("http", Self.http, "a GET that must answer as said; needs `listen`")
    static let run = Key.optional(
        "run", .command, "in a clean checkout of the commit, with `URL`, `VERSION`, `ENVIRONMENT`, `RELEASE`; 0 is pass"
    )
    static let within = Key.optional(
        "within", .duration(.seconds(1)...(.hours(24))), otherwise: "5m",
        "a command that takes longer is stopped and has failed; only with `run`")
    static let commandWithin = Milliseconds.minutes(5)

    static let kind = Kind<Verify>.section("verify", [Self.run.line, Self.httpKey.line, Self.within.line]) {
        fields, problems in
        let http = fields.value(Self.httpKey, &problems)
        let run = fields.value(Self.run, &problems)
        let within = fields.value(Self.within, &problems)
        guard fields.has(Self.run) != fields.has(Self.httpKey) else {
            problems.add(.contradiction, fields.tree, "give either `run` or `http` in each entry")
            return nil
        }
        if fields.has(Self.httpKey), fields.has(Self.within) {
            problems.add(
                .contradiction, fields.place(Self.within), "\(fields.tree.path): write `within` inside of `http`")
            return nil
        }
        return http ?? run.map { .run($0, within: within ?? Self.commandWithin) }
    }
}

enum NotifyKeys {
    static let occasions: [Notify.Occasion] = [.failed, .aborted, .rolledBack, .waiting, .warning, .alert]
    static let run = Key.optional("run", .command, "a command that gets the message in its environment")
    static let webhook = Key.optional("webhook", .webAddress, "an address that the message is posted to, as JSON")
    static let on = Key.optional(
        "on", Kind<Notify.Occasion>.choice().listOrOne(atMost: Notify.Occasion.allCases.count, "occasions"),
        standard: Self.occasions,
        "when; `waiting`: for a person; `warning`: of the judge, without a consequence; `alert`: the release team's "
            + "alert period, which is the bake, begins or ends")

    static let kind = Kind<Notify>.section("notify", [Self.run.line, Self.webhook.line, Self.on.line]) {
        fields, problems in
        let run = fields.value(Self.run, &problems)
        let webhook = fields.value(Self.webhook, &problems)
        let on = fields.value(Self.on, &problems)
        guard fields.has(Self.run) != fields.has(Self.webhook) else {
            problems.add(.contradiction, fields.tree, "give either `run` or `webhook` in each entry")
            return nil
        }
        guard let on, let channel = run.map(Notify.Channel.run) ?? webhook.map(Notify.Channel.webhook) else {
            return nil
        }
        return Notify(channel: channel, on: on)
    }.orText(.command) { Notify(channel: .run($0), on: Self.occasions) }
}

enum EnvironmentKeys {
    static let listen = Key.optional(
        "listen", .address, otherwise: "none: a worker, without traffic",
        "where this environment's traffic comes in; two environments can't share one")
    static let after = Key.optional(
        "after", Kind<EnvironmentName>.name(of: "an environment").listOrOne(atMost: Limits.entries, "environments"),
        standard: [], "a release enters only when it is verified in all of these")
    static let promote = Key.optional(
        "promote", Kind<PromotionMode>.choice(), standard: .byHand,
        "`automatically`: a release enters as soon as it is built and verified in what it comes after")
    static let gates = Key.optional(
        "gates", GateKeys.kind.list(atMost: Limits.entries, "gates"), standard: [],
        "conditions to enter, evaluated before the deployment starts and again at its start")
    static let strategy = Key.optional(
        "strategy", StrategyKeys.kind, standard: .bigBang, "how a release is put onto the environment")
    static let verify = Key.optional(
        "verify", VerifyKeys.kind.list(atMost: Limits.entries, "checks"), standard: [],
        "checks on the version under test: on the preview before the switch (blueGreen), at the first share (canary), "
            + "after the switch (bigBang, rolling)")
    static let bake = Key.optional(
        "bake", .duration(.zero...(.hours(30 * 24))), standard: .zero, "watched time after 100 %")
    static let keepWarm = Key.optional(
        "keepWarm", .duration(.zero...(.hours(31 * 24))), otherwise: "bake + 1h",
        "how long the old version stays ready after the switch, so that going back is one switch")
    static let queue = Key.optional(
        "queue", Kind<QueuePolicy>.choice(), standard: .finish,
        "what a release does that comes while another is on its way: `finish` waits for its end, where the newest goes "
            + "next; `latest` takes over at once; `every` takes its turn"
    )
    static let drain = Key.optional(
        "drain", .duration(.zero...(.hours(1))), standard: .seconds(30),
        "how long an old instance may finish its requests before it is stopped")
    static let replicas = Key.optional(
        "replicas", .integer(1...64), otherwise: "`run.replicas`",
        "instances here, where they differ from the release's own")
    static let variables = Key.optional(
        "variables", .variables, standard: [:], "added to `run.variables`, or in their place")
    static let previewHeader = Key.optional(
        "previewHeader", .headerName, standard: "Slipway-Preview",
        "a request with this header reaches the version on the preview")
    static let notify = Key.optional(
        "notify", NotifyKeys.kind.listOrOne(atMost: 8, "notifications"), standard: [],
        "who is told about what happens here")
    static let noData = Key.optional(
        "noData", NoDataKeys.kind, standard: .standard,
        "what follows when a step has had its longest time and fewer than \(Judgement.fewestRequests) requests: "
            + "`wait 5m`, `pass` or `fail`")
    static let objective = Key.optional(
        "objective", ObjectiveKeys.kind, standard: .standard,
        "what the service promises its users, such as `{ errors: 1% }`"
    )
    static let userKey = Key.optional(
        "userKey", UserKeyKeys.kind, otherwise: "a cookie that the router sets while traffic is split",
        "by what a user is known, who then stays with a version; a request without it is random")

    static let like = Key.optional(
        "like", LikeKeys.kind, otherwise: "none",
        "the environment that this one is to be like, such as `production`: the gate `like` lets nothing in while "
            + "it differs, and says in what")

    /// An environment, as soon as it is told its name, which is the key that it stands under.
    static let kind = Kind<@Sendable (EnvironmentName) -> Draft>.section(
        "environment",
        [
            Self.listen.line, Self.after.line, Self.promote.line, Self.gates.line, Self.strategy.line, Self.verify.line,
            Self.bake.line, Self.keepWarm.line, Self.queue.line, Self.drain.line, Self.replicas.line,
            Self.variables.line, Self.previewHeader.line, Self.notify.line, Self.noData.line, Self.objective.line,
            Self.userKey.line, Self.like.line,
        ], later: Later.environment
    ) { fields, problems in
        let listen = fields.value(Self.listen, &problems)
        let after = fields.value(Self.after, &problems)
        let promote = fields.value(Self.promote, &problems)
        let gates = fields.value(Self.gates, &problems)
        let strategy = fields.value(Self.strategy, &problems)
        let verify = fields.value(Self.verify, &problems)
        let bake = fields.value(Self.bake, &problems)
        let keepWarm = fields.value(Self.keepWarm, &problems)
        let queue = fields.value(Self.queue, &problems)
        let drain = fields.value(Self.drain, &problems)
        let replicas = fields.value(Self.replicas, &problems)
        let variables = fields.value(Self.variables, &problems)
        let previewHeader = fields.value(Self.previewHeader, &problems)
        let notify = fields.value(Self.notify, &problems)
        let watching = Watching(fields, &problems)
        let like = fields.value(Self.like, &problems)
        return { name in
            var environment = EnvironmentDefinition(name: name)
            environment.listen = listen
            environment.after = after ?? environment.after
            environment.promotion = promote ?? environment.promotion
            environment.gates = gates ?? environment.gates
            environment.strategy = strategy ?? environment.strategy
            environment.verify = verify ?? environment.verify
            environment.bake = bake ?? environment.bake
            environment.keepWarm = keepWarm ?? environment.bake + .hours(1)
            environment.queue = queue ?? environment.queue
            environment.drain = drain ?? environment.drain
            environment.replicas = replicas
            environment.variables = variables ?? environment.variables
            environment.previewHeader = previewHeader ?? environment.previewHeader
            environment.notify = notify ?? environment.notify
            environment.noData = watching.noData
            environment.objective = watching.objective
            environment.userKey = watching.userKey
            environment.like = like
            return Draft(environment: environment, fields: fields)
        }
    }
}

/// How what serves is watched. The standard is stored as nothing, so that giving it makes no other definition.
private struct Watching: Sendable {
    let noData: NoDataPolicy?
    let objective: ErrorRate?
    let userKey: UserKey?

    init(_ fields: Fields, _ problems: inout Problems) {
        let noData = fields.value(EnvironmentKeys.noData, &problems)
        let objective = fields.value(EnvironmentKeys.objective, &problems)
        self.noData = noData == .standard ? nil : noData
        self.objective = objective == .standard ? nil : objective
        self.userKey = fields.value(EnvironmentKeys.userKey, &problems)
    }
}

/// An environment as read so far, with the places of its values. What was given wrongly has its default here.
struct Draft: Sendable {
    var environment: EnvironmentDefinition
    let fields: Fields

    var name: EnvironmentName { self.environment.name }
}
