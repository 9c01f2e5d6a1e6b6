import Core
import Glibc
import Ports

/// The test results of one build: the files that `build.tests` names, counted together and kept as one blob.
struct JUnitResults {
    static let fileLimit = 1_000

    let blobs: any BlobStore
    let archive: ArtifactArchive

    /// `pattern` is a path below the job's content; `*` in a part of it stands for any characters of one name. No file
    /// at all is no data: a summary of zeros.
    func read(_ pattern: String, in job: JobFolder) async throws -> TestSummary {
        guard let path = RelativePath(pattern) else {
            throw BuildFailure(
                "`build.tests: \(pattern.quotable)` is no path inside the checkout: \(RelativePath.rule)")
        }
        let files = try await FileWork.run { try Self.files(path, in: job) }
        var total = TestSummary(passed: 0, failed: 0, errors: 0, skipped: 0, failures: [], results: nil)
        var left = JUnitReader.largest
        var contents: [[UInt8]] = []
        for file in files {
            let bytes = try await FileWork.run { [left] in try FileTree.content(of: file, limit: left) }
            left -= bytes.count
            do {
                total.add(try await FileWork.run { try JUnitReader.read(bytes) })
            } catch {
                throw BuildFailure("`\(file.dropFirst(job.content.count + 1))`: \(error)")
            }
            contents.append(bytes)
        }
        if let only = contents.first, contents.count == 1 { total.results = try await self.blobs.store(only) }
        if contents.count > 1 { total.results = try await self.stored(contents, in: job) }
        return total
    }

    private func stored(_ contents: [[UInt8]], in job: JobFolder) async throws -> Blob {
        let folder = job.path + "/results"
        try FileTree.create(folder)
        for (index, bytes) in contents.enumerated() { try DurableFile(path: "\(folder)/\(index + 1).xml").write(bytes) }
        try await self.archive.pack(folder, into: folder + ".tar")
        return try await self.blobs.store(file: folder + ".tar")
    }

    private static func files(_ pattern: RelativePath, in job: JobFolder) throws -> [String] {
        var found: [[String]] = [[]]
        for part in pattern.components {
            found = try found.flatMap { parents in
                guard part.contains("*") else { return [parents + [part]] }
                let folder = ([job.content] + parents).joined(separator: "/")
                return try FileTree.names(in: Array(folder.utf8CString))
                    .map { String(decoding: $0.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self) }
                    .filter { Self.matches($0, part) }.map { parents + [$0] }
            }
            guard found.count <= Self.fileLimit else {
                throw BuildFailure(
                    "`build.tests` finds more than the \(Self.fileLimit) files that are allowed; name fewer")
            }
        }
        return try found.compactMap { parts in
            guard let path = RelativePath(parts.joined(separator: "/")) else { return nil }
            return try job.contentPath(path)
        }
    }

    /// Whether a name fits a pattern of pieces with anything between them.
    static func matches(_ name: String, _ pattern: String) -> Bool {
        let pieces = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard let first = pieces.first, let last = pieces.last, name.hasPrefix(first) else { return false }
        var rest = name.dropFirst(first.count)
        for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
            guard let range = rest.firstRange(of: piece) else { return false }
            rest = rest[range.upperBound...]
        }
        return rest.hasSuffix(last)
    }
}

extension TestSummary {
    fileprivate mutating func add(_ other: TestSummary) {
        self.passed += other.passed
        self.failed += other.failed
        self.errors += other.errors
        self.skipped += other.skipped
        self.failures = Array((self.failures + other.failures).prefix(20))
    }
}
