import ArgumentParser

/// The kinds of ids on the command line, and what each looks like: a mistyped one is refused at once, without a server.
/// The server has the same rules and the last word.
enum Identifier {
    case service, environment, version, release, promotion, change, token, calendarEntry, secret
    /// A person, a team or a service account.
    case person
    /// What `why` explains: a promotion, release or change.
    case decided
    /// What has events: see `LogSubject`.
    case recorded

    /// Refuses what is no id of this kind, as wrong usage.
    func check(_ text: String) throws {
        guard self.fits(text) else {
            throw ValidationError("\(Plain.quoted(text)) is no \(self.noun): \(self.rule).")
        }
    }

    func check(_ text: String?) throws {
        if let text { try self.check(text) }
    }

    func fits(_ text: String) -> Bool {
        switch self {
        case .service, .environment, .calendarEntry: Self.isName(text, longest: 40)
        case .secret: Self.isVariable(text)
        case .version: Self.isVersion(text)
        case .release: Self.isReleaseID(text) || Self.isReleaseName(text)
        case .promotion: Self.isPromotion(text)
        case .change: text.hasPrefix("c-") && Self.isName(text, longest: 112)
        case .token: Self.isTokenName(text)
        case .person: Self.isDirectoryName(text)
        case .decided: Self.release.fits(text) || Self.change.fits(text) || Self.promotion.fits(text)
        case .recorded: LogSubject(text) != nil
        }
    }

    private var noun: String {
        switch self {
        case .service: "service name"
        case .environment: "environment name"
        case .version: "version"
        case .release: "release"
        case .promotion: "promotion"
        case .change: "change"
        case .token: "token name"
        case .calendarEntry: "name of a calendar entry"
        case .secret: "name of a secret"
        case .person: "name of a person, team or account"
        case .decided, .recorded: "id"
        }
    }

    private static func isVariable(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128, !(0x30...0x39).contains(first) else { return false }
        return text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F
        }
    }

    private var rule: String {
        switch self {
        case .service, .environment, .calendarEntry: "1 to 40 of a-z, 0-9 and inner hyphens"
        case .secret: "a letter or _, then letters, digits and _, such as DB_PASSWORD"
        case .version: "1 to 100 of 0-9, A-Z, a-z and . + -, such as 1.4.2"
        case .release: "an id (r-…) or SERVICE@VERSION"
        case .promotion: "SERVICE/ENVIRONMENT/NUMBER, as `slipway status` shows it"
        case .change: "c-…, as `slipway queue` shows it"
        case .token: "1 to 64 printable ASCII characters without space and slash"
        case .person: "1 to 64 of A-Z, a-z, 0-9 and . _ - @ +, the first a letter or digit"
        case .decided: "a promotion (SERVICE/ENVIRONMENT/NUMBER), a release (r-… or SERVICE@VERSION) or a change (c-…)"
        case .recorded:
            "a promotion (SERVICE/ENVIRONMENT/NUMBER), a lane (SERVICE/ENVIRONMENT), a service, a release (r-… or "
                + "SERVICE@VERSION), a change (c-…) or a stream (lane/…, release/…, service/…, change/…, access, directory, ledger)"
        }
    }

    // MARK: Forms

    /// Lower-case letters, digits and inner hyphens.
    private static func isName(_ text: String, longest: Int) -> Bool {
        (1...longest).contains(text.utf8.count) && !text.hasPrefix("-") && !text.hasSuffix("-")
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    static func isReleaseID(_ text: String) -> Bool { text.hasPrefix("r-") && self.isName(text, longest: 34) }

    /// `service@version`
    static func isReleaseName(_ text: String) -> Bool {
        let sides = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return sides.count == 2 && self.isName(sides[0], longest: 40) && self.isVersion(sides[1])
    }

    /// The characters of a version (SemVer 2.0.0); whether it is one, the server says.
    private static func isVersion(_ text: String) -> Bool {
        (1...100).contains(text.utf8.count) && !text.hasPrefix("-")
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "+"):
                    true
                default: false
                }
            }
    }

    private static func isPromotion(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        return parts.count == 3 && self.isName(parts[0], longest: 40) && self.isName(parts[1], longest: 40)
            && self.isNumber(parts[2])
    }

    /// A whole number from 1 on, as Slipway writes it.
    static func isNumber(_ text: String) -> Bool { Int(text).map { $0 > 0 && String($0) == text } ?? false }

    private static func isDirectoryName(_ text: String) -> Bool {
        func isPlain(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        return (1...64).contains(text.utf8.count) && text.utf8.first.map(isPlain) == true
            && text.utf8.allSatisfy { isPlain($0) || "._-@+".utf8.contains($0) }
    }

    private static func isTokenName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text != "." && text != ".."
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/") }
    }
}
