import APIClient
import Foundation
import Testing

/// What the verbs ask of the server, what they print, and how they end.
@Suite struct ServerVerbTests {
    @Test func `promote asks once and prints the promotion`() async throws {
        var server = CannedServer()
        try server.answer("POST /promotions", status: 202, Wire.Promotion.sample(.waiting))
        let run = try await server.run {
            await CommandRun.of("promote", "shop@1.2.0", "--to", "production", "--server", $0)
        }
        #expect(run.code == 0)
        #expect(run.out == "shop/production/3: 1.2.0 into production: waiting")
        #expect(server.requests == [#"POST /promotions {"environment":"production","release":"shop@1.2.0"}"#])
    }

    @Test(
        arguments: [
            (.completed, 0), (.failed, 1), (.aborted, 1), (.superseded, 1), (.rejected, 1), (.cancelled, 1),
            (.expired, 1), (.rolledBack, 1),
        ] as [(Wire.PromotionState, Int32)])
    func `promote --wait ends as the promotion does`(state: Wire.PromotionState, code: Int32) async throws {
        var server = CannedServer()
        try server.answer("POST /promotions", Wire.Promotion.sample(.waiting))
        try server.answer("GET /promotions/shop/production/3", Wire.Promotion.sample(.deploying))
        try server.answer("GET /promotions/shop/production/3", Wire.Promotion.sample(state))
        let run = try await server.run {
            await CommandRun.of("promote", "r-aa", "--to", "production", "--wait", "--json", "--server", $0)
        }
        #expect(run.code == code)
        let printed = try JSONDecoder().decode(Wire.Promotion.self, from: Data(run.out.utf8))
        #expect(printed.state == state)
        #expect(run.err.split(separator: "\n").count == 3)
    }

    @Test func `promote --wait --timeout ends with 4 while a person is waited for`() async throws {
        var waiting = Wire.Promotion.sample(.waiting)
        waiting.waitsFor = [
            Wire.Gate(gate: "approval", verdict: nil, reason: "one of release-managers is missing", passesAt: nil)
        ]
        waiting.change = "c-9"
        var server = CannedServer()
        try server.answer("POST /promotions", waiting)
        try server.answer("GET /promotions/shop/production/3", waiting)
        let run = try await server.run {
            await CommandRun.of("promote", "r-aa", "--to", "production", "--wait", "--timeout", "200ms", "--server", $0)
        }
        #expect(run.code == 4)
        #expect(run.err.contains("still waits for approval: one of release-managers is missing"))
        #expect(run.out.contains("change: c-9 (`slipway approve c-9 --reason …`)"))
    }

