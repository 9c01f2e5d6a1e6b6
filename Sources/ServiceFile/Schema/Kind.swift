/// How one value is written: read from the file, checked, and explained on the reference page, all from here.
struct Kind<Value: Sendable>: Sendable {
    /// What is allowed, as the end of a sentence: "a duration from 0s to 30d, such as …".
    let allowed: String
    let shape: Shape
    /// nil: not readable, and the problems say why.
    let read: @Sendable (Tree, inout Problems) -> Value?
    /// How a default is written on the reference page.
    let show: @Sendable (Value) -> String

    func map<Other: Sendable>(_ transform: @escaping @Sendable (Value) -> Other) -> Kind<Other> {
        let read = self.read
        return Kind<Other>(allowed: self.allowed, shape: self.shape) { tree, problems in
            read(tree, &problems).map(transform)
        } show: {
            "\($0)"
        }
    }

    /// The same kind with another way to print a default.
    func showing(_ show: @escaping @Sendable (Value) -> String) -> Kind {
        Kind(allowed: self.allowed, shape: self.shape, read: self.read, show: show)
    }

    /// Also takes a shorter form, where one word or text stands for the whole.
    func orText<Short: Sendable>(
        _ short: Kind<Short>, _ make: @escaping @Sendable (Short) -> Value
    ) -> Kind {
        let long = self.read
        return Kind(allowed: "\(short.allowed); or \(self.allowed)", shape: .either([short.shape, self.shape])) {
            tree, problems in
            switch tree.content {
            case .text where !tree.isNothing: short.read(tree, &problems).map(make)
            case .text, .list, .map: long(tree, &problems)
            }
        } show: {
            self.show($0)
        }
    }

    /// A list of these.
    func list(atMost limit: Int, _ nouns: String) -> Kind<[Value]> {
        let allowed = "a list of \(nouns), at most \(limit)"
        return Kind<[Value]>(allowed: allowed, shape: .list(self.shape, atMost: limit)) { tree, problems in
            guard case .list(let elements) = tree.content else {
                problems.add(
                    .wrongShape, tree,
                    "\(tree.noun) is no list: begin each entry with `- `, or write [ … ] (\(allowed))")
                return nil
            }
            guard elements.count <= limit else {
                problems.add(.tooLarge, tree, "\(elements.count) entries: at most \(limit) are allowed")
                return nil
            }
            // All are read, so that all problems are found.
            let values = elements.map { self.read($0, &problems) }
            return values.contains { $0 == nil } ? nil : values.compactMap { $0 }
        } show: { values in
            values.isEmpty ? "none" : "[\(values.map(self.show).joined(separator: ", "))]"
        }
    }

    /// A list of these, where one alone needs no list.
    func listOrOne(atMost limit: Int, _ nouns: String) -> Kind<[Value]> {
        let list = self.list(atMost: limit, nouns)
        return Kind<[Value]>(
            allowed: "\(self.allowed); or \(list.allowed)", shape: .either([self.shape, list.shape])
        ) { tree, problems in
            switch tree.content {
            case .list: list.read(tree, &problems)
            case .text, .map: self.read(tree, &problems).map { [$0] }
            }
        } show: {
            list.show($0)
        }
    }
}

/// The form of a value, for the reference page and the JSON schema.
indirect enum Shape: Sendable {
    /// One scalar; a regular expression of ECMA-262 where the form is that simple.
    case text(pattern: String?)
    case integer(ClosedRange<Int>)
    /// From 0 to 100, as a number or as a text with `%`.
    case percentage(decimals: Int)
    case truth
    case choice([String])
    case section(Section)
    case oneOf(Alternatives)
    /// A map from names that the user chooses.
    case named(Shape, atMost: Int)
    case list(Shape, atMost: Int)
    case either([Shape])
}

