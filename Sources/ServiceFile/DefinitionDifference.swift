package import Core

/// What would change between two definitions of a service, in sentences (`apply --plan`). Empty only if they are equal.
package struct DefinitionDifference: Sendable, Equatable {
    package struct Change: Sendable, Equatable, CustomStringConvertible {
        /// nil: of the service itself.
        package let environment: EnvironmentName?
        /// Such as `bake 0s -> 30m`.
        package let text: String
        /// Takes a check away, or makes one easier to pass.
        package let weakens: Bool

        package init(environment: EnvironmentName?, text: String, weakens: Bool) {
            self.environment = environment
            self.text = text
            self.weakens = weakens
        }

        package var description: String {
            "\(self.environment?.text ?? "service"): \(self.text)\(self.weakens ? " (weakens)" : "")"
        }
    }

    /// Service first, then the environments in the order of the new definition, then those that go.
    package let changes: [Change]

    package var isEmpty: Bool { self.changes.isEmpty }
    package var weakens: Bool { self.changes.contains(where: \.weakens) }
    /// Environments touched: who applies needs the right for each.
    package var environments: Set<EnvironmentName> { Set(self.changes.compactMap(\.environment)) }

    /// `old` nil: the service is registered for the first time.
    package init(from old: Definition?, to new: Definition) {
        guard let old else {
            self.changes =
                [Change(environment: nil, text: "new service, owner \(quoted(new.owner))", weakens: false)]
                + new.environments.map(Self.added)
            return
        }
        var service = Comparison(environment: nil)
        service.compare("name", old.service.text, new.service.text)
        // Not by the quoted texts: those are cut.
        if old.owner != new.owner { service.add("owner \(quoted(old.owner)) -> \(quoted(new.owner))") }
        let needs = { (definition: Definition) in Self.list((definition.dependsOn ?? []).map(\.text)) }
        // What is needed less is checked less.
        service.compare(
            "dependsOn", needs(old), needs(new),
            weakens: !(old.dependsOn ?? []).allSatisfy { (new.dependsOn ?? []).contains($0) })
        let kept = old.environments.map(\.name).filter { new[$0] != nil }
        let stay = new.environments.map(\.name).filter { old[$0] != nil }
        if kept != stay {
            service.compare(
                "order of environments", kept.map(\.text).joined(separator: ", "),
                stay.map(\.text).joined(separator: ", "))
        }
        let environments = new.environments.flatMap { environment in
            old[environment.name].map { Self.changes(from: $0, to: environment) } ?? [Self.added(environment)]
        }
        let gone = old.environments.filter { new[$0.name] == nil }.map {
            Change(environment: $0.name, text: "removed, with its gates and what it verifies", weakens: true)
        }
        self.changes = service.changes + environments + gone
    }

    private static func added(_ environment: EnvironmentDefinition) -> Change {
        var parts = ["new environment", environment.listen.map { "listen \($0)" } ?? "without traffic"]
        if !environment.after.isEmpty { parts.append("after \(Self.list(environment.after.map(\.text)))") }
        parts.append("promote \(environment.promotion.rawValue)")
        parts.append(environment.strategy.text)
        if !environment.gates.isEmpty { parts.append("gates \(Self.list(environment.gates.map(\.text)))") }
        return Change(environment: environment.name, text: parts.joined(separator: ", "), weakens: false)
    }

    private static func changes(from old: EnvironmentDefinition, to new: EnvironmentDefinition) -> [Change] {
        var comparison = Comparison(environment: new.name)
        comparison.compare("listen", old.listen?.description ?? "none", new.listen?.description ?? "none")
        comparison.compare(
            "after", Self.list(old.after.map(\.text)), Self.list(new.after.map(\.text)),
            weakens: !Set(old.after).isSubset(of: Set(new.after)))
        comparison.compare(
            "promote", old.promotion.rawValue, new.promotion.rawValue, weakens: new.promotion == .automatically)
        comparison.compareGates(old.gates, new.gates)
        comparison.compare(
            "strategy", old.strategy.text, new.strategy.text, weakens: old.strategy.isStricter(than: new.strategy))
        comparison.compareLists("verify", old.verify, new.verify, removalWeakens: true, \.text)
        comparison.compare(
            "bake", DurationText.write(old.bake), DurationText.write(new.bake), weakens: new.bake < old.bake)
        comparison.compare("keepWarm", DurationText.write(old.keepWarm), DurationText.write(new.keepWarm))
        comparison.compare("queue", old.queue.rawValue, new.queue.rawValue)
        comparison.compare("drain", DurationText.write(old.drain), DurationText.write(new.drain))
        let replicas = { (count: Int?) in count.map { "\($0)" } ?? "as the release says" }
        comparison.compare("replicas", replicas(old.replicas), replicas(new.replicas))
        comparison.compareVariables(old.variables, new.variables)
        comparison.compare("previewHeader", old.previewHeader, new.previewHeader)
        comparison.compareLists("notify", old.notify, new.notify, removalWeakens: false, \.text)
        comparison.compareWatching(old, new)
        comparison.compare(
            "like", old.like?.text ?? "nothing", new.like?.text ?? "nothing",
            weakens: old.like != nil && old.like != new.like)
        return comparison.changes
    }

    private static func list(_ texts: [String]) -> String {
        texts.isEmpty ? "none" : "[\(texts.joined(separator: ", "))]"
    }
}

/// Collects the changes of one environment, or of the service.
private struct Comparison {
    let environment: EnvironmentName?
    var changes: [DefinitionDifference.Change] = []

    init(environment: EnvironmentName?) { self.environment = environment }

    mutating func add(_ text: String, weakens: Bool = false) {
        self.changes.append(.init(environment: self.environment, text: text, weakens: weakens))
    }

