/// A YAML document as we read it: texts, lists and maps with their places; no text is taken for a number or a truth.
struct Tree: Sendable {
    indirect enum Content: Sendable {
        /// `isPlain`: written without quotes.
        case text(String, isPlain: Bool)
        case list([Tree])
        case map([Entry])
    }

    struct Entry: Sendable {
        let key: String
        let keyPlace: Place
        let value: Tree
    }

    let content: Content
    let place: Place
    /// Where it stands in words, such as `environments.production.gates[2]`; empty for the whole file.
    let path: String

    /// Written as nothing, `~` or `null`: YAML's ways to say that there is no value.
    var isNothing: Bool {
        switch self.content {
        case .text(let text, isPlain: true): ["", "~", "null", "Null", "NULL"].contains(text)
        case .text, .list, .map: false
        }
    }

    /// What it is, in a sentence.
    var noun: String {
        switch self.content {
        case .text(let text, _): self.isNothing ? "nothing" : quoted(text)
        case .list: "a list"
        case .map(let entries): entries.first.map { "a map with \(quoted($0.key))" } ?? "an empty map"
        }
    }
}

/// What bounds a file before anybody looks at what it says.
enum Limits {
    static let bytes = 256 * 1_024
    static let depth = 16
    static let environments = 32
    static let variables = 64
    static let variableBytes = 4 * 1_024
    static let commandBytes = 8 * 1_024
    static let entries = 16
    static let names = 32
}
