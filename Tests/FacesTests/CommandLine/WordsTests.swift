import APIClient
import Testing

/// What people read.
@Suite struct WordsTests {
    private static var production: Wire.Lane {
        var lane = Wire.Lane(service: "shop", environment: "production")
        lane.listen = "127.0.0.1:7003"
        lane.serving = [
            Wire.Serving(version: "1.1.0", release: "r-a", weight: 9_950, state: "verified", until: nil),
            Wire.Serving(version: "1.2.0", release: "r-b", weight: 50, state: "in deployment", until: nil),
        ]
        var deployment = Wire.Promotion.sample(.deploying)
        deployment.strategy = "blueGreen"
        deployment.steps = ["start instances", "verify", "switch", "bake"]
        deployment.step = 1
        lane.deployment = deployment
        var next = Wire.Promotion.sample(.waiting, number: 4)
        next.version = "1.3.0"
        next.waitsFor = [
            Wire.Gate(gate: "tests", verdict: "pass", reason: "passed", passesAt: nil),
            Wire.Gate(
                gate: "soak", verdict: nil, reason: "4 of 10 min in staging", passesAt: "2026-01-05T09:06:00.000Z"),
        ]
        lane.queue = [next]
        lane.hold = Wire.Guard(by: "ada", reason: "look\u{1B}[1m first", since: nil, until: nil, subject: nil)
        lane.alarm = Wire.Alarm(kind: "stuck", reason: "The router is gone.", nextAction: "see its log", since: "")
        return lane
    }

    @Test func `following an output says each line once, also of two instances`() {
        func output(_ text: String) -> Wire.Output { Wire.Output(text: text, next: 0, isComplete: true) }
        let first = output("[1] a\n[1] b\n[2] a\n")
        #expect(output("[1] a\n[1] b\n[2] a\n").added(since: first) == "")
        #expect(output("[1] a\n[1] b\n[1] b\n[2] a\n[2] c\n").added(since: first) == "[1] b\n[2] c\n")
        #expect(output("[1] b\n[1] d\n[2] a\n").added(since: first) == "[1] d\n")
        #expect(first.added(since: output("")) == first.text)
    }

