/// One line of the demo's progress.
package struct DemoLine: Sendable, Equatable {
    package enum Kind: Sendable, Equatable { case chapter, step, fault }

    /// Since the demo began.
    package var seconds: Double
    package var kind: Kind
    package var text: String

    package init(seconds: Double, kind: Kind, text: String) {
        self.seconds = seconds
        self.kind = kind
        self.text = text
    }
}

/// Says lines with their time.
struct Progress: Sendable {
    let say: @Sendable (DemoLine) -> Void
    let start = ContinuousClock.now

    init(say: @escaping @Sendable (DemoLine) -> Void) { self.say = say }

    func chapter(_ text: String) { self.line(.chapter, text) }
    func step(_ text: String) { self.line(.step, text) }

    func fault(_ text: String) { self.line(.fault, text) }

    private func line(_ kind: DemoLine.Kind, _ text: String) {
        let passed = ContinuousClock.now - self.start
        self.say(DemoLine(seconds: Double(passed.milliseconds) / 1_000, kind: kind, text: text))
    }
}
