import APIClient
import Core
import HTTPAPI
import Synchronization

/// Wire values with every field filled, so that what is checked on them is checked on all fields.
enum Samples {
    static let at = "2026-11-24T05:30:00.000Z"

    static func promotion(
        _ number: Int = 3, service: String = "shop", environment: String = "production", version: String = "1.4.0",
        state: Wire.PromotionState = .deploying
    ) -> Wire.Promotion {
        var promotion = Wire.Promotion(
            id: "\(service)/\(environment)/\(number)", service: service, environment: environment, number: number,
            release: "rel-\(version)", version: version, state: state, kind: "forward", by: "ana")
        promotion.requestedAt = self.at
        promotion.startedAt = self.at
        promotion.endedAt = state.isEnd ? self.at : nil
        promotion.waitsFor = [
            Wire.Gate(gate: "tests", verdict: "pass", reason: "212 passed", passesAt: nil),
            Wire.Gate(gate: "soak", verdict: nil, reason: "10 min verified in staging", passesAt: self.at),
        ]
        promotion.change = "chg-7"
        promotion.strategy = "blueGreen"
        promotion.steps = ["start 2 instances", "verify on the preview", "switch traffic", "bake 30 min"]
        promotion.step = 1
        promotion.stepStartedAt = self.at
        promotion.stepUntil = self.at
        promotion.deadline = self.at
        promotion.weight = 2500
        promotion.reason = "asked by hand"
        promotion.lastLines = ["listening on 8081", "GET /healthz 200"]
        promotion.pausedBy = state == .paused ? "ben" : nil
        promotion.alertUntil = self.at
        promotion.alertSince = self.at
        promotion.handedOverBy = "ben"
        promotion.judgement = self.judgement
        promotion.answers = self.answers
        return promotion
    }

    static let replay = Wire.Replay(
        admissions: 3, verdicts: 2, decisions: 2, notOnRecord: 0, differing: 1,
        differences: [
            Wire.Replay.Difference(
                stream: "lane/shop/production", number: 4, what: "gates", recorded: "build pass", again: "build fail")
        ])

    /// An export of an empty ledger.
    static func export() -> AuditOperations.Bytes {
        var writer = ExportWriter()
        let lines = [
            writer.header(at: Instant(milliseconds: 0), by: .person("ada"), last: 0), writer.end(),
        ]
        let rest = Mutex(lines[...])
        return { rest.withLock { $0.popFirst() } }
    }

    static var calendar: Wire.Calendar {
        var entry = Wire.CalendarEntry(
            name: "year-end", kind: "freeze", start: "2026-12-20T18:00:00", end: "2027-01-04T08:00:00",
            zone: "Europe/Berlin", recurrence: "FREQ=YEARLY", directions: ["forward", "emergency"],
            scope: "team web-team, environment production", reason: "the books <are> closed", by: "person:ana",
            at: self.at)
        entry.activeUntil = self.at
        entry.beginsNext = self.at
        entry.problem = "its zone is gone"
        return Wire.Calendar(
            entries: [entry],
            stop: Wire.Guard(by: "person:ben", reason: "it burns", since: self.at, until: self.at, subject: "all"))
    }

    static let secrets = Wire.Secrets(
        service: "shop",
        secrets: [
            Wire.Secret(name: "DB_PASSWORD", environment: "production", version: 2, by: "person:ana", at: Samples.at)
        ])

    static let person = Wire.Person(
        id: "ben", name: "Ben", emails: ["ben@example.org"], active: true, teams: ["web-team"], since: Samples.at)
    static let team = Wire.Team(
        name: "web-team", groups: ["/web"], members: ["ben"], accounts: ["ci"], since: Samples.at)
    static let grant = Wire.Grant(
        subject: "team:web-team", right: "promote", scope: "lane:shop/production", by: "person:ana", at: Samples.at)
    static let whoAmI = Wire.WhoAmI(
        actor: "person:ana", token: "laptop", known: true, teams: ["web-team"],
        rights: [Wire.WhoAmI.Held(right: "promote", scope: "lane:shop/production")])

