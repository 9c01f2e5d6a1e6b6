package import Ports

/// Reads `show stat` (management guide 2.6, section 9.1: CSV with a header line).
package enum HAProxyCounters {
    /// Requests at each backend, by slot. Its servers' sessions and queues, or what the backend itself counts when that
    /// is more (a request that waits for its next try is at no server).
    package static func underWay(_ answer: String) throws(TargetError) -> [Int] {
        let lines = answer.split(separator: "\n")
        let header = (lines.first?.split(separator: ",", omittingEmptySubsequences: false) ?? []).map(String.init)
        guard let name = header.firstIndex(of: "# pxname"), let server = header.firstIndex(of: "svname"),
            let queue = header.firstIndex(of: "qcur"), let sessions = header.firstIndex(of: "scur")
        else {
            throw TargetError(
                .unreachable, "HAProxy gave counters that can't be read: `\(answer.prefix(200))`.", retryable: true)
        }
        var backends = Array(repeating: 0, count: HAProxyState.slotCount)
        var servers = backends
        for line in lines.dropFirst() {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            guard fields.count > max(name, server, queue, sessions), fields[name].hasPrefix("arm"),
                let slot = Int(fields[name].dropFirst(3)), backends.indices.contains(slot - 1),
                let waiting = Int(fields[queue]), let open = Int(fields[sessions])
            else { continue }
            if fields[server] == "BACKEND" {
                backends[slot - 1] = waiting + open
            } else {
                servers[slot - 1] += waiting + open
            }
        }
        return zip(backends, servers).map { max($0, $1) }
    }
}
