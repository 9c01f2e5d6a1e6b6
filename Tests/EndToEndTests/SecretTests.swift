import APIClient
import Demo
import Foundation
import Testing

/// A secret from the command line to an instance that prints it: nobody else has it afterwards.
@Suite(.serialized, .timeLimit(.minutes(3))) struct SecretTests {
    private static let value = "correct-horse-battery-staple-4711"

    private static func file(_ place: OwnPlace) -> String {
        """
        service: own-shop
        build: { command: mkdir dist && cp app.py dist, artifact: dist/ }
        run:
          command: echo "the password is $DB_PASSWORD"; exec python3 -u app.py --port $PORT
          secrets: [DB_PASSWORD]
        environments:
          production: { listen: 127.0.0.1:\(place.ports[2]), strategy: bigBang }

        """
    }

    @Test func `after a deployment only the instance's own output holds the secret`() async throws {
        try await OwnPlace.with(portsFrom: 7_441) { place in
            try place.write(OwnPlace.program("one"), to: "app.py")
            try place.write(Self.file(place), to: "slipway.yaml")
            try place.write(Self.value + "\n", to: "password.txt")
            try await place.git("init", "-q", "-b", "main")
            try await place.git("add", "app.py", "slipway.yaml")
            try await place.git("commit", "-qm", "feat: a shop")
            try await place.serving { place in
                try await self.deploy(place)
                try await self.answers(place)
            }
            try await self.files(place)
            try await self.backups(place)
        }
    }

    private func done(_ place: OwnPlace, _ words: String...) async throws -> String {
        let ended = try await place.slipway(words)
        try #require(ended.code == 0, "\(words): \(ended.out) \(ended.err)")
        #expect(!ended.out.contains(Self.value) && !ended.err.contains(Self.value), "\(words)")
        return ended.out
    }

    private func deploy(_ place: OwnPlace) async throws {
        _ = try await self.done(place, "apply")
        _ = try await self.done(place, "release", "create")
        let waiting = try await place.slipway(
            "promote", "own-shop@0.1.0", "--to", "production", "--wait", "--timeout", "2s")
        #expect(waiting.code == 4, "\(waiting)")
        #expect(try await self.done(place, "status").contains("slipway secret set DB_PASSWORD"))
        let set = try await self.done(
            place, "secret", "set", "DB_PASSWORD", "--service", "own-shop", "--env", "production", "--from",
            "password.txt")
        #expect(set.contains("has version 1"))
        try await Stage.wait(for: "the page", within: .seconds(30)) {
            (try? await place.page()) == "one" ? () : nil
        }
        try await Stage.wait(for: "the end of the deployment", within: .seconds(30)) {
            try await place.ask("GET", "/api/v1/promotions/own-shop/production/1").text.contains("completed")
                ? () : nil
        }
        #expect(
            try await self.done(place, "logs", "own-shop", "--env", "production").contains("the password is [secret]"))
        #expect(
            try await self.done(place, "secret", "list", "--service", "own-shop").contains("DB_PASSWORD  production"))
        #expect(try await self.done(place, "why", "own-shop/production/1").contains("DB_PASSWORD version 1"))
        _ = try await self.done(place, "secret", "rotate-key", "--reason", "each quarter")
    }

    private func answers(_ place: OwnPlace) async throws {
        for path in [
            "/api/v1/status", "/api/v1/events?limit=1000", "/api/v1/services/own-shop/secrets", "/api/v1/releases",
            "/api/v1/lanes/own-shop/production", "/api/v1/lanes/own-shop/production/logs",
            "/api/v1/why/own-shop/production/1", "/api/v1/promotions/own-shop/production/1", "/",
        ] {
            let answer = try await place.ask("GET", path)
            #expect(answer.status < 500 && !answer.text.contains(Self.value), "\(path)")
        }
    }

    /// Files of ours, whatever they are; beside the one that the instance itself writes.
    private func files(_ place: OwnPlace) async throws {
        let names = try FileManager.default.subpathsOfDirectory(atPath: place.data)
        let holders = names.filter { name in
            guard let bytes = FileManager.default.contents(atPath: "\(place.data)/\(name)") else { return false }
            return bytes.range(of: Data(Self.value.utf8)) != nil
        }
        #expect(holders == ["lanes/own-shop/production/1/instance-1.log"])
        #expect(names.contains { $0.hasPrefix("secrets/") } && names.contains("ledger.sqlite"))
        let log = try String(contentsOfFile: place.root + "/server.log", encoding: .utf8)
        #expect(!log.contains(Self.value))
        #expect(try place.rights(of: "/secret.key") == 0o600)
    }

    private func backups(_ place: OwnPlace) async throws {
        let key = try Data(contentsOf: URL(fileURLWithPath: place.data + "/secret.key"))
        #expect(
            try await self.done(place, "backup", place.root + "/plain.tar").contains("1 encrypted secrets (without"))
        #expect(
            try await self.done(place, "backup", place.root + "/whole.tar", "--with-key").contains("(with their key)"))
        for (name, hasKey) in [("plain.tar", false), ("whole.tar", true)] {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(place.root)/\(name)"))
            #expect(bytes.range(of: Data(Self.value.utf8)) == nil)
            #expect((bytes.range(of: key) != nil) == hasKey)
            let folder = "\(place.root)/from-\(name)"
            let restored = try await place.slipway("restore", "\(place.root)/\(name)", "--data", folder)
            #expect(restored.code == 0, "\(restored)")
            #expect(FileManager.default.fileExists(atPath: folder + "/secret.key") == hasKey)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/secrets").count == 1)
        }
    }
}
