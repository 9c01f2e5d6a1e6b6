/// Reads the fields of one case; every error names the case, the field and what is allowed.
struct CaseReader {
    let number: Int
    let fields: [String: CaseValue]
    /// Where a field of an inner object is: `metrics[0].`
    var prefix = ""

    /// `case 3 (odds_grid, "A/A")`
    var place: String {
        var words: [String] = []
        if case .string(let kind)? = self.fields["kind"] { words.append(Plain.line(String(kind.prefix(40)))) }
        if case .string(let name)? = self.fields["name"] { words.append("\"\(Plain.line(String(name.prefix(80))))\"") }
        return "case \(self.number)"
            + (words.isEmpty || !self.prefix.isEmpty ? "" : " (\(words.joined(separator: ", ")))")
    }

    func wrong(_ field: String, _ rule: String, _ value: CaseValue? = nil) -> VerbError {
        let found = (value ?? self.fields[field]).map { "it is \($0.word)" } ?? "it is missing"
        return VerbError(.refused, "\(self.place): `\(self.prefix)\(field)` \(rule); \(found).")
    }

    // MARK: Fields

    func number(_ field: String) throws -> Double? {
        switch self.fields[field] {
        case nil, .null?: return nil
        case .number(let number)?: return number
        case .string?, .bool?, .array?, .object?: throw self.wrong(field, "is a number")
        }
    }

    func number(_ field: String, else standard: Double) throws -> Double { try self.number(field) ?? standard }

    func required(_ field: String) throws -> Double {
        guard let number = try self.number(field) else { throw self.wrong(field, "is a number") }
        return number
    }

    func int(_ field: String) throws -> Int? {
        guard let number = try self.number(field) else { return nil }
        guard let int = Int(exactly: number) else { throw self.wrong(field, "is a whole number") }
        return int
    }

    func flag(_ field: String, else standard: Bool) throws -> Bool {
        switch self.fields[field] {
        case nil: return standard
        case .bool(let bool)?: return bool
        case .number?, .string?, .null?, .array?, .object?: throw self.wrong(field, "is true or false")
        }
    }

    func text(_ field: String) throws -> String {
        guard case .string(let text)? = self.fields[field] else { throw self.wrong(field, "is a text") }
        return text
    }

    func list(_ field: String) throws -> [CaseValue] {
        guard case .array(let values)? = self.fields[field], values.count <= Self.longest else {
            throw self.wrong(field, "is a list of at most \(Self.longest)")
        }
        return values
    }

    func numbers(_ field: String) throws -> [Double] {
        try self.numbers(.array(try self.list(field)), field)
    }

    func numbers(_ value: CaseValue, _ field: String) throws -> [Double] {
        guard case .array(let values) = value else { throw self.wrong(field, "is a list of numbers", value) }
        return try values.map { item in
            guard case .number(let number) = item else { throw self.wrong(field, "holds numbers", item) }
            return number
        }
    }

    /// Counts: whole numbers; how great they may be is the library's rule.
    func counts(_ value: CaseValue, _ field: String) throws -> [Int] {
        try self.numbers(value, field).map { number in
            guard let count = Int(exactly: number) else {
                throw self.wrong(field, "holds whole numbers", .number(number))
            }
            return count
        }
    }

    /// The objects of a list, each with its place in what is said about it.
    func objects(_ field: String) throws -> [CaseReader] {
        try self.list(field).enumerated().map { index, value in
            guard case .object(let fields) = value else {
                throw self.wrong("\(field)[\(index)]", "is an object", value)
            }
            return CaseReader(number: self.number, fields: fields, prefix: "\(self.prefix)\(field)[\(index)].")
        }
    }

    private static let longest = 100_000
}
