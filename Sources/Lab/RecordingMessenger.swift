package import Core
package import Ports
import Synchronization

/// Keeps the notices that it is given, and fails as often as it is told to.
package final class RecordingMessenger: Messenger {
    private let state = Mutex<(sent: [Notice], failures: Int)>(([], 0))

    package init(failures: Int = 0) { self.state.withLock { $0.failures = failures } }

    package var sent: [Notice] { self.state.withLock { $0.sent } }

    package func send(_ notice: Notice, by channel: Notify.Channel, attempt: Int) async throws {
        try self.state.withLock { state in
            guard state.failures == 0 else {
                state.failures -= 1
                throw LedgerError(.cannotWrite, "the channel does not answer (a planted fault)")
            }
            state.sent.append(notice)
        }
    }
}
