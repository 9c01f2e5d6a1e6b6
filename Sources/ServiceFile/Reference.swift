extension ServiceFile {
    /// The reference page of the file in Markdown, printed from the same values that read it.
    package static func reference() -> String {
        var page = Page()
        page.write(Self.introduction)
        page.write(FileKeys.kind.shape, heading: "The file")
        return page.text
    }

    private static let introduction = """
        # slipway.yaml

        One file in the root of a service's repository. Printed from the schema that reads it; do not edit this page
        (`SLIPWAY_WRITE=1 swift test --filter ReferenceTests` writes it anew).

        - `build`, `run`, `tasks`, `version`, `reversible`, `reversibility`, `data` and `needs` belong to the **release**: the
          file at its commit counts, and going back restores them.
        - `environments`, `owner`, `watch` and `dependsOn` belong to the **service**: they change only through `slipway apply`, as a numbered
          definition. A commit can't remove its own gate.
        - Values are read as text: `on`, `010`, `1:30` and `1.10` mean nothing but themselves. A truth value is `true`
          or `false`.
        - Durations are whole numbers with units, largest first: `500ms`, `10s`, `1m`, `2h`, `1d`, `1h30m`.
        - Percentages are `5`, `0.1` or `5%`.
        - Commands run as `/bin/sh -c TEXT`. Values reach them only in the environment; nothing is pasted into TEXT.
        - Unknown keys, keys given twice, anchors, aliases, merge keys, tags and second documents are errors.
        - Limits: \(Limits.bytes / 1_024) KiB a file, \(Limits.depth) levels, \(Limits.environments) environments,
          \(Limits.variables) variables of \(Limits.variableBytes / 1_024) KiB each,
          \(Limits.commandBytes / 1_024) KiB a command.

        ```yaml
        \(Self.example)
        ```

        """

    /// A file with most of what there is; it stands on the reference page.
    package static let example = """
        service: storefront
        owner: web-team
        version: semver                    # from Conventional Commits
        watch: main                        # a release of each new commit
        build:
          command: make release            # on a clean checkout of the commit
          artifact: dist/                  # packed reproducibly, addressed by digest
          tests: junit.xml                 # read from the build's output
        run:
          command: ./storefront --port $PORT
          replicas: 2
          health: { path: /healthz, within: 20s }
          variables: { LOG_LEVEL: info }   # each environment may add or change
          secrets: [DB_PASSWORD]           # named here; `secret set` keeps the value
        tasks:                             # once per deployment
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
              canary: { steps: [5, 25, 50, 100], each: { atLeast: 1m, atMost: 10m } }
            objective: { errors: 1% }
            verify: [ { http: { path: /, status: 200, within: 10s } } ]
            bake: 30m
            queue: finish
            notify: { webhook: "https://chat.example.org/hook", on: [failed, aborted, waiting] }
        """
}

/// Markdown in the making: one heading with a table for each map, outer ones first.
private struct Page {
    var text = ""
    private var done: Set<String> = []

    mutating func write(_ lines: String) { self.text += lines }

    mutating func write(_ shape: Shape, heading: String) {
        var inner: [(heading: String, shape: Shape)] = []
        switch shape {
        case .section(let section):
            guard self.done.insert(section.title).inserted else { return }
            self.write(section, heading: heading)
            inner = section.lines.map { line in
                switch section.title {
                case "file": (line.name, line.shape)
                // Its three keys have one form.
                case "tasks": ("tasks.TASK", line.shape)
                default: ("\(heading).\(line.name)", line.shape)
                }
            }
        case .oneOf(let set):
            guard self.done.insert(set.title).inserted else { return }
            self.write(set, heading: heading)
            inner = set.lines.compactMap { line in line.settings.map { ("\(heading).\(line.name)", $0) } }
        case .named(let shape, _): inner = [("\(heading).NAME", shape)]
        case .list(let shape, _): inner = [(heading, shape)]
        case .either(let shapes): inner = shapes.map { (heading, $0) }
        case .text, .integer, .percentage, .truth, .choice: break
        }
        for (heading, shape) in inner { self.write(shape, heading: heading) }
    }

    private mutating func write(_ section: Section, heading: String) {
        self.text += "\n## \(heading == "The file" ? heading : "`\(heading)`")\n\n"
        self.text += "| key | value | default | meaning |\n|---|---|---|---|\n"
        for line in section.lines {
            let standard = line.isRequired ? "**required**" : line.standard.map(Self.code) ?? "none"
            self.text += "| `\(line.name)` | \(Self.cell(line.allowed)) | \(standard) | \(Self.cell(line.text)) |\n"
        }
        self.writeLater(section.later)
    }

    private mutating func write(_ set: Alternatives, heading: String) {
        self.text += "\n## Kinds of `\(heading)`\n\n| kind | written | meaning |\n|---|---|---|\n"
        for line in set.lines {
            let word = line.isWord && line.example != line.name ? "`\(line.name)` or " : ""
            self.text += "| `\(line.name)` | \(word)`\(line.example)` | \(Self.cell(line.text)) |\n"
        }
        self.writeLater(set.later)
    }

    private mutating func writeLater(_ later: [Section.Later]) {
        guard !later.isEmpty else { return }
        self.text += "\nNot in this version yet: \(later.map { "`\($0.name)`" }.joined(separator: ", ")).\n"
    }

    /// A default in code style, unless it is a sentence.
    private static func code(_ standard: String) -> String {
        standard.contains(" ") || standard.contains("`") || standard == "none" ? self.cell(standard) : "`\(standard)`"
    }

    private static func cell(_ text: String) -> String {
        text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }
}
