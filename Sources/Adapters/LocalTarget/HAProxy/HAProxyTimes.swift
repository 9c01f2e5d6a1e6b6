import Ports

/// A line of HAProxy's log about one request that ended: `1 TOKEN ARM NUMBER MILLISECONDS NEWCOMER`.
///
/// NUMBER counts the lines of an arm, in the same step in which HAProxy counts the request (`sc0_inc_gpc0` in the
/// format), so that line N is about the request that brought the arm's counter to N and a gap is a line that was lost.
package struct HAProxyLogLine: Sendable, Equatable {
    /// The environment variable of a HAProxy with what its lines must carry. Only this user can read it there, so
    /// nobody else can write lines.
    static let tokenVariable = "SLIPWAY_ROUTER_TOKEN"
    /// `log-format` (configuration manual 2.6, section 8.2.4). `%Ta` is the active time of the request in whole
    /// milliseconds, from its first byte to the last one of its answer.
    static let format =
        "1 ${\(Self.tokenVariable)} %[var(txn.slot)] %[sc0_inc_gpc0(lines)] %Ta %[var(txn.newcomer)]"
    /// Bytes of the longest line, and some more: what does not fit is none of ours.
    static let sizeLimit = 256

    /// Index of the arm's slot.
    package var slot: Int
    package var number: Int
    package var milliseconds: Int
    /// The router gave the client its key by this request.
    package var isNewcomer: Bool

    /// nil: not a whole line of the process with this token about a request that an arm got.
    package init?(_ bytes: UnsafeRawBufferPointer, token: [UInt8]) {
        var rest = Reader(bytes: bytes)
        guard rest.take(UInt8(ascii: "1")), rest.takeSpace(), token.allSatisfy({ rest.take($0) }), rest.takeSpace(),
            let arm = rest.takeNumber(), (1...HAProxyState.slotCount).contains(arm), rest.takeSpace(),
            let number = rest.takeNumber(), number > 0, rest.takeSpace(),
            let milliseconds = rest.takeNumber(), rest.takeSpace()
        else { return nil }
        self.slot = arm - 1
        self.number = number
        self.milliseconds = milliseconds
        self.isNewcomer = rest.take(UInt8(ascii: "1"))
        guard self.isNewcomer || rest.take(UInt8(ascii: "-")) else { return nil }
        _ = rest.take(UInt8(ascii: "\n"))
        guard rest.isAtEnd else { return nil }
    }

    private struct Reader {
        let bytes: UnsafeRawBufferPointer
        var place = 0

        var isAtEnd: Bool { self.place == self.bytes.count }

        mutating func take(_ byte: UInt8) -> Bool {
            guard self.place < self.bytes.count, self.bytes[self.place] == byte else { return false }
            self.place += 1
            return true
        }

        mutating func takeSpace() -> Bool { self.take(UInt8(ascii: " ")) }

        /// 1 to 15 digits.
        mutating func takeNumber() -> Int? {
            let start = self.place
            var number = 0
            while self.place < self.bytes.count, self.place - start < 15 {
                let digit = self.bytes[self.place] &- UInt8(ascii: "0")
                guard digit < 10 else { break }
                number = number * 10 + Int(digit)
                self.place += 1
            }
            return self.place == start ? nil : number
        }
    }
}

/// What the lines about one arm said since its HAProxy began.
package struct HAProxyTimes: Sendable, Equatable, Codable {
    /// Lines received.
    package var timed = 0
    /// `timed`, by `LatencyBounds.index`.
    package var times = Array(repeating: 0, count: LatencyBounds.milliseconds.count + 1)
    package var newcomers = 0

    package init() {}

    var isWhole: Bool {
        self.times.count == LatencyBounds.milliseconds.count + 1 && self.times.allSatisfy { $0 >= 0 }
            && self.times.reduce(0, +) == self.timed && (0...self.timed).contains(self.newcomers)
    }

    fileprivate mutating func add(_ index: Int, _ isNewcomer: Bool, _ sign: Int) {
        self.timed += sign
        self.times[index] += sign
        if isNewcomer { self.newcomers += sign }
    }
}

/// Adds up the lines of one HAProxy. The size does not depend on how many there are.
package struct HAProxyTally: Sendable {
    /// Lines that can be taken back, for a look at an earlier moment: at 20,000 requests per second 200 ms of them.
    package static let memory = 4_096

    private struct Line {
        var number: Int
        var index: Int
        var isNewcomer: Bool
    }

    private struct Slot {
        var all = HAProxyTimes()
        /// The number of the newest line.
        var newest = 0
        /// The newest lines; the oldest of them is at `next` once it is full.
        var recent: [Line] = []
        var next = 0
        /// The newest look that was given.
        var looked = HAProxyTimes()

        mutating func add(_ line: Line) {
            // Datagrams on loopback keep their order; this one was sent twice or by somebody who guesses.
            guard line.number > self.newest else { return }
            self.newest = line.number
            self.all.add(line.index, line.isNewcomer, 1)
            if self.recent.count < HAProxyTally.memory {
                self.recent.append(line)
            } else {
                self.recent[self.next] = line
            }
            self.next = (self.next + 1) % HAProxyTally.memory
        }

        mutating func look(at requests: Int) -> HAProxyTimes {
            var then = self.all
            let count = self.recent.count
            var later = 0
            while later < count {
                let line = self.recent[(self.next - 1 - later + HAProxyTally.memory) % HAProxyTally.memory]
                guard line.number > requests else { break }
                then.add(line.index, line.isNewcomer, -1)
                later += 1
            }
            // All that is remembered came later, and more may have: what was known at the last look is still true.
            guard later < HAProxyTally.memory else { return self.looked }
            self.looked = then
            return then
        }
    }

    package let token: String
    private let tokenBytes: [UInt8]
    private var slots = Array(repeating: Slot(), count: HAProxyState.slotCount)

    /// - Parameter earlier: what was known of the same process before the control plane began anew.
    package init(token: String, earlier: [HAProxyTimes] = []) {
        self.token = token
        self.tokenBytes = Array(token.utf8)
        for (index, times) in earlier.prefix(self.slots.count).enumerated() where times.isWhole {
            self.slots[index].all = times
            self.slots[index].looked = times
        }
    }

    /// Anything else than a line of its HAProxy changes nothing.
    package mutating func take(_ datagram: UnsafeRawBufferPointer) {
        guard let line = HAProxyLogLine(datagram, token: self.tokenBytes) else { return }
        self.slots[line.slot].add(
            Line(
                number: line.number, index: LatencyBounds.index(of: line.milliseconds), isNewcomer: line.isNewcomer))
    }

    /// Whether a line came that is at least as new as each of these counts; by slot.
    package func reaches(_ requests: [Int: Int]) -> Bool {
        requests.allSatisfy { self.slots[$0.key].newest >= $0.value }
    }

    /// What is known of exactly the first `requests` requests of a slot. `timed` is smaller if their lines were lost.
    package mutating func look(_ slot: Int, at requests: Int) -> HAProxyTimes { self.slots[slot].look(at: requests) }

    /// The newest looks, to begin anew from.
    package var looked: [HAProxyTimes] { self.slots.map(\.looked) }
}
