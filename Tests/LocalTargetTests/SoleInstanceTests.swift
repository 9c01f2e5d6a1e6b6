import Core
import Foundation
import Glibc
import LocalTarget
import Ports
import Testing

/// Process runtime and HAProxy together.
@Suite struct SoleInstanceTests {
    @Test func `a dead sole instance gives 503 with the service's name at once, and 200 when it is started again`()
        async throws
    {
        try await ProcessStage.run { stage in
            let router = HAProxyRouter(
                settings: HAProxyRouter.Settings(data: "\(stage.folder)/data", socketFolder: "\(stage.folder)/s"),
                table: try ProcessTable(), logger: quietLogger)
            let runtime = try stage.runtime()
            do {
                try await self.play(stage, runtime, router)
            } catch {
                try? await router.remove(stage.lane, term: Term(1))
                throw error
            }
            try await router.remove(stage.lane, term: Term(1))
        }
    }

    private func play(_ stage: ProcessStage, _ runtime: ProcessRuntime, _ router: HAProxyRouter) async throws {
        let gate = "\(stage.folder)/closed"
        let order = try stage.order(command: "while [ -e \(gate) ]; do sleep 0.02; done; exec ./app")
        _ = try await runtime.ensure(order, term: Term(1))
        let listen = try freeAddress()
        let arm = Routing.Arm(
            capacity: order.key, version: order.version, weight: .all,
            addresses: try await runtime.addresses(order.key))
        _ = try await router.apply(
            Routing(
                lane: stage.lane, listen: listen, generation: 1, arms: [arm], preview: nil,
                previewHeader: "Slipway-Preview"), term: Term(1))
        #expect(try await self.get(listen).status == 200)

        try "".write(toFile: gate, atomically: false, encoding: .utf8)
        let process = try stage.process(1)
        try await stage.supervised(runtime) {
            kill(process.pid, SIGKILL)
            try await eventually("it is dead") { try !ProcessTable().isRunning(process) }
            let clock = ContinuousClock()
            var waits: [Duration] = []
            for _ in 0..<5 {
                let start = clock.now
                let answer = try await self.get(listen)
                waits.append(clock.now - start)
                #expect(answer.status == 503)
                #expect(answer.body == "shop: no version is ready in production.\n")
            }
            print("503 of a dead sole instance after \(waits.sorted())")
            #expect(waits.allSatisfy { $0 < .seconds(1) }, "\(waits)")
            try FileManager.default.removeItem(atPath: gate)
            try await eventually("it serves again") { try await self.get(listen).status == 200 }
        }
    }

    private func get(_ address: ListenAddress) async throws -> TinyClient.Answer {
        try await blocking {
            var client = try TinyClient(address)
            return try client.get(headers: "")
        }
    }
}
