import Core
import FoundationEssentials
import Glibc
import Kits
import LocalTarget
import Ports
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct InstanceSecretsTests {
    private static let value = "correct-horse-battery-staple"
    private static let shouting = "echo \"it is $DB_PASSWORD\"; "

    private static func store(_ stage: ProcessStage) throws -> (FileSecrets, SecretVersion) {
        let data = stage.folder + "/data"
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        let store = FileSecrets(data: data, key: .of([:], data: data))
        let version = SecretVersion(
            service: stage.lane.service, environment: nil, name: try #require(SecretName("DB_PASSWORD")), version: 1)
        try store.put(Self.value, as: version)
        return (store, version)
    }

    /// Files under a folder that hold the value.
    private static func holders(_ folder: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder).filter { name in
            guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)") else { return false }
            return String(decoding: data, as: UTF8.self).contains(Self.value)
        }
    }

    @Test func `an instance gets its secret, also when it is started again, and only its own output holds it`()
        async throws
    {
        try await ProcessStage.run { stage in
            let (store, version) = try Self.store(stage)
            var order = try stage.order(command: Self.shouting + "exec ./app")
            order.secrets = [version]
            let runtime = try stage.runtime(secrets: store)
            try await stage.supervised(runtime) { [order] in
                let report = try await runtime.ensure(order, term: Term(1))
                #expect(report.ready == 1)
                #expect(try await runtime.output(order.key, lines: 50).contains("it is [secret]"))
                let process = try stage.process(1)
                #expect(kill(process.pid, SIGKILL) == 0)
                try await eventually("another start") {
                    try await runtime.output(order.key, lines: 50).count { $0 == "it is [secret]" } == 2
                }
                let piece = try await runtime.output(order.key, from: nil)
                #expect(piece.lines.contains("it is [secret]"))
            }
            #expect(try Self.holders(stage.folder + "/data") == ["lanes/shop/production/1/instance-1.log"])
            try store.remove(version)
            let lines = try await runtime.output(order.key, lines: 50)
            #expect(lines.count == 1 && lines[0].contains("output is not shown"), "\(lines)")
        }
    }

    @Test func `the last lines of an instance that fails are told without the secret`() async throws {
        try await ProcessStage.run { stage in
            let (store, version) = try Self.store(stage)
            var order = try stage.order(command: Self.shouting + "exit 3")
            order.secrets = [version]
            let report = try await stage.runtime(secrets: store).ensure(order, term: Term(1))
            #expect(report.ready == 0)
            #expect(report.lastLines.first == "it is [secret]", "\(report.lastLines)")
            // Without its value nothing is started at all.
            try store.remove(version)
            order.key = stage.key(2)
            await #expect(throws: TargetError.self) {
                _ = try await stage.runtime(secrets: store).ensure(order, term: Term(1))
            }
        }
    }
}
