import Glibc
import Ports

/// Ports for instances: outside the kernel's ephemeral range, so that no outgoing connection takes one between two
/// starts.
package struct FreePorts: Sendable {
    package let candidates: [Int]

    package init(ephemeral: ClosedRange<Int>) {
        let usual = (20_000...32_767).filter { !ephemeral.contains($0) }
        self.candidates = usual.isEmpty ? (10_000...19_999).filter { !ephemeral.contains($0) } : usual
    }

    /// With the range of this machine; the kernel's default if it can't be read.
    static func ofThisMachine() throws -> FreePorts {
        let file = DurableFile(path: "/proc/sys/net/ipv4/ip_local_port_range")
        let text = String(decoding: try file.read(limit: 64) ?? [], as: UTF8.self)
        let bounds = text.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        guard bounds.count == 2, bounds[0] <= bounds[1] else { return FreePorts(ephemeral: 32_768...60_999) }
        return FreePorts(ephemeral: bounds[0]...bounds[1])
    }

    /// A port that nobody has bound and that is not in `taken`. Begins anywhere, so that two servers seldom try the
    /// same one.
    package func choose(taken: Set<Int>) throws -> Int {
        let start = self.candidates.isEmpty ? 0 : Int.random(in: 0..<self.candidates.count)
        for port in self.candidates[start...] + self.candidates[..<start]
        where !taken.contains(port) && Self.isFree(port) { return port }
        throw TargetError(
            .addressInUse,
            "No port is free for an instance between \(self.candidates.first ?? 0) and "
                + "\(self.candidates.last ?? 0). Stop what is not needed.", retryable: true)
    }

    /// Tried by binding it on all addresses of this machine.
    static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0, let number = UInt16(exactly: port) else { return false }
        defer { close(descriptor) }
        // An old connection in TIME_WAIT does not make a port taken; a listener does, also with this option.
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = number.bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
