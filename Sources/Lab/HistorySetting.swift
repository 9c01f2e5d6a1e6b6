package import Core

/// What stays the same in one history: the environment, and what each of its releases needs.
package struct HistorySetting: Sendable {
    package struct Release: Sendable {
        package let candidate: Candidate
        package let first: Plan
        package let later: Plan
        /// Its task after the bake leaves no way back.
        package let isIrreversible: Bool
    }

    package static let releaseCount = 4

    package let releases: [Release]
    private let environment: EnvironmentDefinition
    private let configurations: [RunConfiguration]

    private static let candidates: [Candidate] = (1...Self.releaseCount).compactMap { number in
        ReleaseID("r-\(number)").map { Candidate(release: $0, version: "\(number).0.0") }
    }

    package static let rollback = Lane.RollbackSettings(
        health: .seconds(20), drain: .seconds(5), policy: .finish, definition: 1)

    package init(environment: EnvironmentDefinition, configurations: [RunConfiguration]) {
        self.environment = environment
        self.configurations = configurations
        self.releases = zip(Self.candidates, configurations).map { candidate, configuration in
            Release(
                candidate: candidate, first: .forward(environment, configuration, isFirst: true),
                later: .forward(environment, configuration, isFirst: false),
                isIrreversible: configuration.tasks.afterBake?.irreversible ?? false)
        }
    }

    /// In words, for the report of a violation.
    package var words: String {
        let environment = self.environment
        let releases = zip(self.releases, self.configurations).map { release, configuration in
            let tasks = [
                configuration.tasks.before.map { _ in "before" },
                configuration.tasks.afterTraffic.map { _ in "afterTraffic" },
                configuration.tasks.afterBake.map { $0.irreversible ? "afterBake, irreversible" : "afterBake" },
            ].compactMap(\.self).joined(separator: ", ")
            return "\(release.candidate.version)\(configuration.reversible ? "" : " forward only")"
                + (tasks.isEmpty ? "" : " (tasks: \(tasks))")
        }
        return "\(environment.strategy.name), queue \(environment.queue.rawValue), bake \(environment.bake.count) ms, "
            + "keepWarm \(environment.keepWarm.count) ms, \(environment.verify.count) verify; "
            + releases.joined(separator: "; ")
    }

    /// A setting by chance: strategy, queue policy, verify, bake, warmth, and per release its tasks and its way back.
    package static func random(_ generator: inout SeededGenerator, _ name: EnvironmentName) -> HistorySetting {
        var environment = EnvironmentDefinition(name: name)
        environment.listen = ListenAddress("127.0.0.1:7003")
        environment.replicas = 2
        environment.strategy = generator.pick(Strategy.examples)
        environment.queue = generator.pick(QueuePolicy.allCases)
        environment.bake = generator.chance(60) ? .seconds(Int64(generator.below(300))) : .zero
        environment.keepWarm = generator.chance(70) ? environment.bake + .seconds(Int64(generator.below(120))) : .zero
        environment.drain = .seconds(Int64(generator.below(30)))
        if generator.chance(60) { environment.verify = [.run("./smoke.sh", within: .seconds(30))] }
        let configurations = (0..<Self.releaseCount).map { _ in Self.configuration(&generator) }
        return HistorySetting(environment: environment, configurations: configurations)
    }

    private static func configuration(_ generator: inout SeededGenerator) -> RunConfiguration {
        var configuration = RunConfiguration()
        configuration.run = RunCommand(command: "./serve")
        configuration.reversible = !generator.chance(15)
        if generator.chance(20) { configuration.tasks.before = TaskCommand(run: "./migrate expand") }
        if generator.chance(10) { configuration.tasks.afterTraffic = TaskCommand(run: "./warm-up") }
        if generator.chance(20) {
            var contract = TaskCommand(run: "./migrate contract")
            contract.irreversible = generator.chance(50)
            configuration.tasks.afterBake = contract
        }
        return configuration
    }
}
