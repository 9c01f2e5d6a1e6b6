import Core
import ServiceFile
import Testing

/// Hostile files: size, depth, counts, bytes that are no text, and random damage.
@Suite struct LimitTests {
    private func file(_ inner: String) -> String { "service: a\nrun: b\nenvironments:\n\(inner)" }

    @Test func `a file over 256 KiB is refused and one below is read`() throws {
        let padding = String(repeating: "#", count: 256 * 1_024)
        let large = self.file("  e:\n") + padding
        let error = try #require(problems(of: large))
        #expect(error.problems.map(\.code) == [.tooLarge])
        let fits = String(large.prefix(256 * 1_024))
        #expect(problems(of: fits) == nil)
    }

    @Test func `counts have limits`() throws {
        let environments = { (count: Int) in (1...count).map { "  e\($0):\n" }.joined() }
        #expect(problems(of: self.file(environments(32))) == nil)
        #expect(problems(of: self.file(environments(33)))?.problems.map(\.code) == [.tooLarge])
        let variables = { (count: Int) in
            "  e:\n    variables:\n" + (1...count).map { "      V\($0): x\n" }.joined()
        }
        #expect(problems(of: self.file(variables(64))) == nil)
        #expect(problems(of: self.file(variables(65)))?.problems.map(\.code) == [.tooLarge])
        let text = { (count: Int) in "  e: { variables: { A: \(String(repeating: "x", count: count)) } }\n" }
        #expect(problems(of: self.file(text(4_096))) == nil)
        #expect(problems(of: self.file(text(4_097)))?.problems.map(\.code) == [.badValue])
        let gates = { (count: Int) in
            "  e: { gates: [\(Array(repeating: "approval: { from: a }", count: count).joined(separator: ", "))] }\n"
        }
        #expect(problems(of: self.file(gates(16))) == nil)
        #expect(problems(of: self.file(gates(17)))?.problems.map(\.code) == [.tooLarge])
        let steps = { (count: Int) in
            let shares = (1..<count).map { "\($0)" }.joined(separator: ", ")
            return "  e: { listen: 127.0.0.1:1, strategy: { canary: { steps: [\(shares), 100] } } }\n"
        }
        #expect(problems(of: self.file(steps(20))) == nil)
        #expect(problems(of: self.file(steps(21)))?.problems.map(\.code) == [.tooLarge])
        let command = { (count: Int) in
            "service: a\nrun: \(String(repeating: "x", count: count))\nenvironments: { e: }\n"
        }
        #expect(problems(of: command(8_192)) == nil)
        #expect(problems(of: command(8_193))?.problems.map(\.code) == [.badValue])
    }

    @Test(arguments: [17, 100, 990, 5_000, 100_000])
    func `depth has a limit`(depth: Int) async throws {
        let lists = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        let maps = String(repeating: "{ a: ", count: depth) + String(repeating: "}", count: depth)
        let block = String(repeating: "- ", count: depth) + "x"
        let keys = String(repeating: "? ", count: depth) + "x"
        for text in [lists, maps, block, keys, "run: \(lists)", lists.dropLast(depth).description]
        where text.utf8.count < 256 * 1_024 {
            let error = try #require(problems(of: text))
            #expect(error.problems.allSatisfy { [.tooLarge, .wrongShape, .syntax].contains($0.code) })
        }
    }

