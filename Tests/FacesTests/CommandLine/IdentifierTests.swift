import APIClient
import Testing

/// Every verb that takes an id, with ids that are none: refused at once, in the same words, and nobody is asked.
@Suite(.timeLimit(.minutes(1))) struct IdentifierTests {
    struct Verb: Sendable, CustomTestStringConvertible {
        /// `*` stands for the id.
        let words: [String]
        /// What the id is said not to be.
        let noun: String
        /// Ids of another kind.
        let others: [String]
        var testDescription: String { self.words.joined(separator: " ") }

        init(_ words: String, _ noun: String, not others: String...) {
            self.words = words.split(separator: " ").map(String.init)
            self.noun = noun
            self.others = others
        }

        func with(_ id: String) -> [String] { self.words.map { $0 == "*" ? id : $0 } }
    }

    /// What is no id of any kind.
    static let odd = ["", "..", "a\nb", "\"'`", "\u{1F680}\u{1B}[2J", String(repeating: "x/", count: 2_500)]

    /// Nearly ids: checked where each kind comes first.
    static let near = [
        ".", " ", "/", "//", "a//b", "../..", "%2e%2e", "Shop", "shop-", "shop@", "@1.0.0", "shop/production/0",
        "shop/production/+3", "shop/production/03", "shop/production/99999999999999999999", "r-", "c-", "r-A",
        "c-\u{E9}",
        String(repeating: "x", count: 41),
    ]

    static let verbs = [
        Verb("promote * --to production", "release", not: "shop", "c-7", "shop/production/3"),
        Verb("promote r-aa --to *", "environment name", not: "shop/production", "shop@1.0.0"),
        Verb("cancel *", "promotion", not: "shop", "shop/production", "r-aa", "c-7", "lane/shop/production/3"),
        Verb("pause * --reason x", "promotion", not: "shop/production", "r-aa"),
        Verb("resume * --reason x", "promotion", not: "shop/production", "r-aa"),
        Verb("abort * --reason x", "promotion", not: "shop/production", "r-aa"),
        Verb("retry * --reason x", "promotion", not: "shop/production", "r-aa"),
        Verb("skip * --reason x", "promotion", not: "shop/production", "r-aa"),
        Verb("status *", "service name", not: "shop/production", "shop@1.0.0"),
        Verb("watch *", "id", not: "release/shop", "change/r-aa", "a/b/c/d/e"),
        Verb("log *", "id", not: "release/shop", "change/r-aa", "lane/shop", "a/b/c/d/e"),
        Verb("why *", "id", not: "shop", "shop/production", "access"),
        Verb("rollback * --env production --reason x", "service name", not: "shop@1.0.0", "shop/production/3"),
        Verb("rollback shop --env * --reason x", "environment name", not: "shop/production"),
        Verb("rollback shop --env production --to * --reason x", "version", not: "shop@1.0.0", "shop/production/3"),
        Verb("approve * --reason x", "change", not: "r-aa", "shop/production/3"),
        Verb("reject * --reason x", "change", not: "r-aa", "shop/production/3"),
        Verb("hold add * --env production --reason x", "service name", not: "shop/production"),
        Verb("hold remove shop --env * --reason x", "environment name", not: "shop/production"),
        Verb("pin add shop --env production --version * --reason x", "version", not: "shop@1.0.0"),
        Verb("pin remove * --env production --reason x", "service name", not: "shop/production"),
        Verb("block add * --env production --reason x", "release", not: "shop", "shop/production/3"),
        Verb("block remove r-aa --env * --reason x", "environment name", not: "shop/production"),
        Verb("alarm clear * --env production --reason x", "service name", not: "shop/production"),
        Verb("logs * --env production", "service name", not: "shop/production"),
        Verb("logs shop --env *", "environment name", not: "shop/production"),
        Verb("down * --yes", "service name", not: "shop/production"),
        Verb("down --env * --yes", "environment name", not: "shop/production"),
        Verb("release show *", "release", not: "shop", "c-7", "shop/production/3"),
        Verb("release list *", "service name", not: "shop@1.0.0"),
        Verb("release create --version *", "version", not: "shop@1.0.0"),
        Verb("token add *", "token name", not: "shop/production"),
        Verb("token revoke *", "token name", not: "shop/production"),
    ]

    /// What is odd in itself, but fits this verb.
    private static func fits(_ id: String, _ verb: Verb) -> Bool {
        switch verb.noun {
        case "token name":
            !id.isEmpty && id != "." && id != ".." && id.allSatisfy { $0.isASCII && $0 > " " && $0 != "/" }
        case "version":
            !id.isEmpty && id.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "-") }
        default: false
        }
    }

    @Test(arguments: verbs) func `what is no id is refused at once, in the same words`(verb: Verb) async throws {
        let server = CannedServer()
        try await server.run { address in
            let isFirst = Self.verbs.first { $0.noun == verb.noun }?.words == verb.words
            for id in Self.odd + verb.others + (isFirst ? Self.near : []) where !Self.fits(id, verb) {
                let run = await CommandRun.of(verb.with(id) + ["--server", address])
                #expect(run.code == 2, "\(id.debugDescription): \(run.err)")
                #expect(run.out.isEmpty)
                let first = run.err.split(separator: "\n").first ?? ""
                #expect(first.hasPrefix("Error: `") && first.contains("` is no \(verb.noun): "), "\(first)")
                #expect(first.utf8.count < 400)
                #expect(!run.err.unicodeScalars.contains { $0.value == 0x1B })
                #expect(run.offline.isEmpty)
            }
        }
        #expect(server.requests.isEmpty)
    }

    /// The kinds of ids that have events, and the stream that the server is asked for.
    @Test(
        arguments: [
            ("shop", "service/shop"), ("service/shop", "service/shop"), ("shop/production", "lane/shop/production"),
            ("lane/shop/production", "lane/shop/production"), ("shop/production/3", "lane/shop/production"),
            ("lane/shop/production/3", "lane/shop/production"), ("r-aa", "release/r-aa"),
            ("release/r-aa", "release/r-aa"), ("c-7", "change/c-7"), ("change/c-7", "change/c-7"),
            ("access", "access"), ("ledger", "ledger"), ("service/r-aa", "service/r-aa"),
        ])
    func `log finds the stream of an id`(id: String, stream: String) async {
        #expect(await CommandRun.of("log", id).offline == ["events \(stream)"])
    }

    @Test func `why explains a release by its name`() async throws {
        var server = CannedServer()
        try server.answer(
            "GET /releases/shop%401.2.0",
            Wire.Release(
                id: "r-aa", service: "shop", version: "1.2.0", commit: "abc", state: .built, by: "ada", createdAt: ""))
        try server.answer("GET /why/r-aa", Wire.Why(id: "r-aa", sentences: []))
        let run = try await server.run { await CommandRun.of("why", "shop@1.2.0", "--server", $0) }
        #expect(run.code == 0, "\(run.err)")
    }
}
