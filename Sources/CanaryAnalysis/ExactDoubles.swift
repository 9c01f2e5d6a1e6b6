/// Numbers as text that gives back the same bits: base64 (RFC 4648) of their 64-bit patterns, least significant byte
/// first. 11 characters a number, where the shortest decimal text of a double needs up to 24.
struct ExactDoubles: Codable, Equatable {
    var numbers: ContiguousArray<Double>

    init(_ numbers: ContiguousArray<Double>) { self.numbers = numbers }

    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let bytes = Self.bytes(text), bytes.count % 8 == 0 else {
            throw AnalysisProblem(.badState, "A saved row of numbers is no base64 text of whole 64-bit patterns.")
        }
        self.numbers = []
        self.numbers.reserveCapacity(bytes.count / 8)
        for start in stride(from: 0, to: bytes.count, by: 8) {
            var pattern: UInt64 = 0
            for byte in bytes[start..<start + 8].reversed() { pattern = pattern << 8 | UInt64(byte) }
            self.numbers.append(Double(bitPattern: pattern))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Self.text(self.numbers))
    }

    /// The row, if it has `count` numbers and none of them is NaN or +∞. Evidence can be -∞: nothing seen yet.
    func checked(count: Int) throws(AnalysisProblem) -> ContiguousArray<Double> {
        guard self.numbers.count == count, self.numbers.allSatisfy({ $0 < .infinity }) else {
            throw AnalysisProblem(
                .badState, "A saved row has \(self.numbers.count) numbers; \(count) finite ones were expected.")
        }
        return self.numbers
    }

    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static func text(_ numbers: ContiguousArray<Double>) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 * numbers.count)
        for number in numbers {
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: number.bitPattern >> shift))
            }
        }
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 {
                text.append(place <= group.count ? Self.letters[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func bytes(_ text: String) -> [UInt8]? {
        guard text.utf8.count <= 4_096, text.utf8.count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        var bits = 0
        var held = 0
        for letter in text.utf8.reversed().drop(while: { $0 == UInt8(ascii: "=") }).reversed() {
            guard let value = Self.letters.firstIndex(of: letter) else { return nil }
            bits = (bits << 6 | value) & 0xFFFF
            held += 6
            if held >= 8 {
                held -= 8
                bytes.append(UInt8(bits >> held & 0xFF))
            }
        }
        return bytes
    }
}
