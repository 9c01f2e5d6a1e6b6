import Core
import ServiceFile
import Testing

@Suite struct ReadingTests {
    /// The environment `e` of a file that says this about it, one key a line.
    private func environment(_ lines: String...) throws -> EnvironmentDefinition {
        let text =
            "service: a\nrun: ./a\nenvironments:\n  before:\n  e:\n    listen: 127.0.0.1:7001\n    after: before\n"
            + lines.map { "    \($0)\n" }.joined()
        let environments = try ServiceFile.read(text).definition.environments
        return try #require(environments.last)
    }

    @Test func `the example reads as it says`() throws {
        let contents = try ServiceFile.read(ServiceFile.example)
        let release = contents.configuration
        #expect(contents.definition.service.text == "storefront")
        #expect(contents.definition.owner == "web-team")
        #expect(release.version == .semver)
        #expect(release.watch == "main")
        var build = BuildConfiguration(command: "make release", artifact: "dist/")
        build.tests = "junit.xml"
        #expect(release.build == build)
        var run = RunCommand(command: "./storefront --port $PORT")
        run.replicas = 2
        run.health.path = "/healthz"
        run.health.within = .seconds(20)
        run.variables = ["LOG_LEVEL": "info"]
        run.secrets = [try #require(SecretName("DB_PASSWORD"))]
        #expect(release.run == run)
        var contract = TaskCommand(run: "./migrate contract")
        contract.irreversible = true
        #expect(release.tasks.before == TaskCommand(run: "./migrate expand"))
        #expect(release.tasks.afterTraffic == nil)
        #expect(release.tasks.afterBake == contract)
        #expect(release.reversible)
    }

    @Test func `the environments of the example read as they say`() throws {
        let environments = try ServiceFile.read(ServiceFile.example).definition.environments
        #expect(environments.map(\.name.text) == ["development", "staging", "production"])
        #expect(environments[0].promotion == .automatically)
        #expect(environments[0].strategy == .bigBang)
        #expect(environments[1].verify == [.run("./smoke.sh $URL", within: .minutes(5))])
        let production = environments[2]
        #expect(production.listen == ListenAddress("127.0.0.1:7003"))
        #expect(production.after.map(\.text) == ["staging"])
        #expect(production.promotion == .byHand)
        #expect(production.gates == [.tests, .soak(.minutes(10)), .approval(from: ["release-managers"], count: 1)])
        #expect(production.strategy == .canary(.standard))
        #expect(production.objective == nil, "one in a hundred is the standard")
        #expect(production.verify == [.http(path: "/", status: 200, within: .seconds(10))])
        #expect(production.bake == .minutes(30))
        #expect(production.keepWarm == .minutes(90))
        #expect(production.queue == .finish)
        let hook = Notify(channel: .webhook("https://chat.example.org/hook"), on: [.failed, .aborted, .waiting])
        #expect(production.notify == [hook])
    }

    @Test func `what is left out has the defaults of Core`() throws {
        let contents = try ServiceFile.read("service: a\nrun: ./a\nenvironments:\n  only:\n")
        let name = try #require(EnvironmentName("only"))
        #expect(contents.definition.environments == [EnvironmentDefinition(name: name)])
        #expect(contents.definition.owner == "a")
        var configuration = RunConfiguration()
        configuration.run = RunCommand(command: "./a")
        #expect(contents.configuration == configuration)
    }

    @Test func `every key of the release is read`() throws {
        let release = try ServiceFile.read(
            """
            service: a
            version: semver
            watch: release/1.x
            reversible: false
            build: { command: make, artifact: out/app.tar, tests: out/junit.xml, within: 1h30m }
            run:
              command: |
                exec ./a \\
                  --port $PORT
              replicas: 3
              health: { path: "/ready?full=1", within: 500ms }
              variables: { A: "", B: on, C: 010, D: 1:30, E: "null", _F: 1.10 }
            tasks:
              before: { run: ./before, within: 5s }
              afterTraffic: ./warm
              afterBake: { run: ./after }
            environments: { e: }
            """
        ).configuration
        #expect(release.watch == "release/1.x")
        #expect(!release.reversible)
        #expect(release.build?.artifact == "out/app.tar")
        #expect(release.build?.tests == "out/junit.xml")
        #expect(release.build?.within == .minutes(90))
        #expect(release.run?.command == "exec ./a \\\n  --port $PORT\n")
        #expect(release.run?.replicas == 3)
        #expect(release.run?.health.path == "/ready?full=1")
        #expect(release.run?.health.within == Milliseconds(500))
        #expect(
            release.run?.variables
                == ["A": "", "B": "on", "C": "010", "D": "1:30", "E": "null", "_F": "1.10"])
        #expect(release.tasks.before?.within == .seconds(5))
        #expect(release.tasks.afterTraffic == TaskCommand(run: "./warm"))
        #expect(release.tasks.afterBake == TaskCommand(run: "./after"))
    }

