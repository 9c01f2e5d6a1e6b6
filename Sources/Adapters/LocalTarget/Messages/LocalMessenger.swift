package import AsyncHTTPClient
package import Core
import FoundationEssentials
import NIOCore
import NIOHTTP1
package import Ports

/// Sends notices by a command of the user's (`notify: { run }`, values in its environment) or as JSON to a webhook. The same notice again
/// has the same key: a command that passed is not run again, a receiver of the webhook sees the key in `Idempotency-Key`.
package struct LocalMessenger: Messenger {
    private let commands: any CommandRunner
    private let client: HTTPClient

    /// Time that a channel may take.
    private static let within = Milliseconds.seconds(30)

    package init(commands: any CommandRunner, client: HTTPClient) {
        self.commands = commands
        self.client = client
    }

    package func send(_ notice: Notice, by channel: Notify.Channel, attempt: Int) async throws {
        switch channel {
        case .run(let command):
            let report = try await self.commands.run(
                CommandOrder(
                    key: "notice/\(notice.key)/\(attempt)/\(command)", command: command, within: Self.within,
                    environment: Self.variables(notice), place: .empty))
            guard report.verdict == .pass else { throw MessageError("`\(command)`: \(report.summary)") }
        case .webhook(let address):
            var request = HTTPClientRequest(url: address)
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/json")
            request.headers.add(name: "Idempotency-Key", value: notice.key)
            request.body = .bytes(ByteBuffer(bytes: try Self.body(notice)))
            let response = try await self.client.execute(request, timeout: .milliseconds(Self.within.count))
            guard (200..<300).contains(response.status.code) else {
                throw MessageError("\(address) answered \(response.status.code)")
            }
        }
    }

    static func variables(_ notice: Notice) -> [String: String] {
        [
            "OCCASION": notice.occasion.rawValue, "SERVICE": notice.lane.service.text,
            "ENVIRONMENT": notice.lane.environment.text, "VERSION": notice.version, "TEXT": notice.text,
            "KEY": notice.key,
        ]
    }

    static func body(_ notice: Notice) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(
            try encoder.encode(Self.variables(notice).reduce(into: [:]) { $0[$1.key.lowercased()] = $1.value }))
    }
}

/// A notice that could not be delivered.
package struct MessageError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}
