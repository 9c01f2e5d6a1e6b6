import Foundation
import Glibc
import Testing

/// A plain TCP connection, to say what no well-behaved client says. Its calls block for 60 s at most, on a thread of
/// their own: on the threads of Swift's tasks they would stop the very server that has to answer.
final class RawSocket: Sendable {
    private let descriptor: Int32

    init(port: Int, receiveBuffer: Int32? = nil) throws {
        self.descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(self.descriptor >= 0)
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(self.descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(self.descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        if var receiveBuffer {
            setsockopt(self.descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(self.descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(result == 0)
    }

    deinit {
        close(self.descriptor)
    }

    /// Bytes that were taken; fewer than given when the other side closed.
    @discardableResult
    func send(_ text: String) -> Int { self.send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Int {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { break }
            sent += count
        }
        return sent
    }

    private func aside<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            Thread { continuation.resume(returning: work()) }.start()
        }
    }

    /// Everything up to the end of the connection, or the time limit.
    func readAll() async -> String {
        await self.aside { self.receiveAll() }
    }

    /// Until the text has come, or the connection ends.
    func read(until text: String) async -> String {
        await self.aside { self.receive(until: text) }
    }

    /// As `send`, for more than the kernel's buffers hold.
    func sendAll(_ bytes: [UInt8]) async -> Int {
        await self.aside { self.send(bytes) }
    }

    private func receiveAll() -> String {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(self.descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            all += buffer[..<count]
        }
        return String(decoding: all, as: UTF8.self)
    }

    private func receive(until text: String) -> String {
        var all = ""
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !all.contains(text) {
            let count = recv(self.descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            all += String(decoding: buffer[..<count], as: UTF8.self)
        }
        return all
    }
}
