/// Times of the wire (RFC 3339, UTC, milliseconds) for people.
enum TimeText {
    /// `2026-01-31 18:00:05`, in UTC; what is no such time stays as it is.
    static func second(_ time: String?) -> String {
        guard let time else { return "" }
        guard time.utf8.count >= 19, time.utf8.dropFirst(10).first == UInt8(ascii: "T") else { return time }
        return time.prefix(10) + " " + time.dropFirst(11).prefix(8)
    }

    /// `18:00:05`
    static func clock(_ time: String?) -> String {
        String(Self.second(time).dropFirst(11))
    }
}
