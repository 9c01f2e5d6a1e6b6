import Core

// What belongs to the release: the file at its commit, which going back restores (DESIGN section 4).

enum BuildKeys {
    static let command = Key.required(
        "command", .command,
        "runs on a clean checkout of the commit, in its own process group, with a scrubbed environment")
    static let artifact = Key.required(
        "artifact", .relativePath("a file or folder"), "what is packed after the build, and addressed by its digest")
    static let tests = Key.optional(
        "tests", .relativePath("a file"), "JUnit results that the build writes: read from its output, judged once")
    static let within = Key.optional(
        "within", .duration(.seconds(1)...(.hours(12))), standard: BuildConfiguration(command: "", artifact: "").within,
        "a build that takes longer is stopped and has failed")

    static let kind = Kind<BuildConfiguration>.section(
        "build", [Self.command.line, Self.artifact.line, Self.tests.line, Self.within.line]
    ) { fields, problems in
        let command = fields.value(Self.command, &problems)
        let artifact = fields.value(Self.artifact, &problems)
        let tests = fields.value(Self.tests, &problems)
        let within = fields.value(Self.within, &problems)
        guard let command, let artifact, let within else { return nil }
        var build = BuildConfiguration(command: command, artifact: artifact)
        build.tests = tests
        build.within = within
        return build
    }
}

enum HealthKeys {
    static let path = Key.optional(
        "path", .urlPath, standard: HealthCheck().path, "asked by GET; an answer from 200 to 399 is healthy")
    static let within = Key.optional(
        "within", .duration(Milliseconds(100)...(.hours(1))), standard: HealthCheck().within,
        "an instance must be ready in this time; a worker (no `listen`) must stay alive for it")

    static let kind = Kind<HealthCheck>.section("health", [Self.path.line, Self.within.line]) { fields, problems in
        let path = fields.value(Self.path, &problems)
        let within = fields.value(Self.within, &problems)
        guard let path, let within else { return nil }
        return Self.check(path, within)
    }.orText(.urlPath) { Self.check($0, HealthCheck().within) }
        .showing { "path \($0.path), within \(DurationText.write($0.within))" }

    private static func check(_ path: String, _ within: Milliseconds) -> HealthCheck {
        var check = HealthCheck()
        check.path = path
        check.within = within
        return check
    }
}

enum RunKeys {
    static let command = Key.required(
        "command", .command, "starts one instance in a copy of the artifact's content; it must serve on `$PORT`")
    static let replicas = Key.optional(
        "replicas", .integer(1...64), standard: RunCommand(command: "").replicas,
        "instances of the release in each environment that does not say otherwise")
    static let health = Key.optional(
        "health", HealthKeys.kind, standard: HealthCheck(), "when an instance counts as ready, before it gets traffic")
    static let variables = Key.optional(
        "variables", .variables, standard: [:],
        "environment variables of each instance; never write a secret here, the file is read by everybody")
    static let secrets = Key.optional(
        "secrets", Kind<SecretName>.secretName.listOrOne(atMost: Limits.names, "names"), standard: [],
        "environment variables whose values `secret set` keeps, encrypted; a release waits until each has one")

    static let kind = Kind<RunCommand>.section(
        "run",
        [Self.command.line, Self.replicas.line, Self.health.line, Self.variables.line, Self.secrets.line]
    ) { fields, problems in
        let command = fields.value(Self.command, &problems)
        let replicas = fields.value(Self.replicas, &problems)
        let health = fields.value(Self.health, &problems)
        let variables = fields.value(Self.variables, &problems)
        let secrets = fields.value(Self.secrets, &problems)
        for name in secrets ?? [] where variables?[name.text] != nil {
            problems.add(
                .contradiction, fields.place(of: name.text, in: Self.secrets),
                "run.secrets: `\(name)` is also in run.variables: leave it out there")
        }
        guard let command, let replicas, let health, let variables, let secrets else { return nil }
        var run = RunCommand(command: command)
        run.replicas = replicas
        run.health = health
        run.variables = variables
        var seen: Set<SecretName> = []
        let names = secrets.filter { seen.insert($0).inserted }
        run.secrets = names.isEmpty ? nil : names
        return run
    }.orText(.command) { RunCommand(command: $0) }
}

enum TaskKeys {
    static let run = Key.required("run", .command, "the command, in a copy of the artifact's content")
    static let within = Key.optional(
        "within", .duration(.seconds(1)...(.hours(24))), standard: TaskCommand(run: "").within,
        "a task that takes longer is stopped and has failed")
    static let irreversible = Key.optional(
        "irreversible", .truth, standard: TaskCommand(run: "").irreversible,
        "once it ran, the release is forward-only: there is no way back to the one before")

