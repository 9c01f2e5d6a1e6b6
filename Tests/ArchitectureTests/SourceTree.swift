import Foundation

/// The Swift files of the package, as text.
struct SourceTree {
    struct File {
        /// From the package's root: `Sources/Core/Ledger/Time.swift`.
        let path: String
        let text: String
        let lines: [String]

        /// Modules that the file imports. `import struct Crypto.SHA256` counts as `Crypto`.
        var imports: [String] { self.lines.compactMap(Self.module(imported:)) }

        static func module(imported line: String) -> String? {
            var words = line.split(separator: " ").map(String.init)
            while let first = words.first, first != "import" {
                guard
                    first.hasPrefix("@") || ["public", "package", "internal", "private", "fileprivate"].contains(first)
                else { return nil }
                words.removeFirst()
            }
            guard words.count > 1 else { return nil }
            let kinds = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
            let name = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
            return name.split(separator: ".").first.map(String.init)
        }
    }

    /// The folder of Package.swift, found from where this file lies.
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    let files: [File]

    init(_ folders: String...) throws {
        let root = Self.root.path
        self.files = try folders.flatMap { folder in
            let names = FileManager.default.enumerator(atPath: "\(root)/\(folder)")?.compactMap { $0 as? String } ?? []
            return try names.filter { $0.hasSuffix(".swift") }.sorted().map { name in
                let text = try String(contentsOfFile: "\(root)/\(folder)/\(name)", encoding: .utf8)
                return File(
                    path: "\(folder)/\(name)", text: text,
                    lines: text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
            }
        }
    }
}

/// A place in the sources that breaks a rule, as editors read it.
struct Breach: CustomStringConvertible {
    let file: SourceTree.File
    let line: Int
    let sentence: String

    var description: String { "\(self.file.path):\(self.line + 1): \(self.sentence)" }
}

extension [Breach] {
    /// One a line, for the message of an expectation.
    var list: String { self.map(\.description).joined(separator: "\n") }
}
