import Core
import Foundation
import Glibc
import Kits
import LocalTarget
import Ports
import Synchronization
import Testing

/// Counts and times of a real HAProxy.
@Suite(.serialized) struct HAProxyCountsTests {
    /// The counts of an arm once it has that many requests.
    private func counts(
        _ world: HAProxyWorld, _ number: Int, requests: Int, by router: HAProxyRouter? = nil
    ) async throws -> ArmCounts {
        let router = router ?? world.haproxy
        var found: ArmCounts?
        try await eventually("\(requests) requests are counted", within: .seconds(20)) {
            found = try await router.counts(world.lane)?.arms[world.key(number)]
            return found.map { $0.requests >= requests } ?? false
        }
        let counts = try #require(found)
        #expect(counts.requests == requests)
        #expect(counts.times.reduce(0, +) == counts.timed)
        return counts
    }

    private func ask(_ world: HAProxyWorld, _ path: String = "/", times: Int, headers: String = "") async throws {
        try await blocking {
            var client = try TinyClient(world.listen)
            for _ in 0..<times { _ = try client.get(path, headers: headers) }
        }
    }

    @Test func `the table of fallbacks is read, also of a process that has none`() throws {
        let answer = """
            # table: fallbacks, type: integer, size:6, used:2
            0x557df6420d68: key=2 use=0 exp=0 http_req_cnt=130
            0x557df6420d00: key=6 use=1 exp=0 http_req_cnt=1
            0x557df6420d10: key=7 use=1 exp=0 http_req_cnt=9


            """
        #expect(try HAProxyCounters.fallbacks(answer) == [0, 130, 0, 0, 0, 1])
        #expect(try HAProxyCounters.fallbacks("# table: fallbacks, type: integer, size:6, used:0\n\n")?.max() == 0)
        #expect(try HAProxyCounters.fallbacks("No such table\n\n") == nil)
        #expect(throws: TargetError.self) { try HAProxyCounters.fallbacks("Permission denied\n") }
    }

    @Test func `a request is counted once: tried again, given up by its client, or without any instance left`()
        async throws
    {
        try await withWorld { world in
            let servers = try world.start("1.0.0", 2)
            let arms = [try world.arm(1, 10_000, servers.map(\.address))]
            _ = try await world.router.apply(world.routing(1, arms), term: Term(1))
            servers[0].stop()
            try await self.ask(world, times: 20)
            let tried = try await self.counts(world, 1, requests: 20)
            #expect(tried.errors == 0)
            for _ in 0..<3 { try await self.ask(world, "/drop", times: 1) }
            #expect(try await self.counts(world, 1, requests: 23).errors == 3)
            try await blocking {
                var client = try TinyClient(world.listen)
                try client.begin("POST /hold HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nabc")
            }
            let aborted = try await self.counts(world, 1, requests: 24)
            #expect(aborted.errors == 3, "whoever went away says nothing about the version")
            servers[1].stop()
            for _ in 0..<5 { try await self.ask(world, times: 1) }
            let dead = try await self.counts(world, 1, requests: 29)
            #expect(dead.errors == 8, "what the router answers in an instance's place is an error")
            #expect(dead.timed == 29)
        }
    }

