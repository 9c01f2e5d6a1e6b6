import Testing

struct ArrowTests {
    @Test func `every file imports only what its target may`() throws {
        let files = try SourceTree("Sources").files
        #expect(files.count > 100)
        let breaches = files.flatMap { file in
            guard let arrows = Arrows.of(file.path) else {
                return [Breach(file: file, line: 0, sentence: "belongs to no target; add its arrows to Arrows.swift")]
            }
            let allowed = arrows.ours.union(arrows.others)
            return file.lines.enumerated().compactMap { number, line in
                guard let module = SourceTree.File.module(imported: line), !allowed.contains(module) else { return nil }
                return Breach(
                    file: file, line: number,
                    sentence: "\(arrows.target) may not import \(module); it may import \(allowed.sorted())")
            }
        }
        #expect(breaches.isEmpty, "\(breaches.list)")
    }

    @Test func `the table forbids what the design forbids`() {
        let table = Dictionary(uniqueKeysWithValues: Arrows.all.map { ($0.target, $0) })
        #expect(table["Core"]?.others == ["Crypto"])
        #expect(table["Core"]?.ours.isEmpty == true)
        #expect(table["Ports"]?.ours == ["Core"])
        #expect(table["APIClient"]?.ours.isEmpty == true)
        #expect(table["WebUI"]?.ours == ["APIClient"])
        for name in ["CommandLine", "Demo", "SQLiteStore", "LocalTarget", "WebUI", "ServiceFile"] {
            #expect(table[name]?.ours.contains("Engine") == false, "\(name) never sees the engine")
        }
    }

    @Test(
        arguments: [
            ("import Core", "Core"), ("package import Ports", "Ports"), ("import struct Crypto.SHA256", "Crypto"),
            ("@preconcurrency internal import NIOCore", "NIOCore"), ("    import Glibc", "Glibc"),
            ("important news", nil), ("// import Foundation", nil), ("let a = \"import X\"", nil),
        ] as [(String, String?)])
    func `an import line is read as the compiler reads it`(line: String, module: String?) {
        #expect(SourceTree.File.module(imported: line) == module)
    }

    @Test func `a file belongs to the innermost folder's target`() {
        #expect(Arrows.of("Sources/Engine/Ports/Ledger.swift")?.target == "Ports")
        #expect(Arrows.of("Sources/Engine/Doors.swift")?.target == "Engine")
        #expect(Arrows.of("Sources/Elsewhere/A.swift") == nil)
    }
}
