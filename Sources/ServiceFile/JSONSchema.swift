extension ServiceFile {
    /// A JSON schema (draft 2020-12) for editors, from the same values that read the file. Scalars are taken as editors
    /// see them: a text that YAML takes for a number is allowed where a text is.
    package static func jsonSchema() -> String {
        guard case .object(let members) = Self.schema(of: FileKeys.kind.shape) else { return "{}" }
        let head: [(String, JSON)] = [
            ("$schema", .text("https://json-schema.org/draft/2020-12/schema")), ("title", .text(Self.name)),
        ]
        return JSON.object(head + members).written(indent: 0) + "\n"
    }

    private static func schema(of shape: Shape) -> JSON {
        switch shape {
        case .text(let pattern?): .object([("type", .text("string")), ("pattern", .text(pattern))])
        case .text(nil): .object([("type", .list([.text("string"), .text("number"), .text("boolean")]))])
        case .integer(let range):
            .object([
                ("type", .text("integer")), ("minimum", .number(range.lowerBound)),
                ("maximum", .number(range.upperBound)),
            ])
        case .percentage(let decimals):
            .object([
                (
                    "anyOf",
                    .list([
                        .object([
                            ("type", .text("number")), ("exclusiveMinimum", .number(0)), ("maximum", .number(100)),
                        ]),
                        .object([
                            ("type", .text("string")),
                            ("pattern", .text(#"^[0-9]{1,3}(\.[0-9]{1,\#(decimals)})? ?%?$"#)),
                        ]),
                    ])
                )
            ])
        case .truth: .object([("type", .text("boolean"))])
        case .choice(let words): .object([("enum", .list(words.map(JSON.text)))])
        case .section(let section): Self.schema(of: section)
        case .oneOf(let set): Self.schema(of: set)
        case .named(let inner, let limit):
            .object([
                ("type", .text("object")), ("maxProperties", .number(limit)),
                // An environment of which nothing is said is allowed.
                ("additionalProperties", .object([("anyOf", .list([Self.schema(of: inner), Self.nothing]))])),
            ])
        case .list(let inner, let limit):
            .object([("type", .text("array")), ("maxItems", .number(limit)), ("items", Self.schema(of: inner))])
        case .either(let shapes): .object([("anyOf", .list(shapes.map(Self.schema(of:))))])
        }
    }

    private static let nothing = JSON.object([("type", .text("null"))])

    private static func schema(of section: Section) -> JSON {
        let properties = section.lines.map { line -> (String, JSON) in
            guard case .object(let members) = Self.schema(of: line.shape) else { return (line.name, .object([])) }
            return (line.name, .object([("description", .text(line.text))] + members))
        }
        let required = section.lines.filter(\.isRequired).map { JSON.text($0.name) }
        return .object(
            [("type", .text("object")), ("properties", .object(properties)), ("additionalProperties", .truth(false))]
                + (required.isEmpty ? [] : [("required", .list(required))]))
    }

    private static func schema(of set: Alternatives) -> JSON {
        let words = set.lines.filter(\.isWord).map { JSON.text($0.name) }
        let maps = set.lines.compactMap { line in
            line.settings.map { settings in
                JSON.object([
                    ("type", .text("object")), ("description", .text(line.text)),
                    ("properties", .object([(line.name, Self.schema(of: settings))])),
                    ("required", .list([.text(line.name)])), ("additionalProperties", .truth(false)),
                ])
            }
        }
        return .object([("anyOf", .list([.object([("enum", .list(words))])] + maps))])
    }
}

/// Just enough JSON to write a schema with its keys in a chosen order.
private enum JSON {
    case text(String)
    case number(Int)
    case truth(Bool)
    case list([JSON])
    case object([(String, JSON)])

    func written(indent: Int) -> String {
        let inner = String(repeating: "  ", count: indent + 1)
        let outer = String(repeating: "  ", count: indent)
        switch self {
        case .text(let text): return Self.quote(text)
        case .number(let number): return "\(number)"
        case .truth(let truth): return "\(truth)"
        case .list(let elements):
            return "[" + elements.map { $0.written(indent: indent) }.joined(separator: ", ") + "]"
        case .object(let members):
            guard !members.isEmpty else { return "{}" }
            let lines = members.map { "\(inner)\(Self.quote($0.0)): \($0.1.written(indent: indent + 1))" }
            return "{\n\(lines.joined(separator: ",\n"))\n\(outer)}"
        }
    }

    /// RFC 8259, section 7.
    private static func quote(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{0}"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
