package import Ports
import Testing

/// What every store of what people sign in with must do.
package struct CredentialKit {
    private let store: any CredentialStore

    package init(_ store: any CredentialStore) { self.store = store }

    package func run() throws {
        let (ana, link, session) = (
            CredentialKey(.password, "ana"), CredentialKey(.link, "ana"), CredentialKey(.session, "00ff")
        )
        #expect(try self.store.read(ana) == nil)
        #expect(try self.store.ids(of: .password) == [])
        try self.store.put([1, 2, 3], as: ana)
        try self.store.put([0], as: link)
        try self.store.put(Array("{}".utf8), as: session)
        #expect(try self.store.read(ana) == [1, 2, 3])
        // The same id of another kind is another record.
        #expect(try self.store.read(link) == [0])
        try self.store.put([4], as: ana)
        #expect(try self.store.read(ana) == [4])
        let strange = CredentialKey(.password, "Jürgen O'Neil\n../x")
        try self.store.put([9], as: strange)
        #expect(try Set(self.store.ids(of: .password)) == ["ana", "Jürgen O'Neil\n../x"])
        #expect(try self.store.ids(of: .session) == ["00ff"])
        #expect(try self.store.rotateKey() == 4)
        #expect(try self.store.read(ana) == [4] && self.store.read(strange) == [9])
        try self.store.remove(ana)
        try self.store.remove(ana)
        #expect(try self.store.read(ana) == nil && self.store.read(link) == [0])
        for (bytes, id) in [
            ([], "ana"), ([UInt8](repeating: 1, count: CredentialRecord.bytesMost + 1), "ana"), ([1], ""),
            ([1], String(repeating: "x", count: CredentialRecord.idBytesMost + 1)),
        ] {
            #expect {
                try self.store.put(bytes, as: CredentialKey(.password, id))
            } throws: {
                ($0 as? SecretError)?.code == .invalid
            }
        }
    }
}
