import Core
import Foundation
import Glibc
import Logging
import NIOCore
import NIOPosix
import Ports
import Synchronization

/// Receives the logs of all lanes' HAProxies, each at a UDP port of its own on loopback. UDP because HAProxy must never
/// wait for us: what we don't take in time is lost, and seen by its gap.
final class HAProxyLogs: Sendable {
    private let receivers = Mutex<[LaneID: Receiver]>([:])
    /// Lanes whose port could not be had when it was last tried, so that it is said once.
    private let refused = Mutex<Set<LaneID>>([])
    /// Bytes of lines that wait at one port.
    private let room: Int32
    private let logger: Logger

    init(room: Int32, logger: Logger) {
        self.room = room
        self.logger = logger
    }

    deinit {
        for receiver in self.receivers.withLock({ Array($0.values) }) { receiver.close() }
    }

    /// Takes from now on what the process with this token sends to this port. A port that somebody else has is tried
    /// again by the next call; until then all lines are lost.
    func listen(_ lane: LaneID, port: Int, token: String, files: HAProxyFiles) async {
        if let receiver = self.receivers.withLock({ $0[lane] }) {
            if receiver.port == port {
                receiver.follow(token, files)
                return
            }
            self.close(lane)
        }
        do {
            let receiver = Receiver(port: port, tally: files.tally(token))
            try await receiver.open(room: self.room)
            self.receivers.withLock { $0[lane] = receiver }
            self.refused.withLock { _ = $0.remove(lane) }
        } catch {
            guard self.refused.withLock({ $0.insert(lane).inserted }) else { return }
            self.logger.warning(
                "The times of requests to \(lane) are not known: UDP port \(port) can't be had: \(error)")
        }
    }

    /// Whether nobody has this UDP port on loopback.
    static func isFree(port: Int) -> Bool {
        guard let descriptor = try? Receiver.boundSocket(port: port) else { return false }
        Glibc.close(descriptor)
        return true
    }

    func close(_ lane: LaneID) {
        let receiver = self.receivers.withLock { $0.removeValue(forKey: lane) }
        receiver?.close()
    }

    /// What is known of the requests that were counted. Waits until the lines about them have come, at most `limit`.
    func times(_ look: HAProxyLook, files: HAProxyFiles, limit: Duration = .milliseconds(150)) async throws
        -> [CapacityKey: HAProxyTimes]
    {
        guard let receiver = self.receivers.withLock({ $0[look.lane] }) else { return [:] }
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        let wanted = Dictionary(
            look.arms.values.map { ($0.slot, $0.requests) }, uniquingKeysWith: { first, _ in first })
        while !receiver.reaches(wanted, look.token), clock.now < deadline {
            try await clock.sleep(for: .milliseconds(2))
        }
        let (times, kept) = receiver.look(look)
        // So that a control plane that begins anew does not fall back behind what was told. On a full disk it does,
        // which costs evidence and no look.
        do {
            if let kept { try files.write(kept) }
        } catch {
            self.logger.debug("The times of requests to \(look.lane) can't be kept: \(error)")
        }
        return times
    }
}

/// What was told of the times, and by which process's lines.
struct HAProxyKeptTimes: Sendable, Equatable, Codable {
    var token: String
    var slots: [HAProxyTimes]
}

/// One port and the lines that come in there.
private final class Receiver: Sendable {
    let port: Int
    private let tally: Mutex<HAProxyTally>
    private let channel = Mutex<(any Channel)?>(nil)

    init(port: Int, tally: HAProxyTally) {
        self.port = port
        self.tally = Mutex(tally)
    }

    func open(room: Int32) async throws {
        let descriptor = try Self.boundSocket(port: self.port, room: room)
        let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton.any())
            .channelOption(.datagramVectorReadMessageCount, value: Self.batch)
            .channelOption(
                .recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: Self.batch * HAProxyLogLine.sizeLimit)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(DatagramReader(receiver: self))
                }
            }
            .withBoundSocket(descriptor).get()
        self.channel.withLock { $0 = channel }
    }

    func close() { self.channel.withLock { $0?.close(promise: nil) } }

    func follow(_ token: String, _ files: HAProxyFiles) {
        self.tally.withLock { tally in
            if tally.token != token { tally = files.tally(token) }
        }
    }

    func take(_ datagram: UnsafeRawBufferPointer) { self.tally.withLock { $0.take(datagram) } }

    /// Also true when nothing will come any more, because the lane has another process by now.
    func reaches(_ requests: [Int: Int], _ token: String) -> Bool {
        self.tally.withLock { $0.token != token || $0.reaches(requests) }
    }

    /// `kept`: what has to be written down, if anything changed.
    func look(_ look: HAProxyLook) -> (times: [CapacityKey: HAProxyTimes], kept: HAProxyKeptTimes?) {
        self.tally.withLock { tally in
            guard tally.token == look.token else { return ([:], nil) }
            let before = tally.looked
            let times = look.arms.mapValues { tally.look($0.slot, at: $0.requests) }
            return (
                times,
                tally.looked == before ? nil : HAProxyKeptTimes(token: look.token, slots: tally.looked)
            )
        }
    }

    private static let batch = 32

    /// Bound to loopback, so nothing from another machine gets in. With as much room as the kernel gives: as root what
    /// we ask for, else at most `net.core.rmem_max`.
    static func boundSocket(port: Int, room: Int32 = 4_096) throws -> Int32 {
        let kind = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_INET, kind, 0)
        guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
        var room = room
        let length = socklen_t(MemoryLayout<Int32>.size)
        if setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &room, length) != 0 {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &room, length)
        }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        name.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        let isBound = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isBound else {
            let error = IOError(errnoCode: errno, reason: "bind")
            Glibc.close(descriptor)
            throw error
        }
        return descriptor
    }
}

private final class DatagramReader: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let receiver: Receiver

    init(receiver: Receiver) { self.receiver = receiver }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        Self.unwrapInboundIn(data).data.withUnsafeReadableBytes { self.receiver.take($0) }
    }

    /// Nothing that is read ends it: datagrams have no connection that could break.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
