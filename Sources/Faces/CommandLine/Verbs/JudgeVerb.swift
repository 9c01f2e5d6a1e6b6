import ArgumentParser
import Foundation

struct JudgeVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "judge", abstract: "The canary judge on recorded counts: for checking it, no server needed.",
        discussion: """
            FILE is {"cases": [{"kind": …}, …]}; prints {"results": […]} in the order of the cases. A case whose kind \
            is not judged yet gives null, and is named on standard error.
            """)

    @Option(help: ArgumentHelp("The cases, as JSON.", valueName: "file"))
    var cases: String
    @OptionGroup var format: Format

    func run(in session: Session) async throws -> Ending {
        let file = try CaseFile(path: session.shell.absolute(self.cases), name: self.cases)
        var results: [CaseResult] = []
        for reader in file.cases {
            switch try reader.kind() {
            case .judged(let kind):
                results.append(try kind.result(of: reader))
            case .later(let name):
                session.shell.err("slipway: \(reader.place): the kind `\(name)` is not judged yet, its result is null.")
                results.append(.null)
            }
        }
        session.shell.out(try JSONText.line(["results": results]))
        return .done
    }
}
