import Core

// Progressive delivery: shares and batches, how long each is watched, and what silence means.

/// How long a share or a batch is watched: `{ atLeast: 1m, atMost: 10m }`.
struct StepTimesKeys: Sendable {
    let kind: Kind<StepTimes>

    /// `title`: the strategy that they belong to; its times are the defaults.
    init(of title: String, standard: StepTimes) {
        let atLeast = Key.optional(
            "atLeast", .duration(.seconds(1)...(.hours(24))), standard: standard.atLeast,
            "watched so long also when it is certified before")
        let atMost = Key.optional(
            "atMost", .duration(.seconds(1)...(.hours(7 * 24))), standard: standard.atMost,
            "without a verdict until then, `whenTimeIsUp` or `noData` says what follows")
        self.kind = Kind<StepTimes>.section("\(title).each", [atLeast.line, atMost.line]) { fields, problems in
            let least = fields.value(atLeast, &problems)
            let most = fields.value(atMost, &problems)
            guard let least, let most else { return nil }
            guard least <= most else {
                let missing = fields.has(atMost) ? "" : " (the default)"
                problems.add(
                    .contradiction, fields.place(fields.has(atLeast) ? atLeast : atMost),
                    "\(fields.tree.path): `atLeast` \(DurationText.write(least)) is longer than `atMost` "
                        + "\(DurationText.write(most))\(missing): give `atMost` at least the same time")
                return nil
            }
            return StepTimes(atLeast: least, atMost: most)
        }.showing { "atLeast \(DurationText.write($0.atLeast)), atMost \(DurationText.write($0.atMost))" }
    }
}

/// What both progressive strategies say about watching.
struct WatchKeys: Sendable {
    let each: Key<StepTimes>
    let observe: Key<Milliseconds>
    let whenTimeIsUp: Key<WhenTimeIsUp>

    static let usual = CanarySettings.standard.observe

    init(of title: String, standard: StepTimes, _ noun: String) {
        self.each = Key.optional(
            "each", StepTimesKeys(of: title, standard: standard).kind, standard: standard,
            "how long each \(noun) is watched")
        self.observe = Key.optional(
            "observe", .duration(.seconds(1)...(.minutes(5))),
            otherwise: "`\(DurationText.write(Self.usual))`, or `atLeast` where that is shorter",
            "time between two looks at the counts; at most `each.atLeast`")
        self.whenTimeIsUp = Key.optional(
            "whenTimeIsUp", Kind<WhenTimeIsUp>.choice(), standard: .advanceUnlessDoubt,
            "after `atMost` without a verdict: `pause` asks a person; `advance-unless-doubt` goes on if the ratio's "
                + "upper bound is below the limit or the version's own error rate is certified below `objective`, and "
                + "else asks"
        )
    }

    var lines: [Section.Line] { [self.each.line, self.observe.line, self.whenTimeIsUp.line] }

    struct Values {
        let each: StepTimes
        let observe: Milliseconds
        let whenTimeIsUp: WhenTimeIsUp
    }

    func read(_ fields: Fields, _ problems: inout Problems) -> Values? {
        let each = fields.value(self.each, &problems)
        let observe = fields.value(self.observe, &problems)
        let whenTimeIsUp = fields.value(self.whenTimeIsUp, &problems)
        guard let each, let whenTimeIsUp, observe != nil || !fields.has(self.observe) else { return nil }
        if let observe, observe > each.atLeast {
            problems.add(
                .contradiction, fields.place(self.observe),
                "\(fields.tree.path).observe: \(DurationText.write(observe)) is longer than `each.atLeast` "
                    + "\(DurationText.write(each.atLeast)), so a step could end before it was looked at: "
                    + "give at most \(DurationText.write(each.atLeast))")
            return nil
        }
        return Values(each: each, observe: observe ?? min(Self.usual, each.atLeast), whenTimeIsUp: whenTimeIsUp)
    }
}

enum CanaryKeys {
    static let stepLimit = 20
    static let steps = Key.optional(
        "steps", Kind<BasisPoints>.share.list(atMost: Self.stepLimit, "shares of the traffic in percent"),
        standard: CanarySettings.standard.steps,
        "rising shares that get the release, the last one 100; a user who got it keeps it")
    static let watch = WatchKeys(of: "canary", standard: CanarySettings.standard.each, "share below 100")

    static let kind = Kind<Strategy>.section("canary", [Self.steps.line] + Self.watch.lines) { fields, problems in
        let steps = fields.value(Self.steps, &problems)
        let watch = Self.watch.read(fields, &problems)
        let isGood = steps.map { Self.check($0, fields, &problems) } ?? false
        guard let steps, let watch, isGood else { return nil }
        return .canary(
            CanarySettings(
                steps: steps, each: watch.each, observe: watch.observe, whenTimeIsUp: watch.whenTimeIsUp))
    }