    @Test func `the verbs of people ask for what they say`() async throws {
        let person = Wire.Person(id: "bob", name: "Bob", emails: [], active: true, teams: [], since: "-")
        let team = Wire.Team(name: "leads", groups: [], members: ["bob"], accounts: [], since: "-")
        let grant = Wire.Grant(subject: "team:leads", right: "approve", scope: "environment:prod", by: "-", at: "-")
        let runs: [(arguments: [String], operation: String, answer: any Encodable & Sendable, request: String)] = [
            (
                ["person", "add", "bob", "--name", "Bob", "--email", "b@x.org"], "POST /people", person,
                #"{"emails":"b@x.org","id":"bob","name":"Bob"}"#
            ),
            (
                ["person", "deactivate", "bob", "--reason", "left"], "POST /people/bob/deactivate", person,
                #"{"reason":"left"}"#
            ),
            (["team", "add", "leads", "--group", "/l"], "POST /teams", team, #"{"groups":"/l","name":"leads"}"#),
            (["team", "add-member", "leads", "bob"], "POST /teams/leads/members", team, #"{"person":"bob"}"#),
            (["team", "remove-member", "leads", "bob"], "DELETE /teams/leads/members/bob", team, ""),
            (["team", "add-account", "leads", "ci"], "POST /teams/leads/accounts", team, #"{"account":"ci"}"#),
            (
                ["grant", "add", "approve:*/prod", "--to", "team:leads"], "POST /grants", [grant],
                #"{"right":"approve","scope":"environment:prod","subject":"team:leads"}"#
            ),
            (
                ["grant", "remove", "view", "--to", "bob"], "POST /grants/remove", [grant],
                #"{"right":"view","scope":"organisation","subject":"person:bob"}"#
            ),
            (
                ["token", "create", "ci", "--may", "promote:shop/qa", "--may", "view:shop", "--expires", "30d"],
                "POST /tokens", Wire.Token(name: "ci", owner: "ci", createdAt: "-", revokedAt: nil, secret: "s"),
                #"{"lasting":2592000000,"name":"ci","owner":"ci","rights":"promote@lane:shop/qa,view@service:shop"}"#
            ),
        ]
        for run in runs {
            var server = CannedServer()
            try server.answer(run.operation, run.answer)
            let ended = try await server.run { await CommandRun.of(run.arguments + ["--server", $0]) }
            #expect(ended.code == 0, "\(run.arguments): \(ended.err)")
            #expect(server.requests == [run.operation + (run.request.isEmpty ? "" : " " + run.request)])
        }
        for wrong in [
            ["grant", "add", "fly", "--to", "bob"], ["grant", "add", "view:a/b/c", "--to", "bob"],
            ["grant", "add", "view", "--to", "judge:bob"], ["person", "add", "-b d"],
            ["token", "add", "x", "--may", "*"],
        ] {
            #expect(await CommandRun.of(wrong + ["--server", "http://127.0.0.1:1"]).code == 2, "\(wrong)")
        }
    }

    @Test func `skip ends a wait, and with --hand-over lets the next take over`() async throws {
        for (option, verb) in [([], "skip"), (["--hand-over"], "hand-over")] as [([String], String)] {
            var server = CannedServer()
            try server.answer("POST /promotions/shop/production/3/\(verb)", Wire.Promotion.sample(.deploying))
            let run = try await server.run {
                await CommandRun.of(
                    ["skip", "shop/production/3"] + option + ["--reason", "next", "--server", $0])
            }
            #expect(run.code == 0)
            #expect(server.requests == ["POST /promotions/shop/production/3/\(verb) {\"reason\":\"next\"}"])
        }
    }

    @Test func `rollback returns when the traffic is there, not when it is asked for`() async throws {
        var deploying = Wire.Promotion.sample(.deploying)
        deploying.kind = "rollback"
        deploying.weight = 10_000
        var server = CannedServer()
        try server.answer("GET /lanes/shop/production/rollback?to=1.2.0", Samples.rollbackPlan)
        try server.answer("POST /lanes/shop/production/rollback", deploying)
        try server.answer("GET /promotions/shop/production/3", deploying)
        try server.answer("GET /promotions/shop/production/3", deploying)
        try server.answer("GET /promotions/shop/production/3", Wire.Promotion.sample(.rolledBack))
        // What is wanted is there at once, also where the router has not heard of it yet.
        var lane = Wire.Lane(service: "shop", environment: "production")
        lane.serving = [Wire.Serving(version: "1.2.0", release: "r-aa", weight: 10_000, state: "verified", until: nil)]
        try server.answer("GET /lanes/shop/production", lane)
        let run = try await server.run {
            await CommandRun.of(
                "rollback", "shop", "--env", "production", "--to", "1.2.0", "--reason", "slow", "--server", $0)
        }
        #expect(run.code == 0)
        #expect(server.requests.filter { $0 == "GET /promotions/shop/production/3" }.count == 3, "\(server.requests)")
        #expect(server.requests[0] == "GET /lanes/shop/production/rollback?to=1.2.0")
        #expect(
            server.requests[1] == #"POST /lanes/shop/production/rollback {"reason":"slow","subject":"1.2.0"}"#)
        #expect(run.err.hasPrefix(Samples.rollbackPlan.sentence), "said before: \(run.err)")
    }

    @Test(arguments: [("forward", 0), ("rollback", 1)] as [(String, Int32)])
    func `a rollback that stops a deployment on its way is done when that is taken back`(kind: String, code: Int32)
        async throws
    {
        var aborted = Wire.Promotion.sample(.aborted)
        aborted.kind = kind
        var server = CannedServer()
        try server.answer("POST /lanes/shop/production/rollback", aborted)
        try server.answer("GET /promotions/shop/production/3", aborted)
        let run = try await server.run {
            await CommandRun.of("rollback", "shop", "--env", "production", "--reason", "slow", "--server", $0)
        }
        #expect(run.code == code)
    }

    @Test func `a rollback goes on where nobody can say how long it takes`() async throws {
        var server = CannedServer()
        try server.answer("POST /lanes/shop/production/rollback", Wire.Promotion.sample(.rolledBack))
        try server.answer("GET /promotions/shop/production/3", Wire.Promotion.sample(.rolledBack))
        let run = try await server.run {
            await CommandRun.of("rollback", "shop", "--env", "production", "--reason", "slow", "--server", $0)
        }
        #expect(run.code == 0)
        #expect(server.requests.contains { $0.hasPrefix("POST /lanes/shop/production/rollback") })
    }

    @Test func `rollback --plan says how long it would take, and does nothing`() async throws {
        var server = CannedServer()
        try server.answer("GET /lanes/shop/production/rollback", Samples.rollbackPlan)
        for json in [[], ["--json"]] {
            let run = try await server.run {
                await CommandRun.of(["rollback", "shop", "--env", "production", "--plan", "--server", $0] + json)
            }
            #expect(run.code == 0)
            #expect(run.out.contains(Samples.rollbackPlan.sentence))
        }
        #expect(server.requests.allSatisfy { $0.hasPrefix("GET /lanes/shop/production/rollback") })
        let without = await CommandRun.of("rollback", "shop", "--env", "production")
        #expect(without.code == 2)
        #expect(without.err.contains("--reason"))
    }

    @Test(arguments: [(.aborted, 0), (.completed, 1)] as [(Wire.PromotionState, Int32)])
    func `abort waits for the end`(state: Wire.PromotionState, code: Int32) async throws {
        var server = CannedServer()
        try server.answer("POST /promotions/shop/production/3/abort", Wire.Promotion.sample(.returning))
        try server.answer("GET /promotions/shop/production/3", Wire.Promotion.sample(state))
        let run = try await server.run {
            await CommandRun.of("abort", "shop/production/3", "--reason", "errors", "--server", $0)
        }
        #expect(run.code == code)
    }

    @Test(arguments: [
        (["pause", "shop/production/3"], "POST /promotions/shop/production/3/pause"),
        (["resume", "shop/production/3"], "POST /promotions/shop/production/3/resume"),
        (["retry", "shop/production/3"], "POST /promotions/shop/production/3/retry"),
        (["skip", "shop/production/3"], "POST /promotions/shop/production/3/skip"),
        (["cancel", "shop/production/3"], "POST /promotions/shop/production/3/cancel"),
    ])
    func `a verb on a promotion is one request`(words: [String], operation: String) async throws {
        var server = CannedServer()
        try server.answer(operation, Wire.Promotion.sample(.paused))
        let run = try await server.run { await CommandRun.of(words + ["--reason", "r", "--server", $0]) }
        #expect(run.code == 0)
        #expect(server.requests == [operation + #" {"reason":"r"}"#])
    }

    @Test(arguments: [
        (["hold", "add"], "hold"), (["hold", "remove"], "unhold"), (["pin", "remove"], "unpin"),
        (["alarm", "clear"], "clear-alarm"),
    ])
    func `a verb on a lane is one request`(words: [String], verb: String) async throws {
        var server = CannedServer()
        try server.answer("POST /lanes/shop/production/\(verb)", Wire.Lane(service: "shop", environment: "production"))
        let run = try await server.run {
            await CommandRun.of(words + ["shop", "--env", "production", "--reason", "r", "--server", $0])
        }
        #expect(run.code == 0)
        #expect(server.requests == [#"POST /lanes/shop/production/\#(verb) {"reason":"r"}"#])
    }

    @Test func `block finds the service of the release`() async throws {
        var server = CannedServer()
        let release = Wire.Release(
            id: "r-aa", service: "shop", version: "1.2.0", commit: "abc", state: .built, by: "ada", createdAt: "")
        try server.answer("GET /releases/shop%401.2.0", release)
        try server.answer("POST /lanes/shop/production/block", Wire.Lane(service: "shop", environment: "production"))
        let run = try await server.run {
            await CommandRun.of("block", "add", "shop@1.2.0", "--env", "production", "--reason", "r", "--server", $0)
        }
        #expect(run.code == 0)
        #expect(server.requests.count == 2)
    }

    @Test func `release create shows the build's output and ends with 1 when it failed`() async throws {
        var release = Wire.Release(
            id: "r-aa", service: "shop", version: "1.2.0", commit: "abc", state: .building, by: "ada", createdAt: "")
        var server = CannedServer()
        try server.answer("POST /releases", status: 202, release)
        try server.answer(
            "GET /releases/r-aa/log?offset=0", Wire.Output(text: "cc -o shop\n", next: 11, isComplete: false))
        try server.answer("GET /releases/r-aa/log?offset=11", Wire.Output(text: "", next: 11, isComplete: false))
        try server.answer(
            "GET /releases/r-aa/log?offset=11", Wire.Output(text: "no \u{1B}[2Jsuch file\n", next: 30, isComplete: true)
        )
        release.state = .failed
        release.reason = "the build ended with 2"
        try server.answer("GET /releases/r-aa", release)
        let run = try await server.run {
            await CommandRun.of("release", "create", "--json", "--server", $0, folder: "/src")
        }
        #expect(run.code == 1)
        #expect(run.err.contains("  | cc -o shop\n"))
        #expect(run.err.contains("  | no ?[2Jsuch file\n"))
        #expect(run.err.contains("The build of shop 1.2.0 failed: the build ended with 2"))
        #expect(try JSONDecoder().decode(Wire.Release.self, from: Data(run.out.utf8)) == release)
        #expect(server.requests[0] == #"POST /releases {"ref":"HEAD","repository":"/src"}"#)
    }

    @Test func `what the server refuses is its sentence, on standard error, with 1`() async throws {
        var server = CannedServer()
        try server.answer(
            "POST /promotions", status: 409,
            Wire.Problem(title: "Refused", status: 409, detail: "1.2.0 is blocked in production.", code: "blocked"))
        let run = try await server.run { await CommandRun.of("promote", "r-aa", "--to", "production", "--server", $0) }
        #expect(run.code == 1)
        #expect(run.out.isEmpty)
        #expect(run.err == "slipway: 1.2.0 is blocked in production.")
    }

    @Test func `the token of the environment is sent, and server and token are found in the data folder`() async throws
    {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("cli-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var server = CannedServer()
        try server.answer("GET /queue", [Wire.Promotion]())
        let runs = try await server.run { address in
            let file = Connection.ServerFile(address: address, pid: 1)
            try JSONEncoder().encode(file).write(to: folder.appendingPathComponent(Connection.ServerFile.name))
            try Data("own\n".utf8).write(to: folder.appendingPathComponent(Connection.ServerFile.tokenName))
            return [
                await CommandRun.of("queue", environment: ["SLIPWAY_SERVER": address, "SLIPWAY_TOKEN": "given"]),
                await CommandRun.of("queue", "--data", folder.path),
            ]
        }
        #expect(runs.map(\.code) == [0, 0])
        #expect(runs[0].out == "Nothing waits.")
        #expect(server.requests == ["GET /queue Bearer given", "GET /queue Bearer own"])
    }

    @Test func `log of a promotion is its part of its lane`() async throws {
        var server = CannedServer()
        try server.answer(
            "GET /events?stream=lane%2Fshop%2Fproduction&after=0&limit=1000",
            [
                Wire.Event.sample(1, "lane.requested", #"{"number":2}"#),
                .sample(2, "lane.requested", #"{"number":3}"#),
                .sample(3, "lane.ended", #"{"number":2}"#), .sample(4, "lane.routingWanted", "{}"),
                .sample(5, "lane.ended", #"{"number":3}"#), .sample(6, "lane.held", "{}"),
            ])
        let run = try await server.run { await CommandRun.of("log", "shop/production/3", "--server", $0) }
        #expect(run.code == 0)
        #expect(run.out.split(separator: "\n").map { $0.prefix(8) } == ["     2  ", "     4  ", "     5  "])
        #expect(run.out.contains("2026-01-05 09:00:00  lane/shop/production #2  lane.requested  by ada"))
    }
}
