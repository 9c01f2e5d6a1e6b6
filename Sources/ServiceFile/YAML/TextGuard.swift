import Yams

/// What is looked at before YAML is parsed, and how the parser's own words become ours.
extension TreeReader {
    /// The bytes as text without anything that YAML does not allow: NUL, controls, wrong UTF-8.
    static func decode(_ bytes: [UInt8], _ problems: inout Problems) -> String? {
        // UTF-16 and UTF-32 begin with these, or have a zero byte in the first two.
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) || bytes.prefix(2).contains(0) {
            problems.add(.syntax, .start, "the file is not UTF-8 (it looks like UTF-16): save it as UTF-8")
            return nil
        }
        let body = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
        guard let text = String(validating: body, as: UTF8.self) else {
            problems.add(.syntax, self.firstBadByte(body), "not UTF-8 here: save the file as UTF-8")
            return nil
        }
        var place = Place.start
        for scalar in text.unicodeScalars {
            guard self.isAllowed(scalar) else {
                problems.add(
                    .syntax, place,
                    "the control character \\u{\(String(scalar.value, radix: 16))} is not allowed in the file")
                return nil
            }
            if scalar == "\n" { place = Place(line: place.line + 1, column: 1) } else { place.column += 1 }
        }
        return text
    }

    /// YAML 1.1, section 5.1 (c-printable), without a byte-order mark inside.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0x85, 0xA0...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD, 0x1_0000...0x10_FFFF:
            true
        default: false
        }
    }

    private static func firstBadByte(_ bytes: ArraySlice<UInt8>) -> Place {
        var place = Place.start
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue("\n"): place = Place(line: place.line + 1, column: 1)
            case .scalarValue: place.column += 1
            case .emptyInput, .error: return place
            }
        }
    }

    /// False if the text holds so many aliases that comparing its keys could take for ever.
    ///
    /// Yams puts the node in an alias's place, which costs nothing, but then compares the keys of each map: a key made
    /// of nested aliases has 10^7 nodes and more. Every alias is a `*name` of which there is an `&name`; up to eight of
    /// these can't grow a file by more than 18 times, and are refused at their anchors after parsing.
    static func hasNoBomb(_ text: String, _ problems: inout Problems) -> Bool {
        let bytes = Array(text.utf8)
        var anchors: Set<ArraySlice<UInt8>> = []
        var aliases: [(name: ArraySlice<UInt8>, at: Int)] = []
        for index in bytes.indices where bytes[index] == UInt8(ascii: "&") || bytes[index] == UInt8(ascii: "*") {
            guard index == 0 || self.canPrecedeToken(bytes[index - 1]) else { continue }
            let name = bytes[(index + 1)...].prefix(while: self.isNameByte)
            if name.isEmpty { continue }
            if bytes[index] == UInt8(ascii: "&") { anchors.insert(name) } else { aliases.append((name, index)) }
        }
        let real = aliases.filter { anchors.contains($0.name) }
        guard real.count > 8 else { return true }
        let before = bytes[..<real[0].at]
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let column = String(decoding: bytes[lineStart..<real[0].at], as: UTF8.self).unicodeScalars.count + 1
        problems.add(
            .notAllowed, Place(line: line, column: column), "aliases (`*name`) are not allowed: write the value out")
        return false
    }

    private static func canPrecedeToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "["),
            UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: ","), UInt8(ascii: ":"),
            UInt8(ascii: "?"), UInt8(ascii: "-"), UInt8(ascii: "\""), UInt8(ascii: "'"):
            true
        // Line ends outside ASCII (NEL, LS, PS) end with one of these.
        case 0x80...: true
        default: false
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// The parser's error, in words of ours where they help more.
    static func add(_ error: YamlError, _ text: String, _ problems: inout Problems) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let place = Place(line: mark.line, column: mark.column)
            let opening = context.map { Place(line: $0.mark.line, column: $0.mark.column) }
            let words = self.explain(problem, context?.text ?? "", Self.character(at: place, text))
            problems.add(words.code, words.pointsAtOpening ? opening ?? place : place, words.message)
        case .duplicatedKeysInMapping(let names, let context):
            let first = Place(line: context.mark.line, column: context.mark.column)
            let name = names.first ?? ""
            let second = Self.second(name, after: first, text)
            problems.add(
                .duplicate, second ?? first,
                "\(quoted(name)) is given twice\(second == nil ? "" : ", first in line \(first.line)"): keep one"
            )
        case .memory:
            problems.add(.tooLarge, .start, "the file is nested deeper than \(Limits.depth) levels")
        case .reader(let problem, _, _, _):
            problems.add(.syntax, .start, "the file can't be read: \(problem)")
        case .no, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            problems.add(.syntax, .start, "the file can't be read as YAML")
        }
    }

    private static func character(at place: Place, _ text: String) -> Character? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.indices.contains(place.line - 1) else { return nil }
        return lines[place.line - 1].dropFirst(place.column - 1).first
    }

    private struct Explanation {
        let code: ServiceFileError.Code
        let message: String
        /// The place where the construct begins helps more than the one where it went wrong.
        var pointsAtOpening = false
    }

    private static func explain(_ problem: String, _ context: String, _ character: Character?) -> Explanation {
        switch problem {
        case "but found another document":
            Explanation(
                code: .notAllowed,
                message: "a second document begins here: a file holds one service; use a file for each")
        case "found undefined alias":
            Explanation(
                code: .notAllowed,
                message: "a value that begins with `*` must stand in quotes (aliases are not allowed)")
        case let text where text.contains("Maximum nesting level"):
            Explanation(code: .tooLarge, message: "nested deeper than \(Limits.depth) levels")
        case "mapping values are not allowed in this context":
            Explanation(
                code: .syntax,
                message: "a `:` is not allowed here: put a text that contains `: ` in quotes, or mend the indentation")
        case "found a tab character that violates indentation",
            "found character that cannot start any token" where character == "\t":
            Explanation(code: .syntax, message: "a tab can't indent: use spaces")
        case "found character that cannot start any token":
            Explanation(
                code: .syntax,
                message: "\(quoted(character.map(String.init) ?? "")) can't begin a value: put the value in quotes")
        case "could not find expected ':'":
            Explanation(
                code: .syntax, message: "this is no `key: value`: put a `:` and a space behind the key",
                pointsAtOpening: true)
        case "did not find expected alphabetic or numeric character":
            Explanation(code: .syntax, message: "a value that begins with `*` or `&` must stand in quotes")
        case "did not find expected key", "did not find expected '-' indicator":
            Explanation(
                code: .syntax,
                message: "the indentation does not fit what stands above, or a quote or bracket is missing")
        case "did not find expected node content":
            Explanation(
                code: .syntax,
                message: "a value is due here: put it in quotes if it begins with a character of YAML's own")
        case "found unexpected end of stream", "did not find expected ',' or '}'", "did not find expected ',' or ']'":
            Explanation(
                code: .syntax, message: "what opens here is not closed properly (a quote, `[` or `{`)",
                pointsAtOpening: true)
        default:
            Explanation(code: .syntax, message: context.isEmpty ? problem : "\(problem) (\(context))")
        }
    }

    /// Where a key stands for the second time: at the same column in a line below, before its block ends.
    private static func second(_ key: String, after first: Place, _ text: String) -> Place? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard first.line < lines.count else { return nil }
        for (index, line) in lines.enumerated().dropFirst(first.line) {
            let indent = line.prefix { $0 == " " }.count
            if line.allSatisfy({ $0 == " " || $0 == "\r" }) || line.dropFirst(indent).hasPrefix("#") { continue }
            if indent < first.column - 1 { return nil }
            let rest = line.dropFirst(indent)
            let isKey = ["", "\"", "'"].contains { rest.hasPrefix("\($0)\(key)\($0):") }
            if indent == first.column - 1, isKey { return Place(line: index + 1, column: first.column) }
        }
        return nil
    }
}
