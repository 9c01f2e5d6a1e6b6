import Core
import Engine
import Lab
import Ports
import Testing

@Suite(.timeLimit(.minutes(2))) struct LedgerExportTests {
    private static func text(_ export: LedgerExport) async throws -> [UInt8] {
        var (export, bytes) = (export, [UInt8]())
        while let next = try await export.next() { bytes += next }
        return bytes
    }

    private static func fill(_ ledger: any Ledger, _ count: Int, reason: String = "x") async throws {
        let lane = StreamID.lane(try Shop.lane("prod"))
        for _ in 0..<(count / 500) {
            let number = try await ledger.number(of: lane)
            let body = try EventJSON.encode(["by": "person:ada", "reason": reason])
            let text = String(decoding: body, as: UTF8.self)
            let event = NewEvent(
                kind: EventKind("lane.holdReleased"),
                body: Array(text.replacing("{\"by\"", with: "{\"at\":5,\"by\"").utf8))
            _ = try await ledger.append(
                AppendRequest(
                    [StreamBatch(stream: lane, expected: number, events: Array(repeating: event, count: 500))],
                    actor: .person("=ada"), at: Instant(milliseconds: 5)))
        }
    }

    @Test func `an export is right, however much is appended meanwhile, and ends where it began`() async throws {
        let world = World()
        let ledger = try world.open()
        let plane = world.plane(over: ledger)
        try await Self.fill(ledger, 3_000)
        let before = try await ledger.position()
        var export = try await plane.exportLedger(.lines, upTo: nil, by: .ada)
        var verifier = ExportVerifier()
        var pieces = 0
        var longest = 0
        while let bytes = try await export.next() {
            try verifier.take(bytes)
            pieces += 1
            longest = max(longest, bytes.count)
            if pieces.isMultiple(of: 10) { try await Self.fill(ledger, 500) }
        }
        let report = try verifier.finish()
        #expect(report.events == before)
        #expect(report.seals == 3)
        #expect(report.by == .person("ada"))
        #expect(pieces > 30)
        #expect(longest < 100_000)
        let part = try await Self.text(try await plane.exportLedger(.lines, upTo: 1_234, by: .ada))
        var other = ExportVerifier()
        try other.take(part)
        #expect(try other.finish().events == 1_234)
    }

    @Test func `only who administers takes the record out, and only what there is`() async throws {
        let world = World()
        let plane = world.plane(over: try world.open())
        await #expect(throws: Refusal.self) { _ = try await plane.exportLedger(.lines, upTo: nil, by: .bob) }
        await #expect(throws: Refusal.self) { _ = try await plane.exportLedger(.lines, upTo: 999, by: .ada) }
    }

    @Test func `the table for people says who did what when, and holds no formula`() async throws {
        let world = World()
        let ledger = try world.open()
        try await Self.fill(ledger, 500, reason: "a \"quote\",\nand a line")
        let bytes = try await Self.text(try await world.plane(over: ledger).exportLedger(.table, upTo: nil, by: .ada))
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.hasPrefix("\"position\",\"time\",\"stream\",\"kind\",\"actor\",\"sentence\"\r\n"))
        #expect(text.contains("\"hold released by person:ada: a \"\"quote\"\",\nand a line\"\r\n"))
        #expect(text.contains("\"lane/shop/prod\",\"lane.holdReleased\",\"person:=ada\","))
    }

    @Test(arguments: [
        ("=1+1", "\"'=1+1\""), ("+1", "\"'+1\""), ("-1", "\"'-1\""), ("@SUM(A1)", "\"'@SUM(A1)\""),
        ("\t=1", "\"'\t=1\""), (" =1", "\"' =1\""), ("\r=1", "\"'\r=1\""), ("\u{FF1D}1", "\"'\u{FF1D}1\""),
        ("a=1", "\"a=1\""), ("", "\"\""), ("=\"x\"", "\"'=\"\"x\"\"\""),
    ])
    func `a formula is made text`(field: String, written: String) {
        #expect(String(decoding: CSV.row([field]), as: UTF8.self) == written + "\r\n")
    }
}
