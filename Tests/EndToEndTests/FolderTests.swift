import APIClient
import Demo
import Foundation
import Testing

/// One data folder: with one server, with two, and with none.
@Suite(.serialized, .timeLimit(.minutes(5))) struct FolderTests {
    @Test func `a second server is refused, a wrong token too, and without a server status and rollback work`()
        async throws
    {
        try await Site.with(portsFrom: 7_201) { site in
            let data = site.folders.data
            try await site.server.run { running in
                let stage = Stage(client: running.client, repository: site.repository)
                let release = try await site.open(stage)
                _ = try await stage.end(of: try await stage.promote(release), as: .completed)
                let second = try await site.slipway("serve", "--data", data, "--listen", "127.0.0.1:0")
                #expect(second.code == 1)
                #expect(second.err.contains("in use by slipway, process"))
                #expect(second.err.contains(running.client.connection.address))
                await Self.refuse("a wrong token", at: running.client.connection.address)
                await Self.refuse(nil, at: running.client.connection.address)
            }
            let (_, log) = try await site.underLoad { log in
                let status = try await site.slipway("status", "--data", data, "--json")
                #expect(status.code == 0, "\(status.err)")
                let found = try JSONDecoder().decode(Wire.Status.self, from: Data(status.out.utf8))
                let before = found.services.flatMap(\.environments).first { $0.environment == Stage.production }
                #expect(before?.serving.map(\.version) == ["1.1.0"])
                let back = try await site.slipway(
                    "rollback", Stage.service, "--env", Stage.production, "--reason", "no server", "--data", data,
                    "--json")
                #expect(back.code == 0, "\(back.err)")
                let promotion = try JSONDecoder().decode(Wire.Promotion.self, from: Data(back.out.utf8))
                #expect(promotion.state == .rolledBack)
                #expect(promotion.version == "1.0.0")
                try await Stage.wait(for: "an answer of 1.0.0", within: .seconds(10)) {
                    log.counts().byVersion["1.0.0"] ?? 0 > 20 ? () : nil
                }
            }
            #expect(log.counts().failed == 0, "\(log.failures(limit: 5))")
            let audit = try await site.slipway("audit", "verify", "--data", data)
            #expect(audit.code == 0, "\(audit.err)")
            // The next server finds it so, and knows who did it.
            try await site.server.run { running in
                let lane = try await Stage(client: running.client, repository: site.repository).lane()
                #expect(lane.serving.map(\.version) == ["1.0.0"])
                #expect(lane.hold?.reason == "no server")
                #expect(lane.hold?.by == "person:\(NSUserName())")
            }
        }
    }

    private static func refuse(_ token: String?, at address: String) async {
        await #expect {
            _ = try await APIClient.with(Connection(address: address, token: token)) { try await $0.status() }
        } throws: { error in
            (error as? Wire.Problem)?.status == 401
        }
    }

    @Test func `down takes everything away and frees the ports`() async throws {
        let ports = try await Site.with(portsFrom: 7_301) { site in
            try await site.server.run { running in
                _ = try await site.open(Stage(client: running.client, repository: site.repository))
            }
            let open = site.repository.ports.filter { UInt16(exactly: $0).map { FreePorts.isFree($0) } ?? false }
            #expect(open.isEmpty)
            return site.repository.ports
        }
        let free = ports.filter { UInt16(exactly: $0).map { FreePorts.isFree($0) } ?? false }
        #expect(free == ports)
    }
}
