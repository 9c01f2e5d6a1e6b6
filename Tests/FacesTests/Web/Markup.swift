/// Reads HTML as a strict parser would: every element closed in its order, every attribute quoted.
struct Markup {
    struct Element: Equatable {
        var tag: String
        var attributes: [String: String]
    }

    struct Fault: Error, CustomStringConvertible {
        var description: String
    }

    private(set) var elements: [Element] = []
    private(set) var text = ""

    private static let void: Set<String> = ["input", "meta", "link", "br", "hr", "img"]

    init(_ html: String) throws {
        var open: [String] = []
        var rest = html[...]
        if rest.hasPrefix("<!doctype html>") { rest = rest.dropFirst(15) }
        while let start = rest.firstIndex(of: "<") {
            self.text += rest[..<start]
            guard let end = rest[start...].firstIndex(of: ">") else {
                throw Fault(description: "an element without end")
            }
            let inside = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            if inside.hasPrefix("/") {
                guard open.popLast() == String(inside.dropFirst()) else {
                    throw Fault(description: "</\(inside)> closes nothing")
                }
                continue
            }
            let element = try Self.element(inside)
            self.elements.append(element)
            if !Self.void.contains(element.tag) { open.append(element.tag) }
        }
        self.text += rest
        guard open.isEmpty else { throw Fault(description: "not closed: \(open)") }
    }

    private static func element(_ inside: Substring) throws -> Element {
        var rest = inside
        let tag = rest.prefix { $0.isLetter || $0.isNumber }
        rest = rest.dropFirst(tag.count)
        var attributes: [String: String] = [:]
        while !rest.isEmpty {
            guard rest.first == " " else { throw Fault(description: "in <\(inside)>") }
            rest = rest.dropFirst()
            let name = rest.prefix { $0.isLetter || $0 == "-" }
            guard !name.isEmpty else { throw Fault(description: "an attribute without name in <\(inside)>") }
            rest = rest.dropFirst(name.count)
            var value = ""
            if rest.hasPrefix("=\"") {
                rest = rest.dropFirst(2)
                guard let end = rest.firstIndex(of: "\"") else {
                    throw Fault(description: "no end quote in <\(inside)>")
                }
                value = String(rest[..<end])
                rest = rest[rest.index(after: end)...]
            }
            attributes[String(name)] = value
        }
        return Element(tag: String(tag), attributes: attributes)
    }
}
