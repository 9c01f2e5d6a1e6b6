import Core
import Testing

/// The export of the ledger and its check without the ledger.
@Suite struct ExportTests {
    /// A ledger of random events over a few streams, as an export. `odd`: bodies with everything that must be escaped.
    private static func lines(_ count: Int, seed: UInt64 = 1) throws -> [[UInt8]] {
        var random = Dice(seed: seed)
        let service = try #require(ServiceName("shop"))
        let names = try ["dev", "prod"].map { try #require(EnvironmentName($0)) }
        let streams: [StreamID] =
            [.service(service), .calendar, .access] + names.map { .lane(LaneID(service: service, environment: $0)) }
        let bodies: [[UInt8]] = [
            Array("{}".utf8), Array(#"{"reason":"say \"é\" \\ twice","tab":"\u0009"}"#.utf8), [0x7B, 0x0A, 0x09, 0x7D],
            [0xFF, 0xFE, 0x00], [],
        ]
        var writer = ExportWriter()
        var lines = [
            writer.header(at: Instant(milliseconds: 9_000_000), by: .person("zoë"), last: count)
        ]
        var heads: [StreamID: StreamHead] = [:]
        var lastSeal = ChainHash.origin
        for position in stride(from: 1, through: count, by: 1) {
            let stream = try #require(streams.randomElement(using: &random))
            let body = try #require(bodies.randomElement(using: &random))
            let (number, previous) = ((heads[stream]?.number ?? 0) + 1, heads[stream]?.hash ?? .origin)
            let (at, kind) = (Instant(milliseconds: Int64(1_000 + position / 3)), EventKind("lane.held", version: 2))
            let cause: Cause? = position.isMultiple(of: 2) ? .position(position - 1) : nil
            let hash = Envelope.hash(
                previous: previous, stream: stream, number: number, kind: kind, at: at, actor: .person("ada"),
                cause: cause, body: body)
            heads[stream] = StreamHead(stream: stream, number: number, hash: hash)
            lines.append(
                writer.event(
                    Envelope(
                        position: position, stream: stream, number: number, kind: kind, at: at, actor: .person("ada"),
                        cause: cause, body: body, previousHash: previous, hash: hash)))
            if position.isMultiple(of: 5) {
                let sealed = Seal.hash(previous: lastSeal, position: position, at: at, heads: Array(heads.values))
                lines.append(writer.seal(Seal(position: position, at: at, previousHash: lastSeal, hash: sealed)))
                lastSeal = sealed
            }
        }
        return lines + [writer.end()]
    }

    private static func verify(
        _ bytes: [UInt8], chunk: Int = 4_096, _ limits: ExportVerifier.Limits = .init()
    ) -> Result<ExportReport, ExportProblem> {
        var verifier = ExportVerifier(limits)
        do throws(ExportProblem) {
            for start in stride(from: 0, to: bytes.count, by: chunk) {
                try verifier.take(Array(bytes[start..<min(start + chunk, bytes.count)]))
            }
            return .success(try verifier.finish())
        } catch {
            return .failure(error)
        }
    }

    private static func problem(_ bytes: [UInt8]) -> ExportProblem? {
        switch Self.verify(bytes) {
        case .success: nil
        case .failure(let problem): problem
        }
    }

    @Test(arguments: [1, 7, 4_096]) func `a whole export is right, in whatever pieces it comes`(chunk: Int) throws {
        let lines = try Self.lines(40)
        let report = try Self.verify(lines.flatMap(\.self), chunk: chunk).get()
        #expect(report.events == 40)
        #expect(report.streams == 5)
        #expect(report.seals == 8)
        #expect(report.by == .person("zoë"))
        let last = String(decoding: try #require(lines.last), as: UTF8.self)
        #expect(last.contains(report.digest.description))
    }

    @Test func `an empty ledger can be exported`() throws {
        #expect(try Self.verify(try Self.lines(0).flatMap(\.self)).get().events == 0)
    }

    @Test func `a change to any byte is found, in its line, with a field`() throws {
        let lines = try Self.lines(7)
        let bytes = lines.flatMap(\.self)
        let numbers = lines.enumerated().flatMap { line, bytes in bytes.map { _ in line + 1 } }
        for place in bytes.indices {
            for mask: UInt8 in [0x01, 0x02, 0x20, 0x80, 0xFF] {
                var changed = bytes
                changed[place] ^= mask
                let problem = Self.problem(changed)
                #expect(problem?.line == numbers[place], "byte \(place) ^ \(mask): \(problem.map(\.description) ?? "")")
            }
        }
    }

    @Test func `random changes of a larger one are found, and so are bytes put in and taken out`() throws {
        let bytes = try Self.lines(300, seed: 2).flatMap(\.self)
        var random = Dice(seed: 3)
        for _ in 0..<100 {
            let place = Int.random(in: bytes.indices, using: &random)
            var changed = bytes
            switch Int.random(in: 0..<3, using: &random) {
            case 0: changed[place] ^= UInt8.random(in: 1...255, using: &random)
            case 1: changed.insert(UInt8.random(in: 0...255, using: &random), at: place)
            default: changed.remove(at: place)
            }
            #expect(changed == bytes || Self.problem(changed) != nil, "byte \(place)")
        }
    }

    @Test func `lines cut out, swapped, doubled and a tail that is gone are found`() throws {
        let lines = try Self.lines(23)
        for place in lines.indices {
            var cut = lines
            cut.remove(at: place)
            #expect(Self.problem(cut.flatMap(\.self)) != nil, "line \(place + 1) cut out")
            var doubled = lines
            doubled.insert(lines[place], at: place)
            #expect(Self.problem(doubled.flatMap(\.self))?.line == place + 2, "line \(place + 1) doubled")
            #expect(Self.problem(lines[..<place].flatMap(\.self)) != nil, "the tail from line \(place + 1) on is gone")
            for other in lines.indices where other > place {
                var swapped = lines
                swapped.swapAt(place, other)
                #expect(Self.problem(swapped.flatMap(\.self))?.line == place + 1, "\(place + 1) and \(other + 1)")
            }
        }
        let bytes = lines.flatMap(\.self)
        for end in bytes.indices { #expect(Self.problem(Array(bytes[..<end])) != nil, "cut at byte \(end)") }
    }

    @Test func `the field that was changed is named, with stream and number`() throws {
        let lines = try Self.lines(7)
        func field(_ line: Int, _ old: String, _ new: String) -> ExportProblem? {
            var changed = lines
            changed[line] = Array(
                String(decoding: lines[line], as: UTF8.self).replacing(old, with: new, maxReplacements: 1).utf8)
            return changed[line] == lines[line] ? nil : Self.problem(changed.flatMap(\.self))
        }
        #expect(field(0, "zoë", "eva")?.field == "digest")
        #expect(field(1, #""position":1"#, #""position":2"#)?.field == "position")
        #expect(field(1, #""number":1"#, #""number":3"#)?.field == "number")
        #expect(field(1, #""previousHash":"0"#, #""previousHash":"1"#)?.field == "previousHash")
        let changed = field(1, "person:ada", "person:eve")
        #expect(changed?.field == "kind, kindVersion, at, actor, cause or body")
        #expect(changed?.number == 1)
        #expect(changed?.stream != nil)
        #expect(field(1, #","hash":""#, #","hash":"X"#)?.field == "hash")
        let hash = try #require(String(decoding: lines[1], as: UTF8.self).firstMatch(of: /"hash":"(.)/)).1
        #expect(
            field(1, "\"hash\":\"\(hash)", "\"hash\":\"\(hash == "0" ? "1" : "0")")?.why.contains("changed") == true)
        #expect(field(1, "\"hash\":\"\(hash)", "\"hash\":\"\(hash == "0" ? "1" : "0")")?.field == "hash")
        #expect(field(6, #""seal":5"#, #""seal":6"#)?.field == "seal")
        #expect(field(lines.count - 1, #""events":7"#, #""events":6"#)?.field == "events")
    }

    @Test(arguments: [
        "", "\n", "{}\n", "null\n", "\u{FEFF}{\"export\":\"slipway\"}\n",
        "{\"export\":\"slipway\",\"format\":2,\"at\":1}\n",
        "{\"export\":\"slipway\",\"format\":99999999999999999999}\n", "{\"export\":\"other\",\"format\":1,\"at\":1}\n",
        "{\"export\":\"", "{\"export\":\"\\", "{\"export\":\"\\u00", "{\"export\":\"slipway\",\"format\":-\n",
    ])
    func `what is no export is refused`(text: String) {
        #expect(Self.problem(Array(text.utf8))?.line == 1)
    }

    @Test func `lines, their length and streams are bounded`() throws {
        let bytes = try Self.lines(23).flatMap(\.self)
        var limits = ExportVerifier.Limits()
        limits.lines = 20
        guard case .failure(let lines) = Self.verify(bytes, limits) else { return #expect(Bool(false)) }
        #expect(lines.line == 21)
        limits = .init()
        limits.streams = 2
        guard case .failure(let streams) = Self.verify(bytes, limits) else { return #expect(Bool(false)) }
        #expect(streams.field == "stream")
        limits = .init()
        limits.lineBytes = 1_000
        // A file without line breaks ends at the bound, not in memory.
        var verifier = ExportVerifier(limits)
        try verifier.take([UInt8](repeating: 0x20, count: 1_000))
        #expect(throws: ExportProblem.self) { try verifier.take([0x20]) }
    }
}

/// The same numbers every time.
private struct Dice: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { self.state = seed }

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var word = self.state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
