/// Why the demo could not go on, for a person: what was awaited, what was seen, what to do.
package struct DemoFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable { case missing, refused, timedOut, unexpected, interrupted }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { self.message }
}
