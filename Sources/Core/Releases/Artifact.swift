/// Bytes addressed by their SHA-256. Events hold digest and size; the bytes stand in the blob store.
package struct Blob: Sendable, Hashable, Codable {
    package let digest: Digest
    package let bytes: Int64

    package init(digest: Digest, bytes: Int64) {
        self.digest = digest
        self.bytes = bytes
    }
}

/// One built file or image with a digest.
package struct Artifact: Sendable, Hashable, Codable {
    package let name: String
    package let blob: Blob

    package init(name: String, blob: Blob) {
        self.name = name
        self.blob = blob
    }
}

/// What the JUnit results of a build say. Judged once, at the build.
package struct TestSummary: Sendable, Equatable, Codable {
    package var passed: Int
    package var failed: Int
    package var errors: Int
    package var skipped: Int
    /// Names of the first 20 that failed.
    package var failures: [String]
    package var results: Blob?

    package init(passed: Int, failed: Int, errors: Int, skipped: Int, failures: [String], results: Blob?) {
        self.passed = passed
        self.failed = failed
        self.errors = errors
        self.skipped = skipped
        self.failures = failures
        self.results = results
    }

    /// No test at all is no data, not a pass.
    package var verdict: Verdict {
        if self.failed + self.errors > 0 { return .fail }
        return self.passed > 0 ? .pass : .noData
    }
}

/// The answer of a gate or a verify. `pending`, no verdict yet, is the absence of one.
package enum Verdict: String, Sendable, Codable, CaseIterable {
    case pass, fail, inconclusive, error, noData
}