    mutating func compare(_ what: String, _ old: String, _ new: String, weakens: Bool = false) {
        if old != new { self.add("\(what) \(old) -> \(new)", weakens: weakens) }
    }

    /// Gates of one kind are compared one by one, in their order.
    mutating func compareGates(_ old: [Gate], _ new: [Gate]) {
        let before = self.changes.count
        for kind in ["tests", "soak", "approval", "like"] {
            let olds = old.filter { $0.kindName == kind }
            let news = new.filter { $0.kindName == kind }
            for index in 0..<max(olds.count, news.count) {
                switch (
                    olds.indices.contains(index) ? olds[index] : nil, news.indices.contains(index) ? news[index] : nil
                ) {
                case (let old?, let new?):
                    if old != new { self.add("gate \(old.text) -> \(new.text)", weakens: old.isStricter(than: new)) }
                case (let old?, nil): self.add("gate \(old.text) removed", weakens: true)
                case (nil, let new?): self.add("gate \(new.text) added")
                case (nil, nil): break
                }
            }
        }
        if old != new, self.changes.count == before { self.add("gates in another order") }
    }

    mutating func compareLists<Element: Equatable>(
        _ what: String, _ old: [Element], _ new: [Element], removalWeakens: Bool, _ text: (Element) -> String
    ) {
        let before = self.changes.count
        var added = new
        for element in old {
            if let index = added.firstIndex(of: element) {
                added.remove(at: index)
            } else {
                self.add("\(what) \(text(element)) removed", weakens: removalWeakens)
            }
        }
        for element in added { self.add("\(what) \(text(element)) added") }
        if old != new, self.changes.count == before { self.add("\(what) in another order") }
    }

    /// What is left out means its standard.
    mutating func compareWatching(_ old: EnvironmentDefinition, _ new: EnvironmentDefinition) {
        let (noData, newNoData) = (old.noData ?? .standard, new.noData ?? .standard)
        self.compare("noData", noData.text, newNoData.text, weakens: noData.isStricter(than: newNoData))
        let (objective, newObjective) = (old.objective ?? .standard, new.objective ?? .standard)
        let text = { (rate: ErrorRate) in "errors \(PercentText.write(rate.perMillion, decimals: 4))" }
        self.compare("objective", text(objective), text(newObjective), weakens: objective < newObjective)
        let router = "cookie of the router"
        self.compare("userKey", old.userKey?.text ?? router, new.userKey?.text ?? router)
    }

    mutating func compareVariables(_ old: [String: String], _ new: [String: String]) {
        for name in Set(old.keys).union(new.keys).sorted() where old[name] != new[name] {
            switch (old[name], new[name]) {
            case (let old?, let new?): self.add("variable \(name) \(quoted(old)) -> \(quoted(new))")
            case (_?, nil): self.add("variable \(name) removed")
            case (nil, let new?): self.add("variable \(name) \(quoted(new)) added")
            case (nil, nil): break
            }
        }
    }
}

extension Gate {
    /// Something that `self` stops might pass `other`. When in doubt: stricter.
    fileprivate func isStricter(than other: Gate) -> Bool {
        switch (self, other) {
        case (.soak(let old), .soak(let new)): new < old
        case (.approval(let oldFrom, let oldCount), .approval(let newFrom, let newCount)):
            // More people who may say yes make a yes easier to get.
            newCount < oldCount || !Set(newFrom).isSubset(of: Set(oldFrom))
        case (.tests, _), (.soak, _), (.approval, _), (.like, _): self != other
        }
    }
}

extension NoDataPolicy {
    /// Too few requests may pass what they did not pass before: `fail` never does, `wait` asks a person, `pass` goes
    /// on.
    fileprivate func isStricter(than other: NoDataPolicy) -> Bool { other.caution < self.caution }

    private var caution: Int {
        switch self {
        case .pass: 0
        case .wait: 1
        case .fail: 2
        }
    }
}

extension Strategy {
    /// Verifies before users see it, shows it to fewer of them first, or watches longer.
    fileprivate func isStricter(than other: Strategy) -> Bool {
        switch (self, other) {
        case (.blueGreen(let old), .blueGreen(let new)): new < old
        case (.canary(let old), .canary(let new)):
            zip(old.steps, new.steps).contains { $0 < $1 } || Watched(old).isStricter(than: Watched(new))
        case (.rolling(let old), .rolling(let new)):
            old.batch < new.batch || Watched(old).isStricter(than: Watched(new))
        case (.bigBang, _), (.rolling, _), (.blueGreen, _), (.canary, _): other.caution < self.caution
        }
    }

    /// How much is known of a release before all users have it: nothing; something, after a part of them has it;
    /// verified before any; judged at each share.
    private var caution: Int {
        switch self {
        case .bigBang: 0
        case .rolling: 1
        case .blueGreen: 2
        case .canary: 3
        }
    }
}

/// How a share or a batch is watched.
private struct Watched {
    let each: StepTimes
    let observe: Milliseconds
    let pauses: Bool

    init(_ settings: CanarySettings) {
        self.each = settings.each
        self.observe = settings.observe
        self.pauses = settings.whenTimeIsUp == .pause
    }

    init(_ settings: RollingSettings) {
        self.each = settings.each
        self.observe = settings.observe
        self.pauses = settings.whenTimeIsUp == .pause
    }

    /// Longer before it goes on, more often looked at, or a person is asked. A shorter `atMost` goes on sooner only
    /// where nobody is asked.
    func isStricter(than other: Watched) -> Bool {
        other.each.atLeast < self.each.atLeast || self.observe < other.observe || (self.pauses && !other.pauses)
            || (!other.pauses && other.each.atMost < self.each.atMost)
    }
}
