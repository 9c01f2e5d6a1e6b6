import Foundation
import Testing

/// A folder of one test, removed with the value.
final class JobScratch: Sendable {
    let path: String

    init() throws {
        let template = FileManager.default.temporaryDirectory.appendingPathComponent("slipway-build-XXXXXX").path
        var name = Array(template.utf8CString)
        try #require(mkdtemp(&name) != nil)
        self.path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        let remove = Process()
        remove.executableURL = URL(fileURLWithPath: "/bin/rm")
        remove.arguments = ["-rf", "--", self.path]
        try? remove.run()
        remove.waitUntilExit()
    }

    func folder(_ name: String) throws -> String {
        let path = "\(self.path)/\(name)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    @discardableResult
    func write(_ text: String, to name: String, isExecutable: Bool = false) throws -> String {
        let path = "\(self.path)/\(name)"
        let parent = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: isExecutable ? 0o755 : 0o644], ofItemAtPath: path)
        return path
    }

    func text(_ name: String) throws -> String {
        try String(contentsOf: URL(fileURLWithPath: "\(self.path)/\(name)"), encoding: .utf8)
    }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(self.path)/\(name)") }
}

struct ProgramFailed: Error, CustomStringConvertible {
    let description: String
}

/// Runs a program of the machine to its end and gives its output; a failing one is an error with what it said.
@discardableResult
func program(_ path: String, _ arguments: [String], environment: [String: String] = [:]) throws -> String {
    guard FileManager.default.isExecutableFile(atPath: path) else {
        throw ProgramFailed(description: "\(path) is missing: apt-get install git coreutils tar")
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin"].merging(environment) { _, new in new }
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw ProgramFailed(description: "\(path) \(arguments) ended with \(process.terminationStatus): \(text)")
    }
    return text
}

/// A real git repository with fixed people and dates, so that its commits have the same names each time.
struct RepositoryFixture {
    let scratch: JobScratch
    let name: String
    var path: String { "\(self.scratch.path)/\(self.name)" }

    init(in scratch: JobScratch, name: String = "repository", format: String = "sha1") throws {
        self.scratch = scratch
        self.name = name
        try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true)
        try self.git("init", "--quiet", "--initial-branch=main", "--object-format=\(format)")
    }

    static func environment(second: Int) -> [String: String] {
        var environment = ["GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "TZ": "UTC"]
        for role in ["AUTHOR", "COMMITTER"] {
            environment["GIT_\(role)_NAME"] = "Ada"
            environment["GIT_\(role)_EMAIL"] = "ada@example.org"
            environment["GIT_\(role)_DATE"] = "\(1_700_000_000 + second) +0000"
        }
        return environment
    }

    @discardableResult
    func git(_ arguments: String..., second: Int = 0) throws -> String {
        let output = try program(
            "/usr/bin/git", ["-C", self.path] + arguments, environment: Self.environment(second: second))
        return output.trimmingCharacters(in: .newlines)
    }

    func write(_ text: String, to file: String, isExecutable: Bool = false) throws {
        try self.scratch.write(text, to: "\(self.name)/\(file)", isExecutable: isExecutable)
    }

    /// Commits all there is; gives the commit's name.
    @discardableResult
    func commit(_ message: String, second: Int = 0) throws -> String {
        try self.git("add", "--all")
        try self.git("commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "-m", message, second: second)
        return try self.git("rev-parse", "HEAD")
    }

    /// What a checkout must not change: work tree, index, refs, configuration.
    func fingerprint() throws -> String {
        try program(
            "/bin/sh",
            ["-c", "cd \"$1\" && find . -type f -exec sha256sum {} + | sort; git status --porcelain", "sh", self.path],
            environment: Self.environment(second: 0))
    }
}
