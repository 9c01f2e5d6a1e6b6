import AsyncHTTPClient
import Foundation
package import NIOCore
import NIOHTTP1
import NIOSSL

/// The typed client of `/api/v1`: one method an operation. It knows the wire types and nothing of the engine.
///
/// Every method throws `Wire.Problem` for what the server refuses, `ClientError` where it can't be talked to,
/// and `CancellationError`.
package struct APIClient: Sendable {
    package let connection: Connection
    let http: HTTPClient
    let limits: Limits

    /// Bounds on what one call may take.
    package struct Limits: Sendable {
        /// Until the head of the answer.
        package var answer: TimeAmount = .seconds(60)
        /// Silence inside an answer; an event stream beats every 15 s.
        package var silence: TimeAmount = .seconds(45)
        package var connect: TimeAmount = .seconds(5)
        package var bytesMax = 32 * 1024 * 1024
        /// Longest line of an event stream.
        package var lineBytesMax = 4 * 1024 * 1024
        /// How long an event stream tries to reach a server that went away before it throws.
        package var patience: Duration = .seconds(30)

        package init() {}
    }

    /// Runs `body` with a client, and closes its connections afterwards.
    package static func with<Result: Sendable>(
        _ connection: Connection, limits: Limits = Limits(), _ body: (APIClient) async throws -> Result
    ) async throws -> Result {
        let client = APIClient(connection, limits: limits)
        do {
            let result = try await body(client)
            try? await client.http.shutdown()
            return result
        } catch {
            try? await client.http.shutdown()
            throw error
        }
    }

    private init(_ connection: Connection, limits: Limits) {
        var settings = HTTPClient.Configuration()
        settings.redirectConfiguration = .disallow
        settings.timeout = .init(connect: limits.connect, read: limits.silence)
        // A refused connection is an answer for a person, at once; waiting is the caller's choice.
        settings.connectionPool.retryConnectionEstablishment = false
        if let certificate = connection.certificate {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.additionalTrustRoots = [.file(certificate)]
            settings.tlsConfiguration = tls
        }
        self.connection = connection
        self.limits = limits
        self.http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
    }
}

// MARK: Calls

extension APIClient {
    func get<Answer: Decodable>(_ path: [String], _ query: [(String, String?)] = []) async throws -> Answer {
        try await self.call(.GET, path, query, body: nil)
    }

    func post<Answer: Decodable>(_ path: [String], _ body: some Encodable) async throws -> Answer {
        let encoder = JSONEncoder()
        // The same words give the same bytes, whatever the process's hash seed.
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try await self.call(.POST, path, [], body: try encoder.encode(body))
    }

    func call<Answer: Decodable>(
        _ method: HTTPMethod, _ path: [String], _ query: [(String, String?)], body: Data?
    ) async throws -> Answer {
        var request = self.request(method, path, query)
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let response = try await self.execute(request)
        let data: Data
        do {
            data = Data(try await response.body.collect(upTo: self.limits.bytesMax).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw ClientError(
                .badAnswer, "The answer of \(self.connection.address) is longer than \(self.limits.bytesMax) bytes.")
        } catch {
            throw self.translated(error)
        }
        guard (200..<300).contains(response.status.code) else { throw self.problem(response, data) }
        do {
            return try JSONDecoder().decode(Answer.self, from: data)
        } catch {
            throw ClientError(
                .badAnswer,
                "The answer of \(self.connection.address) to \(method) \(request.url) can't be read (\(error)). "
                    + "Client and server may be of different versions.")
        }
    }

    func request(_ method: HTTPMethod, _ path: [String], _ query: [(String, String?)]) -> HTTPClientRequest {
        var url = self.connection.address + "/api/v1/" + path.map(Self.encoded).joined(separator: "/")
        let given = query.compactMap { name, value in value.map { "\(name)=\(Self.encoded($0))" } }
        if !given.isEmpty { url += "?" + given.joined(separator: "&") }
        var request = HTTPClientRequest(url: url)
        request.method = method
        if let token = self.connection.token, !token.contains(where: \.isNewline) {
            request.headers.add(name: "Authorization", value: "Bearer \(token)")
        }
        return request
    }

    func execute(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
        do {
            return try await self.http.execute(request, timeout: self.limits.answer)
        } catch {
            throw self.translated(error)
        }
    }

    /// The server's own problem, or one made from the status where the body is none.
    func problem(_ response: HTTPClientResponse, _ data: Data) -> Wire.Problem {
        if let problem = try? JSONDecoder().decode(Wire.Problem.self, from: data) { return problem }
        return Wire.Problem(
            title: response.status.reasonPhrase, status: Int(response.status.code),
            detail: "\(self.connection.address) answered \(response.status.code) \(response.status.reasonPhrase) "
                + "and no problem details. Is it a Slipway server?",
            code: "http")
    }

    func translated(_ error: any Error) -> any Error {
        if error is CancellationError { return error }
        if let error = error as? HTTPClientError {
            if error == .cancelled { return CancellationError() }
            if error == .deadlineExceeded || error == .readTimeout {
                return ClientError(
                    .timedOut, "The server at \(self.connection.address) took the request and did not answer in time.")
            }
        }
        return ClientError.unreachable(self.connection.address, error)
    }

    /// Percent-encodes everything that is not unreserved, so that a value can't leave its path segment.
    static func encoded(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"),
                UInt8(ascii: "."):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                out += "%" + (hex.count == 1 ? "0" : "") + hex
            }
        }
        return out
    }

    /// `shop/production/3` as path segments.
    static func segments(_ id: String) -> [String] {
        id.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    }
}
