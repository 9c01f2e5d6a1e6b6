import APIClient

/// Releases, for people.
enum ReleaseText {
    static func list(_ releases: [Wire.Release]) -> [String] {
        if releases.isEmpty { return ["No releases yet. In a service's repository: `slipway release create`"] }
        var table = Table("RELEASE", "SERVICE", "VERSION", "STATE", "COMMIT", "MADE", "VERIFIED IN", "SUBJECT")
        for release in releases {
            table.add(
                release.id, release.service, release.version, release.state.rawValue, String(release.commit.prefix(10)),
                TimeText.second(release.createdAt), release.verifiedIn.joined(separator: ", "), release.subject ?? "")
        }
        return table.lines()
    }

    static func one(_ release: Wire.Release) -> [String] {
        var lines = ["\(release.service) \(release.version): \(release.state.rawValue)"]
        func add(_ name: String, _ value: String?) {
            guard let value, !value.isEmpty else { return }
            lines.append("  " + name.padded(to: 12) + value)
        }
        add("id", release.id)
        add("commit", [release.commit, release.subject].compactMap(\.self).joined(separator: "  "))
        add("author", release.author)
        add("made", "\(TimeText.second(release.createdAt)) by \(Plain.actor(release.by))")
        for artifact in release.artifacts {
            add("artifact", "\(artifact.name)  \(artifact.digest)  \(artifact.bytes) bytes")
        }
        if let tests = release.tests {
            let bad = "\(tests.failed) failed, \(tests.errors) errors"
            add("tests", "\(tests.passed) passed, \(bad), \(tests.skipped) skipped")
            lines += tests.failures.prefix(20).map { "    \($0)" }
        }
        add("tag", release.tag ?? release.tagProblem.map { "could not be made, and is tried again: \($0)" })
        add("pruned", release.prunedAt.map { "\(TimeText.second($0)): its artifact, log and results are gone" })
        if !release.reversible || release.wayBack.map({ $0 != "reversible" }) ?? false {
            add("way back", release.wayBack.map(Plain.line) ?? "no: forward only")
        }
        add("data", release.data.map(Plain.line))
        add("needs", release.needs.map(Plain.line))
        add("verified in", release.verifiedIn.joined(separator: ", "))
        add("blocked in", release.blockedIn.joined(separator: ", "))
        add("reason", release.reason)
        return lines
    }
}

/// Changes, for people.
enum ChangeText {
    static func one(_ change: Wire.Change) -> [String] {
        var lines = ["\(change.id): \(change.state) (\(change.service) \(change.version) into \(change.environment))"]
        if let emergency = change.emergency { lines.append("  emergency: \(emergency)") }
        if let escalated = change.escalatedAt {
            lines.append("  not approved in time: escalated at \(TimeText.second(escalated))")
        } else if let until = change.until {
            lines.append("  to be \(change.emergency == nil ? "decided" : "approved") until \(TimeText.second(until))")
        }
        lines += change.approvals.map { "  \(Plain.actor($0.by)) said yes at \(TimeText.second($0.at)): \($0.reason)" }
        if let missing = change.missing { lines.append("  missing: \(missing)") }
        return lines
    }
}

/// Tokens, for people.
enum TokenText {
    static func added(_ token: Wire.Token) -> [String] {
        ([
            "Token \(token.name) of \(Plain.actor(token.owner))\(token.scope.map { ", for \($0) alone" } ?? ""):",
            "  \(token.secret ?? "")",
            token.expiresAt.map { "It expires at \(TimeText.second($0))." },
            "It is shown this once. Use it as SLIPWAY_TOKEN, or to sign in on the page.",
        ] as [String?]).compactMap(\.self)
    }

    static func list(_ tokens: [Wire.Token]) -> [String] {
        var table = Table("NAME", "OWNER", "GOOD FOR", "MADE", "EXPIRES", "REVOKED")
        for token in tokens {
            table.add(
                token.name, Plain.actor(token.owner), token.scope ?? "all of its owner",
                TimeText.second(token.createdAt), TimeText.second(token.expiresAt),
                TimeText.second(token.revokedAt))
        }
        return table.lines()
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(1, width - self.count))
    }
}
