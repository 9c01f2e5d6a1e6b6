import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Synchronization

/// A server of the API that says what it was given: the answers of one operation in order, the last one again and again.
struct CannedServer: Sendable {
    private var answers: [String: [(Int, String)]] = [:]
    private let asked = Asked()

    /// `operation` is as in `GET /status?service=shop`, below `/api/v1`.
    mutating func answer(_ operation: String, status: Int = 200, _ body: some Encodable) throws {
        let text = String(decoding: try JSONEncoder().encode(body), as: UTF8.self)
        self.answers[operation, default: []].append((status, text))
    }

    /// Every request, as `POST /promotions {"…"}`, in order.
    var requests: [String] { self.asked.lines.withLock { $0 } }

    func run<Result: Sendable>(_ body: @Sendable (_ address: String) async throws -> Result) async throws -> Result {
        let responder = CallbackResponder<BasicRequestContext> { request, _ in
            let text = Self.sorted(try await request.body.collect(upTo: 1 << 20))
            return self.response(request.method.rawValue, request.uri.string, text, request.headers[.authorization])
        }
        return try await Application(
            responder: responder, configuration: .init(address: .hostname("127.0.0.1", port: 0))
        ).test(.live) { client in
            try await body("http://127.0.0.1:\(client.port ?? 0)")
        }
    }

    /// JSON with its keys in order: an encoder may write them in any.
    private static func sorted(_ body: ByteBuffer) -> String {
        guard let value = try? JSONSerialization.jsonObject(with: Data(body.readableBytesView)),
            let data = try? JSONSerialization.data(
                withJSONObject: value, options: [.sortedKeys, .withoutEscapingSlashes])
        else { return String(buffer: body) }
        return String(decoding: data, as: UTF8.self)
    }

    private func response(_ method: String, _ uri: String, _ body: String, _ token: String?) -> Response {
        let operation = "\(method) \(uri.replacingOccurrences(of: "/api/v1", with: ""))"
        let turn = self.asked.add(
            operation, "\(operation)\(body.isEmpty ? "" : " \(body)")\(token.map { " \($0)" } ?? "")")
        guard let answers = self.answers[operation], let last = answers.last else {
            return Response(status: .notImplemented, body: .init(byteBuffer: ByteBuffer(string: operation)))
        }
        let (status, text) = turn < answers.count ? answers[turn] : last
        return Response(status: .init(code: status), body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    private final class Asked: Sendable {
        let lines = Mutex<[String]>([])
        private let turns = Mutex<[String: Int]>([:])

        func add(_ operation: String, _ line: String) -> Int {
            self.lines.withLock { $0.append(line) }
            return self.turns.withLock { turns in
                defer { turns[operation, default: 0] += 1 }
                return turns[operation, default: 0]
            }
        }
    }
}
