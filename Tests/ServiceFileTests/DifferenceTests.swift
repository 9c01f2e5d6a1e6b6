import Core
import ServiceFile
import Testing

@Suite struct DifferenceTests {
    /// A definition of which this is said about production, one key a line.
    private func definition(_ production: [String]) throws -> Definition {
        try ServiceFile.read(
            "service: shop\nrun: ./a\nbuild: { command: a, artifact: b, tests: c }\nenvironments:\n  qa:\n  staging:\n"
                + "  production:\n    listen: 127.0.0.1:7001\n" + production.map { "    \($0)\n" }.joined()
        ).definition
    }

    private func sentences(_ old: Definition?, _ new: Definition) -> [String] {
        DefinitionDifference(from: old, to: new).changes.map(\.description)
    }

    @Test func `equal definitions differ in nothing`() throws {
        let example = try ServiceFile.read(ServiceFile.example).definition
        #expect(DefinitionDifference(from: example, to: example).isEmpty)
    }

    @Test func `a first definition names each environment`() throws {
        let example = try ServiceFile.read(ServiceFile.example).definition
        #expect(
            self.sentences(nil, example) == [
                "service: new service, owner `web-team`",
                "development: new environment, listen 127.0.0.1:7001, promote automatically, bigBang",
                "staging: new environment, listen 127.0.0.1:7002, after [development], promote automatically, bigBang",
                "production: new environment, listen 127.0.0.1:7003, after [staging], promote by hand, "
                    + "canary 5 %, 25 %, 50 %, 100 %, each 1m to 10m, observe 5s, advance-unless-doubt, "
                    + "gates [tests, soak 10m, approval 1 of release-managers]",
            ])
    }

    private static let canary = "canary 5 %, 25 %, 50 %, 100 %, each 1m to 10m, observe 5s, advance-unless-doubt"

    private static func steps(_ list: String) -> [String] { ["strategy: { canary: { steps: [\(list)] } }"] }

    private static func stepped(_ list: String, _ mark: String) -> [String] {
        [
            "production: strategy \(Self.canary) -> canary \(list), each 1m to 10m, observe 5s, "
                + "advance-unless-doubt\(mark)"
        ]
    }

    private static func watch(_ inner: String) -> [String] { ["strategy: { canary: { \(inner) } }"] }

    private static func watched(_ old: String, _ new: String, _ mark: String) -> [String] {
        let text = { (least: String) in
            "canary 5 %, 25 %, 50 %, 100 %, each \(least) to 10m, observe 5s, advance-unless-doubt"
        }
        return ["production: strategy \(text(old)) -> \(text(new))\(mark)"]
    }

    /// What stood there, what stands there now, and what is said.
    private static let changes: [(old: [String], new: [String], says: [String])] = [
        ([], ["bake: 30m", "keepWarm: 1h"], ["production: bake 0s -> 30m"]),
        (["bake: 30m", "keepWarm: 1h"], [], ["production: bake 30m -> 0s (weakens)"]),
        (["bake: 30m"], [], ["production: bake 30m -> 0s (weakens)", "production: keepWarm 1h30m -> 1h"]),
        (["after: staging"], ["after: [qa, staging]"], ["production: after [staging] -> [qa, staging]"]),
        (["after: [qa, staging]"], ["after: qa"], ["production: after [qa, staging] -> [qa] (weakens)"]),
        ([], ["promote: automatically"], ["production: promote by hand -> automatically (weakens)"]),
        (["promote: automatically"], [], ["production: promote automatically -> by hand"]),
        ([], ["gates: [tests]"], ["production: gate tests added"]),
        (["gates: [tests]"], [], ["production: gate tests removed (weakens)"]),
        (
            ["after: qa", "gates: [soak: 10m]"], ["after: qa", "gates: [soak: 5m]"],
            ["production: gate soak 10m -> soak 5m (weakens)"]
        ),
        (
            ["after: qa", "gates: [soak: 10m]"], ["after: qa", "gates: [soak: 1h]"],
            ["production: gate soak 10m -> soak 1h"]
        ),
        (
            ["gates: [approval: { from: [a, b], count: 2 }]"], ["gates: [approval: { from: [a, b] }]"],
            ["production: gate approval 2 of a, b -> approval 1 of a, b (weakens)"]
        ),
        (
            ["gates: [approval: { from: [a] }]"], ["gates: [approval: { from: [a, b] }]"],
            ["production: gate approval 1 of a -> approval 1 of a, b (weakens)"]
        ),
        (
            ["gates: [approval: { from: [a, b] }]"], ["gates: [approval: { from: [a] }]"],
            ["production: gate approval 1 of a, b -> approval 1 of a"]
        ),
        (
            ["gates: [approval: { from: a }, tests]"], ["gates: [tests, approval: { from: a }]"],
            ["production: gates in another order"]
        ),
        (["strategy: blueGreen"], [], ["production: strategy blueGreen -> bigBang (weakens)"]),
        (
            ["strategy: { blueGreen: { hold: 5s } }"], ["strategy: blueGreen"],
            ["production: strategy blueGreen hold 5s -> blueGreen (weakens)"]
        ),
        (["strategy: blueGreen"], ["strategy: canary"], ["production: strategy blueGreen -> \(Self.canary)"]),
        (["strategy: canary"], ["strategy: blueGreen"], ["production: strategy \(Self.canary) -> blueGreen (weakens)"]),
        (
            Self.steps("5, 25, 50, 100"), Self.steps("5, 10, 25, 50, 100"),
            Self.stepped("5 %, 10 %, 25 %, 50 %, 100 %", "")
        ),
        (Self.steps("5, 25, 50, 100"), Self.steps("1, 25, 50, 100"), Self.stepped("1 %, 25 %, 50 %, 100 %", "")),
        (Self.steps("5, 25, 50, 100"), Self.steps("5, 25, 100"), Self.stepped("5 %, 25 %, 100 %", " (weakens)")),
        (Self.steps("5, 25, 50, 100"), Self.steps("5, 50, 100"), Self.stepped("5 %, 50 %, 100 %", " (weakens)")),
        (
            Self.steps("5, 25, 50, 100"), Self.steps("1, 50, 90, 95, 100"),
            Self.stepped("1 %, 50 %, 90 %, 95 %, 100 %", " (weakens)")
        ),
        (Self.watch("each: { atLeast: 2m }"), Self.watch("each: { atLeast: 3m }"), Self.watched("2m", "3m", "")),
        (
            Self.watch("each: { atLeast: 3m }"), Self.watch("each: { atLeast: 2m }"),
            Self.watched("3m", "2m", " (weakens)")
        ),
        (
            Self.watch("whenTimeIsUp: pause"), Self.watch(""),
            ["production: strategy \(Self.canary.dropLast(20))pause -> \(Self.canary) (weakens)"]
        ),
        (
            Self.watch("whenTimeIsUp: pause"), Self.watch("whenTimeIsUp: pause, each: { atMost: 5m }"),
            [
                "production: strategy canary 5 %, 25 %, 50 %, 100 %, each 1m to 10m, observe 5s, pause -> "
                    + "canary 5 %, 25 %, 50 %, 100 %, each 1m to 5m, observe 5s, pause"
            ]
        ),
        (
            ["replicas: 4", "strategy: rolling"], ["replicas: 4", "strategy: { rolling: { batch: 2 } }"],
            [
                "production: strategy rolling by 1, each 30s to 5m, observe 5s, advance-unless-doubt -> "
                    + "rolling by 2, each 30s to 5m, observe 5s, advance-unless-doubt (weakens)"
            ]
        ),
        ([], ["noData: pass"], ["production: noData wait 5m -> pass (weakens)"]),
        (["noData: fail"], [], ["production: noData fail -> wait 5m (weakens)"]),
        (["noData: pass"], ["noData: fail"], ["production: noData pass -> fail"]),
        ([], ["noData: wait 1m"], ["production: noData wait 5m -> wait 1m"]),
        ([], ["objective: { errors: 2% }"], ["production: objective errors 1% -> errors 2% (weakens)"]),
        ([], ["objective: { errors: 0.05% }"], ["production: objective errors 1% -> errors 0.05%"]),
        (
            [], ["userKey: { cookie: id }"], ["production: userKey cookie of the router -> cookie id"]
        ),
        ([], ["verify: [ { run: ./t } ]"], ["production: verify run `./t` within 5m added"]),
        (["verify: [ { http: / } ]"], [], ["production: verify http `/` status 200 within 10s removed (weakens)"]),
        (
            ["verify: [ { run: a }, { run: b } ]"], ["verify: [ { run: b }, { run: a } ]"],
            ["production: verify in another order"]
        ),
        (
            [], ["queue: latest", "drain: 1s", "replicas: 3"],
            [
                "production: queue finish -> latest", "production: drain 30s -> 1s",
                "production: replicas as the release says -> 3",
            ]
        ),
        (
            ["variables: { A: a, B: b }"], ["variables: { B: c, C: d }"],
            [
                "production: variable A removed", "production: variable B `b` -> `c`",
                "production: variable C `d` added",
            ]
        ),
        ([], ["previewHeader: X-P"], ["production: previewHeader Slipway-Preview -> X-P"]),
        (
            ["notify: ./x"], [],
            ["production: notify run `./x` on failed, aborted, rolledBack, waiting, warning, alert removed"]
        ),
    ]

    @Test(arguments: Self.changes.indices)
    func `each change is one sentence, and weakening is marked`(index: Int) throws {
        let change = Self.changes[index]
        let old = try self.definition(change.old)
        let new = try self.definition(change.new)
        #expect(self.sentences(old, new) == change.says)
        let difference = DefinitionDifference(from: old, to: new)
        #expect(difference.weakens == change.says.contains { $0.hasSuffix("(weakens)") })
        #expect(difference.environments.map(\.text) == ["production"])
    }

    @Test func `environments that come and go are named`() throws {
        let old = try ServiceFile.read("service: a\nowner: x\nrun: b\nenvironments: { p: , q: }\n").definition
        let new = try ServiceFile.read("service: a\nowner: y\nrun: b\nenvironments: { r: { after: p }, p: }\n")
            .definition
        #expect(
            self.sentences(old, new) == [
                "service: owner `x` -> `y`", "r: new environment, without traffic, after [p], promote by hand, bigBang",
                "q: removed, with its gates and what it verifies (weakens)",
            ])
        let turned = try ServiceFile.read("service: a\nowner: x\nrun: b\nenvironments: { q: , p: }\n").definition
        #expect(self.sentences(old, turned) == ["service: order of environments p, q -> q, p"])
    }

    @Test func `two owners that differ late in a long name differ`() throws {
        let owner = String(repeating: "x", count: 80)
        let old = try ServiceFile.read("service: a\nowner: \(owner)1\nrun: b\nenvironments: { p: }\n").definition
        let new = try ServiceFile.read("service: a\nowner: \(owner)2\nrun: b\nenvironments: { p: }\n").definition
        #expect(!DefinitionDifference(from: old, to: new).isEmpty)
    }
}
