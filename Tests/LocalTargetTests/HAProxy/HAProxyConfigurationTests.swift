import Core
import Foundation
import Kits
import LocalTarget
import Ports
import Testing

/// The file and the commands as values.
@Suite struct HAProxyConfigurationTests {
    private func address(_ text: String) throws -> ListenAddress { try #require(ListenAddress(text)) }

    private func lane() throws -> LaneID {
        LaneID(service: try #require(ServiceName("shop")), environment: try #require(EnvironmentName("production")))
    }

    private func routing(_ generation: Int, _ arms: [(Int, Int, [String])], preview: Int? = nil) throws -> Routing {
        let lane = try self.lane()
        return Routing(
            lane: lane, listen: try self.address("127.0.0.1:7003"), generation: generation,
            arms: try arms.map { number, weight, addresses in
                Routing.Arm(
                    capacity: CapacityKey(lane: lane, number: number), version: "1.\(number).0+b",
                    weight: try #require(BasisPoints(weight)), addresses: try addresses.map(self.address))
            }, preview: preview.map { CapacityKey(lane: lane, number: $0) }, previewHeader: "Slipway-Preview")
    }

    private func state(_ routing: Routing, occupied: [HAProxySlot?] = [], underWay: [Int] = []) throws -> HAProxyState {
        try HAProxyState(
            routing, previewListener: try self.address("127.0.0.1:31000"), occupied: occupied, underWay: underWay)
    }

    private func lines(_ state: HAProxyState, of section: String) -> [String] {
        let lines = HAProxyConfiguration.text(state).split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(of: section[...]) else { return [] }
        return lines[(start + 1)...].prefix { !$0.isEmpty }.map { String($0.dropFirst(4)) }
    }

    @Test func `the file holds weights, capacities and versions as variables`() throws {
        let routing = try self.routing(
            9, [(4, 7_500, ["127.0.0.1:26001"]), (7, 2_500, ["127.0.0.1:26003", "[::1]:26004"])], preview: 7)
        let state = try self.state(routing)
        #expect(
            self.lines(state, of: "global") == [
                "nbthread 1",
                "# An address that somebody else has is an error, never shared with them.",
                "noreuseport",
                "fd-hard-limit 20000",
                "# Only for one that another takes over from.",
                "hard-stop-after 10m",
                #"stats socket "${SLIPWAY_ROUTER_SOCKET}" mode 600 level admin expose-fd listeners"#,
                "stats timeout 10s",
                "set-var proc.shape str(\(HAProxyConfiguration.shape(state)))",
                "set-var proc.generation int(9)",
                "set-var proc.route int(71202500)",
                "set-var proc.preview int(2)",
                "set-var proc.capacity1 int(4)",
                "set-var proc.version1 str(1.4.0+b)",
                "set-var proc.capacity2 int(7)",
                "set-var proc.version2 str(1.7.0+b)",
                "set-var proc.capacity3 int(0)", "set-var proc.version3 str(none)",
                "set-var proc.capacity4 int(0)", "set-var proc.version4 str(none)",
                "set-var proc.capacity5 int(0)", "set-var proc.version5 str(none)",
                "set-var proc.capacity6 int(0)", "set-var proc.version6 str(none)",
            ])
        #expect(
            self.lines(state, of: "backend arm1").suffix(3) == [
                "server s1 127.0.0.1:26001", "server s2 127.0.0.1:26001", "server-template s 3-32 127.0.0.1:1 disabled",
            ], "a sole instance stands there twice")
        #expect(
            self.lines(state, of: "backend arm2").suffix(3) == [
                "server s1 127.0.0.1:26003", "server s2 [::1]:26004", "server-template s 3-32 127.0.0.1:1 disabled",
            ])
        #expect(
            self.lines(state, of: "backend arm1").suffix(3) == [
                "server s1 127.0.0.1:26001", "server s2 127.0.0.1:26001",
                "server-template s 3-32 127.0.0.1:1 disabled",
            ], "a lone instance twice")
        #expect(self.lines(state, of: "backend arm3").last == "server-template s 1-32 127.0.0.1:1 disabled")
        #expect(self.lines(state, of: "frontend traffic").first == "bind 127.0.0.1:7003")
        #expect(self.lines(state, of: "frontend preview").first == "bind 127.0.0.1:31000")
    }

    @Test func `HAProxy takes the file without a warning`() throws {
        let folder = try makeTemporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var routing = try self.routing(
            9, [(4, 7_500, ["127.0.0.1:26001", "[::1]:26004"]), (7, 2_500, ["127.0.0.1:26003"])], preview: 7)
        for host in ["127.0.0.1", "0.0.0.0", "[::1]", "localhost"] {
            routing.listen = try self.address("\(host):7003")
            let text = HAProxyConfiguration.text(try self.state(routing))
            try text.write(toFile: folder + "/h.cfg", atomically: true, encoding: .utf8)
            let check = Process()
            check.executableURL = URL(fileURLWithPath: "/usr/sbin/haproxy")
            check.arguments = ["-c", "-f", folder + "/h.cfg"]
            check.environment = [HAProxyConfiguration.socketVariable: folder + "/h.sock"]
            let output = Pipe()
            check.standardError = output
            check.standardOutput = output
            try check.run()
            let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            check.waitUntilExit()
            #expect(check.terminationStatus == 0, "\(said)")
            #expect(!said.contains("WARNING"), "\(said)")
        }
    }

    @Test func `the shape changes with listeners and header only`() throws {
        let routing = try self.routing(1, [(1, 10_000, ["127.0.0.1:26001"])])
        let shape = HAProxyConfiguration.shape(try self.state(routing))
        let other = try self.routing(2, [(1, 0, []), (2, 10_000, ["127.0.0.1:26002"])], preview: 1)
        #expect(HAProxyConfiguration.shape(try self.state(other)) == shape)
        var moved = routing
        moved.listen = try self.address("127.0.0.1:7004")
        #expect(HAProxyConfiguration.shape(try self.state(moved)) != shape)
        var renamed = routing
        renamed.previewHeader = "X-Look"
        #expect(HAProxyConfiguration.shape(try self.state(renamed)) != shape)
    }

    @Test(arguments: [(0, 0, 0, 0), (0, 6, 0, 0), (12_345_678_901, 1, 2, 9_999), (99_999_999_999, 6, 5, 1)])
    func `a split is one number and back`(_ salt: Int, _ main: Int, _ side: Int, _ share: Int) {
        let split = HAProxySplit(salt: salt, main: main, side: side, share: share)
        #expect(HAProxySplit(number: split.number) == split)
    }

    @Test func `an arm keeps its slot; a new one takes an empty slot, else the retired one with the least to do`()
        throws
    {
        let a = ["127.0.0.1:26001"]
        let slot = { (number: Int, retired: Bool) in
            HAProxySlot(capacity: number, version: "1.\(number).0+b", addresses: [], isRetired: retired)
        }
        let both = try self.routing(3, [(5, 0, a), (8, 10_000, a)])
        let first = try self.state(both, occupied: [slot(3, false), slot(5, false), nil, nil, nil, nil])
        #expect(first.slots.map { $0?.capacity } == [3, 5, 8, nil, nil, nil])
        #expect(first.slots.map { $0?.isRetired } == [true, false, false, nil, nil, nil])
        let full = [1, 2, 3, 4, 5, 6].map { slot($0, $0 != 5) }
        let second = try self.state(both, occupied: full, underWay: [2, 1, 0, 0, 0, 9])
        #expect(second.slots.map { $0?.capacity } == [1, 2, 8, 4, 5, 6])
        // One that comes back to the routing is not given away for another arm.
        let back = try self.routing(4, [(8, 10_000, a), (3, 0, a), (5, 0, a)])
        let third = try self.state(back, occupied: full, underWay: [2, 1, 0, 4, 0, 9])
        #expect(third.slots.map { $0?.capacity } == [1, 8, 3, 4, 5, 6])
    }

    /// What a process says that does exactly what the state wants.
    private func picture(_ state: HAProxyState) throws -> HAProxyPicture {
        var answer = """
            proc.shape: type=str value=<\(HAProxyConfiguration.shape(state))>
            proc.generation: type=sint value=<\(state.generation)>
            proc.route: type=sint value=<\(state.split.number)>
            proc.preview: type=sint value=<\(state.preview)>

            """
        for (index, slot) in state.slots.enumerated() {
            let capacity = slot.map { $0.isRetired ? -$0.capacity : $0.capacity } ?? 0
            answer += "proc.capacity\(index + 1): type=sint value=<\(capacity)>\n"
            answer += "proc.version\(index + 1): type=str value=<\(slot?.version ?? "none")>\n"
        }
        answer += "\n1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state\n"
        for (index, slot) in state.slots.enumerated() {
            for server in 0..<HAProxyState.serverCount {
                let used = slot.flatMap { server < $0.servers.count ? $0.servers[server] : nil }
                answer += "\(index + 4) arm\(index + 1) \(server + 1) s\(server + 1) \(used?.host ?? "127.0.0.1") "
                answer += used == nil ? "0 5 " : "2 4 "
                answer += "256 256 0 1 0 2 0 0 0 0 - \(used?.port ?? 1) - 0 0 - - 0\n"
            }
        }
        return try HAProxyPicture(answer: answer)
    }

    @Test func `a switch raises first, turns by one number, lowers last`() throws {
        let before = try self.state(try self.routing(1, [(1, 10_000, ["127.0.0.1:26001"])]))
        let now = try self.picture(before)
        let next = try self.routing(2, [(1, 0, ["127.0.0.1:26001"]), (2, 10_000, ["127.0.0.1:26002"])])
        let after = try self.state(next, occupied: now.occupied)
        #expect(
            HAProxyCommands.raise(from: now, to: after) == [
                "set server arm2/s1 addr 127.0.0.1 port 26002", "set server arm2/s1 state ready",
                "set server arm2/s1 health up",
                "set server arm2/s2 addr 127.0.0.1 port 26002", "set server arm2/s2 state ready",
                "set server arm2/s2 health up",
                "set var proc.capacity2 int(2)", "set var proc.version2 str(1.2.0+b)",
            ])
        #expect(
            HAProxyCommands.turn(from: now, to: after) == [
                "set var proc.route int(2000000)", "set var proc.generation int(2)",
            ])
        #expect(HAProxyCommands.lower(from: now, to: after).isEmpty)
        #expect(HAProxyCommands.difference(of: now, from: after, turned: false) != nil)

        let done = try self.picture(after)
        #expect(HAProxyCommands.raise(from: done, to: after).isEmpty)
        #expect(HAProxyCommands.turn(from: done, to: after).isEmpty)
        #expect(HAProxyCommands.difference(of: done, from: after, turned: true) == nil)
        let alone = try self.state(
            try self.routing(3, [(2, 10_000, ["127.0.0.1:26003"])]), occupied: done.occupied)
        #expect(
            HAProxyCommands.raise(from: done, to: alone) == [
                "set server arm2/s3 addr 127.0.0.1 port 26003", "set server arm2/s3 state ready",
                "set server arm2/s3 health up",
                "set server arm2/s4 addr 127.0.0.1 port 26003", "set server arm2/s4 state ready",
                "set server arm2/s4 health up",
            ])
        #expect(
            HAProxyCommands.lower(from: done, to: alone) == [
                "set var proc.capacity1 int(-1)", "set server arm2/s1 state maint", "set server arm2/s2 state maint",
            ])
    }

    @Test func `a sole instance is listed twice until it gets a second beside it, and again when that is gone`() throws
    {
        func lane(_ generation: Int, _ addresses: [String], _ now: HAProxyPicture?) throws -> HAProxyState {
            try self.state(try self.routing(generation, [(1, 10_000, addresses)]), occupied: now?.occupied ?? [])
        }
        let (a, b) = ("127.0.0.1:26001", "127.0.0.1:26002")
        let one = try self.picture(try lane(1, [a], nil))
        #expect(one.occupied[0]?.addresses.map(\.description) == [a])
        let both = try lane(2, [a, b], one)
        #expect(
            HAProxyCommands.raise(from: one, to: both) == [
                "set server arm1/s3 addr 127.0.0.1 port 26002", "set server arm1/s3 state ready",
                "set server arm1/s3 health up",
            ])
        #expect(HAProxyCommands.lower(from: one, to: both) == ["set server arm1/s2 state maint"])
        let two = try self.picture(both)
        let back = try lane(3, [a], two)
        #expect(
            HAProxyCommands.raise(from: two, to: back) == [
                "set server arm1/s3 addr 127.0.0.1 port 26001", "set server arm1/s3 state ready",
                "set server arm1/s3 health up",
            ])
        #expect(HAProxyCommands.lower(from: two, to: back) == ["set server arm1/s2 state maint"])
        #expect(HAProxyCommands.difference(of: two, from: back, turned: false) != nil)
    }

    @Test func `long commands are cut into lines that fit HAProxy's buffer`() throws {
        let commands = (0..<500).map { "set server arm1/s\($0) state ready" }
        let lines = HAProxyCommands.lines(commands)
        #expect(lines.count > 1)
        #expect(lines.allSatisfy { $0.utf8.count < 4_200 && $0.hasPrefix("experimental-mode on;") })
        #expect(lines.flatMap { $0.split(separator: ";").dropFirst() }.map(String.init) == commands)
        #expect(HAProxyCommands.lines([]).isEmpty)
    }

    @Test func `requests that ended are counted by status, and counters that make no sense are refused`() throws {
        func answer(_ fives: String) -> String {
            """
            # pxname,svname,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other
            traffic,FRONTEND,9,9,9,9,9,9
            arm1,s1,9,9,9,9,9,9
            arm1,BACKEND,1,20,3,4,\(fives),6
            arm2,BACKEND,0,0,0,0,0,0
            lines,BACKEND,9,9,9,9,9,9
            arm7,BACKEND,9,9,9,9,9,9

            """
        }
        let counts = try HAProxyCounters.answered(answer("5"))
        #expect(counts.map(\.requests) == [39, 0, 0, 0, 0, 0])
        #expect(counts.map(\.errors) == [5, 0, 0, 0, 0, 0])
        for wrong in ["-1", "", "x", "99999999999999999999"] {
            #expect(throws: TargetError.self) { try HAProxyCounters.answered(answer(wrong)) }
        }
        #expect(throws: TargetError.self) { try HAProxyCounters.answered("") }
        #expect(throws: TargetError.self) { try HAProxyCounters.answered("Permission denied\n") }
    }

    @Test func `the lines of the log and the user's key are in the file`() throws {
        var routing = try self.routing(1, [(1, 9_000, ["127.0.0.1:26001"]), (2, 1_000, ["127.0.0.1:26002"])])
        let plain = try self.state(routing)
        #expect(
            self.lines(plain, of: "defaults").filter { $0.hasPrefix("log") } == [
                "log 127.0.0.1:31000 len 256 format raw local0",
                #"log-format "1 ${SLIPWAY_ROUTER_TOKEN} %[var(txn.slot)] %[sc0_inc_gpc0(lines)] %Ta "#
                    + #"%[var(txn.newcomer)]""#,
            ])
        #expect(self.lines(plain, of: "backend arm2").contains("http-request track-sc0 int(2) table lines"))
        func keys(_ key: UserKey?) throws -> [String] {
            routing.userKey = key
            return self.lines(try self.state(routing), of: "frontend traffic").filter {
                $0.contains("set-var(txn.user) req.")
            }
        }
        let own = "http-request set-var(txn.user) req.cook(Slipway-User) if split"
        #expect(try keys(nil) == [own])
        #expect(
            try keys(.cookie("sid")) == [
                "http-request set-var(txn.user) req.cook(sid) if split", own + " !{ var(txn.user) -m len 1:128 }",
            ])
        #expect(
            try keys(.header("X-Account")) == [
                "http-request set-var(txn.user) req.fhdr(X-Account) if split",
                own + " !{ var(txn.user) -m len 1:128 }",
            ])
        routing.userKey = .header("X-Account")
        #expect(HAProxyConfiguration.shape(try self.state(routing)) != HAProxyConfiguration.shape(plain))
    }

    @Test func `requests under way are sessions and queues of servers, or what the backend counts when it is more`()
        throws
    {
        let answer = """
            # pxname,svname,qcur,qmax,scur,smax
            traffic,FRONTEND,,,9,9
            arm1,s1,0,0,2,9
            arm1,s2,1,0,3,9
            arm1,BACKEND,0,0,5,9
            arm2,s1,0,0,0,9
            arm2,BACKEND,0,0,4,9
            arm9,BACKEND,0,0,4,9
            arm3,BACKEND

            """
        #expect(try HAProxyCounters.underWay(answer) == [6, 4, 0, 0, 0, 0])
    }
}
