import ServiceFile
import Testing

@Suite struct PastedSecretTests {
    private static func read(_ name: String, _ value: String) -> ServiceFileError? {
        let lines = value.split(separator: "\n").map { "\n      \($0)" }.joined()
        let text = """
            service: shop
            run:
              command: ./shop
              variables:
                \(name): |-\(lines)
            environments: { prod: { listen: 127.0.0.1:7001 } }

            """
        do { _ = try ServiceFile.read(text) } catch { return error }
        return nil
    }

    @Test(arguments: [
        ("A", "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"),
        ("A", "AKIAIOSFODNN7EXAMPLE"),
        ("A", "https://x:ghp_0123456789abcdefABCDEF0123456789abcd@github.com/a/b"),
        ("A", "github_pat_11ABCDEFG0aBcDeFgHiJkLmNoPq"),
        ("A", "glpat-aB3dE6gH9jK2mN5pQ8sT"),
        ("A", "slipway_0123456789abcdef0123456789abcdef"),
        ("DB_PASSWORD", "xK9mP2vQ7wR4tY6uZ3nB"),
        ("API_KEY", "9f86d081884c7d659a2feaa0c55ad015"),
        ("STRIPE_SECRET", "c2VjcmV0LXZhbHVlLTEyMzQ1Njc4"),
        ("SESSION_TOKEN", "a1b2c3d4e5f6a7b8c9d0"), ("DB_PASSWORD", "hunter2"),
        ("DB_PASSWORD", "correct-horse-battery-staple"),
        ("DATABASE_URL", "postgres://app:S3cr3tPassw0rdXyz99@db/app"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("A", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"),
    ])
    func `a pasted secret is refused with its line and key, and is not repeated`(name: String, value: String) throws {
        let error = try #require(Self.read(name, value), "\(name)=\(value)")
        let problem = try #require(error.problems.first)
        #expect(problem.code == .secret && problem.line >= 5)
        #expect(problem.message.hasSuffix("slipway secret set \(name)"))
        #expect(problem.message.contains("run.variables.\(name)"))
        let parts = value.split(separator: "\n").map(String.init)
        #expect(!parts.contains { problem.message.contains($0) })
    }

    @Test(arguments: [
        ("LOG_LEVEL", "info"), ("CACHE_KEY", "products-listing-v2-2024-01"), ("KEY_FILE", "/etc/shop/tls/server.key"),
        ("API_KEY_FILE", "9f86d081884c7d659a2feaa0c55ad015"), ("PARTITION_KEY", "customerIdentifier"),
        ("TOKEN_URL", "https://login.example.com/oauth2/v2.0/token"), ("MONKEY", "9f86d081884c7d659a2feaa0c55ad015"),
        ("BUILD_ID", "9f86d081884c7d659a2feaa0c55ad015"), ("DB_PASSWORD_FILE", "/run/secrets/db"),
        ("TOKEN_TTL", "3600"), ("SECRETS_DIR", "/run/secrets"), ("DB_PASSWORD", "$OTHER"),
        ("DB_PASSWORD", "/run/password"),
        ("AT", "https://example.com/@shop:latest"), ("PROXY", "http://user:$PROXY_PASSWORD@proxy:3128"),
        ("DATABASE_URL", "postgres://shop@localhost:5432/shop"), ("PASSWORD_MIN_LENGTH", "12"),
        ("PUBLIC_KEY", "-----BEGIN PUBLIC KEY-----"), ("PREFIX", "ghp_"), ("S3_KEY", "images/2024/summer/beach.png"),
        ("SECRET_NAME", "shop-production-database-password-2024"), ("PRIMARY_KEY", "order_id, line_number"),
    ])
    func `an ordinary value is no secret`(name: String, value: String) {
        #expect(Self.read(name, value) == nil)
    }
}
