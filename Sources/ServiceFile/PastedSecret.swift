/// Tells values of secrets that somebody wrote into the file. Few false alarms before few misses: a file that is refused for nothing
/// teaches people to go around the rule.
enum PastedSecret {
    /// What a value looks like; nil: like nothing that must not be read by everybody.
    static func kind(_ name: String, _ value: String) -> String? {
        if value.contains("-----BEGIN"), value.contains("PRIVATE KEY") { return "a private key" }
        let words = value.split { !isWord($0) }
        for shape in Self.shapes where words.contains(where: shape.fits) { return shape.noun }
        if Self.isSignedToken(value) { return "a signed token (JWT)" }
        if Self.hasPasswordInAddress(value) { return "an address with a password in it" }
        guard Self.isSecretName(name) else { return nil }
        if Self.isPasswordName(name), Self.isLiteral(value) { return "a password" }
        return Self.hasRandomRun(value) || Self.isKeyOfFortyCharacters(value) ? "a key, token or password" : nil
    }

    /// Three parts of base64url with dots between, the first of which begins a JSON object (RFC 7519, section 3).
    private static func isSignedToken(_ value: String) -> Bool {
        value.split(whereSeparator: \.isWhitespace).contains { word in
            let parts = word.split(separator: ".", omittingEmptySubsequences: false)
            return parts.count == 3 && parts[0].hasPrefix("eyJ") && parts[1].hasPrefix("eyJ")
                && parts.allSatisfy { $0.count >= 8 && $0.allSatisfy(Self.isWord) }
        }
    }

    /// `scheme://user:password@host` (RFC 3986, section 3.2.1), where the shell fills nothing in.
    private static func hasPasswordInAddress(_ value: String) -> Bool {
        let parts = value.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return false }
        let authority = parts[1].prefix { $0 != "/" && !$0.isWhitespace }
        guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") else {
            return false
        }
        let password = authority[authority.index(after: colon)..<at]
        return !password.isEmpty && !password.hasPrefix("$")
    }

    /// Its last part says so: `PASSWORD_MIN_LENGTH` is none.
    private static func isPasswordName(_ name: String) -> Bool {
        ["PASSWORD", "PASSWD", "PASSPHRASE"].contains(
            name.uppercased().split(separator: "_").last.map(String.init) ?? "")
    }

    /// Neither empty, a path, nor something that the shell fills in.
    private static func isLiteral(_ value: String) -> Bool {
        !value.allSatisfy(\.isWhitespace) && !value.hasPrefix("/") && !value.contains("$")
    }

    /// 40 characters of base64 with large and small letters and digits, as secret keys of AWS have.
    private static func isKeyOfFortyCharacters(_ value: String) -> Bool {
        value.count == 40 && value.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+/=".contains($0)) }
            && value.contains(where: \.isUppercase) && value.contains(where: \.isLowercase)
            && value.contains(where: \.isNumber)
    }

    /// A token by its issuer's prefix.
    private struct IssuerShape: Sendable {
        let prefix: String
        /// Least number of characters after the prefix.
        let least: Int
        let noun: String

        @Sendable func fits(_ word: Substring) -> Bool {
            word.hasPrefix(self.prefix) && word.count >= self.prefix.count + self.least
                && word.dropFirst(self.prefix.count).contains { $0.isNumber || $0.isUppercase }
        }
    }

    private static let shapes: [IssuerShape] =
        ["AKIA", "ASIA"].map { IssuerShape(prefix: $0, least: 16, noun: "an access key of AWS") }
        + ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"].map {
            IssuerShape(prefix: $0, least: 20, noun: "a token of GitHub")
        }
        + [
            IssuerShape(prefix: "glpat-", least: 20, noun: "a token of GitLab"),
            IssuerShape(prefix: "slipway_", least: 32, noun: "a token of Slipway"),
            IssuerShape(prefix: "sk_live_", least: 16, noun: "a key of Stripe"),
            IssuerShape(prefix: "xoxb-", least: 16, noun: "a token of Slack"),
            IssuerShape(prefix: "xoxp-", least: 16, noun: "a token of Slack"),
            IssuerShape(prefix: "AIza", least: 35, noun: "a key of Google"),
            IssuerShape(prefix: "npm_", least: 36, noun: "a token of npm"),
        ]

    /// One of the parts of its name says so, and the last says nothing else, as in `API_KEY_FILE`.
    private static func isSecretName(_ name: String) -> Bool {
        let parts = name.uppercased().split(separator: "_")
        let signs = [
            "PASSWORD", "PASSWD", "PASSPHRASE", "TOKEN", "SECRET", "KEY", "APIKEY", "CREDENTIAL", "CREDENTIALS",
        ]
        let places = [
            "FILE", "PATH", "DIR", "URL", "URI", "HOST", "NAME", "ID", "TTL", "PREFIX", "HEADER", "ALGORITHM",
        ]
        return parts.contains { part in signs.contains { part == $0 || part == $0 + "S" } }
            && !places.contains(String(parts.last ?? ""))
    }

    /// At least 16 characters on end that look drawn by lot: letters and digits, many different ones, and no words in it. Paths,
    /// addresses and what the shell fills in are none.
    private static func hasRandomRun(_ value: String) -> Bool {
        guard !value.hasPrefix("/"), !value.hasPrefix("."), !value.contains("://"), !value.contains("$") else {
            return false
        }
        return value.split { !($0.isASCII && ($0.isLetter || $0.isNumber || "+=".contains($0))) }.contains { run in
            run.count >= 16 && run.contains(where: \.isLetter) && run.count(where: \.isNumber) >= 2
                && !Self.isMostlyWords(run) && Set(run).count >= 8
        }
    }

    /// Eight small letters on end: words, hardly chance.
    private static func isMostlyWords(_ run: Substring) -> Bool {
        var length = 0
        for character in run {
            length = character.isLowercase ? length + 1 : 0
            if length >= 8 { return true }
        }
        return false
    }

    private static func isWord(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || character == "_" || character == "-")
    }
}
