import Core
import Foundation
import ServiceFile
import Testing

@Suite struct StarterTests {
    private static let repositories: [[String]] = [
        [], ["Makefile"], ["GNUmakefile"], ["Package.swift"], ["Package.swift", "Makefile"], ["package.json"],
        ["package.json", "package-lock.json"], ["go.mod", "main.go"], ["Cargo.toml"], ["requirements.txt"],
        ["requirements.txt", "server.py"], ["pyproject.toml"], ["Dockerfile"], ["main.c"], ["server.swift"], ["app.py"],
        ["index.html"], ["README.md"],
    ]

    @Test(arguments: Self.repositories)
    func `the first file of a repository reads without an error`(files: [String]) throws {
        let text = ServiceFile.starter(for: RepositoryFacts(folder: "My Shop", files: Set(files), branch: "main"))
        let contents = try ServiceFile.read(text)
        #expect(contents.definition.service.text == "my-shop")
        #expect(contents.definition.environments.map(\.name.text) == ["development", "staging", "production"])
        #expect(contents.configuration.build != nil)
        #expect(contents.configuration.run?.command.contains("PORT") == true || files.contains("package.json"))
    }

    /// What stands in comments is meant to be uncommented.
    @Test func `its commented gates and keys read without an error`() throws {
        let text = ServiceFile.starter(for: RepositoryFacts(folder: "a", files: [], branch: "main"))
        let keys = ["# watch:", "# tests:", "# verify:", "# gates:", "#   - soak:", "#   - approval:"]
        let lines = text.split(separator: "\n").map { line -> String in
            let bare = line.drop { $0 == " " }
            guard keys.contains(where: bare.hasPrefix) else { return String(line) }
            return String(repeating: " ", count: line.count - bare.count) + bare.dropFirst(2)
        }
        let contents = try ServiceFile.read(lines.joined(separator: "\n") + "\n")
        #expect(contents.configuration.watch == "main")
        #expect(contents.configuration.build?.tests == "junit.xml")
        #expect(contents.definition.environments.last?.gates.count == 2)
        #expect(contents.definition.environments[1].verify.count == 1)
    }

    @Test func `its commented canary reads in the place of the strategy above it`() throws {
        let lines = ServiceFile.starter(for: RepositoryFacts(folder: "a", files: [], branch: "main"))
            .split(separator: "\n").filter { !$0.contains("strategy: blueGreen") }
            .map { $0.replacingOccurrences(of: "# strategy: {", with: "strategy: {") }
        let contents = try ServiceFile.read(lines.joined(separator: "\n") + "\n")
        #expect(contents.definition.environments.last?.strategy == .canary(.standard))
    }

    @Test(arguments: [
        ("Shop", "shop"), ("my_shop.v2", "my-shop-v2"), ("--x--", "x"), ("", "service"), ("\u{1F600}", "service"),
        ("Ünï", "n"),
        ("a\nrun: rm", "a-run-rm"), (String(repeating: "a", count: 300), String(repeating: "a", count: 34)),
    ])
    func `the folder's name becomes a name of a service`(folder: String, name: String) throws {
        let text = ServiceFile.starter(for: RepositoryFacts(folder: folder, files: ["Makefile"], branch: "x\nowner: y"))
        let contents = try ServiceFile.read(text)
        #expect(contents.definition.service.text == name)
        #expect(contents.definition.owner == "\(name)-team")
    }
}
