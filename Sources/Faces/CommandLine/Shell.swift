package import Foundation

/// What a verb sees of the world around it: where its words go, who is asked, the environment and the folder.
package struct Shell: Sendable {
    /// Data and answers. With `--json` only JSON goes here.
    package var out: @Sendable (String) -> Void
    /// Progress and errors.
    package var err: @Sendable (String) -> Void
    /// Puts a question to a person and returns the answer; nil where nobody can be asked.
    package var ask: @Sendable (String) -> String?
    /// At most so many bytes of standard input, up to its end.
    package var input: @Sendable (Int) throws -> Data
    /// Both streams are a terminal: there may be colours.
    package var isTerminal: Bool
    package var environment: [String: String]
    /// The folder that relative paths start from.
    package var folder: String
    /// Width of help texts; nil: that of the terminal.
    package var columns: Int?

    package init(
        out: @escaping @Sendable (String) -> Void, err: @escaping @Sendable (String) -> Void,
        ask: @escaping @Sendable (String) -> String?,
        input: @escaping @Sendable (Int) throws -> Data = { _ in Data() }, isTerminal: Bool,
        environment: [String: String], folder: String,
        columns: Int? = nil
    ) {
        self.out = out
        self.err = err
        self.ask = ask
        self.input = input
        self.isTerminal = isTerminal
        self.environment = environment
        self.folder = folder
        self.columns = columns
    }

    /// The process's own streams.
    package static func system() -> Shell {
        Shell(
            out: { text in try? FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8)) },
            err: { text in try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8)) },
            ask: { question in
                guard isatty(STDIN_FILENO) == 1 else { return nil }
                try? FileHandle.standardError.write(contentsOf: Data(question.utf8))
                return readLine() ?? ""
            },
            input: { try FileHandle.standardInput.read(upToCount: $0) ?? Data() },
            isTerminal: isatty(STDOUT_FILENO) == 1 && isatty(STDERR_FILENO) == 1,
            environment: ProcessInfo.processInfo.environment,
            folder: FileManager.default.currentDirectoryPath)
    }

    /// `path` as an absolute path, without `.` and `..`.
    func absolute(_ path: String) -> String {
        URL(fileURLWithPath: path, relativeTo: URL(fileURLWithPath: self.folder, isDirectory: true))
            .standardizedFileURL.path
    }

    /// The same of a repository, if it is not an address.
    func repository(_ place: String?) -> String? {
        place.map { $0.contains("://") || Self.isShortAddress($0) ? $0 : self.absolute($0) }
    }

    /// `USER@HOST:PATH`, as git has it: no slash before the colon. A folder of such a name is given as `./NAME`.
    private static func isShortAddress(_ place: String) -> Bool {
        guard let colon = place.firstIndex(of: ":") else { return false }
        return place[..<colon].contains("@") && !place[..<colon].contains("/")
    }

    /// Where Slipway keeps its data if nobody says otherwise: `slipway` in the user's state directory
    /// (XDG Base Directory Specification, `XDG_STATE_HOME`).
    var defaultDataFolder: String {
        if let state = self.environment["XDG_STATE_HOME"], state.hasPrefix("/") { return state + "/slipway" }
        return (self.environment["HOME"] ?? NSHomeDirectory()) + "/.local/state/slipway"
    }
}
