import Yams

/// Bytes of a file to a `Tree`. All of YAML that could surprise or explode is refused here.
enum TreeReader {
    /// nil: nothing can be read on, and `problems` says why.
    static func read(_ bytes: [UInt8], _ problems: inout Problems) -> Tree? {
        guard bytes.count <= Limits.bytes else {
            problems.add(.tooLarge, .start, "the file has \(bytes.count) bytes: at most \(Limits.bytes) are read")
            return nil
        }
        guard let text = self.decode(bytes, &problems), self.hasNoBomb(text, &problems) else { return nil }
        do {
            // The parser owns the anchors (nodes point to them weakly), so it lives until the nodes are walked.
            // The basic resolver takes every scalar for text: no regular expression runs; `"on"` and `on` are one key.
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            let root = try parser.singleRoot()
            return withExtendedLifetime(parser) {
                guard let root else {
                    problems.add(
                        .missing, .start, "the file is empty: write at least `service`, `run` and `environments`")
                    return nil
                }
                return self.tree(of: root, Position(), &problems)
            }
        } catch let error as YamlError {
            self.add(error, text, &problems)
        } catch {
            problems.add(.syntax, .start, "the file can't be read as YAML: \(error)")
        }
        return nil
    }

    private struct Position {
        var path = ""
        var depth = 1
        /// Where to point at if the value itself is empty.
        var keyPlace: Place?

        func inside(_ name: String, at place: Place?) -> Position {
            let name = visible(name)
            return Position(
                path: self.path.isEmpty ? name : "\(self.path).\(name)", depth: self.depth + 1, keyPlace: place)
        }

        func entry(_ number: Int) -> Position {
            Position(path: "\(self.path)[\(number)]", depth: self.depth + 1, keyPlace: nil)
        }
    }

    private static func tree(of node: Node, _ position: Position, _ problems: inout Problems) -> Tree? {
        let place = Place(node.mark) ?? position.keyPlace ?? .start
        guard position.depth <= Limits.depth else {
            problems.add(.tooLarge, place, "nested deeper than \(Limits.depth) levels")
            return nil
        }
        guard node.anchor == nil else {
            problems.add(
                .notAllowed, place, "anchors (`&name`) and aliases are not allowed: write the value out at each place")
            return nil
        }
        switch node {
        case .scalar(let scalar):
            return self.text(of: scalar, place, position, &problems)
        case .sequence(let list):
            guard self.isUntagged(list.tag, list: place, &problems) else { return nil }
            var elements: [Tree] = []
            for (index, element) in list.enumerated() {
                if let tree = self.tree(of: element, position.entry(index + 1), &problems) { elements.append(tree) }
            }
            return Tree(content: .list(elements), place: place, path: position.path)
        case .mapping(let map):
            guard self.isUntagged(map.tag, list: place, &problems) else { return nil }
            return self.map(of: map, place, position, &problems)
        case .alias:
            problems.add(.notAllowed, place, "aliases (`*name`) are not allowed: write the value out")
            return nil
        }
    }

    private static func text(
        of scalar: Node.Scalar, _ place: Place, _ position: Position, _ problems: inout Problems
    ) -> Tree? {
        let isPlain = scalar.style == .plain
        // Quoted and block texts always carry the tag of a string.
        let expected = isPlain ? "" : Tag.Name.str.rawValue
        guard scalar.tag.rawValue == expected else {
            problems.add(
                .notAllowed, place,
                "tags (\(quoted(scalar.tag.rawValue))) are not allowed: put the value in quotes if it must be text")
            return nil
        }
        let isEmpty = isPlain && scalar.string.isEmpty
        return Tree(
            content: .text(scalar.string, isPlain: isPlain),
            place: isEmpty ? position.keyPlace ?? place : place, path: position.path)
    }

    private static func isUntagged(_ tag: Tag, list place: Place, _ problems: inout Problems) -> Bool {
        guard tag.rawValue.isEmpty else {
            problems.add(.notAllowed, place, "tags (\(quoted(tag.rawValue))) are not allowed: leave it out")
            return false
        }
        return true
    }

    private static func map(
        of map: Node.Mapping, _ place: Place, _ position: Position, _ problems: inout Problems
    ) -> Tree? {
        var entries: [Tree.Entry] = []
        for (key, value) in map {
            let keyPlace = Place(key.mark) ?? place
            guard case .scalar(let scalar) = key else {
                problems.add(.wrongShape, keyPlace, "a key must be one word, not a list or a map")
                continue
            }
            guard self.isKey(scalar, keyPlace, &problems) else { continue }
            let inside = position.inside(String(scalar.string.unicodeScalars.prefix(40)), at: keyPlace)
            if let tree = self.tree(of: value, inside, &problems) {
                entries.append(Tree.Entry(key: scalar.string, keyPlace: keyPlace, value: tree))
            }
        }
        return Tree(content: .map(entries), place: place, path: position.path)
    }

    private static func isKey(_ scalar: Node.Scalar, _ place: Place, _ problems: inout Problems) -> Bool {
        if scalar.anchor != nil {
            problems.add(.notAllowed, place, "anchors (`&name`) and aliases are not allowed: write the key out")
            return false
        }
        // Yams has compared the keys by now, and thereby given those without a tag the tag of a text.
        guard ["", Tag.Name.str.rawValue].contains(scalar.tag.rawValue) else {
            problems.add(.notAllowed, place, "tags (\(quoted(scalar.tag.rawValue))) are not allowed on a key")
            return false
        }
        if scalar.string == "<<" {
            problems.add(.notAllowed, place, "merge keys (`<<`) are not allowed: write the keys out")
            return false
        }
        return true
    }
}

extension Place {
    fileprivate init?(_ mark: Mark?) {
        guard let mark else { return nil }
        self.init(line: mark.line, column: mark.column)
    }
}
