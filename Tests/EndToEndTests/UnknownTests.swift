import APIClient
import Foundation
import Subprocess
import Testing

/// Every verb that takes an id, with well-formed ids of what is not there, against the real server: answered at once, with 1.
@Suite(.serialized, .timeLimit(.minutes(2))) struct UnknownTests {
    static let verbs = [
        "promote shop@9.9.9 --to production", "promote r-0123 --to production --wait",
        "promote nosuch@1.0.0 --to production",
        "cancel shop/production/9", "cancel nosuch/production/1", "cancel shop/nosuch/1",
        "pause shop/production/9 --reason x", "resume shop/production/9 --reason x",
        "abort shop/production/9 --reason x", "retry shop/production/9 --reason x",
        "skip shop/production/9 --reason x", "status nosuch", "watch nosuch", "watch shop/nosuch",
        "watch nosuch/production",
        "watch shop/production/9", "watch r-0123", "watch c-7", "watch shop@9.9.9", "log nosuch", "log shop/nosuch",
        "log shop/production/9", "log r-0123", "log c-7", "log shop@9.9.9", "why shop/production/9", "why r-0123",
        "why c-7", "why shop@9.9.9", "rollback nosuch --env production --reason x",
        "rollback shop --env nosuch --reason x", "approve c-7 --reason x", "reject c-7 --reason x",
        "hold add nosuch --env production --reason x", "hold remove shop --env nosuch --reason x",
        "pin add shop --env nosuch --version 1.0.0 --reason x", "pin remove nosuch --env production --reason x",
        "block add r-0123 --env production --reason x", "block remove shop@9.9.9 --env production --reason x",
        "alarm clear shop --env nosuch --reason x", "logs nosuch --env production", "logs shop --env nosuch",
        "down nosuch --yes", "down --env nosuch --yes", "release show r-0123", "release show shop@9.9.9",
        "release list nosuch", "token revoke nosuch",
    ]

    /// The verbs that work without a server, on the data folder.
    static let offline = [
        "status nosuch", "log nosuch", "log shop/production/9", "log r-0123", "log c-7", "down nosuch --yes",
        "down --env nosuch --yes", "rollback nosuch --env production --reason x",
        "rollback shop --env nosuch --reason x",
    ]

    @Test func `what is not there is said so, with 1`() async throws {
        try await PlainServer.withFolder { data in
            try await PlainServer.run(on: data) { server in
                try await ServeTests.define(server)
                for verb in Self.verbs { try await Self.check(verb, data) }
            }.expectsSuccess()
            for verb in Self.offline { try await Self.check(verb, data) }
        }
    }

    private static func check(_ verb: String, _ data: String) async throws {
        let clock = ContinuousClock()
        let start = clock.now
        let ended = try await PlainServer.slipway(verb.split(separator: " ").map(String.init) + ["--data", data])
        #expect(ended.code == .exited(1), "\(verb): \(ended.err)")
        #expect(ended.out.isEmpty, "\(verb)")
        let last = ended.err.split(separator: "\n").last ?? ""
        #expect(last.hasPrefix("slipway: There is no "), "\(verb): \(last)")
        #expect(
            last.contains(/`(nosuch|shop\/nosuch|[a-z]+\/[a-z]+\/[19]|r-0123|c-7|9\.9\.9|shop@9\.9\.9)`/),
            "\(verb): \(last)")
        #expect(clock.now - start < .seconds(10), "\(verb)")
    }

    @Test func `an event stream of what is no stream is refused, not opened and ended`() async throws {
        try await PlainServer.withFolder { data in
            try await PlainServer.run(on: data) { server in
                await #expect {
                    try await APIClient.with(server.connection) { client in
                        for try await _ in client.events(after: 0, stream: "service/..") {}
                    }
                } throws: { error in
                    (error as? Wire.Problem)?.status == 400
                }
            }.expectsSuccess()
        }
    }

    @Test func `mistakes are told of the file that was given`() async throws {
        try await PlainServer.withFolder { data in
            let file = data + "-wrong.yaml"
            try Data("service: shop\nservce: x\n".utf8).write(to: URL(fileURLWithPath: file))
            try await PlainServer.run(on: data) { server in
                let ended = try await PlainServer.slipway(["apply", file, "--data", data])
                #expect(ended.code == .exited(1))
                #expect(ended.err.contains("\(file):2:1: "), "\(ended.err)")
                #expect(!ended.err.contains("slipway.yaml"))
            }.expectsSuccess()
        }
    }
}
