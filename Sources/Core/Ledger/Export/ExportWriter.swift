/// Writes the ledger as JSON Lines that can be verified without it: a header, every event with the bytes that its hash was made of, the
/// seals, and an end. Every line ends with the SHA-256 of the digest of the line before it and of its own bytes, so a change is found
/// in the line that was changed; the last line's digest stands for the whole export.
///
/// There is one way to write each line (`Docs/audit.md`), so that no byte can differ and mean the same.
package struct ExportWriter: Sendable {
    private var chain = ChainHash.origin
    private var hasher = FieldHasher(capacity: 4_096)
    private var streams: Set<String> = []
    private var events = 0
    private var seals = 0
    private var head = ChainHash.origin

    /// Of the form of the lines.
    package static let format = 1

    package init() {}

    /// `last`: the newest position in it; 0 of an empty ledger.
    package mutating func header(at: Instant, by actor: Actor, last: Int) -> [UInt8] {
        var line = LineText()
        line.add("export", text: "slipway")
        line.add("format", Int64(Self.format))
        line.add("at", at.milliseconds)
        line.add("by", text: actor.description)
        line.add("first", last > 0 ? 1 : 0)
        line.add("last", Int64(last))
        return self.close(line)
    }

    package mutating func event(_ event: Envelope) -> [UInt8] {
        let stream = event.stream.description
        self.streams.insert(stream)
        self.events += 1
        self.head = event.hash
        var line = LineText()
        line.add("position", Int64(event.position))
        line.add("stream", text: stream)
        line.add("number", Int64(event.number))
        line.add("kind", text: event.kind.name)
        line.add("kindVersion", Int64(event.kind.version))
        line.add("at", event.at.milliseconds)
        line.add("actor", text: event.actor.description)
        line.add("cause", text: event.cause?.text ?? "")
        line.add("previousHash", text: event.previousHash.description)
        line.add("hash", text: event.hash.description)
        if String(validating: event.body, as: UTF8.self) != nil {
            line.add("body", bytes: event.body)
        } else {
            // No text, so no JSON string: its bytes in hexadecimal.
            line.add("bodyHex", text: Hexadecimal.text(event.body))
        }
        return self.close(line)
    }

    package mutating func seal(_ seal: Seal) -> [UInt8] {
        self.seals += 1
        var line = LineText()
        line.add("seal", Int64(seal.position))
        line.add("at", seal.at.milliseconds)
        line.add("previousHash", text: seal.previousHash.description)
        line.add("hash", text: seal.hash.description)
        return self.close(line)
    }

    package mutating func end() -> [UInt8] {
        var line = LineText()
        line.add("events", Int64(self.events))
        line.add("streams", Int64(self.streams.count))
        line.add("seals", Int64(self.seals))
        line.add("head", text: self.head.description)
        return self.close(line)
    }

    private mutating func close(_ line: LineText) -> [UInt8] {
        self.chain = self.hasher.line(after: self.chain, line.bytes)
        return line.bytes + Array(",\"digest\":\"\(self.chain)\"}\n".utf8)
    }
}

extension FieldHasher {
    /// The digest of a line: of all its bytes before its own digest, after the line before it.
    mutating func line(after chain: ChainHash, _ bytes: [UInt8]) -> ChainHash {
        self.add(chain.bytes)
        self.add(bytes)
        return self.finish()
    }
}

/// A JSON object on one line, as far as it is written: names in the order in which they are added, no white space.
private struct LineText {
    private(set) var bytes: [UInt8] = []

    mutating func add(_ name: String, _ number: Int64) {
        self.name(name)
        self.bytes += Array(String(number).utf8)
    }

    mutating func add(_ name: String, text: String) { self.add(name, bytes: Array(text.utf8)) }

    /// RFC 8259, section 7: only what must be escaped is, and in one way.
    mutating func add(_ name: String, bytes text: [UInt8]) {
        self.name(name)
        self.bytes.reserveCapacity(self.bytes.count + text.count + 128)
        self.bytes.append(UInt8(ascii: "\""))
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): self.bytes += [UInt8(ascii: "\\"), byte]
            case 0..<0x20: self.bytes += Array("\\u00".utf8) + Array(Hexadecimal.text([byte]).utf8)
            default: self.bytes.append(byte)
            }
        }
        self.bytes.append(UInt8(ascii: "\""))
    }

    private mutating func name(_ name: String) {
        self.bytes += Array((self.bytes.isEmpty ? "{\"" : ",\"").utf8) + Array(name.utf8) + Array("\":".utf8)
    }
}

/// Two digits a byte, lower case.
enum Hexadecimal {
    static func text(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// nil for an odd number of digits, and for anything that `text` does not write.
    static func bytes(_ text: [UInt8]) -> [UInt8]? {
        guard text.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2)
        for place in stride(from: 0, to: text.count, by: 2) {
            guard let high = Self.digit(text[place]), let low = Self.digit(text[place + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