    static let command = Kind<TaskCommand>.section(
        "task", [Self.run.line, Self.within.line, Self.irreversible.line]
    ) { fields, problems in
        let run = fields.value(Self.run, &problems)
        let within = fields.value(Self.within, &problems)
        let irreversible = fields.value(Self.irreversible, &problems)
        guard let run, let within, let irreversible else { return nil }
        var task = TaskCommand(run: run)
        task.within = within
        task.irreversible = irreversible
        return task
    }.orText(.command) { TaskCommand(run: $0) }

    static let before = Key.optional("before", Self.command, "runs before anything of the new version is started")
    static let afterTraffic = Key.optional("afterTraffic", Self.command, "runs when all traffic is on the new version")
    static let afterBake = Key.optional("afterBake", Self.command, "runs when the bake has ended")

    static let kind = Kind<TaskConfiguration>.section(
        "tasks", [Self.before.line, Self.afterTraffic.line, Self.afterBake.line]
    ) { fields, problems in
        var tasks = TaskConfiguration()
        tasks.before = fields.value(Self.before, &problems)
        tasks.afterTraffic = fields.value(Self.afterTraffic, &problems)
        tasks.afterBake = fields.value(Self.afterBake, &problems)
        return tasks
    }.showing { _ in "none" }
}

extension Kind where Value == [String: String] {
    /// Names of the shell's own form with texts.
    static let variables: Kind = {
        let allowed = "a map of at most \(Limits.variables) names with texts"
        let name = "a letter or `_`, then letters, digits and `_`"
        return Kind(allowed: allowed, shape: .named(.text(pattern: nil), atMost: Limits.variables)) { tree, problems in
            guard case .map(let entries) = tree.content else {
                problems.add(.wrongShape, tree, "\(tree.noun) is not allowed here: give \(allowed), `NAME: text`")
                return nil
            }
            guard entries.count <= Limits.variables else {
                problems.add(.tooLarge, tree, "\(entries.count) variables: at most \(Limits.variables) are allowed")
                return nil
            }
            var values: [String: String] = [:]
            for entry in entries {
                if !isVariableName(entry.key) {
                    problems.add(
                        .badValue, entry.keyPlace,
                        "\(entry.value.path): \(quoted(entry.key)) is no name of a variable: give \(name)")
                } else if entry.key == "PORT" {
                    problems.add(
                        .badValue, entry.keyPlace,
                        "\(entry.value.path): `PORT` is set by Slipway, another one for each instance: leave it out"
                    )
                } else if let text = variableText(entry.value, &problems) {
                    if let kind = PastedSecret.kind(entry.key, text) {
                        problems.add(
                            .secret, entry.value,
                            "this looks like \(kind), and everybody reads the file: take it out, name `\(entry.key)` under "
                                + "`run.secrets`, and give a new value to slipway secret set \(entry.key)")
                    }
                    values[entry.key] = text
                }
            }
            return values.count == entries.count ? values : nil
        } show: {
            $0.isEmpty ? "none" : $0.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
        }
    }()
}

private func isVariableName(_ name: String) -> Bool {
    guard let first = name.utf8.first, name.utf8.count <= 128, !(0x30...0x39).contains(first) else { return false }
    return name.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F
    }
}

private func variableText(_ tree: Tree, _ problems: inout Problems) -> String? {
    let allowed = "a text of at most \(Limits.variableBytes) bytes"
    guard let text = scalar(tree, allowed, &problems) else { return nil }
    guard text.utf8.count <= Limits.variableBytes, !hasControl(text, besides: "\n\r\t") else {
        problems.add(.badValue, tree, "the text has \(text.utf8.count) bytes or a control character: give \(allowed)")
        return nil
    }
    return text
}

/// What DESIGN names and this version does not have.
enum Later {
    static let strategies = [Section.Later(name: "flag", text: "")]
    static let versions = [
        Section.Later(name: "calver", text: "versions follow Conventional Commits"),
        Section.Later(name: "command", text: "versions follow Conventional Commits"),
    ]
    static let environment = [
        Section.Later(name: "change", text: "an `approval` among the `gates` makes an environment controlled"),
        Section.Later(
            name: "secrets", text: "name them under `run.secrets`; their values may differ for each environment"),
    ]
}