    @Test func `every key of an environment is read`() throws {
        let read = try self.environment(
            "promote: by hand", "gates: [ soak: 1d ]", "strategy: { blueGreen: { hold: 2m } }", "bake: 1h",
            "keepWarm: 3h",
            "queue: latest", "drain: 0s", "replicas: 64", "variables: { A: b }", "previewHeader: X-Preview",
            "verify: [ { run: ./t, within: 9s }, { http: { path: /x, status: 404, within: 1m } }, { http: /y } ]",
            "notify: [ ./tell, { run: ./tell, on: completed }, { webhook: 'http://127.0.0.1:9/x', on: [rolledBack] } ]")
        var expected = EnvironmentDefinition(name: read.name)
        expected.listen = ListenAddress("127.0.0.1:7001")
        expected.after = ["before"].compactMap { EnvironmentName($0) }
        expected.gates = [.soak(.hours(24))]
        expected.strategy = .blueGreen(hold: .minutes(2))
        expected.bake = .hours(1)
        expected.keepWarm = .hours(3)
        expected.queue = .latest
        expected.drain = .zero
        expected.replicas = 64
        expected.variables = ["A": "b"]
        expected.previewHeader = "X-Preview"
        expected.verify = [
            .run("./t", within: .seconds(9)), .http(path: "/x", status: 404, within: .minutes(1)),
            .http(path: "/y", status: 200, within: .seconds(10)),
        ]
        expected.notify = [
            Notify(channel: .run("./tell"), on: [.failed, .aborted, .rolledBack, .waiting, .warning, .alert]),
            Notify(channel: .run("./tell"), on: [.completed]),
            Notify(channel: .webhook("http://127.0.0.1:9/x"), on: [.rolledBack]),
        ]
        #expect(read == expected)
    }

    @Test func `a canary is read as it says`() throws {
        let read = try self.environment(
            "strategy:", "  canary:", "    steps: [0.01, 0.5%, 5, '12.5 %', 100%]",
            "    each: { atLeast: 2s, atMost: 3s }",
            "    observe: 1s", "    whenTimeIsUp: pause", "noData: { wait: 30s }", "objective: { errors: 0.05% }",
            "userKey: { cookie: session.id }", "notify: { run: ./tell, on: warning }")
        let settings = CanarySettings(
            steps: [1, 50, 500, 1_250, 10_000].compactMap { BasisPoints($0) },
            each: StepTimes(atLeast: .seconds(2), atMost: .seconds(3)), observe: .seconds(1), whenTimeIsUp: .pause)
        #expect(read.strategy == .canary(settings))
        #expect(read.noData == .wait(.seconds(30)))
        #expect(read.objective == ErrorRate(perMillion: 500))
        #expect(read.userKey == .cookie("session.id"))
        #expect(read.notify == [Notify(channel: .run("./tell"), on: [.warning])])
    }

