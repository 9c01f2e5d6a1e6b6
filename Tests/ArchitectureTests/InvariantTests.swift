import Foundation
import Testing

/// Docs/invariants.md names the tests that hold each invariant: none of them may get lost.
struct InvariantTests {
    @Test func `every test that the page of invariants names exists`() throws {
        let page = try String(contentsOf: SourceTree.root.appendingPathComponent("Docs/invariants.md"), encoding: .utf8)
        let names = page.matches(of: /`([^`]+)`/).map { String($0.1) }.filter { $0.split(separator: " ").count > 3 }
        #expect(names.count >= 40)
        let tests = try SourceTree("Tests").files.filter { !$0.path.hasPrefix("Tests/ArchitectureTests") }
        for name in Set(names.map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }).sorted() {
            let isThere = tests.contains { $0.text.contains("func `\(name)`") || $0.text.contains("\"\(name)\"") }
            #expect(isThere, "Docs/invariants.md names `\(name)`, and no test has that name")
        }
    }
}