    private static func check(_ steps: [BasisPoints], _ fields: Fields, _ problems: inout Problems) -> Bool {
        let path = "\(fields.tree.path).steps"
        let written = { (share: BasisPoints) in PercentText.write(share.count, decimals: 2) }
        for index in steps.indices.dropFirst() where steps[index] <= steps[index - 1] {
            problems.add(
                .contradiction, fields.place(ofEntry: index, in: Self.steps),
                "\(path)[\(index + 1)]: \(written(steps[index])) after \(written(steps[index - 1])): the shares must "
                    + "rise, because nobody who has the release loses it by a step")
            return false
        }
        guard let last = steps.last else {
            problems.add(
                .missing, fields.place(Self.steps), "\(path): no share is given: write such as `[5, 25, 50, 100]`")
            return false
        }
        guard last == .all else {
            problems.add(
                .contradiction, fields.place(ofEntry: steps.count - 1, in: Self.steps),
                "\(path): the last share is \(written(last)), so the rest would never get the release: add 100 at the "
                    + "end"
            )
            return false
        }
        guard steps.count > 1 else {
            problems.add(
                .contradiction, fields.place(Self.steps),
                "\(path): 100% alone shows the release to everybody at once: give a smaller share before it, or use "
                    + "`blueGreen`")
            return false
        }
        return true
    }
}

enum RollingKeys {
    static let batch = Key.optional(
        "batch", .integer(1...64), standard: RollingSettings.standard.batch,
        "instances of one step, fewer than the environment's `replicas`; each batch brings its share of the traffic")
    static let watch = WatchKeys(of: "rolling", standard: RollingSettings.standard.each, "batch but the last")

    static let kind = Kind<Strategy>.section("rolling", [Self.batch.line] + Self.watch.lines) { fields, problems in
        let batch = fields.value(Self.batch, &problems)
        let watch = Self.watch.read(fields, &problems)
        guard let batch, let watch else { return nil }
        return .rolling(
            RollingSettings(
                batch: batch, each: watch.each, observe: watch.observe, whenTimeIsUp: watch.whenTimeIsUp))
    }
}

enum NoDataKeys {
    static let wait = Kind<Milliseconds>.duration(.seconds(1)...(.hours(24)))

    static let kind = Kind<NoDataPolicy>.oneOf(
        "policy", under: "noData",
        [
            Choice(
                name: "wait", text: "waits so much longer (alone: 5m), then asks a person", word: .standard,
                settings: Self.wait.map(NoDataPolicy.wait), example: "wait: 5m"),
            Choice(
                name: "pass", text: "goes on, and records that too little was seen", word: .pass, settings: nil,
                example: "pass"),
            Choice(
                name: "fail", text: "takes the traffic back", word: .fail, settings: nil, example: "fail"),
        ]
    ) { $0.text }.orSentence("wait ", Self.wait, NoDataPolicy.wait)
}

extension Kind {
    /// Also takes a word with its setting behind it, as `wait 5m` for `{ wait: 5m }`.
    fileprivate func orSentence<Setting: Sendable>(
        _ word: String, _ setting: Kind<Setting>, _ make: @escaping @Sendable (Setting) -> Value
    ) -> Kind {
        let long = self.read
        let shape = Shape.either([.text(pattern: "^\(word)[0-9]"), self.shape])
        return Kind(allowed: self.allowed, shape: shape) { tree, problems in
            guard case .text(let text, let isPlain) = tree.content, text.hasPrefix(word) else {
                return long(tree, &problems)
            }
            let inner = Tree(
                content: .text(String(text.dropFirst(word.count)), isPlain: isPlain),
                place: Place(line: tree.place.line, column: tree.place.column + word.count), path: tree.path)
            return setting.read(inner, &problems).map(make)
        } show: {
            self.show($0)
        }
    }
}

enum ObjectiveKeys {
    static let errors = Key.optional(
        "errors", .errorRate, standard: .standard,
        "requests that may fail; a version is certified when it is shown to stay below, and the bake guards it")

    static let kind = Kind<ErrorRate>.section("objective", [Self.errors.line]) { fields, problems in
        fields.value(Self.errors, &problems)
    }.showing { "errors \(PercentText.write($0.perMillion, decimals: 4))" }
}

enum UserKeyKeys {
    static let kind = Kind<UserKey>.oneOf(
        "user key", under: "userKey",
        [
            Choice(
                name: "cookie", text: "the value of this cookie, which the service sets", word: nil,
                settings: Kind<String>.cookieName.map(UserKey.cookie), example: "cookie: session"),
            Choice(
                name: "header", text: "the value of this header, such as one of a gateway before this address",
                word: nil, settings: Kind<String>.headerName.map(UserKey.header), example: "header: X-User"),
        ]
    ) { $0.text }
}
