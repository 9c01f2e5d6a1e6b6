import Core

/// One case of `slipway approval eval`: rules with groups, who made it, who said yes and who said no.
struct ApprovalCase {
    let rules: [Seats.Rule]
    let authors: Set<String>
    let approvals: Set<String>
    let rejections: Set<String>

    init(_ reader: CaseReader) throws {
        let groups = try reader.groups("groups")
        self.rules = try reader.objects("rules").map { rule in
            let names = try rule.texts("from")
            guard let count = try rule.int("count"), (1...Self.seatLimit).contains(count) else {
                throw rule.wrong("count", "is a whole number from 1 to \(Self.seatLimit)")
            }
            let people = names.reduce(into: Set<String>()) { $0.formUnion(groups[$1] ?? []) }
            return Seats.Rule(people: people, count: count)
        }
        guard self.rules.count <= Self.ruleLimit else {
            throw reader.wrong("rules", "has at most \(Self.ruleLimit) rules")
        }
        self.authors = Set(try reader.texts("authors"))
        self.approvals = Set(try reader.texts("approvals"))
        self.rejections = Set(try reader.texts("rejections"))
    }

    private static let seatLimit = 1_000
    private static let ruleLimit = 100

    /// What was rejected is not satisfied, whoever else said yes.
    var result: CaseResult {
        let seats = Seats(self.rules, filledBy: self.approvals.subtracting(self.authors))
        let isRejected = self.rejections.contains { person in self.rules.contains { $0.people.contains(person) } }
        let missing: [CaseResult] = seats.missing.enumerated().compactMap { rule, count in
            count == 0 ? nil : .object(["rule": .int(rule), "count": .int(count)])
        }
        return .object([
            "satisfied": .bool(seats.isSatisfied && !isRejected), "rejected": .bool(isRejected),
            "missing": .array(missing),
        ])
    }
}

extension CaseReader {
    /// A list of texts; none where the field is missing.
    func texts(_ field: String) throws -> [String] {
        guard self.fields[field] != nil else { return [] }
        return try self.list(field).map { value in
            guard case .string(let text) = value else { throw self.wrong(field, "is a list of texts", value) }
            return text
        }
    }

    /// People by the name of their group.
    func groups(_ field: String) throws -> [String: Set<String>] {
        guard case .object(let groups)? = self.fields[field] else {
            throw self.wrong(field, "is an object of groups, each a list of people")
        }
        let reader = CaseReader(number: self.number, fields: groups, prefix: "\(self.prefix)\(field).")
        return try groups.reduce(into: [:]) { $0[$1.key] = Set(try reader.texts($1.key)) }
    }
}
