import Core
import Foundation
import LocalTarget
import Ports
import Testing

/// Blobs in one folder, by the digest that the machine's own `sha256sum` gives.
struct FolderBlobs: BlobStore {
    let folder: String

    func store(file path: String) async throws -> Blob {
        let text = "sha256:" + (try program("/usr/bin/sha256sum", ["-b", path])).prefix(64)
        let digest = try #require(Digest(text))
        let target = "\(self.folder)/\(digest.hexadecimal)"
        if !FileManager.default.fileExists(atPath: target) {
            try FileManager.default.moveItem(atPath: path, toPath: target)
        }
        let size = try #require(try FileManager.default.attributesOfItem(atPath: target)[.size] as? Int)
        return Blob(digest: digest, bytes: Int64(size))
    }

    func store(_ bytes: [UInt8]) async throws -> Blob {
        let path = "\(self.folder)/\(UUID().uuidString)"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return try await self.store(file: path)
    }

    func read(_ digest: Digest, limit: Int) async throws -> [UInt8]? {
        guard let path = try await self.path(digest) else { return nil }
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        try #require(data.count <= limit)
        return [UInt8](data)
    }

    func remove(_ digest: Digest, storedBefore time: Instant) async throws -> Int64 { 0 }

    func stored(before time: Instant) async throws -> [Blob] { [] }

    func path(_ digest: Digest) async throws -> String? {
        let path = "\(self.folder)/\(digest.hexadecimal)"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }
}

/// A repository with one commit, and what is needed to build it.
struct BuildFixture {
    let scratch: JobScratch
    let repository: RepositoryFixture
    let commit: String
    let blobs: FolderBlobs

    init(_ files: [String: String] = ["README": "x"]) throws {
        self.scratch = try JobScratch()
        self.repository = try RepositoryFixture(in: self.scratch)
        for (name, text) in files { try self.repository.write(text, to: name, isExecutable: name.hasSuffix(".sh")) }
        self.commit = try self.repository.commit("feat: first")
        self.blobs = FolderBlobs(folder: try self.scratch.folder("blobs"))
    }

    static let path = "/usr/local/bin:/usr/bin:/bin"

    private func workshop(_ limits: JobLimits) -> Workshop {
        var workshop = Workshop(source: GitRepository(), blobs: self.blobs, path: Self.path)
        workshop.limits = limits
        return workshop
    }

    func builder(_ folder: String = "builds", limits: JobLimits = JobLimits()) -> LocalBuilder {
        LocalBuilder(folder: "\(self.scratch.path)/\(folder)", workshop: self.workshop(limits))
    }

    func runner(limits: JobLimits = JobLimits()) -> ShellCommandRunner {
        ShellCommandRunner(folder: "\(self.scratch.path)/commands", workshop: self.workshop(limits))
    }

    func order(
        _ command: String, artifact: String = "out", tests: String? = nil, within: Milliseconds = .minutes(5),
        release: String = "r-1"
    ) throws -> BuildOrder {
        var configuration = BuildConfiguration(command: command, artifact: artifact)
        configuration.tests = tests
        configuration.within = within
        return BuildOrder(
            release: try #require(ReleaseID(release)), service: try #require(ServiceName("shop")), version: "1.2.3",
            commit: self.commit, repository: self.repository.path, configuration: configuration)
    }

    func log(_ report: BuildReport) async throws -> String {
        let blob = try #require(report.log)
        return String(decoding: try #require(try await self.blobs.read(blob.digest, limit: 64 << 20)), as: UTF8.self)
    }

    /// The content of an artifact, by `tar`.
    func files(_ artifact: Artifact) async throws -> [String: String] {
        let path = try #require(try await self.blobs.path(artifact.blob.digest))
        let names = try program("/bin/tar", ["-tf", path]).split(separator: "\n").map(String.init)
        return Dictionary(
            uniqueKeysWithValues: try names.filter { !$0.hasSuffix("/") }.map {
                ($0, try program("/bin/tar", ["-xOf", path, $0]))
            })
    }
}

extension BuildReport {
    var artifact: Artifact? {
        switch self.outcome {
        case .built(let artifact): artifact
        case .failed: nil
        }
    }

    var failure: String? {
        switch self.outcome {
        case .built: nil
        case .failed(let sentence): sentence
        }
    }
}

/// Processes whose command line holds a text.
func processes(with text: String) throws -> [Int32] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { name in
        guard let process = Int32(name), let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") else {
            return nil
        }
        return String(decoding: line, as: UTF8.self).contains(text) ? process : nil
    }
}

/// Waits until a condition holds, at most a minute.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(20))
    }
    return false
}
