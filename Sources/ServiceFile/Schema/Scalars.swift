import Core

extension Kind where Value == String {
    /// A kind that is one text: `check` gives what is wrong with it, or nil.
    static func text(
        _ allowed: String, pattern: String? = nil, _ check: @escaping @Sendable (String) -> String?
    ) -> Kind {
        Kind(allowed: allowed, shape: .text(pattern: pattern)) { tree, problems in
            guard let text = scalar(tree, allowed, &problems) else { return nil }
            if let wrong = check(text) {
                problems.add(.badValue, tree, "\(quoted(text)) \(wrong): give \(allowed)")
                return nil
            }
            return text
        } show: {
            $0
        }
    }

    /// One line for people to read.
    static func line(_ noun: String, atMost bytes: Int) -> Kind {
        .text("\(noun), one line of at most \(bytes) bytes") { text in
            if text.utf8.count > bytes { return "is too long (\(text.utf8.count) bytes)" }
            if text.contains(where: { $0.isNewline }) { return "has a line break" }
            if text.first == " " || text.last == " " { return "begins or ends with a space" }
            return hasControl(text) ? "holds a control character" : nil
        }
    }

    /// A command of the user's: run as `/bin/sh -c TEXT`, so any text that can be passed on.
    static let command = Kind.text("a command for `/bin/sh -c`, at most \(Limits.commandBytes) bytes") { text in
        if text.utf8.count > Limits.commandBytes { return "is too long (\(text.utf8.count) bytes)" }
        if text.allSatisfy({ $0.isWhitespace }) { return "is empty" }
        return hasControl(text, besides: "\n\t") ? "holds a control character" : nil
    }

    /// A file or folder inside the checkout.
    static func relativePath(_ noun: String) -> Kind {
        .text("\(noun): a path inside the checkout, without `..`", pattern: #"^[^/].*$"#) { text in
            if text.utf8.count > 1_024 { return "is too long (\(text.utf8.count) bytes)" }
            if hasControl(text) { return "holds a line break or a control character" }
            if text.hasPrefix("/") { return "begins with `/`" }
            if text.hasPrefix("~") { return "begins with `~`" }
            if text.contains("\\") { return "holds `\\`" }
            return text.split(separator: "/").contains("..") ? "leads out of the checkout with `..`" : nil
        }
    }

    /// The path of a URL, as in the first line of a request (RFC 9112, section 3.2.1).
    static let urlPath = Kind.text("a path that begins with `/`, at most 1024 bytes, without spaces", pattern: "^/") {
        text in
        if text.utf8.count > 1_024 { return "is too long (\(text.utf8.count) bytes)" }
        guard text.hasPrefix("/") else { return "does not begin with `/`" }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return "holds a space or a character outside ASCII (write it as %XX)"
        }
        return text.contains("#") ? "holds `#`" : nil
    }

    /// The name of a header field: a token of RFC 9110, section 5.6.2, of letters, digits and hyphens.
    static let headerName = Kind.text("the name of a header: 1 to 64 letters, digits and inner hyphens") { text in
        let bytes = Array(text.utf8)
        guard (1...64).contains(bytes.count), bytes.first != UInt8(ascii: "-"), bytes.last != UInt8(ascii: "-"),
            bytes.allSatisfy({ isLetterOrDigit($0) || $0 == UInt8(ascii: "-") })
        else { return "is no name of a header" }
        let reserved = ["host", "content-length", "transfer-encoding", "connection", "cookie", "upgrade", "te"]
        return reserved.contains(text.lowercased()) ? "has a meaning of its own in HTTP" : nil
    }

    /// The name of a cookie: a token of RFC 6265, section 4.1.1, of letters, digits, `-`, `_` and `.`.
    static let cookieName = Kind.text("the name of a cookie: 1 to 64 letters, digits, `-`, `_` and `.`") { text in
        let others = [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ".")]
        guard (1...64).contains(text.utf8.count),
            text.utf8.allSatisfy({ isLetterOrDigit($0) || others.contains($0) })
        else { return "is no name of a cookie" }
        return nil
    }

    /// Where a message is posted to.
    static let webAddress = Kind.text("an address that begins with `https://` or `http://`", pattern: "^https?://") {
        text in
        guard let scheme = ["https://", "http://"].first(where: text.hasPrefix), text.utf8.count <= 2_048 else {
            return "is no web address"
        }
        let rest = text.dropFirst(scheme.count)
        guard let first = rest.utf8.first, isLetterOrDigit(first) || first == UInt8(ascii: "["),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return "is no web address" }
        return nil
    }

    /// The name of a branch, by the rules of git-check-ref-format(1) that a person can break by mistake.
    static let branch = Kind.text("the name of a branch, such as `main`") { text in
        let forbidden: Set<Character> = [" ", "~", "^", ":", "?", "*", "[", "\\"]
        guard (1...200).contains(text.utf8.count), !text.hasPrefix("-"), !text.hasPrefix("/"), !text.hasSuffix("/"),
            !text.hasSuffix("."), !text.hasSuffix(".lock"), !text.contains(".."), !text.contains("//"),
            !text.contains("@{"), !text.contains(where: { forbidden.contains($0) }), !hasControl(text)
        else { return "is no name of a branch" }
        return nil
    }
}

extension Kind where Value: Identifier {
    static func name(of noun: String) -> Kind {
        Kind(
            allowed: "the name of \(noun): \(Value.rule)", shape: .text(pattern: "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")
        ) {
            tree, problems in
            let allowed = "the name of \(noun): \(Value.rule)"
            guard let text = scalar(tree, allowed, &problems) else { return nil }
            guard let name = Value(text) else {
                problems.add(.badValue, tree, "\(quoted(text)) is not allowed: give \(allowed)")
                return nil
            }
            return name
        } show: {
            $0.text
        }
    }
}

