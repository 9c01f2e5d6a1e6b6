import Core
import Foundation
import Glibc
import Synchronization

/// An instance of a service: answers every request with one text. `/hold` is answered only after `letGo`, a request to
/// upgrade gets a tunnel that echoes, `/drop` gets the connection closed, `/fail` a status of 500.
final class TinyServer: Sendable {
    let address: ListenAddress
    private let text: String
    private let listener: Int32
    private let state = Mutex(State())

    private static let failure = Array("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n".utf8)

    private struct State {
        var connections: Set<Int32> = []
        var held = 0
        var isLetGo = false
        var isStopped = false
        var requests = 0
        var lastRequest: ContinuousClock.Instant?
    }

    /// `port` 0: a free one. `isBusy`: accepts nobody before `beFree`, and lets two wait.
    init(_ text: String, port: UInt16 = 0, isBusy: Bool = false) throws {
        self.text = text
        self.listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(self.listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var name = loopback(port: port)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = self.listener
        let isUp = withUnsafeMutablePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, isBusy ? 1 : 512) == 0
                    && getsockname(listener, $0, &length) == 0
            }
        }
        guard isUp, let address = ListenAddress("127.0.0.1:\(UInt16(bigEndian: name.sin_port))") else {
            throw Problem("no server: \(String(cString: strerror(errno)))")
        }
        self.address = address
        if !isBusy { self.beFree() }
    }

    func beFree() { Thread.detachNewThread { [self] in self.accept() } }

    var requests: Int { self.state.withLock { $0.requests } }
    var lastRequest: ContinuousClock.Instant? { self.state.withLock { $0.lastRequest } }
    var held: Int { self.state.withLock { $0.held } }
    func letGo() { self.state.withLock { $0.isLetGo = true } }

    /// Ends like a process that is killed: the listener and every connection at once.
    func stop() {
        let connections = self.state.withLock { state in
            if !state.isStopped { shutdown(self.listener, Int32(SHUT_RDWR)) }
            state.isStopped = true
            state.isLetGo = true
            return state.connections
        }
        for connection in connections { shutdown(connection, Int32(SHUT_RDWR)) }
    }

    private func accept() {
        while true {
            let connection = Glibc.accept(self.listener, nil, nil)
            guard connection >= 0 else { break }
            self.state.withLock { _ = $0.connections.insert(connection) }
            Thread.detachNewThread { [self] in
                self.serve(connection)
                self.state.withLock { _ = $0.connections.remove(connection) }
                close(connection)
            }
        }
        close(self.listener)
    }

    private func serve(_ connection: Int32) {
        var reader = LineReader(connection)
        let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: \(self.text.utf8.count)\r\n\r\n\(self.text)".utf8)
        while let head = reader.head() {
            let isStopped = self.state.withLock { state in
                state.requests += 1
                state.lastRequest = ContinuousClock.now
                return state.isStopped
            }
            guard !isStopped else { return }
            if head.contains("upgrade: ") {
                self.tunnel(connection, &reader)
                return
            }
            if head.contains(" /drop ") { return }
            if head.contains(" /fail ") {
                guard send(connection, Self.failure) else { return }
                continue
            }
            if head.contains(" /hold ") { self.wait() }
            guard send(connection, answer) else { return }
        }
    }

    private func wait() {
        self.state.withLock { $0.held += 1 }
        while self.state.withLock({ !$0.isLetGo }) { usleep(1_000) }
        self.state.withLock { $0.held -= 1 }
    }

    private func tunnel(_ connection: Int32, _ reader: inout LineReader) {
        guard
            send(
                connection,
                Array("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n".utf8))
        else { return }
        while let byte = reader.byte(), send(connection, [byte]) {}
    }
}

/// A connection of a user, kept alive until it is closed.
struct TinyClient: ~Copyable {
    private let connection: Int32
    private var reader: LineReader

    struct Answer {
        var status: Int
        var head: String
        var body: String
    }

