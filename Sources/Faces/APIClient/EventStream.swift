import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

extension APIClient {
    /// Events as they are appended, after a ledger position (of one stream, or of all). Connects on the first `next()`,
    /// and again, from the last event seen, when the connection is lost; throws when the server stays away for longer
    /// than `Limits.patience`. It ends only by throwing or by cancellation.
    package func events(after position: Int, stream: String? = nil) -> EventStream {
        EventStream(client: self, position: position, stream: stream)
    }
}

/// The server's event stream: it is pulled, so a slow reader slows the server's connection and nothing piles up here.
package struct EventStream: AsyncSequence, Sendable {
    let client: APIClient
    let position: Int
    let stream: String?

    package func makeAsyncIterator() -> Iterator {
        Iterator(client: self.client, position: self.position, stream: self.stream)
    }

    package struct Iterator: AsyncIteratorProtocol {
        let client: APIClient
        /// Position of the last event that was handed out.
        var position: Int
        let stream: String?
        private var body: HTTPClientResponse.Body.AsyncIterator?
        private var parser: EventParser
        private var ready: [EventParser.Record] = []

        init(client: APIClient, position: Int, stream: String?) {
            self.client = client
            self.position = position
            self.stream = stream
            self.parser = EventParser(lineBytesMax: client.limits.lineBytesMax)
        }

        package mutating func next() async throws -> Wire.Event? {
            while true {
                if !self.ready.isEmpty { return try self.take() }
                if self.body == nil { try await self.connect() }
                do {
                    if let bytes = try await self.body?.next() {
                        self.ready = try self.parser.feed(bytes.readableBytesView)
                        continue
                    }
                } catch let error as ClientError {
                    throw error
                } catch {
                    let error = self.client.translated(error)
                    if error is CancellationError { throw error }
                }
                // Ended or broken: connect again, from the last position; not at once, or a server that ends every
                // stream would be asked without end.
                self.body = nil
                try await Task.sleep(for: .milliseconds(100))
            }
        }

        private mutating func take() throws -> Wire.Event {
            let record = self.ready.removeFirst()
            guard let event = try? JSONDecoder().decode(Wire.Event.self, from: Data(record.data.utf8)) else {
                let address = self.client.connection.address
                throw ClientError(.badAnswer, "The event stream of \(address) holds a record that is no event.")
            }
            self.position = event.position
            return event
        }

        private mutating func connect() async throws {
            let clock = ContinuousClock()
            let end = clock.now + self.client.limits.patience
            var pause = Duration.milliseconds(100)
            while true {
                do {
                    self.body = try await self.open().body.makeAsyncIterator()
                    self.parser = EventParser(lineBytesMax: self.client.limits.lineBytesMax)
                    return
                } catch let error as Wire.Problem where error.status < 500 && error.status != 429 {
                    throw error
                } catch let error as CancellationError {
                    throw error
                } catch {
                    guard clock.now + pause < end else { throw error }
                }
                try await clock.sleep(for: pause)
                pause = Swift.min(pause * 2, .seconds(3))
            }
        }

        private func open() async throws -> HTTPClientResponse {
            var request = self.client.request(
                .GET, ["events", "stream"], [("after", String(self.position)), ("stream", self.stream)])
            request.headers.add(name: "Accept", value: "text/event-stream")
            request.headers.add(name: "Last-Event-ID", value: String(self.position))
            let response = try await self.client.execute(request)
            guard response.status == .ok else {
                let body = try? await response.body.collect(upTo: 64 * 1024)
                throw self.client.problem(response, body.map { Data($0.readableBytesView) } ?? Data())
            }
            return response
        }
    }
}
