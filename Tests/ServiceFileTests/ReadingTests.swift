import Core
import ServiceFile
import Testing

/// The example of DESIGN section 4, with a strategy that this version has.
let storefront = """
    service: storefront
    owner: web-team
    version: semver                    # from Conventional Commits
    watch: main
    build:
      command: make release
      artifact: dist/
      tests: junit.xml
    run:
      command: ./storefront --port $PORT
      replicas: 2
      health: { path: /healthz, within: 20s }
      variables: { LOG_LEVEL: info }
    tasks:
      before: ./migrate expand
      afterBake: { run: ./migrate contract, irreversible: true }
    reversible: true
    environments:
      development: { listen: 127.0.0.1:7001, strategy: bigBang, promote: automatically }
      staging:
        listen: 127.0.0.1:7002         # where this environment's traffic comes in
        after: development
        promote: automatically
        verify: [ { run: ./smoke.sh $URL } ]
      production:
        listen: 127.0.0.1:7003
        after: staging
        gates:
          - tests
          - soak: 10m
          - approval: { from: [release-managers], count: 1 }
        strategy:
          blueGreen: { hold: 5s }
        bake: 30m
        queue: finish

    """

@Suite struct ReadingTests {
    @Test func `the example of the design reads as it says`() throws {
        let contents = try ServiceFile.read(storefront)
        let release = contents.configuration
        #expect(contents.definition.service.text == "storefront")
        #expect(contents.definition.owner == "web-team")
        #expect(release.watch == "main")
        #expect(release.build?.command == "make release")
        #expect(release.build?.artifact == "dist/")
        #expect(release.build?.tests == "junit.xml")
        #expect(release.build?.within == .minutes(30))
        #expect(release.run?.command == "./storefront --port $PORT")
        #expect(release.run?.replicas == 2)
        #expect(release.run?.health.path == "/healthz")
        #expect(release.run?.variables == ["LOG_LEVEL": "info"])
        #expect(release.tasks.before == TaskCommand(run: "./migrate expand"))
        #expect(release.tasks.afterTraffic == nil)
        #expect(release.tasks.afterBake?.irreversible == true)
        #expect(release.reversible)
        let environments = contents.definition.environments
        #expect(environments.map(\.name.text) == ["development", "staging", "production"])
        let production = try #require(environments.last)
        #expect(production.listen == ListenAddress("127.0.0.1:7003"))
        #expect(production.after.map(\.text) == ["staging"])
        #expect(production.promotion == .byHand)
        #expect(production.gates == [.tests, .soak(.minutes(10)), .approval(from: ["release-managers"], count: 1)])
        #expect(production.strategy == .blueGreen(hold: .seconds(5)))
        #expect(production.bake == .minutes(30))
        #expect(production.keepWarm == .minutes(90))
        #expect(environments[1].verify == [.run("./smoke.sh $URL", within: .minutes(5))])
        #expect(environments[0].promotion == .automatically)
    }

    @Test func `an environment of which nothing is said has the defaults of Core`() throws {
        let contents = try ServiceFile.read("service: a\nrun: ./a\nenvironments:\n  only:\n")
        let name = try #require(EnvironmentName("only"))
        #expect(contents.definition.environments == [EnvironmentDefinition(name: name)])
        var configuration = RunConfiguration()
        configuration.run = RunCommand(command: "./a")
        #expect(contents.configuration == configuration)
    }
}
