package import Core

/// Reads JUnit XML: the test cases and how each ended. A reader of our own, as one of the whole of XML would bring what
/// must not be here: document types, entities that expand, files that are fetched. It also keeps the binary free of
/// libxml2.
package struct JUnitReader: Sendable {
    package static let largest = 16 << 20
    private static let depthLimit = 64
    private static let attributeLimit = 256

    private var rest: ArraySlice<UInt8>
    private var open: [String] = []
    private var elements = 0
    private var test: TestCase?
    private var summary = TestSummary(passed: 0, failed: 0, errors: 0, skipped: 0, failures: [], results: nil)

    private struct TestCase {
        var name: String
        var ending: Ending

        enum Ending: Int { case passed, skipped, failed, error }
    }

    /// Counts the cases of one file. Throws `JUnitError`.
    package static func read(_ bytes: [UInt8]) throws(JUnitError) -> TestSummary {
        guard bytes.count <= Self.largest else {
            throw JUnitError("the test results have \(bytes.count) bytes; at most \(Self.largest) are read")
        }
        var reader = JUnitReader(bytes)
        try reader.run()
        return reader.summary
    }

    private init(_ bytes: [UInt8]) {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        self.rest = bytes.starts(with: mark) ? bytes[3...] : bytes[...]
    }

    private mutating func run() throws(JUnitError) {
        while let next = self.rest.firstIndex(of: UInt8(ascii: "<")) {
            self.rest = self.rest[next...]
            if self.starts("<?") {
                try self.skip(to: "?>")
            } else if self.starts("<!--") {
                try self.skip(to: "-->")
            } else if self.starts("<![CDATA[") {
                try self.skip(to: "]]>")
            } else if self.starts("<!") {
                throw JUnitError(
                    "the test results have a document type (`<!`), which is not read here; write plain JUnit XML")
            } else if self.starts("</") {
                try self.readEnd()
            } else {
                try self.readStart()
            }
        }
        guard self.open.isEmpty else {
            throw JUnitError("the test results end inside <\(self.open.last ?? "")>: were they cut off?")
        }
        guard self.elements > 0 else { throw JUnitError("the test results hold no XML element; write JUnit XML") }
    }

    // MARK: Elements

    private mutating func begin(_ name: String, _ attributes: [String: String]) throws(JUnitError) {
        if self.open.isEmpty, self.elements > 0 || !["testsuites", "testsuite"].contains(name) {
            throw JUnitError(
                "the test results are not JUnit XML: the root is <\(name.quotable)>, not <testsuites> or <testsuite>")
        }
        self.elements += 1
        switch name {
        case "testcase":
            guard self.test == nil else { throw JUnitError("a <testcase> stands in another one in the test results") }
            let parts = [attributes["classname"], attributes["name"]].compactMap { $0 }.filter { !$0.isEmpty }
            let isNotRun = attributes["status"] == "notrun" || attributes["status"] == "disabled"
            self.test = TestCase(name: parts.joined(separator: "."), ending: isNotRun ? .skipped : .passed)
        case "failure": self.raise(to: .failed)
        case "error": self.raise(to: .error)
        case "skipped", "disabled": self.raise(to: .skipped)
        default: break
        }
    }

    private mutating func raise(to ending: TestCase.Ending) {
        guard self.open.last == "testcase", let test = self.test, test.ending.rawValue < ending.rawValue else { return }
        self.test?.ending = ending
    }

    private mutating func end(_ name: String) {
        guard name == "testcase", let test = self.test else { return }
        self.test = nil
        switch test.ending {
        case .passed: self.summary.passed += 1
        case .skipped: self.summary.skipped += 1
        case .failed: self.summary.failed += 1
        case .error: self.summary.errors += 1
        }
        let isBad = test.ending == .failed || test.ending == .error
        if isBad, self.summary.failures.count < 20 { self.summary.failures.append(test.name.quotable) }
    }

    // MARK: Markup

    private mutating func readStart() throws(JUnitError) {
        self.rest = self.rest.dropFirst()
        let name = try self.readName()
        var attributes: [String: String] = [:]
        while true {
            let hadSpace = self.skipSpace()
            if self.take("/>") {
                try self.begin(name, attributes)
                self.end(name)
                return
            }
            if self.take(">") {
                try self.begin(name, attributes)
                self.open.append(name)
                guard self.open.count <= Self.depthLimit else {
                    throw JUnitError(
                        "the test results are nested deeper than the \(Self.depthLimit) levels that are allowed")
                }
                return
            }
            guard hadSpace, attributes.count < Self.attributeLimit else { throw self.unreadable(name) }
            let key = try self.readName()
            _ = self.skipSpace()
            guard self.take("=") else { throw self.unreadable(name) }
            _ = self.skipSpace()
            guard attributes.updateValue(try self.readValue(of: name), forKey: key) == nil else {
                throw self.unreadable(name)
            }
        }
    }

    private mutating func readEnd() throws(JUnitError) {
        self.rest = self.rest.dropFirst(2)
        let name = try self.readName()
        _ = self.skipSpace()
        guard self.take(">"), self.open.popLast() == name else {
            throw JUnitError("the test results are no XML: </\(name.quotable)> does not close what is open")
        }
        self.end(name)
    }

    private mutating func readName() throws(JUnitError) -> String {
        let stops = Array(" \t\r\n/>=<\"'".utf8)
        let bytes = self.rest.prefix(257).prefix { !stops.contains($0) }
        guard !bytes.isEmpty, bytes.count <= 256 else {
            throw JUnitError("the test results are no XML: a name is missing or too long")
        }
        self.rest = self.rest.dropFirst(bytes.count)
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func readValue(of element: String) throws(JUnitError) -> String {
        guard let quote = self.rest.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'"),
            let end = self.rest.dropFirst().firstIndex(of: quote)
        else { throw self.unreadable(element) }
        let raw = self.rest[(self.rest.startIndex + 1)..<end]
        self.rest = self.rest[(end + 1)...]
        guard !raw.contains(UInt8(ascii: "<")) else { throw self.unreadable(element) }
        guard raw.contains(UInt8(ascii: "&")) else { return String(decoding: raw, as: UTF8.self) }
        return try Self.resolved(raw)
    }

    /// The five names that XML has by itself, and numbers. There are no others, as there is no document type.
    private static func resolved(_ raw: ArraySlice<UInt8>) throws(JUnitError) -> String {
        var text = ""
        var rest = raw
        while let start = rest.firstIndex(of: UInt8(ascii: "&")) {
            text += String(decoding: rest[..<start], as: UTF8.self)
            guard let end = rest[start...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else {
                throw JUnitError("the test results are no XML: a `&` without its `;`")
            }
            let name = String(decoding: rest[(start + 1)..<end], as: UTF8.self)
            guard let scalar = Self.scalar(name) else {
                throw JUnitError(
                    "the test results use `&\(name.quotable);`, which is not known without a document type")
            }
            text.unicodeScalars.append(scalar)
            rest = rest[(end + 1)...]
        }
        return text + String(decoding: rest, as: UTF8.self)
    }

    private static func scalar(_ name: String) -> Unicode.Scalar? {
        switch name {
        case "lt": "<"
        case "gt": ">"
        case "amp": "&"
        case "quot": "\""
        case "apos": "'"
        default:
            if name.hasPrefix("#x") {
                UInt32(name.dropFirst(2), radix: 16).flatMap(Unicode.Scalar.init)
            } else if name.hasPrefix("#") {
                UInt32(name.dropFirst()).flatMap(Unicode.Scalar.init)
            } else {
                nil
            }
        }
    }

    private func starts(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { self.rest.starts(with: $0) }
    }

    private mutating func take(_ text: StaticString) -> Bool {
        guard self.starts(text) else { return false }
        self.rest = self.rest.dropFirst(text.utf8CodeUnitCount)
        return true
    }

    private mutating func skipSpace() -> Bool {
        let spaces = Array(" \t\r\n".utf8)
        let before = self.rest.count
        self.rest = self.rest.drop { spaces.contains($0) }
        return self.rest.count < before
    }

    private mutating func skip(to end: StaticString) throws(JUnitError) {
        while !self.rest.isEmpty {
            if self.take(end) { return }
            self.rest = self.rest.dropFirst()
        }
        throw JUnitError("the test results are no XML: `\(end)` is missing")
    }

    private func unreadable(_ element: String) -> JUnitError {
        JUnitError("the test results are no XML: <\(element.quotable)> can't be read")
    }
}

/// Test results that can't be read, as a sentence.
package struct JUnitError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}
