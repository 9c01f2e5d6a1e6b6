import Core
import Crypto
import Foundation
import Ports

// A repository at an address is fetched into a bare one of ours; everything else then works on that, as on any other. Tags of releases
// are made there, and pushed only where the service's file says so.
extension GitRepository {
    /// The folder to work on: the repository's own, or that of its mirror, whether it is there already or not.
    func folder(of repository: String) throws -> String {
        switch RepositoryPlace(repository) {
        case .address(let address):
            let name = SHA256.hash(data: Array(address.utf8)).prefix(16).map { String(format: "%02x", $0) }.joined()
            return "\(self.mirrors)/\(name).git"
        case .folder, nil: return repository
        }
    }

    /// The newest commit of a branch at an address; of what is checked out there, if `branch` is nil.
    func remoteHead(of branch: String?, at address: String) async throws -> String {
        let name = branch.map { "refs/heads/" + $0 } ?? "HEAD"
        let answer = try await self.quick.run(.remoteHead(name, at: address))
        guard answer.isSuccess else {
            throw SourceError(
                .notARepository,
                "`\(address.withoutUser.quotable)` does not answer as a git repository (git says: \(answer.complaint))")
        }
        // `OBJECT TAB NAME`, of each name that ends so.
        for line in String(decoding: answer.output, as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: "\t")
            guard fields.count == 2, fields[1] == name, fields[0].allSatisfy(\.isHexDigit) else { continue }
            return String(fields[0])
        }
        throw SourceError(
            .refNotFound,
            "there is no branch `\((branch ?? name).quotable)` at `\(address.withoutUser.quotable)`; "
                + "`git ls-remote --heads` shows those that are there")
    }

    /// Brings the mirror of an address up to date, unless it has this commit already; does nothing for a folder.
    func fetch(_ commit: String?, from repository: String) async throws {
        guard case .address(let address) = RepositoryPlace(repository) else { return }
        let folder = try self.folder(of: repository)
        if FileTree.isFolder(folder) {
            let isCommit = commit.map { [40, 64].contains($0.utf8.count) && $0.allSatisfy(\.isHexDigit) } ?? false
            if let commit, isCommit, try await self.git.run(.resolve(commit, in: folder)).isSuccess { return }
        } else {
            let format = try await self.remoteHead(of: nil, at: address).utf8.count == 64 ? "sha256" : "sha1"
            try FileManager.default.createDirectory(atPath: self.mirrors, withIntermediateDirectories: true)
            _ = try await self.git.succeed(.createBorrower(at: folder, format: format))
        }
        _ = try await self.git.succeed(.fetch(address, into: folder))
    }
}
