import FoundationEssentials
import Glibc
import Kits
import LocalTarget
import Ports
import Testing

@Suite struct FileCredentialsTests {
    private static func with(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/slipway-credentials-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private static func store(_ folder: String) -> FileCredentials {
        FileCredentials(data: folder, key: .of([:], data: folder, file: FileCredentials.keyFileName))
    }

    private static func files(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder + "/credentials").sorted()
            .map { "\(folder)/credentials/\($0)" }
    }

    private static func refused(_ code: SecretError.Code, _ body: () throws -> Void) {
        #expect(performing: body, throws: { ($0 as? SecretError)?.code == code })
    }

    @Test func `the store on disk does what every store of credentials must do`() throws {
        try Self.with { try CredentialKit(Self.store($0)).run() }
    }

    @Test func `a file tells neither whose record it is nor what is in it, and is this user's alone`() throws {
        try Self.with { folder in
            try Self.store(folder).put(Array("a verifier".utf8), as: CredentialKey(.password, "ana"))
            let file = try #require(try Self.files(folder).first)
            let text = try String(contentsOfFile: file, encoding: .utf8)
            #expect(!text.contains("verifier") && !text.contains("ana") && !file.hasSuffix("ana"))
            for path in [file, folder + "/credential.key"] {
                var status = stat()
                #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
            }
        }
    }

    @Test func `records that change places, and a lost key, are named`() throws {
        try Self.with { folder in
            let store = Self.store(folder)
            let (ana, bob) = (CredentialKey(.password, "ana"), CredentialKey(.password, "bob"))
            try store.put([1], as: ana)
            let file = try #require(try Self.files(folder).first)
            try store.put([2], as: bob)
            let other = try #require(try Self.files(folder).first { $0 != file })
            try FileManager.default.removeItem(atPath: file)
            try FileManager.default.copyItem(atPath: other, toPath: file)
            Self.refused(.damaged) { _ = try store.read(ana) }
            #expect(try store.read(bob) == [2])
            #expect(try store.ids(of: .password) == ["bob"])
            try FileManager.default.removeItem(atPath: folder + "/credential.key")
            Self.refused(.wrongKey) { _ = try Self.store(folder).read(bob) }
            Self.refused(.wrongKey) { try Self.store(folder).put([3], as: bob) }
        }
    }
}
