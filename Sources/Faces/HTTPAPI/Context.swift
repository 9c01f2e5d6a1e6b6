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

    /// The client's address without port.
    var clientAddress: String { self.channel.remoteAddress?.ipAddress ?? "local" }
}
