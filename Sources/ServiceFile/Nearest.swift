/// What other tools call it.
private let elsewhereCalled: [String: [String]] = [
    "env": ["variables"], "environment": ["variables", "environments"], "stages": ["environments"],
    "cmd": ["command", "run"], "script": ["command", "run"], "exec": ["command", "run"], "start": ["run", "command"],
    "dependson": ["after"], "needs": ["after"], "requires": ["after"], "instances": ["replicas"],
    "scale": ["replicas"], "count": ["replicas"], "healthcheck": ["health"], "branch": ["watch"], "name": ["service"],
    "team": ["owner"], "port": ["listen"], "ports": ["listen"], "address": ["listen"], "timeout": ["within"],
    "output": ["artifact"], "auto": ["automatically"], "automatic": ["automatically"], "manual": ["by hand"],
    "manually": ["by hand"], "approvals": ["approval"], "approvers": ["from"], "url": ["webhook"], "events": ["on"],
]

/// The known word that a person most likely meant, or nil if none is near.
func nearest(to word: String, in known: [String]) -> String? {
    guard (1...40).contains(word.utf8.count) else { return nil }
    let plain = spelling(word)
    if let other = elsewhereCalled[String(plain)]?.first(where: known.contains) { return other }
    if let same = known.first(where: { spelling($0) == plain }) { return same }
    let ranked = known.map { (word: $0, distance: editDistance(plain, spelling($0))) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= max(1, min(plain.count, best.word.count) / 3) ? best.word : nil
}

/// Without case and joints, so that `keep-warm` and `keep_warm` are `keepWarm`.
private func spelling(_ word: String) -> [Character] {
    word.lowercased().filter { $0 != "-" && $0 != "_" && $0 != " " }.map { $0 }
}

/// Insertions, deletions, replacements, and swaps of neighbours (optimal string alignment).
private func editDistance(_ left: [Character], _ right: [Character]) -> Int {
    guard !left.isEmpty, !right.isEmpty else { return max(left.count, right.count) }
    var before: [Int] = []
    var last = Array(0...right.count)
    for row in 1...left.count {
        var line = [row]
        for column in 1...right.count {
            let isSame = left[row - 1] == right[column - 1]
            var best = min(last[column] + 1, line[column - 1] + 1, last[column - 1] + (isSame ? 0 : 1))
            if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
                best = min(best, before[column - 2] + 1)
            }
            line.append(best)
        }
        before = last
        last = line
    }
    return last[right.count]
}
