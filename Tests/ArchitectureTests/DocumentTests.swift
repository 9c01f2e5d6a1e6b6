import Foundation
import Testing

/// What the documents of the package say of it.
struct DocumentTests {
    private static let names = [
        "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "Docs/figures.md", "Docs/slipway-yaml.md",
    ]

    private func text(_ name: String) throws -> String {
        try String(contentsOf: SourceTree.root.appendingPathComponent(name), encoding: .utf8)
    }

    private func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: SourceTree.root.appendingPathComponent(path).path)
    }

    @Test(arguments: Self.names) func `every link in a document leads to a file`(name: String) throws {
        let folder = (name as NSString).deletingLastPathComponent
        for match in try self.text(name).matches(of: /\]\(([^)#]+)\)/) where !match.1.hasPrefix("https://") {
            #expect(self.exists(folder.isEmpty ? String(match.1) : "\(folder)/\(match.1)"), "\(match.1)")
        }
    }

    @Test func `every file that ARCHITECTURE names is there`() throws {
        // Written without the folders that all of them have.
        let roots = ["", "Sources/", "Sources/Faces/", "Sources/Faces/CommandLine/", "Sources/Engine/"]
        let paths = try self.text("ARCHITECTURE.md").matches(of: /`([A-Za-z+\/]+(?:\.swift|\.md))`/).map {
            String($0.1)
        }
        #expect(paths.count > 8)
        for path in paths { #expect(roots.contains { self.exists($0 + path) }, "\(path)") }
    }

    @Test func `every target and every library has its line in ARCHITECTURE`() throws {
        let (package, page) = (try self.text("Package.swift"), try self.text("ARCHITECTURE.md"))
        let targets = package.matches(of: /ours\(\s*"([A-Za-z]+)"/).map { String($0.1) }
        #expect(Set(targets) == Set(Arrows.all.map(\.target)).subtracting(["slipway"]))
        for target in targets { #expect(page.contains("| `\(target)`"), "\(target)") }
        let libraries = package.matches(of: /url: "https:\/\/github\.com\/[^\/]+\/([^"]+)"/).map { String($0.1) }
        #expect(libraries.count > 5)
        let table = try #require(page.range(of: "## What we build on"))
        for library in libraries {
            #expect(page[table.upperBound...].contains(library), "\(library) has no line under `What we build on`")
        }
    }

    @Test func `the Makefile has the targets that are promised, and installs what they need before they begin`() throws
    {
        let lines = try self.text("Makefile").split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let needs = [
            "run": "build run", "test": "build run tests provider",
            "nightly": "build run tests provider", "bench": "build",
            "dist": "build", "check": nil, "format": nil,
        ]
        for (target, parts) in needs {
            let rule = try #require(lines.firstIndex(of: "\(target):"), "no target \(target)")
            if let parts { #expect(lines[rule + 1] == "\t@Scripts/need.sh \(parts)", "\(target)") }
        }
        let phony = try #require(lines.first { $0.hasPrefix(".PHONY:") })
        #expect(Set(phony.split(separator: " ").dropFirst().map(String.init)) == Set(needs.keys))
        for script in ["Scripts/need.sh", "Scripts/test.sh", "Scripts/dist.sh", ".ci/run"] {
            let path = SourceTree.root.appendingPathComponent(script).path
            #expect(FileManager.default.isExecutableFile(atPath: path), "\(script) can't be run")
        }
    }

    @Test func `the check of every change is the README's test command`() throws {
        #expect(try self.text("README.md").contains("\nmake test "))
        #expect(try self.text(".ci/run").contains(" make test <"))
        // No group of tests is left out.
        let script = try self.text("Scripts/test.sh")
        for group in try FileManager.default.contentsOfDirectory(atPath: SourceTree.root.path + "/Tests")
        where group.hasSuffix("Tests") {
            #expect(script.contains(group), "\(group) is not run by Scripts/test.sh")
        }
    }

    @Test func `the version of the binary has its place in the changelog`() throws {
        let source = try self.text("Sources/Faces/CommandLine/Slipway.swift")
        let version = try #require(source.firstMatch(of: /static let version = "([^"]+)"/)).1
        let changes = try self.text("CHANGELOG.md")
        #expect(
            changes.contains("## [\(version)]") || changes.contains("## \(version)")
                || changes.contains("## Unreleased"))
    }
}
