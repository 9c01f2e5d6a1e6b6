package import Core

/// `slipway.yaml` in a service's repository: read over YAML nodes with one schema value per key.
package enum ServiceFile {
    /// What the server holds under a number, and what belongs to the release.
    package struct Contents: Sendable, Equatable {
        package let definition: Definition
        package let configuration: RunConfiguration

        package init(definition: Definition, configuration: RunConfiguration) {
            self.definition = definition
            self.configuration = configuration
        }
    }

    /// The name of the file in the root of the repository.
    package static let name = "slipway.yaml"
    /// A larger file is refused.
    package static let maximumBytes = Limits.bytes

    /// Reads a file. The error holds all that is wrong with it, up to `ServiceFileError.limit`, by line and column.
    package static func read(_ bytes: [UInt8]) throws(ServiceFileError) -> Contents {
        var problems = Problems()
        // What YAML itself got wrong is missing in the tree, so judging that tree would tell of follow-ups.
        guard let tree = TreeReader.read(bytes, &problems), problems.isEmpty else { throw problems.error }
        guard let contents = FileKeys.kind.read(tree, &problems), problems.isEmpty else { throw problems.error }
        return contents
    }

    /// The name of the service that a file describes, for those who know no definitions.
    package static func service(in bytes: [UInt8]) throws(ServiceFileError) -> String {
        try self.read(bytes).definition.service.text
    }

    package static func read(_ text: String) throws(ServiceFileError) -> Contents {
        try self.read(Array(text.utf8))
    }
}

enum FileKeys {
    static let service = Key.required(
        "service", Kind<ServiceName>.name(of: "the service"), "the name of the service, unique on a server")
    static let owner = Key.optional(
        "owner", Kind<String>.line("a team or a person", atMost: 100), otherwise: "the service's name",
        "the team that answers for the service")
    static let version = Key.optional(
        "version", Kind<VersionScheme>.choice(later: Later.versions), standard: .semver,
        "how a release gets its version: `semver` steps by Conventional Commits since the last tag")
    static let watch = Key.optional(
        "watch", .branch, otherwise: "none: releases are made by hand",
        "a release of each new commit of this branch; the latest wins while one builds")
    static let tags = Key.optional(
        "tags", Kind<TagPlace>.choice(), standard: .standard,
        "`push`: the tag of a release is pushed too, to the repository's address or to the remote `origin` of its folder"
    )
    static let build = Key.optional(
        "build", BuildKeys.kind, otherwise: "none: `release create --artifact FILE` brings what was built elsewhere",
        "how the artifact is made")
    static let run = Key.required(
        "run", RunKeys.kind, "how an instance is started, such as `run: ./server --port $PORT`")
    static let tasks = Key.optional(
        "tasks", TaskKeys.kind, standard: TaskConfiguration(),
        "commands once per deployment, limited in time; write them so that running one twice does no harm"
    )
    static let reversible = Key.optional(
        "reversible", .truth, standard: true, "`false`: once this release serves, there is no way back but forward")
    static let reversibility = Key.optional(
        "reversibility", ReversibilityKeys.kind, otherwise: "as `reversible` says",
        "whether there is a way back from this release, until when, and why not: `reversible`, "
            + "`{ until: bake, because: … }`, `{ forwardOnly: … }`")
    static let data = Key.optional(
        "data", Kind<DataPhase>.choice(), otherwise: "nothing is said of data",
        "what this release does to stored data: add what the new form needs, use both, or take the old one away")
    static let needs = Key.optional(
        "needs", NeedsKeys.kind, otherwise: "nothing",
        "the release that must be verified in an environment before this one enters; going back below it is refused "
            + "from then on")
    static let dependsOn = Key.optional(
        "dependsOn", .dependencies, standard: [],
        "services that this one needs, such as `[stock, payments]` or `{ payments: \">=1.4\" }`")
    static let environments = Key.required(
        "environments", Self.environmentMap,
        "where releases run, such as `environments: { production: { listen: 127.0.0.1:7001 } }`")