    @Test func `status is a table with notes`() async {
        var development = Wire.Lane(service: "shop", environment: "development")
        development.listen = "127.0.0.1:7001"
        let shop = Wire.Service(
            name: "shop", owner: "web", definition: 3, environments: [development, Self.production])
        let run = await CommandRun.of("status", status: Wire.Status(position: 1, services: [shop]))
        #expect(
            run.out == """
                shop (owner web, definition 3)
                  ENVIRONMENT  SERVES                      ADDRESS         UNDER WAY
                  development  -                           127.0.0.1:7001  -
                  production   1.1.0 99.5 % + 1.2.0 0.5 %  127.0.0.1:7003  1.2.0: deploying, blueGreen, step 2 of 4: verify
                      ALARM: The router is gone. Next: see its log.
                      shop/production/3
                      1.3.0 waits for soak: 4 of 10 min in staging (passes at 09:06:00) (shop/production/4)
                      held by ada: look?[1m first (`slipway hold remove shop --env production --reason …` releases it)
                """)
    }

    @Test func `a lane that a block or a pin keeps still names the command that ends it`() async {
        var lane = Wire.Lane(service: "shop", environment: "production")
        lane.pin = Wire.Guard(by: "ada", reason: "fair", since: nil, until: nil, subject: "1.1.0")
        lane.blocks = [Wire.Guard(by: "judge", reason: "errors", since: nil, until: nil, subject: "r-b")]
        let shop = Wire.Service(name: "shop", owner: "web", definition: 3, environments: [lane])
        let run = await CommandRun.of("status", status: Wire.Status(position: 1, services: [shop]))
        #expect(run.out.contains("fair (`slipway pin remove shop --env production --reason …` releases it)"))
        #expect(run.out.contains("errors (`slipway block remove r-b --env production --reason …` lifts it)"))
    }

    @Test func `what the judge says and asks stands below the row`() async {
        var lane = Wire.Lane(service: "shop", environment: "production")
        var deployment = Wire.Promotion.sample(.paused)
        deployment.pausedBy = "judge"
        deployment.strategy = "canary"
        deployment.steps = ["shift to 5 %", "observe at 5 %"]
        deployment.step = 1
        deployment.judgement = Samples.judgement
        deployment.answers = Samples.answers
        lane.deployment = deployment
        let shop = Wire.Service(
            name: "shop", owner: "web", definition: 3, environments: [lane],
            watchTrouble: "there is no branch `\u{1B}x`")
        let run = await CommandRun.of("status", status: Wire.Status(position: 1, services: [shop]))
        #expect(
            run.out == """
                shop (owner web, definition 3)
                  the branch that it watches: there is no branch `?x`
                  ENVIRONMENT  SERVES  ADDRESS  UNDER WAY
                  production   -       -        1.2.0: paused, canary, step 2 of 2: observe at 5 %
                      shop/production/3 was paused by judge
                      judge, as of 05:30:00: errors: 1.4.0 failed 12 of 300 requests
                      watch out: memory grows by 3 MiB a minute
                      continue: slipway skip shop/production/3 --reason …  (goes on to the next step)
                      extend: slipway resume shop/production/3 --reason …  (watches this step once more)
                      abort: slipway abort shop/production/3 --reason …  (returns the traffic)
                """)
    }

    @Test func `a promotion is shown with what the judgement rests on`() async throws {
        var promotion = Wire.Promotion.sample(.aborted)
        promotion.judgement = Samples.judgement
        promotion.judgement?.ratioAtMost = nil
        var server = CannedServer()
        try server.answer("POST /promotions/shop/production/3/pause", promotion)
        let run = try await server.run {
            await CommandRun.of("pause", "shop/production/3", "--reason", "look", "--server", $0)
        }
        #expect(
            run.out == """
                shop/production/3: 1.2.0 into production: aborted
                  judge: errors: 1.4.0 failed 12 of 300 requests
                  judge: verdict as of 05:30:00: fail, 1.4.0 12 errors in 300 requests, 1.3.2 3 errors in 5700 requests
                  judge: Error odds, new to old: at least 12.5, not bounded above yet. Evidence in nats: harm 14.2, safe -3.125.
                  judge: watch out: memory grows by 3 MiB a minute
                """)
    }

    @Test func `a status of nothing says how to begin`() async {
        let run = await CommandRun.of("status")
        #expect(run.out.contains("slipway init"))
    }

    @Test func `the queue is a table`() async throws {
        var waiting = Wire.Promotion.sample(.waiting)
        waiting.requestedAt = "2026-01-05T09:00:00.250Z"
        waiting.change = "c-7"
        waiting.waitsFor = [Wire.Gate(gate: "approval", verdict: nil, reason: "ada is missing", passesAt: nil)]
        var server = CannedServer()
        try server.answer("GET /queue", [waiting, Wire.Promotion.sample(.waiting, number: 12)])
        let run = try await server.run { await CommandRun.of("queue", "--server", $0) }
        #expect(
            run.out == """
                PROMOTION           VERSION  BY   SINCE                CHANGE  WAITS
                shop/production/3   1.2.0    ada  2026-01-05 09:00:00  c-7     for approval: ada is missing
                shop/production/12  1.2.0    ada  -                    -       for its turn
                """)
    }

    @Test func `a release is shown with what is known of it`() async throws {
        var release = Wire.Release(
            id: "r-aa", service: "shop", version: "1.2.0", commit: "0123456789abcdef", state: .built, by: "ada",
            createdAt: "2026-01-05T09:00:00.250Z")
        release.subject = "feat: gift cards"
        release.artifacts = [Wire.Artifact(name: "dist", digest: "sha256:00", bytes: 12)]
        release.tests = Wire.Tests(passed: 3, failed: 1, errors: 0, skipped: 0, failures: ["cart: empty"])
        release.verifiedIn = ["development", "staging"]
        release.reversible = false
        var server = CannedServer()
        try server.answer("GET /releases/r-aa", release)
        try server.answer("GET /releases?limit=20", [release])
        let runs = try await server.run { address in
            [
                await CommandRun.of("release", "show", "r-aa", "--server", address),
                await CommandRun.of("release", "list", "--server", address),
            ]
        }
        #expect(
            runs[0].out == """
                shop 1.2.0: built
                  id          r-aa
                  commit      0123456789abcdef  feat: gift cards
                  made        2026-01-05 09:00:00 by ada
                  artifact    dist  sha256:00  12 bytes
                  tests       3 passed, 1 failed, 0 errors, 0 skipped
                    cart: empty
                  way back    no: forward only
                  verified in development, staging
                """)
        #expect(
            runs[1].out == """
                RELEASE  SERVICE  VERSION  STATE  COMMIT      MADE                 VERIFIED IN           SUBJECT
                r-aa     shop     1.2.0    built  0123456789  2026-01-05 09:00:00  development, staging  feat: gift cards
                """)
    }

    @Test func `apply says what changed`() async throws {
        var server = CannedServer()
        try server.answer(
            "POST /services/apply",
            Wire.Applied(
                service: "shop", definition: 4, changed: true, differences: ["production: bake 0s -> 1m"], plan: false))
        try server.answer(
            "POST /services/apply",
            Wire.Applied(
                service: "shop", definition: 4, changed: false, differences: [], warnings: ["production: nobody can"],
                plan: true))
        let outs = try await server.run { address in
            let file = #filePath
            return [
                await CommandRun.of("apply", file, "--server", address).out,
                await CommandRun.of("apply", file, "--plan", "--server", address).out,
            ]
        }
        #expect(outs[0] == "shop: definition 4 holds now\n  production: bake 0s -> 1m")
        #expect(outs[1] == "shop: nothing would change; definition 4 says the same.\n  warning: production: nobody can")
    }
}
