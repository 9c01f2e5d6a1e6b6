import APIClient
import Foundation

extension Schema {
    /// Checks a request's body against the shape that the route documents; the sentence names the field.
    /// Bodies are flat objects, so nothing nested is ever walked.
    func check(body: Data) throws(Wire.Problem) {
        guard case .object(_, let fields) = self else { return }
        guard let given = try? JSONDecoder().decode([String: Field.Given].self, from: body) else {
            throw .invalid("The body is no JSON object. Expected: \(Self.known(fields)).")
        }
        if let unknown = given.keys.sorted().first(where: { key in !fields.contains { $0.name == key } }) {
            throw .invalid("Unknown field `\(unknown.prefix(40))`. Known: \(Self.known(fields)).")
        }
        for field in fields {
            switch given[field.name] {
            case .none, .null:
                guard !field.isRequired else {
                    throw .invalid("The field `\(field.name)` is missing; it is \(field.schema.words).")
                }
            case .some(let value):
                guard value.fits(field.schema) else {
                    throw .invalid("The field `\(field.name)` is \(value.words); it has to be \(field.schema.words).")
                }
            }
        }
    }

    private static func known(_ fields: [Field]) -> String {
        fields.map { $0.isRequired ? $0.name : "\($0.name) (optional)" }.joined(separator: ", ")
    }

    var words: String {
        switch self {
        case .string: "a text"
        case .integer: "a whole number"
        case .number: "a number"
        case .boolean: "true or false"
        case .choice(let names): "one of \(names.joined(separator: ", "))"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

extension Schema.Field {
    /// The kind of a given value. Lists and objects are not looked into.
    enum Given: Decodable {
        case null, text(String), number, decimal, flag, other

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let text = try? container.decode(String.self) {
                self = .text(text)
            } else if (try? container.decode(Bool.self)) != nil {
                self = .flag
            } else if (try? container.decode(Int.self)) != nil {
                self = .number
            } else if (try? container.decode(Double.self)) != nil {
                self = .decimal
            } else {
                self = .other
            }
        }

        func fits(_ schema: Schema) -> Bool {
            switch (schema, self) {
            case (.string, .text), (.integer, .number), (.number, .number), (.number, .decimal), (.boolean, .flag): true
            case (.choice(let names), .text(let text)): names.contains(text)
            case (.string, _), (.integer, _), (.number, _), (.boolean, _), (.choice, _), (.array, _), (.object, _):
                false
            }
        }

        var words: String {
            switch self {
            case .null: "null"
            case .text: "a text"
            case .number: "a number"
            case .decimal: "a number with decimals"
            case .flag: "true or false"
            case .other: "neither text, whole number, true nor false"
            }
        }
    }
}