extension Kind where Value == SecretName {
    static let secretName = Kind(
        allowed: "the name of a variable: \(SecretName.rule)", shape: .text(pattern: "^[A-Za-z_][A-Za-z0-9_]{0,127}$")
    ) { tree, problems in
        let allowed = "the name of a variable: \(SecretName.rule)"
        guard let text = scalar(tree, allowed, &problems) else { return nil }
        guard let name = SecretName(text) else {
            problems.add(.badValue, tree, "that is no name of a secret: give \(allowed)")
            return nil
        }
        return name
    } show: {
        $0.text
    }
}

extension Kind where Value == Bool {
    /// `true` or `false` and nothing else: `on`, `yes` and `1` are errors.
    static let truth = Kind(allowed: "`true` or `false`", shape: .truth) { tree, problems in
        guard let text = scalar(tree, "`true` or `false`", &problems) else { return nil }
        switch text {
        case "true": return true
        case "false": return false
        default:
            problems.add(.badValue, tree, "\(quoted(text)) is not allowed: give `true` or `false`")
            return nil
        }
    } show: {
        "\($0)"
    }
}

extension Kind where Value == Int {
    static func integer(_ range: ClosedRange<Int>) -> Kind {
        let allowed = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        return Kind(allowed: allowed, shape: .integer(range)) { tree, problems in
            guard let text = scalar(tree, allowed, &problems) else { return nil }
            // `010`, `+1`, `1_000` and `0x10` are other numbers in YAML than to a reader: not taken.
            guard let value = Int(text), String(value) == text, range.contains(value) else {
                problems.add(.badValue, tree, "\(quoted(text)) is not allowed: give \(allowed)")
                return nil
            }
            return value
        } show: {
            "\($0)"
        }
    }
}

extension Kind where Value: CaseIterable & RawRepresentable<String> {
    /// One of the words of a closed set.
    static func choice(later: [Section.Later] = []) -> Kind {
        let words = Value.allCases.map(\.rawValue)
        let known = words.map { "`\($0)`" }.joined(separator: ", ")
        let allowed = words.count == 1 ? known : "one of \(known)"
        return Kind(allowed: allowed, shape: .choice(words)) { tree, problems in
            guard let text = scalar(tree, allowed, &problems) else { return nil }
            if let value = Value(rawValue: text) { return value }
            if let later = later.first(where: { $0.name == text }) {
                problems.add(.notYet, tree, "`\(text)` is not in this version yet: \(later.text) (known: \(known))")
            } else {
                let hint = nearest(to: text, in: words).map { "; did you mean `\($0)`?" } ?? ""
                problems.add(.unknownKind, tree, "\(quoted(text)) is not known\(hint) (known: \(known))")
            }
            return nil
        } show: {
            $0.rawValue
        }
    }
}

extension Kind where Value == ListenAddress {
    static let address = Kind(
        allowed: "address:port, such as 127.0.0.1:7001",
        shape: .text(pattern: #"^(localhost|[0-9.]+|\[[0-9a-fA-F:.]+\]):[1-9][0-9]{0,4}$"#)
    ) { tree, problems in
        let allowed =
            "address:port with an IPv4 address, `localhost` or an IPv6 address in brackets, and a port from 1 to 65535"
        guard let text = scalar(tree, allowed, &problems) else { return nil }
        guard let address = ListenAddress(text), isHost(address.host) else {
            let digits = text.hasPrefix(":") ? String(text.dropFirst()) : text
            let hint = ListenAddress("127.0.0.1:\(digits)").map { ", such as \($0)" } ?? ", such as 127.0.0.1:7001"
            problems.add(.badValue, tree, "\(quoted(text)) is not allowed: give \(allowed)\(hint)")
            return nil
        }
        return address
    } show: {
        $0.description
    }
}

/// The text of a scalar; a list, a map or nothing is a problem.
func scalar(_ tree: Tree, _ allowed: String, _ problems: inout Problems) -> String? {
    guard case .text(let text, _) = tree.content else {
        problems.add(.wrongShape, tree, "\(tree.noun) is not allowed here: give \(allowed)")
        return nil
    }
    guard !tree.isNothing else {
        let hint = text.isEmpty ? "no value is given" : "\(quoted(text)) means no value"
        problems.add(.missing, tree, "\(hint): give \(allowed), in quotes if it is meant as text")
        return nil
    }
    return text
}

func hasControl(_ text: String, besides allowed: String = "") -> Bool {
    text.unicodeScalars.contains { scalar in
        scalar.properties.generalCategory == .control && !allowed.unicodeScalars.contains(scalar)
            || scalar.value == 0x2028 || scalar.value == 0x2029
    }
}

private func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
}

/// `localhost`, an IPv4 address in four decimal parts, or what looks like an IPv6 address in brackets.
private func isHost(_ host: String) -> Bool {
    if host == "localhost" { return true }
    if host.hasPrefix("["), host.hasSuffix("]") {
        let inner = host.dropFirst().dropLast()
        let isHexadecimal = inner.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
        return isHexadecimal && inner.count(where: { $0 == ":" }) >= 2 && !inner.contains(":::")
    }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4
        && parts.allSatisfy { part in
            guard let number = Int(part) else { return false }
            return (0...255).contains(number) && String(number) == part
        }
}
