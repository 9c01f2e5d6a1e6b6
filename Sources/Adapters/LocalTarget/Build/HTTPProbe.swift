import AsyncHTTPClient
package import Core
import Glibc
import NIOCore
import NIOHTTP1
package import Ports

/// Asks by HTTP/1.1 on plain TCP. Redirects are answers, not followed; of a body nothing is read.
package struct HTTPProbe: Probe {
    private let client: HTTPClient

    package init() {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.decompression = .disabled
        configuration.httpVersion = .http1Only
        self.client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Ends the connections. Has to be called before the last reference goes.
    package func close() async throws { try await self.client.shutdown() }

    package func get(_ path: String, at address: ListenAddress, within: Milliseconds) async -> ProbeAnswer {
        let isPlain = path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        guard path.hasPrefix("/"), path.utf8.count <= 2_048, isPlain else {
            return .unreachable(
                "`\(path.quotable)` is no path: it begins with `/` and has at most 2,048 characters, without spaces"
            )
        }
        var request = HTTPClientRequest(url: "http://\(address)\(path)")
        request.headers.add(name: "User-Agent", value: "slipway-probe")
        request.headers.add(name: "Connection", value: "close")
        do {
            let response = try await self.client.execute(request, timeout: .milliseconds(max(1, within.count)))
            return .status(Int(response.status.code))
        } catch is CancellationError {
            return .unreachable("the question to http://\(address)\(path) was given up")
        } catch let error as HTTPClientError where error == .deadlineExceeded || error == .connectTimeout {
            return .unreachable("http://\(address)\(path) did not answer within \(within.count) ms")
        } catch let error as IOError {
            let words = String(cString: strerror(error.errnoCode)).lowercased()
            return .unreachable("http://\(address)\(path) can't be reached: \(words)")
        } catch {
            return .unreachable("http://\(address)\(path) can't be reached: \(error)")
        }
    }
}
