package import Core
package import Ports
import Testing

/// What every store of secrets must do.
package struct SecretKit {
    private let store: any SecretStore

    package init(_ store: any SecretStore) { self.store = store }

    package static func version(_ environment: String?, _ number: Int, _ name: String = "DB_PASSWORD") throws
        -> SecretVersion
    {
        SecretVersion(
            service: try #require(ServiceName("shop")),
            environment: try environment.map { try #require(EnvironmentName($0)) },
            name: try #require(SecretName(name)), version: number)
    }

    package func run() throws {
        let (all, own, next) = try (Self.version(nil, 1), Self.version("prod", 1), Self.version("prod", 2))
        try self.refuses(.missing) { _ = try self.store.value(all) }
        try self.store.put("for all of them", as: all)
        try self.store.put("for prod alone", as: own)
        try self.store.put("line 1\nline 2\t\u{1F511}", as: next)
        #expect(try self.store.value(all) == "for all of them")
        #expect(try self.store.value(own) == "for prod alone")
        #expect(try self.store.value(next) == "line 1\nline 2\t\u{1F511}")
        // One that never came on record is replaced.
        try self.store.put("another one", as: next)
        #expect(try self.store.value(next) == "another one")
        for wrong in ["", "abc", "with\0zero", String(repeating: "x", count: SecretValue.most + 1)] {
            try self.refuses(.invalid) { try self.store.put(wrong, as: own) }
        }
        #expect(try self.store.rotateKey() == 3)
        #expect(try self.store.value(own) == "for prod alone")
        try self.store.remove(own)
        try self.store.remove(own)
        try self.refuses(.missing) { _ = try self.store.value(own) }
        #expect(try self.store.value(all) == "for all of them")
    }

    private func refuses(_ code: SecretError.Code, _ body: () throws -> Void) throws {
        #expect {
            try body()
        } throws: {
            ($0 as? SecretError)?.code == code
        }
    }
}
