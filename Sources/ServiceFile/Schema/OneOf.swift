/// One kind of a closed set, written as a word (`bigBang`) or with settings (`blueGreen: { hold: 5s }`).
struct Choice<Value: Sendable>: Sendable {
    let name: String
    let text: String
    /// The value of the word alone; nil: it needs settings.
    let word: Value?
    /// nil: it takes no settings.
    let settings: Kind<Value>?
    /// As it would be written.
    let example: String
}

extension Kind {
    /// Strategies and gates: a word, or a map with one key.
    static func oneOf(
        _ noun: String, under title: String, _ choices: [Choice<Value>], later: [Section.Later] = [],
        show: @escaping @Sendable (Value) -> String
    ) -> Kind {
        let lines = choices.map { choice in
            Alternatives.Line(
                name: choice.name, text: choice.text, example: choice.example, isWord: choice.word != nil,
                settings: choice.settings?.shape)
        }
        let chooser = Chooser(noun: noun, choices: choices, later: later)
        return Kind(
            allowed: "a \(noun): \(choices.map { "`\($0.example)`" }.joined(separator: " or "))",
            shape: .oneOf(Alternatives(title: title, lines: lines, later: later)),
            read: { tree, problems in chooser.read(tree, &problems) }, show: show)
    }
}

/// Finds which of the set is meant, and reads its settings.
private struct Chooser<Value: Sendable>: Sendable {
    let noun: String
    let choices: [Choice<Value>]
    let later: [Section.Later]

    private var known: String { self.choices.map { "`\($0.name)`" }.joined(separator: ", ") }

    func read(_ tree: Tree, _ problems: inout Problems) -> Value? {
        switch tree.content {
        case .text(let text, _):
            guard let choice = self.choice(named: text, tree.place, tree, &problems) else { return nil }
            if choice.word == nil {
                problems.add(.missing, tree, "`\(text)` needs settings: write `\(choice.example)`")
            }
            return choice.word
        case .list:
            problems.add(
                .wrongShape, tree, "a list is not allowed here: give one \(self.noun) (known: \(self.known))")
            return nil
        case .map(let entries):
            guard let entry = entries.first, entries.count == 1 else {
                self.addSeveral(entries, tree, &problems)
                return nil
            }
            let choice = self.choice(named: entry.key, entry.keyPlace, tree, &problems)
            return choice.flatMap { self.settings(of: $0, entry.value, &problems) }
        }
    }

    private func settings(of choice: Choice<Value>, _ tree: Tree, _ problems: inout Problems) -> Value? {
        guard let settings = choice.settings else {
            problems.add(.wrongShape, tree, "`\(choice.name)` takes no settings: write `\(choice.example)`")
            return nil
        }
        guard !tree.isNothing else {
            problems.add(.missing, tree, "no value is given: write `\(choice.example)`")
            return nil
        }
        return settings.read(tree, &problems)
    }

    private func choice(
        named name: String, _ place: Place, _ tree: Tree, _ problems: inout Problems
    ) -> Choice<Value>? {
        if let choice = self.choices.first(where: { $0.name == name }) { return choice }
        if self.later.contains(where: { $0.name == name }) {
            problems.add(
                .notYet, place,
                "\(tree.path): the \(self.noun) `\(name)` is not in this version yet: known \(self.known)")
            return nil
        }
        let hint = nearest(to: name, in: self.choices.map(\.name)).map { "; did you mean `\($0)`?" } ?? ""
        problems.add(
            .unknownKind, place, "\(tree.path): unknown \(self.noun) \(quoted(name))\(hint) (known: \(self.known))")
        return nil
    }

    private func addSeveral(_ entries: [Tree.Entry], _ tree: Tree, _ problems: inout Problems) {
        guard let first = entries.first else {
            problems.add(.missing, tree, "an empty map names no \(self.noun)")
            return
        }
        let names = entries.map { quoted($0.key) }.prefix(4).joined(separator: ", ")
        let hint =
            first.value.isNothing
            ? "indent what belongs to \(quoted(first.key)) further than \(quoted(first.key)) itself"
            : "give one \(self.noun) at a time"
        problems.add(.wrongShape, tree, "\(names) stand side by side: \(hint)")
    }
}
