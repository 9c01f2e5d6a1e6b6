import Core
import Ports

/// What the other version answered for one whose instances took no connections: said, and never held against either.
struct Fallbacks: Sendable {
    /// Requests of the new version's users that the old one got, and the other way round.
    private var toOld = 0
    private var toNew = 0
    private var last: Instant?
    private var now: Instant?

    /// How long it stays said after the last of them.
    private static let memory = Milliseconds.minutes(10)

    /// Those of one interval. What began anew or was not seen in it counts as none.
    mutating func take(_ looks: Looks, since before: (new: Look, old: Look?)) -> (toOld: Int, toNew: Int) {
        let toOld = Self.count(looks.new, since: before.new)
        let toNew = looks.old.map { Self.count($0, since: before.old) } ?? 0
        self.toOld += toOld
        self.toNew += toNew
        if toOld + toNew > 0 { self.last = looks.to }
        self.now = looks.to
        return (toOld, toNew)
    }

    private static func count(_ look: Look, since before: Look?) -> Int {
        guard let now = look.counts, let then = before?.counts, now.epoch == then.epoch,
            look.capacity == before?.capacity
        else { return 0 }
        return max(0, (now.fallback ?? 0) - (then.fallback ?? 0))
    }

    /// Names the version that was away. The count stands in the sentence; the warning, which is put on record when it
    /// changes, has none.
    func amend(_ judgement: inout Judgement) {
        guard let last, let now, now < last + Self.memory, let old = judgement.old?.version else { return }
        let new = judgement.new.version
        let arms = [(new, old, self.toOld), (old, new, self.toNew)].filter { $0.2 > 0 }
        let warning = arms.map { "no instance of \($0.0) took connections for a while, and \($0.1) answered its users" }
        judgement.warning = ([judgement.warning].compactMap(\.self) + warning).joined(separator: "; ")
        let counts = arms.map { "\($0.2) requests of users of \($0.0) were answered by \($0.1) (fallback)" }
        judgement.sentence = ([judgement.sentence.asClause] + counts).joined(separator: "; ")
    }
}
