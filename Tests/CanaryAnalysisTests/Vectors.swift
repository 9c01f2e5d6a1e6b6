import Foundation
import Testing

/// Recorded counts with the numbers that an independent implementation gave for them: Fixtures/Vectors.json.
struct Vectors {
    let cases: [[String: Any]]

    init() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/Vectors.json")
        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
        self.cases = try #require(json?["cases"] as? [[String: Any]])
    }

    /// The cases of one kind; there is at least one.
    static func of(_ kind: String) throws -> [Vector] {
        let chosen = try Self().cases.filter { $0["kind"] as? String == kind }.map(Vector.init(fields:))
        try #require(!chosen.isEmpty)
        return chosen
    }
}

/// One object of the file.
struct Vector {
    let fields: [String: Any]

    func number(_ key: String) -> Double? { self.fields[key] as? Double }
    func numbers(_ key: String) throws -> [Double?] { try Self.row(self.fields[key]) }
    func rows(_ key: String) throws -> [[Double]] {
        try #require(self.fields[key] as? [[Double]])
    }
    func objects(_ key: String) throws -> [Vector] {
        try #require(self.fields[key] as? [[String: Any]]).map(Vector.init(fields:))
    }
    func object(_ key: String) throws -> Vector {
        Vector(fields: try #require(self.fields[key] as? [String: Any]))
    }

    private static func row(_ value: Any?) throws -> [Double?] {
        try #require(value as? [Any]).map { $0 as? Double }
    }
}

/// Whether two numbers are the same to 1e-9 relative; around zero, to 1e-9 of one nat's thousandth.
func agree(_ one: Double, _ other: Double?) -> Bool {
    guard let other else { return one == .infinity }
    return abs(one - other) <= 1e-9 * max(1e-3, abs(other))
}
