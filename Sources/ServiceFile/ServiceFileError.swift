/// Everything that is wrong with one `slipway.yaml`, in the order of the file; at most `limit` problems.
package struct ServiceFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of thing is wrong. The sentence is in the problem.
    package enum Code: String, Sendable, CaseIterable {
        /// Not YAML, not UTF-8, or more than one document.
        case syntax
        /// Size, depth or a count is over its limit.
        case tooLarge
        /// Anchors, aliases, merge keys and tags: YAML that Slipway does not read.
        case notAllowed
        case unknownKey
        /// A word that names no known strategy, gate, policy, …
        case unknownKind
        case duplicate
        case missing
        /// A map where a list is due, and so on.
        case wrongShape
        /// Text, number, duration, path or address that is not allowed there.
        case badValue
        /// The value of a secret, which the file must not hold.
        case secret
        /// A key or kind of the design that this version does not have yet.
        case notYet
        /// Each value is fine, but not together with another one.
        case contradiction
    }

    /// One thing to mend.
    package struct Problem: Sendable, Equatable, CustomStringConvertible {
        package let code: Code
        /// Counted from 1.
        package let line: Int
        /// In characters, counted from 1.
        package let column: Int
        /// What, which value, what is allowed.
        package let message: String

        package init(code: Code, line: Int, column: Int, message: String) {
            self.code = code
            self.line = line
            self.column = column
            self.message = message
        }

        package var description: String { "\(self.line):\(self.column): \(self.message)" }
    }

    /// More than this are not collected.
    package static let limit = 20

    package let problems: [Problem]
    /// There were more problems than `limit`.
    package let isCut: Bool

    package init(problems: [Problem], isCut: Bool = false) {
        self.problems = problems
        self.isCut = isCut
    }

    /// One line a problem, as compilers write them: `slipway.yaml:12:3: …`.
    package var description: String { self.description(of: ServiceFile.name) }

    /// The same for a file of another name.
    package func description(of file: String) -> String {
        var lines = self.problems.map { "\(file):\($0)" }
        if self.isCut { lines.append("\(file): and more; the first \(Self.limit) are shown") }
        return lines.joined(separator: "\n")
    }
}

/// Collects what is wrong while a file is read on.
struct Problems {
    private var found: [ServiceFileError.Problem] = []
    private var isCut = false

    var isEmpty: Bool { self.found.isEmpty }

    mutating func add(_ code: ServiceFileError.Code, _ place: Place, _ message: String) {
        let problem = ServiceFileError.Problem(
            code: code, line: place.line, column: place.column, message: message)
        guard !self.found.contains(problem) else { return }
        if self.found.count < ServiceFileError.limit { self.found.append(problem) } else { self.isCut = true }
    }

    mutating func add(_ code: ServiceFileError.Code, _ tree: Tree, _ message: String) {
        self.add(code, tree.place, tree.path.isEmpty ? message : "\(tree.path): \(message)")
    }

    var error: ServiceFileError {
        let sorted = self.found.enumerated().sorted { left, right in
            (left.element.line, left.element.column, left.offset)
                < (right.element.line, right.element.column, right.offset)
        }
        return ServiceFileError(problems: sorted.map(\.element), isCut: self.isCut)
    }
}

/// A line and a column, both from 1; columns count Unicode scalars.
struct Place: Sendable, Hashable, Comparable {
    var line: Int
    var column: Int

    static let start = Place(line: 1, column: 1)

    static func < (left: Place, right: Place) -> Bool { (left.line, left.column) < (right.line, right.column) }
}

/// A value of the user's inside a sentence: in back quotes, short, and without anything that could act on a terminal.
func quoted(_ text: String) -> String { "`\(visible(text))`" }

/// The same without its quotes, for a key in a path.
func visible(_ text: String) -> String {
    var shown = ""
    var count = 0
    for scalar in text.unicodeScalars {
        if count == 60 { return "\(shown)…" }
        count += 1
        switch scalar {
        case "\n": shown += "\\n"
        case "\r": shown += "\\r"
        case "\t": shown += "\\t"
        case "`": shown += "'"
        default:
            let isPlain = scalar.properties.generalCategory.isVisible
            if isPlain {
                shown.unicodeScalars.append(scalar)
            } else {
                shown += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
    }
    return shown
}

extension Unicode.GeneralCategory {
    /// False for what acts instead of being seen: controls, direction marks, separators other than the space.
    fileprivate var isVisible: Bool {
        switch self {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
