import Core
import Ports
import Subprocess
import SystemPackage

/// Runs git commands, each limited in time and output.
struct GitProgram: Sendable {
    let path: String
    let within: Milliseconds

    struct Answer: Sendable {
        let isSuccess: Bool
        let output: [UInt8]
        let errors: [UInt8]

        /// The output without its last line end.
        var line: String {
            let bytes = self.output.last == UInt8(ascii: "\n") ? self.output.dropLast() : self.output[...]
            return String(decoding: bytes, as: UTF8.self)
        }

        /// The first line that git wrote on what is wrong, without what an address in it says before its `@`.
        var complaint: String {
            let line = String(decoding: self.errors.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            return line.isEmpty ? "nothing" : line.withoutUser.quotable
        }
    }

    /// The output of a command that has to succeed.
    func succeed(_ command: GitCommand) async throws -> [UInt8] {
        let answer = try await self.run(command)
        guard answer.isSuccess else {
            throw SourceError(.failed, "`git \(command.verb)` failed: \(answer.complaint)")
        }
        return answer.output
    }

    func line(_ command: GitCommand) async throws -> String {
        let output = try await self.succeed(command)
        return Answer(isSuccess: true, output: output, errors: []).line
    }

    func run(_ command: GitCommand) async throws -> Answer {
        try await withThrowingTaskGroup(of: Answer?.self) { group in
            group.addTask { try await self.call(command) }
            group.addTask {
                try await Task.sleep(for: self.within.duration)
                return nil
            }
            defer { group.cancelAll() }
            guard let answer = try await group.next() ?? nil else {
                throw SourceError(
                    .failed,
                    "`git \(command.verb)` did not end within \(self.within.count / 1_000) s and was stopped; "
                        + "see whether the repository's disk answers")
            }
            return answer
        }
    }

    private func call(_ command: GitCommand) async throws -> Answer {
        var environment = command.environment
        environment["PATH"] = self.path
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [.send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .zero)]
        do {
            let result = try await Subprocess.run(
                .name("git"), arguments: Arguments(command.arguments), environment: .custom(environment),
                platformOptions: options, output: .bytes(limit: command.outputLimit), error: .bytes(limit: 1 << 20))
            return Answer(
                isSuccess: result.terminationStatus.isSuccess, output: result.standardOutput,
                errors: result.standardError)
        } catch let error as SubprocessError where error.code == .outputLimitExceeded {
            throw SourceError(
                .tooLarge, "`git \(command.verb)` printed more than the \(command.outputLimit) bytes that are allowed")
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw SourceError(.programMissing, "git is not in \(self.path); install it with `apt-get install git`")
        }
    }
}

extension Environment {
    /// Exactly these variables, nothing inherited.
    static func custom(_ variables: [String: String]) -> Environment {
        let pairs = variables.compactMap { name, value in Key(rawValue: name).map { ($0, value) } }
        return .custom(Dictionary(uniqueKeysWithValues: pairs))
    }
}

extension GitCommand {
    /// The word for messages: the first argument that is git's verb.
    fileprivate var verb: String {
        var rest = self.arguments[...]
        while let first = rest.first {
            guard first.hasPrefix("-") else { return first }
            rest = rest.dropFirst(first == "-c" || first == "-C" ? 2 : 1)
        }
        return ""
    }
}
