import Core
import Foundation
import Glibc
import Kits
import LocalTarget
import Ports
import Synchronization
import Testing

/// How exactly a real HAProxy keeps the shares, and that users stay.
@Suite(.serialized) struct HAProxyShareTests {
    private static let isNightly = ProcessInfo.processInfo.environment["SLIPWAY_NIGHTLY"] != nil

    /// Users are named, so that the outcome is the same in every run.
    @Test(arguments: [100, 10, 1]) func `1 %, 0.1 % and 0.01 % of many users are within three standard errors`(
        _ share: Int
    ) async throws {
        try await withWorld { world in
            let users = Self.isNightly ? 200_000 : 50_000
            let servers = (old: try QuickServer(), new: try QuickServer())
            let arms = [
                try world.arm(1, 10_000 - share, [servers.old.address]), try world.arm(2, share, [servers.new.address]),
            ]
            _ = try await world.router.apply(world.routing(1, arms), term: Term(1))
            let clock = ContinuousClock()
            let start = clock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for part in 0..<4 {
                    group.addTask {
                        try await blocking {
                            let keys = (users / 4 * part)..<(users / 4 * (part + 1))
                            try QuickClient(world.listen).ask(keys.lazy.map { "Cookie: Slipway-User=u\($0)\r\n" })
                        }
                    }
                }
                try await group.waitForAll()
            }
            let time = clock.now - start
            #expect(servers.old.requests + servers.new.requests == users)
            let expected = Double(users * share) / 10_000
            let error = (expected * (1 - Double(share) / 10_000)).squareRoot()
            let deviations = (Double(servers.new.requests) - expected) / error
            #expect(abs(deviations) <= 3, "\(servers.new.requests) of \(users), expected \(expected)")
            try await eventually("all are counted") {
                let counts = try await world.router.counts(world.lane)
                return counts?.arms[world.key(2)]?.requests == servers.new.requests
                    && counts?.arms[world.key(1)]?.requests == servers.old.requests
            }
            let counts = try #require(try await world.router.counts(world.lane))
            let lost = users - counts.arms.values.reduce(0) { $0 + $1.timed }
            print(
                "figure: share of \(share) in 10,000: \(servers.new.requests) of \(users), expected \(expected), "
                    + "\(deviations) standard errors; \(time), \(lost) log lines lost")
            servers.old.stop()
            servers.new.stop()
        }
    }

    /// The version of each of 2,000 users, by what a request of theirs carries.
    private func newUsers(
        _ world: HAProxyWorld, _ headers: @escaping @Sendable (Int) -> String
    ) async throws -> Set<Int> {
        try await blocking {
            var client = try TinyClient(world.listen)
            var found: Set<Int> = []
            for user in 0..<2_000 where try client.get(headers: headers(user)).body == "2.0.0" { found.insert(user) }
            return found
        }
    }

    private func split(
        _ world: HAProxyWorld, _ shares: [Int], key: UserKey?, _ headers: @escaping @Sendable (Int) -> String
    ) async throws {
        let one = try await world.instances(of: "1.0.0", count: 1)
        let two = try await world.instances(of: "2.0.0", count: 1)
        var before: Set<Int> = []
        for (index, share) in shares.enumerated() {
            let arms = [try world.arm(1, 10_000 - share, one), try world.arm(2, share, two)]
            var routing = world.routing(index + 1, arms)
            routing.userKey = key
            _ = try await world.router.apply(routing, term: Term(1))
            let now = try await self.newUsers(world, headers)
            let expected = Double(share) / 5
            let error = (expected * (1 - Double(share) / 10_000)).squareRoot()
            #expect(abs(Double(now.count) - expected) <= 4 * error, "\(now.count), expected \(expected)")
            #expect(now.isSuperset(of: before), "who has the new version keeps it")
            #expect(try await self.newUsers(world, headers) == now, "and so does everybody")
            before = now
        }
    }

    @Test func `raising the share over 1, 5, 25 and 50 % takes no user of 2,000 back`() async throws {
        try await withWorld { world in
            try await self.split(world, [100, 500, 2_500, 5_000], key: nil) { "Cookie: a=b; Slipway-User=u\($0)\r\n" }
        }
    }

    @Test func `users are known by a header or cookie of the service's own; without it by the router's cookie`()
        async throws
    {
        try await withWorld { world in
            try await self.split(world, [2_500], key: .header("X-Account")) { "X-Account: a, \($0)\r\n" }
        }
        try await withWorld { world in
            try await self.split(world, [2_500], key: .cookie("sid_1.x")) { "Cookie: a=b; sid_1.x=\($0)\r\n" }
        }
        for key in [UserKey.header("X-Account"), .cookie("sid")] {
            try await withWorld { world in
                try await self.split(world, [2_500], key: key) {
                    let long = String(repeating: "x", count: 129)
                    return "X-Account: \(long)\r\nCookie: sid=\(long); Slipway-User=u\($0)\r\n"
                }
                let answer = try await world.get(at: world.listen)
                #expect(answer.head.contains("set-cookie: slipway-user="))
                let known = try await world.get(
                    at: world.listen, headers: "X-Account: 7\r\nCookie: sid=7\r\n")
                #expect(!known.head.contains("set-cookie"))
            }
        }
    }

    @Test(arguments: [
        UserKey.header(""), .header("a b"), .header("a\r\nb"), .header("a_b"), .cookie(""), .cookie("a=b"),
        .cookie("ü"), .cookie("a)"), .cookie(String(repeating: "a", count: 65)),
    ])
    func `names of a user's key that could be read as more than a name are refused`(_ key: UserKey) async throws {
        try await withWorld { world in
            let one = try await world.instances(of: "1.0.0", count: 1)
            var routing = world.routing(1, [try world.arm(1, 10_000, one)])
            routing.userKey = key
            #expect(await world.refusal(routing, term: Term(1)) == .invalid)
        }
    }

    @Test func `clients that keep no cookie are random for each request, and all count as newcomers`() async throws {
        try await withWorld { world in
            let one = try await world.instances(of: "1.0.0", count: 1)
            let two = try await world.instances(of: "2.0.0", count: 1)
            let arms = [try world.arm(1, 5_000, one), try world.arm(2, 5_000, two)]
            _ = try await world.router.apply(world.routing(1, arms), term: Term(1))
            let count = try await self.newUsers(world) { _ in "" }.count
            // Five standard errors of 22.
            #expect((888...1_112).contains(count), "\(count) of 2000")
            try await eventually("all are counted") {
                let arms = try #require(try await world.router.counts(world.lane)).arms
                return arms[world.key(2)]?.newcomers == count && arms[world.key(1)]?.newcomers == 2_000 - count
            }
        }
    }
}

