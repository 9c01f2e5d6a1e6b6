import APIClient
import ArgumentParser

struct TokenVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Who may talk to the server.",
        subcommands: [Add.self, List.self, Revoke.self])

    struct Add: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Make a token; its secret is shown this once.",
            discussion: "slipway token add ci --owner service-account:ci --may promote:shop/staging --expires 30d",
            aliases: ["create"])
        @Argument(help: "Its name.")
        var name: String
        @Option(
            help: ArgumentHelp("The person or account that acts with it (default: its name).", valueName: "name"))
        var owner: String?
        @Option(
            help: ArgumentHelp("All that it is good for: release (make releases of --service).", valueName: "scope"))
        var scope: Scope?
        @Option(help: ArgumentHelp("A service of the scope; may be given again.", valueName: "service"))
        var service: [String] = []
        @Option(
            help: ArgumentHelp(
                "All that it is good for, of what its owner may do: RIGHT, RIGHT:SERVICE, RIGHT:SERVICE/ENV or RIGHT:*/ENV; may "
                    + "be given again.", valueName: "right"))
        var may: [May] = []
        @Option(help: ArgumentHelp("It is no token any more after that, such as 30d.", valueName: "time"))
        var expires: Span?
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        enum Scope: String, ExpressibleByArgument, CaseIterable { case release }

        mutating func validate() throws {
            try Identifier.token.check(self.name)
            for service in self.service { try Identifier.service.check(service) }
            guard (self.scope == nil) == self.service.isEmpty else {
                throw ValidationError("--scope and --service belong together: `--scope release --service NAME`.")
            }
            guard self.scope == nil || self.may.isEmpty else {
                throw ValidationError("--may says what a token is good for, and so does --scope: give one of them.")
            }
        }

        func run(in session: Session) async throws -> Ending {
            let token = try await session.client(self.place) {
                try await $0.addToken(
                    Wire.AddToken(
                        name: self.name, owner: self.owner ?? self.name, scope: self.scope?.rawValue,
                        services: self.service.isEmpty ? nil : self.service.joined(separator: ","),
                        rights: self.may.isEmpty
                            ? nil : self.may.map { "\($0.right)@\($0.scope)" }.joined(separator: ","),
                        lasting: self.expires.map { Int($0.duration / .milliseconds(1)) }))
            }
            try session.show(token, json: self.format.json, TokenText.added(token))
            return .done
        }
    }

    struct List: Verb {
        static let configuration = CommandConfiguration(abstract: "List tokens, without their secrets.")
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        func run(in session: Session) async throws -> Ending {
            let tokens = try await session.client(self.place) { try await $0.tokens() }
            try session.show(tokens, json: self.format.json, TokenText.list(tokens))
            return .done
        }
    }

    struct Revoke: Verb {
        static let configuration = CommandConfiguration(abstract: "A token is refused from now on.")
        @Argument(help: "Its name.")
        var name: String
        @OptionGroup var format: Format
        @OptionGroup var place: Place

        mutating func validate() throws { try Identifier.token.check(self.name) }

        func run(in session: Session) async throws -> Ending {
            let token = try await session.client(self.place) { try await $0.revokeToken(self.name) }
            try session.show(token, json: self.format.json, ["The token \(Plain.line(token.name)) is revoked."])
            return .done
        }
    }
}

struct Completions: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Print the completion script of a shell.",
        discussion: "bash: source <(slipway completions bash)")

    enum Kind: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

    @Argument(help: "bash, zsh or fish.")
    var kind: Kind

    func run(in session: Session) async throws -> Ending {
        let shell: CompletionShell =
            switch self.kind {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        session.shell.out(Slipway.completionScript(for: shell))
        return .done
    }
}

struct LabVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "lab", abstract: "The same machines in a simulated world, on a virtual clock.",
        discussion: "1 if an invariant was violated; then it prints the seed and the shortest history.")

    @Option(help: ArgumentHelp("How many random histories.", valueName: "count"))
    var histories = 1_000
    @Option(help: ArgumentHelp("Where the random numbers start.", valueName: "number"))
    var seed: UInt64 = 1
    @OptionGroup var format: Format

    mutating func validate() throws {
        guard (1...100_000_000).contains(self.histories) else {
            throw ValidationError("--histories is 1 to 100000000.")
        }
    }

    func run(in session: Session) async throws -> Ending {
        let report = try await session.wiring.lab(
            LabOptions(
                histories: self.histories, seed: self.seed, isJSON: self.format.json))
        report.lines.forEach(session.shell.out)
        return report.passed ? .done : .refused
    }
}
