import Foundation

/// A file of `--cases`: at most 64 MB of JSON, with at most 20,000 cases.
struct CaseFile {
    let cases: [CaseReader]

    init(path: String, name: String) throws {
        let limit = 64 << 20
        let shown = "`\(Plain.line(name))`"
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw VerbError(.refused, "The file \(shown) can't be read.")
        }
        defer { try? file.close() }
        let data: Data
        do {
            data = try file.read(upToCount: limit + 1) ?? Data()
        } catch {
            throw VerbError(.refused, "The file \(shown) can't be read: is it a folder?")
        }
        guard data.count <= limit else {
            throw VerbError(.refused, "The file \(shown) is larger than 64 MB: split its cases into several files.")
        }
        let root: CaseValue
        do {
            root = try JSONDecoder().decode(CaseValue.self, from: data)
        } catch {
            throw VerbError(
                .refused, "The file \(shown) is no JSON that can be read: numbers are finite, text is UTF-8.")
        }
        guard case .object(let fields) = root, case .array(let cases)? = fields["cases"], cases.count <= 20_000 else {
            throw VerbError(
                .refused, "The file \(shown) must be an object with an array `cases` of at most 20,000 cases.")
        }
        self.cases = try cases.enumerated().map { index, value in
            guard case .object(let fields) = value else {
                throw VerbError(.refused, "Case \(index + 1) of \(shown) is no object.")
            }
            return CaseReader(number: index + 1, fields: fields)
        }
    }
}

/// A JSON value. Numbers first: they are nearly all of such a file.
enum CaseValue: Decodable {
    case number(Double)
    case string(String)
    case bool(Bool)
    case null
    case array([CaseValue])
    case object([String: CaseValue])

    init(from decoder: any Decoder) throws {
        let single = try decoder.singleValueContainer()
        if let number = try? single.decode(Double.self) {
            guard number.isFinite else {
                throw DecodingError.dataCorruptedError(in: single, debugDescription: "a number that is not finite")
            }
            self = .number(number)
        } else if let string = try? single.decode(String.self) {
            self = .string(string)
        } else if let bool = try? single.decode(Bool.self) {
            self = .bool(bool)
        } else if single.decodeNil() {
            self = .null
        } else if let array = try? single.decode([CaseValue].self) {
            self = .array(array)
        } else {
            self = .object(try single.decode([String: CaseValue].self))
        }
    }

    /// What it is, for a sentence.
    var word: String {
        switch self {
        case .number(let number): "the number \(number)"
        case .string: "a text"
        case .bool: "true or false"
        case .null: "null"
        case .array(let values): "a list of \(values.count)"
        case .object: "an object"
        }
    }
}

/// A result as its `expect` in the file.
enum CaseResult: Encodable, Equatable {
    case number(Double)
    case int(Int)
    case bool(Bool)
    case string(String)
    case null
    case array([CaseResult])
    case object([String: CaseResult])

    /// null stands for what is not bounded.
    static func finite(_ number: Double) -> CaseResult { number.isFinite ? .number(number) : .null }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .number(let number): try container.encode(number)
        case .int(let int): try container.encode(int)
        case .bool(let bool): try container.encode(bool)
        case .string(let string): try container.encode(string)
        case .null: try container.encodeNil()
        case .array(let values): try container.encode(values)
        case .object(let fields): try container.encode(fields)
        }
    }
}
