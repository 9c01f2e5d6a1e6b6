import APIClient

/// Why the demo could not go on, for a person: what was awaited, what was seen, what to do.
package struct DemoFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable { case missing, refused, timedOut, unexpected, interrupted }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whatever ended the story, as a sentence.
    init(from error: any Error) {
        switch error {
        case let failure as DemoFailure: self = failure
        case let problem as Wire.Problem: self.init(.refused, "The server refuses (\(problem.code)): \(problem.detail)")
        default: self.init(.unexpected, "\(error)")
        }
    }

    package var description: String { self.message }
}
