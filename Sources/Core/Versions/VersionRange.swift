/// Versions that something asks for: one exactly (`1.4.0`), or all that every comparison holds for (`>=1.4 <2`).
package struct VersionRange: Sendable, Hashable, Codable, CustomStringConvertible {
    package static let rule = "a version as 1.4.0, or a range as `>=1.4 <2` (>=, >, <=, <, at most 4 of them)"
    private static let most = 4

    private struct Comparison: Sendable, Hashable {
        enum Sign: String, CaseIterable {
            // The longer ones first: the first that a text begins with is the one.
            case atLeast = ">="
            case atMost = "<="
            case above = ">"
            case below = "<"
            case exactly = "="
        }

        let sign: Sign
        let version: SemanticVersion

        func holds(for other: SemanticVersion) -> Bool {
            switch self.sign {
            case .atLeast: !(other < self.version)
            case .atMost: !(self.version < other)
            case .above: self.version < other
            case .below: other < self.version
            case .exactly: other.hasSamePrecedence(as: self.version)
            }
        }
    }

    private let comparisons: [Comparison]
    package let description: String

    /// nil for a text that is none; `rule` says what is. A part that is left out of a comparison's version is 0.
    package init?(_ text: String) {
        guard text.utf8.count <= 200 else { return nil }
        let words = text.split(separator: " ")
        guard (1...Self.most).contains(words.count) else { return nil }
        var comparisons: [Comparison] = []
        for word in words {
            let sign = Comparison.Sign.allCases.first { word.hasPrefix($0.rawValue) }
            let rest = word.dropFirst(sign?.rawValue.count ?? 0)
            // Without a sign it is one version, and that alone.
            guard sign != nil || words.count == 1, let version = Self.version(rest, isWhole: sign == nil) else {
                return nil
            }
            comparisons.append(Comparison(sign: sign ?? .exactly, version: version))
        }
        self.comparisons = comparisons
        self.description = words.joined(separator: " ")
    }

    private static func version(_ text: Substring, isWhole: Bool) -> SemanticVersion? {
        if let version = SemanticVersion(String(text)) { return version }
        guard !isWhole, !text.contains("-"), !text.contains("+") else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).count
        return parts < 3 ? SemanticVersion(text + String(repeating: ".0", count: 3 - parts)) : nil
    }

    package func contains(_ version: SemanticVersion) -> Bool { self.comparisons.allSatisfy { $0.holds(for: version) } }

    /// False for a text that is no version.
    package func contains(_ text: String) -> Bool { SemanticVersion(text).map { self.contains($0) } ?? false }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = VersionRange(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "`\(text)` is no \(Self.rule)")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.description)
    }
}
