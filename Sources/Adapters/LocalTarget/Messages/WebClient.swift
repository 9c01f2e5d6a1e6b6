package import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Small questions to servers on the web: follows no redirect, waits 10 s, takes 1 MiB.
package struct WebClient: Sendable {
    private let client: HTTPClient

    private static let bytesMost = 1024 * 1024

    /// - Parameter client: follows no redirects.
    package init(_ client: HTTPClient) { self.client = client }

    /// - Parameter form: nil: GET; else POST of it, encoded as a form already.
    package func fetch(
        _ url: String, form: String?, authorization: String?
    ) async throws -> (status: Int, body: [UInt8]) {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "User-Agent", value: "slipway")
        request.headers.add(name: "Accept", value: "application/json")
        if let authorization { request.headers.add(name: "Authorization", value: authorization) }
        if let form {
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
            request.body = .bytes(ByteBuffer(string: form))
        }
        let response = try await self.client.execute(request, timeout: .seconds(10))
        let body = try await response.body.collect(upTo: Self.bytesMost)
        return (Int(response.status.code), Array(body.readableBytesView))
    }
}
