import Core

// Values in the words of the file, for plans and pages.

extension Gate {
    var text: String {
        switch self {
        case .tests: "tests"
        case .soak(let time): "soak \(DurationText.write(time))"
        case .approval(let from, let count): "approval \(count) of \(from.joined(separator: ", "))"
        case .like: "like"
        }
    }

    var kindName: String {
        switch self {
        case .tests: "tests"
        case .soak: "soak"
        case .approval: "approval"
        case .like: "like"
        }
    }
}

extension Likeness {
    var text: String {
        let except = self.except.map(\.rawValue).joined(separator: ", ")
        return self.environment.text + (except.isEmpty ? "" : " except \(except)")
    }
}

extension Strategy {
    var text: String {
        switch self {
        case .bigBang: "bigBang"
        case .blueGreen(let hold): hold > .zero ? "blueGreen hold \(DurationText.write(hold))" : "blueGreen"
        case .canary(let settings):
            "canary \(settings.steps.map(\.percent).joined(separator: ", ")), each \(settings.each.text)"
                + ", observe \(DurationText.write(settings.observe)), \(settings.whenTimeIsUp.rawValue)"
        case .rolling(let settings):
            "rolling by \(settings.batch), each \(settings.each.text)"
                + ", observe \(DurationText.write(settings.observe)), \(settings.whenTimeIsUp.rawValue)"
        }
    }
}

extension NoDataPolicy {
    var text: String {
        switch self {
        case .wait(let time): "wait \(DurationText.write(time))"
        case .pass: "pass"
        case .fail: "fail"
        }
    }
}

extension UserKey {
    var text: String {
        switch self {
        case .cookie(let name): "cookie \(name)"
        case .header(let name): "header \(name)"
        }
    }
}

extension StepTimes {
    var text: String { "\(DurationText.write(self.atLeast)) to \(DurationText.write(self.atMost))" }
}

extension Verify {
    var text: String {
        switch self {
        case .run(let command, let within): "run \(quoted(command)) within \(DurationText.write(within))"
        case .http(let path, let status, let within):
            "http \(quoted(path)) status \(status) within \(DurationText.write(within))"
        }
    }
}

extension Notify {
    var text: String {
        let occasions = self.on.map(\.rawValue).joined(separator: ", ")
        return switch self.channel {
        case .run(let command): "run \(quoted(command)) on \(occasions)"
        case .webhook(let address): "webhook \(quoted(address)) on \(occasions)"
        }
    }
}
