import APIClient
import Demo
import Foundation
import Subprocess
import SystemPackage
import Testing

/// `watch: main` with the real binary: a commit, and nothing else, and it serves in the last environment.
@Suite(.serialized, .timeLimit(.minutes(3))) struct WatchTests {
    @Test func `a pushed commit, and then a committed one, serves in the last environment without a further command`()
        async throws
    {
        let ports = try #require(FreePorts.find(2, from: 27_400))
        try await PlainServer.withFolder { data in
            let place = (data as NSString).deletingLastPathComponent
            let (work, bare) = (place + "/shop", place + "/shop.git")
            try await Self.git(["init", "--quiet", "--bare", "--initial-branch=main", bare])
            try await Self.git(["init", "--quiet", "--initial-branch=main", work])
            try await Self.git(["-C", work, "remote", "add", "origin", bare])
            try Self.file(ports).write(toFile: work + "/slipway.yaml", atomically: true, encoding: .utf8)
            try await Self.commit("one", in: work)
            try await Self.slipway(["hook", "install", "--service", "shop", "--data", data], in: bare)
            // Nobody is there to be told yet: the push is done all the same.
            try await Self.git(["-C", work, "push", "--quiet", "origin", "main"])

            let stopped = try await PlainServer.run(on: data) { server in
                try await Self.slipway(["apply", "--repository", bare, "--data", data], in: work)
                try await Self.answer("one", at: ports[1])
                try await Self.commit("two", in: work)
                let pushed = ContinuousClock.now
                try await Self.git(["-C", work, "push", "--quiet", "origin", "main"])
                try await Self.answer("two", at: ports[1])
                print("figure: push to serving in the second environment: \(ContinuousClock.now - pushed)")

                // The same for a repository in which people commit.
                try await Self.slipway(["hook", "install", "--data", data], in: work)
                try await Self.slipway(["apply", "--data", data], in: work)
                try await Self.commit("three", in: work)
                try await Self.answer("three", at: ports[1])
                try await Self.slipway(["hook", "poke", "shop", "--data", data], in: work)
                let releases = try await APIClient.with(server.connection) { try await $0.releases(service: "shop") }
                #expect(releases.map(\.version) == ["0.3.0", "0.2.0", "0.1.0"])
                #expect(releases.allSatisfy { $0.by == "schedule" && $0.state == .built })
                try await Self.slipway(["hook", "install", "--remove"], in: work)
                try await Self.slipway(["down", "--yes", "--data", data], in: work)
            }
            #expect(stopped.status == .exited(0), "\(stopped.output)")
        }
    }

    @Test func `a token for releases makes one and waits for it, and promotes nothing`() async throws {
        let ports = try #require(FreePorts.find(2, from: 27_420))
        try await PlainServer.withFolder { data in
            let work = (data as NSString).deletingLastPathComponent + "/shop"
            try await Self.git(["init", "--quiet", "--initial-branch=main", work])
            let file = Self.file(ports).replacing("watch: main\n", with: "").replacing(
                ", promote: automatically", with: "")
            try file.write(toFile: work + "/slipway.yaml", atomically: true, encoding: .utf8)
            try await Self.commit("one", in: work)
            let stopped = try await PlainServer.run(on: data) { server in
                try await Self.slipway(["apply", "--data", data], in: work)
                let words = ["token", "add", "ci", "--scope", "release", "--service", "shop", "--json", "--data", data]
                let made = try await Self.slipway(words, in: work)
                let token = try JSONDecoder().decode(Wire.Token.self, from: Data(made.utf8))
                #expect(token.scope == "release of shop")
                let secret = ["SLIPWAY_TOKEN": token.secret, "SLIPWAY_SERVER": server.connection.address]
                try await Self.slipway(["release", "create", "--data", data + "-none"], in: work, secret)
                let refused = try await Self.run(
                    ["promote", "shop@0.1.0", "--to", "development", "--data", data + "-none"], in: work, secret)
                #expect(refused.code == .exited(1))
                #expect(refused.err.contains("This token is good for releases of shop alone"))
                let list = try await Self.slipway(["token", "list", "--data", data], in: work)
                #expect(list.contains("release of shop"))
                let log = try await Self.slipway(["log", "access", "--data", data], in: work)
                #expect(log.contains("refused"))
            }
            #expect(stopped.status == .exited(0), "\(stopped.output)")
        }
    }

    private static func file(_ ports: [Int]) -> String {
        """
        service: shop
        owner: web-team
        watch: main
        build:
          command: mkdir dist && cp page dist/index.html
          artifact: dist/
        run: exec python3 -m http.server "$PORT" --bind 127.0.0.1
        environments:
          development: { listen: 127.0.0.1:\(ports[0]), promote: automatically }
          production: { listen: 127.0.0.1:\(ports[1]), after: development, promote: automatically }

        """
    }

    private static func commit(_ word: String, in work: String) async throws {
        try word.write(toFile: work + "/page", atomically: true, encoding: .utf8)
        try await Self.git(["-C", work, "add", "--all"])
        let person = ["-c", "user.name=Ada", "-c", "user.email=ada@shop.example", "-c", "commit.gpgSign=false"]
        try await Self.git(["-C", work] + person + ["commit", "--quiet", "-m", "feat: \(word)"])
    }

    private static func git(_ words: [String]) async throws {
        let ended = try await Subprocess.run(
            .name("git"), arguments: Arguments(words), output: .string(limit: 1 << 20), error: .combinedWithOutput)
        try #require(ended.terminationStatus == .exited(0), "git \(words): \(ended.standardOutput)")
    }

    private static func run(
        _ words: [String], in folder: String, _ more: [String: String?] = [:]
    ) async throws -> (code: TerminationStatus, out: String, err: String) {
        var values: [Environment.Key: String?] = [:]
        for (name, value) in more { if let key = Environment.Key(rawValue: name) { values[key] = value } }
        let ended = try await Subprocess.run(
            .path(FilePath(Binary.slipway)), arguments: Arguments(words), environment: .inherit.updating(values),
            workingDirectory: FilePath(folder), output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        return (ended.terminationStatus, ended.standardOutput, ended.standardError)
    }

    @discardableResult
    private static func slipway(
        _ words: [String], in folder: String, _ more: [String: String?] = [:]
    ) async throws -> String {
        let ended = try await Self.run(words, in: folder, more)
        try #require(ended.code == .exited(0), "slipway \(words): \(ended.out)\(ended.err)")
        return ended.out
    }

    /// Waits until this is what is served.
    private static func answer(_ word: String, at port: Int) async throws {
        let end = ContinuousClock.now + .seconds(60)
        while true {
            let ended = try await Subprocess.run(
                .name("curl"), arguments: ["--silent", "--max-time", "5", "http://127.0.0.1:\(port)/"],
                output: .string(limit: 1 << 20), error: .discarded)
            if ended.standardOutput == word { return }
            try #require(ContinuousClock.now < end, "\(word) never came; served is \(ended.standardOutput)")
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
