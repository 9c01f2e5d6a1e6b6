/// A commit message that follows Conventional Commits 1.0.0; the numbers in comments are the rules of its
/// specification.
package struct ConventionalCommit: Sendable, Equatable {
    /// A git trailer at the end of the message: token, then `: ` or ` #`, then a value of one or more lines (8, 9, 10).
    package struct Footer: Sendable, Equatable {
        package let token: String
        package let value: String

        package init(token: String, value: String) {
            self.token = token
            self.value = value
        }
    }

    /// What is read of one message, in bytes; the rest of a larger one is left out.
    package static let longest = 64 * 1_024

    /// In lower case: types are not case sensitive (15).
    package let type: String
    package let scope: String?
    package let description: String
    package let body: String?
    package let footers: [Footer]
    /// By `!` before the colon (13) or by a footer `BREAKING CHANGE: ` or `BREAKING-CHANGE: ` (12, 16).
    package let isBreaking: Bool

    /// nil for a message that does not follow the convention: it is no error, it just does not count.
    package init?(_ message: String) {
        let lines = Self.lines(of: message)
        guard let first = lines.first, let header = Header(first) else { return nil }
        self.type = header.type
        self.scope = header.scope
        self.description = header.description
        let start = Self.firstFooter(in: lines)
        let bodyLines = lines[1..<(start ?? lines.count)]
        let body = Self.trimmed(bodyLines).joined(separator: "\n")
        self.body = body.isEmpty ? nil : body
        self.footers = start.map { Self.footers(in: lines[$0...]) } ?? []
        self.isBreaking = header.isBreaking || self.footers.contains(where: \.isBreaking)
    }

    private static func lines(of message: String) -> [Substring] {
        var text = Substring(message)
        if message.utf8.count > Self.longest {
            text = Substring(String(decoding: message.utf8.prefix(Self.longest), as: UTF8.self))
        }
        // A CRLF is one Character in Swift, so both ends of a line are split at here.
        return text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }
    }

    /// The footers begin at the first footer line that has a blank line before it (8).
    private static func firstFooter(in lines: [Substring]) -> Int? {
        guard lines.count > 2 else { return nil }
        return (2..<lines.count).first { index in
            lines[index - 1].allSatisfy(\.isWhitespace) && FooterStart(lines[index]) != nil
        }
    }

    /// A value goes on over lines and paragraphs until the next footer line (10).
    private static func footers(in lines: ArraySlice<Substring>) -> [Footer] {
        var footers: [Footer] = []
        var token = Substring()
        var value: [Substring] = []
        func close() {
            guard !token.isEmpty else { return }
            let text = Self.trimmed(value[...]).joined(separator: "\n")
            footers.append(Footer(token: String(token), value: text))
        }
        for line in lines {
            guard let start = FooterStart(line) else {
                value.append(line)
                continue
            }
            close()
            token = start.token
            value = [start.value]
        }
        close()
        return footers
    }

    private static func trimmed(_ lines: ArraySlice<Substring>) -> ArraySlice<Substring> {
        let isBlank = { (line: Substring) in line.allSatisfy(\.isWhitespace) }
        guard let first = lines.firstIndex(where: { !isBlank($0) }), let last = lines.lastIndex(where: { !isBlank($0) })
        else { return [] }
        return lines[first...last]
    }
}

extension ConventionalCommit.Footer {
    /// The token is the one thing that has to be in capitals (15).
    var isBreaking: Bool {
        (self.token == "BREAKING CHANGE" || self.token == "BREAKING-CHANGE") && !self.value.isEmpty
    }
}

/// `type(scope)!: description` (1, 4, 5, 13).
private struct Header {
    let type: String
    let scope: String?
    let isBreaking: Bool
    let description: String

    init?(_ line: Substring) {
        let name = line.prefix { isWordCharacter($0) }
        guard !name.isEmpty, name.first?.isLetter == true else { return nil }
        var rest = line[name.endIndex...]
        var scope: String?
        if rest.first == "(" {
            let inner = rest.dropFirst().prefix { $0 != ")" && $0 != "(" }
            rest = rest[inner.endIndex...]
            guard rest.first == ")", inner.contains(where: { !$0.isWhitespace }) else { return nil }
            rest = rest.dropFirst()
            scope = String(inner)
        }
        self.isBreaking = rest.first == "!"
        if self.isBreaking { rest = rest.dropFirst() }
        guard rest.hasPrefix(": ") else { return nil }
        let description = rest.dropFirst(2).drop(while: \.isWhitespace)
        guard !description.isEmpty else { return nil }
        self.type = name.lowercased()
        self.scope = scope
        self.description = String(description)
    }
}

/// The first line of a footer, at the beginning of the line.
private struct FooterStart {
    let token: Substring
    let value: Substring

    init?(_ line: Substring) {
        let breaking = "BREAKING CHANGE"
        let token = line.hasPrefix(breaking) ? line.prefix(breaking.count) : line.prefix { isWordCharacter($0) }
        guard !token.isEmpty else { return nil }
        let rest = line[token.endIndex...]
        if rest.hasPrefix(": ") {
            self.value = rest.dropFirst(2)
        } else if rest.hasPrefix(" #"), token != breaking {
            // A breaking change is spelled with the colon only (12).
            self.value = rest.dropFirst(1)
        } else {
            return nil
        }
        self.token = token
    }
}

private func isWordCharacter(_ character: Character) -> Bool {
    character.isASCII && (character.isLetter || character.isNumber || character == "-" || character == "_")
}
