import Foundation
import Subprocess
import SystemPackage

/// The repository of the sample service, with the history that the story needs: always the same commits.
package struct SampleRepository: Sendable {
    /// Where the sample lies: `Examples/storefront` of a clone, or `share/slipway/storefront` of an installation.
    package let source: String
    /// The repository that is made.
    package let folder: String
    /// Listen ports of development, staging and production.
    package let ports: [Int]

    package init(source: String, folder: String, ports: [Int]) {
        self.source = source
        self.folder = folder
        self.ports = ports
    }

    /// Looks in every folder above the executable: an archive has `bin/slipway` and `share/slipway/storefront`,
    /// a clone has `.build/…/slipway` and `Examples/storefront`.
    package static func source(above executable: String) throws(DemoFailure) -> String {
        var folder = URL(fileURLWithPath: executable).deletingLastPathComponent()
        while true {
            for place in ["share/slipway/storefront", "Examples/storefront"] {
                let candidate = folder.appendingPathComponent(place).path
                if FileManager.default.fileExists(atPath: candidate + "/storefront.c") { return candidate }
            }
            if folder.path == "/" { break }
            folder.deleteLastPathComponent()
        }
        throw DemoFailure(
            .missing,
            "The sample service is not here: no share/slipway/storefront or Examples/storefront in any folder above "
                + "\(executable). Run the demo from a clone, or from the whole archive.")
    }

    static let files = ["storefront.c", "offers.h", "Makefile", "smoke.sh", "slipway.yaml"]

    /// Every call of git by this and nobody's configuration, so that the commits are the same everywhere.
    static let environment: [String: String] = [
        "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
        "GIT_AUTHOR_NAME": "Ada Moreno", "GIT_AUTHOR_EMAIL": "ada@storefront.example",
        "GIT_COMMITTER_NAME": "Ada Moreno", "GIT_COMMITTER_EMAIL": "ada@storefront.example",
        "GIT_AUTHOR_DATE": "2026-01-05T09:00:00Z", "GIT_COMMITTER_DATE": "2026-01-05T09:00:00Z",
    ]

    static let firstCommit = [
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all"],
        ["commit", "--quiet", "--message", "feat: open the shop"],
    ]

    /// The first commit: the shop as it stands in the sample's folder.
    package func begin() async throws {
        let files = FileManager.default
        try files.createDirectory(atPath: self.folder, withIntermediateDirectories: true)
        for name in Self.files {
            try files.copyItem(atPath: "\(self.source)/\(name)", toPath: "\(self.folder)/\(name)")
        }
        for command in Self.firstCommit { try await self.git(command) }
    }

    static func amCommand(_ patch: String) -> [String] {
        ["am", "--quiet", "--committer-date-is-author-date", patch]
    }

    /// The next commit of the history, by its number (1 is the first after the beginning).
    package func commit(_ number: Int) async throws {
        let history = self.source + "/history"
        let prefix = "000\(number)-"
        guard
            let patch = try FileManager.default.contentsOfDirectory(atPath: history).first(where: {
                $0.hasPrefix(prefix)
            })
        else { throw DemoFailure(.missing, "\(history) has no patch \(prefix)….") }
        try await self.git(Self.amCommand("\(history)/\(patch)"))
    }

    /// The service's file as it is now, with the addresses of this machine that are free.
    package func serviceFile() throws -> String {
        let text = try String(contentsOfFile: self.folder + "/slipway.yaml", encoding: .utf8)
        // All at once: a free port may be one that the file names for another environment.
        return text.replacing(/127\.0\.0\.1:700([1-9])\n/) { match in
            guard let number = Int(match.1), self.ports.indices.contains(number - 1) else { return String(match.0) }
            return "127.0.0.1:\(self.ports[number - 1])\n"
        }
    }

    private func git(_ arguments: [String]) async throws {
        var values: [Environment.Key: String?] = [:]
        for (name, value) in Self.environment {
            if let key = Environment.Key(rawValue: name) { values[key] = value }
        }
        let result = try await Subprocess.run(
            .name("git"), arguments: Arguments(arguments), environment: .inherit.updating(values),
            workingDirectory: FilePath(self.folder), output: .string(limit: 64 * 1024), error: .combinedWithOutput)
        guard result.terminationStatus.isSuccess else {
            throw DemoFailure(
                .unexpected, "git \(arguments[0]) failed in \(self.folder): \(result.standardOutput)")
        }
    }
}
