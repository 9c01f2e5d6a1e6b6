/// An id that is one checked piece of text. Each kind of id is a type of its own, so that two can't be mixed up.
package protocol Identifier: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    var text: String { get }
    /// nil if the text is not allowed for this kind of id; `rule` says what is.
    init?(_ text: String)
    static var rule: String { get }
}

extension Identifier {
    package var description: String { self.text }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Self(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "`\(text)` is not allowed here: \(Self.rule)")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.text)
    }
}

/// Lower-case letters, digits and inner hyphens: safe in a path, a host name, a header and HTML.
private func isName(_ text: String, longest: Int) -> Bool {
    let bytes = Array(text.utf8)
    guard !bytes.isEmpty, bytes.count <= longest, bytes.first != UInt8(ascii: "-"), bytes.last != UInt8(ascii: "-")
    else {
        return false
    }
    return bytes.allSatisfy { byte in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || byte == UInt8(ascii: "-")
    }
}

/// The name of a service, unique on a server.
package struct ServiceName: Identifier {
    package let text: String
    package static let rule = "1 to 40 of a-z, 0-9 and inner hyphens"
    package init?(_ text: String) {
        guard isName(text, longest: 40) else { return nil }
        self.text = text
    }
}

/// The name of a freeze or change window, unique in the calendar.
package struct CalendarEntryName: Identifier {
    package let text: String
    package static let rule = "1 to 40 of a-z, 0-9 and inner hyphens"
    package init?(_ text: String) {
        guard isName(text, longest: 40) else { return nil }
        self.text = text
    }
}

/// The name of an environment, unique in its service.
package struct EnvironmentName: Identifier {
    package let text: String
    package static let rule = "1 to 40 of a-z, 0-9 and inner hyphens"
    package init?(_ text: String) {
        guard isName(text, longest: 40) else { return nil }
        self.text = text
    }
}

/// The id of a release: `r-` and 12 hexadecimal digits of the SHA-256 of service and content (same commit, same release).
package struct ReleaseID: Identifier {
    package let text: String
    package static let rule = "`r-` and 1 to 32 of a-z, 0-9 and inner hyphens"
    package init?(_ text: String) {
        guard text.hasPrefix("r-"), isName(text, longest: 34) else { return nil }
        self.text = text
    }
}

/// The id of a change request: `c-` and text.
package struct ChangeID: Identifier {
    package let text: String
    package static let rule = "`c-` and 1 to 110 of a-z, 0-9 and inner hyphens"
    package init?(_ text: String) {
        guard text.hasPrefix("c-"), isName(text, longest: 112) else { return nil }
        self.text = text
    }
}

/// One service in one environment.
package struct LaneID: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    package let service: ServiceName
    package let environment: EnvironmentName

    package init(service: ServiceName, environment: EnvironmentName) {
        self.service = service
        self.environment = environment
    }

    package var description: String { "\(self.service)/\(self.environment)" }
    package static func < (left: LaneID, right: LaneID) -> Bool {
        (left.service, left.environment) < (right.service, right.environment)
    }
}

/// `sha256:` and 64 lower-case hexadecimal digits: the address of an artifact or a blob by its content.
package struct Digest: Identifier {
    package let text: String
    package static let rule = "`sha256:` and 64 of 0-9a-f"
    package init?(_ text: String) {
        guard text.hasPrefix("sha256:"), text.utf8.count == 71,
            text.utf8.dropFirst(7).allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        self.text = text
    }

    /// The 64 digits alone.
    package var hexadecimal: String { String(self.text.dropFirst(7)) }
}

/// A share of traffic in basis points: 0 to 10,000, where 10,000 is all of it.
package struct BasisPoints: Sendable, Hashable, Comparable, Codable {
    package let count: Int
    package static let zero = BasisPoints(unchecked: 0)
    package static let all = BasisPoints(unchecked: 10_000)

    private init(unchecked count: Int) { self.count = count }

    package init?(_ count: Int) {
        guard (0...10_000).contains(count) else { return nil }
        self.count = count
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let count = try container.decode(Int.self)
        guard let value = BasisPoints(count) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(count) is outside 0 to 10000")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.count)
    }

    package static func < (left: BasisPoints, right: BasisPoints) -> Bool { left.count < right.count }

    /// `5 %`, `0.1 %`, `12.34 %`.
    package var percent: String {
        let whole = self.count / 100
        let rest = self.count % 100
        if rest == 0 { return "\(whole) %" }
        return rest % 10 == 0 ? "\(whole).\(rest / 10) %" : "\(whole).\(rest / 10)\(rest % 10) %"
    }
}
