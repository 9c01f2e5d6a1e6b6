import Core
package import Ports

/// What everything that runs commands of the user's on this machine shares.
package struct Workshop: Sendable {
    /// Where clean checkouts come from.
    package var source: any SourceRepository
    /// Where artifacts, logs and results are kept.
    package var blobs: any BlobStore
    /// PATH of the commands.
    package var path: String
    package var limits = JobLimits()
    package var archive = ArtifactArchive()

    package init(source: any SourceRepository, blobs: any BlobStore, path: String) {
        self.source = source
        self.blobs = blobs
        self.path = path
    }

    /// A command in the content of a job's folder. It gets PATH and LANG, and `environment` over them.
    func job(
        _ folder: JobFolder, _ command: String, _ environment: [String: String], within: Milliseconds
    ) -> ShellJob {
        ShellJob(
            folder: folder, command: command,
            environment: ["PATH": self.path, "LANG": "C.UTF-8"].merging(environment) { _, named in named },
            workingFolder: folder.content, within: within, limits: self.limits)
    }
}
