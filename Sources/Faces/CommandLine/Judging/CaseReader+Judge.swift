import CanaryAnalysis

extension CaseReader {
    func kind() throws -> CaseKind.Known {
        guard case .string(let name)? = self.fields["kind"] else { throw self.wrong("kind", "is the name of a kind") }
        guard let kind = CaseKind.Known(name) else {
            throw self.wrong(
                "kind", "is one of \((CaseKind.allCases.map(\.rawValue) + CaseKind.later).joined(separator: ", "))")
        }
        return kind
    }

    /// Says in which case the library refused something.
    func checked<Result>(_ field: String, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let problem as AnalysisProblem {
            throw VerbError(.refused, "\(self.place), `\(self.prefix)\(field)`: \(problem.sentence)")
        }
    }
}
