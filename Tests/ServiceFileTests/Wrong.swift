import ServiceFile
import Testing

/// One wrong file: what is said about it, by line and column.
struct Wrong: Sendable, CustomTestStringConvertible {
    let text: String
    let code: ServiceFileError.Code
    let place: String
    let says: String

    init(_ text: String, _ code: ServiceFileError.Code, _ place: String, _ says: String) {
        self.text = text
        self.code = code
        self.place = place
        self.says = says
    }

    var testDescription: String { "\(self.place) \(self.says)" }

    /// The file says this about its one environment, in a flow map that begins at 4:6.
    static func environment(
        _ inner: String, _ code: ServiceFileError.Code, _ column: Int, _ says: String
    ) -> Wrong {
        Wrong("service: a\nrun: b\nenvironments:\n  e: { \(inner) }\n", code, "4:\(column)", says)
    }

    /// The file says this in a line of its own, the third.
    static func line(_ line: String, _ code: ServiceFileError.Code, _ column: Int, _ says: String) -> Wrong {
        Wrong("service: a\nenvironments: { e: }\n\(line)\n", code, "3:\(column)", says)
    }
}

/// All that is wrong with a text; nil if nothing is.
func problems(of text: String) -> ServiceFileError? {
    do throws(ServiceFileError) {
        _ = try ServiceFile.read(text)
        return nil
    } catch {
        return error
    }
}

extension Wrong {
    /// Exactly there, with this code and these words.
    func isTold(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let error = try #require(problems(of: self.text), sourceLocation: sourceLocation)
        let found = error.problems.contains { problem in
            problem.code == self.code && "\(problem.line):\(problem.column)" == self.place
                && problem.message.contains(self.says)
        }
        #expect(found, "\(self.code) at \(self.place) not in:\n\(error)", sourceLocation: sourceLocation)
    }
}
