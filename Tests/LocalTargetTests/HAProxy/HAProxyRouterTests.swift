import Core
import Kits
import LocalTarget
import Ports
import Testing

@Suite struct HAProxyRouterTests {
    @Test(arguments: RouterKit.checks) func `HAProxy keeps the contract of a router`(_ check: RouterKit.Check) async throws {
        try await withWorld { try await check.run($0) }
    }
}