/// A closed set of which one is chosen, by its word or as a map with one key.
struct Alternatives: Sendable {
    struct Line: Sendable {
        let name: String
        let text: String
        let example: String
        let isWord: Bool
        let settings: Shape?
    }

    /// The key that they stand under.
    let title: String
    let lines: [Line]
    let later: [Section.Later]
}

/// A map with known keys.
struct Section: Sendable {
    /// One key, without the type of its value.
    struct Line: Sendable {
        let name: String
        let allowed: String
        /// nil: it must be given, or is nothing if left out.
        let standard: String?
        let isRequired: Bool
        let text: String
        let shape: Shape
    }

    /// A key or kind of the design that this version does not have.
    struct Later: Sendable {
        let name: String
        let text: String
    }

    let title: String
    let lines: [Line]
    var later: [Later] = []

    var names: [String] { self.lines.map(\.name) }
}

/// One key of a map: its name, its kind, its default and what it means. Used to read it and to explain it.
struct Key<Value: Sendable>: Sendable {
    let name: String
    let kind: Kind<Value>
    let standard: Value?
    let line: Section.Line

    /// A key that must be there.
    static func required(_ name: String, _ kind: Kind<Value>, _ text: String) -> Key {
        Key(name: name, kind: kind, standard: nil, standardText: nil, isRequired: true, text: text)
    }

    /// A key with a default.
    static func optional(_ name: String, _ kind: Kind<Value>, standard: Value, _ text: String) -> Key {
        Key(
            name: name, kind: kind, standard: standard, standardText: kind.show(standard), isRequired: false, text: text
        )
    }

    /// A key that may be left out, and then is nothing, or follows from others as `otherwise` says.
    static func optional(_ name: String, _ kind: Kind<Value>, otherwise: String? = nil, _ text: String) -> Key {
        Key(name: name, kind: kind, standard: nil, standardText: otherwise, isRequired: false, text: text)
    }

    private init(
        name: String, kind: Kind<Value>, standard: Value?, standardText: String?, isRequired: Bool, text: String
    ) {
        self.name = name
        self.kind = kind
        self.standard = standard
        self.line = Section.Line(
            name: name, allowed: kind.allowed, standard: standardText, isRequired: isRequired, text: text,
            shape: kind.shape)
    }
}

/// The entries of one map of the file, read by key.
struct Fields: Sendable {
    let tree: Tree
    private let entries: [String: Tree.Entry]
    /// Known keys that were most likely meant by unknown ones: not called missing on top of that.
    private let meant: Set<String>

    init(_ tree: Tree, _ entries: [Tree.Entry], meant: Set<String>) {
        self.tree = tree
        self.meant = meant
        self.entries = Dictionary(entries.map { ($0.key, $0) }) { first, _ in first }
    }

    /// The value, or its default; nil if it is not given, or given wrongly.
    func value<Value>(_ key: Key<Value>, _ problems: inout Problems) -> Value? {
        guard let entry = self.entries[key.name] else {
            if key.line.isRequired, !self.meant.contains(key.name) {
                problems.add(.missing, self.tree, "`\(key.name)` is missing: \(key.line.text)")
            }
            return key.standard
        }
        guard !entry.value.isNothing else {
            let way = key.line.isRequired ? "" : ", or leave the key out"
            problems.add(
                .missing, entry.keyPlace,
                "\(entry.value.path): `\(key.name)` has no value: give \(key.line.allowed)\(way)")
            return nil
        }
        return key.kind.read(entry.value, &problems)
    }

    /// Was it given, rightly or wrongly?
    func has<Value>(_ key: Key<Value>) -> Bool {
        self.entries[key.name] != nil || self.meant.contains(key.name)
    }

    func place<Value>(_ key: Key<Value>) -> Place { self.entries[key.name]?.value.place ?? self.tree.place }

    func placeIfGiven<Value>(_ key: Key<Value>) -> Place? { self.entries[key.name]?.keyPlace }

