import Foundation
import Glibc
import Subprocess
import Testing

/// A certificate for this machine that nobody else has signed, in a folder that is removed afterwards.
struct OwnCertificate: Sendable {
    let folder: String

    var certificate: String { self.folder + "/certificate.pem" }
    var key: String { self.folder + "/key.pem" }

    static func with(_ body: (OwnCertificate) async throws -> Void) async throws {
        var template = Array("/tmp/slipway-certificate-XXXXXX".utf8CString)
        let own = OwnCertificate(folder: String(cString: try #require(mkdtemp(&template))))
        do {
            try await own.make(named: "first")
            try await body(own)
        } catch {
            try? FileManager.default.removeItem(atPath: own.folder)
            throw error
        }
        try? FileManager.default.removeItem(atPath: own.folder)
    }

    /// Makes both files anew.
    func make(named name: String) async throws {
        let result = try await Subprocess.run(
            .name("openssl"),
            arguments: [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=\(name)", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
                "-keyout", self.key, "-out", self.certificate,
            ], output: .string(limit: 65_536), error: .string(limit: 65_536))
        try #require(
            result.terminationStatus.isSuccess,
            "`openssl` makes the certificates of these tests: apt-get install openssl. \(result.standardError)")
    }
}
