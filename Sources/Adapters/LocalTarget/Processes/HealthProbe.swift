import AsyncHTTPClient
import Core
import NIOCore
import NIOHTTP1
import NIOPosix

/// Asks an instance by HTTP whether it is ready.
struct HealthProbe: Sendable {
    /// Must not follow redirects: a 302 is an answer of the instance, where it points to is not.
    let client: HTTPClient

    enum Answer: Sendable, Equatable, CustomStringConvertible {
        case status(Int)
        case none(String)

        var isHealthy: Bool {
            switch self {
            case .status(let code): (200..<400).contains(code)
            case .none: false
            }
        }

        var description: String {
            switch self {
            case .status(let code): "the last answer was \(code)"
            case .none(let why): why
            }
        }
    }

    func ask(port: Int, path: String, within: Duration) async -> Answer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        // A connection of its own each time: the question is also whether it still takes new ones.
        request.headers.add(name: "connection", value: "close")
        request.headers.add(name: "user-agent", value: "slipway-health")
        let milliseconds = max(1, within / .milliseconds(1))
        do {
            let response = try await self.client.execute(request, timeout: .milliseconds(Int64(milliseconds)))
            return .status(Int(response.status.code))
        } catch is NIOConnectionError {
            return .none("nothing takes connections on port \(port)")
        } catch let error as HTTPClientError where error == .deadlineExceeded || error == .connectTimeout {
            return .none("no answer in time")
        } catch {
            return .none("no proper answer (\(error))")
        }
    }
}
