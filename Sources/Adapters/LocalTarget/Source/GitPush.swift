import Foundation
import Ports

// A tag goes out from an empty repository of our own that borrows the objects: hooks, helpers and commands that the configuration of
// somebody's folder names never run under our rights.
extension GitRepository {
    package func pushTag(_ name: String, in repository: String) async throws {
        try Self.check(ref: name)
        let folder = try await self.checked(repository)
        let address = try await self.pushAddress(of: repository, folder)
        let commit = try await self.commitID("refs/tags/" + name, in: folder)
        let object = try await self.git.line(.tagObject(name, in: folder))
        let objects = try await self.git.line(.objectFolder(of: folder))
        try FileManager.default.createDirectory(atPath: self.mirrors, withIntermediateDirectories: true)
        let place = "\(self.mirrors)/push-\(UInt64.random(in: 0...UInt64.max))"
        let borrower = GitCommand.Borrower(folder: place, objects: objects, workTree: place)
        let answer: GitProgram.Answer
        do {
            let format = object.utf8.count == 64 ? "sha256" : "sha1"
            _ = try await self.git.succeed(.createBorrower(at: place, format: format))
            answer = try await self.git.run(.push(object, as: name, to: address, from: borrower))
        } catch {
            try? await FileTree.remove(place)
            throw error
        }
        try await FileTree.remove(place)
        if answer.isSuccess { return }
        if let there = try await self.commit(ofTag: name, at: address) {
            // Somebody else made it on the same commit: that is what is wanted.
            if there == commit { return }
            throw SourceError(
                .tagExists,
                "tag `\(name)` is on commit \(there.prefix(12)) at `\(address.withoutUser.quotable)` already, not on "
                    + "\(commit.prefix(12)); choose another version, or delete it there")
        }
        throw SourceError(
            .failed,
            "`\(address.withoutUser.quotable)` did not take tag `\(name)` (git says: \(answer.complaint)); see that this user may "
                + "push there without being asked")
    }

    /// Where a folder's repository is pushed to by its owner: the address that it is fetched from.
    private func pushAddress(of repository: String, _ folder: String) async throws -> String {
        if case .address(let address) = RepositoryPlace(repository) { return address }
        for key in ["remote.origin.pushurl", "remote.origin.url"] {
            let answer = try await self.git.run(.setting(key, in: folder))
            guard answer.isSuccess else { continue }
            switch RepositoryPlace(answer.line) {
            case .address(let address), .folder(let address): return address
            case nil:
                // Not shown: it may hold a password.
                throw SourceError(
                    .invalid,
                    "`\(key)` of `\(folder.quotable)` is no place to push to: allowed is \(RepositoryPlace.rule)")
            }
        }
        throw SourceError(
            .invalid,
            "`\(folder.quotable)` has no remote `origin` to push to: `git remote add origin ADDRESS`, or take `tags: push` out"
        )
    }

    /// The commit that a tag at an address stands on; nil: it is not there, or nobody answers.
    private func commit(ofTag name: String, at address: String) async throws -> String? {
        let answer = try await self.quick.run(.remoteTag(name, at: address))
        guard answer.isSuccess else { return nil }
        let lines = String(decoding: answer.output, as: UTF8.self).split(separator: "\n")
            .map { $0.split(separator: "\t").map(String.init) }.filter { $0.count == 2 }
        let found = lines.first { $0[1] == "refs/tags/\(name)^{}" } ?? lines.first { $0[1] == "refs/tags/\(name)" }
        return found?[0]
    }
}

extension String {
    /// For a message: without what an address says before its `@`, which may be a key.
    var withoutUser: String { self.replacing(/:\/\/[^\/@\s]*@/, with: "://…@") }
}
