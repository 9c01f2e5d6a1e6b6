import Demo
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Synchronization
import Testing

@Suite(.serialized, .timeLimit(.minutes(5))) struct LoadGeneratorTests {
    /// Runs the load on a server that answers by `answer(number of the request)` until it has answered `count` requests.
    private func load(
        perSecond: Int, count: Int, within: Duration = .seconds(60),
        _ answer: @escaping @Sendable (Int) async throws -> Response,
        meanwhile: @escaping @Sendable (LoadLog) async -> Void = { _ in }
    ) async throws -> (log: LoadLog, answered: Int) {
        let answered = Atomic(0)
        let stop = StopSign()
        let log = LoadLog()
        let responder = CallbackResponder<BasicRequestContext> { _, _ in
            let number = answered.add(1, ordering: .relaxed).newValue
            if number == count { stop.set() }
            return try await answer(number)
        }
        try await Application(responder: responder, configuration: .init(address: .hostname("127.0.0.1", port: 0)))
            .test(.live) { client in
                var generator = LoadGenerator(url: "http://127.0.0.1:\(client.port ?? 0)/", perSecond: perSecond)
                generator.within = within
                await withDiscardingTaskGroup { [generator] group in
                    group.addTask { await meanwhile(log) }
                    await generator.run(into: log, until: stop)
                    group.cancelAll()
                }
            }
        return (log, answered.load(ordering: .relaxed))
    }

    private static func good(_ version: String = "1.0.0") -> Response {
        Response(
            status: .ok, headers: [HTTPField.Name("Storefront-Version")!: version],
            body: .init(byteBuffer: ByteBuffer(string: "Storefront \(version)\n")))
    }

    @Test func `a version's first wrong answer is the earliest sent, whoever else failed before`() {
        let log = LoadLog()
        for (sentAt, version, failure) in [
            (5, "1.0.0", "500"), (9, "1.1.0", "500"), (8, "1.1.0", "500"), (7, "1.1.0", nil), (6, nil, "no answer"),
        ] as [(Int64, String?, String?)] {
            log.add(Sample(sentAt: sentAt, milliseconds: 1, version: version, failure: failure))
        }
        #expect(log.firstFailure(of: "1.1.0") == 8)
        #expect(log.firstFailure(of: "1.2.0") == nil)
    }

    @Test func `every request that the server saw is counted once`() async throws {
        let (log, answered) = try await self.load(perSecond: 150, count: 100) { _ in Self.good() }
        let counts = log.counts()
        #expect(counts.requests == answered)
        #expect(counts.failed == 0)
        #expect(counts.byVersion == ["1.0.0": answered])
    }

    @Test func `what is no proper answer is a failure, of the version that gave it`() async throws {
        let (log, answered) = try await self.load(perSecond: 150, count: 100) { number in
            switch number {
            case 10: Response(status: .serviceUnavailable)
            case 20:
                Response(status: .internalServerError, headers: [HTTPField.Name("Storefront-Version")!: "1.2.0"])
            case 30: Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "somebody else")))
            default: Self.good(number < 50 ? "1.0.0" : "1.1.0")
            }
        }
        let counts = log.counts()
        #expect(counts.requests == answered)
        #expect(counts.failed == 3)
        #expect(counts.failedByVersion == ["1.2.0": 1])
        #expect(log.failures(limit: 10).count == 3)
        let last = try #require(log.lastSent(to: "1.0.0"))
        #expect(log.counts(from: last + 1).byVersion["1.0.0"] == nil)
        #expect(log.counts(to: last + 1).byVersion["1.0.0"] == counts.byVersion["1.0.0"])
    }

    @Test func `a slow answer does not hold the next requests up, and is a failure when it comes too late`()
        async throws
    {
        // The fifth answer comes when its request has been given up, and no earlier; the others have 10 s, which is much on
        // any machine. That all of them were answered meanwhile is what is shown.
        let givenUp = StopSign()
        let (log, answered) = try await self.load(perSecond: 100, count: 60, within: .seconds(10)) { number in
            if number == 5 { try await givenUp.wait(upTo: .seconds(60)) }
            return Self.good()
        } meanwhile: { log in
            while log.counts().failed == 0, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(20)) }
            givenUp.set()
        }
        let counts = log.counts()
        #expect(counts.requests == answered)
        #expect(counts.failed == 1)
    }

    @Test func `no server is a failure for each request`() async throws {
        let log = LoadLog()
        let stop = StopSign()
        // Port 1 of loopback: nobody listens there.
        let generator = LoadGenerator(url: "http://127.0.0.1:1/", perSecond: 100)
        async let load: Void = generator.run(into: log, until: stop)
        while log.count < 20 { try await Task.sleep(for: .milliseconds(5)) }
        stop.set()
        await load
        let counts = log.counts()
        #expect(counts.requests >= 20)
        #expect(counts.failed == counts.requests)
    }

    @Test func `more under way than allowed are failures that are not sent`() async throws {
        let log = LoadLog()
        let stop = StopSign()
        let responder = CallbackResponder<BasicRequestContext> { _, _ in
            while !stop.isSet { try await Task.sleep(for: .milliseconds(5)) }
            return Self.good()
        }
        try await Application(responder: responder, configuration: .init(address: .hostname("127.0.0.1", port: 0)))
            .test(.live) { client in
                var generator = LoadGenerator(url: "http://127.0.0.1:\(client.port ?? 0)/", perSecond: 100)
                generator.underWay = 10
                generator.within = .seconds(60)
                async let load: Void = generator.run(into: log, until: stop)
                while log.count < 20 { try await Task.sleep(for: .milliseconds(5)) }
                stop.set()
                await load
            }
        let counts = log.counts()
        #expect(counts.requests - counts.failed == 10)
        #expect(log.failures(limit: 1_000).allSatisfy { $0.contains("too many under way") })
    }

    @Test func `the rate is held`() async throws {
        let clock = ContinuousClock()
        let start = clock.now
        _ = try await self.load(perSecond: 100, count: 100) { _ in Self.good() }
        // The hundredth request is due after 990 ms, never before.
        #expect(clock.now - start >= .milliseconds(980))
    }
}

extension StopSign {
    /// Returns when it is set, or after this time.
    fileprivate func wait(upTo limit: Duration) async throws {
        let end = ContinuousClock.now + limit
        while !self.isSet, ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(10)) }
    }
}
