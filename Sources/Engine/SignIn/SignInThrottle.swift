package import Core

/// How often passwords may be tried: by person, by address, and by both together where the person has signed in from that address before.
/// After a few free tries each wrong one doubles the wait. A known pair has a limit of its own alone, so that whoever tries a name from
/// elsewhere does not lock its owner out; from a new address the owner waits for five minutes at most. Names that nobody has are counted
/// like others: a refusal tells nothing.
///
/// Bounded: what is oldest is forgotten.
package struct SignInThrottle: Sendable {
    private struct Entry {
        var failures: Int
        var last: Instant
    }

    private enum Subject: Hashable {
        case person(String)
        case address(String)
        case pair(String, String)

        var freeTries: Int {
            switch self {
            case .person, .pair: 5
            case .address: 20
            }
        }

        var longestWait: Milliseconds {
            switch self {
            case .person, .pair: .minutes(5)
            case .address: .minutes(15)
            }
        }
    }

    /// Of entries, and of known pairs.
    package static let most = 8_192
    /// So long after the last wrong one, all is forgotten.
    private static let memory = Milliseconds.hours(1)

    private var entries: [Subject: Entry] = [:]
    private var known: [Subject: Instant] = [:]

    package init() {}

    package var count: Int { self.entries.count + self.known.count }

    /// The wait before the next try, nil: it may be made now, and counts as a wrong one until it has `succeeded`, so that tries at the
    /// same time count as well.
    package mutating func begin(_ person: String, from address: String, at now: Instant) -> Milliseconds? {
        let subjects = self.subjects(person, address)
        let waits = subjects.compactMap { self.wait($0, now) }
        if let longest = waits.max() { return longest }
        for subject in subjects {
            let failures = self.current(subject, now)?.failures ?? 0
            self.entries[subject] = Entry(failures: failures + 1, last: now)
        }
        Self.keepBounded(&self.entries) { $0.last }
        return nil
    }

    package mutating func succeeded(_ person: String, from address: String, at now: Instant) {
        for subject in self.subjects(person, address) {
            guard let entry = self.entries[subject] else { continue }
            self.entries[subject] = entry.failures > 1 ? Entry(failures: entry.failures - 1, last: entry.last) : nil
        }
        let pair = Subject.pair(person, Self.network(address))
        self.entries[pair] = nil
        self.known[pair] = now
        Self.keepBounded(&self.known) { $0 }
    }

    private func subjects(_ person: String, _ address: String) -> [Subject] {
        let network = Self.network(address)
        let pair = Subject.pair(person, network)
        return self.known[pair] == nil ? [.person(person), .address(network)] : [pair]
    }

    private func current(_ subject: Subject, _ now: Instant) -> Entry? {
        self.entries[subject].flatMap { now - $0.last < Self.memory ? $0 : nil }
    }

    private func wait(_ subject: Subject, _ now: Instant) -> Milliseconds? {
        guard let entry = self.current(subject, now), entry.failures >= subject.freeTries else { return nil }
        let doublings = min(entry.failures - subject.freeTries, 20)
        let delay = min(Milliseconds.seconds(1 << doublings), subject.longestWait)
        let until = entry.last + delay
        return now < until ? until - now : nil
    }

    /// An IPv6 host can choose among 2^64 addresses, so its network counts.
    static func network(_ address: String) -> String {
        guard address.contains(":"), !address.contains(".") else { return address }
        let halves = address.split(separator: ":", omittingEmptySubsequences: false)
        let gap = halves.firstIndex { $0.isEmpty } ?? halves.count
        var groups = halves[..<gap].map { String($0).lowercased() }
        while groups.count < 4 { groups.append("0") }
        return groups[..<4].joined(separator: ":") + "::/64"
    }

    /// The older half goes, so that a full table costs little per entry.
    private static func keepBounded<Value>(_ table: inout [Subject: Value], _ time: (Value) -> Instant) {
        guard table.count > Self.most else { return }
        let times = table.values.map(time).sorted()
        let middle = times[times.count / 2]
        var left = Self.most / 2
        table = table.filter { _, value in
            guard time(value) >= middle, left > 0 else { return false }
            left -= 1
            return true
        }
    }
}
