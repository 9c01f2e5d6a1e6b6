/// What is wrong with an export, and where.
package struct ExportProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// From 1.
    package var line: Int
    /// Of an event, as far as it could be read.
    package var stream: String?
    package var number: Int?
    /// Which field does not fit; nil: the line as a whole.
    package var field: String?
    package var why: String

    package init(line: Int, stream: String? = nil, number: Int? = nil, field: String? = nil, _ why: String) {
        self.line = line
        self.stream = stream
        self.number = number
        self.field = field
        self.why = why
    }

    package var description: String {
        let event = self.stream.map { " (\($0.prefix(200))\(self.number.map { " number \($0)" } ?? ""))" } ?? ""
        let field = self.field.map { ", `\($0)`" } ?? ""
        return "Line \(self.line)\(event)\(field): \(self.why.asSentence)"
    }
}

/// What a whole export holds.
package struct ExportReport: Sendable, Equatable {
    package var events: Int
    package var streams: Int
    package var seals: Int
    package var by: Actor
    package var at: Instant
    /// Of the last line, and so of all: who has it from elsewhere knows that nobody wrote the export anew.
    package var digest: ChainHash
}