    static let outlook = Wire.Outlook(
        service: "shop", environment: "production", direction: "forward", isOpen: false, reason: "frozen by `year-end`",
        opensAt: Samples.at)
    static let override = Wire.Override(
        promotion: "shop/production/3", entries: ["year-end"], by: "person:ana", reason: "customers can't pay",
        at: Samples.at)

    static var judgement: Wire.Judgement {
        Wire.Judgement(
            verdict: "fail", sentence: "errors: 1.4.0 failed 12 of 300 requests", metric: "errors",
            new: Wire.Arm(version: "1.4.0", requests: 300, errors: 12),
            old: Wire.Arm(version: "1.3.2", requests: 5_700, errors: 3), requestsInStep: 200, ratioAtLeast: 12.5,
            ratioAtMost: 90.25, evidence: Wire.Evidence(harm: 14.2, safe: -3.125), mayAdvance: false,
            warning: "memory grows by 3 MiB a minute", at: self.at, observations: "sha256:00")
    }

    /// A canary at 25 %, the second interval lost to a router that began anew.
    static var traffic: Wire.Traffic {
        func point(_ second: Int, _ requests: Int?, _ errors: Int?, _ p99: Int?, _ share: Double, _ gap: String?)
            -> Wire.TrafficPoint
        {
            Wire.TrafficPoint(
                from: "2026-11-24T05:30:\(second + 10).000Z", at: "2026-11-24T05:30:\(second + 15).000Z",
                requests: requests, errors: errors, p50: p99.map { $0 / 4 }, p99: p99, share: share, gap: gap)
        }
        return Wire.Traffic(
            promotion: "shop/production/3",
            arms: [
                Wire.TrafficArm(
                    arm: "new", version: "1.4.0",
                    points: [
                        point(0, 10, 0, 40, 5, nil), point(5, nil, nil, nil, 25, "reset"),
                        point(10, 50, 2, 48, 25, nil),
                        point(15, 48, 1, nil, 25, "loss"),
                    ]),
                Wire.TrafficArm(
                    arm: "old", version: "1.3.2",
                    points: [
                        point(0, 190, 0, 40, 95, nil), point(5, nil, nil, nil, 75, "reset"),
                        point(10, 150, 0, 40, 75, nil), point(15, 152, 1, 57, 75, nil),
                    ]),
            ])
    }

    static let answers = [
        Wire.Answer(name: "continue", verb: .skip, text: "goes on to the next step"),
        Wire.Answer(name: "extend", verb: .resume, text: "watches this step once more"),
        Wire.Answer(name: "abort", verb: .abort, text: "returns the traffic"),
    ]

    static func lane(_ service: String = "shop", _ environment: String = "production") -> Wire.Lane {
        var lane = Wire.Lane(service: service, environment: environment)
        lane.listen = "127.0.0.1:7003"
        lane.preview = "http://127.0.0.1:7103"
        lane.strategy = "blueGreen"
        lane.promote = "automatically"
        lane.after = ["staging"]
        lane.serving = [
            Wire.Serving(version: "1.3.2", release: "rel-1.3.2", weight: 7500, state: "verified", until: nil),
            Wire.Serving(version: "1.4.0", release: "rel-1.4.0", weight: 2500, state: "in deployment", until: self.at),
        ]
        lane.warm = [Wire.Serving(version: "1.3.1", release: "rel-1.3.1", weight: 0, state: "warm", until: self.at)]
        lane.deployment = self.promotion()
        lane.queue = [self.promotion(4, version: "1.5.0", state: .waiting)]
        lane.recent = [self.promotion(2, version: "1.3.2", state: .completed)]
        lane.hold = self.hold
        lane.pin = Wire.Guard(by: "ben", reason: "audit", since: self.at, until: self.at, subject: "1.3.2")
        lane.blocks = [Wire.Guard(by: "judge", reason: "errors", since: self.at, until: self.at, subject: "rel-1.2.0")]
        lane.alarm = Wire.Alarm(
            kind: "no ready instance", reason: "both instances exited with 1", nextAction: "roll back to 1.3.1",
            since: self.at)
        lane.switchingTo = [
            Wire.Serving(version: "1.4.0", release: "rel-1.4.0", weight: 5000, state: "in deployment", until: self.at)
        ]
        lane.rollbackTo = "1.3.1"
        lane.rollback = self.rollbackPlan
        return lane
    }

