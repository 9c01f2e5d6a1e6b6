/// The seats of approval rules, and who sits on them: every rule needs `count` different people of those it asks, and one person takes one
/// seat. People are matched to seats by augmenting paths (Kuhn 1955): somebody whom two rules could use is given to the one that has nobody
/// else, so that no seat stays empty that anybody's word could fill.
package struct Seats: Sendable, Equatable {
    package struct Rule: Sendable, Equatable {
        package let people: Set<String>
        package let count: Int

        package init(people: Set<String>, count: Int) {
            self.people = people
            self.count = count
        }
    }

    /// Empty seats by rule. Of all largest assignments it is the one that fills the seats of earlier rules first: a seat, once taken, stays
    /// taken, so what is missing does not depend on the order in which people spoke.
    package let missing: [Int]
    /// Who sits where: the rule's index by person.
    package let ruleOf: [String: Int]

    package init(_ rules: [Rule], filledBy people: Set<String>) {
        let useful = people.sorted().filter { person in rules.contains { $0.people.contains(person) } }
        let wanted = rules.map { rule in useful.filter(rule.people.contains) }
        var ruleOf: [String: Int] = [:]
        var missing = rules.map { max(0, $0.count) }

        /// A person for a seat of this rule, who may leave another rule if that one finds somebody else.
        func seat(_ rule: Int, _ asked: inout Set<String>) -> Bool {
            for person in wanted[rule] where asked.insert(person).inserted {
                if let other = ruleOf[person] {
                    guard other != rule, seat(other, &asked) else { continue }
                }
                ruleOf[person] = rule
                return true
            }
            return false
        }
        for rule in rules.indices {
            var asked: Set<String> = []
            while missing[rule] > 0, seat(rule, &asked) {
                missing[rule] -= 1
                asked = []
            }
        }
        (self.missing, self.ruleOf) = (missing, ruleOf)
    }

    package var isSatisfied: Bool { self.missing.allSatisfy { $0 == 0 } }
}
