import Core
import FoundationEssentials
import Glibc
import Kits
import LocalTarget
import Ports
import Testing

@Suite struct FileSecretsTests {
    private static func with(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/slipway-secrets-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private static func store(_ folder: String) -> FileSecrets {
        FileSecrets(data: folder, key: .of([:], data: folder))
    }

    private static func files(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder + "/secrets").map { "\(folder)/secrets/\($0)" }
    }

    private static func refused(_ code: SecretError.Code, _ body: () throws -> Void) {
        #expect(performing: body, throws: { ($0 as? SecretError)?.code == code })
    }

    @Test func `the store on disk does what every store of secrets must do`() throws {
        try Self.with { try SecretKit(Self.store($0)).run() }
    }

    @Test func `no file but the key's holds what reads a value, and both are this user's alone`() throws {
        try Self.with { folder in
            try Self.store(folder).put("correct horse battery", as: SecretKit.version("prod", 1))
            let file = try #require(try Self.files(folder).first)
            let text = try String(contentsOfFile: file, encoding: .utf8)
            #expect(!text.contains("correct") && text.contains("DB_PASSWORD"))
            for path in [file, folder + "/secret.key"] {
                var status = stat()
                #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
            }
        }
    }

    @Test func `values that change places are refused`() throws {
        try Self.with { folder in
            let store = Self.store(folder)
            let (first, second) = try (SecretKit.version("prod", 1), SecretKit.version("dev", 1))
            try store.put("the first one", as: first)
            let file = try #require(try Self.files(folder).first)
            try store.put("the second one", as: second)
            let other = try #require(try Self.files(folder).first { $0 != file })
            let (one, two) = try (
                String(contentsOfFile: file, encoding: .utf8), String(contentsOfFile: other, encoding: .utf8)
            )
            // The whole file, and the box alone under the right words.
            try Data(two.utf8).write(to: URL(filePath: file))
            Self.refused(.damaged) { _ = try store.value(first) }
            let mixed = one.split(separator: "\n").dropLast() + two.split(separator: "\n").suffix(1)
            try Data((mixed.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: file))
            Self.refused(.damaged) { _ = try store.value(first) }
            #expect(try store.value(second) == "the second one")
        }
    }

    @Test func `a lost or another key is named, and no new one is made beside old values`() throws {
        try Self.with { folder in
            let version = try SecretKit.version(nil, 1)
            try Self.store(folder).put("correct horse", as: version)
            let key = folder + "/secret.key"
            let old = try String(contentsOfFile: key, encoding: .utf8)
            try FileManager.default.removeItem(atPath: key)
            Self.refused(.wrongKey) { _ = try Self.store(folder).value(version) }
            Self.refused(.wrongKey) { try Self.store(folder).put("another", as: version) }
            let other = String(repeating: "ab", count: 32)
            let given = FileSecrets(data: folder, key: .of(["SLIPWAY_SECRET_KEY": other], data: folder))
            Self.refused(.wrongKey) { _ = try given.value(version) }
            let both = FileSecrets(
                data: folder, key: .of(["SLIPWAY_SECRET_KEY": "\(other),\(old)"], data: folder))
            #expect(try both.value(version) == "correct horse")
            #expect(try both.rotateKey() == 1)
            #expect(try given.value(version) == "correct horse")
            let wrong = FileSecrets(data: folder, key: .of(["SLIPWAY_SECRET_KEY": "hunter2"], data: folder))
            Self.refused(.damaged) { _ = try wrong.value(version) }
        }
    }

    @Test func `a rotation that was cut off leaves all readable, and the next one ends it`() throws {
        try Self.with { folder in
            let store = Self.store(folder)
            let version = try SecretKit.version(nil, 1)
            try store.put("correct horse", as: version)
            let key = folder + "/secret.key"
            let old = try String(contentsOfFile: key, encoding: .utf8)
            let new = String(repeating: "0f", count: 32)
            // As it stands after the new key was written, and before any value was.
            try Data("\(new)\n\(old)".utf8).write(to: URL(filePath: key))
            #expect(chmod(key, 0o600) == 0)
            #expect(try store.value(version) == "correct horse")
            #expect(try store.rotateKey() == 1)
            #expect(try String(contentsOfFile: key, encoding: .utf8) == new + "\n")
            #expect(try store.value(version) == "correct horse")
            #expect(chmod(key, 0o644) == 0)
            Self.refused(.wrongKey) { _ = try store.value(version) }
        }
    }

    @Test func `a mask hides each line of each value, the longest first`() {
        let mask = SecretMask(["pass", "password", "line one\nline two"])
        #expect(mask.hide("a password, a pass, pas") == "a [secret], a [secret], pas")
        #expect(mask.hide("line two; line one") == "[secret]; [secret]")
        #expect(SecretMask([]).hide("password") == "password")
    }
}