    /// The place of an entry of a list, counted from 0.
    func place<Value>(ofEntry index: Int, in key: Key<Value>) -> Place {
        guard case .list(let elements) = self.entries[key.name]?.value.content, elements.indices.contains(index) else {
            return self.place(key)
        }
        return elements[index].place
    }

    /// The last place of a text in a list, or of the value itself.
    func place<Value>(of text: String, in key: Key<Value>) -> Place {
        guard case .list(let elements) = self.entries[key.name]?.value.content else { return self.place(key) }
        let found = elements.last { element in
            if case .text(text, _) = element.content { true } else { false }
        }
        return found?.place ?? self.place(key)
    }
}

extension Kind {
    /// A map with known keys. `make` reads every key, so that all problems are found, before it gives up.
    static func section(
        _ title: String, _ lines: [Section.Line], later: [Section.Later] = [],
        _ make: @escaping @Sendable (Fields, inout Problems) -> Value?
    ) -> Kind {
        let section = Section(title: title, lines: lines, later: later)
        let names = lines.map { "`\($0.name)`" }.joined(separator: ", ")
        return Kind(allowed: "a map with \(names)", shape: .section(section)) { tree, problems in
            guard case .map(let entries) = tree.content else {
                problems.add(.wrongShape, tree, "\(tree.noun) is no map: write keys with values (known: \(names))")
                return nil
            }
            var meant: Set<String> = []
            for entry in entries where !section.names.contains(entry.key) {
                let name = nearest(to: entry.key, in: section.names)
                problems.add(entry, unknownIn: section, meant: name)
                if let name { meant.insert(name) }
            }
            return make(Fields(tree, entries, meant: meant), &problems)
        } show: {
            "\($0)"
        }
    }
}

extension Problems {
    fileprivate mutating func add(_ entry: Tree.Entry, unknownIn section: Section, meant: String?) {
        if let later = section.later.first(where: { $0.name == entry.key }) {
            self.add(
                .notYet, entry.keyPlace,
                "\(entry.value.path): `\(later.name)` is not supported by this version: \(later.text)")
            return
        }
        let known = section.names.map { "`\($0)`" }.joined(separator: ", ")
        let hint = meant.map { "; did you mean `\($0)`?" } ?? elsewhere(entry.key)
        let place = entry.value.path.split(separator: ".").dropLast().joined(separator: ".")
        let inside = place.isEmpty ? "" : " in \(place)"
        self.add(
            .unknownKey, entry.keyPlace, "unknown key \(quoted(entry.key))\(inside)\(hint) (known here: \(known))")
    }
}

/// Says where a key belongs that is known in another map of the file.
private func elsewhere(_ key: String) -> String {
    var titles: [String] = []
    FileKeys.kind.shape.walk { shape in
        switch shape {
        case .section(let section) where section.names.contains(key): titles.append(section.title)
        case .oneOf(let set) where set.lines.contains { $0.name == key }: titles.append(set.title)
        case .section, .oneOf, .text, .integer, .percentage, .truth, .choice, .named, .list, .either: break
        }
    }
    guard !titles.isEmpty else { return "" }
    let places = titles.map { title in
        switch title {
        case "file": "at the top of the file"
        case "environment": "in an environment"
        default: "under `\(title)`"
        }
    }
    return "; `\(key)` belongs \(places.joined(separator: " or "))"
}

extension Shape {
    /// Visits this and all that is in here, outer ones first.
    func walk(_ visit: (Shape) -> Void) {
        visit(self)
        switch self {
        case .text, .integer, .percentage, .truth, .choice: break
        case .section(let section): for line in section.lines { line.shape.walk(visit) }
        case .oneOf(let set): for line in set.lines { line.settings?.walk(visit) }
        case .named(let shape, _), .list(let shape, _): shape.walk(visit)
        case .either(let shapes): for shape in shapes { shape.walk(visit) }
        }
    }
}
