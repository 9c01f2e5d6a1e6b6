import Foundation

/// Text from a server, a file or a person, made safe for a terminal.
enum Plain {
    /// Control characters and those that change the direction of text are shown as `?`; tabs and line ends stay.
    static func text(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: Self.isUnsafe) else { return text }
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { out.append(Self.isUnsafe(scalar) ? "?" : scalar) }
        return String(out)
    }

    /// The same on one line.
    static func line(_ text: String) -> String {
        Self.text(text).split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    /// What somebody typed, inside a sentence: in back quotes, short, on one line.
    static func quoted(_ text: String) -> String {
        let shown = text.replacingOccurrences(of: "\n", with: "\\n").replacingOccurrences(of: "`", with: "'")
        return "`\(Self.text(String(shown.prefix(60))))\(shown.count > 60 ? "…" : "")`"
    }

    /// The lines of a text, without an empty one at its end.
    static func lines(_ text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        return lines
    }

    /// `1 release`, `2 releases`.
    static func count(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }

    /// A person by name alone; who is no person keeps the word that says what it is.
    static func actor(_ actor: String) -> String {
        actor.hasPrefix("person:") ? String(actor.dropFirst("person:".count)) : actor
    }

    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A: false
        case 0x00...0x1F, 0x7F...0x9F, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
