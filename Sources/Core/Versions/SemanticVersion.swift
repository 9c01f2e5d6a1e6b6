/// A version by Semantic Versioning 2.0.0: exact grammar and order. `v1.2.3` is the name of a tag, not a version.
package struct SemanticVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The longest text that is read, in bytes; it becomes the name of a tag and of a folder.
    package static let longest = 128
    package static let rule = "MAJOR.MINOR.PATCH by semver.org, for example 1.4.0 or 2.0.0-rc.1, at most 128 characters"

    package let major: DecimalNumber
    package let minor: DecimalNumber
    package let patch: DecimalNumber
    /// What stands after `-`, split at the dots; empty in a released version.
    package let prerelease: [PrereleaseIdentifier]
    /// What stands after `+`; says nothing about the order.
    package let build: String?

    package init(
        major: DecimalNumber, minor: DecimalNumber, patch: DecimalNumber, prerelease: [PrereleaseIdentifier] = [],
        build: String? = nil
    ) {
        self.major = major
        self.minor = minor
        self.patch = patch
        self.prerelease = prerelease
        self.build = build
    }

    package init(_ major: UInt, _ minor: UInt, _ patch: UInt) {
        self.init(major: DecimalNumber(major), minor: DecimalNumber(minor), patch: DecimalNumber(patch))
    }

    /// nil for a text that is no version.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.longest else { return nil }
        var rest = Substring(text)
        var build: String?
        if let plus = rest.firstIndex(of: "+") {
            let tail = rest[rest.index(after: plus)...]
            guard Self.identifiers(of: tail) != nil else { return nil }
            build = String(tail)
            rest = rest[..<plus]
        }
        var prerelease: [PrereleaseIdentifier] = []
        if let hyphen = rest.firstIndex(of: "-") {
            guard let parts = Self.identifiers(of: rest[rest.index(after: hyphen)...]) else { return nil }
            for part in parts {
                guard let identifier = PrereleaseIdentifier(part) else { return nil }
                prerelease.append(identifier)
            }
            rest = rest[..<hyphen]
        }
        let numbers = rest.split(separator: ".", omittingEmptySubsequences: false).map { DecimalNumber($0) }
        guard numbers.count == 3, let major = numbers[0], let minor = numbers[1], let patch = numbers[2] else {
            return nil
        }
        self.init(major: major, minor: minor, patch: patch, prerelease: prerelease, build: build)
    }

    /// Reads the version in the name of a tag: `1.2.3`, or `v1.2.3`.
    package init?(tag name: String) {
        self.init(name.hasPrefix("v") ? String(name.dropFirst()) : name)
    }

    package var description: String {
        var text = "\(self.major).\(self.minor).\(self.patch)"
        if !self.prerelease.isEmpty { text += "-" + self.prerelease.map(\.description).joined(separator: ".") }
        if let build = self.build { text += "+" + build }
        return text
    }

    package var isPrerelease: Bool { !self.prerelease.isEmpty }

    /// Same place in the order: equal but for the build metadata.
    package func hasSamePrecedence(as other: SemanticVersion) -> Bool { !(self < other) && !(other < self) }

    /// SemVer 2.0.0, item 11.
    package static func < (left: SemanticVersion, right: SemanticVersion) -> Bool {
        let numbers = (left.major, left.minor, left.patch)
        let others = (right.major, right.minor, right.patch)
        if numbers != others { return numbers < others }
        if left.prerelease.isEmpty || right.prerelease.isEmpty {
            return !left.prerelease.isEmpty && right.prerelease.isEmpty
        }
        return left.prerelease.lexicographicallyPrecedes(right.prerelease)
    }

    /// Dot-separated, non-empty parts of `0-9A-Za-z-`; nil if one is not.
    private static func identifiers(of text: Substring) -> [Substring]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let isAllowed = parts.allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { $0.isDigit || $0.isLetter || $0 == UInt8(ascii: "-") }
        }
        return isAllowed ? parts : nil
    }
}

/// One dot-separated part of a pre-release. Numbers come before words and are compared as numbers.
package enum PrereleaseIdentifier: Sendable, Hashable, Comparable, CustomStringConvertible {
    case number(DecimalNumber)
    case word(String)

    fileprivate init?(_ text: Substring) {
        guard text.utf8.allSatisfy(\.isDigit) else {
            self = .word(String(text))
            return
        }
        guard let number = DecimalNumber(text) else { return nil }
        self = .number(number)
    }

    package var description: String {
        switch self {
        case .number(let number): number.description
        case .word(let word): word
        }
    }

    package static func < (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.number(let one), .number(let other)): one < other
        case (.number, .word): true
        case (.word, .number): false
        case (.word(let one), .word(let other)): one.utf8.lexicographicallyPrecedes(other.utf8)
        }
    }
}

/// A number without leading zeros and without a largest value: the grammar of SemVer has none.
package struct DecimalNumber: Sendable, Hashable, Comparable, CustomStringConvertible {
    private let digits: String

    package init(_ value: UInt) { self.digits = String(value) }

    package init?(_ text: some StringProtocol) {
        guard !text.isEmpty, text.utf8.allSatisfy(\.isDigit), text == "0" || text.utf8.first != UInt8(ascii: "0") else {
            return nil
        }
        self.digits = String(text)
    }

    private init(digits: [UInt8]) { self.digits = String(decoding: digits, as: UTF8.self) }

    package var description: String { self.digits }
    package var isZero: Bool { self.digits == "0" }

    package var next: DecimalNumber {
        var digits = Array(self.digits.utf8)
        for index in digits.indices.reversed() {
            guard digits[index] == UInt8(ascii: "9") else {
                digits[index] += 1
                return DecimalNumber(digits: digits)
            }
            digits[index] = UInt8(ascii: "0")
        }
        return DecimalNumber(digits: [UInt8(ascii: "1")] + digits)
    }

    package static func < (left: DecimalNumber, right: DecimalNumber) -> Bool {
        let (one, other) = (left.digits.utf8, right.digits.utf8)
        return one.count != other.count ? one.count < other.count : one.lexicographicallyPrecedes(other)
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    fileprivate var isLetter: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self)
    }
}
