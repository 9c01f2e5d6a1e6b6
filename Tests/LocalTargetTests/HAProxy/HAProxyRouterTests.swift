import Core
import Foundation
import Glibc
import Kits
import LocalTarget
import Ports
import Synchronization
import Testing

@Suite(.serialized) struct HAProxyRouterTests {
    @Test(arguments: RouterKit.checks) func `HAProxy keeps the contract of a router`(_ check: RouterKit.Check)
        async throws
    {
        try await withWorld { try await check.run($0) }
    }

    @Test func `without a ready version the answer is 503 with the service's name, on both listeners`() async throws {
        try await withWorld { world in
            let servers = try world.start("1.0.0", 1)
            let arms = { weight in [try world.arm(1, weight, servers.map(\.address))] }
            _ = try await world.router.apply(world.routing(1, try arms(0)), term: Term(1))
            let none = try await world.get(at: world.listen)
            #expect(none.status == 503)
            #expect(none.body == "storefront: no version is ready in \(world.lane.environment).\n")
            let up = try await world.router.apply(world.routing(2, try arms(10_000), preview: 1), term: Term(1))
            servers[0].stop()
            let preview = try #require(up.preview)
            let clock = ContinuousClock()
            var times: [Duration] = []
            for address in [world.listen, preview] {
                let start = clock.now
                let dead = try await world.get(at: address)
                let time = clock.now - start
                #expect(dead.status == 503)
                #expect(dead.body == none.body)
                #expect(time < .seconds(1), "\(time)")
                times.append(time)
            }
            print("figure: the only instance is gone: 503 after \(times)")
            // As after the supervisor's restart: the same address answers again.
            let again = try world.start("1.0.0", at: servers[0].address)
            #expect(try await world.get(at: world.listen).body == "1.0.0")
            #expect(again.requests == 1)
        }
    }

