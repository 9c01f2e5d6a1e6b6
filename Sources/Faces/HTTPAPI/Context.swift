import Hummingbird
import NIOCore

/// What Hummingbird keeps of a request, with its connection.
struct Context: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        self.coreContext = CoreRequestContextStorage(source: source)
        self.channel = source.channel
    }

    /// The address without port that the connection came from: behind a proxy, the proxy's.
    var peerAddress: String { self.channel.remoteAddress?.ipAddress ?? "local" }
}
