import Core

// What a release says about the way back from it, and what must be there before it.

enum ReversibilityKeys {
    static let until = Key.optional(
        "until", Kind<PointOfNoReturn>.choice(),
        "from when on there is no way back: all traffic goes to it, its task after the switch begins, its bake begins, "
            + "its bake has ended")
    static let because = Key.optional(
        "because", Kind<String>.line("why there is no way back from then on", atMost: 200),
        "told to whoever wants to go back; with `until`")
    static let forwardOnly = Key.optional(
        "forwardOnly", Kind<String>.line("why there is no way back", atMost: 200),
        "once it serves there is no way back but forward, and why")

    private enum Word: String, CaseIterable { case reversible }

    static let kind = Kind<Reversibility>.section(
        "reversibility", [Self.until.line, Self.because.line, Self.forwardOnly.line]
    ) { fields, problems in
        let until = fields.value(Self.until, &problems)
        let because = fields.value(Self.because, &problems)
        let forwardOnly = fields.value(Self.forwardOnly, &problems)
        guard fields.has(Self.until) != fields.has(Self.forwardOnly) else {
            problems.add(
                .contradiction, fields.tree,
                "give either `until` with `because`, or `forwardOnly`, or the word `reversible`")
            return nil
        }
        guard fields.has(Self.until) == fields.has(Self.because) else {
            problems.add(
                fields.has(Self.until) ? .missing : .contradiction, fields.tree,
                fields.has(Self.until)
                    ? "`until` needs its reason: add `because`"
                    : "`because` belongs to `until`; `forwardOnly` has its own reason")
            return nil
        }
        if let until, let because { return .until(until, because: because) }
        return forwardOnly.map { .forwardOnly(because: $0) }
    }.orText(Kind<Word>.choice()) { _ in .reversible }.showing(\.inWords)
}

enum NeedsKeys {
    static let release = Key.required(
        "release", .versionRange, "the release that prepares for this one, as a version or a range")
    static let bakedFor = Key.optional(
        "bakedFor", .duration(.zero...(.hours(90 * 24))), standard: .zero,
        "so long it must have been verified in the same environment, with nothing older between")

    static let kind = Kind<Prerequisite>.section("needs", [Self.release.line, Self.bakedFor.line]) {
        fields, problems in
        let release = fields.value(Self.release, &problems)
        let bakedFor = fields.value(Self.bakedFor, &problems)
        guard let release, let bakedFor else { return nil }
        return Prerequisite(versions: release, bakedFor: bakedFor)
    }
}

enum LikeKeys {
    static let environment = Key.required(
        "environment", Kind<EnvironmentName>.name(of: "an environment"), "the one that it is to be like")
    static let except = Key.optional(
        "except",
        Kind<EnvironmentDifference.Key>.choice().listOrOne(
            atMost: EnvironmentDifference.Key.allCases.count, "things that may differ"),
        standard: [], "differences that count for nothing")

    static let kind = Kind<Likeness>.section("like", [Self.environment.line, Self.except.line]) { fields, problems in
        let environment = fields.value(Self.environment, &problems)
        let except = fields.value(Self.except, &problems)
        guard let environment, let except else { return nil }
        return Likeness(environment: environment, except: except)
    }.orText(Kind<EnvironmentName>.name(of: "an environment")) { Likeness(environment: $0) }
}

extension Kind where Value == VersionRange {
    static let versionRange = Kind(allowed: VersionRange.rule, shape: .text(pattern: nil)) { tree, problems in
        guard let text = scalar(tree, VersionRange.rule, &problems) else { return nil }
        guard let range = VersionRange(text) else {
            problems.add(.badValue, tree, "\(quoted(text)) is not allowed: give \(VersionRange.rule)")
            return nil
        }
        return range
    } show: {
        $0.description
    }
}

extension Kind where Value == [Dependency] {
    /// Names, or names with versions.
    static let dependencies: Kind = {
        let name = Kind<ServiceName>.name(of: "a service")
        let list = name.listOrOne(atMost: Limits.names, "services")
        let allowed = "\(list.allowed); or a map from services to \(VersionRange.rule)"
        let shape = Shape.either([list.shape, .named(Kind<VersionRange>.versionRange.shape, atMost: Limits.names)])
        return Kind(allowed: allowed, shape: shape) { tree, problems in
            guard case .map(let entries) = tree.content else {
                return list.read(tree, &problems).map { names in names.map { Dependency(service: $0) } }
            }
            guard entries.count <= Limits.names else {
                problems.add(.tooLarge, tree, "\(entries.count) services: at most \(Limits.names) are allowed")
                return nil
            }
            let found = entries.compactMap { entry -> Dependency? in
                let name = ServiceName(entry.key)
                if name == nil {
                    problems.add(
                        .badValue, entry.keyPlace,
                        "dependsOn: \(quoted(entry.key)) is not allowed as a name: give \(ServiceName.rule)")
                }
                let versions = Kind<VersionRange>.versionRange.read(entry.value, &problems)
                guard let name, let versions else { return nil }
                return Dependency(service: name, versions: versions)
            }
            return found.count == entries.count ? found : nil
        } show: { dependencies in
            dependencies.isEmpty ? "none" : dependencies.map(\.text).joined(separator: ", ")
        }
    }()
}

extension Dependency {
    var text: String { self.versions.map { "\(self.service) \($0)" } ?? self.service.text }
}

extension RunConfiguration {
    /// What a file says of ways back that can't all be true.
    func checkWayBack(_ fields: Fields, _ problems: inout Problems) {
        if fields.has(FileKeys.reversibility), fields.has(FileKeys.reversible) {
            problems.add(
                .contradiction, fields.place(FileKeys.reversible),
                "`reversible` and `reversibility` say the same: keep `reversibility`")
        }
        if case .until(.afterTraffic, _) = self.reversibility, self.tasks.afterTraffic == nil {
            problems.add(
                .contradiction, fields.place(FileKeys.reversibility),
                "reversibility: `until: afterTraffic` is about the task `tasks.afterTraffic`, and there is none")
        }
        let isRead = self.reversibility != nil || !fields.has(FileKeys.reversibility)
        if self.data == .contract, self.wayBack == .reversible, isRead {
            problems.add(
                .contradiction, fields.place(FileKeys.data),
                "data: `contract` takes away what older versions work with, so there is a point of no return: give "
                    + "`reversibility` with `until` or `forwardOnly`")
        }
    }
}
