import ArgumentParser
import Foundation

/// A length of time on the command line: a number and a unit, as in the service's file (`90s`, `10m`, `1h`).
struct Span: ExpressibleByArgument, Sendable, Equatable {
    let duration: Duration

    init?(argument: String) {
        let units: [(String, Int64)] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)]
        let digits = argument.prefix { ("0"..."9").contains($0) }
        guard (1...9).contains(digits.utf8.count), let count = Int64(digits),
            let unit = units.first(where: { $0.0 == argument.dropFirst(digits.count) })
        else { return nil }
        self.duration = .milliseconds(count * unit.1)
    }
}

/// A time to come on the command line: RFC 3339 with any offset, or a length of time from now (`2h`, `in 2h`).
enum Moment: ExpressibleByArgument, Sendable, Equatable {
    case at(Date)
    case after(Span)

    init?(argument: String) {
        let length = argument.hasPrefix("in ") ? String(argument.dropFirst(3)) : argument
        if let span = Span(argument: length) {
            self = .after(span)
        } else if argument.utf8.count <= 40, let date = try? Date(argument, strategy: .iso8601) {
            self = .at(date)
        } else {
            return nil
        }
    }

    /// As the server reads it: UTC, whole seconds.
    func text(from now: Date = Date()) -> String {
        switch self {
        case .at(let date): date.formatted(.iso8601)
        case .after(let span): (now + TimeInterval(span.duration / .seconds(1))).formatted(.iso8601)
        }
    }
}

/// `address:port` to listen on; port 0 lets the system choose.
struct Listen: ExpressibleByArgument, Sendable, Equatable {
    let host: String
    let port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":"), let port = Int(argument[argument.index(after: colon)...]),
            (0...65_535).contains(port), colon != argument.startIndex
        else { return nil }
        var host = argument[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        self.init(host: String(host), port: port)
    }

    var defaultValueDescription: String { "\(self.host):\(self.port)" }
}
