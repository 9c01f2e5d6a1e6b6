import Kits
import Lab
import Testing

@Suite struct MemorySecretsTests {
    @Test func `the store in memory does what every store of secrets must do`() throws {
        try SecretKit(MemorySecrets()).run()
    }
}
