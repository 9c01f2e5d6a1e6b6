import Glibc

/// Ports of loopback that nobody listens on, outside the kernel's usual ephemeral range (32768 to 60999).
package enum FreePorts {
    /// `count` ports, the first free ones from `first` on; nil where there are not so many below the ephemeral range.
    package static func find(_ count: Int, from first: UInt16) -> [Int]? {
        var found: [Int] = []
        for port in first..<32_768 where found.count < count && Self.isFree(port) { found.append(Int(port)) }
        return found.count == count ? found : nil
    }

    package static func isFree(_ port: UInt16) -> Bool {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        // As servers do: what is left of closed connections does not count as somebody who listens.
        var yes: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 && listen(socket, 1) == 0
            }
        }
    }
}
