import ArgumentParser
import Demo
import Foundation

struct DemoVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "The whole story on this machine: real processes, real traffic, a crash and a way back.",
        discussion: "Without --exit the server stays up until Ctrl-C. Needs git, cc, make, curl and haproxy.")

    @Flag(help: "End after the story, stop everything, and remove what was made.")
    var exit = false
    @Option(help: ArgumentHelp("An empty folder for the data (default: a temporary one).", valueName: "dir"))
    var data: String?
    @OptionGroup var format: Format

    func run(in session: Session) async throws -> Ending {
        let shell = session.drawing
        let isJSON = self.format.json
        let style = DemoText(isColoured: shell.isTerminal && shell.environment["NO_COLOR"] == nil)
        let run = DemoRun(
            exits: self.exit, dataFolder: self.data.map(shell.absolute), executable: OwnProgram.path,
            say: { line in
                let text = style.line(line)
                if isJSON { shell.err(text) } else { shell.out(text) }
            },
            finish: { report in
                if isJSON, let json = try? report.json { shell.out(json) }
                if let reason = report.reason { shell.err(style.fault("slipway: the demo is not ok. \(reason)")) }
            })
        return await run.run() ? .done : .refused
    }
}

/// The demo's lines; colours only where somebody sees them.
struct DemoText {
    let isColoured: Bool

    func line(_ line: DemoLine) -> String {
        let text = Plain.text(line.text)
        switch line.kind {
        case .chapter: return self.painted("\n" + text, "1")
        case .step: return self.painted(self.seconds(line.seconds), "2") + "  " + text
        case .fault: return self.fault(text)
        }
    }

    func fault(_ text: String) -> String { self.painted(Plain.text(text), "31") }

    /// `  12.3 s`
    private func seconds(_ seconds: Double) -> String {
        let tenths = Int((seconds * 10).rounded())
        let text = "\(tenths / 10).\(tenths % 10) s"
        return String(repeating: " ", count: max(0, 8 - text.count)) + text
    }

    /// SGR sequences (ECMA-48, section 8.3.117): bold 1, faint 2, red 31.
    private func painted(_ text: String, _ code: String) -> String {
        self.isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
