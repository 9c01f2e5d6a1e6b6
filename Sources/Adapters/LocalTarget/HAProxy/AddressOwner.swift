import Core
import Foundation
import Glibc

/// Whether an address of this machine can be listened at, and who has it if not.
enum AddressOwner {
    /// Tries it. false only when somebody listens there already; other reasons show when HAProxy starts.
    static func isFree(_ address: ListenAddress) -> Bool {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address.host, String(address.port), &hints, &found) == 0, let first = found else {
            return true
        }
        defer { freeaddrinfo(found) }
        let descriptor = socket(first.pointee.ai_family, first.pointee.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0 else { return errno != EADDRINUSE }
        return true
    }

    /// `process 12 (nginx -g daemon)`, or what can be said where `/proc` hides it. Of all listeners with this port
    /// number.
    static func describe(port: Int) -> String {
        let inodes = self.listeningInodes(port: port)
        guard !inodes.isEmpty else { return "a process that is not to be seen from here" }
        let pids =
            (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { Int($0) }.sorted() ?? []
        for pid in pids where self.holds(pid, inodes) {
            return "process \(pid) (\(self.command(pid)))"
        }
        return "a process of another user"
    }

    /// Lines of `/proc/net/tcp` (proc(5)) in state 0A, LISTEN.
    private static func listeningInodes(port: Int) -> Set<String> {
        var inodes: Set<String> = []
        let digits = String(port, radix: 16, uppercase: true)
        let wanted = ":" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
            let text = String(decoding: self.content(table, limit: 32 << 20), as: UTF8.self)
            for line in text.split(separator: "\n").dropFirst() {
                let fields = line.split(separator: " ")
                if fields.count > 9, fields[3] == "0A", fields[1].hasSuffix(wanted) { inodes.insert(String(fields[9])) }
            }
        }
        return inodes
    }

    private static func holds(_ pid: Int, _ inodes: Set<String>) -> Bool {
        let files = FileManager.default
        let descriptors = (try? files.contentsOfDirectory(atPath: "/proc/\(pid)/fd")) ?? []
        return descriptors.contains { name in
            guard let target = try? files.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\(name)"),
                target.hasPrefix("socket:[")
            else { return false }
            return inodes.contains(String(target.dropFirst(8).dropLast()))
        }
    }

    private static func command(_ pid: Int) -> String {
        let bytes = self.content("/proc/\(pid)/cmdline", limit: 300)
        let words = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        let text = words.joined(separator: " ").filter { !$0.isNewline }
        return text.isEmpty ? "no command line" : String(text.prefix(120))
    }

    /// A file of `/proc`. Their size reads as 0, and Foundation then gives the first page only (seen).
    private static func content(_ path: String, limit: Int) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while content.count < limit {
            let count = read(descriptor, &buffer, min(buffer.count, limit - content.count))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            content += buffer[..<count]
        }
        return content
    }
}
