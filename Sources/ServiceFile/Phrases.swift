import Core

extension Gate {
    /// As it would be written in the file.
    var text: String {
        switch self {
        case .tests: "tests"
        case .soak(let time): "soak: \(DurationText.write(time))"
        case .approval(let from, let count): "approval: \(count) of \(from.joined(separator: ", "))"
        }
    }
}
