import Core
import Testing

@Suite struct SemanticVersionTests {
    private static let valid = [
        "0.0.4", "1.2.3", "10.20.30", "1.1.2-prerelease+meta", "1.1.2+meta", "1.1.2+meta-valid", "1.0.0-alpha",
        "1.0.0-beta",
        "1.0.0-alpha.beta", "1.0.0-alpha.beta.1", "1.0.0-alpha.1", "1.0.0-alpha0.valid", "1.0.0-alpha.0valid",
        "1.0.0-alpha-a.b-c-somethinglong+build.1-aef.1-its-okay", "1.0.0-rc.1+build.1", "2.0.0-rc.1+build.123",
        "1.2.3-beta", "10.2.3-DEV-SNAPSHOT", "1.2.3-SNAPSHOT-123", "1.0.0", "2.0.0", "1.1.7", "2.0.0+build.1848",
        "2.0.1-alpha.1227", "1.0.0-alpha+beta", "1.2.3----RC-SNAPSHOT.12.9.1--.12+788", "1.2.3----R-S.12.9.1--.12+meta",
        "1.2.3----RC-SNAPSHOT.12.9.1--.12", "1.0.0+0.build.1-rc.10000aaa-kk-0.1",
        "99999999999999999999999.999999999999999999.99999999999999999", "1.0.0-0A.is.legal",
    ]

    private static let invalid = [
        "1", "1.2", "1.2.3-0123", "1.2.3-0123.0123", "1.1.2+.123", "+invalid", "-invalid", "-invalid+invalid",
        "-invalid.01",
        "alpha", "alpha.beta", "alpha.beta.1", "alpha.1", "alpha+beta", "alpha_beta", "alpha.", "alpha..", "beta",
        "1.0.0-alpha_beta", "-alpha.", "1.0.0-alpha..", "1.0.0-alpha..1", "1.0.0-alpha...1", "1.0.0-alpha....1",
        "01.1.1",
        "1.01.1", "1.1.01", "1.2.3.DEV", "1.2-SNAPSHOT", "1.2.31.2.3----RC-SNAPSHOT.12.09.1--..12+788",
        "1.2-RC-SNAPSHOT",
        "-1.0.3-gamma+b7718", "+justmeta", "9.8.7+meta+meta", "9.8.7-whatever+meta+meta", "1.2.3-", "1.2.3-01",
        "1.2.3+build..1", "", "1.2.3.4", "v1.2.3", " 1.2.3", "1.2.3\n", "1.2.3-\u{1F600}", "١.٢.٣", "1.2.3-a/../b",
        "1.2.3-\"", String(repeating: "1", count: 129) + ".0.0",
    ]

    @Test(arguments: valid) func `a version is read and written as it was`(text: String) throws {
        #expect(try #require(SemanticVersion(text)).description == text)
    }

    @Test(arguments: invalid) func `what is no version is refused`(text: String) {
        #expect(SemanticVersion(text) == nil)
    }

    @Test func `the order is the one of the specification`() throws {
        let chain = [
            "0.9.9", "1.0.0-0", "1.0.0-2", "1.0.0-11", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta",
            "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.11.0", "2.0.0",
            "99999999999999999999999.0.0",
        ]
        let versions = try chain.map { try #require(SemanticVersion($0)) }
        for (index, version) in versions.enumerated() {
            for (other, against) in versions.enumerated() {
                #expect((version < against) == (index < other), "\(version) and \(against)")
            }
        }
        #expect(versions.shuffled().sorted() == versions)
    }

    @Test func `build metadata says nothing about the order`() throws {
        let one = try #require(SemanticVersion("1.0.0+a"))
        let other = try #require(SemanticVersion("1.0.0+b"))
        #expect(one != other)
        #expect(one.hasSamePrecedence(as: other))
    }

    @Test func `a tag may carry a v`() throws {
        #expect(SemanticVersion(tag: "v1.2.3") == SemanticVersion(1, 2, 3))
        #expect(SemanticVersion(tag: "1.2.3") == SemanticVersion(1, 2, 3))
        #expect(SemanticVersion(tag: "vv1.2.3") == nil)
        #expect(SemanticVersion(tag: "release-1.2.3") == nil)
    }

    @Test(arguments: [("0", "1"), ("9", "10"), ("1099", "1100"), ("99999999999999999999", "100000000000000000000")])
    func `a number of any length has a next one`(number: String, next: String) throws {
        #expect(try #require(DecimalNumber(number)).next.description == next)
    }
}
