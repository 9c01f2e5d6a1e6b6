/// Verifies an export as it comes in, by itself alone: every line's form and digest, every hash chain, every seal, the counts. Memory goes
/// by the number of streams and the longest line, both bounded.
package struct ExportVerifier: Sendable {
    package struct Limits: Sendable {
        /// A body of 1 MiB in which every byte is escaped, and the other fields.
        package var lineBytes = 6 << 20 + 64 << 10
        package var lines = 200_000_000
        package var streams = 10_000_000

        package init() {}
    }

    private struct Header {
        let at: Instant
        let by: Actor
        let last: Int
    }

    private let limits: Limits
    private var rest: [UInt8] = []
    private var line = 0
    private var chain = ChainHash.origin
    private var hasher = FieldHasher(capacity: 4_096)
    private var header: Header?
    private var heads: [StreamID: StreamHead] = [:]
    private var events = 0
    private var at = Instant(milliseconds: .min)
    private var head = ChainHash.origin
    private var lastSeal: (position: Int, hash: ChainHash) = (0, .origin)
    private var seals = 0
    private var isEnded = false

    package init(_ limits: Limits = Limits()) { self.limits = limits }

    /// The next bytes of the file. After a problem nothing more may be given.
    package mutating func take(_ bytes: [UInt8]) throws(ExportProblem) {
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            try self.checkLength(self.rest.count + end - start)
            let line = self.rest + bytes[start..<end]
            self.rest.removeAll(keepingCapacity: true)
            start = end + 1
            try self.take(line: line)
        }
        try self.checkLength(self.rest.count + bytes.count - start)
        self.rest += bytes[start...]
    }

    /// The file ends here.
    package mutating func finish() throws(ExportProblem) -> ExportReport {
        guard self.rest.isEmpty else {
            throw ExportProblem(line: self.line + 1, "it does not end with a line break: its end was cut off")
        }
        guard let header else { throw ExportProblem(line: 1, field: "export", "the file is empty") }
        guard self.isEnded else {
            throw ExportProblem(
                line: self.line + 1,
                "the end is missing after position \(self.events) of \(header.last): the export was cut off")
        }
        return ExportReport(
            events: self.events, streams: self.heads.count, seals: self.seals, by: header.by, at: header.at,
            digest: self.chain)
    }

    private func checkLength(_ count: Int) throws(ExportProblem) {
        guard count <= self.limits.lineBytes else {
            throw ExportProblem(
                line: self.line + 1, "it has more than \(self.limits.lineBytes) bytes: no line of an export is so long")
        }
    }

    private mutating func take(line bytes: [UInt8]) throws(ExportProblem) {
        self.line += 1
        guard self.line <= self.limits.lines else {
            throw ExportProblem(line: self.line, "there are more than \(self.limits.lines) lines")
        }
        guard !self.isEnded else { throw ExportProblem(line: self.line, "it stands after the end") }
        var scanner = LineScanner(bytes)
        if self.header == nil { return try self.takeHeader(&scanner) }
        if scanner.starts(with: "position") { return try self.takeEvent(&scanner) }
        if scanner.starts(with: "seal") { return try self.takeSeal(&scanner) }
        if scanner.starts(with: "events") { return try self.takeEnd(&scanner) }
        throw ExportProblem(line: self.line, "it is neither an event, nor a seal, nor the end")
    }

    // MARK: The four kinds of lines

    private mutating func takeHeader(_ scanner: inout LineScanner) throws(ExportProblem) {
        let line = self.line
        do throws(LineScanner.Fault) {
            let name = try scanner.text("export")
            let format = try scanner.count("format")
            guard name == "slipway" else { throw .init(field: "export", why: "it is no export of Slipway") }
            guard format == ExportWriter.format else {
                throw .init(
                    field: "format",
                    why: "it is \(format); this Slipway reads \(ExportWriter.format): use the one that wrote it")
            }
            let at = Instant(milliseconds: try scanner.number("at"))
            guard let by = Actor(try scanner.text("by")) else { throw .init(field: "by", why: "it names no actor") }
            let first = try scanner.count("first")
            let last = try scanner.count("last")
            guard first == min(1, last) else { throw .init(field: "first", why: "an export begins at position 1") }
            self.header = Header(at: at, by: by, last: last)
            try self.checkDigest(&scanner)
        } catch {
            throw ExportProblem(line: line, field: error.field, error.why)
        }
    }

    private mutating func takeEvent(_ scanner: inout LineScanner) throws(ExportProblem) {
        let line = self.line
        var name: String?
        var place: Int?
        do throws(LineScanner.Fault) {
            let position = try scanner.count("position")
            let stream = try scanner.text("stream")
            name = stream
            let number = try scanner.count("number")
            place = number
            let event = try self.event(&scanner, position, stream, number)
            try self.checkPlace(of: event)
            try self.checkHash(of: event, scanner)
            try self.checkDigest(&scanner)
            self.heads[event.stream] = StreamHead(stream: event.stream, number: number, hash: event.hash)
            self.events = position
            self.at = event.at
            self.head = event.hash
        } catch {
            throw ExportProblem(line: line, stream: name, number: place, field: error.field, error.why)
        }
    }

    private func event(
        _ scanner: inout LineScanner, _ position: Int, _ stream: String, _ number: Int
    ) throws(LineScanner.Fault) -> Envelope {
        guard let id = StreamID(stream) else { throw .init(field: "stream", why: "it names no stream") }
        let kind = EventKind(try scanner.text("kind"), version: try scanner.count("kindVersion"))
        let at = Instant(milliseconds: try scanner.number("at"))
        guard let actor = Actor(try scanner.text("actor")) else {
            throw .init(field: "actor", why: "it names no actor")
        }
        let cause = try scanner.text("cause")
        let previous = try scanner.hash("previousHash")
        let hash = try scanner.hash("hash")
        var body: [UInt8]
        if scanner.isNext("bodyHex") {
            guard let bytes = Hexadecimal.bytes(try scanner.string("bodyHex")),
                String(validating: bytes, as: UTF8.self) == nil
            else { throw .init(field: "bodyHex", why: "it is not what an export writes so") }
            body = bytes
        } else {
            body = try scanner.string("body")
        }
        return Envelope(
            position: position, stream: id, number: number, kind: kind, at: at, actor: actor,
            cause: cause.isEmpty ? nil : Cause(text: cause), body: body, previousHash: previous, hash: hash)
    }

    private func checkPlace(of event: Envelope) throws(LineScanner.Fault) {
        guard event.position == self.events + 1 else {
            throw .init(field: "position", why: "it is \(event.position) and should be \(self.events + 1)")
        }
        guard event.position <= self.header?.last ?? 0 else {
            throw .init(field: "position", why: "the header says that \(self.header?.last ?? 0) is the last")
        }
        let head = self.heads[event.stream]
        guard head != nil || self.heads.count < self.limits.streams else {
            throw .init(field: "stream", why: "there are more than \(self.limits.streams) streams")
        }
        let number = (head?.number ?? 0) + 1
        guard event.number == number else {
            throw .init(
                field: "number", why: "it is \(event.number); the next one of \(event.stream) is \(number)")
        }
        guard event.previousHash == head?.hash ?? .origin else {
            throw .init(field: "previousHash", why: "it is not the hash of the event before in \(event.stream)")
        }
        guard event.at >= self.at else { throw .init(field: "at", why: "it is before the event before") }
    }

    private func checkHash(of event: Envelope, _ scanner: LineScanner) throws(LineScanner.Fault) {
        guard !event.hasRightHash else { return }
        // The line as it would be with the hash that its fields have: does its own digest say that it was so?
        let right = Envelope.hash(
            previous: event.previousHash, stream: event.stream, number: event.number, kind: event.kind, at: event.at,
            actor: event.actor, cause: event.cause, body: event.body)
        var hasher = self.hasher
        var rest = scanner
        let wrong = Array("\"hash\":\"\(event.hash)\"".utf8)
        let line = Array(scanner.bytes[..<scanner.place])
        if let digest = try? rest.hash("digest"), let place = line.firstRange(of: wrong) {
            let mended = line[..<place.lowerBound] + Array("\"hash\":\"\(right)\"".utf8) + line[place.upperBound...]
            if hasher.line(after: self.chain, Array(mended)) == digest {
                throw .init(field: "hash", why: "it was changed: it is not the hash of the other fields")
            }
        }
        throw .init(
            field: "kind, kindVersion, at, actor, cause or body",
            why: "the event was changed: its hash does not fit its content")
    }

    private mutating func takeSeal(_ scanner: inout LineScanner) throws(ExportProblem) {
        let line = self.line
        do throws(LineScanner.Fault) {
            let position = try scanner.count("seal")
            let at = Instant(milliseconds: try scanner.number("at"))
            let previous = try scanner.hash("previousHash")
            let hash = try scanner.hash("hash")
            guard position == self.events, position > self.lastSeal.position else {
                throw .init(field: "seal", why: "it is \(position) and stands after position \(self.events)")
            }
            guard previous == self.lastSeal.hash else {
                throw .init(field: "previousHash", why: "it is not the hash of the seal before")
            }
            guard hash == Seal.hash(previous: previous, position: position, at: at, heads: Array(self.heads.values))
            else { throw .init(field: "hash", why: "the seal does not fit the heads of the streams, or was changed") }
            try self.checkDigest(&scanner)
            self.lastSeal = (position, hash)
            self.seals += 1
        } catch {
            throw ExportProblem(line: line, field: error.field, error.why)
        }
    }

    private mutating func takeEnd(_ scanner: inout LineScanner) throws(ExportProblem) {
        let line = self.line
        do throws(LineScanner.Fault) {
            let counts = [("events", self.events), ("streams", self.heads.count), ("seals", self.seals)]
            for (name, right) in counts {
                let count = try scanner.count(name)
                guard count == right else { throw .init(field: name, why: "it says \(count), and \(right) are here") }
            }
            guard self.events == self.header?.last else {
                throw .init(
                    field: "events",
                    why: "there are \(self.events), and the header says \(self.header?.last ?? 0): some are missing")
            }
            guard try scanner.hash("head") == self.head else {
                throw .init(field: "head", why: "it is not the hash of the last event")
            }
            try self.checkDigest(&scanner)
            self.isEnded = true
        } catch {
            throw ExportProblem(line: line, field: error.field, error.why)
        }
    }

    /// The last field of each line.
    private mutating func checkDigest(_ scanner: inout LineScanner) throws(LineScanner.Fault) {
        let line = Array(scanner.bytes[..<scanner.place])
        let digest = try scanner.hash("digest")
        try scanner.end()
        let right = self.hasher.line(after: self.chain, line)
        guard digest == right else {
            throw .init(
                field: "digest",
                why: "it does not fit: this line or its digest was changed, or the line before was taken away")
        }
        self.chain = digest
    }
}

extension [UInt8] {
    /// Where these bytes stand first.
    fileprivate func firstRange(of bytes: [UInt8]) -> Range<Int>? {
        guard !bytes.isEmpty, self.count >= bytes.count else { return nil }
        for start in 0...(self.count - bytes.count) where self[start..<start + bytes.count].elementsEqual(bytes) {
            return start..<start + bytes.count
        }
        return nil
    }
}
