import ArgumentParser

struct ApprovalVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approval", abstract: "Approval rules: who has to say yes.", subcommands: [ApprovalEval.self])
}

struct ApprovalEval: Verb {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Are the rules of a file satisfied, and who is missing: for checking, no server needed.",
        discussion: """
            FILE is {"cases": [{"rules": [{"from": ["leads", "ops"], "count": 2}], "groups": {"leads": ["a"]}, "authors": […], \
            "approvals": […], "rejections": […]}]}; prints {"results": [{"satisfied", "rejected", "missing"}]} in the order of \
            the cases. One person takes one seat, authors take none; what was rejected is not satisfied.
            """)

    @Option(help: ArgumentHelp("The cases, as JSON.", valueName: "file"))
    var cases: String
    @OptionGroup var format: Format

    func run(in session: Session) async throws -> Ending {
        let file = try CaseFile(path: session.shell.absolute(self.cases), name: self.cases)
        session.shell.out(try JSONText.line(["results": try file.cases.map { try ApprovalCase($0).result }]))
        return .done
    }
}
