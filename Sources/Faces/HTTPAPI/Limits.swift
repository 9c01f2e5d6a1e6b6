/// Bounds on what a client may take of the server.
package struct Limits: Sendable {
    package var bodyBytesMax = 1024 * 1024
    /// For a body to arrive, whole.
    package var bodyTime: Duration = .seconds(30)
    /// For a request's head to arrive, and between requests.
    package var idleTime: Duration = .seconds(30)
    package var headerFieldBytesMax = 16 * 1024
    package var headerBytesMax = 32 * 1024
    package var headerCountMax = 100
    package var connectionsMax = 512
    package var streamsMax = 256
    /// Between beats of an event stream.
    package var heartbeat: Duration = .seconds(15)
    /// A client that reads nothing for so long loses its event stream.
    package var stall: Duration = .seconds(30)
    /// From the request to stop until connections are closed under those who do not end by themselves.
    package var shutdown: Duration = .milliseconds(1000)

    package init() {}
}