    @Test func `rolling is read as it says, and looks no later than a step may end`() throws {
        let read = try self.environment(
            "replicas: 6", "strategy: { rolling: { batch: 2, each: { atLeast: 2s } } }", "noData: fail",
            "userKey: { header: X-User }")
        let settings = RollingSettings(
            batch: 2, each: StepTimes(atLeast: .seconds(2), atMost: .minutes(5)), observe: .seconds(2))
        #expect(read.strategy == .rolling(settings))
        #expect(read.noData == .fail)
        #expect(read.userKey == .header("X-User"))
    }

    @Test func `a strategy's word alone is its standard, and the standard is stored as nothing`() throws {
        for word in ["canary", "{ canary: {} }", "{ canary: { steps: [5, 25, 50, 100], observe: 5s } }"] {
            #expect(try self.environment("strategy: \(word)").strategy == .canary(.standard))
        }
        for word in ["rolling", "{ rolling: {} }", "{ rolling: { batch: 1 } }"] {
            #expect(try self.environment("replicas: 2", "strategy: \(word)").strategy == .rolling(.standard))
        }
        for line in [
            "noData: wait 5m", "noData: wait", "noData: { wait: 5m }", "objective: { errors: 1 }", "objective: {}",
        ] {
            #expect(try self.environment(line) == self.environment("bake: 0s"))
        }
        #expect(try self.environment("noData: wait 1m") == self.environment("noData: { wait: 1m }"))
    }

    @Test func `short forms mean the same as long ones`() throws {
        #expect(try self.environment("strategy: blueGreen") == self.environment("strategy: { blueGreen: {} }"))
        #expect(
            try self.environment("gates: [ approval: { from: anna } ]")
                == self.environment("gates:", "  - approval:", "      from: [anna]", "      count: 1"))
        #expect(try self.environment("verify: [ { http: / } ]") == self.environment("verify: [ http: { path: / } ]"))
        #expect(try self.environment("notify: ./x") == self.environment("notify: [ { run: ./x } ]"))
        let short = try ServiceFile.read("service: a\nrun: ./a\nenvironments: { b: , c: { after: b } }")
        let long = try ServiceFile.read(
            "service: a\nrun: { command: ./a, health: / }\nenvironments: { b: {}, c: { after: [b] } }")
        #expect(short == long)
    }

    @Test(arguments: [
        ("500ms", 500), ("10s", 10_000), ("1m", 60_000), ("2h", 7_200_000), ("1d", 86_400_000), ("1h30m", 5_400_000),
        ("1d1h1m1s1ms", 90_061_001), ("0s", 0), ("0d", 0), ("090s", 90_000),
    ])
    func `durations are read in milliseconds`(text: String, count: Int64) throws {
        #expect(try self.environment("bake: \(text)").bake == Milliseconds(count))
    }

    @Test(arguments: [
        "127.0.0.1:1", "0.0.0.0:65535", "localhost:8080", "'[::1]:8080'", "'[::]:80'", "255.255.255.255:32768",
    ])
    func `addresses are read`(text: String) throws {
        let text2 = text.filter { $0 != "'" }
        let contents = try ServiceFile.read("service: a\nrun: b\nenvironments:\n  e: { listen: \(text) }\n")
        #expect(contents.definition.environments[0].listen?.description == text2)
    }

    @Test func `a byte-order mark and Windows line ends are read`() throws {
        let text = "\u{FEFF}service: a\r\nrun: ./a\r\nenvironments:\r\n  e:\r\n    bake: 1m\r\n"
        #expect(try ServiceFile.read(text).definition.environments[0].bake == .minutes(1))
    }

    @Test func `shell text with ampersands and stars is no alias`() throws {
        let command = "make 2>&1 && ls *.o & wait; rm *a *a; ok &a"
        let contents = try ServiceFile.read("service: a\nrun: \(command)\nenvironments: { e: }")
        #expect(contents.configuration.run?.command == command)
    }
}
