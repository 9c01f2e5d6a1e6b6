import Core
import LocalTarget
import Ports
import Testing

@Suite struct JUnitTests {
    private func read(_ text: String) throws -> TestSummary { try JUnitReader.read(Array(text.utf8)) }

    private func summary(
        _ passed: Int, _ failed: Int, _ errors: Int, _ skipped: Int, _ failures: [String]
    ) -> TestSummary {
        TestSummary(passed: passed, failed: failed, errors: errors, skipped: skipped, failures: failures, results: nil)
    }

    @Test func `cases are counted by how they ended, not by the totals that are written`() throws {
        let text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <!-- a > comment <testcase/> -->
            <testsuites tests='99' failures="0">
              <testsuite name="a"><properties><property name="x" value="a&gt;b"/></properties>
                <testcase classname="Cart" name="adds"/>
                <testcase classname="Cart" name="says &quot;&lt;hi&gt;&quot; &#x1F680;&#33;" >
                  <failure message="m">text &amp; <![CDATA[</failure>]]></failure></testcase>
                <testcase name="breaks"><error/><failure/></testcase>
                <testsuite name="inner"><testcase name="later"><skipped/></testcase>
                  <testcase name="off" status="notrun"/></testsuite>
                <testcase name="flaky"><flakyFailure/><system-out>failure</system-out></testcase>
                <testcase name="b
            c"><failure/></testcase>
              </testsuite><system-out><failure/></system-out>
            </testsuites>
            """
        let failures = ["Cart.says \"<hi>\" \u{1F680}!", "breaks", "b\\nc"]
        #expect(try self.read(text) == self.summary(2, 2, 1, 2, failures))
        #expect(try self.read("\u{FEFF}<testsuite/>") == self.summary(0, 0, 0, 0, []))
    }

    @Test func `twenty failures are named, all are counted`() throws {
        let cases = (1...50).map { "<testcase name=\"t\($0)\"><failure/></testcase>" }.joined()
        let summary = try self.read("<testsuite>\(cases)</testsuite>")
        #expect(summary.failed == 50)
        #expect(summary.failures == (1...20).map { "t\($0)" })
    }

    @Test(
        arguments: [
            "", "no xml", "<html></html>", "<testsuite>", "<testsuite></testsuites>", "<testsuite/><testsuite/>",
            "<!DOCTYPE x [<!ENTITY a \"b\">]><testsuite/>", "<testsuite><testcase name=\"&a;\"/></testsuite>",
            "<testsuite name=\"a\" name=\"b\"/>", "<testsuite name=a/>", "<testsuite name=\"<\"/>",
            "<testsuite name=\"&#0x;\"/>",
            "<testsuite name=\"&", "<testsuite a=\"b\"c=\"d\"/>", "<testsuite><!-- ", "<testsuite><![CDATA[ ]]",
            "<testsuite><testcase><testcase/></testcase></testsuite>", "<>", "<testsuite", "</testsuite>",
            "<testsuite><", "<?xml",
            "<testsuite name=\"&#xD800;\"/>",
            "<testsuite>" + String(repeating: "<a>", count: 100) + String(repeating: "</a>", count: 100)
                + "</testsuite>",
            "<" + String(repeating: "a", count: 1_000) + "/>",
        ])
    func `what is no JUnit XML is refused`(text: String) {
        #expect(throws: JUnitError.self) { _ = try self.read(text) }
    }

    @Test func `a file of more than 16 MiB is refused, and one with 40,000 cases is read`() throws {
        let cases = String(repeating: "<testcase name=\"a\" classname=\"b\"/>", count: 40_000)
        #expect(try self.read("<testsuite>\(cases)</testsuite>").passed == 40_000)
        #expect(throws: JUnitError.self) { _ = try JUnitReader.read([UInt8](repeating: 32, count: 16 << 20 + 1)) }
    }

    @Test func `results are read from a build, one file or several, and kept`() async throws {
        let fixture = try BuildFixture([
            "a-1.xml": "<testsuite><testcase name='one'/></testsuite>",
            "a-2.xml": "<testsuite><testcase name='two'><failure/></testcase></testsuite>",
        ])
        let one = try await fixture.builder().build(try fixture.order("echo x > out", tests: "a-1.xml"))
        #expect(one.tests?.passed == 1)
        #expect(one.tests?.verdict == .pass)
        let kept = try #require(one.tests?.results)
        #expect(try await fixture.blobs.read(kept.digest, limit: 1_000)?.count == 45)
        let command = "mkdir -p r/x r/y && mv a-1.xml r/x/ && mv a-2.xml r/y/ && echo x > out"
        let two = try await fixture.builder().build(try fixture.order(command, tests: "r/*/a-*.xml", release: "r-2"))
        #expect(two.tests?.passed == 1)
        #expect(two.tests?.failures == ["two"])
        #expect(two.tests?.verdict == .fail)
        #expect(two.tests?.results != nil)
        #expect(two.artifact != nil)
    }

    @Test func `no results are no data, damaged ones fail the build, and a failed build still tells what it has`()
        async throws
    {
        let fixture = try BuildFixture([
            "bad.xml": "<testsuite>", "good.xml": "<testsuite><testcase><error/></testcase></testsuite>",
        ])
        let none = try await fixture.builder().build(try fixture.order("echo x > out", tests: "none.xml"))
        #expect(none.artifact != nil)
        #expect(none.tests?.verdict == .noData)
        let bad = try await fixture.builder().build(try fixture.order("echo x > out", tests: "*.xml"))
        #expect(bad.failure?.contains("`bad.xml`: the test results end inside <testsuite>") == true, "\(bad)")
        let failed = try await fixture.builder().build(try fixture.order("exit 1", tests: "good.xml"))
        #expect(failed.failure?.contains("ended with 1") == true)
        #expect(failed.tests?.errors == 1)
        let both = try await fixture.builder().build(try fixture.order("exit 1", tests: "bad.xml"))
        #expect(both.failure?.contains("ended with 1") == true)
        let outside = try await fixture.builder().build(try fixture.order("echo x > out", tests: "../*.xml"))
        #expect(outside.failure?.contains("is no path inside the checkout") == true)
        let link = try await fixture.builder().build(
            try fixture.order("ln -s /etc/passwd l.xml; echo x > out", tests: "l.xml"))
        #expect(link.failure?.contains("goes over a symbolic link") == true)
    }
}
