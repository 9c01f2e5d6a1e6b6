package import Core

/// How one lane's requests are shared between at most two slots, packed into one number.
///
/// HAProxy keeps it in one process variable and every request reads it once, so a switch is one assignment: no request
/// ever sees weights that don't sum to 10,000.
package struct HAProxySplit: Sendable, Equatable, Codable {
    /// Mixed into the user's key, so that not the same users are hit by every deployment: the number of the newer
    /// capacity.
    package var salt: Int
    /// The slot of all requests outside the share; 0: nobody serves.
    package var main: Int
    /// The slot of the newer capacity's share; 0: no share.
    package var side: Int
    /// Basis points that go to `side`.
    package var share: Int

    package static let nothing = HAProxySplit(salt: 0, main: 0, side: 0, share: 0)
    /// Largest salt that leaves the packed number inside HAProxy's 64 bit integers.
    static let saltLimit = 100_000_000_000

    package init(salt: Int, main: Int, side: Int, share: Int) {
        self.salt = salt
        self.main = main
        self.side = side
        self.share = share
    }

    /// The value of `proc.route`: salt, one digit each for main and side, five digits of share.
    package var number: Int { ((self.salt % Self.saltLimit * 10 + self.main) * 10 + self.side) * 100_000 + self.share }

    package init(number: Int) {
        self.init(
            salt: number / 10_000_000, main: number / 1_000_000 % 10, side: number / 100_000 % 10,
            share: number % 100_000)
    }

    /// Basis points of one slot.
    func weight(of slot: Int) -> Int {
        if slot == self.side { return self.share }
        return slot == self.main ? 10_000 - self.share : 0
    }
}

/// A backend of HAProxy and the capacity that has it now. Backends can't be added at run time, so capacities take
/// turns.
package struct HAProxySlot: Sendable, Equatable, Codable {
    /// The number of the capacity's deployment in its lane.
    package var capacity: Int
    package var version: String
    package var addresses: [ListenAddress]
    /// No longer in the routing: gets nothing new, but what is under way there is still counted and may end.
    package var isRetired: Bool

    package init(capacity: Int, version: String, addresses: [ListenAddress], isRetired: Bool) {
        self.capacity = capacity
        self.version = version
        self.addresses = addresses
        self.isRetired = isRetired
    }

    /// The servers of its backend: one for each instance, and a lone instance has two.
    ///
    /// HAProxy waits up to a second before it tries the only server again, and does not wait before the next one. So a
    /// lone instance that is gone is refused in a millisecond rather than in five seconds. A short `timeout connect`
    /// would shorten that wait too, but then an instance that is only busy loses requests (seen with a listen queue of
    /// 5: 107 of 484, and none of 375 this way).
    package var servers: [ListenAddress] {
        self.addresses.count == 1 ? self.addresses + self.addresses : self.addresses
    }
}