    static let rollbackPlan = Wire.RollbackPlan(
        version: "1.3.1", isWarm: true, expected: 200, isMeasured: true, drain: 30_000,
        sentence: "Back to 1.3.1 in about 0.2 s: it is up, so it takes one switch of the traffic.")

    static let hold = Wire.Guard(by: "ana", reason: "incident 12", since: at, until: at, subject: "lane")

    static var status: Wire.Status {
        Wire.Status(
            position: 7,
            services: [Wire.Service(name: "shop", owner: "web-team", definition: 2, environments: [self.lane()])],
            alarm: Wire.Alarm(
                kind: "ledgerDamaged", reason: "The ledger is damaged: the event at position 3 is missing.",
                nextAction: "restore a backup", since: self.at))
    }

    static func release(_ id: String = "rel-1.4.0", state: Wire.ReleaseState = .built) -> Wire.Release {
        var release = Wire.Release(
            id: id, service: "shop", version: "1.4.0", commit: "9fceb02d0ae598e95dc970b74767f19372d61af8", state: state,
            by: "ana", createdAt: self.at)
        release.artifacts = [
            Wire.Artifact(name: "dist", digest: "sha256:" + String(repeating: "ab", count: 32), bytes: 48_213)
        ]
        release.reason = "built"
        release.subject = "feat: a basket that remembers"
        release.author = "Ana Berg"
        release.endedAt = self.at
        release.tests = Wire.Tests(passed: 212, failed: 1, errors: 0, skipped: 3, failures: ["BasketTests.total"])
        release.tag = "v1.4.0"
        release.prunedAt = self.at
        release.tagProblem = "`git tag` failed: the disk is full"
        release.verifiedIn = ["development", "staging"]
        release.blockedIn = ["qa"]
        return release
    }

    static let pruned = Wire.Pruned(
        dryRun: false, bytes: 48_213, kept: 10,
        releases: [Wire.PrunedRelease(release: "rel-1.0.0", service: "shop", version: "1.0.0", bytes: 48_213)])

    static func change(_ state: String = "requested") -> Wire.Change {
        Wire.Change(
            id: "chg-7", promotion: "shop/production/4", service: "shop", environment: "production",
            release: "rel-1.5.0", version: "1.5.0", state: state, by: "ana", from: ["release-managers"], count: 1,
            approvals: [Wire.Word(by: "cleo", at: self.at, reason: "read it")], missing: "1 of: ben, dora")
    }

    static func event(_ position: Int, stream: String = "lane/shop/production") -> Wire.Event {
        Wire.Event(
            position: position, stream: stream, number: position, kind: "stepEnded", kindVersion: 1, at: self.at,
            actor: "system", cause: "42", body: #"{"step":1,"text":"\#u{1F680} \"quoted\"\n"}"#, hash: "00ff")
    }

    static let why = Wire.Why(
        id: "shop/production/3",
        sentences: [Wire.Sentence(at: at, actor: "ana", text: "asked for 1.4.0", position: 3)])

    static let output = Wire.Output(text: "compiling\ndone\n", next: 15, isComplete: true)
    static let audit = Wire.Audit(records: 7, streams: 3, seals: 1, verified: true, problem: "none")

    static func token(secret: String?) -> Wire.Token {
        Wire.Token(
            name: "laptop", owner: "ana", createdAt: self.at, revokedAt: self.at, secret: secret,
            scope: "release of shop")
    }

    static let session = Wire.Session(
        name: "0123456789ab", actor: "person:ana", means: "password", address: "10.0.0.1", agent: "Browser 1",
        createdAt: at, lastUsedAt: at)

    static let invitation = Wire.Invitation(person: "ana", link: "https://slipway.example/link/s3", expiresAt: at)
}
