import Foundation
import Testing

struct StyleTests {
    private static let functionLinesMax = 70
    private static let fileLinesMax = 800

    /// Closed sets of ours are switched without `default`. These read a closed set out of text, which is open.
    private static let defaultsInCore: Set<String> = [
        // They read and write bytes, of which there are 256.
        "Sources/Core/Ledger/Export/ExportWriter.swift", "Sources/Core/Ledger/Export/LineScanner.swift",
        "Sources/Core/Releases/Release.swift", "Sources/Core/Governance/ChangeRequest.swift",
        "Sources/Core/Governance/Access.swift", "Sources/Core/Governance/DirectoryEvents.swift",
        "Sources/Core/Governance/FreezeCalendar.swift",
        "Sources/Core/Versions/NextVersion.swift",
        "Sources/Core/Ledger/Envelope.swift",
    ]

    @Test(arguments: BannedCall.all)
    func `no call that has a better one`(call: BannedCall) throws {
        let breaches = try SourceTree("Sources").files.flatMap(call.breaches(in:))
        #expect(breaches.isEmpty, "\(breaches.list)")
    }

    @Test func `a banned call is found, and its look-alikes are not`() {
        #expect(Code.of("        print(\"a\")").calls("print("))
        #expect(!Code.of("    fingerprint(a); self.print(b); func print(c)").calls("print("))
        #expect(!Code.of("    /// print(a)").calls("print("))
        #expect(!Code.of("    run() // print(a)").calls("print("))
        #expect(Code.of("    let a = try! b()").calls("try!"))
    }

    @Test func `functions have at most 70 lines and files at most 800`() throws {
        let breaches = try SourceTree("Sources", "Tests", "Benchmarks").files.flatMap { file in
            var found = Functions.of(file.lines).filter { $0.length > Self.functionLinesMax }.map {
                Breach(file: file, line: $0.start, sentence: "a function of \($0.length) lines")
            }
            if file.lines.count > Self.fileLinesMax {
                found.append(Breach(file: file, line: 0, sentence: "a file of \(file.lines.count) lines"))
            }
            return found
        }
        #expect(breaches.isEmpty, "\(breaches.list)")
    }

    @Test func `the length of a function is measured from its name to its closing brace`() {
        let lines = [
            "struct A {", "    func a() {", "        b()", "    }", "    init() {}", "    func c(", "    ) {", "    }",
            "}",
        ]
        #expect(Functions.of(lines).map(\.length) == [3, 1, 3])
        #expect(Functions.of(["func a() {"] + Array(repeating: "    b()", count: 70) + ["}"]).map(\.length) == [72])
    }

    @Test func `the core switches its closed sets without default`() throws {
        let breaches = try SourceTree("Sources/Core").files.flatMap { file in
            guard !Self.defaultsInCore.contains(file.path) else { return [Breach]() }
            return file.lines.indices.filter { Code.of(file.lines[$0]).text.contains("default:") }.map {
                Breach(file: file, line: $0, sentence: "`default:` hides a new case; name the cases")
            }
        }
        #expect(breaches.isEmpty, "\(breaches.list)")
    }

    @Test func `every file says something`() throws {
        let breaches = try SourceTree("Sources", "Tests", "Benchmarks").files.filter { file in
            file.path.lowercased().contains("placeholder")
                || !file.lines.contains { !Code.of($0).text.trimmingCharacters(in: .whitespaces).isEmpty }
        }.map { Breach(file: $0, line: 0, sentence: "an empty file or a placeholder") }
        #expect(breaches.isEmpty, "\(breaches.list)")
    }

    @Test func `no path of somebody's machine stands in the sources`() throws {
        let homes = ["/home/" + "[a-z]", "/Users/" + "[a-z]", "\"/root/", "\"/opt/" + "swift"]
        let breaches = try SourceTree("Sources", "Benchmarks").files.flatMap { file in
            file.lines.indices.filter { number in
                homes.contains { file.lines[number].range(of: $0, options: .regularExpression) != nil }
            }.map { Breach(file: file, line: $0, sentence: "a path of one machine") }
        }
        #expect(breaches.isEmpty, "\(breaches.list)")
    }
}

/// Functions and initialisers of formatted code: the closing brace stands alone in the column where the declaration began.
enum Functions {
    static func of(_ lines: [String]) -> [(start: Int, length: Int)] {
        lines.indices.compactMap { start in
            let line = lines[start]
            guard Self.isDeclaration(line) else { return nil }
            let indent = String(line.prefix { $0 == " " })
            if line.hasSuffix("}") { return (start, 1) }
            let end = lines[start...].dropFirst().firstIndex { $0 == indent + "}" }
            return end.map { (start, $0 - start + 1) }
        }
    }

    private static func isDeclaration(_ line: String) -> Bool {
        let code = Code.of(line)
        let words = code.text.split(separator: " ").prefix(8)
        let isNamed = words.contains("func") || words.contains { $0.hasPrefix("init(") || $0.hasPrefix("init?(") }
        return isNamed && words.first.map { !$0.hasPrefix("self") && !$0.hasPrefix("//") } == true
    }
}
