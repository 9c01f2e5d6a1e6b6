import Foundation

/// Times of the API.
enum Times {
    /// Milliseconds of UTC since 1970, the clock of the ledger and of the load; nil if it is no time.
    static func milliseconds(_ text: String) -> Int64? {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        return (try? style.parse(text)).map { Int64(($0.timeIntervalSince1970 * 1_000).rounded()) }
    }
}
