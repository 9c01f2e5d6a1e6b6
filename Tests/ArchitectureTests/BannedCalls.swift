import Foundation

/// A call that has a better one.
struct BannedCall: Sendable {
    let text: String
    let instead: String
    /// Folders and files where it is right.
    var allowed: [String] = []
    /// With a comment that holds one of these words on the line or the four above, it is right too.
    var excuse: [String] = []

    static let all = [
        BannedCall(text: "try!", instead: "throw, or handle the error"),
        BannedCall(text: " as! ", instead: "`as?` with a guard"),
        BannedCall(text: "fatalError(", instead: "an error that a person can read"),
        BannedCall(
            text: "print(", instead: "the shell's `out` and `err`, or the log",
            allowed: ["Sources/slipway/", "Sources/Faces/Demo/", "Sources/Faces/CommandLine/"]),
        BannedCall(
            text: "DispatchQueue", instead: "structured concurrency",
            // Files are read by calls that block: they must not hold the threads that tasks run on.
            // So is the check of a password, which takes half a second of one.
            allowed: [
                "Sources/Adapters/SQLiteStore/FileBlobs.swift", "Sources/Engine/SignIn/ScryptWorkers.swift",
            ]),
        BannedCall(text: "Task.detached", instead: "a task group"),
        BannedCall(text: "\"/bin/sh\"", instead: "an argument array", allowed: ["Sources/Adapters/LocalTarget/"]),
        BannedCall(text: " Process()", instead: "swift-subprocess"),
        BannedCall(
            text: "@unchecked Sendable", instead: "a value, a Mutex or an actor",
            excuse: ["because", "guarded", "only", "safe", "never"]),
        BannedCall(
            text: "nonisolated(unsafe)", instead: "a Mutex or an actor",
            excuse: ["because", "guarded", "only", "safe", "never"]),
    ]

    func breaches(in file: SourceTree.File) -> [Breach] {
        guard file.text.contains(self.text), !self.allowed.contains(where: file.path.hasPrefix) else { return [] }
        return file.lines.indices.compactMap { number in
            guard Code.of(file.lines[number]).calls(self.text), !self.isExcused(file.lines, number) else { return nil }
            return Breach(file: file, line: number, sentence: "`\(self.text)`: instead, \(self.instead)")
        }
    }

    private func isExcused(_ lines: [String], _ number: Int) -> Bool {
        lines[max(0, number - 4)...number].contains { line in
            guard let comment = line.range(of: "//") else { return false }
            return self.excuse.contains { line[comment.upperBound...].contains($0) }
        }
    }
}

/// A line without its comment.
struct Code {
    let text: String

    static func of(_ line: String) -> Code {
        let trimmed = line.drop { $0 == " " }
        if trimmed.hasPrefix("//") { return Code(text: "") }
        // A comment after code stands behind a blank; `https://` in a string does not.
        return Code(text: line.range(of: " // ").map { String(line[..<$0.lowerBound]) } ?? line)
    }

    /// Whether `call` stands here as a word of its own: `print(` is not in `self.print(` or `fingerprint(`.
    func calls(_ call: String) -> Bool {
        let isWord = call.first?.isLetter == true
        return self.text.ranges(of: call).contains { range in
            guard isWord, range.lowerBound > self.text.startIndex else { return true }
            let before = self.text[self.text.index(before: range.lowerBound)]
            let isDeclared = self.text[..<range.lowerBound].hasSuffix("func ")
            return !before.isLetter && !before.isNumber && before != "_" && before != "." && !isDeclared
        }
    }
}
