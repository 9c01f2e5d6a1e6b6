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
                    + "blueGreen hold 5s, gates [tests, soak 10m, approval 1 of release-managers]",
            ])
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
        (["notify: ./x"], [], ["production: notify run `./x` on failed, aborted, rolledBack, waiting removed"]),
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
