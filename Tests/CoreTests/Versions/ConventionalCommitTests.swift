import Core
import Testing

@Suite struct ConventionalCommitTests {
    @Test func `header, body and footers are taken apart`() throws {
        let message = """
            feat(web api)!: show the basket

            It stands beside the search now.

            Second paragraph: with a colon inside.

            Reviewed-by: Zoe
            Refs #133
            BREAKING CHANGE: the old page
            is gone

            for good
            Signed-off-by: A <a@example.org>

            """
        let commit = try #require(ConventionalCommit(message))
        #expect(commit.type == "feat")
        #expect(commit.scope == "web api")
        #expect(commit.isBreaking)
        #expect(commit.description == "show the basket")
        #expect(commit.body == "It stands beside the search now.\n\nSecond paragraph: with a colon inside.")
        #expect(
            commit.footers == [
                .init(token: "Reviewed-by", value: "Zoe"), .init(token: "Refs", value: "#133"),
                .init(token: "BREAKING CHANGE", value: "the old page\nis gone\n\nfor good"),
                .init(token: "Signed-off-by", value: "A <a@example.org>"),
            ])
    }

    /// What each message is worth; the cases on which known tools disagree among them.
    private static let levels: [(String, NextVersion.Level?)] = [
        ("feat: a", .minor), ("fix: a", .patch), ("feat(x): a", .minor), ("docs: a", nil), ("perf: a", nil),
        ("chore: a", nil),
        ("FEAT: a", .minor), ("Fix(Core): a", .patch), ("feat:a", nil), ("feat: ", nil), ("feat:  ", nil),
        ("feat:   a", .minor),
        ("feat : a", nil), (" feat: a", nil), ("feat!(x): a", nil), ("feat(): a", nil), ("feat(x: a", nil),
        ("feat(x)(y): a", nil),
        ("feat!: a", .breaking), ("fix(x)!: a", .breaking), ("chore!: a", .breaking), ("my-type!: a", .breaking),
        ("my-type: a", nil), ("feat(api/v2:x@y): a", .minor), ("feat\n: a", nil), ("feat", nil), ("", nil),
        ("\n\nfeat: a", nil),
        ("fix: a\n\nBREAKING CHANGE: x", .breaking), ("fix: a\n\nBREAKING-CHANGE: x", .breaking),
        ("chore: a\n\nbody\n\nBREAKING CHANGE: x", .breaking), ("fix: a\n\nBREAKING CHANGE #12", .patch),
        ("fix: a\nBREAKING CHANGE: x", .patch), ("fix: a\n\nbody\nBREAKING CHANGE: x", .patch),
        ("fix: a\n\n  BREAKING CHANGE: x", .patch), ("fix: a\n\nBREAKING CHANGES: x", .patch),
        ("fix: a\n\nbreaking change: x", .patch), ("fix: a\n\nBREAKING CHANGE x", .patch),
        ("fix: a\n\nBREAKING CHANGE: ", .patch),
        ("fix: a\n\nRefs: 1\nBREAKING CHANGE: x", .breaking), ("fix: a\n\nRefs: 1\n\nBREAKING CHANGE: x", .breaking),
        ("fix: a\r\n\r\nBREAKING CHANGE: x\r\n", .breaking), ("revert: feat x\n\nRefs: 676104e", .patch),
        ("Revert \"feat: x\"\n\nThis reverts commit 676104e.", .patch), ("Revert \"feat: x\"", nil),
        ("fixup! feat: a", nil), ("Merge branch 'x'", nil), ("\u{1F680} feat: a", nil), ("feat: \u{1F680}", .minor),
        ("chore: r\n\nRelease-As: 3.1.4", nil), ("féat: a", nil),
    ]

    @Test(arguments: levels) func `a message counts as the specification says`(
        message: String, level: NextVersion.Level?
    ) {
        #expect(NextVersion.level(of: message) == level)
    }

    @Test func `hostile messages are read in bounded time`() {
        let long = String(repeating: "a", count: 1 << 20)
        #expect(ConventionalCommit("feat: \(long)")?.description.utf8.count == ConventionalCommit.longest - 6)
        #expect(ConventionalCommit("feat(\(long)): a") == nil)
        #expect(ConventionalCommit(long) == nil)
        #expect(ConventionalCommit("fix: a" + String(repeating: "\r\n", count: 1 << 20)) != nil)
        #expect(
            ConventionalCommit("fix: a\n\n" + String(repeating: "A: b\n", count: 1 << 18))?.footers.isEmpty == false)
    }
}
