extension Instant {
    /// RFC 3339 in UTC with milliseconds, such as `2026-03-27T18:00:00.000Z`.
    package var wire: String {
        let seconds = Int(self.milliseconds).dividedDown(by: 1_000)
        let rest = String(1_000 + Int(self.milliseconds).remainder(of: 1_000)).dropFirst()
        return "\(LocalTime(seconds: Int64(seconds)).text).\(rest)Z"
    }

    /// Reads what `wire` writes, with or without the milliseconds; nil for anything else.
    package init?(wire text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 20 || bytes.count == 24, bytes.last == UInt8(ascii: "Z"),
            let time = LocalTime(String(decoding: bytes.prefix(19), as: UTF8.self))
        else { return nil }
        var rest: Int64 = 0
        if bytes.count == 24 {
            let digits = bytes[20..<23]
            guard bytes[19] == UInt8(ascii: "."), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            rest = digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        }
        // `LocalTime` reads the form of an RRULE too, which has fewer bytes.
        self.init(milliseconds: time.seconds * 1_000 + rest)
    }
}
