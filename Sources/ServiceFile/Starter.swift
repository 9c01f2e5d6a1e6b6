import Core

extension ServiceFile {
    /// A commented first `slipway.yaml` for a repository (`slipway init`). It reads without an error as it is.
    package static func starter(for facts: RepositoryFacts) -> String {
        let service = Self.serviceName(from: facts.folder)
        let recipe = Recipe(for: facts, service: service)
        let branch = facts.branch.flatMap { Self.isBranch($0) ? $0 : nil } ?? "main"
        return """
            # What Slipway builds, runs and releases here. All keys and defaults: Docs/slipway-yaml.md of Slipway.
            # Guessed from \(recipe.seen): check the commands.
            service: \(service)
            owner: \(service)-team              # who answers for it

            # watch: \(branch)                  # a release of each new commit of this branch

            build:
              # Runs on a clean checkout of the commit, with PATH and a HOME of its own; nothing else of your machine.
              command: \(recipe.build)
              artifact: \(recipe.artifact)                   # what is packed after it
              \(recipe.tests)

            run:
              # Starts one instance in a copy of the artifact. It must listen on 127.0.0.1:$PORT.
              command: \(recipe.run)
              replicas: 1
              health: { path: /, within: 20s }  # ready when this answers 200 to 399

            environments:
              development:
                listen: 127.0.0.1:7001          # where its traffic comes in
                promote: automatically          # each release, as soon as it is built
              staging:
                listen: 127.0.0.1:7002
                after: development
                promote: automatically
                # verify: [ { run: ./smoke.sh } ]   # gets URL, VERSION, ENVIRONMENT, RELEASE
              production:
                listen: 127.0.0.1:7003
                after: staging                  # promoted by hand, or add `promote: automatically`
                # gates:
                #   - soak: 10m                 # so long verified in staging
                #   - approval: { from: [release-managers], count: 1 }
                strategy: blueGreen             # verified on a private preview, then one switch; or in shares, judged:
                # strategy: { canary: { steps: [5, 25, 50, 100] } }
                verify: [ { http: { path: /, status: 200, within: 10s } } ]
                bake: 1m                        # watched after the switch; the old version stays warm an hour longer

            """
    }

    /// The folder's name in the form that a service's name must have.
    package static func serviceName(from folder: String) -> String {
        var name = ""
        for byte in folder.lowercased().utf8.prefix(200) {
            let isPlain = (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
            if isPlain { name.append(Character(Unicode.Scalar(byte))) } else if !name.hasSuffix("-") { name += "-" }
        }
        let trimmed = name.drop { $0 == "-" }.prefix(34)
        let end = trimmed.lastIndex { $0 != "-" }.map { trimmed.index(after: $0) } ?? trimmed.startIndex
        let result = String(trimmed[..<end])
        return ServiceName(result) == nil ? "service" : result
    }

    /// Plain enough to stand in a comment and in the file without quotes.
    private static func isBranch(_ name: String) -> Bool {
        name.utf8.count <= 80 && !name.isEmpty
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "/" || $0 == "_") }
    }
}

/// How a kind of repository is usually built and run.
private struct Recipe {
    let seen: String
    let build: String
    var artifact = "dist/"
    let run: String
    var tests = "# tests: junit.xml            # JUnit results that the build writes; then `tests` can be a gate"
}

extension Recipe {
    /// The first that fits: what names a language comes before a Makefile, which may do anything.
    init(for facts: RepositoryFacts, service: String) {
        self =
            Self.compiled(facts, service) ?? Self.interpreted(facts) ?? Self.plain(facts, service)
            ?? Recipe(
                seen: "nothing that is known here", build: "mkdir -p dist && cp server dist/",
                run: "./server --port $PORT")
    }

    private static func compiled(_ facts: RepositoryFacts, _ service: String) -> Recipe? {
        if facts.has("Package.swift") {
            return Recipe(
                seen: "Package.swift",
                build:
                    "swift build -c release --static-swift-stdlib && mkdir -p dist"
                    + " && cp .build/release/\(service) dist/",
                run: "./\(service) --port $PORT",
                tests: "# tests: junit.xml            # with `swift test --xunit-output junit.xml` in the command")
        }
        if facts.has("go.mod") {
            return Recipe(
                seen: "go.mod", build: "mkdir -p dist && go build -o dist/\(service) .",
                run: "./\(service) --port $PORT")
        }
        if facts.has("Cargo.toml") {
            return Recipe(
                seen: "Cargo.toml",
                build: "cargo build --release && mkdir -p dist && cp target/release/\(service) dist/",
                run: "./\(service) --port $PORT")
        }
        return nil
    }

    private static func interpreted(_ facts: RepositoryFacts) -> Recipe? {
        if facts.has("package.json") {
            let install = facts.has("package-lock.json") ? "npm ci" : "npm install"
            return Recipe(
                seen: "package.json", build: "\(install) && npm run build --if-present", artifact: ".", run: "npm start"
            )
        }
        if facts.has("requirements.txt") || facts.has("pyproject.toml") {
            let main = ["app.py", "main.py", "server.py"].first(where: facts.has) ?? "app.py"
            let source = facts.has("requirements.txt") ? "-r requirements.txt" : "."
            return Recipe(
                seen: facts.has("requirements.txt") ? "requirements.txt" : "pyproject.toml",
                build: "python3 -m pip install --target lib \(source)", artifact: ".",
                run: "PYTHONPATH=lib exec python3 \(main) --port $PORT")
        }
        return nil
    }

    private static func plain(_ facts: RepositoryFacts, _ service: String) -> Recipe? {
        if facts.has("Makefile") || facts.has("makefile") || facts.has("GNUmakefile") {
            return Recipe(seen: "the Makefile", build: "make", run: "./\(service) --port $PORT")
        }
        if facts.hasSuffix(".swift") {
            return Recipe(
                seen: "Swift files", build: "mkdir -p dist && swiftc -O -static-stdlib -o dist/\(service) *.swift",
                run: "./\(service) --port $PORT")
        }
        if facts.hasSuffix(".c") {
            return Recipe(
                seen: "C files", build: "mkdir -p dist && cc -O2 -o dist/\(service) *.c",
                run: "./\(service) --port $PORT")
        }
        if facts.hasSuffix(".py") {
            let main = ["app.py", "main.py", "server.py"].first(where: facts.has) ?? "app.py"
            return Recipe(
                seen: "Python files", build: "mkdir -p dist && cp *.py dist/", run: "exec python3 \(main) --port $PORT")
        }
        if facts.has("index.html") {
            return Recipe(
                seen: "index.html", build: "mkdir -p dist && cp -R *.html dist/",
                run: "exec python3 -m http.server $PORT --bind 127.0.0.1")
        }
        if facts.has("Dockerfile") {
            return Recipe(
                seen: "the Dockerfile (this version runs processes, not images)",
                build: "mkdir -p dist && cp server dist/", run: "./server --port $PORT")
        }
        return nil
    }
}
