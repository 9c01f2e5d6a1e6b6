import APIClient
import Foundation

/// The path of a route: literal segments, and `{name}` for what varies.
struct Path: Sendable, Equatable {
    enum Segment: Sendable, Equatable {
        case literal(String)
        case variable(String)
    }

    let text: String
    let segments: [Segment]

    init(_ text: String) {
        self.text = text
        self.segments = text.split(separator: "/").map { part in
            part.hasPrefix("{") ? .variable(String(part.dropFirst().dropLast())) : .literal(String(part))
        }
    }

    var variables: [String] {
        self.segments.compactMap { segment in
            switch segment {
            case .literal: nil
            case .variable(let name): name
            }
        }
    }

    /// The variables' values, if the path has this form.
    func match(_ given: [String]) -> [String: String]? {
        guard given.count == self.segments.count else { return nil }
        var values: [String: String] = [:]
        for (segment, text) in zip(self.segments, given) {
            switch segment {
            case .literal(let literal): guard literal == text else { return nil }
            case .variable(let name): values[name] = text
            }
        }
        return values
    }
}

/// A request's target (RFC 9112, section 3.2.1), taken apart: decoded after the split, so that `%2F` stays inside its
/// segment.
struct Location: Sendable, Equatable {
    static let bytesMax = 4096
    static let segmentBytesMax = 300

    let segments: [String]
    let query: [String: String]

    init(_ target: String) throws(Wire.Problem) {
        guard target.utf8.count <= Self.bytesMax else {
            throw Wire.Problem(
                title: "URI too long", status: 414,
                detail: "The path and query have \(target.utf8.count) bytes; at most \(Self.bytesMax) are taken.",
                code: "uri-too-long")
        }
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = parts.first, path.hasPrefix("/") else {
            throw .invalid("The path has to begin with a slash.")
        }
        var segments: [String] = []
        if path != "/" {
            for part in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
                segments.append(try Self.segment(part))
            }
        }
        self.segments = segments
        self.query = parts.count > 1 ? try Self.pairs(parts[1], "query") : [:]
    }

    private static func segment(_ text: Substring) throws(Wire.Problem) -> String {
        guard let decoded = text.removingPercentEncoding, decoded.utf8.count <= Self.segmentBytesMax,
            !decoded.isEmpty, decoded != ".", decoded != "..", !decoded.unicodeScalars.contains(where: Self.isControl)
        else {
            throw .invalid(
                "A part of the path is empty, `.`, `..`, longer than \(Self.segmentBytesMax) bytes, wrongly encoded "
                    + "or holds control characters. Percent-encode names as UTF-8.")
        }
        return decoded
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .control
    }

    /// `a=1&b=2`, as in queries and forms; a name may stand only once.
    static func pairs(_ text: some StringProtocol, _ what: String) throws(Wire.Problem) -> [String: String] {
        var pairs: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = sides[0].replacingOccurrences(of: "+", with: " ").removingPercentEncoding
            let value = (sides.count > 1 ? String(sides[1]) : "").replacingOccurrences(of: "+", with: " ")
            guard let name, let value = value.removingPercentEncoding, pairs.count < 32 else {
                throw .invalid("The \(what) is wrongly encoded or has more than 32 values.")
            }
            guard pairs.updateValue(value, forKey: name) == nil else {
                throw .invalid("The \(what) names `\(name.prefix(40))` twice.")
            }
        }
        return pairs
    }
}
