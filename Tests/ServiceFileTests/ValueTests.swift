import Core
import ServiceFile
import Testing

/// Values that are not allowed, and those that are not allowed together.
@Suite struct ValueTests {
    @Test(arguments: [
        "10", "1:30", "1.5h", "-5s", "5 s", "5S", "30min", "1m1h", "1h1h", "s", "1", "+1s", "99999999999999999999s",
        "9223372036854775807d", "1h 30m", "١s", "0x10s", "[1s]",
    ])
    func `what is no duration is refused`(text: String) throws {
        try Wrong.environment(
            "bake: \(text)", text.hasPrefix("[") ? .wrongShape : .badValue, 14, "a duration from 0s to 30d"
        ).isTold()
    }

    @Test(arguments: Wrong.outOfBounds)
    func `durations, numbers and truth values have bounds`(wrong: Wrong) throws { try wrong.isTold() }

    @Test(arguments: Wrong.badTexts)
    func `addresses, names and texts are checked`(wrong: Wrong) throws { try wrong.isTold() }

    @Test(arguments: [
        ("../x", "leads out"), ("a/../../x", "leads out"), ("..", "leads out"), ("/etc", "begins with `/`"),
        ("~/x", "begins with `~`"), ("\"a\\nb\"", "line break"), ("'a\\b'", "holds `\\`"),
    ])
    func `paths stay inside the checkout`(path: String, says: String) throws {
        try Wrong.line("build: { command: a, artifact: \(path) }", .badValue, 32, says).isTold()
        try Wrong.line("build: { command: a, artifact: b, tests: \(path) }", .badValue, 42, says).isTold()
    }

    @Test(arguments: Wrong.contradicting)
    func `values that do not go together are refused`(wrong: Wrong) throws { try wrong.isTold() }

    @Test func `a circle does not hide behind a way that leads into it`() throws {
        let text = "service: a\nrun: b\nenvironments:\n  w: { after: x }\n  x: { after: y }\n  y: { after: x }\n"
        try Wrong(text, .contradiction, "5:15", "x after y after x").isTold()
    }

    @Test func `one mistake is not told twice`() {
        #expect(problems(of: "servise: a\nrun: b\nenvironments: { e: }\n")?.problems.count == 1)
        #expect(
            problems(of: "service: a\nrun: b\nenvironments: { e: { lisen: 127.0.0.1:1, strategy: blueGreen } }\n")?
                .problems.count == 1)
        #expect(
            problems(of: "service: a\nrun: b\nenvironments: { e: { listen: x, strategy: blueGreen } }\n")?.problems
                .count == 1)
        #expect(problems(of: "service: a\nrun: b\nenvironments: { e: [], f: { after: e } }\n")?.problems.count == 1)
        let broken = "service: a\nrun: b\nbuild: { command: x }\nenvironments: { e: { gates: [tests] } }\n"
        #expect(problems(of: broken)?.problems.count == 1)
    }

    @Test func `all problems are told in the order of the file`() throws {
        let error = try #require(
            problems(of: "owner: ''\nrun: { replicas: x }\nenvironments: { e: { bake: 1, drain: 2 } }\nfoo: 1\n"))
        #expect(
            error.problems.map { "\($0.line):\($0.column)" } == ["1:1", "2:6", "2:18", "3:28", "3:38", "4:1"])
        #expect(error.description.split(separator: "\n").allSatisfy { $0.hasPrefix("slipway.yaml:") })
        #expect(error.description.hasPrefix("slipway.yaml:1:1: `service` is missing: "))
        #expect(!error.isCut)
    }

    @Test func `no more than 20 problems are told`() throws {
        let lines = (1...30).map { "x\($0): 1\n" }.joined()
        let error = try #require(problems(of: "service: a\nrun: b\nenvironments: { e: }\n" + lines))
        #expect(error.problems.count == ServiceFileError.limit)
        #expect(error.isCut)
        #expect(error.description.hasSuffix("and more; the first 20 are shown"))
    }
}