    init(_ address: ListenAddress) throws {
        self.connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        self.reader = LineReader(self.connection)
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(self.connection, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var name = loopback(port: UInt16(address.port))
        let connection = self.connection
        let isConnected = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { throw Problem("no connection to \(address): \(String(cString: strerror(errno)))") }
    }

    deinit { close(self.connection) }

    /// One request and its whole answer; `headers` as lines that end with CR LF.
    mutating func get(_ path: String = "/", headers: String = "", method: String = "GET") throws -> Answer {
        guard send(self.connection, Array("\(method) \(path) HTTP/1.1\r\nHost: test\r\n\(headers)\r\n".utf8)) else {
            throw Problem("the request could not be sent")
        }
        guard let head = self.reader.head() else { throw Problem("closed before an answer") }
        guard let status = Int(head.split(separator: " ").dropFirst().first ?? "") else { throw Problem(head) }
        var length = 0
        if let field = head.firstRange(of: "\r\ncontent-length: ") {
            length = Int(head[field.upperBound...].prefix { $0.isNumber }) ?? 0
        }
        guard let body = self.reader.bytes(length) else { throw Problem("closed in the middle of an answer") }
        return Answer(status: status, head: head, body: String(decoding: body, as: UTF8.self))
    }

    /// Sends this and waits for nothing.
    mutating func begin(_ text: String) throws {
        guard send(self.connection, Array(text.utf8)) else { throw Problem("the request could not be sent") }
    }

    /// In a tunnel: sends a byte and waits for its echo.
    mutating func echo(_ byte: UInt8) -> Bool { send(self.connection, [byte]) && self.reader.byte() == byte }
}

/// Whether anybody accepts connections there.
func listens(_ address: ListenAddress) -> Bool {
    do {
        _ = try TinyClient(address)
        return true
    } catch {
        return false
    }
}

struct Problem: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Work that blocks, away from the threads that Swift tasks share.
func blocking<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Swift.Result(catching: work)) }
    }
}

func loopback(port: UInt16) -> sockaddr_in {
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return name
}

private func send(_ connection: Int32, _ bytes: [UInt8]) -> Bool {
    Glibc.send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
}

/// Reads heads and bodies of HTTP/1.1 from a blocking socket.
private struct LineReader {
    private let connection: Int32
    private var buffer = [UInt8](repeating: 0, count: 8_192)
    private var start = 0
    private var end = 0

    init(_ connection: Int32) { self.connection = connection }

    /// The next head in lower case, without its last empty line; nil when the other side closed.
    mutating func head() -> String? {
        while true {
            let found = self.endOfHead()
            if let found {
                let head = String(decoding: self.buffer[self.start..<found], as: UTF8.self).lowercased()
                self.start = found + 4
                return head
            }
            guard self.more() else { return nil }
        }
    }

    /// Where CR LF CR LF begins. Looks for line feeds by `memchr`: a debug build walks bytes slowly.
    private func endOfHead() -> Int? {
        self.buffer.withUnsafeBytes { all in
            guard let base = all.baseAddress else { return nil }
            var from = self.start
            while from < self.end, let found = memchr(base + from, 0x0A, self.end - from) {
                let index = UnsafeRawPointer(found) - base
                if index - self.start >= 3, all[index - 1] == 0x0D, all[index - 2] == 0x0A { return index - 3 }
                from = index + 1
            }
            return nil
        }
    }

    mutating func bytes(_ count: Int) -> ArraySlice<UInt8>? {
        while self.end - self.start < count { guard self.more() else { return nil } }
        defer { self.start += count }
        return self.buffer[self.start..<self.start + count]
    }

    mutating func byte() -> UInt8? { self.bytes(1)?.first }

    private mutating func more() -> Bool {
        if self.start == self.end { (self.start, self.end) = (0, 0) }
        if self.end == self.buffer.count {
            self.buffer.removeFirst(self.start)
            (self.start, self.end) = (0, self.end - self.start)
            self.buffer += [UInt8](repeating: 0, count: 8_192)
        }
        let (end, connection) = (self.end, self.connection)
        let count = self.buffer.withUnsafeMutableBytes {
            recv(connection, $0.baseAddress.map { $0 + end }, $0.count - end, 0)
        }
        guard count > 0 else { return false }
        self.end += count
        return true
    }
}
