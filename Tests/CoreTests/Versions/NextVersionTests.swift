import Core
import Testing

@Suite struct NextVersionTests {
    private func answer(
        _ messages: [String], newest: String?, here: [String] = [], inUse: [String] = []
    ) throws -> NextVersion.Answer {
        let changes = messages.enumerated().map { NextVersion.Change(commit: "c\($0.offset)", message: $0.element) }
        return NextVersion.decide(
            here: try here.map { try #require(SemanticVersion($0)) },
            newest: try newest.map { try #require(SemanticVersion($0)) },
            changes: changes, inUse: Set(try inUse.map { try #require(SemanticVersion($0)) }))
    }

    @Test func `a commit with a tag is that version, the newest if there are several`() throws {
        let answer = try self.answer(
            ["feat: a"], newest: "1.2.3", here: ["1.2.3", "1.10.0"], inUse: ["1.2.3", "1.10.0"])
        #expect(answer == .tagged(SemanticVersion(1, 10, 0)))
    }

    @Test func `a repository without a version tag begins at 0-1-0`() throws {
        #expect(try self.answer(["chore: a"], newest: nil) == .first(SemanticVersion(0, 1, 0)))
        #expect(try self.answer(["feat: a"], newest: nil, inUse: ["0.1.0"]).version == SemanticVersion(0, 2, 0))
    }

    @Test(
        arguments: [
            ("1.2.3", ["fix: a"], "1.2.4"), ("1.2.3", ["feat: a"], "1.3.0"), ("1.2.3", ["feat!: a"], "2.0.0"),
            ("1.2.3", ["chore: a", "fix: b", "feat: c", "docs: d"], "1.3.0"), ("1.2.3", ["revert: a"], "1.2.4"),
            ("0.3.1", ["fix: a"], "0.3.2"), ("0.3.1", ["feat: a"], "0.4.0"), ("0.3.1", ["feat!: a"], "0.4.0"),
            ("1.2.0-rc.1", ["fix: a"], "1.2.0"), ("1.2.0-rc.1", ["feat: a"], "1.2.0"),
            ("1.2.0-rc.2", ["feat!: a"], "2.0.0"),
            ("1.2.3-rc.1", ["feat: a"], "1.3.0"), ("2.0.0-rc.1", ["feat!: a"], "2.0.0"),
            ("1.0.0+build", ["fix: a"], "1.0.1"),
            ("99999999999999999999.0.0", ["feat!: a"], "100000000000000000000.0.0"),
        ])
    func `the highest level since the newest tag gives the step`(newest: String, messages: [String], next: String)
        throws
    {
        #expect(try self.answer(messages, newest: newest).version?.description == next)
    }

    @Test func `the newest commit of the highest level is the reason`() throws {
        let answer = try self.answer(["fix: a", "feat: b", "feat: c"], newest: "1.2.3")
        let because = NextVersion.Change(commit: "c1", message: "feat: b")
        #expect(
            answer == .stepped(SemanticVersion(1, 3, 0), from: SemanticVersion(1, 2, 3), .minor, because: because))
        #expect(answer.sentence == "1.3.0: a feature since 1.2.3, commit c1 `feat: b`")
    }

    @Test(
        arguments: [
            (["fix: a"], ["1.2.4"], "1.2.5"), (["feat: a"], ["1.3.0", "1.4.0"], "1.5.0"),
            (["feat!: a"], ["2.0.0"], "3.0.0"),
            (["fix: a"], ["1.2.4+other"], "1.2.5"), (["fix: a"], ["1.2.4-rc.1"], "1.2.4"),
        ])
    func `a version in use is never given again`(messages: [String], inUse: [String], next: String) throws {
        #expect(try self.answer(messages, newest: "1.2.3", inUse: inUse).version?.description == next)
    }

    @Test func `nothing that counts is refused and says how to go on`() throws {
        let answer = try self.answer(["chore: a", "docs: b"], newest: "1.2.3")
        #expect(answer == .nothingCounts(since: SemanticVersion(1, 2, 3), commits: 2))
        #expect(answer.version == nil)
        #expect(
            answer.sentence
                == "no new version: none of the 2 commits since 1.2.3 "
                + "is a `feat:`, `fix:`, `revert:` or breaking change; "
                + "release it all the same by naming a version, for example `--version 1.2.4`")
        #expect(try self.answer([], newest: "1.2.3").version == nil)
        #expect(
            try self.answer(["chore: a"], newest: "1.2.3").sentence.hasPrefix(
                "no new version: the one commit since 1.2.3 is no"))
    }
}
