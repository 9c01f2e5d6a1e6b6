import APIClient
import ArgumentParser
import Foundation

/// A command of ours. It runs in a session, and never touches the process's streams by itself.
protocol Verb: ParsableCommand {
    func run(in session: Session) async throws -> Ending
}

/// One run of a command: the shell around it, and what the executable wired in.
struct Session: Sendable {
    /// What is printed here can't steer the terminal, whoever wrote it.
    let shell: Shell
    /// The same without that filter, for what draws.
    let drawing: Shell
    let wiring: Wiring
    /// Between two looks at something that is waited for.
    var pause: Duration = .milliseconds(150)

    init(shell: Shell, wiring: Wiring) {
        var filtered = shell
        filtered.out = { text in shell.out(Plain.text(text)) }
        filtered.err = { text in shell.err(Plain.text(text)) }
        self.shell = filtered
        self.drawing = shell
        self.wiring = wiring
    }

    /// Prints `value` as JSON, or as the lines for people.
    func show(_ value: some Encodable, json: Bool, _ lines: @autoclosure () -> [String]) throws {
        if json {
            self.shell.out(try JSONText.pretty(value))
        } else {
            lines().forEach(self.shell.out)
        }
    }

    func dataFolder(_ place: Place) -> String {
        self.shell.absolute(place.data ?? self.shell.environment["SLIPWAY_DATA"] ?? self.shell.defaultDataFolder)
    }

    func connection(_ place: Place) throws -> Connection {
        try Connection.find(
            dataFolder: URL(fileURLWithPath: self.dataFolder(place), isDirectory: true), server: self.server(place),
            token: self.filled(self.shell.environment["SLIPWAY_TOKEN"]))
    }

    /// Runs `body` with a client of the server.
    func client<Result: Sendable>(
        _ place: Place, _ body: (APIClient) async throws -> Result
    ) async throws -> Result {
        try await APIClient.with(try self.connection(place), body)
    }

    /// By the server where a live one is found, else on the data folder. Who names a server means that server.
    func either<Result: Sendable>(
        _ place: Place, online: (APIClient) async throws -> Result, offline: (String) async throws -> Result
    ) async throws -> Result {
        do {
            return try await self.client(place, online)
        } catch let error as ClientError {
            switch error.code {
            case .noServer, .unreachable:
                guard self.server(place) == nil else { throw error }
                return try await offline(self.dataFolder(place))
            case .badAddress, .timedOut, .badAnswer:
                throw error
            }
        }
    }

    private func server(_ place: Place) -> String? {
        place.server ?? self.filled(self.shell.environment["SLIPWAY_SERVER"])
    }

    /// A variable that is set to nothing counts as not set.
    private func filled(_ text: String?) -> String? {
        text.flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// Where the server or its data is: on every verb.
struct Place: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Folder of the data (default: $SLIPWAY_DATA, or slipway in the state directory).", valueName: "dir"))
    var data: String?

    @Option(
        help: ArgumentHelp(
            "Address of the server (default: $SLIPWAY_SERVER, or what serve wrote).", valueName: "url"))
    var server: String?
}

/// On every verb that prints data.
struct Format: ParsableArguments {
    @Flag(help: "Print JSON on standard output, and nothing else there.")
    var json = false
}

/// On every verb that changes what automation or other people did.
struct Reasoned: ParsableArguments {
    @Option(help: ArgumentHelp("Why; it is kept in the record.", valueName: "text"))
    var reason: String

    mutating func validate() throws { try Self.check(self.reason) }

    static func check(_ reason: String) throws {
        let count = reason.utf8.count
        guard (1...2_000).contains(count), !reason.allSatisfy(\.isWhitespace) else {
            throw ValidationError("--reason needs 1 to 2,000 bytes of text, this one has \(count).")
        }
    }
}

enum JSONText {
    /// One value over several lines, keys sorted.
    static func pretty(_ value: some Encodable) throws -> String {
        try Self.encoded(value, [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    }

    /// One value on one line, keys sorted.
    static func line(_ value: some Encodable) throws -> String {
        try Self.encoded(value, [.sortedKeys, .withoutEscapingSlashes])
    }

    private static func encoded(_ value: some Encodable, _ format: JSONEncoder.OutputFormatting) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = format
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