    static let kind = Kind<ServiceFile.Contents>.section(
        "file",
        [
            Self.service.line, Self.owner.line, Self.version.line, Self.watch.line, Self.tags.line, Self.build.line,
            Self.run.line, Self.tasks.line, Self.reversible.line, Self.reversibility.line, Self.data.line,
            Self.needs.line, Self.dependsOn.line, Self.environments.line,
        ]
    ) { fields, problems in
        let service = fields.value(Self.service, &problems)
        let owner = fields.value(Self.owner, &problems)
        var configuration = RunConfiguration()
        configuration.version = fields.value(Self.version, &problems) ?? configuration.version
        configuration.watch = fields.value(Self.watch, &problems)
        configuration.tags = fields.value(Self.tags, &problems).flatMap { $0 == .standard ? nil : $0 }
        configuration.build = fields.value(Self.build, &problems)
        configuration.run = fields.value(Self.run, &problems)
        configuration.tasks = fields.value(Self.tasks, &problems) ?? configuration.tasks
        configuration.reversible = fields.value(Self.reversible, &problems) ?? configuration.reversible
        configuration.reversibility = fields.value(Self.reversibility, &problems)
        if case .forwardOnly = configuration.reversibility { configuration.reversible = false }
        configuration.data = fields.value(Self.data, &problems)
        configuration.needs = fields.value(Self.needs, &problems)
        configuration.checkWayBack(fields, &problems)
        let dependsOn = fields.value(Self.dependsOn, &problems) ?? []
        let drafts = fields.value(Self.environments, &problems) ?? []
        let hasTests = configuration.build?.tests != nil || fields.has(Self.build) && configuration.build == nil
        Whole(drafts: drafts, buildMayHaveTests: hasTests, replicas: configuration.run?.replicas).check(&problems)
        guard let service else { return nil }
        Self.check(dependsOn, of: service, fields, &problems)
        let definition = Definition(
            service: service, owner: owner ?? service.text, environments: drafts.map(\.environment),
            dependsOn: dependsOn.isEmpty ? nil : dependsOn)
        return ServiceFile.Contents(definition: definition, configuration: configuration)
    }

    private static func check(
        _ dependencies: [Dependency], of service: ServiceName, _ fields: Fields, _ problems: inout Problems
    ) {
        var seen: Set<ServiceName> = []
        for dependency in dependencies {
            let place = fields.place(of: dependency.service.text, in: Self.dependsOn)
            if dependency.service == service {
                problems.add(.contradiction, place, "dependsOn: \(service) can't depend on itself")
            } else if !seen.insert(dependency.service).inserted {
                problems.add(.duplicate, place, "dependsOn: `\(dependency.service)` is named twice: keep one of them")
            }
        }
    }

    /// Drafts of the environments whose name is allowed, in the order of the file.
    private static let environmentMap: Kind<[Draft]> = {
        let allowed = "a map of 1 to \(Limits.environments) environments, by name"
        let shape = Shape.named(EnvironmentKeys.kind.shape, atMost: Limits.environments)
        return Kind(allowed: allowed, shape: shape) { tree, problems in
            guard case .map(let entries) = tree.content else {
                problems.add(
                    .wrongShape, tree, "\(tree.noun) is not allowed here: give \(allowed), `production: { … }`")
                return nil
            }
            guard (1...Limits.environments).contains(entries.count) else {
                problems.add(.tooLarge, tree, "\(entries.count) environments: give \(allowed)")
                return nil
            }
            return entries.compactMap { FileKeys.draft(of: $0, &problems) }
        } show: {
            $0.map(\.name.text).joined(separator: ", ")
        }
    }()

    fileprivate static func draft(of entry: Tree.Entry, _ problems: inout Problems) -> Draft? {
        let name = EnvironmentName(entry.key)
        if name == nil {
            problems.add(
                .badValue, entry.keyPlace,
                "environments: \(quoted(entry.key)) is not allowed as a name: give \(EnvironmentName.rule)")
        }
        // An environment of which all is left out is a worker with defaults. One that can't be read stands for its
        // name, so that the others may come after it.
        let bare = Tree(content: .map([]), place: entry.keyPlace, path: entry.value.path)
        let make =
            EnvironmentKeys.kind.read(entry.value.isNothing ? bare : entry.value, &problems)
            ?? EnvironmentKeys.kind.read(bare, &problems)
        guard let make, let name else { return nil }
        return make(name)
    }
}
