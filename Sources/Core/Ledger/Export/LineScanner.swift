/// Reads one line as `ExportWriter` writes it, and nothing else: no white space, no other order, no other way to write a number or a text.
struct LineScanner {
    let bytes: [UInt8]
    private(set) var place = 0
    private var field: String?

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    struct Fault: Error {
        let field: String?
        let why: String
    }

    func starts(with name: String) -> Bool { self.bytes.starts(with: "{\"\(name)\":".utf8) }

    /// Is this the next name?
    func isNext(_ name: String) -> Bool { self.bytes[self.place...].starts(with: ",\"\(name)\":".utf8) }

    mutating func number(_ name: String) throws(Fault) -> Int64 {
        try self.name(name)
        let start = self.place
        if self.current == UInt8(ascii: "-") { self.place += 1 }
        while let byte = self.current, (0x30...0x39).contains(byte) { self.place += 1 }
        let text = String(decoding: self.bytes[start..<self.place], as: UTF8.self)
        guard let number = Int64(text), String(number) == text else { throw self.fault("is no whole number") }
        return number
    }

    /// A number that counts something.
    mutating func count(_ name: String) throws(Fault) -> Int {
        let number = try self.number(name)
        guard let count = Int(exactly: number), count >= 0 else { throw self.fault("is below 0") }
        return count
    }

    mutating func text(_ name: String) throws(Fault) -> String {
        let bytes = try self.string(name)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw self.fault("is no UTF-8") }
        return text
    }

    mutating func hash(_ name: String) throws(Fault) -> ChainHash {
        guard let bytes = Hexadecimal.bytes(try self.string(name)), let hash = ChainHash(bytes) else {
            throw self.fault("is no SHA-256 of 64 hexadecimal digits")
        }
        return hash
    }

    /// The bytes that a string stands for.
    mutating func string(_ name: String) throws(Fault) -> [UInt8] {
        try self.name(name)
        try self.expect("\"", "is no text")
        var text: [UInt8] = []
        while let byte = self.current {
            self.place += 1
            switch byte {
            case UInt8(ascii: "\""): return text
            case UInt8(ascii: "\\"): text.append(try self.escaped())
            case 0..<0x20: throw self.fault("holds a control character")
            default: text.append(byte)
            }
        }
        throw self.fault("has no end")
    }

    private mutating func escaped() throws(Fault) -> UInt8 {
        let next = self.current
        self.place += 1
        switch next {
        case UInt8(ascii: "\""): return UInt8(ascii: "\"")
        case UInt8(ascii: "\\"): return UInt8(ascii: "\\")
        case UInt8(ascii: "u"):
            guard self.place + 4 <= self.bytes.count, self.bytes[self.place..<self.place + 2].elementsEqual("00".utf8),
                let byte = Hexadecimal.bytes(Array(self.bytes[self.place + 2..<self.place + 4]))?.first, byte < 0x20
            else { throw self.fault("is escaped in another way than an export does it") }
            self.place += 4
            return byte
        default: throw self.fault("is escaped in another way than an export does it")
        }
    }

    /// The line ends here.
    mutating func end() throws(Fault) {
        try self.expect("}", "is not the last field, as it should be")
        guard self.place == self.bytes.count else { throw self.fault("is followed by something after the line's end") }
    }

    private var current: UInt8? { self.place < self.bytes.count ? self.bytes[self.place] : nil }

    private mutating func name(_ name: String) throws(Fault) {
        let before = self.field
        self.field = name
        let opening = self.place == 0 ? "{" : ","
        guard self.bytes[self.place...].starts(with: "\(opening)\"\(name)\":".utf8) else {
            throw self.fault("should stand " + (before.map { "right after `\($0)`" } ?? "first"))
        }
        self.place += name.utf8.count + 4
    }

    private mutating func expect(_ character: Character, _ why: String) throws(Fault) {
        guard self.current == character.asciiValue else { throw self.fault(why) }
        self.place += 1
    }

    private func fault(_ why: String) -> Fault { Fault(field: self.field, why: why) }
}
