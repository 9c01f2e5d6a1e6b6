import Foundation
import Testing

/// The documents show only commands that there are.
@Suite struct DocumentedTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Every `slipway …` in a code span or a block of code, as its words.
    private func commands(_ name: String) throws -> [[String]] {
        let text = try String(contentsOf: Self.root.appendingPathComponent(name), encoding: .utf8)
        let spans = text.matches(of: /`(slipway [a-z][^`\n]*)`/).map { String($0.1) }
        let blocks = text.matches(of: /\n(slipway [a-z][^\n]*)/).map { String($0.1) }
        return (spans + blocks).map { command in
            let words = command.split(separator: "#").first ?? ""
            return words.split(separator: " ").dropFirst().map(String.init)
        }
    }

    @Test(arguments: [
        "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "Docs/figures.md", "Docs/slipway-yaml.md",
    ])
    func `every command in a document is one of the verbs, with options that it has`(name: String) async throws {
        for words in try self.commands(name) {
            // What is to be filled in (SERVICE, ID) and options end the verb.
            let verb = Array(
                words.prefix { $0.allSatisfy { $0.isLetter && $0.isLowercase || $0 == "-" } && !$0.hasPrefix("-") })
            let help = await CommandRun.of(verb + ["--help"])
            #expect(help.code == 0 && !verb.isEmpty, "\(words): \(help.err)")
            #expect(help.out.contains("USAGE: slipway \(verb.joined(separator: " "))"), "\(words): \(help.out)")
            for option in words where option.hasPrefix("--") {
                #expect(help.out.contains("\(option) ") || help.out.contains("\(option)\n"), "\(words): no \(option)")
            }
        }
        if name == "README.md" { #expect(try self.commands(name).count > 10) }
    }
}
