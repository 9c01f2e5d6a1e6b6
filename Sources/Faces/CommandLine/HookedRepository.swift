import Foundation
import Subprocess

/// Where a repository keeps its hooks, and what of them is ours.
struct HookedRepository {
    let folder: String
    let isBare: Bool

    /// In a bare repository nobody commits, and only there pushes are the usual way in.
    var hooks: [String] { self.isBare ? ["post-receive"] : ["post-commit"] }

    /// The repository at `place`, by git's own word: a work tree may be a linked one.
    static func find(at place: String) async throws -> HookedRepository {
        let words = [
            "rev-parse", "--path-format=absolute", "--is-bare-repository", "--git-common-dir", "--git-path", "hooks",
        ]
        let result = try await Subprocess.run(
            .name("git"), arguments: Arguments(["-C", place] + words), output: .string(limit: 64 * 1024),
            error: .string(limit: 64 * 1024))
        let lines = result.standardOutput.split(separator: "\n").map(String.init)
        guard result.terminationStatus.isSuccess, lines.count == 3 else {
            throw VerbError(
                .refused, "\(place) is in no git repository. Run this in the repository that is released from.")
        }
        let repository = HookedRepository(folder: lines[2], isBare: lines[0] == "true")
        let own = URL(fileURLWithPath: lines[1]).appendingPathComponent("hooks").standardizedFileURL.path
        guard URL(fileURLWithPath: lines[2]).standardizedFileURL.path == own else {
            throw VerbError(
                .refused,
                "core.hooksPath puts the hooks of this repository into \(lines[2]), where other things may look after "
                    + "them. Call slipway hook poke, with the name of the service, from \(repository.hooks[0]) there.")
        }
        return repository
    }

    /// What a hook is to us.
    private enum Found {
        case nothing, ours(String), others(String)
    }

    private func find(_ name: String) -> Found {
        let path = "\(self.folder)/\(name)"
        guard let kind = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType else {
            return .nothing
        }
        guard kind == .typeRegular, let bytes = FileManager.default.contents(atPath: path) else { return .others("") }
        let text = String(decoding: bytes.prefix(1 << 20), as: UTF8.self)
        return text.hasPrefix("#!/bin/sh\n\(HookScript.mark)\n") ? .ours(text) : .others(text)
    }

    /// What was done, in a sentence.
    func install(_ name: String, _ line: String) throws -> String {
        let path = "\(self.folder)/\(name)"
        let text = HookScript.text(line)
        switch self.find(name) {
        case .ours(text): return "\(path) is there already."
        case .others(let others):
            guard !others.split(separator: "\n").contains(Substring(line)) else {
                return "\(path) is not ours, and has the line already."
            }
            throw VerbError(.refused, "\(path) is a hook that Slipway did not write. Add this line to it:\n  \(line)")
        case .nothing, .ours:
            try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: true)
            let temporary = "\(path).slipway-\(getpid())"
            guard
                FileManager.default.createFile(
                    atPath: temporary, contents: Data(text.utf8), attributes: [.posixPermissions: 0o755]),
                rename(temporary, path) == 0
            else { throw VerbError(.refused, "\(path) can't be written: \(String(cString: strerror(errno))).") }
            return "Wrote \(path)."
        }
    }

    func remove(_ name: String) throws -> String {
        let path = "\(self.folder)/\(name)"
        switch self.find(name) {
        case .nothing: return "\(path) is not there."
        case .others:
            throw VerbError(
                .refused, "\(path) is a hook that Slipway did not write. Take the line with `hook poke` out by hand.")
        case .ours:
            try FileManager.default.removeItem(atPath: path)
            return "Removed \(path)."
        }
    }
}

/// This very program.
enum OwnProgram {
    static var path: String { URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path }
}