    @Test func `sixteen levels are read and more are refused`() throws {
        let nested = { (depth: Int) in
            "x: " + String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1)
        }
        #expect(problems(of: nested(16))?.problems.contains { $0.code == .tooLarge } == false)
        #expect(problems(of: nested(17))?.problems.map(\.code) == [.tooLarge])
        #expect(problems(of: nested(17))?.problems.map(\.column) == [19])
    }

    @Test func `a bomb of aliases is refused at once`() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...20 {
            let alias = "*a\(level - 1)"
            text += "a\(level): &a\(level) [\(Array(repeating: alias, count: 10).joined(separator: ", "))]\n"
        }
        // As a key it would have to be compared as a whole.
        for bomb in [text, text + "? *a20\n: x\n", text + "? *a20\n: x\n? *a20\n: y\n"] {
            let clock = ContinuousClock()
            let start = clock.now
            let error = try #require(problems(of: bomb))
            #expect(error.problems.first?.code == .notAllowed)
            #expect(error.problems.first?.line == 2)
            #expect(error.problems.first?.column == 10)
            #expect(clock.now - start < .seconds(2))
        }
    }

    @Test func `the largest bomb with few aliases ends in bounded time`() throws {
        let wide = Array(repeating: "x", count: 40_000).joined(separator: ",")
        let text = "a: &a [\(wide)]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\n? *c\n: 1\n? [*c]\n: 2\n"
        let clock = ContinuousClock()
        let start = clock.now
        let error = try #require(problems(of: text))
        #expect(error.problems.contains { $0.code == .notAllowed })
        #expect(clock.now - start < .seconds(30))
    }

    @Test(
        arguments: [
            ([0xFF, 0xFE, 0x61, 0x00], 1, 1, "UTF-16"), ([0x00, 0x61], 1, 1, "UTF-16"),
            ([0x61, 0x3A, 0x20, 0x62, 0x0A, 0x63, 0xC3, 0x28], 2, 2, "not UTF-8 here"),
            ([0xC0, 0x80], 1, 1, "not UTF-8 here"),
            ([0xED, 0xA0, 0x80], 1, 1, "not UTF-8 here"), ([0x61, 0x3A, 0x20, 0x00], 1, 4, "control character"),
        ] as [([UInt8], Int, Int, String)])
    func `what is not UTF-8 is refused at its place`(bytes: [UInt8], line: Int, column: Int, says: String) throws {
        do throws(ServiceFileError) {
            _ = try ServiceFile.read(bytes)
            Issue.record("\(bytes) was read")
        } catch {
            let problem = try #require(error.problems.first)
            #expect(problem.line == line)
            #expect(problem.column == column)
            #expect(problem.message.contains(says))
        }
    }

    @Test func `no damage to a good file makes the reader crash or hang`() throws {
        let seed = UInt64.random(in: .min ... .max)
        print("seed of the damaged service files: \(seed)")
        var random = Dice(state: seed)
        let good = Array(ServiceFile.example.utf8)
        let pieces: [[UInt8]] =
            [
                "&a ", "*a", "<<: ", "!!str ", "{", "}", "[", "]", "\"", "'", "\n", "\n\n", "  ", "\t", "- ", "? ",
                ": ", "|\n", ">\n",
                "---\n", "...\n", "%YAML 1.1\n", "#", "\u{0}", "\u{FEFF}", "\u{85}", "\u{2028}", "null", "1:30", "é",
                "\u{1F600}", ",",
            ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xED, 0xA0, 0x80]]
        let clock = ContinuousClock()
        let start = clock.now
        var read = 0
        for _ in 0..<2_000 {
            var bytes = good
            for _ in 0..<random.next(below: 6) + 1 { random.damage(&bytes, with: pieces) }
            do throws(ServiceFileError) {
                _ = try ServiceFile.read(bytes)
                read += 1
            } catch {
                #expect(!error.problems.isEmpty, "seed \(seed)")
                #expect(error.problems.count <= ServiceFileError.limit, "seed \(seed)")
                #expect(
                    error.problems.allSatisfy { $0.line >= 1 && $0.column >= 1 && !$0.message.isEmpty }, "seed \(seed)")
                #expect(
                    !error.description.utf8.contains { $0 < 0x20 && $0 != 0x0A },
                    "seed \(seed): \(error.description.debugDescription)")
            }
        }
        #expect(clock.now - start < .seconds(120), "seed \(seed)")
        #expect(read < 2_000, "seed \(seed): damage is never noticed")
    }
}

/// A small generator, so that a seed repeats a run (splitmix64).
private struct Dice {
    var state: UInt64

    mutating func next(below limit: Int) -> Int {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var z = self.state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((z ^ (z >> 31)) % UInt64(limit))
    }

    /// Puts something in, takes something out, changes a byte, or doubles a part.
    mutating func damage(_ bytes: inout [UInt8], with pieces: [[UInt8]]) {
        guard !bytes.isEmpty else { return }
        let at = self.next(below: bytes.count)
        let end = min(bytes.count, at + 1 + self.next(below: 40))
        switch self.next(below: 4) {
        case 0: bytes.insert(contentsOf: pieces[self.next(below: pieces.count)], at: at)
        case 1: bytes.removeSubrange(at..<end)
        case 2: bytes[at] = UInt8(self.next(below: 256))
        default: bytes.insert(contentsOf: bytes[at..<end], at: self.next(below: bytes.count))
        }
    }
}
