/// What `slipway init` sees in the root of a repository. Gathered by the caller; nothing is read here.
package struct RepositoryFacts: Sendable, Equatable {
    /// The name of its folder, as it is.
    package var folder: String
    /// Names of files and folders in the root.
    package var files: Set<String>
    /// The branch that is checked out, if there is one.
    package var branch: String?

    package init(folder: String, files: Set<String>, branch: String? = nil) {
        self.folder = folder
        self.files = files
        self.branch = branch
    }

    func has(_ name: String) -> Bool { self.files.contains(name) }

    func hasSuffix(_ suffix: String) -> Bool { self.files.contains { $0.hasSuffix(suffix) } }
}
