import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

extension APIClient {
    /// The record as it stands (`upTo` nil), or up to a position; `take` gets its bytes as they come. Whether it came whole is told by
    /// the export itself.
    package func exportAudit(
        _ form: Wire.ExportForm, upTo last: Int? = nil, _ take: (sending [UInt8]) async throws -> Void
    ) async throws {
        let request = self.request(
            .GET, ["audit", "export"], [("form", form.rawValue), ("upto", last.map(String.init))])
        let response = try await self.execute(request)
        guard response.status == .ok else {
            let body = try? await response.body.collect(upTo: 64 * 1024)
            throw self.problem(response, body.map { Data($0.readableBytesView) } ?? Data())
        }
        var pieces = response.body.makeAsyncIterator()
        while true {
            let piece: ByteBuffer?
            do {
                piece = try await pieces.next()
            } catch {
                throw self.translated(error)
            }
            guard let piece else { return }
            try await take(Array(piece.readableBytesView))
        }
    }

    package func replayAudit(service: String?) async throws -> Wire.Replay {
        try await self.call(
            .POST, ["audit", "replay"], [("service", service)], body: nil)
    }
}
