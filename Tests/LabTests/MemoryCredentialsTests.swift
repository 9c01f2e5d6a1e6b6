import Kits
import Lab
import Testing

@Suite struct MemoryCredentialsTests {
    @Test func `the store in memory does what every store of credentials must do`() throws {
        try CredentialKit(MemoryCredentials()).run()
    }
}