/// An instance that answers every request at once with nothing, at little cost. Its requests have no body.
private final class QuickServer: Sendable {
    let address: ListenAddress
    private let listener: Int32
    private let count = Atomic(0)

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var name = loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isUp = withUnsafeMutablePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 512) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard isUp, let address = ListenAddress("127.0.0.1:\(UInt16(bigEndian: name.sin_port))") else {
            throw Problem("no server")
        }
        self.listener = listener
        self.address = address
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(self.listener, nil, nil)
                guard connection >= 0 else { break }
                Thread.detachNewThread { [self] in self.serve(connection) }
            }
            close(self.listener)
        }
    }

    var requests: Int { self.count.load(ordering: .relaxed) }

    func stop() { shutdown(self.listener, Int32(SHUT_RDWR)) }

    /// HAProxy has one request at a time under way on a connection, so a head that ends is a request.
    private func serve(_ connection: Int32) {
        let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8)
        var buffer = [UInt8](repeating: 0, count: 8_192)
        while true {
            let length = recv(connection, &buffer, buffer.count, 0)
            guard length > 0 else { break }
            guard buffer[length - 1] == 0x0A, buffer[max(0, length - 3)] == 0x0A else { continue }
            self.count.add(1, ordering: .relaxed)
            guard send(connection, answer, answer.count, Int32(MSG_NOSIGNAL)) == answer.count else { break }
        }
        close(connection)
    }
}

/// A connection that sends many requests before it reads their answers.
private final class QuickClient {
    private let connection: Int32
    private let good = Array("HTTP/1.1 200 ".utf8)

    init(_ address: ListenAddress) throws {
        self.connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var name = loopback(port: UInt16(address.port))
        let isConnected = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(self.connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { throw Problem("no connection") }
    }

    deinit { close(self.connection) }

    /// A request with each of these headers, all answered with 200.
    func ask(_ headers: some Sequence<String>) throws {
        var text = ""
        var waiting = 0
        for header in headers {
            text += "GET / HTTP/1.1\r\nHost: test\r\n\(header)\r\n"
            waiting += 1
            if waiting == 64 {
                try self.exchange(text, waiting)
                (text, waiting) = ("", 0)
            }
        }
        if waiting > 0 { try self.exchange(text, waiting) }
    }

    private func exchange(_ text: String, _ count: Int) throws {
        let bytes = Array(text.utf8)
        guard send(self.connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw Problem("the requests could not be sent")
        }
        var answers = [UInt8](repeating: 0, count: 65_536)
        var length = 0
        while self.answers(in: answers, length).all < count {
            let room = answers.count - length
            let more = answers.withUnsafeMutableBytes {
                recv(self.connection, $0.baseAddress.map { $0 + length }, room, 0)
            }
            guard more > 0 else { throw Problem("closed before all answers") }
            length += more
        }
        guard self.answers(in: answers, length).good == count else {
            throw Problem(String(decoding: answers[..<length], as: UTF8.self))
        }
    }

    /// Heads that ended, and those that begin with a status of 200.
    private func answers(in bytes: [UInt8], _ length: Int) -> (all: Int, good: Int) {
        bytes.withUnsafeBytes { bytes in
            var (all, good, from) = (0, 0, 0)
            while let base = bytes.baseAddress, let found = memchr(base + from, 0x0A, length - from) {
                let end = UnsafeRawPointer(found) - base
                if end - from == 1 { all += 1 }
                if end - from > self.good.count, memcmp(base + from, self.good, self.good.count) == 0 { good += 1 }
                from = end + 1
            }
            return (all, good)
        }
    }
}