    @Test func `a capacity in a slot that another one had before starts from what is counted there`() async throws {
        try await withWorld { world in
            for number in 1...8 {
                let instances = try await world.instances(of: "\(number).0.0", count: 1)
                let arm = { weight in try world.arm(number, weight, instances) }
                _ = try await world.router.apply(
                    world.routing(number, [arm(10_000)]), term: Term(1))
                let start = try #require(try await world.router.counts(world.lane)?.arms[world.key(number)])
                try await self.ask(world, times: number)
                let end = try await self.counts(world, number, requests: start.requests + number)
                #expect(end.epoch == start.epoch)
                #expect(end.timed - start.timed == number)
                if number > HAProxyState.slotCount { #expect(start.requests == number - HAProxyState.slotCount) }
            }
        }
    }

    @Test func `all times are known, by how long requests took, and who was given a key is counted`() async throws {
        try await withWorld { world in
            let one = try await world.instances(of: "1.0.0", count: 1)
            let two = try await world.instances(of: "2.0.0", count: 1)
            let arms = [try world.arm(1, 9_999, one), try world.arm(2, 1, two)]
            _ = try await world.router.apply(world.routing(1, arms, preview: 2), term: Term(1))
            try await self.ask(world, times: 30, headers: "Cookie: Slipway-User=known\r\n")
            try await self.ask(world, times: 7, headers: "Slipway-Preview: 1\r\n")
            let forced = try await self.counts(world, 2, requests: 7)
            #expect(forced.timed == 7)
            #expect(forced.newcomers == 0, "who is sent somewhere is no draw of the split")
            let clock = ContinuousClock()
            let start = clock.now
            try await world.whileUnderWay(at: world.listen) {
                try await eventually("the request is slow") { clock.now - start > .milliseconds(200) }
            }
            let counts = try #require(try await world.router.counts(world.lane))
            let (old, new) = (counts.arms[world.key(1)], counts.arms[world.key(2)])
            let all = [old, new].compactMap { $0 }
            #expect(all.reduce(0) { $0 + $1.requests } == 38)
            #expect(all.reduce(0) { $0 + $1.timed } == 38)
            #expect(all.reduce(0) { $0 + $1.newcomers } == 1, "the slow request came without a key")
            let slow = all.reduce(0) { $0 + $1.times[LatencyBounds.index(of: 190)...].reduce(0, +) }
            #expect(slow >= 1)
        }
    }

    @Test func `while no control plane listens times are lost, requests are not, and nothing falls back`()
        async throws
    {
        try await withWorld { world in
            let one = try await world.instances(of: "1.0.0", count: 1)
            do {
                let first = world.secondRouter()
                _ = try await first.apply(world.routing(1, [world.arm(1, 10_000, one)]), term: Term(1))
                try await self.ask(world, times: 10)
                #expect(try await self.counts(world, 1, requests: 10, by: first).timed == 10)
            }
            let port = try self.logPort(world)
            var elsewhere: Int32?
            try await eventually("the first one's port is closed") {
                elsewhere = udpSocket(boundTo: port)
                return elsewhere != nil
            }
            try await self.ask(world, times: 7)
            try await self.take(7, from: try #require(elsewhere))
            let second = world.secondRouter()
            let later = try await self.counts(world, 1, requests: 17, by: second)
            #expect(later.timed == 10, "known from before, and seven are missing")
            try await self.ask(world, times: 5)
            let last = try await self.counts(world, 1, requests: 22, by: second)
            #expect(last.timed == 15)
            #expect(last.epoch == later.epoch)
        }
    }

    @Test func `a log port that somebody else has: no times, all counts; it is taken once it is free`() async throws {
        try await withWorld { world in
            let one = try await world.instances(of: "1.0.0", count: 1)
            let routing = world.routing(1, [try world.arm(1, 10_000, one)])
            do { _ = try await world.secondRouter().apply(routing, term: Term(1)) }
            let port = try self.logPort(world)
            var thief: Int32?
            try await eventually("the port is free") {
                thief = udpSocket(boundTo: port)
                return thief != nil
            }
            try await self.ask(world, times: 4)
            let robbed = try await self.counts(world, 1, requests: 4)
            #expect(robbed.timed == 0)
            try await self.take(4, from: try #require(thief))
            _ = try await world.router.counts(world.lane)
            try await self.ask(world, times: 3)
            #expect(try await self.counts(world, 1, requests: 7).timed == 3)
        }
    }

    @Test func `datagrams of others change nothing, and a flood of them shows as loss, with all requests counted`()
        async throws
    {
        try await withWorld(change: { $0.logRoom = 4_096 }) { world in
            let one = try await world.instances(of: "1.0.0", count: 1)
            _ = try await world.router.apply(world.routing(1, [world.arm(1, 10_000, one)]), term: Term(1))
            try await self.ask(world, times: 5)
            #expect(try await self.counts(world, 1, requests: 5).timed == 5)
            let flood = Flood(port: try self.logPort(world))
            var requests = 5
            try await eventually("the flood drowns lines") {
                try await self.ask(world, times: 100)
                requests += 100
                let counts = try await self.counts(world, 1, requests: requests)
                #expect(counts.newcomers == 0)
                return counts.timed < requests
            }
            try await flood.finish()
            // What still waits in the queue is read before the next line.
            try await self.ask(world, times: 1)
            requests += 1
            let before = try await self.counts(world, 1, requests: requests)
            for _ in 0..<20 {
                try await self.ask(world, times: 1)
                requests += 1
                _ = try await self.counts(world, 1, requests: requests)
            }
            let after = try await self.counts(world, 1, requests: requests)
            #expect(after.timed - before.timed == 20, "the loss is over")
            let lost = requests - after.timed
            print("figure: log flood: \(requests) requests counted, \(lost) lines lost and known to be")
        }
    }

    @Test func `times that can't be kept on disk are told all the same`() async throws {
        try await withWorld { world in
            let one = try await world.instances(of: "1.0.0", count: 1)
            _ = try await world.router.apply(world.routing(1, [world.arm(1, 10_000, one)]), term: Term(1))
            try FileManager.default.createDirectory(
                atPath: world.routerFolder + "/times.json/full", withIntermediateDirectories: true)
            try await self.ask(world, times: 6)
            #expect(try await self.counts(world, 1, requests: 6).timed == 6)
        }
    }

    @Test func `a record from before there were logs is read, and its lane goes on`() async throws {
        try await withWorld { world in
            let one = try await world.instances(of: "1.0.0", count: 1)
            let routing = world.routing(1, [try world.arm(1, 10_000, one)])
            _ = try await world.router.apply(routing, term: Term(1))
            let path = world.routerFolder + "/state.json"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(!text.contains("userKey"), "what is not set is not written")
            let pid = try world.process().pid
            _ = try await world.secondRouter().apply(routing, term: Term(1))
            #expect(try world.process().pid == pid)
        }
    }

    /// Reads so many datagrams, and closes. A request's line is sent after its answer, so whoever opens the port as soon
    /// as all are answered may still be told of the last.
    private func take(_ number: Int, from descriptor: Int32) async throws {
        defer { close(descriptor) }
        var taken = 0
        var room = [UInt8](repeating: 0, count: 4_096)
        try await eventually("\(number) lines were sent elsewhere") {
            while recv(descriptor, &room, room.count, Int32(MSG_DONTWAIT)) > 0 { taken += 1 }
            return taken >= number
        }
        #expect(taken == number)
    }

    private func logPort(_ world: HAProxyWorld) throws -> UInt16 {
        let text = try String(contentsOfFile: world.routerFolder + "/haproxy.cfg", encoding: .utf8)
        let mark = try #require(text.firstRange(of: "log 127.0.0.1:"))
        return try #require(UInt16(text[mark.upperBound...].prefix { $0.isNumber }))
    }
}

/// Sends junk to a UDP port of loopback without a pause.
private final class Flood: Sendable {
    private let isOver = Mutex(false)
    private let senders = DispatchGroup()

    init(port: UInt16) {
        let junk: [[UInt8]] = [
            Array("1 guess 1 999999999999 0 1".utf8), Array("<134>1 - - - - -".utf8), [],
            Array(repeating: 0xFF, count: 60_000), Array("1  1 1 1 1".utf8), [0],
        ]
        for _ in 0..<2 {
            self.senders.enter()
            Thread.detachNewThread { [self] in
                let sender = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
                var name = loopback(port: port)
                while !self.isOver.withLock({ $0 }) {
                    for bytes in junk {
                        withUnsafePointer(to: &name) {
                            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                                _ = sendto(
                                    sender, bytes, bytes.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                            }
                        }
                    }
                }
                close(sender)
                self.senders.leave()
            }
        }
    }

    func finish() async throws {
        self.isOver.withLock { $0 = true }
        try await blocking { [self] in self.senders.wait() }
    }
}

/// nil while somebody has the port.
private func udpSocket(boundTo port: UInt16) -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var name = loopback(port: port)
    let isBound = withUnsafePointer(to: &name) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
    guard isBound else {
        close(descriptor)
        return nil
    }
    return descriptor
}
