import Foundation
import Testing

/// Commands that Slipway names in back quotes, in its sources and in the README: who copies one must not be told that it
/// is wrong.
@Suite struct HintTests {
    struct Command: Sendable, Hashable, CustomTestStringConvertible {
        let place: String
        let text: String
        var testDescription: String { "\(self.place): \(self.text)" }
    }

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// What stands in the sources where a value comes; a new one has to be added here.
    private static let values = [
        "id": "shop/production", "id.service": "shop", "id.environment": "production", "shown": "127.0.0.1",
        "change": "c-7", "promotion.id": "shop/production/3", "lane.service": "shop",
        "lane.environment": "production", "self.serviceWord": "shop", "self.environmentWord": "production",
        "target": " --to 1.4.2", "release": "r-aa", "self.promotionWord(number)": "shop/production/3",
        "self.promotionWord(stopped.number)": "shop/production/3", "$0.number": "3", "$0": "DB_PASSWORD",
        "environment": "production", "self.service": "shop", "self.id.service": "shop",
        "definition.service": "shop", "environment.name": "production", "service": "shop", "before": "staging",
        "stopped.number": "3", "verb": "block remove r-aa --env production", "entry.name": "year-end",
        "waiting": "shop/production/3", "paused": "shop/production/3",
        "Self.words(right, scope)": "promote:shop/production", "actor": "person:ada", "person.id": "ada",
        "body.person": "ada", "candidate.version": "1.4.2", "absent.first ?? \"PERSON\"": "ada",
    ]

    /// What stands in the README where a person's own word comes.
    private static let words = [
        "SERVICE@VERSION": "shop@1.4.2", "SERVICE": "shop", "ENVIRONMENT": "production", "ENV": "production",
        "ID": "shop/production/3",
    ]

    private static func commands(in file: URL, _ replace: (String) -> String) throws -> [Command] {
        let text = try String(contentsOf: file, encoding: .utf8)
        return text.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("///") }.flatMap { line in
            String(line).matches(of: /`(slipway [^`]*)`/).map {
                Command(place: file.lastPathComponent, text: replace(String($0.1)))
            }
        }
    }

    static let named: [Command] = {
        let files = FileManager.default.enumerator(
            at: root.appendingPathComponent("Sources"), includingPropertiesForKeys: nil)
        var commands: [Command] = []
        while let file = files?.nextObject() as? URL {
            guard file.pathExtension == "swift" else { continue }
            let found = try? Self.commands(in: file) { text in
                values.reduce(text) { $0.replacingOccurrences(of: "\\(\($1.key))", with: $1.value) }
            }
            commands += found ?? []
        }
        let readme = try? Self.commands(in: root.appendingPathComponent("README.md")) { text in
            text.split(separator: " ").map { words[String($0)] ?? String($0) }.joined(separator: " ")
        }
        return Array(Set(commands + (readme ?? []))).sorted { $0.testDescription < $1.testDescription }
    }()

    @Test(arguments: named) func `a command that is named can be given as it stands`(command: Command) async {
        #expect(!command.text.contains("\\("), "a value that this test does not know")
        let words = command.text.split(separator: " ").dropFirst().map(String.init)
        // The demo would run.
        if words.first == "demo" { return }
        let run = await CommandRun.of(words, environment: ["SLIPWAY_SERVER": "http://127.0.0.1:1"])
        #expect(run.code != 2, "\(run.err)")
    }

    @Test func `the commands of all layers are found`() {
        #expect(Self.named.count > 30)
        for place in ["LaneCommands.swift", "Releasing.swift", "ServerError.swift", "PromotionText.swift", "README.md"]
        {
            #expect(Self.named.contains { $0.place == place }, "none in \(place)")
        }
    }
}
