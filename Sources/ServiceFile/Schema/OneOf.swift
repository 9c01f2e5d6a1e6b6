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
        let known = choices.map { "`\($0.name)`" }.joined(separator: ", ")
        let lines = choices.map { choice in
            Alternatives.Line(
                name: choice.name, text: choice.text, example: choice.example, isWord: choice.word != nil,
                settings: choice.settings?.shape)
        }
        return Kind(
            allowed: "a \(noun): \(choices.map { "`\($0.example)`" }.joined(separator: " or "))",
            shape: .oneOf(Alternatives(title: title, lines: lines, later: later))
        ) { tree, problems in
            switch tree.content {
            case .text(let text, _):
                guard let choice = choose(text, noun, choices, later, tree.place, tree, &problems) else { return nil }
                if choice.word == nil {
                    problems.add(.missing, tree, "`\(text)` needs settings: write `\(choice.example)`")
                }
                return choice.word
            case .list:
                problems.add(.wrongShape, tree, "a list is not allowed here: give one \(noun) (known: \(known))")
                return nil
            case .map(let entries):
                guard let entry = entries.first, entries.count == 1 else {
                    problems.add(tree, severalOf: noun, entries)
                    return nil
                }
                guard let choice = choose(entry.key, noun, choices, later, entry.keyPlace, tree, &problems) else {
                    return nil
                }
                guard let settings = choice.settings else {
                    problems.add(.wrongShape, entry.value, "`\(choice.name)` takes no settings: write `\(choice.example)`")
                    return nil
                }
                if entry.value.isNothing {
                    problems.add(.missing, entry.value, "no value is given: write `\(choice.example)`")
                    return nil
                }
                return settings.read(entry.value, &problems)
            }
        } show: {
            show($0)
        }
    }
}

private func choose<Value>(
    _ name: String, _ noun: String, _ choices: [Choice<Value>], _ later: [Section.Later], _ place: Place, _ tree: Tree,
    _ problems: inout Problems
) -> Choice<Value>? {
    if let choice = choices.first(where: { $0.name == name }) { return choice }
    let known = choices.map { "`\($0.name)`" }.joined(separator: ", ")
    if later.contains(where: { $0.name == name }) {
        problems.add(.notYet, place, "\(tree.path): the \(noun) `\(name)` is not in this version yet: known \(known)")
        return nil
    }
    let hint = nearest(to: name, in: choices.map(\.name)).map { "; did you mean `\($0)`?" } ?? ""
    problems.add(.unknownKind, place, "\(tree.path): unknown \(noun) \(quoted(name))\(hint) (known: \(known))")
    return nil
}

extension Problems {
    fileprivate mutating func add(_ tree: Tree, severalOf noun: String, _ entries: [Tree.Entry]) {
        guard let first = entries.first else {
            self.add(.missing, tree, "an empty map names no \(noun)")
            return
        }
        let names = entries.map { quoted($0.key) }.prefix(4).joined(separator: ", ")
        let hint = first.value.isNothing
            ? "indent what belongs to \(quoted(first.key)) further than \(quoted(first.key)) itself"
            : "give one \(noun) at a time"
        self.add(.wrongShape, tree, "\(names) stand side by side: \(hint)")
    }
}
