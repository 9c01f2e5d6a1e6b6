/// A piece of a page. It is made of text, which is escaped, and elements, whose names are constants: there is no way
/// to put a raw string into it, so what comes from outside can't become markup.
package struct HTML: Sendable, Equatable {
    /// Escaped.
    package private(set) var markup: String

    package init() {
        self.markup = ""
    }

    package init(_ text: String) {
        self.markup = ""
        Self.escape(text, into: &self.markup)
    }

    init(_ pieces: [HTML]) {
        self.markup = pieces.map(\.markup).joined()
    }

    package static func element(_ tag: StaticString, _ attributes: [Attribute], _ content: HTML) -> HTML {
        var html = HTML()
        html.markup = "<\(tag)"
        for attribute in attributes {
            html.markup += " \(attribute.name)"
            guard let value = attribute.value else { continue }
            html.markup += "=\""
            Self.escape(value, into: &html.markup)
            html.markup += "\""
        }
        html.markup += ">"
        if !Self.isVoid(tag) { html.markup += "\(content.markup)</\(tag)>" }
        return html
    }

    /// A whole document around a `head` and a `body`.
    static func document(_ content: HTML) -> HTML {
        var html = HTML()
        html.markup = "<!doctype html>" + content.markup
        return html
    }

    private static func isVoid(_ tag: StaticString) -> Bool {
        ["input", "meta", "link", "br", "hr", "img"].contains("\(tag)")
    }

    /// Escapes for text and quoted attributes alike. Control characters, which HTML does not allow, and the marks that
    /// turn the direction of writing, which let a name look like another, become U+FFFD.
    private static func escape(_ text: String, into out: inout String) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "'": out += "&#39;"
            case "\n", "\t", "\r": out.unicodeScalars.append(scalar)
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}":
                out += "\u{FFFD}"
            default: out.unicodeScalars.append(scalar)
            }
        }
    }
}

package struct Attribute: Sendable, Equatable {
    let name: String
    let value: String?

    init(_ name: StaticString, _ value: String?) {
        self.name = "\(name)"
        self.value = value
    }
}

extension Attribute {
    static func named(_ name: StaticString, _ value: String) -> Attribute { Attribute(name, value) }
    static func flag(_ name: StaticString) -> Attribute { Attribute(name, nil) }
    static func `class`(_ names: StaticString...) -> Attribute {
        Attribute("class", names.map { "\($0)" }.joined(separator: " "))
    }
    static func href(_ link: Link) -> Attribute { Attribute("href", link.target) }
    static func action(_ link: Link) -> Attribute { Attribute("action", link.target) }
    static func id(_ id: String) -> Attribute { Attribute("id", id) }
}

/// Where an `href` or `action` goes: a path of this server made of segments, or an `http(s)` address. Nothing else
/// (`javascript:`, `//host`) can be written.
package struct Link: Sendable, Equatable {
    package let target: String

    package init(_ segments: String...) {
        self.init(segments: segments)
    }

    package init(segments: [String], query: [(StaticString, String)] = []) {
        // A browser would resolve `.` and `..`, encoded or not, so a link with such a name leads to the start page.
        guard !segments.contains(where: { $0 == "." || $0 == ".." }) else {
            self.target = "/"
            return
        }
        let pairs = query.map { "\($0.0)=\(Self.encoded($0.1))" }.joined(separator: "&")
        self.target = "/" + segments.map(Self.encoded).joined(separator: "/") + (pairs.isEmpty ? "" : "?\(pairs)")
    }

    /// nil for what is no plain `http://HOST:PORT` or `https://HOST:PORT`.
    package init?(address: String) {
        guard let scheme = ["http://", "https://"].first(where: address.hasPrefix) else { return nil }
        let host = address.dropFirst(scheme.count)
        guard let first = host.first, first.isLetter || first.isNumber || first == "[",
            host.utf8.allSatisfy({ Self.isPlain($0) || ".:-[]".utf8.contains($0) })
        else { return nil }
        self.target = address
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }

    private static func encoded(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            if Self.isPlain(byte) || "-_.~@".utf8.contains(byte) {
                out.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                out += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return out
    }
}

@resultBuilder
package enum HTMLBuilder {
    package static func buildExpression(_ html: HTML) -> HTML { html }
    package static func buildExpression(_ text: String) -> HTML { HTML(text) }
    package static func buildBlock(_ pieces: HTML...) -> HTML { HTML(pieces) }
    package static func buildOptional(_ html: HTML?) -> HTML { html ?? HTML() }
    package static func buildEither(first html: HTML) -> HTML { html }
    package static func buildEither(second html: HTML) -> HTML { html }
    package static func buildArray(_ pieces: [HTML]) -> HTML { HTML(pieces) }
}

/// An element: `el("p", .class("note")) { "text" }`.
func el(_ tag: StaticString, _ attributes: Attribute..., @HTMLBuilder content: () -> HTML = { HTML() }) -> HTML {
    .element(tag, attributes, content())
}

/// A name from outside, kept from turning the text around it (`bdi`).
func name(_ text: String) -> HTML {
    el("bdi") { text }
}
