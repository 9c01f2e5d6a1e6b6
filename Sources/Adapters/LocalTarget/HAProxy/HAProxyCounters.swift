package import Ports

/// Reads `show stat` (management guide 2.6, section 9.1: CSV with a header line).
package enum HAProxyCounters {
    /// Requests that ended at each backend, by slot, and those of them that ended with a status of 500 to 599. Both are
    /// counted at a request's end, so that they belong together.
    package static func answered(_ answer: String) throws(TargetError) -> [(requests: Int, errors: Int)] {
        let table = try HAProxyTable(answer)
        let classes = ["hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "hrsp_other"]
        var counts = Array(repeating: (requests: 0, errors: 0), count: HAProxyState.slotCount)
        for line in table.lines where line["svname"] == "BACKEND" {
            guard let slot = line.slot else { continue }
            var requests = 0
            for name in classes {
                guard let count = line[name].flatMap({ Int($0) }), count >= 0 else { throw table.unreadable }
                requests += count
            }
            counts[slot] = (requests, line["hrsp_5xx"].flatMap { Int($0) } ?? 0)
        }
        return counts
    }

    /// Requests of each slot's users that another one got: reads `show table` (management guide 2.6, section 9.3), lines
    /// of `0x…: key=2 use=0 exp=0 http_req_cnt=130`. A slot without any has no line. nil: a process of an earlier release,
    /// which counts none, until it is next routed.
    package static func fallbacks(_ answer: String) throws(TargetError) -> [Int]? {
        if answer.hasPrefix("No such table") { return nil }
        var counts = Array(repeating: 0, count: HAProxyState.slotCount)
        guard answer.hasPrefix("# table: fallbacks,") else {
            throw TargetError(
                .unreachable, "HAProxy gave a table that can't be read: `\(answer.prefix(200))`.", retryable: true)
        }
        for line in answer.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ")
            func number(_ name: String) -> Int? {
                fields.first { $0.hasPrefix(name + "=") }.flatMap { Int($0.dropFirst(name.utf8.count + 1)) }
            }
            guard let slot = number("key"), counts.indices.contains(slot - 1), let count = number("http_req_cnt") else {
                continue
            }
            counts[slot - 1] = count
        }
        return counts
    }

    /// Requests at each backend, by slot. Its servers' sessions and queues, or what the backend itself counts when that
    /// is more (a request that waits for its next try is at no server).
    package static func underWay(_ answer: String) throws(TargetError) -> [Int] {
        var backends = Array(repeating: 0, count: HAProxyState.slotCount)
        var servers = backends
        for line in try HAProxyTable(answer, needing: ["# pxname", "svname", "qcur", "scur"]).lines {
            guard let slot = line.slot, let waiting = line["qcur"].flatMap({ Int($0) }),
                let open = line["scur"].flatMap({ Int($0) })
            else { continue }
            if line["svname"] == "BACKEND" {
                backends[slot] = waiting + open
            } else {
                servers[slot] += waiting + open
            }
        }
        return zip(backends, servers).map { max($0, $1) }
    }
}

/// The lines of `show stat`, by the names of their columns.
private struct HAProxyTable {
    struct Line {
        let columns: [String: Int]
        let fields: [Substring]

        subscript(name: String) -> Substring? {
            self.columns[name].flatMap { self.fields.indices.contains($0) ? self.fields[$0] : nil }
        }

        /// Index of the arm that it is about.
        var slot: Int? {
            guard let name = self["# pxname"], name.hasPrefix("arm"), let number = Int(name.dropFirst(3)),
                (1...HAProxyState.slotCount).contains(number)
            else { return nil }
            return number - 1
        }
    }

    private let answer: String
    let lines: [Line]

    init(_ answer: String, needing needed: [String] = ["# pxname", "svname", "hrsp_5xx"]) throws(TargetError) {
        let rows = answer.split(separator: "\n")
        let header = (rows.first?.split(separator: ",", omittingEmptySubsequences: false) ?? []).map(String.init)
        let columns = Dictionary(zip(header, header.indices), uniquingKeysWith: { first, _ in first })
        self.answer = answer
        self.lines = rows.dropFirst().map {
            Line(columns: columns, fields: $0.split(separator: ",", omittingEmptySubsequences: false))
        }
        guard needed.allSatisfy({ columns[$0] != nil }) else { throw self.unreadable }
    }

    var unreadable: TargetError {
        TargetError(
            .unreachable, "HAProxy gave counters that can't be read: `\(self.answer.prefix(200))`.", retryable: true)
    }
}