    @Test func `an instance that is too busy to accept for a while loses no request`() async throws {
        try await withWorld { world in
            let server = try world.startBusy("1.0.0")
            _ = try await world.router.apply(
                world.routing(1, [world.arm(1, 10_000, [server.address])]), term: Term(1))
            let clock = ContinuousClock()
            let start = clock.now
            let answers = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<12 { group.addTask { try await world.get(at: world.listen).status } }
                group.addTask {
                    try await eventually("it was busy") { clock.now - start > .milliseconds(1_500) }
                    server.beFree()
                    return 200
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(answers == Array(repeating: 200, count: 13))
        }
    }

    @Test func `each answer carries the version that was chosen, also when the instance claims another`() async throws {
        try await withWorld { world in
            let one = try await world.instances(of: "1.0.0", count: 1)
            _ = try await world.router.apply(world.routing(1, [world.arm(1, 10_000, one)]), term: Term(1))
            #expect(try await world.get(at: world.listen).head.contains("\r\nslipway-version: 1.0.0"))
        }
    }

    @Test func `a user without a cookie gets one while traffic is split, and stays where it leads`() async throws {
        try await withWorld { world in
            let one = try await world.instances(of: "1.0.0", count: 1)
            let two = try await world.instances(of: "2.0.0", count: 1)
            let split = [try world.arm(1, 5_000, one), try world.arm(2, 5_000, two)]
            _ = try await world.router.apply(world.routing(1, split), term: Term(1))
            for _ in 0..<20 {
                let first = try await world.get(at: world.listen)
                let mark = try #require(first.head.firstRange(of: "set-cookie: slipway-user="))
                let user = String(first.head[mark.upperBound...].prefix { $0 != ";" })
                #expect(user.utf8.count == 36)
                let again = try await world.get(at: world.listen, headers: "Cookie: Slipway-User=\(user)\r\n")
                #expect(again.body == first.body)
                #expect(!again.head.contains("set-cookie"))
            }
            let whole = [try world.arm(1, 0, one), try world.arm(2, 10_000, two)]
            _ = try await world.router.apply(world.routing(2, whole), term: Term(1))
            #expect(try await !world.get(at: world.listen).head.contains("set-cookie"))
        }
    }

    @Test func `a connection that is kept alive goes on over switches`() async throws {
        try await withWorld { world in
            let one = try await world.instances(of: "1.0.0", count: 1)
            let two = try await world.instances(of: "2.0.0", count: 1)
            _ = try await world.router.apply(world.routing(1, [world.arm(1, 10_000, one)]), term: Term(1))
            var client = try TinyClient(world.listen)
            for generation in 2...9 {
                let answer = try client.get()
                #expect(answer.body == (generation % 2 == 0 ? "1.0.0" : "2.0.0"))
                let new = generation % 2 == 0 ? 10_000 : 0
                let arms = [try world.arm(1, 10_000 - new, one), try world.arm(2, new, two)]
                _ = try await world.router.apply(world.routing(generation, arms), term: Term(1))
            }
            let last = try client.get()
            #expect(last.body == "1.0.0")
        }
    }

    @Test func `a tunnel to the old version lives on and counts as under way until it ends`() async throws {
        try await withWorld { world in
            let one = try await world.instances(of: "1.0.0", count: 1)
            _ = try await world.router.apply(world.routing(1, [world.arm(1, 10_000, one)]), term: Term(1))
            do {
                var client = try TinyClient(world.listen)
                let answer = try client.get(headers: "Connection: Upgrade\r\nUpgrade: echo\r\n")
                #expect(answer.status == 101)
                // More versions than slots: the tunnel's slot is the last that is given to another.
                for number in 2...12 {
                    let next = try await world.instances(of: "\(number).0.0", count: 1)
                    _ = try await world.router.apply(
                        world.routing(number, [world.arm(number, 10_000, next)]), term: Term(1))
                    let isAlive = client.echo(UInt8(number))
                    #expect(isAlive)
                    #expect(try await world.router.requestsUnderWay(world.key(1)) == 1)
                    #expect(try await world.router.requestsUnderWay(world.key(number)) == 0)
                }
            }
            try await eventually("the tunnel's end is seen") {
                try await world.router.requestsUnderWay(world.key(1)) == 0
            }
        }
    }

    @Test
    func `another listen address or preview header is taken over by a new process; users kept alive lose nothing`()
        async throws
    {
        try await withWorld { world in
            let one = try await world.instances(of: "1.0.0", count: 1)
            var routing = world.routing(1, [try world.arm(1, 10_000, one)], preview: 1)
            let first = try await world.router.apply(routing, term: Term(1))
            let old = try world.process()
            routing.generation = 2
            routing.previewHeader = "X-Look"
            #expect(try await world.router.apply(routing, term: Term(1)).preview == first.preview)
            #expect(try world.process() != old)
            #expect(try await world.answers(at: world.listen, header: "X-Look") == ["1.0.0"])
            routing.generation = 3
            routing.listen = try freeAddress()
            _ = try await world.router.apply(routing, term: Term(1))
            #expect(try await world.answers(at: routing.listen) == ["1.0.0"])
            try await eventually("nobody listens at the old address") { !listens(world.listen) }
            try await eventually("the first process ended") { try world.table.ending(of: old) != nil }
        }
    }

    @Test func `many lanes have a HAProxy each, and one that ends touches no other`() async throws {
        try await withWorld { first in
            try await withWorld(folder: first.folder + "/other") { second in
                for world in [first, second] {
                    let one = try await world.instances(of: "\(world.listen.port)", count: 1)
                    _ = try await world.router.apply(world.routing(1, [world.arm(1, 10_000, one)]), term: Term(1))
                }
                try await second.killProxy()
                #expect(try await first.answers(at: first.listen) == ["\(first.listen.port)"])
            }
        }
    }

    @Test func `calls for one lane at once are done one after the other and the newest generation stays`() async throws
    {
        try await withWorld { world in
            let one = try await world.instances(of: "1.0.0", count: 1)
            let two = try await world.instances(of: "2.0.0", count: 1)
            await withTaskGroup(of: Void.self) { group in
                for generation in 1...12 {
                    group.addTask {
                        guard
                            let arms = try? [
                                world.arm(1, generation == 12 ? 0 : 10_000, one),
                                world.arm(2, generation == 12 ? 10_000 : 0, two),
                            ]
                        else { return }
                        _ = try? await world.router.apply(world.routing(generation, arms), term: Term(1))
                    }
                }
            }
            let report = try #require(try await world.router.read(world.lane))
            #expect(report.generation == 12)
            #expect(try await world.answers(at: world.listen) == ["2.0.0"])
        }
    }

    @Test func `a request that may not be sent twice is not, one that may is`() async throws {
        try await withWorld { world in
            let servers = try world.start("1.0.0", 2)
            let arms = [try world.arm(1, 10_000, servers.map(\.address))]
            _ = try await world.router.apply(world.routing(1, arms), term: Term(1))
            func seen(_ method: String) throws -> Int {
                let before = servers.reduce(0) { $0 + $1.requests }
                var client = try TinyClient(world.listen)
                let answer = try client.get("/drop", headers: "Content-Length: 0\r\n", method: method)
                #expect(answer.status == 502)
                return servers.reduce(0) { $0 + $1.requests } - before
            }
            #expect(try seen("POST") == 1)
            #expect(try seen("PATCH") == 1)
            #expect(try seen("GET") == 6)
            #expect(try seen("PUT") == 6)
        }
    }

    @Test func `at every step of a switch users get the old version or the new, never one that had the slot before`()
        async throws
    {
        try await withWorld { world in
            // Whatever was put up before answers on, so a request to it would be seen.
            let turn = Mutex((old: "", new: ""))
            let router = world.secondRouter(atStep: { step in
                let (old, new) = turn.withLock { $0 }
                let answers = try await world.answers(at: world.listen)
                #expect(answers == [step < .turned ? old : new], "at \(step)")
            })
            // Nine capacities in six slots, then two that come back to theirs with other instances.
            for (generation, number) in [1, 2, 3, 4, 5, 6, 7, 8, 9, 8, 7].enumerated() {
                let text = "turn-\(generation)"
                let instances = try await world.instances(of: text, count: 2)
                turn.withLock { $0 = ($0.new, text) }
                let arms = [try world.arm(number, 10_000, instances)]
                _ = try await router.apply(world.routing(generation + 1, arms), term: Term(1))
                #expect(try await world.answers(at: world.listen) == [text])
            }
        }
    }
}
