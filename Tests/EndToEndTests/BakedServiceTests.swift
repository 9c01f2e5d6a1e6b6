import APIClient
import Demo
import Foundation
import Testing

/// What the watch after 100 % sees of real processes, without a word of configuration.
@Suite(.timeLimit(.minutes(5))) struct BakedServiceTests {
    @Test func `of a service whose only instance dies every 5 s the judge takes the traffic back`() async throws {
        try await Self.with(portsFrom: 7_801) { place, client, log in
            try await Self.release(place, Program.steady, replicas: 1, bake: "1s")
            _ = try await Self.end(of: try await Self.promote("0.1.0", client), client, as: .completed)
            try await Self.release(place, Program.dying, replicas: 1, bake: "60s")
            let start = LoadGenerator.now
            let ended = try await Self.end(of: try await Self.promote("0.2.0", client), client, as: .aborted)
            #expect(ended.reason?.contains("error") == true, "\(ended.reason ?? "no reason")")
            #expect(try await Self.lane(client).serving.map(\.version) == ["0.1.0"])
            #expect(try await Self.lane(client).blocks.count == 1)
            let deaths = try await client.events(stream: "lane/own-shop/production", limit: 1_000)
                .filter { $0.kind == "lane.instancesDied" }
            #expect(!deaths.isEmpty)
            print("figure: died every 5 s: \(log.counts(from: start).requests) requests, \(ended.reason ?? "")")
        }
    }

    @Test func `that one of two instances dies every 5 s is told, and nothing is taken back`() async throws {
        try await Self.with(portsFrom: 7_821) { place, client, _ in
            try await Self.release(place, Program.firstDying, replicas: 2, bake: "12s")
            let promotion = try await Self.promote("0.1.0", client)
            let warning = try await Self.warning(place)
            #expect(warning.contains("own-shop/production: 0.1.0: instances were started again"), "\(warning)")
            let now = try await client.promotion(promotion.id)
            #expect(now.judgement?.warning?.contains("started again") == true)
            #expect(try await place.slipway("status").out.contains("watch out: instances were started again"))
            _ = try await Self.end(of: promotion, client, as: .completed)
        }
    }

    @Test func `that memory leaks is told, and nothing is taken back`() async throws {
        try await Self.with(portsFrom: 7_841) { place, client, _ in
            try await Self.release(place, Program.leaking, replicas: 1, bake: "30s")
            let promotion = try await Self.promote("0.1.0", client)
            let warning = try await Self.warning(place)
            #expect(warning.contains("own-shop/production: 0.1.0: its memory grows steadily"), "\(warning)")
            _ = try await Self.end(of: promotion, client, as: .completed)
        }
    }

    // MARK: The place

    private enum Program {
        static let steady = Self.text("")
        /// Ends without a word, as after a bug that nobody caught.
        static let dying = Self.text("threading.Timer(5, os._exit, [1]).start()")
        static let firstDying = Self.text("if os.environ['INSTANCE'] == '1': threading.Timer(5, os._exit, [1]).start()")
        /// A megabyte a second, and every byte of it written.
        static let leaking = Self.text(
            """
            kept = []
            def leak():
                while True:
                    kept.append(bytearray(b"x" * (1 << 17)))
                    time.sleep(0.125)
            threading.Thread(target=leak, daemon=True).start()
            """)

        private static func text(_ more: String) -> String {
            """
            import http.server, os, threading, time

            class Handler(http.server.BaseHTTPRequestHandler):
                protocol_version = "HTTP/1.1"

                def do_GET(self):
                    body = os.environ["VERSION"].encode()
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.send_header("Own-Version", os.environ["VERSION"])
                    self.end_headers()
                    self.wfile.write(body)

                def log_message(self, *words):
                    pass

            \(more)
            http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()

            """
        }
    }

    /// A server, and load on the service from the first release on.
    private static func with(
        portsFrom first: UInt16, _ body: @escaping @Sendable (OwnPlace, APIClient, LoadLog) async throws -> Void
    ) async throws {
        try await OwnPlace.with(portsFrom: first) { place in
            try await place.git("init", "-q", "-b", "main")
            try await place.serving { place in
                let folder = URL(fileURLWithPath: place.data, isDirectory: true)
                let connection = try Connection.find(dataFolder: folder, server: nil, token: nil)
                try await APIClient.with(connection) { client in
                    let (log, stop) = (LoadLog(), StopSign())
                    var generator = LoadGenerator(url: "http://127.0.0.1:\(place.ports[0])/", perSecond: 50)
                    generator.versionHeader = "Own-Version"
                    try await withThrowingTaskGroup(of: Void.self) { [generator] group in
                        group.addTask { await generator.run(into: log, until: stop) }
                        defer { stop.set() }
                        try await body(place, client, log)
                    }
                }
            }
        }
    }

    /// A commit of this program, applied and built. The first release goes in whole, whatever the strategy: `canary`
    /// only has its watch look every second.
    private static func release(_ place: OwnPlace, _ program: String, replicas: Int, bake: String) async throws {
        try place.write(program, to: "app.py")
        let strategy =
            try await place.git("rev-list", "--all", "--count") == "0\n"
            ? "canary: { steps: [50, 100], each: { atLeast: 1s, atMost: 10s }, observe: 1s }" : "bigBang"
        try place.write(
            """
            service: own-shop
            build: { command: mkdir dist && cp app.py dist/, artifact: dist/ }
            run: { command: exec python3 app.py, replicas: \(replicas) }
            environments:
              production:
                listen: 127.0.0.1:\(place.ports[0])
                strategy: \(strategy.contains(":") ? "{ \(strategy) }" : strategy)
                bake: \(bake)
                keepWarm: 10m
                drain: 1s
                notify: { run: 'echo "$TEXT" >> "\(place.root)/told"', on: [warning] }

            """, to: "slipway.yaml")
        try await place.git("add", ".")
        try await place.git("commit", "-qm", "feat: a shop")
        for words in [["apply"], ["release", "create"]] {
            let ended = try await place.slipway(words)
            guard ended.code == 0 else { throw OwnPlace.Missing(description: "\(words): \(ended.err)") }
        }
    }

    // MARK: What is asked for

    private static func promote(_ version: String, _ client: APIClient) async throws -> Wire.Promotion {
        try await client.promote(Wire.Promote(release: "own-shop@\(version)", environment: "production"))
    }

    private static func lane(_ client: APIClient) async throws -> Wire.Lane {
        try await client.lane(service: "own-shop", environment: "production")
    }

    private static func end(
        of promotion: Wire.Promotion, _ client: APIClient, as expected: Wire.PromotionState
    ) async throws -> Wire.Promotion {
        let ended = try await Stage.wait(for: "the end of \(promotion.id)", within: .seconds(90)) {
            let now = try await client.promotion(promotion.id)
            return now.state.isEnd ? now : nil
        }
        #expect(ended.state == expected, "\(ended.reason ?? "no reason")")
        return ended
    }

    /// What the service's own notification command was told.
    private static func warning(_ place: OwnPlace) async throws -> String {
        try await Stage.wait(for: "a warning", within: .seconds(60)) {
            try? String(contentsOfFile: place.root + "/told", encoding: .utf8)
        }
    }
}
